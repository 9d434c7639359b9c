package todo

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A Field is one of the things that a task consists of. Each is described once, in fields: how tasks are patched, compared,
// merged and undone, what the log keeps of a change and how that reads in JSON follow from it.
type Field struct {
	Name string // on the wire, in the log, and in what people are told
	// Of is the name under which people are told of conflicts: Name, or that of the field which this one is a part of.
	Of string

	ref    func(*Task) any           // what Ref returns
	set    func(*Task, any)          // takes what Value returns
	decode func([]byte) (any, error) // reads a value from its JSON in the log, which is not null
	whole  func(*Task) any           // what Value returns, with the fields that are a part of this one

	named func(*Patch) bool              // whether a patch names it; nil for a field that nobody can write
	check func(*Patch, fault)            // reports the rules that a patch's value breaks, and makes it what tasks hold
	apply func(*Patch, *Task, time.Time) // does what a patch says, at that time
}

// A fault is called with each rule that a field breaks; the two read as a sentence.
type fault func(field, message string)

// fields are those of a task that the log keeps, in the order in which rules are checked and patches applied. What every
// task has and no patch names is not among them: id, owner, version, and the times of its creation and last change.
var fields = []*Field{
	writable(value("title", func(t *Task) *string { return &t.Title }),
		func(p *Patch) *Opt[string] { return &p.Title }, checkTitle),
	writableNull(nullable("description", func(t *Task) **string { return &t.Description }),
		func(p *Patch) *Opt[string] { return &p.Description }, checkDescription),
	completedField(),
	writable(value("priority", func(t *Task) *Priority { return &t.Priority }),
		func(p *Patch) *Opt[Priority] { return &p.Priority }, checkPriority),
	dueDate.instant(), dueDate.allDay(),
	startDate.instant(), startDate.allDay(),
	partOf("completed", moment("completed_at", func(t *Task) **time.Time { return &t.CompletedAt })),
	moment(fieldDeleted, func(t *Task) **time.Time { return &t.DeletedAt }),
}

// fieldDeleted is the name of the field that says whether a task is in the trash.
const fieldDeleted = "deleted_at"

// TaskFields returns the fields of a task that the log keeps.
func TaskFields() []*Field { return slices.Clone(fields) }

// Writable reports whether people can write the field.
func (f *Field) Writable() bool { return f.named != nil }

// Ref returns where the field's value in t is, to be read there: nil for null, else a *string, *bool, *Priority or
// *time.Time.
func (f *Field) Ref(t *Task) any { return f.ref(t) }

// Value returns the field's value in t: nil for null, else a string, bool, Priority or time.Time.
func (f *Field) Value(t *Task) any {
	switch v := f.ref(t).(type) {
	case nil:
		return nil
	case *string:
		return *v
	case *bool:
		return *v
	case *Priority:
		return *v
	case *time.Time:
		return *v
	default:
		panic(fmt.Sprintf("todo: %s of a task is a %T", f.Name, v)) // a kind of field that nobody has thought of here
	}
}

// same reports whether two tasks agree in the field, times as instants.
func (f *Field) same(a, b *Task) bool {
	y := f.ref(b)
	switch x := f.ref(a).(type) {
	case *string:
		return agreeAt(x, y)
	case *bool:
		return agreeAt(x, y)
	case *Priority:
		return agreeAt(x, y)
	case *time.Time:
		other, ok := y.(*time.Time)
		return ok && x.Equal(*other)
	default:
		return y == nil
	}
}

// agreeAt reports whether there is at b, which may be nil, what is at a.
func agreeAt[T comparable](a *T, b any) bool {
	other, ok := b.(*T)
	return ok && *a == *other
}

// value describes a field that always has a value; of returns where a task holds it.
func value[T comparable](name string, of func(*Task) *T) *Field {
	f := &Field{Name: name, Of: name}
	f.ref = func(t *Task) any { return of(t) }
	f.set = func(t *Task, v any) { *of(t), _ = v.(T) }
	f.decode = decodeAs[T]
	f.whole = f.Value
	return f
}

