package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// testHistories: random changes by two owners, on random terms, leave a store and its log as the domain's own rules
// leave a model. Patch.Apply, Task.Toggle, OpOf and Touched are the reference that a store's SQL is held against.
func testHistories(t *testing.T, s Store) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{store: s, people: map[todo.UserID]*person{}, now: noon}
		for range 2 {
			user := newUser()
			m.users = append(m.users, user)
			m.people[user] = &person{id: user, tasks: map[int64]todo.Task{}, keys: map[string]remembered{}}
		}
		t.Repeat(map[string]func(*rapid.T){
			"create": m.create, "update": m.update, "toggle": m.toggle, "delete": m.delete, "restore": m.restore,
			"purge": m.purge, "wait": m.wait, "": m.checkLast,
		})
		for _, user := range m.users {
			m.people[user].sawLog = 0
			m.checkLog(t, m.people[user])
			m.checkLists(t, m.people[user])
			m.checkHistories(t, m.people[user])
			m.checkOperations(t, m.people[user])
		}
	})
}

// A model is what a store should hold.
type model struct {
	store    Store
	users    []todo.UserID
	people   map[todo.UserID]*person
	last     *person // who made the last change
	now      time.Time
	requests int
}

// A person is what a store should hold of one owner. Their revision is the length of their log.
type person struct {
	id         todo.UserID
	tasks      map[int64]todo.Task // those in the trash, too
	log        []todo.Change
	keys       map[string]remembered
	remembered time.Duration // for how long keys are, to the last write with one

	sawLog int // how many entries of the log have been checked and can't have changed since
}

// remembered is what should be known of a key: the revision that was made, or the task where nothing changed.
type remembered struct {
	fingerprint string
	status      int
	at          time.Time
	rev         todo.Rev
	same        todo.Task // of no id once it has gone for good
}

// pick chooses a user, a task of theirs or of the other, and terms, and moves the clock, sometimes back.
func (m *model) pick(t *rapid.T, op string) (*person, int64, todo.Write) {
	m.last = m.people[rapid.SampledFrom(m.users).Draw(t, "user")]
	ids := []int64{1 << 60}
	for _, owner := range m.users { // in an order that a failing run repeats
		ids = append(ids, slices.Sorted(maps.Keys(m.people[owner].tasks))...)
	}
	m.now = m.now.Add(time.Duration(rapid.IntRange(-2, 5).Draw(t, "seconds")) * time.Second)
	w := at(m.last.id, m.now)
	id := rapid.SampledFrom(ids).Draw(t, "id")
	if m.requests++; m.requests%2 == 0 {
		w.RequestID = fmt.Sprintf("req_%d", m.requests)
	}
	current := m.last.tasks[id].Version
	w.If = rapid.SampledFrom([][]todo.Rev{
		nil, nil, nil, nil, {current}, {current - 1, current, 9999}, {current + 1}, {},
	}).Draw(t, "if")
	if key := rapid.SampledFrom([]string{"", "", "", "k", "l", "~!/ %k"[:4]}).Draw(t, "key"); key != "" {
		fingerprint := op + rapid.SampledFrom([]string{"", "", "", "'"}).Draw(t, "fingerprint")
		w.Idempotency = &todo.Idempotency{
			Key: key, Fingerprint: []byte(fingerprint), Status: 200 + len(op),
		}
		m.store.Remembered = time.Duration(rapid.SampledFrom([]int{3600, 3600, 8}).Draw(t, "remembered for")) * time.Second
		m.last.remembered = m.store.Remembered
	}
	return m.last, id, w
}

// wait lets time go by.
func (m *model) wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "seconds")) * time.Second)
}

