package httpapi

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/todo"
)

// timestamp is a time on the wire: UTC, six digits of a second, Z.
type timestamp time.Time

// wireTime is the layout of a timestamp.
const wireTime = "2006-01-02T15:04:05.000000Z"

// unlessZero returns nil for the zero time.
func unlessZero(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	return (*timestamp)(&t)
}

// MarshalText implements encoding.TextMarshaler.
func (t timestamp) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, wireTime), nil
}

// Schema implements huma.SchemaProvider.
func (timestamp) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-12-25T00:00:00.000000Z"}}
}

// priority is a priority's name.
type priority string

// priorities are the names there are.
var priorities = []any{"low", "medium", "high"}

// Schema implements huma.SchemaProvider.
func (priority) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: priorities}
}

// dueOutput is a due date as the frontend takes it: an instant in UTC like any timestamp, a day as its midnight without a
// zone, which JavaScript takes for midnight where the browser is. With a Z, Los Angeles would show the day before.
type dueOutput todo.Date

// zonelessTime is the layout of a day in a dueOutput.
const zonelessTime = "2006-01-02T15:04:05"

// MarshalText implements encoding.TextMarshaler.
func (d dueOutput) MarshalText() ([]byte, error) {
	if d.AllDay {
		return d.At.UTC().AppendFormat(nil, zonelessTime), nil
	}
	return timestamp(d.At).MarshalText()
}

// Schema implements huma.SchemaProvider.
func (dueOutput) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Examples: []any{"2026-12-25T00:00:00"}}
}

// parseLooseDue reads what todo.ParseDue does, and date-times without a zone, with or without seconds, such as forms and
// other programs write: midnight is the day, anything else an instant in UTC.
func parseLooseDue(s string) (todo.Date, bool) {
	if due, ok := todo.ParseDue(s); ok {
		return due, true
	}
	for _, rest := range []string{"Z", ":00Z"} {
		if due, ok := todo.ParseDue(s + rest); ok {
			return due.On(due.At.Equal(due.At.Truncate(24 * time.Hour))), true
		}
	}
	return todo.Date{}, false
}

// parseAnyCase reads a priority's name in any case.
func parseAnyCase(name string) (todo.Priority, bool) {
	return todo.ParsePriority(strings.ToLower(name))
}

// taskID is the id of a task in a path.
type taskID struct{ n int64 }

// UnmarshalText reads a positive integer. One that is too large for any id is the largest: there is no such task either.
func (id *taskID) UnmarshalText(text []byte) error {
	n, ok := parseDigits(string(text))
	if !ok || n == 0 {
		return errors.New("must be a positive integer")
	}
	id.n = n
	return nil
}

// parseDigits reads decimal digits and nothing else. A number beyond the largest int64 is the largest.
func parseDigits(s string) (int64, bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil || errors.Is(err, strconv.ErrRange)
}

// Schema implements huma.SchemaProvider.
func (taskID) Schema(huma.Registry) *huma.Schema {
	return integer(1)
}

// kindSet is kinds of objects in a query, if there are any.
type kindSet struct {
	set   todo.KindSet
	given bool
}

// UnmarshalText reads comma-separated names of kinds.
func (k *kindSet) UnmarshalText(text []byte) error {
	var all []todo.Kind
	for name := range strings.SplitSeq(string(text), ",") {
		kind, ok := todo.ParseKind(name)
		if !ok || slices.Contains(all, kind) {
			return errors.New("must be a comma-separated list of task, list and label, each once")
		}
		all = append(all, kind)
	}
	*k = kindSet{todo.SetOf(all...), true}
	return nil
}

// asked returns the kinds, nil if none were given.
func (k kindSet) asked() *todo.KindSet {
	if !k.given {
		return nil
	}
	return &k.set
}

// Schema implements huma.SchemaProvider.
func (kindSet) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString}
}

// kindNames are the names of all kinds.
func kindNames() (names []any) {
	for _, k := range todo.Kinds {
		names = append(names, k.String())
	}
	return names
}

// oneKind is a kind of objects in a query, a task if it is absent.
type oneKind struct{ kind todo.Kind }

// UnmarshalText reads the name of a kind.
func (k *oneKind) UnmarshalText(text []byte) (err error) {
	kind, ok := todo.ParseKind(string(text))
	if !ok {
		return errors.New("must be task, list or label")
	}
	k.kind = kind
	return nil
}