// nullable describes a field that may be null; of returns where a task holds it.
func nullable[T comparable](name string, of func(*Task) **T) *Field {
	f := &Field{Name: name, Of: name}
	f.ref = func(t *Task) any {
		if p := *of(t); p != nil {
			return p
		}
		return nil
	}
	f.set = func(t *Task, v any) {
		*of(t) = nil
		if v, ok := v.(T); ok {
			*of(t) = &v
		}
	}
	f.decode = decodeAs[T]
	f.whole = f.Value
	return f
}

// moment describes a nullable field that is an instant.
func moment(name string, of func(*Task) **time.Time) *Field {
	f := nullable(name, of)
	f.decode = decodeTime
	return f
}

// partOf makes f a part of another field.
func partOf(name string, f *Field) *Field {
	f.Of = name
	return f
}

// writable lets people write f, which is never null; in returns where a patch holds it, check reports the rules that its
// value breaks.
func writable[T comparable](f *Field, in func(*Patch) *Opt[T], check func(*Opt[T], fault)) *Field {
	f.named = func(p *Patch) bool { return in(p).Set }
	f.check = func(p *Patch, fault fault) {
		o := in(p)
		switch {
		case o.Set && o.Null:
			fault(f.Name, "must not be null")
		case o.Set && check != nil:
			check(o, fault)
		}
	}
	f.apply = func(p *Patch, t *Task, _ time.Time) {
		if o := in(p); o.Set {
			f.set(t, o.V)
		}
	}
	return f
}

// writableNull is writable for a field that may be null.
func writableNull[T comparable](f *Field, in func(*Patch) *Opt[T], check func(*Opt[T], fault)) *Field {
	f.named = func(p *Patch) bool { return in(p).Set }
	f.check = func(p *Patch, fault fault) {
		if o := in(p); o.Set && !o.Null && check != nil {
			check(o, fault)
		}
	}
	f.apply = func(p *Patch, t *Task, _ time.Time) {
		switch o := in(p); {
		case o.Null:
			f.set(t, nil)
		case o.Set:
			f.set(t, o.V)
		}
	}
	return f
}

// completedField describes whether a task is done, which also says when it was.
func completedField() *Field {
	f := writable(value("completed", func(t *Task) *bool { return &t.Completed }),
		func(p *Patch) *Opt[bool] { return &p.Completed }, nil)
	f.apply = func(p *Patch, t *Task, now time.Time) {
		if p.Completed.Set {
			t.complete(p.Completed.V, now)
		}
	}
	return f
}

// A dated is a date that tasks have, in two fields: when it is, and whether it is a day. The second is a part of the first.
type dated struct {
	name, part string
	of         func(*Task) **Date      // where a task holds it
	in         func(*Patch) *Opt[Date] // where a patch holds it
	day        func(*Patch) *Opt[bool] // where a patch says that it is a day
}

// The dates that tasks have.
var (
	dueDate = dated{
		"due_date", "due_all_day", func(t *Task) **Date { return &t.Due },
		func(p *Patch) *Opt[Date] { return &p.Due }, func(p *Patch) *Opt[bool] { return &p.AllDay },
	}
	startDate = dated{
		"start_date", "start_all_day", func(t *Task) **Date { return &t.Start },
		func(p *Patch) *Opt[Date] { return &p.Start }, func(p *Patch) *Opt[bool] { return &p.StartAllDay },
	}
)

// instant describes when the date is. A patch settles that together with whether it is a day.
func (d dated) instant() *Field {
	f := &Field{Name: d.name, Of: d.name, decode: decodeTime}
	f.ref = func(t *Task) any {
		if date := *d.of(t); date != nil {
			return &date.At
		}
		return nil
	}
	f.set = func(t *Task, v any) {
		at, ok := v.(time.Time)
		date := d.of(t)
		_, allDay := (*date).parts()
		if *date = nil; ok {
			*date = &Date{At: at, AllDay: allDay}
		}
	}
	f.whole = func(t *Task) any {
		if date := *d.of(t); date != nil {
			return Date{At: date.At.UTC(), AllDay: date.AllDay}
		}
		return nil
	}
	f.named = func(p *Patch) bool { return d.in(p).Set }
	f.check = d.settle
	f.apply = func(p *Patch, t *Task, _ time.Time) { *d.of(t) = d.after(p, *d.of(t)) }
	return f
}

