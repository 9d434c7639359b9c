package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/store/group"
	"todod/internal/store/sqlstore"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// spoiling is a store that may make something else of what is decided.
type spoiling struct {
	*Store
	spoil func(todo.WriteSet) (todo.WriteSet, error)
}

// Change implements todo.Store.
func (s spoiling) Change(
	ctx context.Context, owner todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	return s.Store.Change(ctx, owner, need, func(known *todo.Snapshot) (todo.WriteSet, error) {
		w, err := decide(known)
		if err == nil && s.spoil != nil {
			w, err = s.spoil(w)
		}
		return w, err
	})
}

// hold has whoever changes something in s wait behind somebody who leads, until release is called.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	conn, err := s.writer.Conn(t.Context()) // so that who leads has to wait
	if err != nil {
		t.Fatal(err)
	}
	waits := s.writer.Stats().WaitCount
	leading := make(chan error, 1)
	go func() {
		leading <- s.Change(t.Context(), "somebody", todo.ReadSet{}, func(*todo.Snapshot) (todo.WriteSet, error) {
			return todo.WriteSet{}, nil
		})
	}()
	waitFor(t, func() bool { return s.writer.Stats().WaitCount > waits })
	return func() {
		if err := errors.Join(conn.Close(), <-leading); err != nil {
			t.Fatal(err)
		}
	}
}

// asOneGroup has changes carried out in one transaction, in their order, and returns their errors.
func asOneGroup(t *testing.T, s *Store, changes ...func(context.Context) error) []error {
	t.Helper()
	release := hold(t, s)
	errs := make([]error, len(changes))
	var all sync.WaitGroup
	for i, change := range changes {
		all.Go(func() { errs[i] = change(t.Context()) })
		waitFor(t, func() bool { return s.together.Waiting() == i+1 })
	}
	release()
	all.Wait()
	return errs
}

// waitFor waits until it is so.
func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	for range 5000 {
		if so() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it never came to that")
}

// creating returns a change that makes a task of owner in s, which may be spoiling.
func creating(s storetest.Store, owner todo.UserID, title string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := s.Create(ctx, owner, todo.Patch{Title: todo.Some(title)}, 1000, todo.Write{At: noon})
		return err
	}
}

// titlesOf returns the titles of owner's tasks, sorted, and where their data stand.
func titlesOf(t *testing.T, s *Store, owner todo.UserID) (titles []string, state todo.State) {
	t.Helper()
	tasks, state, err := s.Snapshot(t.Context(), owner, 0, sqlstore.NoRev, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		titles = append(titles, task.Title)
	}
	slices.Sort(titles)
	return titles, state
}

// TestWhatTheDatabaseRefusesFailsAlone: others who travel with it don't notice, whether they come before or after it, or
// are the same person.
func TestWhatTheDatabaseRefusesFailsAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	poisoned := storetest.Of(spoiling{s, func(w todo.WriteSet) (todo.WriteSet, error) {
		w.Changes[0].Task.Title = strings.Repeat("x", 201)
		return w, nil
	}})
	var changes []func(context.Context) error
	for i := range 32 {
		db := storetest.Of(s)
		if i == 13 {
			db = poisoned
		}
		changes = append(changes, creating(db, todo.UserID(fmt.Sprint("user-", i%16)), fmt.Sprint(i)))
	}
	for i, err := range asOneGroup(t, s, changes...) {
		switch refused := primaryCode(err) == 19; { // SQLITE_CONSTRAINT
		case i == 13 && !refused:
			t.Errorf("%d: %v, want what breaks the rule of titles", i, err)
		case i != 13 && err != nil:
			t.Errorf("%d: %v", i, err)
		}
	}
	for i := range 16 {
		want, rev := []string{fmt.Sprint(i), fmt.Sprint(i + 16)}, todo.Rev(2)
		if i == 13 {
			want, rev = want[1:], 1
		}
		slices.Sort(want)
		titles, state := titlesOf(t, s, todo.UserID(fmt.Sprint("user-", i)))
		if !slices.Equal(titles, want) || state.Rev != rev {
			t.Errorf("user-%d has %q at revision %d, want %q at %d", i, titles, state.Rev, want, rev)
		}
	}
}

