package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// lockedBy returns the store and a transaction that holds the owner's row.
func lockedBy(t *testing.T, owner todo.UserID) (s *Store, task todo.Task, release func()) {
	t.Helper()
	url := pgtest.Database(t, "store", migrateOnly)
	s = openURL(t, url)
	task = mustCreate(t, s, owner)
	conn := connect(t, url)
	exec(t, conn, "begin")
	exec(t, conn, "select from todod.users where user_id = $1 for update", owner)
	return s, task, func() { exec(t, conn, "commit") }
}

// waitUntilBlocked waits until a session of this database waits for a lock.
func waitUntilBlocked(t *testing.T, s *Store) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var waiting bool
		err := s.pool.QueryRow(t.Context(), `select exists (select from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock')`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
	}
	t.Fatal("nobody waits for a lock")
}

func TestAWriteThatWaitsTooLongIsAConflict(t *testing.T) {
	t.Parallel()
	s, task, release := lockedBy(t, "ada")
	_, err := storetest.Of(s).Toggle(t.Context(), "ada", task.ID, by("ada"))
	var conflict *todo.Error
	if !errors.As(err, &conflict) || conflict.Code != todo.Conflict || conflict.RetryAfter <= 0 {
		t.Errorf("got %v", err)
	}
	mustCreate(t, s, "bob") // nobody else waits
	release()
	if got, err := s.Task(t.Context(), "ada", task.ID, noon); err != nil || got.Completed {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAWriteOnceBegunOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	s, task, release := lockedBy(t, "ada")
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { _, err := storetest.Of(s).Toggle(ctx, "ada", task.ID, by("ada")); result <- err }()
	waitUntilBlocked(t, s)
	cancel()
	release()
	if err := <-result; err != nil {
		t.Errorf("got %v", err)
	}
	if got, err := s.Task(t.Context(), "ada", task.ID, noon); err != nil || !got.Completed || got.Version != task.Version+1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAReadOnceSentKeepsItsConnection: clients that go away while they read don't cost the others a connection each.
func TestAReadOnceSentKeepsItsConnection(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s := openURL(t, url)
	lock := connect(t, url)
	exec(t, lock, "begin")
	exec(t, lock, "lock table todod.tasks in access exclusive mode")
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- s.read(ctx, "ada", statement{sql: "select from todod.tasks"}) }()
	waitUntilBlocked(t, s)
	before := s.pool.Stat().TotalConns()
	cancel()
	select {
	case err := <-result:
		t.Errorf("it was given up: %v", err)
	case <-time.After(200 * time.Millisecond):
		exec(t, lock, "commit")
		if err := <-result; err != nil {
			t.Error(err)
		}
	}
	if got := s.pool.Stat().TotalConns(); got != before {
		t.Errorf("%d connections, where there were %d", got, before)
	}
}

// TestALockHoldsUpItsOwnersOnly: while somebody else holds one person's row, that person's changes wait, and everybody
// else's are made, whomever they would have travelled with.
func TestALockHoldsUpItsOwnersOnly(t *testing.T) {
	t.Parallel()
	s, task, release := lockedBy(t, "ada")
	const many = 40 // more than there are connections
	var adas sync.WaitGroup
	for range many {
		adas.Go(func() {
			if _, err := storetest.Of(s).Toggle(context.Background(), "ada", task.ID, by("ada")); err != nil {
				t.Error(err)
			}
		})
	}
	waitUntilBlocked(t, s)
	var others sync.WaitGroup
	for i := range 32 {
		others.Go(func() {
			owner := todo.UserID(fmt.Sprint("user", i))
			for range 5 {
				if _, err := storetest.Of(s).Create(context.Background(), owner, todo.Patch{Title: todo.Some("x")}, 10, by(owner)); err != nil {
					t.Errorf("%s: %v", owner, err)
				}
			}
		})
	}
	others.Wait() // ada's row is still locked
	if got, err := s.Task(t.Context(), "ada", task.ID, noon); err != nil || got.Version != task.Version {
		t.Errorf("%+v, %v", got, err)
	}
	release()
	adas.Wait()
	if got, err := s.Task(t.Context(), "ada", task.ID, noon); err != nil || got.Version != task.Version+many {
		t.Errorf("%+v, %v", got, err)
	}
}

// lockTable locks a table against everybody until unlock.
func lockTable(t *testing.T, url, table string) (unlock func()) {
	t.Helper()
	conn := connect(t, url)
	exec(t, conn, "begin")
	exec(t, conn, "lock table "+table+" in access exclusive mode")
	return func() { exec(t, conn, "commit") }
}

// countTasks returns a group of reads of n people; each counts what it sees.
func countTasks(n int, sql string) []*read {
	reads := make([]*read, n)
	for i := range reads {
		reads[i] = &read{
			owner: todo.UserID(fmt.Sprint("user", i)), statements: []statement{{sql: sql}}, err: errNotRead, ctx: context.Background(),
		}
	}
	return reads
}

// TestALockedTableIsWaitedForOnce: reads that travel together and wait in vain don't wait again in smaller groups.
func TestALockedTableIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	w := newWire(t, url)
	s := openConfig(t, Config{URL: w.url, DirectURL: url, PoolSize: 1})
	const sql = "select from todod.tasks"
	s.carryReads(countTasks(4, sql)) // prepares
	unlock := lockTable(t, url, "todod.tasks")
	defer unlock()
	before := w.trips.Load()
	reads := countTasks(4, sql)
	s.carryReads(reads)
	if trips := w.trips.Load() - before; trips != 1 {
		t.Errorf("%d round trips, want 1", trips)
	}
	for _, r := range reads {
		if todo.CodeOf(r.err) != todo.Conflict {
			t.Errorf("%s: %v", r.owner, r.err)
		}
	}
}

