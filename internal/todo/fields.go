package todo

import (
	"fmt"
	"slices"
	"time"
)

// A FieldOf is one of the things that an O consists of, which Ps patch. Each is described once, in the fields of its kind:
// how objects are patched, compared, merged and undone, what the log keeps of a change and how that reads in JSON follow
// from it.
type FieldOf[O, P any] struct {
	Name string // on the wire, in the log, and in what people are told
	// Of is the name under which people are told of conflicts: Name, or that of the field which this one is a part of.
	Of string

	ref    func(*O) any              // what Ref returns
	set    func(*O, any)             // takes what Value returns
	decode func([]byte) (any, error) // reads a value from its JSON in the log, which is not null
	whole  func(*O) any              // what Value returns, with the fields that are a part of this one

	named func(*P) bool           // whether a patch names it; nil for a field that nobody can write
	check func(*P, fault)         // reports the rules that a patch's value breaks, and makes it what objects hold
	apply func(*P, *O, time.Time) // does what a patch says, at that time

	// merge returns what a patch made for base means for current, which was changed since; nil for what can't be merged.
	merge func(base, yours, current *O) *O
	// agree reports whether two objects agree in what people can write of the field; nil if that is all of it.
	agree func(a, b *O) bool
}

// A Field is one of those of a task.
type Field = FieldOf[Task, Patch]

// A fault is called with each rule that a field breaks; the two read as a sentence.
type fault func(field, message string)

// taskFields are those of a task that the log keeps, in the order in which rules are checked and patches applied. What every
// task has and no patch names is not among them: id, owner, version, and the times of its creation and last change.
var taskFields = fieldsOf[Task, Patch]{
	writable(value[Patch]("title", func(t *Task) *string { return &t.Title }),
		func(p *Patch) *Opt[string] { return &p.Title }, checkTitle),
	writableNull(nullable[Patch]("description", func(t *Task) **string { return &t.Description }),
		func(p *Patch) *Opt[string] { return &p.Description }, checkDescription),
	completedField(),
	writable(value[Patch]("priority", func(t *Task) *Priority { return &t.Priority }),
		func(p *Patch) *Opt[Priority] { return &p.Priority }, checkPriority),
	dueDate.instant(), dueDate.allDay(),
	dueZoneField(), partOf("due_date", moment[Patch]("due_local", func(t *Task) **time.Time { return &t.DueLocal })),
	recurrenceField(),
	startDate.instant(), startDate.allDay(),
	partOf("completed", moment[Patch]("completed_at", func(t *Task) **time.Time { return &t.CompletedAt })),
	writableNull(nullable[Patch]("list_id", func(t *Task) **int64 { return &t.ListID }),
		func(p *Patch) *Opt[int64] { return &p.ListID }, checkReference("list_id", notYourList)),
	writableNull(nullable[Patch]("parent_id", func(t *Task) **int64 { return &t.ParentID }),
		func(p *Patch) *Opt[int64] { return &p.ParentID }, checkReference("parent_id", notYourTask)),
	nullable[Patch]("position", func(t *Task) **string { return &t.Position }),
	labelsField(),
	moment[Patch](fieldDeleted, func(t *Task) **time.Time { return &t.DeletedAt }),
}

// fieldDeleted is the name of the field that says whether a task is in the trash.
const fieldDeleted = "deleted_at"

// TaskFields returns the fields of a task that the log keeps.
func TaskFields() []*Field { return slices.Clone(taskFields) }

// Writable reports whether people can write the field.
func (f *FieldOf[O, P]) Writable() bool { return f.named != nil }

// Ref returns where the field's value in o is, to be read there: nil for null, else a *string, *bool, *int64, *IDs, *Priority,
// *Recurrence or *time.Time.
func (f *FieldOf[O, P]) Ref(o *O) any { return f.ref(o) }

