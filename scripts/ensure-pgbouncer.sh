#!/usr/bin/env bash
# Brings PgBouncer for the tests, which start ones of their own. Says and does nothing where it is there. On Debian and
# Ubuntu it installs the package and leaves its service stopped.
set -euo pipefail

cd "$(dirname "$0")/.."

# have_pgbouncer tells whether the binary is where internal/pgtest looks for it.
have_pgbouncer() {
	command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ]
}

if have_pgbouncer; then
	exit 0
fi

if ! command -v apt-get >/dev/null; then
	cat >&2 <<-'END'
		The tests need PgBouncer. Install it:
		  macOS     brew install pgbouncer
		  Fedora    dnf install pgbouncer
		  Arch      pacman -S pgbouncer
	END
	exit 1
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
	sudo=(sudo)
fi

# The package starts its service, now and whenever the machine starts. Nobody asked for that, so it is undone, also after
# an installation that failed half-way. Where no services run, both commands fail, and rightly so.
trap '"${sudo[@]}" service pgbouncer stop >/dev/null 2>&1 || true
	"${sudo[@]}" update-rc.d pgbouncer disable >/dev/null 2>&1 || true' EXIT
scripts/apt-install.sh pgbouncer

if ! have_pgbouncer; then
	echo "ensure-pgbouncer: installed pgbouncer, but its binary is not where it should be" >&2
	exit 1
fi
