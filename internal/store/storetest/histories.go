package storetest

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// testHistories: random changes by two owners leave a store as the domain's own rules leave a map. Patch.Apply and
// Task.Toggle are the reference that a store's SQL is held against.
func testHistories(t *testing.T, s todo.Store) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{store: s, tasks: map[todo.UserID]map[int64]todo.Task{}, rev: map[todo.UserID]todo.Rev{}, now: noon}
		for range 2 {
			user := newUser()
			m.users = append(m.users, user)
			m.tasks[user] = map[int64]todo.Task{}
		}
		t.Repeat(map[string]func(*rapid.T){
			"create": m.create, "update": m.update, "toggle": m.toggle, "delete": m.delete, "": m.check,
		})
	})
}

// A model is what a store should hold.
type model struct {
	store todo.Store
	users []todo.UserID
	tasks map[todo.UserID]map[int64]todo.Task
	rev   map[todo.UserID]todo.Rev
	now   time.Time
}

// pick chooses a user and one of their tasks, or of the other's, and moves the clock, sometimes back.
func (m *model) pick(t *rapid.T) (todo.UserID, int64, todo.Write) {
	user := rapid.SampledFrom(m.users).Draw(t, "user")
	ids := []int64{1 << 60}
	for _, owner := range m.users { // in an order that a failing run repeats
		ids = append(ids, slices.Sorted(maps.Keys(m.tasks[owner]))...)
	}
	m.now = m.now.Add(time.Duration(rapid.IntRange(-2, 5).Draw(t, "seconds")) * time.Second)
	return user, rapid.SampledFrom(ids).Draw(t, "id"), at(user, m.now)
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
	if n := rapid.IntRange(0, 5).Draw(t, "due"); n > 0 {
		p.Due = []todo.Opt[todo.Due]{
			todo.Null[todo.Due](), todo.Some(due("2026-01-15")), todo.Some(due("2026-01-15T00:00:00Z")),
			todo.Some(due("2026-01-15T23:00:00-05:00")), todo.Some(due("1969-12-31T23:59:59.999999Z")),
		}[n-1]
	}
	if n := draw("all day"); n > 1 {
		p.AllDay = todo.Some(n == 2)
	}
	return p
}

// create makes a task.
func (m *model) create(t *rapid.T) {
	user, _, w := m.pick(t)
	p := patch(t)
	p.Title = todo.Some("new")
	want := mustNormalise(t, p).NewTask(user, w.At)
	got, err := taskOf(m.store.Create(context.Background(), user, want, plenty, w))
	if err != nil {
		t.Fatal(err)
	}
	m.rev[user]++
	want.ID, want.Version = got.ID, m.rev[user]
	wantTask(t, got, want)
	m.tasks[user][got.ID] = want
}

// update patches a task.
func (m *model) update(t *rapid.T) {
	user, id, w := m.pick(t)
	p := mustNormalise(t, patch(t))
	got, err := taskOf(m.store.Update(context.Background(), user, id, p, w))
	m.expect(t, user, id, got, err, func(before todo.Task) todo.Task { return p.Apply(before, w.At) })
}

// toggle flips a task.
func (m *model) toggle(t *rapid.T) {
	user, id, w := m.pick(t)
	got, err := taskOf(m.store.Toggle(context.Background(), user, id, w))
	m.expect(t, user, id, got, err, func(before todo.Task) todo.Task { return before.Toggle(w.At) })
}

// expect holds what a change of a task gave against what become makes of it.
func (m *model) expect(
	t *rapid.T, user todo.UserID, id int64, got todo.Task, err error, become func(todo.Task) todo.Task,
) {
	before, ok := m.tasks[user][id]
	if !ok {
		wantCode(t, err, todo.NotFound)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := become(before)
	if !want.Same(before) {
		m.rev[user]++
		want.Version = m.rev[user]
	}
	wantTask(t, got, want)
	m.tasks[user][id] = want
}

// delete deletes a task.
func (m *model) delete(t *rapid.T) {
	user, id, w := m.pick(t)
	_, err := m.store.Delete(context.Background(), user, id, w)
	if _, ok := m.tasks[user][id]; !ok {
		wantCode(t, err, todo.NotFound)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.rev[user]++
	delete(m.tasks[user], id)
}

// check holds every user's list against the model.
func (m *model) check(t *rapid.T) {
	for _, user := range m.users {
		page := mustList(t, m.store, user, todo.Filter{Count: true})
		if len(page.Tasks) != len(m.tasks[user]) || page.Total != len(m.tasks[user]) {
			t.Fatalf("%d tasks listed, total %d, want %d", len(page.Tasks), page.Total, len(m.tasks[user]))
		}
		for _, got := range page.Tasks {
			wantTask(t, got, m.tasks[user][got.ID])
		}
	}
}
