package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// OldVersion is the version of the schema at which RunOldData begins. Whoever used it decided changes in SQL, and kept
// other JSON than this program writes.
const OldVersion = 7

// An OldDatabase is a database at OldVersion with nobody in it.
type OldDatabase struct {
	Tables []string // all there are, but for what the migrations keep of themselves
	// Insert inserts a row. Its values are nil, string, bool, int64, time.Time or []byte; JSON is a string.
	Insert func(table string, row map[string]any)
	Rows   func(table string) []Row
	Open   func() account.FullStore // under this program, whose migrations run
}

// RunOldData fails the test unless what the program kept while its schema was at OldVersion is all there under this
// program, and is gone on from.
func RunOldData(t *testing.T, old OldDatabase) {
	ada, bob := newOldLife("old-ada", 10), newOldLife("old-bob", 20)
	for _, o := range []*oldLife{ada, bob} {
		o.rows(func(table string, r row) {
			if slices.Contains(old.Tables, table) {
				old.Insert(table, r)
			}
		})
	}
	for _, table := range old.Tables {
		if len(old.Rows(table)) == 0 {
			t.Errorf("%s has no rows: have an oldLife fill it", table)
		}
	}
	key := old.Rows("signing_key")
	if t.Failed() {
		return
	}

	c := &oldCheck{T: t, oldLife: ada, store: Of(old.Open()), now: noon.Add(time.Minute)}
	rules := todo.Rules{Quota: 5, KeysRemembered: 24 * time.Hour}
	c.service = todo.NewService(c.store, func() time.Time { c.now = c.now.Add(time.Second); return c.now }, rules)
	c.isAllThere()
	c.isFound()
	c.answersItsKeys()
	c.hasItsAccount()
	next := mustSync(t, c.service, ada.User, "").Next
	c.undoesItsSet(6, "") // in the middle of it
	c.goesOn()
	c.syncsFrom(next)
	if now := old.Rows("signing_key"); !reflect.DeepEqual(now, key) {
		t.Error("what cursors are signed with is another key now")
	}
	other := &oldCheck{T: t, oldLife: bob, store: c.store, service: c.service}
	other.isAllThere()
	if people, err := c.store.FoldOldTexts(t.Context()); err != nil || people != 1 { // who was searched needs it no more
		t.Errorf("the texts of %d people were folded, %v", people, err)
	}
	other.isFound()
	other.undoesItsSet(0, "batch")
	c.leavesNothing(old, ada, bob)
}

// An oldCheck looks at what has become of an oldLife.
type oldCheck struct {
	*testing.T
	*oldLife
	store   Store
	service *todo.Service
	now     time.Time
}

// isAllThere looks at everything that can be read of tasks.
func (c *oldCheck) isAllThere() {
	c.Helper()
	ctx, revs := c.Context(), todo.Rev(len(c.log))
	if state := mustState(c.T, c.store, c.ID); state != (todo.State{Epoch: c.epoch, Rev: revs}) {
		c.Fatalf("%s: the state is %+v", c.ID, state)
	}
	listed := mustList(c, c.store, c.ID, todo.Filter{}).Tasks
	trash := todo.Filter{Trash: true, Order: todo.LatestDeletedFirst()}
	listed = append(listed, mustList(c, c.store, c.ID, trash).Tasks...)
	if len(listed) != len(c.tasks) {
		c.Fatalf("%s: %d tasks are listed, want %d", c.ID, len(listed), len(c.tasks))
	}
	for _, t := range listed {
		wantExactly(c, "in a list", t, c.tasks[t.ID])
	}
	log := mustLog(c, c.store, c.ID)
	if len(log) != len(c.log) {
		c.Fatalf("%s: the log has %d changes, want %d", c.ID, len(log), len(c.log))
	}
	for i := range log {
		wantChange(c, log[i], c.log[i])
	}
	for id, t := range c.tasks {
		past, err := c.store.History(ctx, c.ID, todo.KindTask, id, 0, 100)
		of := slices.DeleteFunc(slices.Clone(c.log), func(was todo.Change) bool { return was.Task.ID != id })
		if err != nil || len(past) != len(of) {
			c.Fatalf("%s has a history of %d changes, %v; want %d", show(t), len(past), err, len(of))
		}
		for i := range past {
			wantChange(c, past[i], of[len(of)-1-i])
		}
	}
	if page := mustSync(c.T, c.service, c.User, ""); len(page.Changes) != 4 || page.More {
		c.Errorf("a sync has %d tasks", len(page.Changes))
	}
}

