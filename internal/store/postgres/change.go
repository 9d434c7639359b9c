package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/store/fieldjson"
	"todod/internal/todo"
)

// A change is one statement that changes a task. It has a snapshot younger than the owner's lock, and all that it does
// hangs off one arm, u, which raises the owner's revision:
//
//	k     the live row of the same key, in the form for changes that are to happen once
//	who   whether the caller's token belongs to a former life
//	cur   the task, unless there is a k
//	ok    whether it is at a version that is wanted
//	new   what is to become of it
//	d     whether that is something else
//	u     the owner, with their revision raised
//	t     the task, written
//	c     the entry of the log
//	past  the log's earlier entries, and keys: what becomes of them when a task goes for good
//	i     the row of the key
//
// Its arguments are $1–$5 of raise, $6 the request's id, then its own, and those of the key.
type change struct {
	own     int    // how many arguments of its own there are
	cur     string // as a SELECT with image and deleted_at, "" for a task that is new
	new     string // as a SELECT from cur, "" for none
	differs string // a condition on cur and new
	also    string // what else to set in users
	within  string // a condition on users, without which the quota is reached
	write   string // returns image and deleted_at
	op      string // of t and cur
	before  string // of t and cur, as jsonb
	logged  string // the columns of the log that hold the task, of t
	past    string // what becomes of the log's earlier entries, "" for nothing
	keys    string // and of what keys hold; {other} stands for a condition that leaves out the row of the key
}

// image are the columns of tasks that the log has, too, in the order of imageColumns.
const image = `id, version, title, description, completed, priority, due_date, due_all_day, completed_at, created_at,
	updated_at, deleted_at`

// imageOf returns the columns of image, each of the named table.
func imageOf(table string) string {
	columns := strings.Fields(strings.ReplaceAll(image, ",", " "))
	return table + "." + strings.Join(columns, ", "+table+".")
}

// The outcomes that a change reports.
const (
	changed = iota + 1
	same
	notAsRequired
	replayed
	keyReused
	nobody
	quotaReached
)

// nothing are the columns of an outcome without a task, in the order of image.
const nothing = `0, 0, '', null, false, 1, null, false, null, $2, $2, null`

// A changeSQL is a change in SQL: as it is, and in the form for changes that are to happen once.
type changeSQL struct{ plain, once string }

// compile writes c in SQL.
func (c change) compile() changeSQL { return changeSQL{plain: c.sql(false), once: c.sql(true)} }

// sql writes c in one of its two forms: its arms, and what it reports.
func (c change) sql(once bool) string {
	var arms []string
	arm := func(name, sql string) { arms = append(arms, name+" as ("+sql+")") }
	unlessKey := ""
	if once {
		arm("k", findKey)
		unlessKey = " and not exists (select from k)"
	}
	arm("who", `select coalesce(erased_at >= $3, false) as gone from todod.users where user_id = $1`)
	if c.cur == "" {
		arm("d", `select from who where not gone`+unlessKey)
	} else {
		arm("cur", c.cur+` and not (select gone from who)`+unlessKey)
		arm("ok", `select from cur where $8::bigint[] is null or version = any ($8)`)
		from := "ok, cur"
		if c.new != "" {
			arm("new", c.new)
			from += ", new"
		}
		arm("d", `select from `+from+` where `+c.differs)
	}
	arm("u", raise+c.also+` where user_id = $1 and exists (select from d) `+c.within+` returning rev as new_rev`)
	arm("t", c.write)
	arm("c", c.log())
	if c.past != "" {
		arm("past", c.past)
		arm("keys", c.keys)
	}
	if once {
		arm("i", c.remember())
	}
	return c.number("with "+strings.Join(arms, ",\n")+c.report(once), once)
}

// findKey finds the live row of the key.
const findKey = `select fingerprint, rev, result from todod.idempotency_keys
	where user_id = $1 and key = {key} and created_at > {since}`

