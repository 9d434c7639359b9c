package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"todod/internal/todo"
)

// crowd is how many people change something at once, more than travel in one group.
const crowd = 48

// crowdWithTasks returns people who have a task each.
func crowdWithTasks(t *testing.T, s Store) (people []todo.UserID, tasks []todo.Task) {
	t.Helper()
	for i := range crowd {
		people = append(people, newUser())
		tasks = append(tasks, mustCreate(t, s, people[i], titled(fmt.Sprint(i))))
	}
	return people, tasks
}

// poison makes a change that the database refuses: past the domain, its title is too long.
func poison(ctx context.Context, s Store, owner todo.UserID, id int64) error {
	return s.Change(ctx, owner, todo.ReadSet{At: noon, Tasks: []int64{id}}, func(known *todo.Snapshot) (todo.WriteSet, error) {
		after := known.Tasks[id]
		after.Title, after.Version = strings.Repeat("x", todo.MaxTitle+1), known.Rev+1
		return todo.WriteSet{Changes: []todo.Change{{
			Rev: after.Version, SetRev: after.Version, PrevRev: known.Tasks[id].Version, Op: todo.Updated, At: noon, Task: after,
		}}}, nil
	})
}

// testPoison: a change that the database refuses, or whose decision fails or panics, fails alone, whoever's changes travel
// with it, those of the same person included.
func testPoison(t *testing.T, s Store) {
	people, tasks := crowdWithTasks(t, s)
	const rounds = 8
	var refused, failed atomic.Int64
	atOnce(t, crowd, func(i int) error {
		ctx, owner, id := context.Background(), people[i], tasks[i].ID
		for round := range rounds {
			switch {
			case i%8 == 1 && round%2 == 0:
				if err := poison(ctx, s, owner, id); err == nil || todo.CodeOf(err) != 0 {
					return fmt.Errorf("poison: %w", err)
				}
				refused.Add(1)
			case i%8 == 2 && round%2 == 0:
				if err := errOf(s.Toggle(ctx, owner, 1<<60, by(owner))); todo.CodeOf(err) != todo.NotFound {
					return fmt.Errorf("no task: %w", err)
				}
				failed.Add(1)
			case i%8 == 3 && round%2 == 0:
				err := s.Change(ctx, owner, todo.ReadSet{At: noon}, func(*todo.Snapshot) (todo.WriteSet, error) { panic("a fault") })
				if err == nil || todo.CodeOf(err) != 0 {
					return fmt.Errorf("panic: %w", err)
				}
				failed.Add(1)
			}
			if err := errOf(s.Toggle(ctx, owner, id, by(owner))); err != nil {
				return fmt.Errorf("person %d, round %d: %w", i, round, err)
			}
		}
		return nil
	})
	for i, owner := range people {
		if got := mustRead(t, s, owner, tasks[i].ID); got.Version != rounds+1 || got.Title != fmt.Sprint(i) {
			t.Errorf("person %d: %s", i, show(got))
		}
		if log := mustLog(t, s, owner); len(log) != rounds+1 {
			t.Errorf("person %d has %d entries", i, len(log))
		}
	}
	if refused.Load() != crowd/8*rounds/2 || failed.Load() != crowd/4*rounds/2 {
		t.Errorf("%d refused, %d failed", refused.Load(), failed.Load())
	}
}

// testGroupsAreApart: people whose changes travel together, each of which names the others' tasks, reach their own alone.
func testGroupsAreApart(t *testing.T, s Store) {
	people, tasks := crowdWithTasks(t, s)
	atOnce(t, crowd, func(i int) error {
		ctx, owner := context.Background(), people[i]
		for j, task := range tasks {
			var err error
			switch (i + j) % 5 {
			case 0:
				err = errOf(s.Toggle(ctx, owner, task.ID, by(owner)))
			case 1:
				err = errOf(s.Update(ctx, owner, task.ID, titled("stolen"), by(owner)))
			case 2:
				_, err = s.Task(ctx, owner, task.ID, noon)
			case 3:
				_, err = s.service(by(owner), plenty).Batch(ctx, as(owner, by(owner)), []todo.Step{
					{Op: todo.Updated, ID: task.ID, Patch: titled("stolen")}, {Op: todo.Completed, ID: tasks[(j+1)%crowd].ID},
				}, true, todo.WriteOptions{})
			case 4:
				err = errOf(s.Delete(ctx, owner, task.ID, once(owner, fmt.Sprint("delete ", j), "delete")))
			}
			if j != i && todo.CodeOf(err) != todo.NotFound {
				return fmt.Errorf("person %d reaches the task of person %d: %w", i, j, err)
			}
			if err := errOf(s.Update(ctx, owner, tasks[i].ID, titled(fmt.Sprintf("%d's, %d", i, j)), by(owner))); err != nil && j < i {
				return fmt.Errorf("person %d: %w", i, err)
			}
		}
		return nil
	})
	for i, owner := range people {
		for _, c := range mustLog(t, s, owner) {
			if c.Task.Owner != owner || c.Task.ID != tasks[i].ID {
				t.Errorf("person %d has in their log: %+v", i, c)
			}
		}
		for _, task := range append(mustList(t, s, owner, todo.Filter{}).Tasks, mustList(t, s, owner, todo.Filter{Trash: true}).Tasks...) {
			if task.ID != tasks[i].ID {
				t.Errorf("person %d has %s", i, show(task))
			}
		}
	}
}

// testManyOfOne: many changes of one person at once, which travel together, leave no gap, and a key among them counts once.
func testManyOfOne(t *testing.T, s Store) {
	ada := newUser()
	task := mustCreate(t, s, ada, titled("x"))
	var replayed atomic.Int64
	atOnce(t, crowd, func(i int) error {
		ctx := context.Background()
		if i%3 == 0 {
			out, err := s.Create(ctx, ada, titled("keyed"), plenty, once(ada, fmt.Sprint("key ", i%2), "f"))
			if out.Replayed {
				replayed.Add(1)
			}
			return err
		}
		return errOf(s.Toggle(ctx, ada, task.ID, by(ada)))
	})
	const keys, toggles = 2, crowd - crowd/3
	log := mustLog(t, s, ada)
	if len(log) != 1+keys+toggles || replayed.Load() != crowd/3-keys {
		t.Errorf("%d entries, %d replayed", len(log), replayed.Load())
	}
	for i, c := range log {
		if c.Rev != todo.Rev(i+1) {
			t.Fatalf("entry %d has revision %d", i, c.Rev)
		}
	}
	if got := mustRead(t, s, ada, task.ID); got.Completed != (toggles%2 == 1) {
		t.Errorf("%s after %d toggles", show(got), toggles)
	}
}
