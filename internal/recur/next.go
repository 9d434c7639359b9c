package recur

// maxSteps is how many periods Next looks at: the weeks of 400 years, after which dates and weekdays come again.
const maxSteps = 20_871

// mostSteps is how many periods of a frequency Next looks at. After 400 years all repeats itself, also with an INTERVAL:
// then fewer of as many periods are different. One more, as Next may begin in the middle of one. A rule by days would
// have to look at 146,097; one that has fewer dates than one in maxSteps periods is taken to have no more.
var mostSteps = [...]int{daily: maxSteps, weekly: maxSteps, monthly: 12*400 + 1, yearly: 400 + 1}

// Next returns the first date, later than after, of the series that the rule has when it begins on anchor; false if
// there is none until the end of the year 9999, or none in as many periods as it looks at. What the rule doesn't say is
// taken from anchor: weekday, day of the month, month. Anchor belongs to the series only if the rule has it. With omit,
// dates that a month doesn't have are left out; else the last day of that month takes their place, which is
// SKIP=BACKWARD of RFC 7529. COUNT and UNTIL are not looked at. Dates are those of the years 1 to 9999.
func (r *Rule) Next(anchor, after Day, omit bool) (Day, bool) {
	day, found, _ := r.next(anchor, after, omit)
	return day, found
}

// next is Next, and counts the periods that it has looked at.
func (r *Rule) next(anchor, after Day, omit bool) (day Day, found bool, steps int) {
	if anchor < firstDay || anchor > lastDay || after >= lastDay {
		return 0, false, 0
	}
	from := max(anchor, after+1)
	s := r.series(anchor, omit)
	for number := s.periodFrom(s.periodOf(from)); steps < mostSteps[r.frequency]; number = s.periodFrom(number + 1) {
		steps++
		begin, days := s.period(number)
		if begin > lastDay {
			break
		}
		if r.hasPositions() {
			days = r.pick(&days)
		}
		if i, ok := days.from(int(from - begin)); ok {
			day = begin + Day(i)
			return day, day <= lastDay, steps
		}
	}
	return 0, false, steps
}

// pick returns those of a period's days that BYSETPOS names.
func (r *Rule) pick(days *bits) (picked bits) {
	size, position := days.size(), 0
	for i, ok := days.from(0); ok; i, ok = days.from(i + 1) {
		position++
		if r.positions.has(position) || r.positionsFromEnd.has(size-position+1) {
			picked.add(i)
		}
	}
	return picked
}