// isFound searches for what there is, by all that it says.
func (c *oldCheck) isFound() {
	c.Helper()
	for _, t := range c.tasks {
		f := todo.Filter{Words: []string{strings.ToUpper(t.Title)}, Trash: t.DeletedAt != nil}
		if t.Description != nil {
			f.Words = append(f.Words, *t.Description)
		}
		found := mustList(c, c.store, c.ID, f).Tasks
		if !slices.ContainsFunc(found, func(other todo.Task) bool { return other.ID == t.ID }) {
			c.Errorf("%s: %q finds %q", c.ID, f.Words, titles(found))
		}
	}
	if found := mustList(c, c.store, c.ID, todo.Filter{Words: []string{"secret"}}).Tasks; len(found) != 0 {
		c.Errorf("%s: what is gone for good is found: %q", c.ID, titles(found))
	}
}

// answersItsKeys asks for what was done with a key again: the answer is that of the first time, and nothing is done.
func (c *oldCheck) answersItsKeys() {
	c.Helper()
	ctx, by, s := c.Context(), c.User, c.service
	id, p := c.id+restored, titled("anything")
	for key, ask := range map[string]func(todo.WriteOptions) (todo.WriteResult, error){
		"create":    func(w todo.WriteOptions) (todo.WriteResult, error) { return s.Create(ctx, by, p, w) },
		"edit":      func(w todo.WriteOptions) (todo.WriteResult, error) { return s.Update(ctx, by, c.id+done, p, w) },
		"unchanged": func(w todo.WriteOptions) (todo.WriteResult, error) { return s.Update(ctx, by, id, p, w) },
		"unchanged, all of it": func(w todo.WriteOptions) (todo.WriteResult, error) {
			return s.Update(ctx, by, c.id+done, p, w)
		},
		"purge": func(w todo.WriteOptions) (todo.WriteResult, error) { return s.Purge(ctx, by, c.id+purged, w) },
	} {
		out, err := ask(keyed(key))
		if err != nil || !out.Replayed {
			c.Fatalf("the key %s: %+v, %v", key, out, err)
		}
		wantExactly(c, "the key "+key, out.Task, map[string]todo.Task{
			"create": c.after(1), "edit": c.after(2), "unchanged": c.after(16), "unchanged, all of it": c.after(5),
			"purge": {ID: c.id + purged, Owner: c.ID, Version: 12},
		}[key])
		if op, err := s.Operation(ctx, by, key); err != nil || op.Task.ID != out.Task.ID || op.Task.Title != out.Task.Title {
			c.Errorf("what came of the key %s: %+v, %v", key, op, err)
		}
	}
	_, err := s.Update(ctx, by, c.id+purged, p, keyed("gone"))
	wantCode(c, err, todo.NotFound)
	other := keyed("edit")
	other.Idempotency.Fingerprint = []byte("another request")
	_, err = s.Update(ctx, by, id, p, other)
	wantCode(c, err, todo.KeyReused)
	cleared, err := s.ClearCompleted(ctx, by, keyed("clear"))
	if err != nil || !cleared.Replayed || cleared.Rev != 9 || len(cleared.Changes) != 1 {
		c.Errorf("the key clear: %+v, %v", cleared, err)
	}
	nothing, err := s.CompleteAll(ctx, by, keyed("nothing"))
	if err != nil || !nothing.Replayed || nothing.Rev != 0 || len(nothing.Changes) != 0 {
		c.Errorf("the key nothing: %+v, %v", nothing, err)
	}
	c.answersItsBatch()
	if state := mustState(c.T, c.store, c.ID); state.Rev != todo.Rev(len(c.log)) {
		c.Errorf("asking again has led to revision %d", state.Rev)
	}
}

