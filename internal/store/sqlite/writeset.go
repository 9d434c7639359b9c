package sqlite

import (
	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// The statements that write a change, each one row. A key that is there is no longer alive.
var (
	insertOwner = `insert into users (created_at, user_id, ` + sqlstore.Raised.Names("") + `)
		values (?, ?, ` + sqlstore.Raised.Arguments(sqlstore.InTurn) + `)`
	raiseOwner = `update users set ` + sqlstore.Raised.Assignments(sqlstore.InTurn) + ` where user_id = ?`
	insertTask = `insert into tasks (user_id, ` + sqlstore.Tasks.Names("") + `, ` + sqlstore.Search.Names("") + `)
		values (?, ` + sqlstore.Tasks.Arguments(sqlstore.InTurn) + `, ` + sqlstore.Search.Arguments(sqlstore.InTurn) + `)`
	updateTask = `update tasks set ` + sqlstore.Changeable.Assignments(sqlstore.InTurn) + `,
		` + sqlstore.Search.Replacements(sqlstore.InTurn, "") + ` where user_id = ? and id = ?`
	insertLog = `insert into changes (user_id, task_id, rev, ` + sqlstore.Logged.Names("") + `, ` + sqlstore.Log.Names("") + `)
		values (?, ?, ?, ` + sqlstore.IntoLog(func(int, string) string { return "?" }) + `,
			` + sqlstore.Log.Arguments(sqlstore.InTurn) + `)`
	markParent = `update tasks set has_children = 1 where user_id = ? and id = ? and not has_children`
	putObject  = `insert into objects (user_id, ` + sqlstore.Objects.Names("") + `)
		values (?, ` + sqlstore.Objects.Arguments(sqlstore.InTurn) + `)
		on conflict (id) do update set ` + sqlstore.Objects[1:].AssignmentsOf("excluded") + ` where user_id = excluded.user_id`
	putOccurrence = `insert into occurrences (user_id, ` + sqlstore.Occurrences.Names("") + `)
		values (?, ` + sqlstore.Occurrences.Arguments(sqlstore.InTurn) + `)
		on conflict (user_id, rev) do update set ` + sqlstore.Occurrences[1:].AssignmentsOf("excluded")
	dropOccurrence = `delete from occurrences where user_id = ? and rev = ?`
	setListed      = `update users set listed = ? where user_id = ?`

	noteImport = `insert into imports (user_id, ` + sqlstore.Imports.Names("") + `)
		values (?, ` + sqlstore.Imports.Arguments(sqlstore.InTurn) + `)`
	putKey = `insert into idempotency_keys (user_id, ` + sqlstore.Keys.Names("") + `)
		values (?, ` + sqlstore.Keys.Arguments(sqlstore.InTurn) + `)
		on conflict (user_id, key) do update set ` + sqlstore.Keys[1:].AssignmentsOf("excluded")
)

// write writes what was decided. The owner is already known as they are then.
func (p *part) write(w *todo.WriteSet) error {
	if w.Empty() {
		return nil
	}
	if err := p.raise(len(w.Changes) > 0 || w.Key != nil); err != nil {
		return err
	}
	if err := p.writeChanges(w.Changes); err != nil {
		return err
	}
	if w.Listing != nil {
		if err := p.writeListing(w.Listing); err != nil {
			return err
		}
	}
	for i := range w.Imports {
		if err := p.affectOne(noteImport, argumentsOf(sqlstore.Imports, &w.Imports[i], string(p.owner))...); err != nil {
			return err
		}
	}
	if w.Key == nil {
		return nil
	}
	return p.affectOne(putKey, argumentsOf(sqlstore.Keys, w.Key, string(p.owner))...)
}

// raise writes the owner, if there is something new of them or nobody knew them.
func (p *part) raise(changed bool) error {
	switch o := p.known.Owner; {
	case !p.isKnown:
		p.isKnown = true
		return p.affectOne(insertOwner, argumentsOf(sqlstore.Raised, o, p.at.UnixMicro(), string(p.owner))...)
	case changed:
		return p.affectOne(raiseOwner, append(argumentsOf(sqlstore.Raised, o), string(p.owner))...)
	}
	return nil
}

// writeChanges writes each task as its last change leaves it, and all changes to the log.
func (p *part) writeChanges(changes []todo.Change) error {
	entries, err := sqlstore.Entries(nil, changes)
	if err != nil {
		return err
	}
	sqlstore.Settle(entries)
	for _, e := range entries {
		if err := p.writeTask(e); err != nil {
			return err
		}
		args := argumentsOf(sqlstore.Log, e, argumentsOf(sqlstore.Tasks, &e.Task, string(p.owner))...)
		if err := p.affectOne(insertLog, args...); err != nil {
			return err
		}
	}
	_, parents := sqlstore.NewParents(entries)
	for _, id := range parents {
		if _, err := p.exec(markParent, string(p.owner), id); err != nil {
			return err
		}
	}
	for _, o := range sqlstore.LeftObjects(entries) {
		if err := p.affectOne(putObject, argumentsOf(sqlstore.Objects, o, string(p.owner))...); err != nil {
			return err
		}
	}
	return nil
}

// writeListing writes what of the log is to be listed.
func (p *part) writeListing(l *todo.Listing) error {
	for i := range l.Passed {
		if err := p.affectOne(putOccurrence, argumentsOf(sqlstore.Occurrences, &l.Passed[i], string(p.owner))...); err != nil {
			return err
		}
	}
	for i := range l.Back {
		if _, err := p.exec(dropOccurrence, string(p.owner), int64(l.Back[i].Occurrence.Rev)); err != nil {
			return err
		}
	}
	return p.affectOne(setListed, int64(l.To), string(p.owner))
}

// writeTask does to the task of e what is to become of it.
func (p *part) writeTask(e *sqlstore.Entry) error {
	switch {
	case e.Op == todo.Purged:
		return p.purge(e.Change)
	case e.How == sqlstore.InsertTask:
		return p.affectOne(insertTask, argumentsOf(sqlstore.Search, e, argumentsOf(sqlstore.Tasks, &e.Task, string(p.owner))...)...)
	case e.How == sqlstore.UpdateTask:
		args := argumentsOf(sqlstore.Search, e, argumentsOf(sqlstore.Changeable, &e.Task)...)
		return p.affectOne(updateTask, append(args, string(p.owner), e.Task.ID)...)
	}
	return nil
}

// What removes a task for good, and what the log holds of it. Its changes are found from its version
// backwards.
var (
	deleteTask   = `delete from tasks where user_id = ?1 and id = ?2`
	deleteObject = `delete from objects where user_id = ?1 and id = ?2`
	// leaveTask removes the occurrences of a task. Those of one that has come back more often nobody sees, until they are old.
	leaveTask = `delete from occurrences where user_id = ?1 and rev in (
		select rev from occurrences where user_id = ?1 and task_id = ?2 limit 10000)`
	blankLog = `update changes set ` + sqlstore.Blanked + `
		where user_id = ?1 and rev in (
			with recursive chain (rev, prev_rev) as (
				select rev, prev_rev from changes where user_id = ?1 and rev = ?3 and task_id = ?2
				union all
				select c.rev, c.prev_rev from chain join changes c
					on c.user_id = ?1 and c.rev = chain.prev_rev and c.task_id = ?2
			)
			select rev from chain)`
)

// purge removes the task or object of c for good. Of its changes remains that there were any.
func (p *part) purge(c *todo.Change) error {
	remove := deleteTask
	if c.Object != nil {
		remove = deleteObject
	}
	if err := p.affectOne(remove, string(p.owner), c.Task.ID); err != nil {
		return err
	}
	if _, err := p.exec(leaveTask, string(p.owner), c.Task.ID); err != nil {
		return err
	}
	_, err := p.exec(blankLog, string(p.owner), c.Task.ID, int64(c.PrevRev))
	return err
}
