#!/usr/bin/env bash
# Installs Debian packages without a word, unless that fails: then everything apt-get said, and exit 1.
# Usage: scripts/apt-install.sh PACKAGE...
set -euo pipefail

if ! command -v apt-get >/dev/null; then
	echo "apt-install: this machine has no apt-get; install $* by hand" >&2
	exit 1
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
	sudo=(sudo)
fi
# The lock time-out is for machines that are just updating themselves.
apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Package lists may be missing or old, so the first failure is answered with an update.
if ! "${apt[@]}" install --no-install-recommends "$@" >"$log" 2>&1 </dev/null; then
	if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "$@"; } >>"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		echo "apt-install: could not install $*" >&2
		exit 1
	fi
fi