// TestAReadThatIsRefusedSpoilsNoOthers, wherever it stands in its group.
func TestAReadThatIsRefusedSpoilsNoOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	for bad := range 5 {
		reads := countTasks(5, "select from todod.tasks")
		reads[bad].statements = append(reads[bad].statements, statement{sql: "select 1 / 0"})
		s.carryReads(reads)
		for i, r := range reads {
			if (r.err != nil) != (i == bad) {
				t.Errorf("the %d. is bad, the %d. gets %v", bad, i, r.err)
			}
		}
	}
}

// alone changes nothing, but by the way of what costs much.
func alone(s *Store, owner todo.UserID) error {
	need := todo.ReadSet{At: noon, Alone: true}
	return s.Change(context.Background(), owner, need, func(*todo.Snapshot) (todo.WriteSet, error) { return todo.WriteSet{}, nil })
}

// TestWhatGoesAloneTakesFewConnections: whoever has many such changes behind a lock has one connection, and all together
// leave some for the others.
func TestWhatGoesAloneTakesFewConnections(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s := openConfig(t, Config{URL: url, PoolSize: aloneLanes + 1})
	conn := connect(t, url)
	people := []todo.UserID{"ada", "bob", "cy", "di", "eve", "fay", "gil", "hal"}
	for _, owner := range people {
		mustCreate(t, s, owner)
	}
	exec(t, conn, "begin")
	exec(t, conn, "select from todod.users for update")
	var all sync.WaitGroup
	for _, owner := range people {
		for range 3 {
			all.Go(func() {
				if err := alone(s, owner); err != nil {
					t.Errorf("%s: %v", owner, err)
				}
			})
		}
	}
	waitUntilBlocked(t, s)
	for range 10 {
		if _, err := s.State(t.Context(), "zoe"); err != nil {
			t.Error(err)
		}
	}
	if got := int(s.pool.Stat().AcquiredConns()); got > aloneLanes {
		t.Errorf("%d connections wait", got)
	}
	exec(t, conn, "commit")
	all.Wait()
}

// TestAPanicKeepsNoConnection: a fault that shows while a change is carried out is its own.
func TestAPanicKeepsNoConnection(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, need := range []todo.ReadSet{{At: noon, New: -1}, {At: noon, New: -1, Alone: true}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: nothing went wrong", need)
				}
			}()
			_ = s.Change(t.Context(), "ada", need, nil)
		}()
		if n := s.pool.Stat().AcquiredConns(); n != 0 {
			t.Errorf("%d connections are kept", n)
		}
		mustCreate(t, s, "ada")
		if err := alone(s, "ada"); err != nil {
			t.Error(err)
		}
	}
}
