package sqlstore

import (
	"fmt"
	"iter"

	"todod/internal/todo"
)

// A Look finds out what one change of Owner's needs that goes alone, into Known. Holder returns the owner, whose
// tasks are added to; nil as long as their lock isn't held.
type Look struct {
	Owner  todo.UserID
	Need   *todo.ReadSet
	Known  *todo.Snapshot
	Holder func() *todo.Owner

	// The first revision of the set that the change is about, and one that is above its last and not above any after
	// it.
	first, end int64
}

// What can be asked about one person alone. The bounds of a set are asked for first, so that what is asked about it
// reads no more of the log than that, and each row by its key.
var (
	tasksByState = both(`select ` + TaskOf("t") + ` from todod.tasks t
		where t.user_id = $1 and t.completed = $2 and t.deleted_at is null`)
	oneChange = both(`select ` + ChangeOf("c") + ` from todod.changes c where c.user_id = $1 and c.rev = $2`)

	boundsOf = `select s.rev, coalesce((select c.rev from todod.changes c
			where c.user_id = $1 and c.rev > s.rev and c.set_rev <> s.rev order by c.rev limit 1), 9223372036854775807)
		from (%s) as s`
	boundsByRev = both(fmt.Sprintf(boundsOf, `select set_rev as rev from todod.changes where user_id = $1 and rev = $2`))
	boundsByKey = both(fmt.Sprintf(boundsOf,
		`select rev from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3 and rev is not null`))

	setChanges = both(`select ` + ChangeOf("c") + ` from todod.changes c
		where c.user_id = $1 and c.rev >= $2 and c.rev < $3 order by c.rev`)
	tasksOfSet = `(select distinct task_id from todod.changes where user_id = $1 and rev >= $2 and rev < $3) as m
		join todod.tasks t on t.user_id = $1 and t.id = m.task_id`
	setTasks = both(`select ` + TaskOf("t") + ` from ` + tasksOfSet)
	setLater = both(`with recursive later as (
			select c.* from ` + tasksOfSet + ` join todod.changes c on c.user_id = $1 and c.rev = t.version where t.version >= $3
			union all
			select p.* from later l join todod.changes p on p.user_id = $1 and p.rev = l.prev_rev where l.prev_rev >= $3
		) select ` + ChangeOf("c") + ` from later c`)
)

// First returns what is to be asked first, none for a change that can travel with others.
func (l *Look) First() (ask []Statement) {
	n := l.Need
	if n.Completed != nil {
		ask = append(ask, l.tasks(tasksByState, l.Owner, *n.Completed))
	}
	if n.Base > 0 {
		ask = append(ask, one(&l.Known.Base, of(l.Owner, ReadChange), oneChange, l.Owner, n.Base))
	}
	switch {
	case n.SetOf != "":
		ask = append(ask, l.bounds(boundsByKey, l.Owner, n.SetOf, n.Since))
	case n.Set > 0:
		ask = append(ask, l.bounds(boundsByRev, l.Owner, n.Set))
	}
	if len(n.OldIDs) > 0 {
		ask = append(ask, findImported(l.Owner, n.Source, n.OldIDs, &l.Known.Imported))
	}
	return ask
}

// Then returns what is to be asked after that: the changes of a set, their tasks, and what became of these since.
func (l *Look) Then() []Statement {
	if l.end == 0 {
		return nil
	}
	return []Statement{
		all(&l.Known.Set, of(l.Owner, ReadChange), setChanges, l.Owner, l.first, l.end),
		l.tasks(setTasks, l.Owner, l.first, l.end),
		all(&l.Known.Later, of(l.Owner, ReadChange), setLater, l.Owner, l.first, l.end),
	}
}

// bounds returns the statement that finds the bounds of a set.
func (l *Look) bounds(sql SQL, args ...any) Statement {
	return Statement{sql, args, func(rows iter.Seq[Row]) {
		for r := range rows {
			l.first, l.end = r.Int64(), r.Int64()
		}
	}}
}

// tasks returns the statement that adds tasks to those of the owner.
func (l *Look) tasks(sql SQL, args ...any) Statement {
	return Statement{sql, args, func(rows iter.Seq[Row]) {
		for r := range rows {
			if o := l.Holder(); o != nil {
				AddKnown(o, r)
			} else {
				r.Owner(l.Owner)
			}
		}
	}}
}

// AddKnown reads the columns of TaskOf and adds the task to those of o that are known, unless it is of a former life.
func AddKnown(o *todo.Owner, r Row) {
	var t todo.Task
	if ReadTask(r, o.ID, &t); t.Version > o.Began {
		o.Tasks[t.ID] = t
	}
}
