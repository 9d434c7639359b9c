#!/usr/bin/env bash
# Brings Chromium for the tests that need a browser. Says and does nothing where there is one.
set -euo pipefail

cd "$(dirname "$0")/.."

# have_chromium tells whether there is a browser where internal/nodetest looks for it.
have_chromium() {
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
		[ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

if have_chromium; then
	exit 0
fi

# What Ubuntu calls chromium is a snap, which sees no files in /tmp and doesn't run in containers.
if ! command -v apt-get >/dev/null || grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then
	cat >&2 <<-'END'
		Some tests need Chromium or Chrome. Install it:
		  macOS     brew install --cask google-chrome
		  Fedora    dnf install chromium
		  Arch      pacman -S chromium
		  Ubuntu    https://www.google.com/chrome
	END
	exit 1
fi
scripts/apt-install.sh chromium

if ! have_chromium; then
	echo "ensure-chromium: installed chromium, but its binary is not where it should be" >&2
	exit 1
fi