// allDay describes whether the date is a day. It stands behind instant, whose apply and set do what there is to do first.
func (d dated) allDay() *Field {
	f := &Field{Name: d.part, Of: d.name, decode: decodeAs[bool]}
	instant := false // what a task without the date has, too
	f.ref = func(t *Task) any {
		if date := *d.of(t); date != nil {
			return &date.AllDay
		}
		return &instant
	}
	f.set = func(t *Task, v any) {
		if day, ok := v.(bool); ok && *d.of(t) != nil {
			*d.of(t) = &Date{At: (*d.of(t)).At, AllDay: day}
		}
	}
	f.whole = f.Value
	f.named = func(p *Patch) bool { return d.day(p).Set }
	f.check = func(p *Patch, fault fault) {
		if o := d.day(p); o.Set && o.Null {
			fault(f.Name, "must not be null")
		}
	}
	f.apply = func(*Patch, *Task, time.Time) {}
	return f
}

// settle brings a date that is there to UTC, and whether it is a day into it where both are there. It reports one that has
// left the years that can be written by that: an instant in UTC's first year may have been written as a day of the year before.
func (d dated) settle(p *Patch, fault fault) {
	date, day := d.in(p), d.day(p)
	if !date.Set || date.Null {
		return
	}
	allDay := date.V.AllDay
	if day.Set {
		allDay = day.V
	}
	date.V = date.V.On(allDay)
	if !inRange(date.V.At) {
		fault(d.name, "must lie in the years 1 to 9999")
	}
}

// after returns what p makes of the date old.
func (d dated) after(p *Patch, old *Date) *Date {
	switch date, day := d.in(p), d.day(p); {
	case date.Null:
		return nil
	case date.Set:
		becomes := date.V
		if old != nil && !day.Set && becomes.At.Equal(old.At) {
			becomes.AllDay = becomes.AllDay || old.AllDay
		}
		return &becomes
	case day.Set && old != nil:
		becomes := old.On(day.V)
		return &becomes
	}
	return old
}

// Fields are those of a task's fields that a change touched, by name, with their values: nil for null, else a string, bool,
// Priority or time.Time.
type Fields map[string]any

// Touched returns those fields of before that differ in after.
func Touched(before, after *Task) Fields {
	touched := Fields{}
	for _, f := range fields {
		if !f.same(before, after) {
			touched[f.Name] = f.Value(before)
		}
	}
	return touched
}

// PutInto sets the fields of t that are in f.
func (f Fields) PutInto(t *Task) {
	for _, field := range fields {
		if v, there := f[field.Name]; there {
			field.set(t, v)
		}
	}
}

// Encode returns f in the JSON that stores keep: times in microseconds since 1970, priorities as numbers.
func (f Fields) Encode() ([]byte, error) {
	out := []byte{'{'}
	for _, field := range fields {
		v, there := f[field.Name]
		if !there {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendMember(out, field.Name, v); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// DecodeFields reads what Encode has written; no data are no fields.
func DecodeFields(data []byte) (Fields, error) {
	if data == nil {
		return nil, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("fields of a change: %w", err)
	}
	f := make(Fields, len(raw))
	for _, field := range fields {
		value, there := raw[field.Name]
		if !there {
			continue
		}
		var err error
		if f[field.Name], err = field.read(value); err != nil {
			return nil, fmt.Errorf("fields of a change: %s: %w", field.Name, err)
		}
	}
	return f, nil
}

// read returns the value that a member of JSON holds, nil for null.
func (f *Field) read(data []byte) (any, error) {
	if string(data) == "null" {
		return nil, nil
	}
	return f.decode(data)
}

// appendMember appends a member of a JSON object to dst. Its name needs no escaping.
func appendMember(dst []byte, name string, v any) ([]byte, error) {
	dst = append(dst, '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	if at, ok := v.(time.Time); ok {
		v = at.UnixMicro()
	}
	text, err := json.Marshal(v)
	return append(dst, text...), err
}

// decodeAs reads a T in JSON.
func decodeAs[T any](data []byte) (any, error) {
	var v T
	err := json.Unmarshal(data, &v)
	return v, err
}

// decodeTime reads microseconds since 1970 as a time in UTC.
func decodeTime(data []byte) (any, error) {
	var us int64
	err := json.Unmarshal(data, &us)
	return time.UnixMicro(us).UTC(), err
}
