package sqlstore

import (
	"fmt"
	"iter"
	"strings"

	"todod/internal/todo"
)

// A Look finds out what one change of Owner's needs that goes alone, into Known. Holder returns the owner, whose
// tasks are added to; nil as long as their lock isn't held.
type Look struct {
	Owner  todo.UserID
	Need   *todo.ReadSet
	Known  *todo.Snapshot
	Holder func() *todo.Owner

	first, end int64 // of the set's changes, those that are read: from first on, before end; 0 for none
	last       int64 // the id of the last task that is walked over; 0 for none
	listTo     int64 // the revision of the last change that is to be listed; 0 for none
}

// What can be asked about one person alone. What is asked about many rows is asked for in a range of a key that is no
// longer than a step, whose ends are found first. What such a range leads to is looked up row by row.
var (
	oneChange = both(`select ` + ChangeOf("c") + ` from todod.changes c where c.user_id = $1 and c.rev = $2`)

	// familyOf reads the tree that the task $2 is in: what it is a part of, and under each of these what is not in the trash,
	// or went there with it. No tree has more than a few levels, or some hundred tasks.
	familyOf = SQL{
		Postgres: `with recursive up (id, parent_id, n) as (
				select t.id, t.parent_id, 1 from todod.tasks t where t.user_id = $1 and t.id = $2
				union all select p.id, p.parent_id, up.n + 1 from up` + LookUp(`todod.tasks p`, `user_id = $1 and id = up.parent_id`) + ` where up.n < 16
			), of as materialized (select deleted_at from todod.tasks where user_id = $1 and id = $2),
			tree (id) as (
				select id from up union
				select k.id from tree cross join lateral (
					(select id from todod.tasks where user_id = $1 and parent_id = tree.id and deleted_at is null limit 1000) union all
					(select id from todod.tasks where user_id = $1 and parent_id = tree.id and deleted_at = (select deleted_at from of) limit 1000)
				) k
			) select ` + knownKin + ` from tree` + LookUp(`todod.tasks t`, `user_id = $1 and id = tree.id`),
		SQLite: inSQLite.Replace(`with recursive up (id, parent_id, n) as (
				select t.id, t.parent_id, 1 from tasks t where t.user_id = ?1 and t.id = ?2
				union all select p.id, p.parent_id, up.n + 1 from up cross join tasks p on p.user_id = ?1 and p.id = up.parent_id where up.n < 16
			), tree (id) as (
				select id from up union
				select k.id from tree cross join tasks k on k.user_id = ?1 and k.parent_id = tree.id
					and (k.deleted_at is null or k.deleted_at = (select deleted_at from tasks where user_id = ?1 and id = ?2))
			) select ` + knownKin + ` from tree cross join tasks t on t.user_id = ?1 and t.id = tree.id`),
	}

	allObjects = both(`select ` + ObjectOf("o") + ` from todod.objects o where o.user_id = $1`)

	oldestOfTrash = both(`select ` + TaskOf("t") + ` from todod.tasks t where t.user_id = $1 and t.deleted_at is not null
		and t.version > ` + began + ` order by t.deleted_at, t.id limit $2`)

	boundsByRev = boundsOf(`select set_rev as rev from todod.changes where user_id = $1 and rev = $2`)
	boundsByKey = boundsOf(
		`select rev from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3 and rev is not null`)

	setChanges = both(`select ` + ChangeOf("c") + ` from todod.changes c
		where c.user_id = $1 and c.rev >= $2 and c.rev < $3 order by c.rev`)
	setTasks = forEach(TaskOf("t")+", "+kinOfSet, `todod.changes c`, `todod.tasks t`, `t.user_id = $1 and t.id = c.task_id`,
		`c.user_id = $1 and c.rev >= $2 and c.rev < $3`)
)

