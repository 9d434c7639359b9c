package postgres

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/store/group"
	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// found is what was found for the changes of a group.
type found struct {
	people []todo.UserID               // the owners of the changes
	owners map[todo.UserID]*todo.Owner // those of them whose lock is held
	known  []todo.Snapshot             // of each change, in their order
	set    setBounds                   // of the set that a change is about which goes alone
}

// setBounds are the first revision of a set of changes, and one that is above its last and not above any after it.
type setBounds struct{ first, end int64 }

// newFound returns a found without anything.
func newFound(people []todo.UserID) *found {
	return &found{people: people, owners: make(map[todo.UserID]*todo.Owner, len(people))}
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

var tasksByID = `select ` + sqlstore.TaskOf("t") + ` from unnest($1::text[], $2::bigint[]) as p (user_id, id)
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
		id := todo.UserID(r.peek())
		o := f.owners[id]
		if o == nil { // whose lock somebody else holds
			if !slices.Contains(f.people, id) {
				r.Fail(sqlstore.ErrForeignRow)
			}
			return
		}
		var t todo.Task
		if sqlstore.ReadTask(r, o.ID, &t); r.err == nil {
			o.Tasks[t.ID] = t
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
	if t.newIDs == nil {
		t.newIDs = t.store.ids.take(n)
	}
	missing := n - len(t.newIDs)
	if missing == 0 { // also in an attempt after the first one
		give(t.newIDs)
		return statement{}
	}
	return statement{moreIDs, []any{missing + stockOfIDs}, func(rows pgx.Rows) error {
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		t.newIDs = append(t.newIDs, ids[:missing]...)
		give(t.newIDs)
		t.store.ids.put(ids[missing:])
		return nil
	}}
}

// moreIDs takes ids of new tasks; stockOfIDs is how many are taken beside those that are needed.
const (
	moreIDs    = `select nextval('todod.task_ids') from generate_series(1, $1)`
	stockOfIDs = 64
)

// keysOf finds what is remembered of idempotency keys, and the entries of the log that tell of it.
var keysOf = `select p.n, k.user_id, k.fingerprint, k.result, ` + sqlstore.ChangeOf("c") + `
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
			n := r.Int64()
			if n < 1 || n > int64(len(of)) {
				r.Fail(sqlstore.ErrForeignRow)
				return
			}
			i := of[n-1]
			r.Owner(changes[i].Owner)
			known := &f.known[i]
			if known.Stored == nil {
				known.Stored = &todo.StoredAnswer{Fingerprint: r.Bytes(), Answer: slices.Clone(r.JSON())}
			} else {
				r.Skip(2)
			}
			if !r.Null() {
				sqlstore.AddChange(&known.Stored.Changes, r, changes[i].Owner)
			}
		})
	}}
}

// What can be asked about one person alone. The bounds of a set are asked for first, so that what is asked about it reads no
// more of the log than that, and each row by its key.
var (
	tasksByState = `select ` + sqlstore.TaskOf("t") + ` from todod.tasks t where t.user_id = $1 and t.completed = $2 and t.deleted_at is null`
	oneChange    = `select ` + sqlstore.ChangeOf("c") + ` from todod.changes c where c.user_id = $1 and c.rev = $2`

	boundsOf = `select first.rev, coalesce((select c.rev from todod.changes c
			where c.user_id = $1 and c.rev > first.rev and c.set_rev <> first.rev order by c.rev limit 1), 9223372036854775807)
		from (%s) as first`
	boundsByRev = fmt.Sprintf(boundsOf, `select set_rev as rev from todod.changes where user_id = $1 and rev = $2`)
	boundsByKey = fmt.Sprintf(boundsOf,
		`select rev from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3 and rev is not null`)

	setChanges = `select ` + sqlstore.ChangeOf("c") + ` from todod.changes c where c.user_id = $1 and c.rev >= $2 and c.rev < $3 order by c.rev`
	tasksOfSet = `(select distinct task_id from todod.changes where user_id = $1 and rev >= $2 and rev < $3) as m
		join todod.tasks t on t.user_id = $1 and t.id = m.task_id`
	setTasks = `select ` + sqlstore.TaskOf("t") + ` from ` + tasksOfSet
	setLater = `with recursive later as (
			select c.* from ` + tasksOfSet + ` join todod.changes c on c.user_id = $1 and c.rev = t.version where t.version >= $3
			union all
			select p.* from later l join todod.changes p on p.user_id = $1 and p.rev = l.prev_rev where l.prev_rev >= $3
		) select ` + sqlstore.ChangeOf("c") + ` from later c`
)

// alone returns what finds out what only changes need that go alone.
func (f *found) alone(c *group.Change, known *todo.Snapshot) (all []statement) {
	n := &c.Need
	if n.Completed != nil {
		all = append(all, statement{tasksByState, []any{c.Owner, *n.Completed}, f.takeTasks})
	}
	if n.Base > 0 {
		all = append(all, statement{oneChange, []any{c.Owner, n.Base}, func(rows pgx.Rows) error {
			return eachRow(rows, func(r *rowReader) {
				known.Base = &todo.Change{}
				sqlstore.ReadChange(r, c.Owner, known.Base)
			})
		}})
	}
	bounds, args := boundsByRev, []any{c.Owner, n.Set}
	if n.SetOf != "" {
		bounds, args = boundsByKey, []any{c.Owner, n.SetOf, n.Since}
	}
	if n.Set > 0 || n.SetOf != "" {
		all = append(all, statement{bounds, args, func(rows pgx.Rows) error {
			return eachRow(rows, func(r *rowReader) { f.set = setBounds{r.Int64(), r.Int64()} })
		}})
	}
	if len(n.OldIDs) > 0 {
		all = append(all, ours(sqlstore.FindImported(c.Owner, n.Source, n.OldIDs, &known.Imported))...)
	}
	return all
}

// ofSet returns what finds the changes of a set, their tasks, and what became of these since.
func (f *found) ofSet(c *group.Change) []statement {
	args := []any{c.Owner, f.set.first, f.set.end}
	return []statement{
		{setChanges, args, takeChanges(&f.known[0].Set, c.Owner)}, {setTasks, args, f.takeTasks},
		{setLater, args, takeChanges(&f.known[0].Later, c.Owner)},
	}
}

// takeChanges returns what reads rows of changeOf into list.
func takeChanges(list *[]todo.Change, owner todo.UserID) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		*list = nil
		return eachRow(rows, func(r *rowReader) { sqlstore.AddChange(list, r, owner) })
	}
}

// An idStock has ids of new tasks that were taken from the database and not given to any.
type idStock struct {
	mu  sync.Mutex
	ids []int64
}

// take returns n ids, or fewer if there are no more.
func (s *idStock) take(n int) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, len(s.ids))
	taken := s.ids[:n:n]
	s.ids = s.ids[n:]
	return taken
}

// put adds ids.
func (s *idStock) put(ids []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, ids...)
	slices.Sort(s.ids) // so that a person's ids rise, as long as they come from one process
}
