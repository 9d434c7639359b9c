package todo

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A ledger is a store in memory, of one person, whose log can be cut and holed as no real one can be made to.
type ledger struct {
	Database
	state State
	tasks map[int64]Task // those that are there
	log   []Change
}

// SigningKey implements Store.
func (l *ledger) SigningKey(context.Context) ([]byte, error) { return make([]byte, 32), nil }

// State implements Store.
func (l *ledger) State(context.Context, UserID) (State, error) { return l.state, nil }

// Snapshot implements Store.
func (l *ledger) Snapshot(_ context.Context, _ UserID, after int64, upTo Rev, limit int) ([]Task, State, error) {
	var page []Task
	for _, t := range l.tasks {
		if t.ID > after && t.Version <= upTo {
			page = append(page, t)
		}
	}
	slices.SortFunc(page, func(a, b Task) int { return int(a.ID - b.ID) })
	return page[:min(limit, len(page))], l.state, nil
}

// Changes implements Store.
func (l *ledger) Changes(_ context.Context, _ UserID, since Rev, limit int) ([]Change, State, error) {
	var page []Change
	for _, c := range l.log {
		if c.Rev > since && len(page) < limit {
			page = append(page, c)
		}
	}
	return page, l.state, nil
}

// change logs a change that leaves a task like this.
func (l *ledger) change(id int64, op Op) {
	if l.state.Rev++; l.state.Epoch == 0 {
		l.state.Epoch = 7
	}
	t := Task{ID: id, Version: l.state.Rev, Title: fmt.Sprint("task ", id, " at ", l.state.Rev)}
	if delete(l.tasks, id); op == Purged {
		t.Title = ""
	}
	if op != Deleted && op != Purged {
		l.tasks[id] = t
	}
	l.log = append(l.log, Change{Rev: l.state.Rev, Op: op, Task: t})
}

// newLedger returns a service over someone who has never written anything.
func newLedger() (*Service, *ledger) {
	l := &ledger{tasks: map[int64]Task{}}
	return NewService(l, time.Now, Rules{}), l
}

// ada is who syncs.
var ada = User{ID: "ada", AsOf: time.Unix(1000, 0)}

// A copy is what a client makes of what it is told.
type copyOf struct {
	tasks map[int64]Task
	next  string
}

// pull reads a page and returns whether there is more already.
func (c *copyOf) pull(t rapid.TB, s *Service) bool {
	t.Helper()
	page, err := s.Sync(context.Background(), ada, c.next, nil)
	if err != nil {
		t.Fatalf("sync: %v", err)
	}
	seen := map[int64]bool{}
	for i, change := range page.Changes {
		if seen[change.Task.ID] {
			t.Fatalf("task %d twice on a page", change.Task.ID)
		}
		if seen[change.Task.ID] = true; change.Op != Created && i > 0 && page.Changes[i-1].Rev >= change.Rev {
			t.Fatalf("revision %d after %d", change.Rev, page.Changes[i-1].Rev)
		}
		if change.Gone() {
			delete(c.tasks, change.Task.ID)
		} else {
			c.tasks[change.Task.ID] = change.Task
		}
	}
	c.next = page.Next
	return page.More
}

// pullAll reads until there is no more.
func (c *copyOf) pullAll(t rapid.TB, s *Service) {
	t.Helper()
	for c.pull(t, s) {
	}
}

// want fails the test unless c is what l holds.
func (c *copyOf) want(t rapid.TB, l *ledger) {
	t.Helper()
	if len(c.tasks) != len(l.tasks) {
		t.Fatalf("%d tasks known of %d", len(c.tasks), len(l.tasks))
	}
	for id, task := range l.tasks {
		if c.tasks[id].Title != task.Title {
			t.Fatalf("task %d: %q, want %q", id, c.tasks[id].Title, task.Title)
		}
	}
}

