package recur

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxLength is how many bytes a rule may have. The longest that people make in calendars have about 100.
const maxLength = 500

// A part is one that a rule may have: its name, what reads its value into the rule, false if it can't be that, and what
// it has to be, after "must have".
type part struct {
	name string
	read func(r *Rule, value string) bool
	want string
}

// parts are those that a rule may have. BYWEEKNO, BYYEARDAY and those of times of day are in RFC 5545, too.
var parts = []part{
	{"FREQ", (*Rule).readFrequency, "a FREQ of DAILY, WEEKLY, MONTHLY or YEARLY"},
	{"INTERVAL", (*Rule).readInterval, "an INTERVAL of 1 to 999"},
	{"BYMONTH", (*Rule).readMonths, "a BYMONTH of 1 to 12, or several with commas"},
	{"BYMONTHDAY", (*Rule).readDates, "a BYMONTHDAY of 1 to 31 or -1 to -31, or several with commas"},
	{"BYDAY", (*Rule).readWeekdays, "a BYDAY of MO, TU, WE, TH, FR, SA or SU, with a number up to 53 before it or not, " +
		"or several with commas"},
	{"BYSETPOS", (*Rule).readPositions, "a BYSETPOS of 1 to 366 or -1 to -366, or several with commas"},
	{"WKST", (*Rule).readWeekStart, "a WKST of MO, TU, WE, TH, FR, SA or SU"},
	{"COUNT", (*Rule).readCount, "a COUNT of 1 to 9999"},
	{"UNTIL", (*Rule).readUntil, "an UNTIL that is a date such as 20261231, or a time such as 20261231T180000 or " +
		"20261231T180000Z"},
}

// Parse reads a RECUR value of RFC 5545, section 3.3.10, in any case and of at most 500 bytes. Each part may be there
// once, in any order. The error's text reads on from the name of the field: "must have an INTERVAL of 1 to 999".
func Parse(text string) (*Rule, error) {
	switch {
	case len(text) > maxLength:
		return nil, fmt.Errorf("must be at most %d bytes, got %d", maxLength, len(text))
	case strings.ContainsFunc(text, foreign):
		return nil, errors.New("must consist of letters, digits and the signs = ; , + -, without RRULE: and spaces")
	}
	r := &Rule{text: strings.ToUpper(text), interval: 1, weekStart: time.Monday}
	if err := r.readParts(); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// foreign reports whether no rule has this letter. Letters beyond ASCII have to go before anything is upper-cased: ſ
// would become S.
func foreign(letter rune) bool {
	switch {
	case 'A' <= letter && letter <= 'Z', 'a' <= letter && letter <= 'z', '0' <= letter && letter <= '9':
		return false
	}
	return !strings.ContainsRune("=;,+-", letter)
}

// readParts reads all parts of r's text, each by itself.
func (r *Rule) readParts() error {
	var seen []string
	for text := range strings.SplitSeq(r.text, ";") {
		name, value, _ := strings.Cut(text, "=")
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		switch {
		case r.text == "":
			return errors.New("must have " + parts[0].want)
		case text == "":
			return errors.New("must have a part on both sides of each ;")
		case i < 0:
			return fmt.Errorf("must have no parts but %s, got %.20s", partNames(), name)
		case slices.Contains(seen, name):
			return fmt.Errorf("must have %s once", name)
		case !parts[i].read(r, value):
			return errors.New("must have " + parts[i].want)
		}
		seen = append(seen, name)
	}
	return nil
}

// partNames returns the names of all parts as they are told to people.
func partNames() string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// check returns what is wrong with how the parts go together.
func (r *Rule) check() error {
	byMonth := r.frequency == monthly || r.frequency == yearly
	switch {
	case r.frequency == 0:
		return errors.New("must have " + parts[0].want)
	case r.count > 0 && r.until.form != forever:
		return errors.New("must have COUNT or UNTIL, not both")
	case len(r.ordinals) > 0 && !byMonth:
		return errors.New("must have numbers in BYDAY only with a FREQ of MONTHLY or YEARLY")
	case r.hasDates() && r.frequency == weekly:
		return errors.New("must have BYMONTHDAY only with a FREQ of DAILY, MONTHLY or YEARLY")
	case r.hasPositions() && !r.hasDates() && !r.hasWeekdays() && r.months == 0:
		return errors.New("must have BYSETPOS only beside BYMONTH, BYMONTHDAY or BYDAY")
	}
	return nil
}

// readFrequency reads FREQ. RFC 5545 also has SECONDLY, MINUTELY and HOURLY.
func (r *Rule) readFrequency(value string) bool {
	r.frequency = frequency(slices.Index([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value) + 1)
	return r.frequency != 0
}

// readInterval reads INTERVAL.
func (r *Rule) readInterval(value string) (ok bool) {
	r.interval, ok = number(value, 999)
	return ok
}

// readCount reads COUNT.
func (r *Rule) readCount(value string) (ok bool) {
	r.count, ok = number(value, 9999)
	return ok
}

// readMonths reads BYMONTH.
func (r *Rule) readMonths(value string) bool {
	return each(value, func(item string) bool {
		n, ok := number(item, 12)
		r.months |= 1 << n
		return ok && len(item) <= 2
	})
}

// readDates reads BYMONTHDAY.
func (r *Rule) readDates(value string) bool {
	return each(value, func(item string) bool {
		n, ok := signed(item, 31)
		if n > 0 {
			r.dates |= 1 << n
		} else {
			r.datesFromEnd |= 1 << -n
		}
		return ok
	})
}

// readPositions reads BYSETPOS.
func (r *Rule) readPositions(value string) bool {
	return each(value, func(item string) bool {
		n, ok := signed(item, 366)
		if n > 0 {
			r.positions.add(n)
		} else {
			r.positionsFromEnd.add(-n)
		}
		return ok
	})
}

// readWeekdays reads BYDAY.
func (r *Rule) readWeekdays(value string) bool {
	return each(value, func(item string) bool {
		split := max(len(item)-2, 0)
		weekday, ok := weekdayOf(item[split:])
		if split == 0 {
			r.weekdays |= 1 << weekday
			return ok
		}
		n, isNumber := signed(item[:split], 53)
		r.ordinals = append(r.ordinals, ordinal{n, weekday})
		return ok && isNumber
	})
}

// readWeekStart reads WKST.
func (r *Rule) readWeekStart(value string) (ok bool) {
	r.weekStart, ok = weekdayOf(value)
	return ok
}

// weekdayOf returns the weekday of two upper-case letters, Sunday and false if there is none.
func weekdayOf(letters string) (time.Weekday, bool) {
	i := slices.Index([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}, letters)
	return time.Weekday(max(i, 0)), i >= 0
}

// each reports whether read takes all items of a list with commas, and stops at the first that it doesn't.
func each(list string, read func(item string) bool) bool {
	for item := range strings.SplitSeq(list, ",") {
		if !read(item) {
			return false
		}
	}
	return true
}

// signed returns a number from 1 to most, or from -most to -1, with as many digits at most as most has; 0 and false if
// it is none. RFC 5545 lets a plus stand before it.
func signed(text string, most int) (int, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	n, ok := number(digits, most)
	switch {
	case !ok || len(digits) > len(strconv.Itoa(most)):
		return 0, false
	case negative:
		return -n, true
	}
	return n, true
}

// number returns a number from 1 to most without a sign; 0 and false if it is none. Zeros may stand before it.
func number(text string, most int) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 32) // takes no sign, unlike ParseInt
	if err != nil || n < 1 || n > uint64(most) {
		return 0, false
	}
	return int(n), true
}