// patch draws a valid patch.
func patch(t *rapid.T) todo.Patch {
	var p todo.Patch
	draw := func(name string) int { return rapid.IntRange(0, 3).Draw(t, name) }
	if n := draw("title"); n > 0 {
		p.Title = todo.Some([]string{"a", "b", "c"}[n-1])
	}
	if n := draw("description"); n > 0 {
		p.Description = []todo.Opt[string]{todo.Null[string](), todo.Some(""), todo.Some("text")}[n-1]
	}
	if n := draw("completed"); n > 1 {
		p.Completed = todo.Some(n == 2)
	}
	if n := draw("priority"); n > 0 {
		p.Priority = todo.Some(todo.Priority(n))
	}
	date := func(name string, p *todo.Opt[todo.Date], allDay *todo.Opt[bool]) {
		if n := rapid.IntRange(0, 5).Draw(t, name); n > 0 {
			*p = []todo.Opt[todo.Date]{
				todo.Null[todo.Date](), todo.Some(due("2026-01-15")), todo.Some(due("2026-01-15T00:00:00Z")),
				todo.Some(due("2026-01-15T23:00:00-05:00")), todo.Some(due("1969-12-31T23:59:59.999999Z")),
			}[n-1]
		}
		if n := draw(name + " all day"); n > 1 {
			*allDay = todo.Some(n == 2)
		}
	}
	date("due", &p.Due, &p.AllDay)
	date("start", &p.Start, &p.StartAllDay)
	return p
}

// create makes a task, or meets the quota.
func (m *model) create(t *rapid.T) {
	p, _, w := m.pick(t, "create")
	given := patch(t)
	given.Title = todo.Some("new")
	want, quota := mustNormalise(t, given).NewTask(p.id, w.At), p.quota(t)
	got, err := m.store.Create(context.Background(), p.id, given, quota, w)
	switch {
	case p.answered(t, w, got, err):
	case quota == p.live():
		wantCode(t, err, todo.Conflict)
	default:
		want.ID = got.Task.ID
		p.changed(t, w, got, err, todo.Created, todo.Task{}, want)
	}
}

// quota draws a quota that leaves room, or just none.
func (p *person) quota(t *rapid.T) int {
	if rapid.IntRange(0, 4).Draw(t, "quota") == 0 {
		return p.live()
	}
	return plenty
}

// live returns how many tasks are not in the trash.
func (p *person) live() (n int) {
	for _, task := range p.tasks {
		if task.DeletedAt == nil {
			n++
		}
	}
	return n
}

// update patches a task.
func (m *model) update(t *rapid.T) {
	p, id, w := m.pick(t, "update")
	given := mustNormalise(t, patch(t))
	got, err := m.store.Update(context.Background(), p.id, id, given, w)
	if before, ok := p.found(t, id, false, w, got, err); ok {
		after := given.Apply(before, w.At)
		p.changed(t, w, got, err, todo.OpOf(before, after), before, after)
	}
}

// toggle flips a task.
func (m *model) toggle(t *rapid.T) {
	p, id, w := m.pick(t, "toggle")
	got, err := m.store.Toggle(context.Background(), p.id, id, w)
	if before, ok := p.found(t, id, false, w, got, err); ok {
		after := before.Toggle(w.At)
		p.changed(t, w, got, err, todo.OpOf(before, after), before, after)
	}
}

// delete moves a task to the trash.
func (m *model) delete(t *rapid.T) {
	p, id, w := m.pick(t, "delete")
	got, err := m.store.Delete(context.Background(), p.id, id, w)
	if before, ok := p.found(t, id, false, w, got, err); ok {
		after := before
		after.DeletedAt = &w.At
		p.changed(t, w, got, err, todo.Deleted, before, after)
	}
}

// restore takes a task out of the trash, or meets the quota.
func (m *model) restore(t *rapid.T) {
	p, id, w := m.pick(t, "restore")
	quota := p.quota(t)
	got, err := m.store.Restore(context.Background(), p.id, id, quota, w)
	before, ok := p.found(t, id, true, w, got, err)
	switch {
	case !ok:
	case quota == p.live():
		wantCode(t, err, todo.Conflict)
	default:
		after := before
		after.DeletedAt = nil
		p.changed(t, w, got, err, todo.Restored, before, after)
	}
}

