#!/usr/bin/env bash
# Brings Redis's server for the tests, which start ones of their own. Says and does nothing where it is there, or where
# Valkey is. On Debian and Ubuntu it installs the package and leaves its service stopped.
set -euo pipefail

cd "$(dirname "$0")/.."

# have_redis tells whether there is a binary where internal/redistest looks for it.
have_redis() {
	command -v redis-server >/dev/null || command -v valkey-server >/dev/null
}

if have_redis; then
	exit 0
fi

if ! command -v apt-get >/dev/null; then
	cat >&2 <<-'END'
		The tests need Redis (6 or newer) or Valkey. Install it:
		  macOS     brew install redis
		  Fedora    dnf install valkey
		  Arch      pacman -S valkey
	END
	exit 1
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
	sudo=(sudo)
fi

# The package starts its service, now and whenever the machine starts. Nobody asked for that, so it is undone, also after
# an installation that failed half-way. Where no services run, both commands fail, and rightly so.
trap '"${sudo[@]}" service redis-server stop >/dev/null 2>&1 || true
	"${sudo[@]}" update-rc.d redis-server disable >/dev/null 2>&1 || true' EXIT
scripts/apt-install.sh redis-server

if ! have_redis; then
	echo "ensure-redis: installed redis-server, but its binary is not where it should be" >&2
	exit 1
fi
