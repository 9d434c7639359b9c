package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"todod/internal/todo"
)

// Tasks are the columns of a task, in tasks and in the log: whoever adds a field to tasks adds a column here, and a
// migration to each store. The first two have other names in the log.
var Tasks = Columns[todo.Task]{
	fixed(number("id", bigint, func(t *todo.Task) *int64 { return &t.ID })),
	number("version", bigint, func(t *todo.Task) *todo.Rev { return &t.Version }),
	inLog("nullif(%s, '')", gone("null", at("title", text, func(t *todo.Task) *string { return &t.Title }))),
	gone("null", at("description", nullText, func(t *todo.Task) **string { return &t.Description })),
	gone("false", at("completed", boolean, func(t *todo.Task) *bool { return &t.Completed })),
	gone("2", number("priority", smallint, func(t *todo.Task) *todo.Priority { return &t.Priority })),
	instantOf("due_date", due), dayOf("due_all_day", due),
	gone("null", at("due_zone", nullText, func(t *todo.Task) **string { return &t.DueZone })),
	gone("null", at("due_local", nullWallTime, func(t *todo.Task) **time.Time { return &t.DueLocal })),
	gone("null", recurrence),
	instantOf("start_date", start), dayOf("start_all_day", start),
	gone("null", at("list_id", nullBigint, func(t *todo.Task) **int64 { return &t.ListID })),
	gone("null", at("parent_id", nullBigint, func(t *todo.Task) **int64 { return &t.ParentID })),
	gone("null", at("position", nullText, func(t *todo.Task) **string { return &t.Position })),
	gone("null", labelIDs),
	gone("null", at("completed_at", nullMoment, func(t *todo.Task) **time.Time { return &t.CompletedAt })),
	fixed(at("created_at", moment, func(t *todo.Task) *time.Time { return &t.CreatedAt })),
	at("updated_at", moment, func(t *todo.Task) *time.Time { return &t.UpdatedAt }),
	at("deleted_at", nullMoment, func(t *todo.Task) **time.Time { return &t.DeletedAt }),
}

// Logged are the columns of a task that the log has under the same names; Changeable are those that a change can write.
var (
	Logged     = Tasks[2:]
	Changeable = func() (some Columns[todo.Task]) {
		for _, c := range Tasks {
			if !c.fixed {
				some = append(some, c)
			}
		}
		return some
	}()
)

// Search is the column of tasks that words are searched for in. It is written where a task's text is, and null keeps
// what is there. Nobody reads it, and neither has the log it.
var Search = Columns[Entry]{Holding("search", "text", func(e *Entry) *string { return e.search })}

// labelIDs is the column of the labels of a task, null for none.
var labelIDs = func() Column[todo.Task] {
	c := Holding("label_ids", "jsonb", func(t *todo.Task) []byte {
		if len(t.LabelIDs) == 0 {
			return nil
		}
		text, _ := json.Marshal(t.LabelIDs) //nolint:errchkjson // numbers can always be written
		return text
	})
	c.Read = func(r Row, t *todo.Task) {
		if t.LabelIDs = nil; r.Null() {
			r.Skip(1)
			return
		}
		r.Fail(json.Unmarshal(r.JSON(), &t.LabelIDs))
	}
	return c
}()

// Objects are the columns of lists and labels, which have a table of their own.
var Objects = Columns[todo.Object]{
	number("id", bigint, func(o *todo.Object) *int64 { return &o.ID }),
	number("kind", smallint, func(o *todo.Object) *todo.Kind { return &o.Kind }),
	number("version", bigint, func(o *todo.Object) *todo.Rev { return &o.Version }),
	at("name", text, func(o *todo.Object) *string { return &o.Name }),
	at("color", nullText, func(o *todo.Object) **string { return &o.Color }),
	at("archived", boolean, func(o *todo.Object) *bool { return &o.Archived }),
	textOrNull("position", func(o *todo.Object) *string { return &o.Position }),
	at("created_at", moment, func(o *todo.Object) *time.Time { return &o.CreatedAt }),
	at("updated_at", moment, func(o *todo.Object) *time.Time { return &o.UpdatedAt }),
	at("deleted_at", nullMoment, func(o *todo.Object) **time.Time { return &o.DeletedAt }),
}

// fixed says of c that it is never changed.
func fixed(c Column[todo.Task]) Column[todo.Task] {
	c.fixed = true
	return c
}

// gone says what the log keeps of c once the task is gone for good.
func gone(sql string, c Column[todo.Task]) Column[todo.Task] {
	c.gone = sql
	return c
}

// inLog says how the log takes c.
func inLog(sql string, c Column[todo.Task]) Column[todo.Task] {
	c.inLog = sql
	return c
}

// due returns where a task holds its due date.
func due(t *todo.Task) **todo.Date { return &t.Due }

