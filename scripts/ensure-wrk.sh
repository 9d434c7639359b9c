#!/usr/bin/env bash
# Brings wrk, which sends requests for make bench. Says and does nothing where it is there.
set -euo pipefail

cd "$(dirname "$0")/.."

if command -v wrk >/dev/null; then
	exit 0
fi

if ! command -v apt-get >/dev/null; then
	cat >&2 <<-'END'
		make bench needs wrk 4.1 or newer. Install it:
		  Fedora    dnf install wrk
		  Arch      pacman -S wrk
		  others    https://github.com/wg/wrk
	END
	exit 1
fi
scripts/apt-install.sh wrk

if ! command -v wrk >/dev/null; then
	echo "ensure-wrk: installed wrk, but it is not on the PATH" >&2
	exit 1
fi
