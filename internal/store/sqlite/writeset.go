package sqlite

import (
	"todod/internal/todo"
)

// raisedColumns are the columns of users that a change writes.
var raisedColumns = columns[todo.Owner]{
	holding("rev", func(o *todo.Owner) any { return int64(o.Rev) }),
	holding("task_count", func(o *todo.Owner) any { return int64(o.Count) }),
	holding("changed_at", func(o *todo.Owner) any { return o.ChangedAt.UnixMicro() }),
	holding("email", func(o *todo.Owner) any { return orNull(o.Claims.Email) }),
	holding("name", func(o *todo.Owner) any { return orNull(o.Claims.Name) }),
	holding("claims_at", func(o *todo.Owner) any { return claimsAt(o.Claims.AsOf) }),
}

// keyColumns are those of idempotency_keys.
var keyColumns = columns[todo.StoredKey]{
	holding("key", func(k *todo.StoredKey) any { return k.Key }),
	holding("fingerprint", func(k *todo.StoredKey) any { return k.Fingerprint }),
	holding("status", func(k *todo.StoredKey) any { return int64(k.Status) }),
	holding("rev", func(k *todo.StoredKey) any { return revOrNull(k.Rev) }),
	holding("rev_to", func(k *todo.StoredKey) any { return revOrNull(k.RevTo) }),
	holding("result", func(k *todo.StoredKey) any { return nullText(k.Answer) }),
	holding("created_at", func(k *todo.StoredKey) any { return k.At.UnixMicro() }),
}

// importColumns are those of imports.
var importColumns = columns[todo.Import]{
	holding("source", func(i *todo.Import) any { return i.Source }),
	holding("old_id", func(i *todo.Import) any { return i.OldID }),
	holding("task_id", func(i *todo.Import) any { return i.TaskID }),
	holding("created_at", func(i *todo.Import) any { return i.CreatedAt.UnixMicro() }),
}

// revOrNull returns nil for no revision.
func revOrNull(rev todo.Rev) any {
	if rev == 0 {
		return nil
	}
	return int64(rev)
}

// The statements that write a change, each one row. A key that is there is no longer alive.
var (
	insertOwner = `insert into users (created_at, user_id, ` + raisedColumns.names("") + `)
		values (?, ?, ` + raisedColumns.arguments() + `)`
	raiseOwner = `update users set ` + raisedColumns.assignments() + ` where user_id = ?`
	insertTask = `insert into tasks (user_id, ` + taskColumns.names("") + `)
		values (?, ` + taskColumns.arguments() + `)`
	updateTask = `update tasks set ` + changeable.assignments() + ` where user_id = ? and id = ?`
	insertLog  = `insert into changes (user_id, task_id, rev, ` + logged.names("") + `, ` + logColumns.names("") + `)
		values (?, ?, ?, ` + intoLog() + `, ` + logColumns.arguments() + `)`
	noteImport = `insert into imports (user_id, ` + importColumns.names("") + `)
		values (?, ` + importColumns.arguments() + `)`
	putKey = `insert into idempotency_keys (user_id, ` + keyColumns.names("") + `)
		values (?, ` + keyColumns.arguments() + `)
		on conflict (user_id, key) do update set ` + keyColumns[1:].assignmentsOf("excluded")
)

// write writes what was decided. The owner is already known as they are then.
func (p *part) write(w *todo.WriteSet) error {
	if w.Empty() {
		return nil
	}
	if err := p.raise(len(w.Changes) > 0); err != nil {
		return err
	}
	if err := p.writeChanges(w.Changes); err != nil {
		return err
	}
	for i := range w.Imports {
		if err := p.affectOne(noteImport, importColumns.of(&w.Imports[i], string(p.owner))...); err != nil {
			return err
		}
	}
	if w.Key == nil {
		return nil
	}
	return p.affectOne(putKey, keyColumns.of(w.Key, string(p.owner))...)
}

// raise writes the owner, if there are changes of theirs or nobody knew them.
func (p *part) raise(changed bool) error {
	switch o := p.known.Owner; {
	case !p.isKnown:
		return p.affectOne(insertOwner, raisedColumns.of(o, p.at.UnixMicro(), string(p.owner))...)
	case changed:
		return p.affectOne(raiseOwner, append(raisedColumns.of(o), string(p.owner))...)
	}
	return nil
}

// writeChanges writes each task as its last change leaves it, and all changes to the log.
func (p *part) writeChanges(changes []todo.Change) error {
	last, isNew := make(map[int64]int, len(changes)), map[int64]bool{}
	for i := range changes {
		id := changes[i].Task.ID
		last[id] = i
		isNew[id] = isNew[id] || changes[i].Op == todo.Created
	}
	for i := range changes {
		c := &changes[i]
		if i == last[c.Task.ID] {
			if err := p.writeTask(c, isNew[c.Task.ID]); err != nil {
				return err
			}
		}
		if err := p.writeLog(c); err != nil {
			return err
		}
	}
	return nil
}

// writeTask writes the task of its last change.
func (p *part) writeTask(c *todo.Change, isNew bool) error {
	switch {
	case c.Op == todo.Purged:
		return p.purge(c)
	case isNew:
		return p.affectOne(insertTask, taskColumns.of(&c.Task, string(p.owner))...)
	}
	return p.affectOne(updateTask, append(changeable.of(&c.Task), string(p.owner), c.Task.ID)...)
}

// writeLog writes a change to the log.
func (p *part) writeLog(c *todo.Change) (err error) {
	e := entry{Change: c}
	if c.Before != nil {
		if e.before, err = c.Before.Encode(); err != nil {
			return err
		}
	}
	return p.affectOne(insertLog, logColumns.of(&e, taskColumns.of(&c.Task, string(p.owner))...)...)
}

// What removes a task for good, and what the log and the keys hold of it. Its changes are found from its version
// backwards.
var (
	deleteTask = `delete from tasks where user_id = ?1 and id = ?2`
	blankLog   = `update changes set ` + blanked + `
		where user_id = ?1 and rev in (
			with recursive chain (rev, prev_rev) as (
				select rev, prev_rev from changes where user_id = ?1 and rev = ?3 and task_id = ?2
				union all
				select c.rev, c.prev_rev from chain join changes c
					on c.user_id = ?1 and c.rev = chain.prev_rev and c.task_id = ?2
			)
			select rev from chain)`
	blankKeys = `update idempotency_keys set result = null
		where user_id = ?1 and (result ->> 'id' = ?2 or ?2 in (select value from json_each(result, '$.tasks')))`
)

// purge removes the task of c for good. Of its changes remains that there were any.
func (p *part) purge(c *todo.Change) error {
	if err := p.affectOne(deleteTask, string(p.owner), c.Task.ID); err != nil {
		return err
	}
	if _, err := p.exec(blankLog, string(p.owner), c.Task.ID, int64(c.PrevRev)); err != nil {
		return err
	}
	_, err := p.exec(blankKeys, string(p.owner), c.Task.ID)
	return err
}