// answersItsBatch asks for a batch again.
func (c *oldCheck) answersItsBatch() {
	c.Helper()
	again, err := c.service.Batch(c.Context(), c.User, []todo.Step{{Op: todo.Deleted, ID: 1}}, false, keyed("batch"))
	if err != nil || !again.Replayed || len(again.Results) != 6 {
		c.Fatalf("the batch: %+v, %v", again, err)
	}
	for i, want := range []todo.Result{
		{Ref: "a", Op: todo.Completed}, {Op: todo.Deleted}, {Op: todo.Updated}, {Op: todo.Updated, Err: todo.NoTask()},
		{Op: todo.Updated, Err: todo.InvalidFields(todo.FieldError{Field: "title", Message: "must not be empty"})},
		{Op: todo.Updated, Err: &todo.Error{Code: todo.Changed, Message: "The task was changed"}},
	} {
		got := again.Results[i]
		if got.Ref != want.Ref || got.Op != want.Op || fmt.Sprint(got.Err) != fmt.Sprint(want.Err) ||
			todo.CodeOf(got.Err) != todo.CodeOf(want.Err) || (got.Task != nil) != (i < 3) {
			c.Errorf("result %d is %+v, want %+v", i, got, want)
		}
		if got.Task != nil {
			wantExactly(c, "of the batch", *got.Task, c.after(todo.Rev(5+i)))
		}
	}
	failed, ok := errors.AsType[*todo.Error](again.Results[5].Err)
	if !ok || failed.Current == nil {
		c.Fatalf("the last result doesn't say how the task was: %+v", again.Results[5])
	}
	wantExactly(c, "as it was when it had changed", *failed.Current, c.after(5))
	op, err := c.service.Operation(c.Context(), c.User, "batch")
	if err != nil || len(op.Changes) != 3 {
		c.Errorf("what came of the batch: %+v, %v", op, err)
	}
}

// hasItsAccount signs in, refreshes, uses the ticket, and asks for what was imported.
func (c *oldCheck) hasItsAccount() {
	c.Helper()
	ctx := c.Context()
	got, err := c.store.AccountByEmail(ctx, c.account.Email)
	wantAccount(c, got, err, c.account)
	got, err = c.store.Account(ctx, c.ID)
	wantAccount(c, got, err, c.account)
	session, err := c.store.Session(ctx, c.ID, c.session.ID, noon)
	wantSession(c, session, err, c.session)
	next := newHash()
	session, _, err = c.store.RotateSession(ctx, c.ID, c.session.ID, c.session.RefreshHash, next, noon, noon.Add(week))
	if err != nil || !bytes.Equal(session.RefreshHash, next) {
		c.Errorf("refreshed: %+v, %v", session, err)
	}
	ticket, err := c.store.RedeemTicket(ctx, c.ID, c.ticket.Hash, noon)
	if err != nil || ticket.SessionID != c.ticket.SessionID || !ticket.AsOf.Equal(c.ticket.AsOf) {
		c.Errorf("the ticket: %+v, %v", ticket, err)
	}
	known, err := c.store.Imported(ctx, c.ID, c.imported.Source, []string{"1", "2"})
	if err != nil || len(known) != 1 || !known["1"].Equal(c.imported.CreatedAt) {
		c.Errorf("imported: %v, %v", known, err)
	}
	notes, err := c.store.Imports(ctx, c.ID, todo.Import{}, 10)
	if err != nil || len(notes) != 1 || notes[0].TaskID != c.imported.TaskID {
		c.Errorf("notes of imports: %+v, %v", notes, err)
	}
	want := account.Counts{Open: 3, Completed: 1, Trash: 2}
	if h := mustHold(c.T, c.store, c.ID); h.Counts != want || h.Claims != c.User || !h.Since.Equal(noon) {
		c.Errorf("the summary is %+v", h)
	}
}

// undoesItsSet takes the set of a revision or a key back and does it again.
func (c *oldCheck) undoesItsSet(rev todo.Rev, key string) {
	c.Helper()
	set, err := c.service.Undo(c.Context(), c.User, rev, key, keyed("undo"))
	if err != nil || len(set.Changes) != 3 || set.Rev != 18 {
		c.Fatalf("an undo of the set: %+v, %v", set, err)
	}
	wantSameTasks(c, []todo.Task{
		mustRead(c, c.store, c.ID, c.id+done), mustRead(c, c.store, c.ID, c.id+deleted),
		mustRead(c, c.store, c.ID, c.id+edited),
	}, []todo.Task{c.after(2), c.after(3), c.after(4)})
	if set, err = c.service.Undo(c.Context(), c.User, set.Rev, "", todo.WriteOptions{}); err != nil || set.Rev != 21 {
		c.Fatalf("a redo of the set: %+v, %v", set, err)
	}
	_, err = c.service.Undo(c.Context(), c.User, 11, "", todo.WriteOptions{})
	wantCode(c, err, todo.Conflict) // what it deleted has gone for good
}