// purge removes a task in the trash for good.
func (m *model) purge(t *rapid.T) {
	p, id, w := m.pick(t, "purge")
	got, err := m.store.Purge(context.Background(), p.id, id, w)
	before, ok := p.found(t, id, true, w, got, err)
	if !ok {
		return
	}
	for i := range p.log {
		if c := &p.log[i]; c.Task.ID == id {
			c.Before, c.Task = nil, todo.Task{ID: id, Owner: p.id, Version: c.Rev}
		}
	}
	for name, key := range p.keys {
		if key.same.ID == id {
			key.same = todo.Task{}
			p.keys[name] = key
		}
	}
	p.sawLog = 0 // all of it has to be looked at anew
	p.changed(t, w, got, err, todo.Purged, before, todo.Task{ID: id, Owner: p.id})
	delete(p.tasks, id)
}

// found returns the task that a change is about if the change was to be carried out, and else fails the test unless the
// store said why not.
func (p *person) found(
	t *rapid.T, id int64, trashed bool, w todo.Write, got todo.WriteResult, err error,
) (todo.Task, bool) {
	t.Helper()
	before, ok := p.tasks[id]
	switch {
	case p.answered(t, w, got, err):
		return before, false
	case !ok || trashed != (before.DeletedAt != nil):
		wantCode(t, err, todo.NotFound)
		return before, false
	case w.If != nil && !slices.Contains(w.If, before.Version):
		wantCurrent(t, err, before)
		return before, false
	}
	return before, true
}

// answered reports whether the key of w has an answer already, and fails the test unless that is what came.
func (p *person) answered(t *rapid.T, w todo.Write, got todo.WriteResult, err error) bool {
	t.Helper()
	if w.Idempotency == nil {
		return false
	}
	known, ok := p.keys[w.Idempotency.Key]
	switch {
	case !ok || !known.at.After(w.At.Add(-p.remembered)):
		return false
	case known.fingerprint != string(w.Idempotency.Fingerprint):
		wantCode(t, err, todo.KeyReused)
		return true
	case p.wanted(known).Title == "" && !strings.HasPrefix(known.fingerprint, "delete") && !strings.HasPrefix(known.fingerprint, "purge"):
		wantCode(t, err, todo.NotFound) // it has gone for good since
		return true
	case err != nil || !got.Replayed:
		t.Fatalf("a replay: %+v, %v", got, err)
	}
	p.wantAnswer(t, got.Task, known)
	return true
}

// wanted returns the task that is to be remembered.
func (p *person) wanted(known remembered) todo.Task {
	if known.rev > 0 {
		return p.log[known.rev-1].Task
	}
	return known.same
}

// wantAnswer fails the test unless got is what is to be remembered.
func (p *person) wantAnswer(t *rapid.T, got todo.Task, known remembered) {
	t.Helper()
	want := p.wanted(known)
	if want.Title != "" {
		wantTask(t, got, want)
	} else if got.ID != want.ID || got.Version != want.Version || got.Title != "" || got.Description != nil || got.Due != nil {
		t.Fatalf("of a task that is gone for good: %s, want %s", show(got), show(want))
	}
}

// changed notes that a change has made after of before, which may be the same, and fails the test unless that is what
// came.
func (p *person) changed(
	t *rapid.T, w todo.Write, got todo.WriteResult, err error, op todo.Op, before, after todo.Task,
) {
	t.Helper()
	if err != nil || got.Replayed {
		t.Fatalf("%s: %+v, %v", op, got, err)
	}
	same := op == todo.Updated && after.Same(&before)
	if !same {
		after.Version = todo.Rev(len(p.log) + 1)
		c := todo.Change{
			Rev: after.Version, PrevRev: before.Version, SetRev: after.Version, Op: op, At: w.At, Task: after, RequestID: w.RequestID,
		}
		if op != todo.Created && op != todo.Purged {
			c.Before = todo.Touched(&before, &after)
		}
		p.log = append(p.log, c)
		p.tasks[after.ID] = after
	}
	if op == todo.Purged {
		p.wantAnswer(t, got.Task, remembered{rev: after.Version})
	} else {
		wantTask(t, got.Task, after)
	}
	if w.Idempotency == nil {
		return
	}
	known := remembered{
		fingerprint: string(w.Idempotency.Fingerprint), status: w.Idempotency.Status, at: w.At, rev: after.Version,
	}
	if same {
		known.rev, known.same = 0, after
	}
	p.keys[w.Idempotency.Key] = known
}