// kinOfSet is what KnownTask tells of the relatives of a task t of $1, and whether it is astray: not where its parent is, or
// open while that is completed; or one of its parts is that. There is a limit to the parts, which are no more than a tree can
// have: without one, behind row-level security, PostgreSQL would take any index that begins with the owner, and look at all of
// their tasks, as long as it knows nothing of the table.
var kinOfSet = fmt.Sprintf(`case when t.has_children then coalesce((select max(case when t.deleted_at is not null
			or k.list_id is distinct from t.list_id or t.completed and not k.completed then %[1]d else %[2]d end)
		from (select * from todod.tasks where user_id = $1 and parent_id = t.id and deleted_at is null limit 1000) k), %[2]d) else 0 end
	| case when t.parent_id is null then 0 else coalesce((select case when p.deleted_at is null then %[3]d else 0 end
			| case when p.deleted_at is not distinct from t.deleted_at then %[4]d else 0 end
			| case when p.deleted_at is null and p.list_id is not distinct from t.list_id then %[6]d else 0 end
			| case when t.deleted_at is null and (p.deleted_at is not null or p.list_id is distinct from t.list_id
				or p.completed and not t.completed) then %[5]d else 0 end
		from todod.tasks p where p.user_id = $1 and p.id = t.parent_id), case when t.deleted_at is null then %[5]d else 0 end) end`,
	todo.HasChildren|todo.Astray, todo.HasChildren, todo.ParentIsThere, todo.BesideParent, todo.Astray, todo.ParentInList)

// boundsOf returns the statement that finds the first revision of the set that first names, and the one behind its last;
// nothing if its first change is forgotten. Sets lie side by side in the log, so the end is found by halving what lies
// between the first and the owner's revision.
func boundsOf(first string) SQL {
	const inSet = `(select c.set_rev from todod.changes c where c.user_id = $1 and c.rev = (low + high) / 2) = rev`
	return both(`with recursive halves (rev, low, high) as (
			select s.rev, s.rev, (select u.rev from todod.users u where u.user_id = $1) + 1 from (` + first + `) as s
				where (select c.rev from todod.changes c where c.user_id = $1 and c.rev = s.rev) is not null
			union all
			select rev, case when ` + inSet + ` then (low + high) / 2 else low end,
				case when ` + inSet + ` then high else (low + high) / 2 end
			from halves where high - low > 1
		) select rev, high from halves where high - low <= 1`)
}

// forEach returns a statement that reads columns of the one row of table, if there is one, that on finds for each row of
// outer that where lets through.
func forEach(columns, outer, table, on, where string) SQL {
	return SQL{
		Postgres: `select ` + columns + ` from ` + outer + LookUp(table, on) + ` where ` + where,
		SQLite: inSQLite.Replace(`select ` + columns + ` from ` + outer + ` cross join ` + table + ` on ` + on +
			` where ` + where),
	}
}

// LookUp joins, in PostgreSQL, what comes before with the one row of table that on finds for it. It is found by its key,
// whatever the planner thinks of that: a limit keeps it from making a join of it that reads everything on one side. In
// SQLite a cross join is carried out in the order in which it is written.
func LookUp(table, on string) string {
	return ` cross join lateral (select * from ` + table + ` where ` + on + ` limit 1) ` + table[strings.LastIndex(table, " ")+1:]
}

// A walk is over tasks by id: pageEnd finds where a page of up to $3 of them behind $2 ends, and tasks reads those of them that
// are meant.
type walk struct{ pageEnd, tasks SQL }

// walkOver returns a walk over the tasks in range, which is a range of an index that ends in id, of which a condition holds.
func walkOver(within, condition, columns string) walk {
	return walk{
		both(`select max(id), count(*) from
			(select t.id from todod.tasks t where t.user_id = $1 and ` + within + `t.id > $2 order by t.id limit $3) as p`),
		both(`select ` + columns + ` from todod.tasks t where t.user_id = $1 and ` + within + `t.id > $2 and t.id <= $3
			and ` + condition),
	}
}

// The walks there are. What they are about is $4, a time $5; where a page ends, nobody asks for them but by the index.
const notInTrash = `coalesce(t.deleted_at, 'infinity') = 'infinity'`

var (
	walkByState = walkOver("", `t.completed = $4 and `+notInTrash, knownKin+rootRecurs)
	anyLabel    = walkOver("", `t.completed = $4 and `+notInTrash, knownKin)
	walkByLabel = walk{anyLabel.pageEnd, SQL{
		Postgres: strings.Replace(anyLabel.tasks.Postgres, "t.completed = $4", "t.label_ids @> to_jsonb($4::bigint)", 1),
		SQLite: strings.Replace(anyLabel.tasks.SQLite, "t.completed = ?4",
			"exists (select 1 from json_each(t.label_ids) l where l.value = ?4)", 1),
	}}
	walkByList  = walkOver("t.list_id = $4 and ", notInTrash, knownKin)
	walkOfTrash = walkOver("t.list_id = $4 and ", "t.deleted_at = $5", knownKin)
)