// Value returns the field's value in o: nil for null, else a string, bool, int64, IDs, Priority, Recurrence or
// time.Time.
func (f *FieldOf[O, P]) Value(o *O) any {
	switch v := f.ref(o).(type) {
	case nil:
		return nil
	case *string:
		return *v
	case *bool:
		return *v
	case *int64:
		return *v
	case *IDs:
		return *v
	case *Priority:
		return *v
	case *Recurrence:
		return *v
	case *time.Time:
		return *v
	default:
		panic(fmt.Sprintf("todo: the field %s is a %T", f.Name, v)) // a kind of field that nobody has thought of here
	}
}

// same reports whether two objects agree in the field, times as instants.
func (f *FieldOf[O, P]) same(a, b *O) bool {
	y := f.ref(b)
	switch x := f.ref(a).(type) {
	case *string:
		return agreeAt(x, y)
	case *bool:
		return agreeAt(x, y)
	case *int64:
		return agreeAt(x, y)
	case *IDs:
		other, ok := y.(*IDs)
		return ok && slices.Equal(*x, *other)
	case *Priority:
		return agreeAt(x, y)
	case *Recurrence:
		other, ok := y.(*Recurrence)
		return ok && x.same(other)
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

// value describes a field that always has a value; of returns where an object holds it.
func value[P, O, T any](name string, of func(*O) *T) *FieldOf[O, P] {
	f := &FieldOf[O, P]{Name: name, Of: name}
	f.ref = func(o *O) any { return of(o) }
	f.set = func(o *O, v any) { *of(o), _ = v.(T) }
	f.decode = decodeAs[T]
	f.whole = f.Value
	return f
}

// nullable describes a field that may be null; of returns where an object holds it.
func nullable[P, O, T any](name string, of func(*O) **T) *FieldOf[O, P] {
	f := &FieldOf[O, P]{Name: name, Of: name}
	f.ref = func(o *O) any {
		if p := *of(o); p != nil {
			return p
		}
		return nil
	}
	f.set = func(o *O, v any) {
		*of(o) = nil
		if v, ok := v.(T); ok {
			*of(o) = &v
		}
	}
	f.decode = decodeAs[T]
	f.whole = f.Value
	return f
}

// moment describes a nullable field that is an instant.
func moment[P, O any](name string, of func(*O) **time.Time) *FieldOf[O, P] {
	f := nullable[P](name, of)
	f.decode = decodeTime
	return f
}

// partOf makes f a part of another field.
func partOf[O, P any](name string, f *FieldOf[O, P]) *FieldOf[O, P] {
	f.Of = name
	return f
}

// writable lets people write f, which is never null; in returns where a patch holds it, check reports the rules that its
// value breaks.
func writable[O, P, T any](f *FieldOf[O, P], in func(*P) *Opt[T], check func(*Opt[T], fault)) *FieldOf[O, P] {
	f.named = func(p *P) bool { return in(p).Set }
	f.check = func(p *P, fault fault) {
		o := in(p)
		switch {
		case o.Set && o.Null:
			fault(f.Name, "must not be null")
		case o.Set && check != nil:
			check(o, fault)
		}
	}
	f.apply = func(p *P, to *O, _ time.Time) {
		if o := in(p); o.Set {
			f.set(to, o.V)
		}
	}
	return f
}

// writableNull is writable for a field that may be null.
func writableNull[O, P, T any](f *FieldOf[O, P], in func(*P) *Opt[T], check func(*Opt[T], fault)) *FieldOf[O, P] {
	f.named = func(p *P) bool { return in(p).Set }
	f.check = func(p *P, fault fault) {
		if o := in(p); o.Set && !o.Null && check != nil {
			check(o, fault)
		}
	}
	f.apply = func(p *P, to *O, _ time.Time) {
		switch o := in(p); {
		case o.Null:
			f.set(to, nil)
		case o.Set:
			f.set(to, o.V)
		}
	}
	return f
}

// completedField describes whether a task is done, which also says when it was.
func completedField() *Field {
	f := writable(value[Patch]("completed", func(t *Task) *bool { return &t.Completed }),
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
