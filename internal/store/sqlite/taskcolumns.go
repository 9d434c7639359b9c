package sqlite

import (
	"strings"
	"time"

	"todod/internal/todo"
)

// taskColumns are the columns of a task, in tasks and in the log: whoever adds a field to tasks adds a column here, and
// a migration. The first two have other names in the log.
var taskColumns = columns[todo.Task]{
	fixed(at("id", integers, func(t *todo.Task) *int64 { return &t.ID })),
	as("version", integers,
		func(t *todo.Task) int64 { return int64(t.Version) }, func(t *todo.Task, v int64) { t.Version = todo.Rev(v) }),
	inLog("nullif(?, '')", gone("null", at("title", texts, func(t *todo.Task) *string { return &t.Title }))),
	gone("null", at("description", nullTexts, func(t *todo.Task) **string { return &t.Description })),
	gone("0", at("completed", booleans, func(t *todo.Task) *bool { return &t.Completed })),
	gone("2", as("priority", integers, func(t *todo.Task) int64 { return int64(t.Priority) },
		func(t *todo.Task, v int64) { t.Priority = todo.Priority(v) })),
	gone("null", as("due_date", nullTimes, dueDate, setDueDate)),
	gone("0", as("due_all_day", booleans, dueAllDay, setDueAllDay)),
	gone("null", at("completed_at", nullTimes, func(t *todo.Task) **time.Time { return &t.CompletedAt })),
	fixed(at("created_at", times, func(t *todo.Task) *time.Time { return &t.CreatedAt })),
	at("updated_at", times, func(t *todo.Task) *time.Time { return &t.UpdatedAt }),
	at("deleted_at", nullTimes, func(t *todo.Task) **time.Time { return &t.DeletedAt }),
}

// logged are the columns of a task that the log has under the same names; changeable are those that a change can write.
var (
	logged     = taskColumns[2:]
	changeable = func() (some columns[todo.Task]) {
		for _, c := range taskColumns {
			if !c.fixed {
				some = append(some, c)
			}
		}
		return some
	}()
)

// A kind is how columns hold Vs.
type kind[V any] struct {
	read func(*rowReader) V
	arg  func(V) any // what the driver takes for one
}

// The kinds there are. Times are microseconds since 1970.
var (
	integers  = kind[int64]{(*rowReader).int64, func(v int64) any { return v }}
	booleans  = kind[bool]{(*rowReader).bool, func(v bool) any { return v }}
	texts     = kind[string]{(*rowReader).text, func(v string) any { return v }}
	times     = kind[time.Time]{(*rowReader).time, func(v time.Time) any { return v.UnixMicro() }}
	nullTimes = kind[*time.Time]{(*rowReader).nullTime, micros}
	nullTexts = kind[*string]{(*rowReader).nullText, func(v *string) any {
		if v == nil {
			return nil
		}
		return *v
	}}
)

// as describes a column that holds what get returns and set takes.
func as[V any](name string, k kind[V], get func(*todo.Task) V, set func(*todo.Task, V)) column[todo.Task] {
	c := holding(name, func(t *todo.Task) any { return k.arg(get(t)) })
	c.read = func(r *rowReader, t *todo.Task) { set(t, k.read(r)) }
	return c
}

// at is as for what a task holds at one place.
func at[V any](name string, k kind[V], place func(*todo.Task) *V) column[todo.Task] {
	return as(name, k, func(t *todo.Task) V { return *place(t) }, func(t *todo.Task, v V) { *place(t) = v })
}

// fixed says of c that it is never changed.
func fixed(c column[todo.Task]) column[todo.Task] {
	c.fixed = true
	return c
}

// gone says what the log keeps of c once the task is gone for good.
func gone(text string, c column[todo.Task]) column[todo.Task] {
	c.gone = text
	return c
}

// inLog says how the log takes c.
func inLog(text string, c column[todo.Task]) column[todo.Task] {
	c.inLog = text
	return c
}

// dueDate returns what due_date holds.
func dueDate(t *todo.Task) *time.Time {
	if t.Due == nil {
		return nil
	}
	return &t.Due.At
}

// setDueDate takes what due_date holds.
func setDueDate(t *todo.Task, at *time.Time) {
	if t.Due = nil; at != nil {
		t.Due = &todo.Due{At: *at}
	}
}

// dueAllDay returns what due_all_day holds.
func dueAllDay(t *todo.Task) bool { return t.Due != nil && t.Due.AllDay }

// setDueAllDay takes what due_all_day holds, after due_date.
func setDueAllDay(t *todo.Task, allDay bool) {
	if t.Due != nil {
		t.Due.AllDay = allDay
	}
}

// taskOf are the columns of a task as rowReader.task reads them, of a table called t.
var taskOf = taskColumns.names("t")

// task reads the columns of taskOf as a task of owner.
func (r *rowReader) task(owner todo.UserID) todo.Task {
	t := todo.Task{Owner: owner}
	for i := range taskColumns {
		taskColumns[i].read(r, &t)
	}
	return t
}

// tasksOf returns what reads rows of taskOf as tasks of owner.
func tasksOf(owner todo.UserID) func(*rowReader) todo.Task {
	return func(r *rowReader) todo.Task { return r.task(owner) }
}

// An entry is a change that was decided, on its way to the log.
type entry struct {
	*todo.Change
	before []byte
}

// logColumns are the columns that the log has beside those of a task.
var logColumns = columns[entry]{
	holding("prev_rev", func(e *entry) any { return int64(e.PrevRev) }),
	holding("set_rev", func(e *entry) any { return int64(e.SetRev) }),
	holding("op", func(e *entry) any { return int64(e.Op) }),
	holding("before", func(e *entry) any { return nullText(e.before) }),
	holding("request_id", func(e *entry) any { return orNull(e.RequestID) }),
	holding("at", func(e *entry) any { return e.At.UnixMicro() }),
}

// changeOf are the columns of an entry of the log as rowReader.change reads them, of a table called c.
var changeOf = "c.task_id, c.rev, " + logged.names("c") + ", " + logColumns.names("c")

// change reads the columns of changeOf as a change of owner's.
func (r *rowReader) change(owner todo.UserID) todo.Change {
	c := todo.Change{Task: r.task(owner)}
	c.Rev = c.Task.Version
	c.PrevRev, c.SetRev, c.Op = todo.Rev(r.int64()), todo.Rev(r.int64()), todo.Op(r.int64())
	before, err := todo.DecodeFields(r.json())
	if err != nil {
		r.fail(err)
	}
	c.Before, c.RequestID, c.At = before, r.text(), r.time()
	return c
}

// changesOf returns what reads rows of changeOf as changes of owner's.
func changesOf(owner todo.UserID) func(*rowReader) todo.Change {
	return func(r *rowReader) todo.Change { return r.change(owner) }
}

// blanked sets what the log keeps of a task that is gone for good.
var blanked = func() string {
	sets := []string{"before = null"}
	for _, c := range logged {
		if c.gone != "" {
			sets = append(sets, c.name+" = "+c.gone)
		}
	}
	return strings.Join(sets, ", ")
}()

// intoLog returns an argument for each column of logged, as the log takes it.
func intoLog() string {
	return logged.each(func(c column[todo.Task]) string {
		if c.inLog != "" {
			return c.inLog
		}
		return "?"
	})
}
