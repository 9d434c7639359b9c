package postgres

import (
	"fmt"
	"strings"
	"time"

	"todod/internal/todo"
)

// taskColumns are the columns of a task, in tasks and in the log: whoever adds a field to tasks adds a column here, and a
// migration. The first two have other names in the log.
var taskColumns = columns[todo.Task]{
	fixed(at("id", "bigint", (*rowReader).int64, func(t *todo.Task) *int64 { return &t.ID })),
	as("version", "bigint", (*rowReader).int64,
		func(t *todo.Task) int64 { return int64(t.Version) }, func(t *todo.Task, v int64) { t.Version = todo.Rev(v) }),
	inLog("nullif(%s, '')", gone("null", at("title", "text", (*rowReader).text, func(t *todo.Task) *string { return &t.Title }))),
	gone("null", at("description", "text", (*rowReader).nullText, func(t *todo.Task) **string { return &t.Description })),
	gone("false", at("completed", "boolean", (*rowReader).bool, func(t *todo.Task) *bool { return &t.Completed })),
	gone("2", as("priority", "smallint", (*rowReader).int16,
		func(t *todo.Task) int16 { return int16(t.Priority) }, func(t *todo.Task, v int16) { t.Priority = todo.Priority(v) })),
	gone("null", as("due_date", "timestamptz", (*rowReader).nullTime, dueDate, setDueDate)),
	gone("false", as("due_all_day", "boolean", (*rowReader).bool, dueAllDay, setDueAllDay)),
	gone("null", at("completed_at", "timestamptz", (*rowReader).nullTime, func(t *todo.Task) **time.Time { return &t.CompletedAt })),
	fixed(at("created_at", "timestamptz", (*rowReader).time, func(t *todo.Task) *time.Time { return &t.CreatedAt })),
	at("updated_at", "timestamptz", (*rowReader).time, func(t *todo.Task) *time.Time { return &t.UpdatedAt }),
	at("deleted_at", "timestamptz", (*rowReader).nullTime, func(t *todo.Task) **time.Time { return &t.DeletedAt }),
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

// as describes a column that holds what get returns and set takes.
func as[V any](
	name, typ string, read func(*rowReader) V, get func(*todo.Task) V, set func(*todo.Task, V),
) column[todo.Task] {
	c := holding(name, typ, get)
	c.read = func(r *rowReader, t *todo.Task) { set(t, read(r)) }
	return c
}

// at is as for what a task holds at one place.
func at[V any](name, typ string, read func(*rowReader) V, place func(*todo.Task) *V) column[todo.Task] {
	return as(name, typ, read, func(t *todo.Task) V { return *place(t) }, func(t *todo.Task, v V) { *place(t) = v })
}

// fixed says of c that it is never changed.
func fixed(c column[todo.Task]) column[todo.Task] {
	c.fixed = true
	return c
}

// gone says what the log keeps of c once the task is gone for good.
func gone(sql string, c column[todo.Task]) column[todo.Task] {
	c.gone = sql
	return c
}

// inLog says how the log takes c.
func inLog(sql string, c column[todo.Task]) column[todo.Task] {
	c.inLog = sql
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

// taskOf returns the columns of a task, the owner first, as rowReader.task reads them. alias is the table's name.
func taskOf(alias string) string { return alias + ".user_id, " + taskColumns.names(alias) }

// task reads the columns of taskOf, or returns nil if they are all null. It must be a task of owner.
func (r *rowReader) task(owner todo.UserID) *todo.Task {
	if r.peek() == nil {
		r.skip(1 + len(taskColumns))
		return nil
	}
	r.owner(owner)
	t := &todo.Task{Owner: owner}
	for i := range taskColumns {
		taskColumns[i].read(r, t)
	}
	return t
}

// An entry is a change that was decided, on its way to the log.
type entry struct {
	*todo.Change
	before []byte
	how    int16
}

// What becomes of the task of an entry.
const (
	logOnly    int16 = iota // nothing: a later entry tells, or it is gone for good
	insertTask              // it is new
	updateTask
)

// logColumns are the columns that the log has beside those of a task.
var logColumns = columns[entry]{
	holding("prev_rev", "bigint", func(e *entry) int64 { return int64(e.PrevRev) }),
	holding("set_rev", "bigint", func(e *entry) int64 { return int64(e.SetRev) }),
	holding("op", "smallint", func(e *entry) int16 { return int16(e.Op) }),
	holding("before", "jsonb", func(e *entry) []byte { return e.before }),
	holding("request_id", "text", func(e *entry) *string { return orNull(e.RequestID) }),
	holding("at", "timestamptz", func(e *entry) time.Time { return e.At }),
}

// changeOf returns the columns of an entry of the log, the owner first, as rowReader.change reads them. alias is the table's
// name.
func changeOf(alias string) string {
	return fmt.Sprintf("%[1]s.user_id, %[1]s.task_id, %[1]s.rev, %[2]s, %[3]s", alias, logged.names(alias), logColumns.names(alias))
}

// changeWidth is how many columns changeOf has.
var changeWidth = 1 + len(taskColumns) + len(logColumns)

// change reads the columns of changeOf, or returns nil if they are all null. It must be a change of owner's.
func (r *rowReader) change(owner todo.UserID) *todo.Change {
	if r.peek() == nil {
		r.skip(changeWidth)
		return nil
	}
	r.owner(owner)
	c := &todo.Change{Task: todo.Task{Owner: owner}}
	for i := range taskColumns {
		taskColumns[i].read(r, &c.Task)
	}
	c.Rev = c.Task.Version
	c.PrevRev, c.SetRev, c.Op = todo.Rev(r.int64()), todo.Rev(r.int64()), todo.Op(r.int16())
	before, err := todo.DecodeFields(r.json())
	r.fail(err)
	c.Before, c.RequestID, c.At = before, r.text(), r.time()
	return c
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

// intoLog returns the columns of logged as the log takes them; of names them in the statement.
func intoLog(of func(i int, name string) string) string {
	return logged.each(func(i int, c column[todo.Task]) string {
		if c.inLog != "" {
			return fmt.Sprintf(c.inLog, of(i, c.name))
		}
		return of(i, c.name)
	})
}
