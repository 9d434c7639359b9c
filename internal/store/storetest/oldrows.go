package storetest

import (
	"fmt"
	"strconv"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// An oldLife is what the program kept of somebody while its schema was at version 7. Nothing here is made by what
// makes it today: the rows, and the JSON in them, are written out.
type oldLife struct {
	ID    todo.UserID
	User  todo.User
	id    int64 // of their first task
	epoch int64
	log   []todo.Change
	tasks map[int64]todo.Task // as they are in the end
	texts []string            // the fields before each change, in the JSON of the log; "" for none

	account  account.Account
	session  account.Session
	ticket   account.Ticket
	imported todo.Import
}

// day is the due date of some tasks, and dayText how JSON has it.
var day = due("2026-01-01")

const dayText = `1767225600000000`

// The tasks of an oldLife, by what is added to the id of the first.
const (
	done int64 = iota
	deleted
	edited
	thrown
	purged
	restored
	taken
)

// newOldLife returns the life of somebody whose first task has this id. The changes 5 to 7 are one set.
func newOldLife(owner todo.UserID, id int64) *oldLife {
	o := &oldLife{ID: owner, id: id}
	o.User = todo.User{ID: owner, Email: string(owner) + "@example.com", Name: "Ada", AsOf: noon}
	o.epoch, o.tasks = 1<<40+id, map[int64]todo.Task{}
	first, later, text := "first", due("2026-02-01T09:30:00Z"), "text"
	us := func(rev int) string { return strconv.FormatInt(o.at(rev).UnixMicro(), 10) }
	o.made(done, todo.Task{Title: "a", Description: &first, Priority: todo.Medium, Due: &day})
	o.did(todo.Updated, done, 0, `{"title":"a","due_date":`+dayText+`,"due_all_day":true,"priority":2}`,
		todo.Fields{"title": "a", "due_date": day.At, "due_all_day": true, "priority": todo.Medium},
		func(t *todo.Task) { t.Title, t.Due, t.Priority = "b", &later, todo.High })
	o.made(deleted, todo.Task{Title: "deleted", Priority: todo.Low})
	o.made(edited, todo.Task{Title: "edited", Description: &text, Priority: todo.Medium, Due: &day})
	o.did(todo.Completed, done, 5, `{"completed":false,"completed_at":null}`,
		todo.Fields{"completed": false, "completed_at": nil},
		func(t *todo.Task) { t.Completed, t.CompletedAt = true, o.now() })
	o.did(todo.Deleted, deleted, 5, `{"deleted_at":null}`, todo.Fields{"deleted_at": nil}, o.throw)
	o.did(todo.Updated, edited, 5, `{"description":"text","due_date":`+dayText+`,"due_all_day":true}`,
		todo.Fields{"description": "text", "due_date": day.At, "due_all_day": true},
		func(t *todo.Task) { t.Description, t.Due = nil, nil })
	o.made(thrown, todo.Task{Title: "thrown", Description: &text, Priority: todo.Medium})
	o.did(todo.Deleted, thrown, 0, `{"deleted_at":null}`, todo.Fields{"deleted_at": nil}, o.throw)
	o.made(purged, todo.Task{Title: "secret", Priority: todo.Medium})
	o.did(todo.Deleted, purged, 0, ``, nil, o.throw)
	o.did(todo.Purged, purged, 0, ``, nil, func(*todo.Task) {})
	o.blank()
	o.made(restored, todo.Task{Title: "restored", Priority: todo.Medium, Completed: true, CompletedAt: o.now()})
	o.did(todo.Reopened, restored, 0, `{"completed":true,"completed_at":`+us(13)+`}`,
		todo.Fields{"completed": true, "completed_at": o.at(13)},
		func(t *todo.Task) { t.Completed, t.CompletedAt = false, nil })
	o.did(todo.Deleted, restored, 0, `{"deleted_at":null}`, todo.Fields{"deleted_at": nil}, o.throw)
	o.did(todo.Restored, restored, 0, `{"deleted_at":`+us(15)+`}`, todo.Fields{"deleted_at": o.at(15)},
		func(t *todo.Task) { t.DeletedAt = nil })
	o.made(taken, todo.Task{Title: "taken", Priority: todo.Medium})
	o.signUp()
	return o
}

// signUp gives them an account, a session, a ticket, and the note of what was imported.
func (o *oldLife) signUp() {
	o.account = account.Account{
		Person:       account.Person{ID: o.ID, Email: o.User.Email, Name: o.User.Name, CreatedAt: noon},
		PasswordHash: "$argon2id$v=19$m=8,t=1,p=1$" + string(o.ID),
	}
	o.session, o.ticket = newSession(o.ID, noon), newTicket(o.ID)
	o.session.ID, o.session.Sealed = "sid of "+string(o.ID), []byte("sealed")
	o.imported = todo.Import{Source: "old app", OldID: "1", TaskID: o.id + taken, CreatedAt: o.tasks[o.id+taken].CreatedAt}
}

// at returns when the change that made a revision happened.
func (o *oldLife) at(rev int) time.Time { return noon.Add(time.Duration(rev) * time.Second) }

// now returns when the next change happens.
func (o *oldLife) now() *time.Time {
	now := o.at(len(o.log) + 1)
	return &now
}

// throw moves a task to the trash.
func (o *oldLife) throw(t *todo.Task) { t.DeletedAt = o.now() }

// made adds a task.
func (o *oldLife) made(n int64, t todo.Task) {
	t.ID, t.Owner, t.CreatedAt = o.id+n, o.ID, *o.now()
	o.did(todo.Created, n, 0, "", nil, func(there *todo.Task) { *there = t })
}

// did adds a change of a task, which belongs to the set that begins with the revision set; 0 is one of its own.
func (o *oldLife) did(op todo.Op, n int64, set todo.Rev, text string, before todo.Fields, change func(*todo.Task)) {
	t := o.tasks[o.id+n]
	rev, prev := todo.Rev(len(o.log)+1), t.Version
	if set == 0 {
		set = rev
	}
	if change(&t); op <= todo.Reopened {
		t.UpdatedAt = *o.now()
	}
	t.Version = rev
	o.tasks[t.ID] = t
	o.log = append(o.log, todo.Change{
		Rev: rev, PrevRev: prev, SetRev: set, Op: op, At: *o.now(), Before: before, Task: t,
		RequestID: fmt.Sprint("req_", rev),
	})
	o.texts = append(o.texts, text)
}

// blank forgets all that was said of the task that is gone for good.
func (o *oldLife) blank() {
	id := o.id + purged
	delete(o.tasks, id)
	for i := range o.log {
		if t := &o.log[i].Task; t.ID == id {
			*t = todo.Task{
				ID: id, Owner: o.ID, Version: t.Version, Priority: todo.Medium, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
				DeletedAt: t.DeletedAt,
			}
		}
	}
}

// after returns a task as a change left it.
func (o *oldLife) after(rev todo.Rev) todo.Task { return o.log[rev-1].Task }

// A row is one of a table: its values are nil, string, bool, int64, time.Time or []byte; JSON is a string.
type row = map[string]any

// rows calls insert with each row there is of them.
func (o *oldLife) rows(insert func(table string, r row)) {
	owner := string(o.ID)
	insert("users", row{
		"user_id": owner, "epoch": o.epoch, "rev": int64(len(o.log)), "task_count": int64(4), "changed_at": o.at(len(o.log)),
		"claims_at": o.User.AsOf, "email": o.User.Email, "name": o.User.Name, "created_at": noon, "erased_at": nil,
	})
	for _, t := range o.tasks {
		r := taskRow(t)
		r["id"], r["version"] = t.ID, int64(t.Version)
		insert("tasks", r)
	}
	for i, c := range o.log {
		r := taskRow(c.Task)
		r["task_id"], r["rev"], r["prev_rev"], r["set_rev"], r["op"] =
			c.Task.ID, int64(c.Rev), int64(c.PrevRev), int64(c.SetRev), int64(c.Op)
		r["request_id"], r["at"], r["before"] = c.RequestID, c.At, orNil(o.texts[i])
		r["title"] = orNil(c.Task.Title)
		insert("changes", r)
	}
	o.keys(func(key string, status int, first, last todo.Rev, result string) {
		r := row{
			"user_id": owner, "key": key, "fingerprint": []byte(key), "status": int64(status), "rev": nil, "rev_to": nil,
			"result": orNil(result), "created_at": noon,
		}
		if first > 0 {
			r["rev"], r["rev_to"] = int64(first), int64(last)
		}
		insert("idempotency_keys", r)
	})
	o.signedUp(insert)
}

// keys calls insert with what is kept of each of their keys.
func (o *oldLife) keys(insert func(key string, status int, first, last todo.Rev, result string)) {
	insert("create", 201, 1, 1, "")
	insert("edit", 200, 2, 2, "")
	insert("purge", 204, 12, 12, "")
	insert("clear", 200, 9, 9, "")
	insert("nothing", 200, 0, 0, "")
	insert("gone", 200, 0, 0, "")
	insert("unchanged", 200, 0, 0, columnsText(o.after(16)))
	insert("unchanged, all of it", 200, 0, 0, columnsText(o.after(5)))
	insert("batch", 200, 5, 7, fmt.Sprintf(`{"tasks":[%d,%d,%d,%[1]d],"results":[
		{"ref":"a","op":3,"task":%[4]s},{"op":5,"task":%[5]s},{"op":2,"task":%[6]s},
		{"op":2,"error":{"Code":2,"Message":"Task not found","Fields":null,"RetryAfter":0,"Current":null,"Cause":null}},
		{"op":2,"error":{"Code":1,"Message":"title must not be empty","Fields":[
			{"Field":"title","Message":"must not be empty"}],
			"RetryAfter":0,"Current":null,"Cause":null}},
		{"op":2,"error":{"Code":6,"Message":"The task was changed","Fields":null,"RetryAfter":0,"Current":%[4]s,
			"Cause":null}}]}`,
		o.id+done, o.id+deleted, o.id+edited, structText(o.after(5)), structText(o.after(6)), structText(o.after(7))))
}

// signedUp calls insert with each row that isn't about tasks.
func (o *oldLife) signedUp(insert func(table string, r row)) {
	owner := string(o.ID)
	insert("accounts", row{
		"user_id": owner, "email": o.account.Email, "name": o.account.Name, "password_hash": o.account.PasswordHash,
		"created_at": o.account.CreatedAt,
	})
	insert("emails", row{"email": o.account.Email, "user_id": owner})
	insert("sessions", row{
		"user_id": owner, "sid": o.session.ID, "refresh_hash": o.session.RefreshHash, "sealed": o.session.Sealed,
		"created_at": o.session.CreatedAt, "expires_at": o.session.ExpiresAt,
	})
	insert("imports", row{
		"user_id": owner, "source": o.imported.Source, "old_id": o.imported.OldID, "task_id": o.imported.TaskID,
		"created_at": o.imported.CreatedAt,
	})
	insert("tickets", row{
		"user_id": owner, "hash": o.ticket.Hash, "sid": o.ticket.SessionID, "token_iat": o.ticket.AsOf,
		"token_exp": o.ticket.ExpiresAt, "expires_at": o.ticket.Until,
	})
}

// taskRow returns the columns of a task that it has in tasks and in the log alike.
func taskRow(t todo.Task) row {
	r := row{
		"user_id": string(t.Owner), "title": t.Title, "description": nil, "completed": t.Completed,
		"priority": int64(t.Priority), "due_date": nil, "due_all_day": false, "completed_at": nil, "created_at": t.CreatedAt,
		"updated_at": t.UpdatedAt, "deleted_at": nil,
	}
	if t.Description != nil {
		r["description"] = *t.Description
	}
	if t.Due != nil {
		r["due_date"], r["due_all_day"] = t.Due.At, t.Due.AllDay
	}
	if t.CompletedAt != nil {
		r["completed_at"] = *t.CompletedAt
	}
	if t.DeletedAt != nil {
		r["deleted_at"] = *t.DeletedAt
	}
	return r
}

// orNil returns nil for "".
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// columnsText returns a task that stayed as it was, in the JSON that was kept with the key.
func columnsText(t todo.Task) string {
	dueAt, allDay := "null", false
	if t.Due != nil {
		dueAt, allDay = microsText(&t.Due.At), t.Due.AllDay
	}
	return fmt.Sprintf(`{"id":%d,"version":%d,"title":%q,"description":%s,"completed":%t,"priority":%d,"due_date":%s,`+
		`"due_all_day":%t,"completed_at":%s,"created_at":%s,"updated_at":%s}`, t.ID, t.Version, t.Title,
		quotedOrNull(t.Description), t.Completed, t.Priority, dueAt, allDay, microsText(t.CompletedAt),
		microsText(&t.CreatedAt), microsText(&t.UpdatedAt))
}

// structText returns a task in the JSON that was kept with the key of a batch.
func structText(t todo.Task) string {
	dueText := "null"
	if t.Due != nil {
		dueText = fmt.Sprintf(`{"At":%s,"AllDay":%t}`, rfcText(&t.Due.At), t.Due.AllDay)
	}
	return fmt.Sprintf(`{"ID":%d,"Owner":%q,"Version":%d,"Title":%q,"Description":%s,"Completed":%t,"Priority":%d,`+
		`"Due":%s,"CompletedAt":%s,"CreatedAt":%s,"UpdatedAt":%s,"DeletedAt":%s}`, t.ID, t.Owner, t.Version, t.Title,
		quotedOrNull(t.Description), t.Completed, t.Priority, dueText, rfcText(t.CompletedAt), rfcText(&t.CreatedAt),
		rfcText(&t.UpdatedAt), rfcText(t.DeletedAt))
}

// quotedOrNull returns a text in JSON.
func quotedOrNull(s *string) string {
	if s == nil {
		return "null"
	}
	return strconv.Quote(*s)
}

// microsText returns a time in microseconds since 1970, in JSON.
func microsText(t *time.Time) string {
	if t == nil {
		return "null"
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}

// rfcText returns a time of RFC 3339 in JSON.
func rfcText(t *time.Time) string {
	if t == nil {
		return "null"
	}
	return strconv.Quote(t.Format(time.RFC3339Nano))
}