// TestAPanicWhileDecidingFailsAlone, and the next changes are carried out.
func TestAPanicWhileDecidingFailsAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	panicking := storetest.Of(spoiling{s, func(todo.WriteSet) (todo.WriteSet, error) { panic("oh dear") }})
	db := storetest.Of(s)
	errs := asOneGroup(t, s, creating(db, "ada", "1"), creating(panicking, "bob", "2"), creating(db, "eve", "3"))
	if errs[0] != nil || errs[1] == nil || !strings.Contains(errs[1].Error(), "oh dear") || errs[2] != nil {
		t.Errorf("%v", errs)
	}
	if err := creating(db, "bob", "4")(t.Context()); err != nil {
		t.Error(err)
	}
	for owner, want := range map[todo.UserID]string{"ada": "1", "bob": "4", "eve": "3"} {
		if titles, state := titlesOf(t, s, owner); !slices.Equal(titles, []string{want}) || state.Rev != 1 {
			t.Errorf("%s has %q at revision %d", owner, titles, state.Rev)
		}
	}
}

// TestChangesOfAGroupSeeEachOther: what one person wants follows one upon the other, the quota and the ids of others
// included.
func TestChangesOfAGroupSeeEachOther(t *testing.T) {
	t.Parallel()
	s := open(t)
	db := storetest.Of(s)
	first, err := addTask(t, s, todo.User{ID: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	var seen [6]todo.Task
	toggling := func(i int) func(context.Context) error {
		return func(ctx context.Context) error {
			out, err := db.Toggle(ctx, "ada", first.ID, todo.Write{At: noon})
			seen[i] = out.Task
			return err
		}
	}
	limited := func(title string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := db.Create(ctx, "ada", todo.Patch{Title: todo.Some(title)}, 2, todo.Write{At: noon})
			return err
		}
	}
	errs := asOneGroup(t, s, toggling(0), limited("y"), toggling(2), limited("z"), creating(db, "bob", "z"), toggling(5))
	for i, err := range errs {
		if refused := todo.CodeOf(err) == todo.Conflict; refused != (i == 3) || err != nil && !refused {
			t.Errorf("%d: %v", i, err)
		}
	}
	for i, version := range map[int]todo.Rev{0: 2, 2: 4, 5: 5} {
		if seen[i].Version != version || seen[i].Completed != (i != 2) {
			t.Errorf("%d: version %d, completed %v; want %d", i, seen[i].Version, seen[i].Completed, version)
		}
	}
	if titles, state := titlesOf(t, s, "ada"); !slices.Equal(titles, []string{"x", "y"}) || state.Rev != 5 {
		t.Errorf("%q at revision %d", titles, state.Rev)
	}
}

// TestAKeyWorksWithinAGroup: the second request with it gets the answer of the first, which is not yet committed.
func TestAKeyWorksWithinAGroup(t *testing.T) {
	t.Parallel()
	s := open(t)
	var outs [3]todo.WriteResult
	once := func(i int, fingerprint string) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			w := todo.Write{At: noon}
			w.Idempotency = &todo.Idempotency{Key: "k", Fingerprint: []byte(fingerprint), Status: 201}
			outs[i], err = storetest.Of(s).Create(ctx, "ada", todo.Patch{Title: todo.Some("x")}, 1000, w)
			return err
		}
	}
	errs := asOneGroup(t, s, once(0, "same"), once(1, "same"), once(2, "other"))
	if errs[0] != nil || errs[1] != nil || todo.CodeOf(errs[2]) != todo.KeyReused {
		t.Fatalf("%v", errs)
	}
	if outs[0].Replayed || !outs[1].Replayed || outs[0].Task.ID != outs[1].Task.ID || outs[1].Task.Title != "x" {
		t.Errorf("%+v", outs)
	}
	if titles, _ := titlesOf(t, s, "ada"); len(titles) != 1 {
		t.Errorf("%q", titles)
	}
}

