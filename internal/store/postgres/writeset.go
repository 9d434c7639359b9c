package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"todod/internal/todo"
)

// raisedColumns are the columns of users that a change writes.
var raisedColumns = columns[todo.Owner]{
	holding("rev", "bigint", func(o *todo.Owner) int64 { return int64(o.Rev) }),
	holding("task_count", "integer", func(o *todo.Owner) int32 { return int32(o.Count) }), //nolint:gosec // bounded by quotas
	holding("changed_at", "timestamptz", func(o *todo.Owner) time.Time { return o.ChangedAt }),
	holding("email", "text", func(o *todo.Owner) *string { return orNull(o.Claims.Email) }),
	holding("name", "text", func(o *todo.Owner) *string { return orNull(o.Claims.Name) }),
	holding("claims_at", "timestamptz", func(o *todo.Owner) time.Time { return o.Claims.AsOf }),
}

// An ownedKey is what is remembered of an idempotency key, with whose it is.
type ownedKey struct {
	owner todo.UserID
	*todo.StoredKey
}

// keyColumns are those of idempotency_keys.
var keyColumns = columns[ownedKey]{
	holding("key", "text", func(k *ownedKey) string { return k.Key }),
	holding("fingerprint", "bytea", func(k *ownedKey) []byte { return k.Fingerprint }),
	holding("status", "smallint", func(k *ownedKey) int16 { return int16(k.Status) }), //nolint:gosec // of HTTP
	holding("rev", "bigint", func(k *ownedKey) *int64 { return revOrNull(k.Rev) }),
	holding("rev_to", "bigint", func(k *ownedKey) *int64 { return revOrNull(k.RevTo) }),
	holding("result", "jsonb", func(k *ownedKey) []byte { return k.Answer }),
	holding("created_at", "timestamptz", func(k *ownedKey) time.Time { return k.At }),
}

// An ownedImport is the note of an imported task, with whose it is.
type ownedImport struct {
	owner todo.UserID
	todo.Import
}

// importColumns are those of imports.
var importColumns = columns[ownedImport]{
	holding("source", "text", func(i *ownedImport) string { return i.Source }),
	holding("old_id", "text", func(i *ownedImport) string { return i.OldID }),
	holding("task_id", "bigint", func(i *ownedImport) int64 { return i.TaskID }),
	holding("created_at", "timestamptz", func(i *ownedImport) time.Time { return i.CreatedAt }),
}

// orNull returns nil for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// revOrNull returns nil for no revision.
func revOrNull(rev todo.Rev) *int64 {
	if rev == 0 {
		return nil
	}
	n := int64(rev)
	return &n
}

// written is what a transaction writes.
type written struct {
	owners  []*todo.Owner // who changed something, as they are then
	entries []*entry
	keys    []*ownedKey
	imports []*ownedImport
}

// writes returns the statements that write what was decided, none if that is nothing.
func (t *transaction) writes() ([]statement, error) {
	w := &written{}
	for _, c := range t.changes {
		if err := w.add(c.Owner, &c.Write); err != nil {
			return nil, err
		}
	}
	raised := map[todo.UserID]bool{}
	for _, e := range w.entries {
		raised[e.Task.Owner] = true
	}
	for _, id := range t.people {
		if raised[id] {
			w.owners = append(w.owners, t.found.owners[id])
		}
	}
	w.settle()
	return w.statements(), nil
}

// add adds what owner's change has decided.
func (w *written) add(owner todo.UserID, set *todo.WriteSet) error {
	for i := range set.Changes {
		e := &entry{Change: &set.Changes[i]}
		if e.Before != nil {
			var err error
			if e.before, err = e.Before.Encode(); err != nil {
				return err
			}
		}
		w.entries = append(w.entries, e)
	}
	if set.Key != nil {
		w.keys = append(w.keys, &ownedKey{owner, set.Key})
	}
	for _, i := range set.Imports {
		w.imports = append(w.imports, &ownedImport{owner, i})
	}
	return nil
}

// settle says of each entry what becomes of its task: the last entry of each task writes it.
func (w *written) settle() {
	last, isNew := make(map[int64]*entry, len(w.entries)), make(map[int64]bool, len(w.entries))
	for _, e := range w.entries {
		last[e.Task.ID] = e
		isNew[e.Task.ID] = isNew[e.Task.ID] || e.Op == todo.Created
	}
	for id, e := range last {
		switch {
		case e.Op == todo.Purged:
		case isNew[id]:
			e.how = insertTask
		default:
			e.how = updateTask
		}
	}
}

