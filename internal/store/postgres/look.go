package postgres

import (
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
	alone  *sqlstore.Look              // for a change that goes alone
}

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
	for _, st := range []statement{f.tasks(t.changes), f.objects(t.changes), f.newIDs(t), f.keys(t.changes)} {
		if st.sql != "" {
			all = append(all, st)
		}
	}
	if len(t.changes) == 1 {
		c := t.changes[0]
		f.alone = &sqlstore.Look{
			Owner: c.Owner, Need: &c.Need, Known: &f.known[0], Holder: func() *todo.Owner { return f.owners[c.Owner] },
		}
		all = append(all, ours(f.alone.First()...)...)
	}
	return all
}

var (
	taskByID  = `select ` + sqlstore.KnownTask + ` from todod.tasks t where t.user_id = $1 and t.id = $2`
	tasksByID = `select ` + sqlstore.KnownTask + ` from unnest($1::text[], $2::bigint[]) as p (user_id, id)
	` + sqlstore.LookUp(`todod.tasks t`, `t.user_id = p.user_id and t.id = p.id`)
)

var (
	objectByID  = `select ` + sqlstore.ObjectOf("o") + ` from todod.objects o where o.user_id = $1 and o.id = $2`
	objectsByID = `select ` + sqlstore.ObjectOf("o") + ` from unnest($1::text[], $2::bigint[]) as p (user_id, id)
	` + sqlstore.LookUp(`todod.objects o`, `o.user_id = p.user_id and o.id = p.id`)
)

// tasks finds the tasks that changes name by id.
func (f *found) tasks(changes []*group.Change) statement {
	return f.byID(changes, func(n *todo.ReadSet) []int64 { return n.Tasks }, taskByID, tasksByID, sqlstore.AddKnown)
}

// objects finds the lists and labels that changes name by id.
func (f *found) objects(changes []*group.Change) statement {
	return f.byID(changes, func(n *todo.ReadSet) []int64 { return n.Objects }, objectByID, objectsByID, sqlstore.AddKnownObject)
}

// byID finds what changes name by id, with one statement for one and another for several. add adds a row to its owner, who must
// be one of those whose locks are held.
func (f *found) byID(
	changes []*group.Change, named func(*todo.ReadSet) []int64, one, several string, add func(*todo.Owner, sqlstore.Row),
) statement {
	var owners []todo.UserID
	var ids []int64
	for _, c := range changes {
		for _, id := range named(&c.Need) {
			owners, ids = append(owners, c.Owner), append(ids, id)
		}
	}
	take := func(rows pgx.Rows) error {
		return eachRow(rows, func(r *rowReader) {
			id := todo.UserID(r.peek())
			switch o := f.owners[id]; {
			case o != nil:
				add(o, r)
			case !slices.Contains(f.people, id): // nor one whose lock somebody else holds
				r.Fail(sqlstore.ErrForeignRow)
			}
		})
	}
	switch len(ids) {
	case 0:
		return statement{}
	case 1:
		return statement{one, []any{string(owners[0]), ids[0]}, take}
	}
	return statement{several, []any{texts(owners), ids}, take}
}

// newIDs gives ids to the changes that make something. They come from a stock, which is filled up for several transactions, but
// only by one that was committed: until then, a database that crashes may forget that it gave them out.
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
		t.spareIDs = ids[missing:]
		return nil
	}}
}

// moreIDs takes ids of new tasks; stockOfIDs is how many are taken beside those that are needed.
const (
	moreIDs    = `select nextval('todod.task_ids') from generate_series(1, $1)`
	stockOfIDs = 64
)

// What finds what is remembered of idempotency keys, and the entries of the log that tell of it.
var (
	keyOf = sqlstore.FindKeys(`1::bigint, k.user_id`, `$1`,
		`select * from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3`).Postgres
	keysOf = sqlstore.FindKeys(`k.n, k.user_id`, `k.user_id`, `select p.n, k.*
		from unnest($1::text[], $2::text[], $3::timestamptz[]) with ordinality as p (user_id, key, since, n)`+
		sqlstore.LookUp(`todod.idempotency_keys k`, `k.user_id = p.user_id and k.key = p.key and k.created_at > p.since`)).Postgres
)

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
	sql, args := keysOf, []any{texts(owners), keys, since}
	if len(of) == 1 {
		sql, args = keyOf, []any{string(owners[0]), keys[0], since[0]}
	}
	return statement{sql, args, func(rows pgx.Rows) error {
		return eachRow(rows, func(r *rowReader) {
			n := r.Int64()
			if n < 1 || n > int64(len(of)) {
				r.Fail(sqlstore.ErrForeignRow)
				return
			}
			i := of[n-1]
			r.Owner(changes[i].Owner)
			sqlstore.ReadKey(r, changes[i].Owner, &f.known[i].Stored)
		})
	}}
}

// An idStock has ids of new tasks that were taken from the database and not given to any.
type idStock struct {
	mu    sync.Mutex
	ids   []int64
	empty bool // it keeps none: those of what one person makes rise then, whatever others make meanwhile
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
	if s.empty {
		return
	}
	s.ids = append(s.ids, ids...)
	slices.Sort(s.ids) // the lowest go first, so that ids usually rise
}

// drop forgets all ids: somebody else has been given one of them, as a database says that lost its last moments.
func (s *idStock) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = nil
}