// TestWhoLeavesBeforeTheirTurnChangesNothing, and nobody else is kept from it.
func TestWhoLeavesBeforeTheirTurnChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	db := storetest.Of(s)
	release := hold(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() { left <- creating(db, "ada", "1")(ctx) }()
	waitFor(t, func() bool { return s.together.Waiting() == 1 })
	go func() { stayed <- creating(db, "bob", "2")(t.Context()) }()
	waitFor(t, func() bool { return s.together.Waiting() == 2 })
	cancel()
	if err := <-left; todo.CodeOf(err) != todo.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	release()
	if err := <-stayed; err != nil {
		t.Error(err)
	}
	if titles, state := titlesOf(t, s, "ada"); len(titles) > 0 || state != (todo.State{}) {
		t.Errorf("%q, %+v", titles, state)
	}
	if titles, _ := titlesOf(t, s, "bob"); len(titles) != 1 {
		t.Errorf("bob has %q", titles)
	}
}

// TestAFullDiskFailsTheWholeGroup: SQLite ends the transaction by itself then. Nothing of it is there, and when there is
// room again everything is as it was.
func TestAFullDiskFailsTheWholeGroup(t *testing.T) {
	t.Parallel()
	s := open(t)
	db := storetest.Of(s)
	limit := func(pages string) {
		var n int
		err := s.writer.QueryRowContext(t.Context(), "pragma max_page_count("+pages+")").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := addTask(t, s, todo.User{ID: "ada"}); err != nil {
		t.Fatal(err)
	}
	limit("1") // no more than there are
	var changes []func(context.Context) error
	for i := range 60 {
		changes = append(changes, func(ctx context.Context) error {
			p := todo.Patch{Title: todo.Some("x"), Description: todo.Some(strings.Repeat("y", 1000))}
			_, err := db.Create(ctx, todo.UserID(fmt.Sprint("user-", i)), p, 1000, todo.Write{At: noon})
			return err
		})
	}
	for i, err := range asOneGroup(t, s, changes...) {
		if todo.CodeOf(err) != todo.Unavailable || primaryCode(err) != sqliteFull {
			t.Errorf("%d: %v", i, err)
		}
	}
	for i := range changes {
		if titles, state := titlesOf(t, s, todo.UserID(fmt.Sprint("user-", i))); len(titles) > 0 || state.Rev != 0 {
			t.Errorf("user-%d has %q at revision %d", i, titles, state.Rev)
		}
	}
	limit("1000000")
	if task, err := addTask(t, s, todo.User{ID: "ada"}); err != nil || task.Version != 2 {
		t.Errorf("version %d, %v", task.Version, err)
	}
}

// A failingConn is a connection that fails at what it is told to.
type failingConn struct {
	plainConn
	fail func(what string) error
}

// ExecContext implements driver.ExecerContext.
func (c failingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.fail(text); err != nil {
		return nil, err
	}
	return c.plainConn.ExecContext(ctx, text, args)
}

// BeginTx implements driver.ConnBeginTx.
func (c failingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.plainConn.BeginTx(ctx, opts)
	return failingTx{tx, c.fail}, err
}

// failingTx is a transaction of such a connection.
type failingTx struct {
	driver.Tx
	fail func(what string) error
}

// Commit implements driver.Tx.
func (t failingTx) Commit() error {
	if err := t.fail("commit"); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Tx.Commit()
}

// failingDriver is the driver of such connections.
type failingDriver struct {
	driver.Driver
	fail func(what string) error
}

// Open implements driver.Driver.
func (d failingDriver) Open(name string) (driver.Conn, error) {
	c, err := d.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return failingConn{c.(plainConn), d.fail}, nil
}

// openFailing returns a store on a file of its own that fails at what fail says.
func openFailing(t *testing.T, fail func(what string) error) *Store {
	t.Helper()
	s, err := Open(t.Context(), migrated(t, "todod.db"), func(d driver.Driver) driver.Driver { return failingDriver{d, fail} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// errNotNow is why something fails.
var errNotNow = fmt.Errorf("not now: %w", context.DeadlineExceeded)

// TestASavepointThatFailsUndoesNobodyElses: what was done for others meanwhile is either there, or they are told.
func TestASavepointThatFailsUndoesNobodyElses(t *testing.T) {
	t.Parallel()
	left := 1 << 30
	s := openFailing(t, func(what string) error {
		if what != savepoint {
			return nil
		}
		if left--; left != 0 {
			return nil
		}
		return errNotNow
	})
	db := storetest.Of(s)
	poisoned := storetest.Of(spoiling{s, func(w todo.WriteSet) (todo.WriteSet, error) {
		w.Changes[0].Task.Title = ""
		return w, nil
	}})
	if err := creating(db, "eve", "1")(t.Context()); err != nil {
		t.Fatal(err)
	}
	left = 4 // who leads is alone, and needs none
	errs := asOneGroup(t, s, creating(db, "ada", "2"), creating(poisoned, "bob", "3"), creating(db, "cleo", "4"), creating(db, "dan", "5"))
	for i, owner := range []todo.UserID{"ada", "bob", "cleo", "dan"} {
		titles, _ := titlesOf(t, s, owner)
		if done := errs[i] == nil; done != (len(titles) == 1) {
			t.Errorf("%s has %q; %v", owner, titles, errs[i])
		}
	}
	if todo.CodeOf(errs[3]) != todo.Unavailable {
		t.Errorf("got %v", errs[3])
	}
}

// TestACommitThatFailsFailsTheWholeGroup, those included that had nothing to write.
func TestACommitThatFailsFailsTheWholeGroup(t *testing.T) {
	t.Parallel()
	left := 0
	s := openFailing(t, func(what string) error {
		if what != "commit" || left == 0 {
			return nil
		}
		left--
		return errNotNow
	})
	task, err := addTask(t, s, todo.User{ID: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	left = 1
	toggle := func(id int64) *group.Change {
		return group.NewChange(t.Context(), "ada", todo.ReadSet{Tasks: []int64{id}}, func(known *todo.Snapshot) (todo.WriteSet, error) {
			t, there := known.Tasks[id]
			if !there {
				return todo.WriteSet{}, todo.NoTask()
			}
			c := todo.Change{Op: todo.Updated, PrevRev: t.Version, Rev: known.Rev + 1, SetRev: known.Rev + 1, At: noon, Task: t}
			c.Task.Version = c.Rev
			return todo.WriteSet{Changes: []todo.Change{c}}, nil
		})
	}
	changes := []*group.Change{toggle(task.ID), toggle(task.ID + 1), toggle(task.ID)}
	s.carry(changes)
	for i, c := range changes {
		if todo.CodeOf(c.Err) != todo.Unavailable || !errors.Is(c.Err, errNotNow) || !c.Write.Empty() {
			t.Errorf("%d: %v, %+v", i, c.Err, c.Write)
		}
	}
	if _, state := titlesOf(t, s, "ada"); state.Rev != 1 || left != 0 {
		t.Errorf("revision %d, %d commits have not failed", state.Rev, left)
	}
	changes[0] = toggle(task.ID)
	if s.carry(changes[:1]); changes[0].Err != nil || len(changes[0].Write.Changes) != 1 {
		t.Errorf("then: %v", changes[0].Err)
	}
}

// TestWhatIsNotThereIsNotWritten: a change of a task that isn't there is a fault, and leaves nothing behind.
func TestWhatIsNotThereIsNotWritten(t *testing.T) {
	t.Parallel()
	s := open(t)
	task, err := addTask(t, s, todo.User{ID: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	wrong := storetest.Of(spoiling{s, func(w todo.WriteSet) (todo.WriteSet, error) {
		w.Changes[0].Task.ID++
		return w, nil
	}})
	if _, err := wrong.Toggle(t.Context(), "ada", task.ID, todo.Write{At: noon}); err == nil || todo.CodeOf(err) != 0 {
		t.Errorf("got %v", err)
	}
	log, state, err := s.Changes(t.Context(), "ada", 0, 10)
	if err != nil || state.Rev != 1 || len(log) != 1 {
		t.Errorf("revision %d, %d entries, %v", state.Rev, len(log), err)
	}
}

// TestWhenTimeIsUpTheRestFails: what was done until then stays.
func TestWhenTimeIsUpTheRestFails(t *testing.T) {
	t.Parallel()
	s := open(t)
	conn, err := s.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const limit = 300 * time.Millisecond
	change := func(owner todo.UserID, takes time.Duration) *group.Change {
		return group.NewChange(t.Context(), owner, todo.ReadSet{At: noon}, func(*todo.Snapshot) (todo.WriteSet, error) {
			time.Sleep(takes)
			key := todo.Idempotency{Key: "k", Fingerprint: []byte{1}}
			return todo.WriteSet{Key: &todo.StoredKey{Idempotency: key, At: noon}}, nil
		})
	}
	changes := []*group.Change{change("ada", 0), change("bob", 2*limit), change("eve", 0)}
	if err := (&transaction{conn: conn, until: time.Now().Add(limit)}).run(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for i, c := range changes {
		if late := todo.CodeOf(c.Err) == todo.Unavailable; late != (i > 0) || c.Err != nil && !late {
			t.Errorf("%d: %v", i, c.Err)
		}
		_, err := s.Operation(t.Context(), c.Owner, "k", noon.Add(-time.Hour))
		if there := err == nil; there != (i == 0) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// TestWhoGoesAloneDoesNotWaitWithTheOthers: they have a queue of their own, and both queues get on.
func TestWhoGoesAloneDoesNotWaitWithTheOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	db := storetest.Of(s)
	task, err := addTask(t, s, todo.User{ID: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Delete(t.Context(), "ada", task.ID, todo.Write{At: noon}); err != nil {
		t.Fatal(err)
	}
	purged := make(chan error, 2)
	errs := asOneGroup(t, s, func(ctx context.Context) error {
		for range 2 { // the first leads, the second waits behind it
			go func() {
				_, err := db.Purge(ctx, "ada", task.ID, todo.Write{At: noon})
				purged <- err
			}()
		}
		waitFor(t, func() bool { return s.alone.Waiting() == 1 })
		return creating(db, "bob", "x")(ctx)
	})
	one, two := <-purged, <-purged
	if two == nil {
		one, two = two, one
	}
	if errs[0] != nil || one != nil || todo.CodeOf(two) != todo.NotFound {
		t.Errorf("%v; %v; %v", errs, one, two)
	}
}

// TestColumnsAreThoseOfTheTables: the lists have every column there is, so that nothing is forgotten where it is written.
func TestColumnsAreThoseOfTheTables(t *testing.T) {
	t.Parallel()
	s := open(t)
	for table, names := range map[string]string{
		"tasks":            "user_id, " + sqlstore.Tasks.Names("") + ", " + sqlstore.Search.Names("") + ", has_children",
		"changes":          "user_id, task_id, rev, actor, " + sqlstore.Logged.Names("") + ", " + sqlstore.Log.Names(""),
		"users":            "user_id, created_at, epoch, erased_at, unfolded, life_rev, untidy, kind, listed, time_zone, " + sqlstore.Raised.Names(""),
		"objects":          "user_id, " + sqlstore.Objects.Names(""),
		"idempotency_keys": "user_id, " + sqlstore.Keys.Names(""),
		"imports":          "user_id, " + sqlstore.Imports.Names(""),
		"occurrences":      "user_id, " + sqlstore.Occurrences.Names(""),
	} {
		var want []string
		err := query(t.Context(), s.reader, func(r *rowReader) { want = append(want, r.Text()) },
			"select name from pragma_table_info(?)", table)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Split(names, ", ")
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", table, got, want)
		}
	}
	for _, f := range todo.TaskFields() {
		if !slices.ContainsFunc(sqlstore.Tasks, func(c sqlstore.Column[todo.Task]) bool { return c.Name == f.Name }) {
			t.Errorf("no column keeps %s", f.Name)
		}
	}
}

// TestAColumnOfAnotherTypeIsAFault, not a zero.
func TestAColumnOfAnotherTypeIsAFault(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, c := range []struct {
		read func(*rowReader)
		sql  string
	}{
		{func(r *rowReader) { r.Int64() }, "select 'x'"}, {func(r *rowReader) { r.Text() }, "select 1"},
		{func(r *rowReader) { r.Bytes() }, "select 'x'"}, {func(r *rowReader) { sqlstore.NullTime(r) }, "select 'x'"},
	} {
		if err := query(t.Context(), s.reader, c.read, c.sql); err == nil {
			t.Errorf("%s is taken", c.sql)
		}
	}
	var got []byte
	err := query(t.Context(), s.reader, func(r *rowReader) {
		got = bytes.Join([][]byte{r.JSON(), r.Bytes(), []byte(fmt.Sprint(sqlstore.NullText(r), sqlstore.NullTime(r)))}, nil)
	}, "select null, null, null, null")
	if err != nil || string(got) != "<nil> <nil>" {
		t.Errorf("nulls are %q, %v", got, err)
	}
}
