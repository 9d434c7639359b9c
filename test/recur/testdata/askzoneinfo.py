"""Says what instants wall times are in Python's zoneinfo, from the files of zones in PYTHONTZPATH.

Reads lines. "changes ZONE FIRST LAST" is answered with the days of these years, by their number after 1970-01-01, during
which the offset from UTC at midnight UTC changes. "at ZONE CLOCK DAY..." is answered with the instants of a clock, in
seconds after midnight, on days, in seconds after 1970. In a gap and where a time is shown twice these are the first
(fold=0), counted with the offset from before the change.
"""

import datetime
import sys
from zoneinfo import ZoneInfo

EPOCH = datetime.datetime(1970, 1, 1)
UTC = datetime.timezone.utc


def changes(zone, first, last):
    """Returns the days that have another offset at their end than at their beginning."""
    begin, end = ((datetime.datetime(int(year), 1, 1) - EPOCH).days for year in (first, int(last) + 1))
    before, days = None, []
    for day in range(begin, end + 1):
        offset = (EPOCH + datetime.timedelta(day)).replace(tzinfo=UTC).astimezone(zone).utcoffset()
        if before is not None and offset != before:
            days.append(day - 1)
        before = offset
    return days


def instants(zone, clock, *days):
    """Returns the instants at which a clock is shown on days."""
    for day in days:
        wall = EPOCH + datetime.timedelta(int(day), int(clock))
        yield int(wall.replace(tzinfo=zone).timestamp())


for line in sys.stdin:
    what, zone, *rest = line.split()
    answer = {"changes": changes, "at": instants}[what](ZoneInfo(zone), *rest)
    print(*answer, flush=True)