// log returns the SQL of the entry in the log.
func (c change) log() string {
	from, was := "t", "0"
	if c.cur != "" {
		from, was = "t, cur", "cur.version"
	}
	return fmt.Sprintf(`
		insert into todod.changes (user_id, rev, prev_rev, set_rev, op, task_id, before, title, description, completed,
			priority, due_date, due_all_day, completed_at, created_at, updated_at, deleted_at, request_id, at)
		select $1, t.version, %s, t.version, %s, t.id, %s, %s, $6, $2 from %s`, was, c.op, c.before, c.logged, from)
}

// unchanged holds when a task is as it is to become.
const unchanged = `exists (select from ok) and not exists (select from d)`

// remember returns the SQL that writes the key. A row of the same key that is there is no longer alive.
func (c change) remember() string {
	kept := ""
	if c.cur != "" {
		kept = `
		union all
		select $1, {key}, {fingerprint}, {status}, null, null, ` + asJSON("cur") + `, $2 from cur where ` + unchanged
	}
	return `
		insert into todod.idempotency_keys (user_id, key, fingerprint, status, rev, rev_to, result, created_at)
		select $1, {key}, {fingerprint}::bytea, {status}::smallint, t.version, t.version, null::jsonb, $2 from t` + kept + `
		on conflict (user_id, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
			rev = excluded.rev, rev_to = excluded.rev_to, result = excluded.result, created_at = excluded.created_at`
}

// report returns the SQL of the one row that says what became of it: the outcome, a result and the columns of image.
func (c change) report(once bool) string {
	rows := []string{
		`select 1, null::jsonb, ` + image + ` from t`,
		`select 6, null, ` + nothing + ` from who where gone`,
		`select 7, null, ` + nothing + ` from d where not exists (select from u)`,
	}
	if c.cur != "" {
		rows = append(rows, `select 2, null, `+image+` from cur where `+unchanged,
			`select 3, null, `+image+` from cur where not exists (select from ok)`)
	}
	if once {
		rows = append(rows, answered)
	}
	return "\n" + strings.Join(rows, "\nunion all\n")
}

// answered is what a key that was found says: its outcome as the log has it, or that it belongs to another request.
const answered = `select case when k.fingerprint = {fingerprint} then 4 else 5 end, k.result, coalesce(c.task_id, 0),
		coalesce(c.rev, 0), coalesce(c.title, ''), c.description, coalesce(c.completed, false), coalesce(c.priority, 1),
		c.due_date, coalesce(c.due_all_day, false), c.completed_at, coalesce(c.created_at, $2), coalesce(c.updated_at, $2),
		c.deleted_at
	from k left join todod.changes c on c.user_id = $1 and c.rev = k.rev`

// number puts the numbers of the key's arguments into sql: they come after c's own. {other} leaves out the key's row.
func (c change) number(sql string, once bool) string {
	other := ""
	if once {
		other = "and key <> {key}"
	}
	sql = strings.ReplaceAll(sql, "{other}", other)
	for i, name := range []string{"{key}", "{fingerprint}", "{status}", "{since}"} {
		sql = strings.ReplaceAll(sql, name, fmt.Sprintf("$%d", 7+c.own+i))
	}
	return sql
}

// asJSON returns the SQL of a row of tasks as fieldjson has it.
func asJSON(row string) string {
	var b strings.Builder
	for _, column := range []string{"id", "version", "title", "description", "completed", "priority", "due_all_day"} {
		fmt.Fprintf(&b, "'%[2]s', %[1]s.%[2]s, ", row, column)
	}
	for _, column := range []string{"due_date", "completed_at", "created_at", "updated_at"} {
		fmt.Fprintf(&b, "'%s', %s, ", column, microsOf(row+"."+column))
	}
	return "jsonb_build_object(" + strings.TrimSuffix(b.String(), ", ") + ")"
}

// microsOf returns the SQL of a time in microseconds since 1970.
func microsOf(column string) string { return "(extract(epoch from " + column + ") * 1000000)::bigint" }

