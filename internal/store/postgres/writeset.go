package postgres

import (
	"fmt"
	"slices"
	"strconv"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// written is what a transaction writes.
type written struct {
	owners  []*todo.Owner // who changed something, or of whom a key is remembered, as they are then
	entries []*sqlstore.Entry
	keys    []*todo.StoredKey
	keysOf  []string // whose each is
	imports []*todo.Import
	madeFor []string // whose each is

	listings []ownedListing
}

// An ownedListing is what of somebody's changes is to be listed.
type ownedListing struct {
	owner todo.UserID
	*todo.Listing
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
	for _, c := range t.changes {
		raised[c.Owner] = raised[c.Owner] || len(c.Write.Changes) > 0 || c.Write.Key != nil
	}
	for _, id := range t.people {
		if raised[id] {
			w.owners = append(w.owners, t.found.owners[id])
		}
	}
	sqlstore.Settle(w.entries)
	return w.statements(), nil
}

// add adds what owner's change has decided.
func (w *written) add(owner todo.UserID, set *todo.WriteSet) (err error) {
	if w.entries, err = sqlstore.Entries(w.entries, set.Changes); err != nil {
		return err
	}
	if set.Key != nil {
		w.keys, w.keysOf = append(w.keys, set.Key), append(w.keysOf, string(owner))
	}
	if set.Listing != nil {
		w.listings = append(w.listings, ownedListing{owner, set.Listing})
	}
	for i := range set.Imports {
		w.imports, w.madeFor = append(w.imports, &set.Imports[i]), append(w.madeFor, string(owner))
	}
	return nil
}

// statements returns what writes w.
func (w *written) statements() (all []statement) {
	if len(w.entries) == 1 && len(w.owners) == 1 && w.entries[0].How != sqlstore.LogOnly && w.entries[0].Task.ParentID == nil {
		all = append(all, single(w.owners[0], w.entries[0]))
	} else {
		owners := w.owners
		for some := range slices.Chunk(w.entries, entriesAtOnce) {
			all = append(all, many(owners, some))
			owners = nil
		}
		if len(owners) > 0 {
			all = append(all, many(owners, nil))
		}
		if owners, ids := sqlstore.NewParents(w.entries); len(ids) > 0 {
			all = append(all, statement{sql: markParents, args: []any{owners, ids}})
		}
		for _, o := range sqlstore.LeftObjects(w.entries) {
			all = append(all, statement{sql: putObject, args: of([]any{string(o.Owner)}, sqlstore.Objects, o)})
		}
		for _, e := range w.entries {
			if e.Op == todo.Purged {
				all = append(all, purge(e)...)
			}
		}
	}
	for _, l := range w.listings {
		all = append(all, listing(l)...)
	}
	if len(w.imports) > 0 {
		args := append(arrays([]any{w.madeFor}, sqlstore.Imports, w.imports), len(w.imports))
		all = append(all, statement{sql: noteImports, args: args})
	}
	if len(w.keys) > 0 {
		args := append(arrays([]any{w.keysOf}, sqlstore.Keys, w.keys), len(w.keys))
		all = append(all, statement{sql: putKeys, args: args})
	}
	return all
}

// listing returns what writes l.
func listing(l ownedListing) (all []statement) {
	owner := string(l.owner)
	if n := len(l.Passed); n > 0 {
		args := append(arrays([]any{slices.Repeat([]string{owner}, n)}, sqlstore.Occurrences, pointers(l.Passed)), n)
		all = append(all, statement{sql: putOccurrences, args: args})
	}
	if len(l.Back) > 0 {
		all = append(all, statement{sql: dropOccurrences, args: arrays([]any{owner}, sqlstore.Occurrences[:1], pointers(l.Back))})
	}
	return append(all, statement{sql: setListed, args: []any{owner, l.To}})
}

// pointers returns where each of list is.
func pointers[T any](list []T) []*T {
	all := make([]*T, len(list))
	for i := range list {
		all[i] = &list[i]
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
	noteImports    = countedSQL("imports", sqlstore.Imports, "")
	putOccurrences = countedSQL("occurrences", sqlstore.Occurrences,
		` on conflict (user_id, rev) do update set `+sqlstore.Occurrences[1:].AssignmentsOf("excluded"))
	putKeys = countedSQL("idempotency_keys", sqlstore.Keys,
		` on conflict (user_id, key) do update set `+sqlstore.Keys[1:].AssignmentsOf("excluded"))
)

// dropOccurrences removes occurrences that have been taken back; setListed says up to where the log was looked through.
const (
	dropOccurrences = `delete from todod.occurrences where user_id = $1 and rev = any ($2::bigint[])`
	setListed       = `update todod.users set listed = $2 where user_id = $1`
)

// countedSQL inserts rows that come in arrays.
func countedSQL[T any](table string, c sqlstore.Columns[T], conflict string) string {
	return fmt.Sprintf(`with p as materialized (%s),
		i as (insert into todod.%s (user_id, %[3]s) select user_id, %[3]s from p%[4]s returning 1 as one)
		select 1 / ((select count(*) from i) = $%[5]d::bigint)::int`, fromArrays(c, 1), table, c.Names(""), conflict, 2+len(c))
}

// firstOfTask is the number of singleSQL's first argument that is about a task.
var firstOfTask = 2 + len(sqlstore.Raised)

// singleSQL writes one change, as one statement whose arguments are the columns: for one, that costs less than sets. It
// fails, and with it the transaction, unless it writes the owner, the task and the log. change is what becomes of the task.
func singleSQL(change string) string {
	task := firstOfTask
	return fmt.Sprintf(`with u as (update todod.users set %s where user_id = $1 returning 1 as one),
		t as (%s returning 1 as one),
		l as (insert into todod.changes (user_id, task_id, rev, %s, %s) values ($1, $%d, $%d, %s, %s) returning 1 as one)
		select 1 / ((select count(*) from u) = 1 and (select count(*) from t) = 1 and (select count(*) from l) = 1)::int`,
		sqlstore.Raised.Assignments(sqlstore.From(2)), change, sqlstore.Logged.Names(""), sqlstore.Log.Names(""), task, task+1,
		sqlstore.IntoLog(func(i int, _ string) string { return "$" + strconv.Itoa(task+2+i) }),
		sqlstore.Log.Arguments(sqlstore.From(task+len(sqlstore.Tasks))))
}

// searchOfTask stands for singleSQL's last arguments, which hold what words are searched for in.
var searchOfTask = sqlstore.From(firstOfTask + len(sqlstore.Tasks) + len(sqlstore.Log))

// The statements that write one change of each kind.
var (
	insertOne = singleSQL(`insert into todod.tasks (user_id, ` + sqlstore.Tasks.Names("") + `, ` + sqlstore.Search.Names("") + `)
		values ($1, ` + sqlstore.Tasks.Arguments(sqlstore.From(firstOfTask)) + `, ` + sqlstore.Search.Arguments(searchOfTask) + `)`)
	updateOne = singleSQL(`update todod.tasks set ` + sqlstore.Tasks.Assignments(sqlstore.From(firstOfTask)) + `,
		` + sqlstore.Search.Replacements(searchOfTask, "") + ` where user_id = $1 and id = $` + strconv.Itoa(firstOfTask))
)

// single returns what writes one change.
func single(o *todo.Owner, e *sqlstore.Entry) statement {
	sql := updateOne
	if e.How == sqlstore.InsertTask {
		sql = insertOne
	}
	args := of(of([]any{o.ID}, sqlstore.Raised, o), sqlstore.Tasks, &e.Task)
	return statement{sql: sql, args: of(of(args, sqlstore.Log, e), sqlstore.Search, e)}
}

// What removes a task that goes for good, and what the log holds of it, once its last change has been written. The first
// fails, and with it the transaction, unless it finds the task. The changes are found from the last one backwards, and
// written where they were found, from which nobody moves them while the owner is locked: rather than to look them up by their
// revisions, the planner would read all of the owner's, which without statistics look like one.
var (
	deleteTask   = deleteSQL("tasks")
	deleteObject = deleteSQL("objects")
	// leaveTask removes the occurrences of a task. Those of one that has come back more often nobody sees, until they are old.
	leaveTask = `delete from todod.occurrences where user_id = $1 and rev = any (array (
		select rev from todod.occurrences where user_id = $1 and task_id = $2 limit 10000))`
	blankLog = `update todod.changes set ` + sqlstore.Blanked + `
		where user_id = $1 and ctid = any (array (
			with recursive chain as (
				select ctid as place, prev_rev from todod.changes where user_id = $1 and rev = $3 and task_id = $2
				union all
				select c.place, c.prev_rev from chain cross join lateral (select ctid as place, prev_rev from todod.changes
					where user_id = $1 and rev = chain.prev_rev and task_id = $2 limit 1) c
			)
			select place from chain))`
)

// deleteSQL removes a row of a table by its id.
func deleteSQL(table string) string {
	return `with t as (delete from todod.` + table + ` where user_id = $1 and id = $2 returning 1 as one)
		select 1 / ((select count(*) from t) = 1)::int`
}

// markParents notes of tasks that there are others that are a part of them. That is no change of theirs.
const markParents = `update todod.tasks t set has_children = true from unnest($1::text[], $2::bigint[]) p (user_id, id)
	where t.user_id = p.user_id and t.id = p.id and not t.has_children`

// putObject writes a list or label, new or not. It fails, and with it the transaction, unless it does.
var putObject = fmt.Sprintf(`with o as (insert into todod.objects (user_id, %s) values ($1, %s)
		on conflict (user_id, id) do update set %s returning 1 as one)
	select 1 / ((select count(*) from o) = 1)::int`,
	sqlstore.Objects.Names(""), sqlstore.Objects.Arguments(sqlstore.From(2)), sqlstore.Objects[1:].AssignmentsOf("excluded"))

// purge returns what removes the task or object of e.
func purge(e *sqlstore.Entry) []statement {
	owner, id := string(e.Task.Owner), e.Task.ID
	remove := deleteTask
	if e.Object != nil {
		remove = deleteObject
	}
	return []statement{
		{sql: remove, args: []any{owner, id}}, {sql: leaveTask, args: []any{owner, id}}, {sql: blankLog, args: []any{owner, id, e.PrevRev}},
	}
}

// searchOfEntry stands for what a row of entryColumns has for a column of sqlstore.Search.
func searchOfEntry(i int) string { return "e." + sqlstore.Search[i].Name }

// entryColumns are those of the rows that many makes tasks and entries of the log from.
var entryColumns = func() (all sqlstore.Columns[sqlstore.Entry]) {
	for _, c := range sqlstore.Tasks {
		all = append(all, sqlstore.Column[sqlstore.Entry]{Name: c.Name, Type: c.Type, Values: func(entries []*sqlstore.Entry) any {
			tasks := make([]*todo.Task, len(entries))
			for i, e := range entries {
				tasks[i] = &e.Task
			}
			return c.Values(tasks)
		}})
	}
	all = append(append(all, sqlstore.Log...), sqlstore.Search...)
	return append(all, sqlstore.Holding("how", "smallint", func(e *sqlstore.Entry) int16 { return e.How }))
}()

// manySQL writes owners, tasks and the log for a whole group: $1 and the arguments behind it are the owners, the next ones
// the entries, the last four how many rows of each kind there must be. If there are others, it fails, and with it the
// transaction.
func manySQL(insert, update bool) string {
	entries := 2 + len(sqlstore.Raised)
	expected := entries + 1 + len(entryColumns)
	sql := fmt.Sprintf(`with e as materialized (%s), p as materialized (%s),
		u as (update todod.users u set %s from p where u.user_id = p.user_id returning 1 as one)`,
		fromArrays(entryColumns, entries), fromArrays(sqlstore.Raised, 1), sqlstore.Raised.AssignmentsOf("p"))
	n, t := "0", "0"
	if insert {
		sql += fmt.Sprintf(`, n as (insert into todod.tasks (user_id, %[1]s) select user_id, %[1]s from e where how = %[2]d
			returning 1 as one)`, sqlstore.Tasks.Names("")+", "+sqlstore.Search.Names(""), sqlstore.InsertTask)
		n = `(select count(*) from n)`
	}
	if update {
		sql += fmt.Sprintf(`, t as (update todod.tasks t set %s, %s from e
			where how = %d and t.user_id = e.user_id and t.id = e.id returning 1 as one)`,
			sqlstore.Changeable.AssignmentsOf("e"), sqlstore.Search.Replacements(searchOfEntry, "t"), sqlstore.UpdateTask)
		t = `(select count(*) from t)`
	}
	sql += fmt.Sprintf(`, l as (insert into todod.changes (user_id, task_id, rev, %s, %s)
		select user_id, id, version, %s, %s from e returning 1 as one)`,
		sqlstore.Logged.Names(""), sqlstore.Log.Names(""), sqlstore.IntoLog(func(_ int, name string) string { return name }), sqlstore.Log.Names(""))
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
func many(owners []*todo.Owner, entries []*sqlstore.Entry) statement {
	var inserts, updates int
	for _, e := range entries {
		switch e.How {
		case sqlstore.InsertTask:
			inserts++
		case sqlstore.UpdateTask:
			updates++
		}
	}
	args := arrays([]any{ownersOf(owners, func(o *todo.Owner) todo.UserID { return o.ID })}, sqlstore.Raised, owners)
	args = append(args, ownersOf(entries, func(e *sqlstore.Entry) todo.UserID { return e.Task.Owner }))
	args = append(arrays(args, entryColumns, entries), len(owners), inserts, updates, len(entries))
	return statement{sql: manyForms[[2]bool{inserts > 0, updates > 0}], args: args}
}
