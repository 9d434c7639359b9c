#!/usr/bin/env bash
# Brings Node.js and npm for the browser test and the example. Says and does nothing where Node.js is new enough.
set -euo pipefail

cd "$(dirname "$0")/.."

# have_node tells whether there is an npm and a Node.js that Next.js runs on: 20.9 or newer.
have_node() {
	command -v npm >/dev/null && command -v node >/dev/null &&
		node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 9) ? 0 : 1)'
}

# explain says how to come by one, and ends.
explain() {
	cat >&2 <<-'END'
		The browser test needs Node.js 20.9 or newer, and npm. Install it:
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
scripts/apt-install.sh nodejs npm
# Old releases of Debian and Ubuntu have an old one. Its npm can bring a newer one, which comes first in PATH.
if ! have_node; then
	sudo=()
	if [ "$(id -u)" -ne 0 ]; then
		sudo=(sudo)
	fi
	"${sudo[@]}" npm install --global --prefix /usr/local --silent --no-audit --no-fund node@20.19.5 || true # said below
	hash -r
fi
if ! have_node; then
	explain
fi
