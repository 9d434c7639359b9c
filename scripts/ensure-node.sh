#!/usr/bin/env bash
# Brings Node.js and npm for the browser test and the example. Says and does nothing where Node.js is new enough.
set -euo pipefail

cd "$(dirname "$0")/.."

# What is brought where the system has none that is new enough; the oldest that will do is in have_node.
version=22.23.3

# have_node tells whether there is an npm and a Node.js that is still maintained: 22 or newer.
have_node() {
	command -v npm >/dev/null && command -v node >/dev/null &&
		node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 22 ? 0 : 1)'
}

# explain says how to come by one, and ends.
explain() {
	cat >&2 <<-'END'
		The browser test needs Node.js 22 or newer, and npm. Install it:
		  macOS     brew install node
		  Fedora    dnf install nodejs
		  Arch      pacman -S nodejs npm
		  others    https://nodejs.org/en/download
	END
	exit 1
}

if have_node; then
	exit 0
fi

# A Node.js from elsewhere that is too old stays as it is.
if ! command -v apt-get >/dev/null || [ "$(command -v node || echo /usr/bin/node)" != /usr/bin/node ]; then
	explain
fi
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	scripts/apt-install.sh nodejs npm
fi
# Releases of Debian and Ubuntu have an old one. Its npm can bring a newer one, which comes first in PATH.
if ! have_node; then
	sudo=()
	if [ "$(id -u)" -ne 0 ]; then
		sudo=(sudo)
	fi
	"${sudo[@]}" npm install --global --prefix /usr/local --silent --no-audit --no-fund "node@$version" || true # said below
	hash -r
fi
if ! have_node; then
	explain
fi