// start returns where a task holds its start date.
func start(t *todo.Task) **todo.Date { return &t.Start }

// instantOf describes the column that holds when a date is.
func instantOf(name string, of func(*todo.Task) **todo.Date) Column[todo.Task] {
	get := func(t *todo.Task) *time.Time {
		if date := *of(t); date != nil {
			return &date.At
		}
		return nil
	}
	return gone("null", as(name, nullMoment, get, func(t *todo.Task, at *time.Time) {
		if *of(t) = nil; at != nil {
			*of(t) = &todo.Date{At: *at}
		}
	}))
}

// dayOf describes the column that holds whether a date is a day. It comes after that of instantOf.
func dayOf(name string, of func(*todo.Task) **todo.Date) Column[todo.Task] {
	get := func(t *todo.Task) bool { return *of(t) != nil && (*of(t)).AllDay }
	return gone("false", as(name, boolean, get, func(t *todo.Task, day bool) {
		if date := *of(t); date != nil {
			date.AllDay = day
		}
	}))
}

// Log are the columns that the log has beside those of a task.
var Log = Columns[Entry]{
	number("prev_rev", bigint, func(e *Entry) *todo.Rev { return &e.PrevRev }),
	number("set_rev", bigint, func(e *Entry) *todo.Rev { return &e.SetRev }),
	number("op", smallint, func(e *Entry) *todo.Op { return &e.Op }),
	as("before", jsonb, func(e *Entry) []byte { return e.before }, func(e *Entry, data []byte) { e.before = data }),
	as("kind", smallint, func(e *Entry) int64 { return int64(e.Kind()) }, func(e *Entry, k int64) { e.kind = todo.Kind(k) }),
	as("image", jsonb, func(e *Entry) []byte { return e.image }, func(e *Entry, data []byte) { e.image = data }),
	as("occurrence", jsonb, func(e *Entry) []byte { return e.occurrence }, func(e *Entry, data []byte) { e.occurrence = data }),
	textOrNull("request_id", func(e *Entry) *string { return &e.RequestID }),
	at("at", moment, func(e *Entry) *time.Time { return &e.At }),
}

// IntoLog returns the columns of Logged as the log takes them; of names them in the statement.
func IntoLog(of func(i int, name string) string) string {
	return Logged.Each(func(i int, c *Column[todo.Task]) string {
		if c.inLog != "" {
			return fmt.Sprintf(c.inLog, of(i, c.Name))
		}
		return of(i, c.Name)
	})
}

// Blanked sets what the log keeps of a task that is gone for good.
var Blanked = func() string {
	sets := []string{"before = null", "image = null", "occurrence = null"}
	for _, c := range Logged {
		if c.gone != "" {
			sets = append(sets, c.Name+" = "+c.gone)
		}
	}
	return strings.Join(sets, ", ")
}()

// Raised are the columns of users that a change writes.
var Raised = Columns[todo.Owner]{
	number("rev", bigint, func(o *todo.Owner) *todo.Rev { return &o.Rev }),
	number("task_count", integer, func(o *todo.Owner) *int { return &o.Count }),
	number("trash_count", integer, func(o *todo.Owner) *int { return &o.Trashed }),
	number("key_count", integer, func(o *todo.Owner) *int { return &o.Keys }),
	at("changed_at", moment, func(o *todo.Owner) *time.Time { return &o.ChangedAt }),
	textOrNull("email", func(o *todo.Owner) *string { return &o.Claims.Email }),
	textOrNull("name", func(o *todo.Owner) *string { return &o.Claims.Name }),
	at("claims_at", moment, func(o *todo.Owner) *time.Time { return &o.Claims.AsOf }),
}

// Keys are the columns of idempotency_keys.
var Keys = Columns[todo.StoredKey]{
	at("key", text, func(k *todo.StoredKey) *string { return &k.Key }),
	at("fingerprint", blob, func(k *todo.StoredKey) *[]byte { return &k.Fingerprint }),
	number("status", smallint, func(k *todo.StoredKey) *int { return &k.Status }),
	revOrNull("rev", func(k *todo.StoredKey) *todo.Rev { return &k.Rev }),
	revOrNull("rev_to", func(k *todo.StoredKey) *todo.Rev { return &k.RevTo }),
	at("result", jsonb, func(k *todo.StoredKey) *[]byte { return &k.Answer }),
	at("created_at", moment, func(k *todo.StoredKey) *time.Time { return &k.At }),
}

// Imports are the columns of imports.
var Imports = Columns[todo.Import]{
	at("source", text, func(i *todo.Import) *string { return &i.Source }),
	at("old_id", text, func(i *todo.Import) *string { return &i.OldID }),
	number("task_id", bigint, func(i *todo.Import) *int64 { return &i.TaskID }),
	at("created_at", moment, func(i *todo.Import) *time.Time { return &i.CreatedAt }),
}
