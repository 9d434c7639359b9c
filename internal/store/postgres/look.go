package postgres

import (
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/store/group"
	"todod/internal/todo"
)

// found is what was found for the changes of a group.
type found struct {
	owners map[todo.UserID]*todo.Owner // those whose lock is held
	known  []todo.Snapshot             // of each change, in their order
}

// newFound returns a found without anything.
func newFound(people []todo.UserID) *found {
	return &found{owners: make(map[todo.UserID]*todo.Owner, len(people))}
}

// missing returns those of people whose lock isn't held.
func (f *found) missing(people []todo.UserID) (missing []todo.UserID) {
	for _, id := range people {
		if f.owners[id] == nil {
			missing = append(missing, id)
		}
	}
	return missing
}

// snapshots returns what is known for each change, nil for one whose owner's lock isn't held.
func (f *found) snapshots(changes []*group.Change) []*todo.Snapshot {
	all := make([]*todo.Snapshot, len(changes))
	for i, c := range changes {
		if f.known[i].Owner = f.owners[c.Owner]; f.known[i].Owner != nil {
			all[i] = &f.known[i]
		}
	}
	return all
}

// statements returns what finds out all that the changes need, in as few statements as there are kinds of it.
func (f *found) statements(t *transaction) (all []statement) {
	f.known = make([]todo.Snapshot, len(t.changes))
	for _, st := range []statement{f.tasks(t.changes), f.newIDs(t), f.keys(t.changes)} {
		if st.sql != "" {
			all = append(all, st)
		}
	}
	if len(t.changes) == 1 {
		all = append(all, f.alone(t.changes[0], &f.known[0])...)
	}
	return all
}

var tasksByID = `select ` + taskOf("t") + ` from unnest($1::text[], $2::bigint[]) as p (user_id, id)
	join todod.tasks t on t.user_id = p.user_id and t.id = p.id`

// tasks finds the tasks that changes name by id.
func (f *found) tasks(changes []*group.Change) statement {
	var owners []todo.UserID
	var ids []int64
	for _, c := range changes {
		for _, id := range c.Need.Tasks {
			owners, ids = append(owners, c.Owner), append(ids, id)
		}
	}
	if len(ids) == 0 {
		return statement{}
	}
	return statement{tasksByID, []any{texts(owners), ids}, f.takeTasks}
}

// takeTasks reads rows of taskOf, whose owners must be those whose locks are held.
func (f *found) takeTasks(rows pgx.Rows) error {
	return eachRow(rows, func(r *rowReader) {
		o := f.owners[todo.UserID(r.peek())]
		if o == nil {
			return // whose lock somebody else holds
		}
		if t := r.task(o.ID); r.err == nil {
			o.Tasks[t.ID] = *t
		}
	})
}

// newIDs gives ids to the changes that make tasks. They come from a stock, which is filled up for several transactions.
func (f *found) newIDs(t *transaction) statement {
	n := 0
	for _, c := range t.changes {
		n += c.Need.New
	}
	if n == 0 {
		return statement{}
	}
	give := func(ids []int64) {
		for i, c := range t.changes {
			f.known[i].NewIDs, ids = ids[:c.Need.New:c.Need.New], ids[c.Need.New:]
		}
	}
	if ids := t.store.ids.take(n); ids != nil {
		give(ids)
		return statement{}
	}
	return statement{moreIDs, []any{n + stockOfIDs}, func(rows pgx.Rows) error {
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		give(ids[:n])
		t.store.ids.put(ids[n:])
		return nil
	}}
}

// moreIDs takes ids of new tasks; stockOfIDs is how many are taken beside those that are needed.
const (
	moreIDs    = `select nextval('todod.task_ids') from generate_series(1, $1)`
	stockOfIDs = 64
)

// keysOf finds what is remembered of idempotency keys, and the entries of the log that tell of it.
var keysOf = `select p.n, k.user_id, k.fingerprint, k.result, ` + changeOf("c") + `
	from unnest($1::text[], $2::text[], $3::timestamptz[]) with ordinality as p (user_id, key, since, n)
	join todod.idempotency_keys k on k.user_id = p.user_id and k.key = p.key and k.created_at > p.since
	left join todod.changes c on c.user_id = p.user_id and c.rev >= k.rev and c.rev <= k.rev_to
	order by p.n, c.rev`

