#!/usr/bin/env bash
# Brings what dates of recurrences are held to: libical, with a C compiler, and a Python with dateutil. Says and does
# nothing where they are there.
set -euo pipefail

cd "$(dirname "$0")/.."

# have_libical tells whether programs can be built with it.
have_libical() {
	echo '#include <libical/ical.h>
		int main(void) { return icalrecurrencetype_rscale_is_supported() ? 0 : 1; }' |
		cc -x c -o /dev/null - -lical 2>/dev/null
}

# have_dateutil tells whether the Python that test/recur takes has dateutil and zones.
have_dateutil() {
	/usr/bin/python3 -c 'import dateutil.rrule, zoneinfo' 2>/dev/null
}

if have_libical && have_dateutil; then
	exit 0
fi

if ! command -v apt-get >/dev/null; then
	cat >&2 <<-'END'
		The tests need libical (3.0 or newer, built with ICU), a C compiler, and a /usr/bin/python3 with dateutil. Install them:
		  Fedora    dnf install gcc libical-devel python3-dateutil
		  Arch      pacman -S gcc libical python-dateutil
	END
	exit 1
fi
scripts/apt-install.sh gcc libc6-dev libical-dev python3 python3-dateutil

if ! have_libical || ! have_dateutil; then
	echo "ensure-calendars: installed libical-dev and python3-dateutil, but they are not where they should be" >&2
	exit 1
fi