// walkFor returns the walk's statements and what they are about.
func walkFor(w *todo.Walk) (statements walk, page, about []any) {
	switch {
	case w.Completed != nil:
		return walkByState, nil, []any{*w.Completed}
	case w.Label != 0:
		return walkByLabel, nil, []any{w.Label}
	case w.DeletedAt != nil:
		return walkOfTrash, []any{w.List}, []any{w.List, *w.DeletedAt}
	}
	return walkByList, []any{w.List}, []any{w.List}
}

// Begin prepares for the next step of the change, which needs something else.
func (l *Look) Begin(next *todo.ReadSet) {
	l.Need, l.first, l.end, l.last, l.listTo = next, 0, 0, 0, 0
	l.Known.Unlisted, l.Known.ListedTo = nil, 0
	l.Known.Step++
	l.Known.Set, l.Known.Looked, l.Known.Oldest, l.Known.Tasks, l.Known.Kin = nil, 0, nil, map[int64]todo.Task{}, nil
}

// First returns what is to be asked first, none for a change that can travel with others.
func (l *Look) First() (ask []Statement) {
	n := l.Need
	if n.AllObjects {
		ask = append(ask, Statement{allObjects, []any{l.Owner}, l.addObjects})
	}
	if n.Families {
		for _, id := range n.Tasks {
			ask = append(ask, l.tasks(familyOf, l.Owner, id))
		}
	}
	if n.Around != nil {
		ask = append(ask, l.around(n.Around)...)
	}
	if n.Walk != nil {
		ask = append(ask, l.page())
	}
	if n.Base > 0 {
		ask = append(ask, one(&l.Known.Base, of(l.Owner, ReadChange), oneChange, l.Owner, n.Base))
	}
	switch {
	case n.Until > 0:
		l.first, l.end = int64(n.Set), int64(n.Until)
	case n.SetOf != "":
		ask = append(ask, l.bounds(boundsByKey, l.Owner, n.SetOf, n.Since))
	case n.Set > 0:
		ask = append(ask, l.bounds(boundsByRev, l.Owner, n.Set))
	}
	if n.Unlisted {
		ask = append(ask, l.unlistedPage())
	}
	if n.Oldest > 0 {
		ask = append(ask, all(&l.Known.Oldest, of(l.Owner, ReadTask), oldestOfTrash, l.Owner, n.Oldest))
	}
	if len(n.OldIDs) > 0 {
		ask = append(ask, findImported(l.Owner, n.Source, n.OldIDs, &l.Known.Imported))
	}
	return ask
}

// Then returns what is to be asked after that: the tasks of a page, or the last changes of a set and their tasks.
func (l *Look) Then() []Statement {
	switch {
	case l.listTo > 0:
		return []Statement{all(&l.Known.Unlisted, of(l.Owner, ReadChange), unlisted, l.Owner, l.listTo)}
	case l.last > 0:
		walk, _, about := walkFor(l.Need.Walk)
		return []Statement{l.tasks(walk.tasks, append([]any{l.Owner, l.Need.After, l.last}, about...)...)}
	case l.end > 0:
		first := max(l.first, l.end-todo.StepSize)
		return []Statement{
			all(&l.Known.Set, of(l.Owner, ReadChange), setChanges, l.Owner, first, l.end),
			l.tasks(setTasks, l.Owner, first, l.end),
		}
	}
	return nil
}

// unlistedPage returns the statement that finds where the changes end that are to be listed next.
func (l *Look) unlistedPage() Statement {
	return Statement{unlistedEnd, []any{l.Owner, todo.StepSize}, func(rows iter.Seq[Row]) {
		for r := range rows {
			l.listTo, l.Known.ListedTo = r.Int64(), 0
			if r.Int64() == todo.StepSize {
				l.Known.ListedTo = todo.Rev(l.listTo)
			}
		}
	}}
}

