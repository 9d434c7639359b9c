#!/usr/bin/env bash
# Installs the npm packages of folders, unless what is there is what package-lock.json says. Quiet unless that fails.
# Usage: scripts/npm-ci.sh FOLDER...
set -euo pipefail

cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

for folder in "$@"; do
	# A copy, as times say little after a checkout. It is in node_modules, and so goes away with it.
	installed=$folder/node_modules/.installed-lock.json
	if cmp -s "$folder/package-lock.json" "$installed"; then
		continue
	fi
	if ! npm ci --prefix "$folder" --include=dev --prefer-offline --no-audit --no-fund --no-update-notifier >"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		echo "npm-ci: could not install the packages of $folder" >&2
		exit 1
	fi
	cp "$folder/package-lock.json" "$installed"
done
