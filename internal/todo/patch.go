package todo

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits on a task's text, in code points.
const (
	MaxTitle       = 200
	MaxDescription = 1000
)

// Opt is a field of a change: absent (the zero value), null, or a value.
type Opt[T any] struct {
	Set  bool // the field is there
	Null bool // and it is null; V means nothing then
	V    T
}

// Some returns a field that is there with the value v.
func Some[T any](v T) Opt[T] { return Opt[T]{Set: true, V: v} }

// Null returns a field that is there and null.
func Null[T any]() Opt[T] { return Opt[T]{Set: true, Null: true} }

// Patch says what to change, or what a new task starts with. A field that is not Set keeps its value; Null clears it,
// where it can be cleared.
type Patch struct {
	Title       Opt[string]
	Description Opt[string]
	Completed   Opt[bool]
	Priority    Opt[Priority]
	Due         Opt[Date]
	// AllDay turns the due date into a day or into an instant. Without it, a Due that arrives says what it is itself,
	// except that the very instant already stored stays the day it was. A task without a date is never all-day.
	AllDay Opt[bool]
	// DueZone is the IANA name of the time zone that the due date, an instant, is meant in. It goes with a date that is one no more.
	DueZone    Opt[string]
	Recurrence Opt[RecurrencePatch]
	// Start and StartAllDay are to the start date what Due and AllDay are to the due date.
	Start       Opt[Date]
	StartAllDay Opt[bool]
	ListID      Opt[int64] // null: the inbox
	ParentID    Opt[int64] // null: a task of its own
	LabelIDs    Opt[IDs]   // all of them, in any order
}

// Normalise returns p as tasks hold it: the title trimmed, dates in UTC with AllDay worked into them, in the years 1 to
// 9999. Its error is an Error of code Invalid that names every field at fault.
func (p Patch) Normalise() (Patch, error) {
	err := taskFields.normalise(&p)
	return p, err
}

// checkTitle trims a title and reports the rules that it breaks.
func checkTitle(t *Opt[string], fault fault) { checkName("title", MaxTitle, t, fault) }

// checkName trims a text of up to most code points by which people know something, and reports the rules that it breaks.
func checkName(field string, most int, t *Opt[string], fault fault) {
	t.V = strings.TrimSpace(t.V)
	n := utf8.RuneCountInString(t.V)
	switch {
	case !sound(t.V):
		fault(field, "must be UTF-8 without NUL characters")
	case n == 0:
		fault(field, "must not be empty")
	case n > most:
		fault(field, fmt.Sprintf("must be at most %d characters, got %d", most, n))
	case !strings.ContainsFunc(t.V, Printable):
		fault(field, "must have at least one printable character")
	}
}

// Printable reports whether r leaves something to see: no white space, no control or format character, and no filler,
// variation selector or blank, which count as letters, marks and symbols. A code point that this program's Unicode tables
// don't know yet does: it may be next year's emoji.
func Printable(r rune) bool {
	const brailleBlank, nullNotehead = '\u2800', '\U0001D159'
	return !unicode.IsSpace(r) && r != brailleBlank && r != nullNotehead &&
		!unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// checkDescription reports the rules of a description that d breaks. It may be empty.
func checkDescription(d *Opt[string], fault fault) {
	n := utf8.RuneCountInString(d.V)
	switch {
	case !sound(d.V):
		fault("description", "must be UTF-8 without NUL characters")
	case n > MaxDescription:
		fault("description", fmt.Sprintf("must be at most %d characters, got %d", MaxDescription, n))
	}
}

// checkPriority reports a priority that is none.
func checkPriority(p *Opt[Priority], fault fault) {
	if p.V.String() == "" {
		fault("priority", "must be low, medium or high")
	}
}

// sound reports whether every database can keep s as it is: PostgreSQL takes no NUL.
func sound(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// NewTask returns the task that p starts for owner, without id and version. p must be normalised and have a title.
func (p Patch) NewTask(owner UserID, now time.Time) Task {
	return p.Apply(Task{Owner: owner, Priority: Medium, CreatedAt: now, UpdatedAt: now}, now)
}

// Apply returns t as p changes it at the time now; p must be normalised. A p that changes nothing returns t as it was,
// UpdatedAt included.
func (p Patch) Apply(t Task, now time.Time) Task {
	after := t
	taskFields.apply(&p, &after, now)
	if after.Same(&t) {
		return t
	}
	after.touch(now)
	return after
}