// raise is the arm of every change that raises the owner's revision and follows what their token says of them, unless a
// newer token has said something else. Conditions can be added to it. Its arguments are those of raiseArgs.
const raise = `update todod.users set rev = rev + 1, changed_at = $2,
		email = case when $3 >= claims_at then coalesce($4, email) else email end,
		name = case when $3 >= claims_at then coalesce($5, name) else name end,
		claims_at = greatest(claims_at, $3)`

// raiseArgs returns the arguments $1 to $5 of every change, followed by the change's own.
func raiseArgs(owner todo.UserID, w todo.Write, own ...any) []any {
	return append([]any{owner, w.At, claimsAsOf(w), orNull(w.By.Email), orNull(w.By.Name)}, own...)
}

// claimsAsOf returns when the token behind w was issued. One that doesn't say counts as the oldest.
func claimsAsOf(w todo.Write) time.Time {
	if w.By.AsOf.IsZero() {
		return time.Unix(0, 0)
	}
	return w.By.AsOf
}

// orNull returns nil for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// change carries out one of the changes below with its own arguments. No row is NoTask; quota is for QuotaReached.
func (s *Store) change(
	ctx context.Context, owner todo.UserID, sql changeSQL, quota int, w todo.Write, own ...any,
) (todo.WriteResult, error) {
	text, args := sql.plain, append(raiseArgs(owner, w, orNull(w.RequestID)), own...)
	if idempotency := w.Idempotency; idempotency != nil {
		text, args = sql.once, append(args, idempotency.Key, idempotency.Fingerprint, idempotency.Status, idempotency.Since)
	}
	var found *verdict
	err := s.write(ctx, owner, w, statement{text, args, func(rows pgx.Rows) (err error) {
		if found = nil; rows.Next() {
			found, err = scanVerdict(rows, owner)
		}
		return err
	}})
	switch {
	case err != nil:
		return todo.WriteResult{}, err
	case found == nil:
		return todo.WriteResult{}, todo.NoTask()
	}
	return found.outcome(quota)
}

// A verdict is what a change reports.
type verdict struct {
	kind   int
	result []byte // the task as JSON, if that is how it was kept
	task   todo.Task
}

// scanVerdict reads the row of a change.
func scanVerdict(row pgx.Rows, owner todo.UserID) (*verdict, error) {
	v := &verdict{}
	var img taskImage
	if err := row.Scan(append([]any{&v.kind, &v.result}, img.into()...)...); err != nil {
		return nil, err
	}
	v.task = img.of(owner)
	if v.result != nil {
		var err error
		if v.task, err = fieldjson.ParseTask(v.result, owner); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// outcome returns what the verdict means.
func (v *verdict) outcome(quota int) (todo.WriteResult, error) {
	switch v.kind {
	case notAsRequired:
		return todo.WriteResult{}, todo.PreconditionFailed(v.task)
	case replayed:
		return todo.WriteResult{Task: v.task, Replayed: true}, nil
	case keyReused:
		return todo.WriteResult{}, todo.IdempotencyKeyReused()
	case nobody:
		return todo.WriteResult{}, todo.TokenRevoked()
	case quotaReached:
		return todo.WriteResult{}, todo.QuotaReached(quota)
	}
	return todo.WriteResult{Task: v.task}, nil
}

// taskImage takes the columns of image.
type taskImage struct {
	task   todo.Task
	due    *time.Time
	allDay bool
}

// into returns where to scan the columns.
func (i *taskImage) into() []any {
	t := &i.task
	return []any{
		&t.ID, &t.Version, &t.Title, &t.Description, &t.Completed, &t.Priority, &i.due, &i.allDay, &t.CompletedAt,
		&t.CreatedAt, &t.UpdatedAt, &t.DeletedAt,
	}
}

// of returns the task that was scanned, as one of owner's.
func (i *taskImage) of(owner todo.UserID) todo.Task {
	t := i.task
	t.Owner = owner
	if i.due != nil {
		t.Due = &todo.Due{At: *i.due, AllDay: i.allDay}
	}
	return t
}