// statements returns what writes w.
func (w *written) statements() (all []statement) {
	switch len(w.entries) {
	case 0:
	case 1:
		all = w.single(w.owners[0], w.entries[0])
	default:
		owners := w.owners
		for some := range slices.Chunk(w.entries, entriesAtOnce) {
			all = append(all, many(owners, some))
			owners = nil
		}
	}
	if len(w.imports) > 0 {
		owners := ownersOf(w.imports, func(i *ownedImport) todo.UserID { return i.owner })
		args := append(append([]any{owners}, importColumns.arrays(w.imports)...), len(owners))
		all = append(all, statement{sql: noteImports, args: args})
	}
	if len(w.keys) > 0 {
		owners := ownersOf(w.keys, func(k *ownedKey) todo.UserID { return k.owner })
		args := append(append([]any{owners}, keyColumns.arrays(w.keys)...), len(owners))
		all = append(all, statement{sql: putKeys, args: args})
	}
	return all
}

// ownersOf returns whose each of rows is.
func ownersOf[T any](rows []*T, owner func(*T) todo.UserID) []string {
	all := make([]string, len(rows))
	for i, row := range rows {
		all[i] = string(owner(row))
	}
	return all
}

// What is written beside tasks and the log. The last argument is how many rows that must be: if there are others, it fails,
// and with it the transaction. A row of the same key that is there is no longer alive.
var (
	noteImports = countedSQL("imports", importColumns, "")
	putKeys     = countedSQL("idempotency_keys", keyColumns,
		` on conflict (user_id, key) do update set `+keyColumns[1:].assignmentsOf("excluded"))
)

// countedSQL inserts rows that come in arrays.
func countedSQL[T any](table string, c columns[T], conflict string) string {
	return fmt.Sprintf(`with p as materialized (%s),
		i as (insert into todod.%s (user_id, %[3]s) select user_id, %[3]s from p%[4]s returning 1 as one)
		select 1 / ((select count(*) from i) = $%[5]d::bigint)::int`, c.fromArrays(1), table, c.names(""), conflict, 2+len(c))
}

// singleSQL writes one change, as one statement whose arguments are the columns: for one, that costs less than sets. It
// fails, and with it the transaction, unless it finds the owner and the task. change is what becomes of the task.
func singleSQL(change string) string {
	task := 2 + len(raisedColumns)
	return fmt.Sprintf(`with u as (update todod.users set %s where user_id = $1 returning 1 as one),
		t as (%s returning 1 as one),
		l as (insert into todod.changes (user_id, task_id, rev, %s, %s) values ($1, $%d, $%d, %s, %s) returning 1 as one)
		select 1 / ((select count(*) from u) = 1 and (select count(*) from t) = 1)::int`,
		raisedColumns.assignments(2), change, logged.names(""), logColumns.names(""), task, task+1,
		intoLog(func(i int, _ string) string { return "$" + strconv.Itoa(task+2+i) }), logColumns.arguments(task+len(taskColumns)))
}

// The statements that write one change of each kind.
var (
	insertOne = singleSQL(`insert into todod.tasks (user_id, ` + taskColumns.names("") + `)
		values ($1, ` + taskColumns.arguments(2+len(raisedColumns)) + `)`)
	updateOne = singleSQL(`update todod.tasks set ` + taskColumns.each(func(i int, c column[todo.Task]) string {
		return fmt.Sprintf("%s = $%d", c.name, 2+len(raisedColumns)+i)
	}) + ` where user_id = $1 and id = $` + strconv.Itoa(2+len(raisedColumns)))
	deleteOne = singleSQL(`delete from todod.tasks where user_id = $1 and id = $` + strconv.Itoa(2+len(raisedColumns)))
)

// single returns what writes one change.
func (w *written) single(o *todo.Owner, e *entry) (all []statement) {
	sql := updateOne
	switch {
	case e.Op == todo.Purged:
		sql = deleteOne
		all = append(all, statement{sql: blankLog, args: []any{o.ID, e.Task.ID, e.PrevRev}},
			statement{sql: blankKeys, args: []any{o.ID, e.Task.ID}})
	case e.how == insertTask:
		sql = insertOne
	}
	args := append(append([]any{o.ID}, raisedColumns.of(o)...), taskColumns.of(&e.Task)...)
	return append(all, statement{sql: sql, args: append(args, logColumns.of(e)...)})
}

