package recur

import (
	mathbits "math/bits"
	"time"
)

// A series is a rule from an anchor on, completed with what the rule leaves to the anchor.
type series struct {
	rule  *Rule
	first int  // the number of the period that the anchor is in
	omit  bool // as in Next

	months   uint16 // as in Rule; all if the rule has no BYMONTH
	dates    uint32 // as in Rule
	weekdays uint8  // as in Rule
}

// allMonths is every month in the way of Rule.
const allMonths = 0b1_1111_1111_1110

// series returns r from anchor on. "Information, not contained in the rule, necessary to determine the various
// recurrence instance start time and dates are derived from the Start Time" (RFC 5545, 3.3.10).
func (r *Rule) series(anchor Day, omit bool) series {
	s := series{rule: r, omit: omit, months: r.months, dates: r.dates, weekdays: r.weekdays}
	s.first = s.periodOf(anchor)
	if r.frequency == weekly && !r.hasWeekdays() {
		s.weekdays = 1 << anchor.Weekday()
	}
	if (r.frequency == monthly || r.frequency == yearly) && !r.hasDates() && !r.hasWeekdays() {
		_, month, day := anchor.Time().Date()
		s.dates = 1 << day
		if r.frequency == yearly && r.months == 0 {
			s.months = 1 << month
		}
	}
	if s.months == 0 {
		s.months = allMonths
	}
	return s
}

// hasMonth reports whether the series has days in this month.
func (s *series) hasMonth(month time.Month) bool { return s.months>>month&1 != 0 }

// periodOf returns the number of the period that day is in: days, weeks, months or years, numbered consecutively.
func (s *series) periodOf(day Day) int {
	switch s.rule.frequency {
	case daily:
		return int(day)
	case weekly:
		return day.week(s.rule.weekStart)
	case monthly:
		year, month, _ := day.Time().Date()
		return 12*year + int(month) - 1
	default:
		return day.Time().Year()
	}
}

// periodFrom returns the number of the first period that INTERVAL lets count and that is number or later. It passes
// over days of months that the series doesn't have, as there may be many of them.
func (s *series) periodFrom(number int) int {
	number = s.first + ceilTo(number-s.first, s.rule.interval)
	if s.rule.frequency != daily || s.months == allMonths {
		return number
	}
	year, month, _ := Day(number).Time().Date()
	if s.hasMonth(month) {
		return number
	}
	for month++; month <= time.December && !s.hasMonth(month); {
		month++
	}
	return s.first + ceilTo(int(dayOf(year, month, 1))-s.first, s.rule.interval)
}

// ceilTo returns the smallest multiple of interval that is at least n.
func ceilTo(n, interval int) int {
	return -floorDiv(-n, interval) * interval
}

// period returns the first day of a period and which days after it the series has there, as their distance, before
// BYSETPOS and also if they lie before the anchor.
func (s *series) period(number int) (begin Day, days bits) {
	switch s.rule.frequency {
	case daily:
		return s.day(Day(number))
	case weekly:
		return s.week(number)
	case monthly:
		month := time.Month(floorMod(number, 12) + 1)
		return s.monthsOf(floorDiv(number, 12), month, month)
	default:
		return s.monthsOf(number, time.January, time.December)
	}
}

// day returns a day and whether the series has it, for rules by days, all parts of which are limits.
func (s *series) day(day Day) (begin Day, days bits) {
	year, month, date := day.Time().Date()
	fits := s.hasMonth(month) &&
		(!s.rule.hasDates() || s.datesIn(monthLength(year, month))>>(date-1)&1 != 0) &&
		(s.weekdays == 0 || s.weekdays>>day.Weekday()&1 != 0)
	if fits {
		days.add(0)
	}
	return day, days
}

// week returns the first day of a week and the days that the series has in it.
func (s *series) week(number int) (begin Day, days bits) {
	begin = weekBegin(number, s.rule.weekStart)
	days.addFrom(0, s.weekdaysIn(begin, 7))
	if s.months == allMonths {
		return begin, days
	}
	for i := range 7 {
		if _, month, _ := (begin + Day(i)).Time().Date(); !s.hasMonth(month) {
			days[0] &^= 1 << i
		}
	}
	return begin, days
}

// monthsOf returns the first day of months in a row of one year, and the days that the series has in them. BYDAY limits
// BYMONTHDAY where there are both, else either says the days; the series has one of them at least.
func (s *series) monthsOf(year int, first, last time.Month) (begin Day, days bits) {
	begin = dayOf(year, first, 1)
	var weekdays bits
	inYear, end := s.rule.countsInYear(), 0
	for month := first; month <= last; month++ {
		from, length := end, monthLength(year, month)
		end += length
		if !s.hasMonth(month) {
			continue
		}
		days.addFrom(from, s.datesIn(length))
		weekdays.addFrom(from, s.weekdaysIn(begin+Day(from), length))
		if !inYear {
			s.rule.addOrdinals(&weekdays, begin, from, length)
		}
	}
	if inYear {
		s.rule.addOrdinals(&weekdays, begin, 0, end)
	}
	switch {
	case s.dates|s.rule.datesFromEnd == 0:
		days = weekdays
	case s.rule.hasWeekdays():
		days.and(&weekdays)
	}
	return begin, days
}

// datesIn returns the days that BYMONTHDAY names in a month of this length: bit 0 is its first.
func (s *series) datesIn(length int) uint32 {
	days := s.dates >> 1 & (1<<length - 1)
	if beyond := s.dates >> (length + 1); beyond != 0 && !s.omit {
		days |= 1 << (length - 1)
	}
	// Reversed, the last day is bit 30. Those that the month doesn't have are shifted out.
	return days | mathbits.Reverse32(s.rule.datesFromEnd)>>(31-length)
}

// weekdaysIn returns the days of plain weekdays in a span of at most 31 days from begin on: bit 0 is begin.
func (s *series) weekdaysIn(begin Day, length int) uint32 {
	const everyWeek = 1 | 1<<7 | 1<<14 | 1<<21 | 1<<28
	first := begin.Weekday()
	week := (uint64(s.weekdays)>>first | uint64(s.weekdays)<<(7-first)) & 0x7f
	return uint32(week * everyWeek & (1<<length - 1))
}

// countsInYear reports whether numbers in BYDAY are those of weekdays in the year: with YEARLY, unless there is a
// BYMONTH.
func (r *Rule) countsInYear() bool { return r.frequency == yearly && r.months == 0 }

// addOrdinals puts the days of BYDAY with numbers into days, counted in a month or year that begins from days after
// begin and has length days.
func (r *Rule) addOrdinals(days *bits, begin Day, from, length int) {
	for _, o := range r.ordinals {
		if i := o.in(begin+Day(from), length); i >= 0 && i < length {
			days.add(from + i)
		}
	}
}

// in returns how many days after begin the weekday of this number is in a span of length days. What is outside of the
// span isn't there.
func (o ordinal) in(begin Day, length int) int {
	if o.number > 0 {
		return floorMod(int(o.weekday-begin.Weekday()), 7) + 7*(o.number-1)
	}
	last := begin + Day(length-1)
	return length - 1 - floorMod(int(last.Weekday()-o.weekday), 7) + 7*(o.number+1)
}