// TestWhoeverSyncsKnowsEverything: whatever is changed between two pages, in bursts shorter and longer than a page.
func TestWhoeverSyncsKnowsEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, l := newLedger()
		known, ids := &copyOf{tasks: map[int64]Task{}}, int64(0)
		for range rapid.IntRange(0, 6).Draw(t, "rounds") {
			burst := rapid.SampledFrom([]int{0, 1, 3, SyncLimit - 1, SyncLimit, SyncLimit + 1, 2*SyncLimit + 7}).Draw(t, "burst")
			spread := rapid.SampledFrom([]int64{1, 10, 1 << 40}).Draw(t, "spread")
			for i := range burst {
				if ids++; spread < ids && i%2 == 0 {
					l.change(ids-spread, []Op{Updated, Deleted, Restored, Purged, Completed}[i/2%5])
				} else {
					l.change(ids, Created)
				}
			}
			for range rapid.IntRange(0, 3).Draw(t, "pages") {
				known.pull(t, s)
			}
		}
		known.pullAll(t, s)
		known.want(t, l)
		before := known.next
		if known.pull(t, s) || known.next == "" {
			t.Fatal("there is more after all")
		}
		if page, err := s.Sync(context.Background(), ada, before, nil); err != nil || len(page.Changes) != 0 {
			t.Fatalf("nothing was changed: %+v, %v", page, err)
		}
	})
}

func TestWhoeverSyncsBeforeTheFirstChangeGoesOn(t *testing.T) {
	t.Parallel()
	s, l := newLedger()
	known := &copyOf{tasks: map[int64]Task{}}
	if known.pull(t, s) || known.next == "" {
		t.Fatalf("there is something: %+v", known)
	}
	known.pullAll(t, s) // still nothing
	for id := range int64(3) {
		l.change(id+1, Created)
	}
	known.pullAll(t, s)
	known.want(t, l)

	l.state.Epoch++ // another life that has come as far
	_, err := s.Sync(t.Context(), ada, known.next, nil)
	if CodeOf(err) != Outdated {
		t.Errorf("a token of another life: %v", err)
	}
}