// page returns the statement that finds where the tasks end that are walked over.
func (l *Look) page() Statement {
	walk, in, _ := walkFor(l.Need.Walk)
	return Statement{walk.pageEnd, append([]any{l.Owner, l.Need.After, todo.StepSize}, in...), func(rows iter.Seq[Row]) {
		for r := range rows {
			l.last, l.Known.Looked = r.Int64(), 0
			if r.Int64() == todo.StepSize {
				l.Known.Looked = l.last
			}
		}
	}}
}

// around returns the statements that find what stands on either side of a place: those that were moved by where they stand,
// those that weren't by age.
func (l *Look) around(at *todo.Around) []Statement {
	found := &todo.Beside{Around: *at}
	l.Known.Around = found
	side := func(into *[]todo.Task, beyond string, bound any) Statement {
		sql := both(`select ` + TaskOf("t") + ` from todod.tasks t where t.user_id = $1 and coalesce(t.list_id, 0) = $2
			and coalesce(t.parent_id, 0) = $3 and t.deleted_at is null and t.id <> $5 and t.version > ` + began + beyond + ` limit $6`)
		return Statement{sql, []any{l.Owner, at.List, at.Parent, bound, at.Without, at.N}, func(rows iter.Seq[Row]) {
			for r := range rows {
				AddTask(into, r, l.Owner)
			}
		}}
	}
	return []Statement{
		side(&found.Before, ` and t.position is not null and t.position < $4 order by t.position desc`, at.Place),
		side(&found.Before, ` and t.position is null and t.id >= $4 order by t.id`, at.Younger),
		side(&found.After, ` and t.position is not null and t.position > $4 order by t.position`, at.Place),
		side(&found.After, ` and t.position is null and t.id <= $4 order by t.id desc`, at.Older),
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

// addObjects adds the lists and labels in rows to those of the owner.
func (l *Look) addObjects(rows iter.Seq[Row]) {
	for r := range rows {
		if o := l.Holder(); o != nil {
			AddKnownObject(o, r)
		} else {
			r.Owner(l.Owner)
		}
	}
}

// AddKnownObject reads the columns of ObjectOf and adds the list or label to those of o that are known, unless it is of a
// former life.
func AddKnownObject(o *todo.Owner, r Row) {
	var object todo.Object
	if ReadObject(r, o.ID, &object); object.Version > o.Began {
		if o.Objects == nil {
			o.Objects = map[int64]todo.Object{}
		}
		o.Objects[object.ID] = object
	}
}

// KnownTask are the columns of TaskOf of a table t, and whether the task may have children, as AddKnown reads them.
var KnownTask = TaskOf("t") + fmt.Sprintf(`, case when t.has_children then %d else 0 end`, todo.HasChildren)

// knownKin are the columns of KnownTask, of tasks of $1, with what is known of their parents.
var knownKin = KnownTask + fmt.Sprintf(` + case when t.parent_id is null then 0 else coalesce((select
		case when p.deleted_at is null then %d else 0 end + case when p.deleted_at is not distinct from t.deleted_at then %d else 0 end
			+ case when p.deleted_at is null and p.list_id is not distinct from t.list_id then %d else 0 end
		from todod.tasks p where p.user_id = $1 and p.id = t.parent_id), 0) end`, todo.ParentIsThere, todo.BesideParent, todo.ParentInList)

// rootRecurs adds to the columns of knownKin whether the topmost of the tasks that t is a part of recurs, and is open.
var rootRecurs = fmt.Sprintf(` + case when t.parent_id is null then 0 else coalesce((
		with recursive up (parent_id, recurs, n) as (
			select p.parent_id, p.recurrence is not null and not p.completed, 1
				from todod.tasks p where p.user_id = $1 and p.id = t.parent_id
			union all
			select p.parent_id, p.recurrence is not null and not p.completed, up.n + 1
				from up cross join todod.tasks p where p.user_id = $1 and p.id = up.parent_id and up.n < 16
		) select max(case when recurs then %d else 0 end) from up where parent_id is null), 0) end`, todo.RootRecurs)

// AddKnown reads the columns of KnownTask and adds the task to those of o that are known, unless it is of a former life.
func AddKnown(o *todo.Owner, r Row) {
	var t todo.Task
	ReadTask(r, o.ID, &t)
	if kin := todo.Kin(r.Int64()); t.Version > o.Began {
		o.Tasks[t.ID] = t
		o.AddKin(t.ID, kin)
	}
}