// goesOn changes what there is, up to the quota.
func (c *oldCheck) goesOn() {
	c.Helper()
	ctx, by, s, id := c.Context(), c.User, c.service, c.id+done
	made, err := s.Create(ctx, by, titled("new"), todo.WriteOptions{})
	if err != nil || made.Task.ID <= c.id+taken || c.tasks[made.Task.ID].ID != 0 {
		c.Fatalf("made: %s, %v", show(made.Task), err)
	}
	_, err = s.Create(ctx, by, titled("one too many"), todo.WriteOptions{})
	wantCode(c, err, todo.Conflict)
	toggled := must(c)(taskOf(s.Toggle(ctx, by, id, todo.WriteOptions{})))
	base := todo.WriteOptions{If: []todo.Rev{1}}
	_, err = s.Merge(ctx, by, id, todo.Patch{Priority: todo.Some(todo.Low)}, base)
	wantCode(c, err, todo.Conflict)
	merged := must(c)(taskOf(s.Merge(ctx, by, id, todo.Patch{Description: todo.Some("merged")}, base)))
	if toggled.Completed || merged.Title != "b" || merged.Version != 26 {
		c.Errorf("toggled %s, merged %s", show(toggled), show(merged))
	}
	must(c)(taskOf(s.Purge(ctx, by, c.id+thrown, todo.WriteOptions{})))
	again := []todo.ImportedTask{
		{OldID: "1", Task: todo.Task{Title: "again", Priority: todo.Low, CreatedAt: noon, UpdatedAt: noon}},
		{OldID: "2", Task: todo.Task{Title: "second", Priority: todo.Low, CreatedAt: noon, UpdatedAt: noon}},
	}
	if n, err := todo.ImportTasks(ctx, c.store, c.ID, c.imported.Source, again, noon); err != nil || n != 1 {
		c.Errorf("%d imported, %v", n, err)
	}
	log := mustLog(c, c.store, c.ID)
	for i, change := range log {
		gone := change.Task.ID == c.id+thrown || change.Task.ID == c.id+purged
		if change.Rev != todo.Rev(i+1) || change.Blank() != gone {
			c.Errorf("change %d is %+v", i, change)
		}
	}
	if state := mustState(c.T, c.store, c.ID); len(log) != 28 || state.Rev != 28 || state.Epoch != c.epoch {
		c.Errorf("%d changes, state %+v", len(log), state)
	}
}

// syncsFrom looks at what a client is told that knows what there was.
func (c *oldCheck) syncsFrom(token string) {
	c.Helper()
	page := mustSync(c.T, c.service, c.User, token)
	ids := map[int64]bool{}
	for _, change := range page.Changes {
		ids[change.Task.ID] = true
	}
	if len(page.Changes) != 6 || len(ids) != 6 || page.More {
		c.Errorf("a sync tells %d changes of %d tasks", len(page.Changes), len(ids))
	}
}

// leavesNothing erases everybody and looks at every row of every table.
func (c *oldCheck) leavesNothing(old OldDatabase, people ...*oldLife) {
	c.Helper()
	for _, o := range people {
		if err := c.store.Erase(c.Context(), o.ID, c.now); err != nil {
			c.Fatal(err)
		}
	}
	for _, table := range old.Tables {
		for _, r := range old.Rows(table) {
			if table == "users" && r["rev"] == "0" && r["task_count"] == "0" && r["email"] == "<null>" && r["name"] == "<null>" {
				continue // the fact that everything was erased
			}
			if strings.Contains(fmt.Sprint(r), "old-") {
				c.Errorf("%s still has %v", table, r)
			}
		}
	}
	_, err := c.service.Sync(c.Context(), c.User, "", nil)
	wantCode(c, err, todo.Unauthenticated)
}