// What removes what the log and the keys hold of a task that is gone for good. Its changes are found from its version backwards.
var (
	blankLog = `update todod.changes set ` + blanked + `
		where user_id = $1 and rev in (
			with recursive chain as (
				select rev, prev_rev from todod.changes where user_id = $1 and rev = $3 and task_id = $2
				union all
				select c.rev, c.prev_rev from chain join todod.changes c
					on c.user_id = $1 and c.rev = chain.prev_rev and c.task_id = $2
			)
			select rev from chain)`
	blankKeys = `update todod.idempotency_keys set result = null
		where user_id = $1 and (result -> 'id' = to_jsonb($2::bigint) or result -> 'tasks' @> to_jsonb($2::bigint))`
)

// entryColumns are those of the rows that many makes tasks and entries of the log from.
var entryColumns = func() (all columns[entry]) {
	for _, c := range taskColumns {
		all = append(all, column[entry]{name: c.name, typ: c.typ, values: func(entries []*entry) any {
			tasks := make([]*todo.Task, len(entries))
			for i, e := range entries {
				tasks[i] = &e.Task
			}
			return c.values(tasks)
		}})
	}
	all = append(all, logColumns...)
	return append(all, holding("how", "smallint", func(e *entry) int16 { return e.how }))
}()

// manySQL writes owners, tasks and the log for a whole group: $1 and the arguments behind it are the owners, the next ones
// the entries, the last four how many rows of each kind there must be. If there are others, it fails, and with it the
// transaction.
func manySQL(insert, update bool) string {
	entries := 2 + len(raisedColumns)
	expected := entries + 1 + len(entryColumns)
	sql := fmt.Sprintf(`with e as materialized (%s), p as materialized (%s),
		u as (update todod.users u set %s from p where u.user_id = p.user_id returning 1 as one)`,
		entryColumns.fromArrays(entries), raisedColumns.fromArrays(1), raisedColumns.assignmentsOf("p"))
	n, t := "0", "0"
	if insert {
		sql += fmt.Sprintf(`, n as (insert into todod.tasks (user_id, %[1]s) select user_id, %[1]s from e where how = %[2]d
			returning 1 as one)`, taskColumns.names(""), insertTask)
		n = `(select count(*) from n)`
	}
	if update {
		sql += fmt.Sprintf(`, t as (update todod.tasks t set %s from e
			where how = %d and t.user_id = e.user_id and t.id = e.id returning 1 as one)`, changeable.assignmentsOf("e"), updateTask)
		t = `(select count(*) from t)`
	}
	sql += fmt.Sprintf(`, l as (insert into todod.changes (user_id, task_id, rev, %s, %s)
		select user_id, id, version, %s, %s from e returning 1 as one)`,
		logged.names(""), logColumns.names(""), intoLog(func(_ int, name string) string { return name }), logColumns.names(""))
	return sql + fmt.Sprintf(`
		select 1 / ((select count(*) from u) = $%d::bigint and %s = $%d::bigint and %s = $%d::bigint
			and (select count(*) from l) = $%d::bigint)::int`, expected, n, expected+1, t, expected+2, expected+3)
}

// The forms of manySQL: a group that only makes tasks, or only changes some, needs less than one that does both.
var manyForms = map[[2]bool]string{
	{false, false}: manySQL(false, false), {true, false}: manySQL(true, false), {false, true}: manySQL(false, true),
	{true, true}: manySQL(true, true),
}

// entriesAtOnce is how many entries one statement writes at most: finding the nth of an array's texts takes n steps.
const entriesAtOnce = 128

// many returns what writes these owners and entries.
func many(owners []*todo.Owner, entries []*entry) statement {
	var inserts, updates int
	for _, e := range entries {
		switch e.how {
		case insertTask:
			inserts++
		case updateTask:
			updates++
		}
	}
	args := append([]any{ownersOf(owners, func(o *todo.Owner) todo.UserID { return o.ID })}, raisedColumns.arrays(owners)...)
	args = append(args, ownersOf(entries, func(e *entry) todo.UserID { return e.Task.Owner }))
	args = append(args, entryColumns.arrays(entries)...)
	args = append(args, len(owners), inserts, updates, len(entries))
	return statement{sql: manyForms[[2]bool{inserts > 0, updates > 0}], args: args}
}