// keys finds what is remembered of the changes' keys.
func (f *found) keys(changes []*group.Change) statement {
	var owners []todo.UserID
	var keys []string
	var since []time.Time
	var of []int // the changes that have keys
	for i, c := range changes {
		if c.Need.Key != "" {
			owners, keys, since = append(owners, c.Owner), append(keys, c.Need.Key), append(since, c.Need.Since)
			of = append(of, i)
		}
	}
	if len(of) == 0 {
		return statement{}
	}
	return statement{keysOf, []any{texts(owners), keys, since}, func(rows pgx.Rows) error {
		return eachRow(rows, func(r *rowReader) {
			n := r.int64()
			if n < 1 || n > int64(len(of)) {
				r.fail(errForeignRow)
				return
			}
			i := of[n-1]
			r.owner(changes[i].Owner)
			known := &f.known[i]
			if known.Stored == nil {
				known.Stored = &todo.StoredAnswer{Fingerprint: r.bytes(), Answer: slices.Clone(r.json())}
			} else {
				r.skip(2)
			}
			if c := r.change(changes[i].Owner); c != nil {
				known.Stored.Changes = append(known.Stored.Changes, *c)
			}
		})
	}}
}

const (
	firstOfSet   = `select set_rev as rev from todod.changes where user_id = $1 and rev = $2`
	firstByKey   = `select rev from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3`
	membersOfSet = `select * from todod.changes where user_id = $1 and rev >= first.rev
		and rev < coalesce((select rev from todod.changes where user_id = $1 and rev > first.rev and set_rev <> first.rev
			order by rev limit 1), 9223372036854775807)`
)

// inSet returns the SQL of something about a set: first says which revision it begins with, members are its changes.
func inSet(first, what string) string {
	return `with recursive first as (` + first + `), members as (
		select m.* from first, lateral (` + membersOfSet + `) m), ` + what
}

// What can be asked about one person alone.
var (
	tasksByState = `select ` + taskOf("t") + ` from todod.tasks t where t.user_id = $1 and t.completed = $2 and t.deleted_at is null`
	oneChange    = `select ` + changeOf("c") + ` from todod.changes c where c.user_id = $1 and c.rev = $2`

	setChanges = `done as (select 1) select ` + changeOf("c") + ` from members c order by c.rev`
	setTasks   = `done as (select 1) select ` + taskOf("t") + ` from todod.tasks t
		where t.user_id = $1 and t.id in (select task_id from members)`
	setLater = `later as (
			select c.* from todod.tasks t join todod.changes c on c.user_id = $1 and c.rev = t.version
			where t.user_id = $1 and t.id in (select task_id from members) and t.version > (select max(rev) from members)
			union all
			select p.* from later l join todod.changes p on p.user_id = $1 and p.rev = l.prev_rev
			where l.prev_rev > (select max(rev) from members)
		) select ` + changeOf("c") + ` from later c`
)

// alone returns what finds out what only changes need that go alone.
func (f *found) alone(c *group.Change, known *todo.Snapshot) (all []statement) {
	n := &c.Need
	if n.Completed != nil {
		all = append(all, statement{tasksByState, []any{c.Owner, *n.Completed}, f.takeTasks})
	}
	if n.Base > 0 {
		all = append(all, statement{oneChange, []any{c.Owner, n.Base}, func(rows pgx.Rows) error {
			base, err := collectChanges(rows, c.Owner)
			if len(base) > 0 {
				known.Base = &base[0]
			}
			return err
		}})
	}
	first, args := firstOfSet, []any{c.Owner, n.Set}
	if n.SetOf != "" {
		first, args = firstByKey, []any{c.Owner, n.SetOf, n.Since}
	}
	if n.Set > 0 || n.SetOf != "" {
		all = append(all, statement{inSet(first, setChanges), args, takeChanges(&known.Set, c.Owner)},
			statement{inSet(first, setTasks), args, f.takeTasks},
			statement{inSet(first, setLater), args, takeChanges(&known.Later, c.Owner)})
	}
	if len(n.OldIDs) > 0 {
		known.Imported = map[string]time.Time{}
		all = append(all, statement{importedTasks, []any{c.Owner, n.Source, n.OldIDs}, takeImported(known.Imported, c.Owner)})
	}
	return all
}

// takeChanges returns what reads rows of changeOf into list.
func takeChanges(list *[]todo.Change, owner todo.UserID) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*list, err = collectChanges(rows, owner)
		return err
	}
}

// An idStock has ids of new tasks that were taken from the database and not given to any.
type idStock struct {
	mu  sync.Mutex
	ids []int64
}

// take returns n ids, nil if there are too few.
func (s *idStock) take(n int) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ids) < n {
		return nil
	}
	taken := s.ids[:n:n]
	s.ids = s.ids[n:]
	return taken
}

// put adds ids.
func (s *idStock) put(ids []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, ids...)
}
