package sqlite

import (
	"strings"
	"time"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// getOwner reads what is known of a person.
var getOwner = `select ` + sqlstore.OwnerOf + ` from users where user_id = ?`

// The columns of tasks called t and of entries of the log called c.
var (
	taskOf   = sqlstore.TaskOf("t")
	changeOf = sqlstore.ChangeOf("c")
)

// look finds out all that n asks for.
func (p *part) look(n *todo.ReadSet) error {
	if err := p.lookAtOwner(); err != nil {
		return err
	}
	for _, id := range n.Tasks {
		if err := p.takeTasks(taskByID, string(p.owner), id); err != nil {
			return err
		}
	}
	if n.New > 0 {
		if err := p.reserve(n.New); err != nil {
			return err
		}
	}
	if n.Key != "" {
		if err := p.recall(n.Key, n.Since); err != nil {
			return err
		}
	}
	if n.Shareable() {
		return nil
	}
	return p.lookAlone(n)
}

// lookAtOwner finds out about the owner, of whom nothing may be known yet.
func (p *part) lookAtOwner() error {
	o := &todo.Owner{ID: p.owner, ChangedAt: p.at, Claims: todo.User{ID: p.owner}, Tasks: map[int64]todo.Task{}}
	p.known.Owner = o
	return query(p.ctx, p, func(r *rowReader) {
		p.isKnown = true
		sqlstore.ReadOwner(r, o)
	}, getOwner, string(p.owner))
}

// The tasks that can be asked for.
var (
	taskByID     = `select ` + taskOf + ` from tasks t where t.user_id = ? and t.id = ?`
	tasksByState = `select ` + taskOf + ` from tasks t
		where t.user_id = ? and t.completed = ? and t.deleted_at is null`
	tasksOfSet = `select ` + taskOf + ` from tasks t where t.user_id = ?1
		and t.id in (select task_id from changes where user_id = ?1 and rev between ?2 and ?3)`
)

// takeTasks adds what a statement selects to the tasks that are known.
func (p *part) takeTasks(statement string, args ...any) error {
	return query(p.ctx, p, func(r *rowReader) {
		var t todo.Task
		sqlstore.ReadTask(r, p.owner, &t)
		p.known.Tasks[t.ID] = t
	}, statement, args...)
}

// lastID reads the highest id of a task that was ever given out.
const lastID = `select max(coalesce((select seq from sqlite_sequence where name = 'tasks'), 0),
	coalesce((select max(id) from tasks), 0))`

// reserve finds n ids of new tasks. Nobody else gets one before this change is written or undone.
func (p *part) reserve(n int) error {
	return query(p.ctx, p, func(r *rowReader) {
		last := r.Int64()
		for i := range int64(n) {
			p.known.NewIDs = append(p.known.NewIDs, last+1+i)
		}
	}, lastID)
}

// getKey is sqlstore.GetKey without numbers, which the driver looks up by their names.
var getKey = strings.NewReplacer("?1", "?", "?2", "?", "?3", "?").Replace(sqlstore.GetKey.SQLite)

// recall finds what is remembered of a key since then.
func (p *part) recall(key string, since time.Time) error {
	return query(p.ctx, p, func(r *rowReader) {
		if r.Skip(2); p.known.Stored == nil {
			p.known.Stored = &todo.StoredAnswer{Fingerprint: r.Bytes(), Answer: r.JSON()}
		} else {
			r.Skip(2)
		}
		if !r.Null() {
			sqlstore.AddChange(&p.known.Stored.Changes, r, p.owner)
		}
	}, getKey, string(p.owner), key, since.UnixMicro())
}

// lookAlone finds out what only changes ask for that go alone.
func (p *part) lookAlone(n *todo.ReadSet) error {
	if n.Completed != nil {
		if err := p.takeTasks(tasksByState, string(p.owner), *n.Completed); err != nil {
			return err
		}
	}
	if n.Base > 0 {
		base, err := p.changes(getChanges, n.Base, n.Base)
		if err != nil {
			return err
		}
		if len(base) > 0 {
			p.known.Base = &base[0]
		}
	}
	if n.Set > 0 || n.SetOf != "" {
		if err := p.lookAtSet(n); err != nil {
			return err
		}
	}
	if len(n.OldIDs) > 0 {
		find := sqlstore.FindImported(p.owner, n.Source, n.OldIDs, &p.known.Imported)
		return perform(p.ctx, p, &find)
	}
	return nil
}

// What finds a set of changes. lastOfSet is the revision before the next set's first; getLater reads the changes of its
// tasks since.
var (
	getChanges = `select ` + changeOf + ` from changes c
		where c.user_id = ?1 and c.rev between ?2 and ?3 order by c.rev`
	firstOfSet = `select set_rev from changes where user_id = ?1 and rev = ?2`
	firstByKey = `select rev from idempotency_keys
		where user_id = ?1 and key = ?2 and created_at > ?3 and rev is not null`
	lastOfSet = `select coalesce((select rev from changes where user_id = ?1 and rev > ?2 and set_rev <> ?2
		order by rev limit 1), ?3) - 1`
	getLater = `
		with recursive later (rev, prev_rev) as (
			select c.rev, c.prev_rev from tasks t join changes c on c.user_id = ?1 and c.rev = t.version
			where t.user_id = ?1 and t.version > ?3
				and t.id in (select task_id from changes where user_id = ?1 and rev between ?2 and ?3)
			union all
			select p.rev, p.prev_rev from later l join changes p on p.user_id = ?1 and p.rev = l.prev_rev
			where l.prev_rev > ?3
		)
		select ` + changeOf + ` from changes c where c.user_id = ?1 and c.rev in (select rev from later)`
)

// changes returns the changes of the owner that a statement selects by two revisions.
func (p *part) changes(statement string, first, last todo.Rev) (list []todo.Change, err error) {
	err = query(p.ctx, p, func(r *rowReader) { sqlstore.AddChange(&list, r, p.owner) },
		statement, string(p.owner), int64(first), int64(last))
	return list, err
}

// lookAtSet finds out about a set of changes, its tasks, and what became of them since.
func (p *part) lookAtSet(n *todo.ReadSet) error {
	find, args := firstOfSet, []any{int64(n.Set)}
	if n.SetOf != "" {
		find, args = firstByKey, []any{n.SetOf, n.Since.UnixMicro()}
	}
	first, err := p.rev(find, args...)
	if err != nil || first == 0 {
		return err
	}
	last, err := p.rev(lastOfSet, int64(first), int64(sqlstore.NoRev))
	if err != nil {
		return err
	}
	p.known.Set, err = p.changes(getChanges, first, last)
	if err != nil || len(p.known.Set) == 0 {
		return err
	}
	last = p.known.Set[len(p.known.Set)-1].Rev
	if err := p.takeTasks(tasksOfSet, string(p.owner), int64(first), int64(last)); err != nil {
		return err
	}
	p.known.Later, err = p.changes(getLater, first, last)
	return err
}

// rev returns the revision that a statement selects of the owner, 0 for none.
func (p *part) rev(statement string, args ...any) (rev todo.Rev, err error) {
	args = append([]any{string(p.owner)}, args...)
	err = query(p.ctx, p, func(r *rowReader) { rev = todo.Rev(r.Int64()) }, statement, args...)
	return rev, err
}
