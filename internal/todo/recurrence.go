package todo

import (
	"encoding/json"
	"time"

	"todod/internal/recur"
)

// Recurrence is how a task comes back once it is done: RFC 5545 says which dates there are, the rest which of them is next.
type Recurrence struct {
	Rule     string // as recur.Parse takes it
	From     From
	Late     Late
	MonthEnd MonthEnd

	// What follows is where the series stands, which nobody writes.

	AllDay bool // its dates are days
	Anchor Slot // the date that the rule counts from, its first occurrence
	Slot   Slot // the occurrence that the task is now; its due date may be another, as one occurrence can be postponed
	Done   int  // how many occurrences were completed
	Passed int  // how many there were before Slot, whatever became of them
	// LastCompletedAt is when an occurrence was completed last; zero for never.
	LastCompletedAt time.Time
}

// A Slot is a date of a series.
type Slot struct {
	At time.Time // the instant, or the day's midnight in UTC
	// Local is the wall time in the task's zone, as if that were UTC; zero for a day, and for a task without a zone of its own.
	Local time.Time
}

// From says from where on the next date is looked for.
type From string

// From the date that was due, or from the day the task was done.
const (
	FromDue        From = "due"
	FromCompletion From = "completion"
)

// Late says what becomes of dates that were missed.
type Late string

// The next date is one that lies ahead, or the very next one.
const (
	LateSkip Late = "skip"
	LateEach Late = "each"
)

// MonthEnd says what becomes of days that a month doesn't have.
type MonthEnd string

// They are the last day of the month, or left out.
const (
	MonthEndLast MonthEnd = "last"
	MonthEndOmit MonthEnd = "omit"
)

// RecurrencePatch says what to change of a Recurrence, or what a new one is. What isn't Set stays, or is as it is by default.
type RecurrencePatch struct {
	Rule     Opt[string]
	From     Opt[From]
	Late     Opt[Late]
	MonthEnd Opt[MonthEnd]
}

// recurrenceYears is within how many years of the date that a rule counts from there must be one that it allows.
const recurrenceYears = 40

// recurrenceField describes how a task recurs. What people can write of it is one thing, where the series stands another: that
// one moves on doesn't keep somebody else from changing the rule.
func recurrenceField() *Field {
	f := writableNull(nullable[Patch]("recurrence", func(t *Task) **Recurrence { return &t.Recurrence }),
		func(p *Patch) *Opt[RecurrencePatch] { return &p.Recurrence }, checkRecurrence)
	f.apply = func(p *Patch, t *Task, _ time.Time) {
		switch {
		case p.Recurrence.Null:
			t.Recurrence = nil
		case p.Recurrence.Set:
			t.Recurrence = p.Recurrence.V.after(t)
		}
	}
	f.agree = func(a, b *Task) bool { return a.Recurrence.written() == b.Recurrence.written() }
	return f
}

// checkRecurrence reports the rules that p breaks by itself.
func checkRecurrence(p *Opt[RecurrencePatch], fault fault) {
	v := &p.V
	for _, null := range []struct {
		name string
		is   bool
	}{{"rule", v.Rule.Null}, {"from", v.From.Null}, {"late", v.Late.Null}, {"month_end", v.MonthEnd.Null}} {
		if null.is {
			fault("recurrence."+null.name, "must not be null")
		}
	}
	if v.Rule.Set && !v.Rule.Null {
		rule, err := recur.Parse(v.Rule.V)
		if err != nil {
			fault("recurrence.rule", err.Error())
			return
		}
		v.Rule.V = rule.String()
	}
	oneOf(&v.From, "recurrence.from", fault, FromDue, FromCompletion)
	oneOf(&v.Late, "recurrence.late", fault, LateSkip, LateEach)
	oneOf(&v.MonthEnd, "recurrence.month_end", fault, MonthEndLast, MonthEndOmit)
}

// oneOf reports a value that is there and neither of two.
func oneOf[T ~string](o *Opt[T], field string, fault fault, a, b T) {
	if o.Set && !o.Null && o.V != a && o.V != b {
		fault(field, "must be "+string(a)+" or "+string(b))
	}
}

