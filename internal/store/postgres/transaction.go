package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/store/group"
	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// A transaction carries out the changes of a group: it locks their owners and finds what they need in one round trip, lets
// them decide, and writes what they decided in another.
//
// The lock is a statement of its own, before all others, because a statement sees what was there when it began: one that
// locked and read at once would read what was there before it waited.
type transaction struct {
	store   *Store
	conn    *pgxpool.Conn
	changes []*group.Change
	wait    bool // for owners whose lock somebody else holds

	people []todo.UserID // the owners, sorted
	found  *found
	wrote  bool // a step before this one

	newIDs   []int64 // of tasks that are made
	spareIDs []int64 // for the stock, once this one is committed
}

// begin names the isolation that changes rely on, whatever the database's default is: the statements behind the lock must
// see what the lock waited for.
const begin = `begin isolation level read committed`

// run carries out the group. What it returns has rolled everything back, or leaves open whether it was written.
func (t *transaction) run(ctx context.Context) error {
	for _, c := range t.changes {
		if !slices.Contains(t.people, c.Owner) {
			t.people = append(t.people, c.Owner)
		}
	}
	slices.Sort(t.people)
	if err := t.look(ctx); err != nil {
		return t.rollback(ctx, err)
	}
	group.Decide(t.changes, t.found.snapshots(t.changes))
	for c := t.changes[0]; c.Write.Next != nil; { // one that goes alone
		if err := t.goOn(ctx, c); err != nil || c.Err != nil {
			return t.rollback(ctx, err)
		}
	}
	writes, err := t.writes()
	if err != nil {
		return t.rollback(ctx, err)
	}
	if len(writes) == 0 && !t.wrote {
		return t.rollback(ctx, nil)
	}
	if err := send(ctx, t.conn, append(writes, statement{sql: `commit`})); err != nil {
		return t.rollback(ctx, err)
	}
	if len(t.spareIDs) > 0 {
		t.store.ids.put(t.spareIDs)
	}
	return nil
}

// goOn writes one step of c and has it look and decide once more. If that decision is an error, c has it, and what the steps
// before it wrote must be undone.
func (t *transaction) goOn(ctx context.Context, c *group.Change) error {
	writes, err := t.writes()
	if err != nil {
		return err
	}
	t.wrote = t.wrote || len(writes) > 0
	look := t.found.alone
	look.Begin(c.Write.Next)
	if err := send(ctx, t.conn, append(writes, ours(look.First()...)...)); err != nil {
		return err
	}
	if err := t.lookFurther(ctx); err != nil {
		return err
	}
	c.DecideFrom(look.Known)
	return nil
}

// rollback ends a transaction that is still open and returns err, or why it couldn't be ended. A connection that is left in
// one is closed when it is given back.
func (t *transaction) rollback(ctx context.Context, err error) error {
	if t.conn.Conn().IsClosed() || t.conn.Conn().PgConn().TxStatus() == 'I' {
		return err
	}
	if end := send(ctx, t.conn, []statement{{sql: `rollback`}}); err == nil {
		err = end
	}
	return err
}

// look finds everything that the changes need, under the owners' locks. Who is not known yet is made known in a transaction
// of its own, so that there is something to lock.
func (t *transaction) look(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		t.found = newFound(t.people)
		statements := []statement{{sql: begin}, t.store.settings(t.people...)}
		if len(t.changes) > 1 || !t.changes[0].Need.Shareable() { // else each statement names one row
			statements = append(statements, statement{sql: byIndex})
		}
		statements = append(statements, t.lockOwners())
		if err := send(ctx, t.conn, append(statements, t.found.statements(t)...)); err != nil {
			return err
		}
		missing := t.found.missing(t.people)
		if len(missing) == 0 {
			return t.lookFurther(ctx)
		}
		if attempt == lookAttempts {
			return nil
		}
		unknown, err := t.unknown(ctx, missing)
		switch {
		case err != nil:
			return err
		case len(unknown) > 0:
			err = t.makeKnown(ctx, unknown)
		case t.wait: // who was waited for was erased meanwhile, and has another row now
			err = t.rollback(ctx, nil)
		default: // somebody else holds the lock
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// lookFurther finds what a change that goes alone has to know of what was found first.
func (t *transaction) lookFurther(ctx context.Context) error {
	if t.found.alone == nil {
		return nil
	}
	if then := t.found.alone.Then(); len(then) > 0 {
		return send(ctx, t.conn, ours(then...))
	}
	return nil
}

// lookAttempts is how often a group looks at most: somebody may be erased just after having been made known, or while
// their lock was waited for.
const lookAttempts = 10

// unknown returns those of people who have no row; the others' is locked by somebody else.
func (t *transaction) unknown(ctx context.Context, people []todo.UserID) ([]todo.UserID, error) {
	unknown := slices.Clone(people)
	err := send(ctx, t.conn, []statement{{knownOf, []any{texts(people)}, func(rows pgx.Rows) error {
		return eachRow(rows, func(r *rowReader) {
			id := todo.UserID(r.Text())
			unknown = slices.DeleteFunc(unknown, func(other todo.UserID) bool { return other == id })
		})
	}}})
	return unknown, err
}

// makeKnown makes rows for people who have none, ending the transaction that has found that out.
func (t *transaction) makeKnown(ctx context.Context, people []todo.UserID) error {
	return send(ctx, t.conn, []statement{
		{sql: `rollback`}, {sql: begin}, t.store.settings(t.people...),
		{sql: insertOwners, args: []any{texts(people), t.changes[0].Need.At}}, {sql: `commit`},
	})
}

const (
	knownOf      = `select user_id from todod.users where user_id = any ($1::text[])`
	insertOwners = `insert into todod.users (user_id, created_at, changed_at)
		select p.user_id, $2, $2 from unnest($1::text[]) as p (user_id) order by p.user_id collate "C"
		on conflict (user_id) do nothing`
)

var (
	lockOwners = `select ` + sqlstore.OwnerOf + ` from todod.users where user_id = any ($1::text[])
		order by user_id for no key update`
	lockFree = lockOwners + ` skip locked`

	lockOwner     = `select ` + sqlstore.OwnerOf + ` from todod.users where user_id = $1 for no key update`
	lockOwnerFree = lockOwner + ` skip locked`
)

// lockOwners returns the statement that locks the owners, in the order of their ids so that no two groups wait for each
// other, and reads how they are. For one owner there is a plainer one.
func (t *transaction) lockOwners() statement {
	waiting, free, people := lockOwners, lockFree, any(texts(t.people))
	if len(t.people) == 1 {
		waiting, free, people = lockOwner, lockOwnerFree, string(t.people[0])
	}
	sql := free
	if t.wait {
		sql = waiting
	}
	return statement{sql, []any{people}, func(rows pgx.Rows) error {
		return eachRow(rows, func(r *rowReader) {
			o := &todo.Owner{ID: todo.UserID(r.peek()), Tasks: map[int64]todo.Task{}}
			if sqlstore.ReadOwner(r, o); !slices.Contains(t.people, o.ID) {
				r.Fail(sqlstore.ErrForeignRow)
			}
			t.found.owners[o.ID] = o
		})
	}}
}