// Schema implements huma.SchemaProvider.
func (oneKind) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: kindNames()}
}

// place is the id of an object in a query that tasks are in, or none.
type place struct{ id *int64 }

// UnmarshalText reads a positive integer, or none.
func (p *place) UnmarshalText(text []byte) error {
	var id taskID
	if string(text) != "none" && id.UnmarshalText(text) != nil {
		return errors.New("must be an id, or none")
	}
	p.id = &id.n
	return nil
}

// Schema implements huma.SchemaProvider.
func (place) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString}
}

// idList is ids in a query.
type idList struct{ ids []int64 }

// UnmarshalText reads comma-separated positive integers.
func (l *idList) UnmarshalText(text []byte) error {
	for part := range strings.SplitSeq(string(text), ",") {
		var id taskID
		if id.UnmarshalText([]byte(part)) != nil {
			return errors.New("must be comma-separated ids")
		}
		l.ids = append(l.ids, id.n)
	}
	slices.Sort(l.ids)
	if l.ids = slices.Compact(l.ids); len(l.ids) > todo.MaxTaskLabels {
		return fmt.Errorf("must be at most %d ids", todo.MaxTaskLabels)
	}
	return nil
}

// Schema implements huma.SchemaProvider.
func (idList) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString}
}

// flag is an optional true or false in a query.
type flag struct{ value *bool }

// UnmarshalText reads exactly true or false.
func (f *flag) UnmarshalText(text []byte) error {
	yes := string(text) == "true"
	if !yes && string(text) != "false" {
		return errors.New("must be true or false")
	}
	f.value = &yes
	return nil
}

// Schema implements huma.SchemaProvider.
func (flag) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeBoolean} }

// state is which todos a list is about: all, or those that are completed or not.
type state struct{ completed *bool }

// UnmarshalText reads all, active, pending (which is active) or completed, in any case.
func (s *state) UnmarshalText(text []byte) error {
	completed := false
	switch strings.ToLower(string(text)) {
	case "all":
		return nil
	case "active", "pending":
	case "completed":
		completed = true
	default:
		return errors.New("must be all, active, pending or completed")
	}
	s.completed = &completed
	return nil
}

// Schema implements huma.SchemaProvider.
func (state) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: []any{"all", "active", "pending", "completed"}}
}

// number is a whole number in a query that is not negative.
type number struct{ n *int }

// UnmarshalText reads decimal digits. A number too large is math.MaxInt32, which is out of every range too.
func (n *number) UnmarshalText(text []byte) error {
	v, ok := parseDigits(string(text))
	if !ok {
		return errors.New("must be a whole number, 0 or more")
	}
	i := int(min(v, math.MaxInt32))
	n.n = &i
	return nil
}

// or returns the number, or what it is when absent.
func (n number) or(absent int) int {
	if n.n == nil {
		return absent
	}
	return *n.n
}

// Schema implements huma.SchemaProvider.
func (number) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeInteger} }

// moment is an optional date or date-time in a query.
type moment struct{ due *todo.Date }

// UnmarshalText reads what a due date can be.
func (m *moment) UnmarshalText(text []byte) error {
	due, ok := todo.ParseDue(string(text))
	if !ok {
		return errors.New("must be an RFC 3339 date-time or a date such as 2026-01-15")
	}
	m.due = &due
	return nil
}

// in returns the moment, nil for none. A date is its beginning in z, which settleZone has settled; a date-time stays as it was
// written.
func (m moment) in(z zone) *time.Time {
	if m.due == nil {
		return nil
	}
	at := m.due.At
	if m.due.AllDay {
		at = todo.Begin(at, z.loc)
	}
	return &at
}

// Schema implements huma.SchemaProvider.
func (moment) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// zone is an optional time zone in a query.
type zone struct{ loc *time.Location }

// UnmarshalText reads a name of the IANA's, such as Europe/Berlin or UTC.
func (z *zone) UnmarshalText(text []byte) error {
	loc, ok := todo.Location(string(text))
	if !ok {
		return errors.New("must be a time zone such as Europe/Berlin")
	}
	z.loc = loc
	return nil
}

// Schema implements huma.SchemaProvider.
func (zone) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString}
}
