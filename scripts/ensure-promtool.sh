#!/usr/bin/env bash
# Brings promtool, which checks the alerts and the metrics, for the tests. Says and does nothing where it is there. On
# Debian and Ubuntu it takes the one program out of Prometheus's package, into bin/: nothing is installed or started.
set -euo pipefail

cd "$(dirname "$0")/.."

if command -v promtool >/dev/null || [ -x bin/promtool ]; then
	exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
	cat >&2 <<-'END'
		The tests need promtool, which comes with Prometheus. Install it:
		  macOS     brew install prometheus
		  Fedora    dnf install golang-github-prometheus
		  Arch      pacman -S prometheus
		  others    https://prometheus.io/download
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

# fetch downloads the package into the folder.
fetch() {
	(cd "$folder" && apt-get -q download prometheus) >>"$log" 2>&1
}

# Package lists may be missing or old, so the first failure is answered with an update.
if ! fetch && ! { "${sudo[@]}" apt-get -q -o DPkg::Lock::Timeout=300 update >>"$log" 2>&1 && fetch; }; then
	cat "$log" >&2
	echo "ensure-promtool: could not download Prometheus's package" >&2
	exit 1
fi
dpkg-deb -x "$folder"/prometheus_*.deb "$folder/package"
mkdir -p bin
install -m 755 "$folder/package/usr/bin/promtool" bin/promtool