// checkLast holds what the last change added to the log, and now and then the lists, against the model.
func (m *model) checkLast(t *rapid.T) {
	if m.last == nil {
		return
	}
	m.checkLog(t, m.last)
	if rapid.IntRange(0, 5).Draw(t, "look at the lists") == 0 {
		m.checkLists(t, m.last)
	}
}

// checkLists holds a person's tasks, those in the trash and the others, against the model.
func (m *model) checkLists(t *rapid.T, p *person) {
	listed := 0
	for _, trash := range []bool{false, true} {
		page := mustList(t, m.store, p.id, todo.Filter{Trash: trash, Count: true})
		if page.Total != len(page.Tasks) || page.State.Rev != todo.Rev(len(p.log)) {
			t.Fatalf("%d tasks listed, total %d, revision %d of %d", len(page.Tasks), page.Total, page.State.Rev, len(p.log))
		}
		for _, got := range page.Tasks {
			if (got.DeletedAt != nil) != trash {
				t.Fatalf("in the wrong list: %s", show(got))
			}
			wantTask(t, got, p.tasks[got.ID])
		}
		listed += len(page.Tasks)
	}
	if listed != len(p.tasks) {
		t.Fatalf("%d tasks listed, want %d", listed, len(p.tasks))
	}
}

// checkLog holds what of a person's log is new, or may have changed, against the model.
func (m *model) checkLog(t *rapid.T, p *person) {
	log, state, err := m.store.Changes(context.Background(), p.id, todo.Rev(p.sawLog), plenty)
	if err != nil || state.Rev != todo.Rev(len(p.log)) || len(log) != len(p.log)-p.sawLog {
		t.Fatalf("%d entries after %d of %d, state %+v, %v", len(log), p.sawLog, len(p.log), state, err)
	}
	for i, got := range log {
		wantChange(t, got, p.log[p.sawLog+i])
	}
	p.sawLog = len(p.log)
}

// checkHistories walks through what happened to each task in pages.
func (m *model) checkHistories(t *rapid.T, p *person) {
	for _, id := range slices.Sorted(maps.Keys(p.tasks)) {
		before := todo.Rev(0)
		for i := len(p.log) - 1; i >= 0; {
			limit := rapid.IntRange(1, 4).Draw(t, "limit")
			page, err := m.store.History(context.Background(), p.id, todo.KindTask, id, before, limit)
			if err != nil || len(page) > limit {
				t.Fatalf("history of %d before %d: %d entries of %d, %v", id, before, len(page), limit, err)
			}
			for _, got := range page {
				for p.log[i].Task.ID != id {
					i--
				}
				wantChange(t, got, p.log[i])
				before = got.Rev
				i--
			}
			if len(page) == limit {
				continue
			}
			if older := slices.ContainsFunc(p.log[:i+1], func(c todo.Change) bool { return c.Task.ID == id }); older {
				t.Fatalf("the history of %d ends before its beginning, at %d", id, before)
			}
			break
		}
	}
}

// checkOperations asks for what came of each key.
func (m *model) checkOperations(t *rapid.T, p *person) {
	for name, known := range p.keys {
		got, err := m.store.Operation(context.Background(), p.id, name, known.at.Add(-time.Microsecond))
		if err != nil || got.Key != name || got.Status != known.status || !got.At.Equal(known.at) {
			t.Fatalf("operation %s: %+v, %v; want %+v", name, got, err, known)
		}
		p.wantAnswer(t, got.Task, known)
		_, err = m.store.Operation(context.Background(), p.id, name, known.at)
		wantCode(t, err, todo.NotFound)
	}
}
