"""Says which dates python3-dateutil gives to rules.

Reads lines with five members, between tabs: the rule, DTSTART as iCalendar writes it, its zone or nothing, the last year
that is wanted, and how many dates. Answers each with a line of dates, or with "error: " and what went wrong.
"""

import datetime
import sys
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr


def answer(rule, start, zone, last, number):
    """Returns the dates of one rule, with spaces between."""
    start = datetime.datetime.strptime(start.rstrip("Z"), "%Y%m%dT%H%M%S" if "T" in start else "%Y%m%d")
    if zone:
        start = start.replace(tzinfo=ZoneInfo(zone))
    # dateutil looks for the next date until that year. One that a rule never has would be looked for until 9999.
    datetime.MAXYEAR = int(last)
    dates = []
    for date in rrulestr(rule, dtstart=start):
        if date.year > int(last) or len(dates) == int(number):
            break
        dates.append(f"{date.year:04}{date.month:02}{date.day:02}")
    return " ".join(dates)


for line in sys.stdin:
    try:
        print(answer(*line.rstrip("\n").split("\t")), flush=True)
    except Exception as problem:
        print(f"error: {problem!r}", flush=True)
