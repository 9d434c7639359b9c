#!/usr/bin/env bash
# Brings nginx and Caddy for the tests, which start ones of their own. Says and does nothing where they are there. On
# Debian and Ubuntu it takes the two programs out of their packages, into bin/: nothing is installed or started.
set -euo pipefail

cd "$(dirname "$0")/.."

# have tells whether PROGRAM is where the tests look for it, and runs.
have() {
	local found
	found=$(PATH=$PATH:/usr/sbin:$PWD/bin command -v "$1") && "$found" "$2" >/dev/null 2>&1
}

if have nginx -v && have caddy version; then
	exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
	cat >&2 <<-'END'
		The tests need nginx and Caddy (2.6 or newer). Install them:
		  macOS     brew install nginx caddy
		  Fedora    dnf install nginx caddy
		  Arch      pacman -S nginx caddy
		  others    https://nginx.org/en/download.html, https://caddyserver.com/download
	END
	exit 1
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
	sudo=(sudo)
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" # for apt's own user
log=$folder/log

# take puts the PROGRAM at a path in one of the PACKAGEs into bin/. Usage: take PATH PACKAGE...
take() {
	local path=$1 package
	shift
	for package in "$@"; do
		rm -rf "$folder/package"
		mkdir -m 755 "$folder/package"
		(cd "$folder/package" && apt-get -q download "$package") >>"$log" 2>&1 || continue
		dpkg-deb -x "$folder/package/$package"_*.deb "$folder/package"
		if [ -x "$folder/package/$path" ]; then
			mkdir -p bin
			install -m 755 "$folder/package/$path" "bin/$(basename "$path")"
			return
		fi
	done
	return 1
}

# bring takes what is missing. The program is in one package or another, as Debian or Ubuntu has it.
bring() {
	have nginx -v || take usr/sbin/nginx nginx nginx-light nginx-core || return 1
	have caddy version || take usr/bin/caddy caddy || return 1
}

# Package lists may be missing or old, so the first failure is answered with an update.
if ! bring && ! { "${sudo[@]}" apt-get -q -o DPkg::Lock::Timeout=300 update >>"$log" 2>&1 && bring; }; then
	cat "$log" >&2
	echo "ensure-proxies: could not download the packages of nginx and Caddy: install them, or run apt-get install nginx-light caddy" >&2
	exit 1
fi

for program in "nginx -v" "caddy version"; do
	# shellcheck disable=SC2086 # two words
	if ! have $program; then
		echo "ensure-proxies: bin/${program%% *} does not run here: ldd bin/${program%% *} says which library is missing" >&2
		exit 1
	fi
done