// after returns what p makes of how t recurs, whose due date is what it will be. A rule that is set, or changed, begins anew with
// that date.
func (p *RecurrencePatch) after(t *Task) *Recurrence {
	r := Recurrence{From: FromDue, Late: LateSkip, MonthEnd: MonthEndLast}
	if t.Recurrence != nil {
		r = *t.Recurrence
	}
	anew := t.Recurrence == nil || p.Rule.Set && p.Rule.V != r.Rule
	p.Rule.into(&r.Rule)
	p.From.into(&r.From)
	p.Late.into(&r.Late)
	p.MonthEnd.into(&r.MonthEnd)
	if anew && t.Due != nil {
		r.AllDay, r.Done, r.Passed = t.Due.AllDay, 0, 0
		r.Anchor = Slot{At: t.Due.At}
		if t.DueLocal != nil {
			r.Anchor.Local = *t.DueLocal
		}
		r.Slot = r.Anchor
	}
	return &r
}

// into sets what is at dst to the value of o, if there is one.
func (o *Opt[T]) into(dst *T) {
	if o.Set {
		*dst = o.V
	}
}

// written returns what people have written of r, the zero Recurrence for nil.
func (r *Recurrence) written() Recurrence {
	if r == nil {
		return Recurrence{}
	}
	return Recurrence{Rule: r.Rule, From: r.From, Late: r.Late, MonthEnd: r.MonthEnd}
}

// same reports whether r and other are the same, times as instants.
func (r *Recurrence) same(other *Recurrence) bool {
	return r.written() == other.written() && r.AllDay == other.AllDay && r.Anchor.same(other.Anchor) && r.Slot.same(other.Slot) &&
		r.Done == other.Done && r.Passed == other.Passed && r.LastCompletedAt.Equal(other.LastCompletedAt)
}

// same reports whether s and other are the same, times as instants.
func (s Slot) same(other Slot) bool { return s.At.Equal(other.At) && s.Local.Equal(other.Local) }

// in returns s as it is kept for a task in this zone, nil for one that has none.
func (s Slot) in(zone *time.Location) Slot {
	s.Local = time.Time{}
	if zone != nil {
		s.Local = wallTime(s.At, zone)
	}
	return s
}

// storedRecurrence is a Recurrence in JSON, times in microseconds since 1970.
type storedRecurrence struct {
	Rule        string   `json:"rule"`
	From        From     `json:"from"`
	Late        Late     `json:"late"`
	MonthEnd    MonthEnd `json:"month_end"`
	AllDay      bool     `json:"all_day,omitempty"`
	Anchor      int64    `json:"anchor"`
	AnchorLocal *int64   `json:"anchor_local,omitempty"`
	Slot        int64    `json:"slot"`
	SlotLocal   *int64   `json:"slot_local,omitempty"`
	Done        int      `json:"done,omitempty"`
	Passed      int      `json:"passed,omitempty"`
	Last        *int64   `json:"last,omitempty"`
}

// MarshalJSON implements json.Marshaler, for stores.
func (r Recurrence) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedRecurrence{
		r.Rule, r.From, r.Late, r.MonthEnd, r.AllDay, r.Anchor.At.UnixMicro(), microsOrNil(r.Anchor.Local),
		r.Slot.At.UnixMicro(), microsOrNil(r.Slot.Local), r.Done, r.Passed, microsOrNil(r.LastCompletedAt),
	})
}

// UnmarshalJSON implements json.Unmarshaler, for stores.
func (r *Recurrence) UnmarshalJSON(data []byte) error {
	var s storedRecurrence
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*r = Recurrence{
		s.Rule, s.From, s.Late, s.MonthEnd, s.AllDay, Slot{time.UnixMicro(s.Anchor).UTC(), timeOrZero(s.AnchorLocal)},
		Slot{time.UnixMicro(s.Slot).UTC(), timeOrZero(s.SlotLocal)}, s.Done, s.Passed, timeOrZero(s.Last),
	}
	return nil
}

// microsOrNil returns at in microseconds since 1970, nil for the zero time.
func microsOrNil(at time.Time) *int64 {
	if at.IsZero() {
		return nil
	}
	return new(at.UnixMicro())
}

// timeOrZero undoes microsOrNil.
func timeOrZero(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}
