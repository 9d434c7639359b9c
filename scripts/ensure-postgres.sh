#!/usr/bin/env bash
# Brings PostgreSQL's server binaries for the tests, which start servers of their own. Says and does nothing where they
# are there, or where TODOD_TEST_DATABASE_URL names a server. On Debian and Ubuntu it installs the package without
# creating or starting a server.
set -euo pipefail

cd "$(dirname "$0")/.."

# have_postgres tells whether the binaries are where internal/pgtest looks for them.
have_postgres() {
	local folder
	if folder=$(command -v initdb) && [ -x "$(dirname "$folder")/postgres" ]; then
		return 0
	fi
	for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin; do
		if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
			return 0
		fi
	done
	return 1
}

if [ -n "${TODOD_TEST_DATABASE_URL:-}" ] || have_postgres; then
	exit 0
fi

if ! command -v apt-get >/dev/null; then
	cat >&2 <<-'END'
		The tests need PostgreSQL's server (14 or newer). Install it:
		  macOS     brew install postgresql@17
		  Fedora    dnf install postgresql-server
		  Arch      pacman -S postgresql
		or set TODOD_TEST_DATABASE_URL to the URL of a server whose user may create databases.
	END
	exit 1
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
	sudo=(sudo)
fi

# The package would create a cluster and start it. Its settings are told not to, for as long as it is being installed.
scripts/apt-install.sh postgresql-common
settings=/etc/postgresql-common/createcluster.conf
line='create_main_cluster = false # while the tests of todod install PostgreSQL'
trap '"${sudo[@]}" sed -i "/^$line\$/d" "$settings"' EXIT
echo "$line" | "${sudo[@]}" tee -a "$settings" >/dev/null
scripts/apt-install.sh postgresql

if ! have_postgres; then
	echo "ensure-postgres: installed postgresql, but initdb and postgres are not where they should be" >&2
	exit 1
fi