func TestTokensThatCannotBeGoneOnFrom(t *testing.T) {
	t.Parallel()
	fill := func(n int) (*Service, *ledger) {
		s, l := newLedger()
		for id := range int64(n) {
			l.change(id+1, Created)
		}
		return s, l
	}
	for name, c := range map[string]struct {
		tasks int // when the token was given out
		spoil func(s *Service, l *ledger, token string) string
	}{
		"another life":                {3, func(_ *Service, l *ledger, token string) string { l.state.Epoch++; return token }},
		"another life, in a snapshot": {SyncLimit + 1, func(_ *Service, l *ledger, token string) string { l.state.Epoch++; return token }},
		"nobody any more":             {3, func(_ *Service, l *ledger, token string) string { *l = ledger{}; return token }},
		"from the future":             {3, func(_ *Service, l *ledger, token string) string { l.state.Rev, l.log = 2, l.log[:2]; return token }},
		"a snapshot of the future":    {SyncLimit + 1, func(_ *Service, l *ledger, token string) string { l.state.Rev = 2; return token }},
		"the log begins later": {3, func(_ *Service, l *ledger, token string) string {
			l.change(9, Created)
			l.change(9, Updated)
			l.log = l.log[4:]
			return token
		}},
		"the log is gone": {3, func(_ *Service, l *ledger, token string) string { l.change(9, Created); l.log = nil; return token }},
		"a hole in the log": {3, func(_ *Service, l *ledger, token string) string {
			for range 3 {
				l.change(9, Updated)
			}
			l.log = slices.Delete(l.log, 4, 5)
			return token
		}},
		"after a restored backup": {3, func(_ *Service, l *ledger, token string) string { l.state.Rev += 1000; return token }},
		"after a backup, with a change": {3, func(_ *Service, l *ledger, token string) string {
			l.state.Rev += 1000
			l.change(9, Created)
			return token
		}},
		"not a token": {3, func(*Service, *ledger, string) string { return "AAAA" }},
		"white space": {3, func(_ *Service, _ *ledger, token string) string { return token + " " }},
		"a new line":  {3, func(_ *Service, _ *ledger, token string) string { return token[:5] + "\r\n" + token[5:] }},
		"padding":     {3, func(_ *Service, _ *ledger, token string) string { return token + "=" }},
		"cut":         {3, func(_ *Service, _ *ledger, token string) string { return token[:len(token)-4] }},
		"a cursor": {3, func(s *Service, _ *ledger, _ string) string {
			token, err := s.cursor(context.Background(), ada, "", syncCursor{Epoch: 7, Rev: 3})
			if err != nil {
				panic(err)
			}
			return token
		}},
		"another's": {3, func(s *Service, _ *ledger, _ string) string {
			page, err := s.Sync(context.Background(), User{ID: "bob"}, "", nil)
			if err != nil {
				panic(err)
			}
			return page.Next
		}},
	} {
		s, l := fill(c.tasks)
		page, err := s.Sync(t.Context(), ada, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sync(t.Context(), ada, page.Next, nil); err != nil {
			t.Errorf("%s: not yet, and yet %v", name, err)
		}
		token := c.spoil(s, l, page.Next)
		if got, err := s.Sync(t.Context(), ada, token, nil); CodeOf(err) != Outdated || len(got.Changes) != 0 || got.Next != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestAHoleBehindThePageIsFoundInTime: whoever reads page by page is told when they come to it.
func TestAHoleBehindThePageIsFoundInTime(t *testing.T) {
	t.Parallel()
	s, l := newLedger()
	l.change(1, Created)
	page, err := s.Sync(t.Context(), ada, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range SyncLimit + 10 {
		l.change(1, Updated)
	}
	l.log = slices.Delete(l.log, SyncLimit+5, SyncLimit+6)
	page, err = s.Sync(t.Context(), ada, page.Next, nil)
	if err != nil || !page.More || len(page.Changes) != 1 || page.Changes[0].Rev != SyncLimit+1 {
		t.Fatalf("%d changes, %v", len(page.Changes), err)
	}
	if _, err = s.Sync(t.Context(), ada, page.Next, nil); CodeOf(err) != Outdated {
		t.Errorf("over the hole: %v", err)
	}
}

func TestAFormerLifeSyncsNothing(t *testing.T) {
	t.Parallel()
	s, l := newLedger()
	l.change(1, Created)
	page, err := s.Sync(t.Context(), ada, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.state.ErasedAt = ada.AsOf
	for _, token := range []string{"", page.Next} {
		if got, err := s.Sync(t.Context(), ada, token, nil); CodeOf(err) != Unauthenticated || len(got.Changes) != 0 {
			t.Errorf("%q: %+v, %v", token, got, err)
		}
	}
	if _, err := s.Sync(t.Context(), User{ID: "ada", AsOf: ada.AsOf.Add(1)}, "", nil); err != nil {
		t.Error(err)
	}
}

func TestLastOfEach(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var log []Change
		last := map[int64]Rev{}
		for i, id := range rapid.SliceOf(rapid.Int64Range(1, 5)).Draw(t, "ids") {
			c := Change{Rev: Rev(i + 1), Task: Task{ID: id}}
			log, last[id] = append(log, c), c.Rev
		}
		kept := lastOfEach(log)
		if len(kept) != len(last) || !slices.IsSortedFunc(kept, func(a, b Change) int { return int(a.Rev - b.Rev) }) {
			t.Fatalf("%v of %v", kept, log)
		}
		for _, c := range kept {
			if last[c.Task.ID] != c.Rev {
				t.Fatalf("revision %d of task %d, the last is %d", c.Rev, c.Task.ID, last[c.Task.ID])
			}
		}
	})
}
