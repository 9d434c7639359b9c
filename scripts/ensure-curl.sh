#!/usr/bin/env bash
# Brings curl, by which the documentation asks todod. Says and does nothing where there is one.
set -euo pipefail

cd "$(dirname "$0")/.."

if command -v curl >/dev/null; then
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "The tests need curl. Install it: https://curl.se/download.html" >&2
	exit 1
fi
scripts/apt-install.sh curl
