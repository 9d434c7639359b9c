package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"todod/internal/todo"
)

// testChangesAndSnapshot: limits, beginnings and the state that goes with them.
func testChangesAndSnapshot(t *testing.T, s Store) {
	ctx, ada := t.Context(), newUser()
	if log, state, err := s.Changes(ctx, ada, 0, 10); err != nil || len(log) != 0 || state != (todo.State{}) {
		t.Fatalf("of someone unknown: %v, %+v, %v", log, state, err)
	}
	if tasks, state, err := s.Snapshot(ctx, ada, 0, plenty, 10); err != nil || len(tasks) != 0 || state != (todo.State{}) {
		t.Fatalf("of someone unknown: %v, %+v, %v", tasks, state, err)
	}
	var all []todo.Task
	for i := range 6 {
		all = append(all, mustCreate(t, s, ada, titled(fmt.Sprint(i))))
		mustCreate(t, s, newUser(), titled("another's"))
	}
	all[1] = mustUpdate(t, s, ada, all[1].ID, titled("later")) // revision 7
	if err := errOf(s.Delete(ctx, ada, all[2].ID, by(ada))); err != nil {
		t.Fatal(err)
	}
	want, err := s.State(ctx, ada)
	if err != nil || want.Rev != 8 || want.Epoch == 0 {
		t.Fatalf("%+v, %v", want, err)
	}
	for since := todo.Rev(0); since <= 9; since++ {
		for limit := 1; limit <= 9; limit++ {
			log, state, err := s.Changes(ctx, ada, since, limit)
			if err != nil || state != want || len(log) != max(0, min(limit, int(8-since))) {
				t.Fatalf("%d after %d: %d entries, %+v, %v", limit, since, len(log), state, err)
			}
			for i, c := range log {
				if c.Rev != since+1+todo.Rev(i) || c.Task.Version != c.Rev || c.Task.Owner != ada {
					t.Errorf("entry %d of %d after %d: %+v", i, limit, since, c)
				}
			}
		}
	}
	for _, c := range []struct {
		after int64
		upTo  todo.Rev
		limit int
		want  []int
	}{
		{0, 8, 10, []int{0, 1, 3, 4, 5}}, // not what is in the trash
		{0, 8, 2, []int{0, 1}},
		{all[1].ID, 8, 2, []int{3, 4}},
		{all[2].ID, 8, 10, []int{3, 4, 5}},
		{all[5].ID, 8, 10, nil},
		{0, 6, 10, []int{0, 3, 4, 5}}, // not what has been changed since
		{0, 4, 10, []int{0, 3}},
		{0, 0, 10, nil},
	} {
		tasks, state, err := s.Snapshot(ctx, ada, c.after, c.upTo, c.limit)
		if err != nil || state != want || len(tasks) != len(c.want) {
			t.Fatalf("%+v: %v, %+v, %v", c, titles(tasks), state, err)
		}
		for i, got := range tasks {
			wantTask(t, got, all[c.want[i]])
		}
	}
}

// testReadersConverge: whoever takes a snapshot in pages and then reads the log in pages, while others write, ends with
// exactly the tasks that there are.
func testReadersConverge(t *testing.T, s Store) {
	const writers, readers, each = 3, 3, 25
	for range rounds {
		ada := newUser()
		for range 8 {
			mustCreate(t, s, ada, titled("x"))
		}
		var writing sync.WaitGroup
		var done atomic.Bool
		errs := make([]error, writers)
		for i := range writers {
			writing.Go(func() {
				for range each {
					if err := writeAnything(s, ada); err != nil {
						errs[i] = err
						return
					}
				}
			})
		}
		copies := make([]map[int64]todo.Task, readers)
		go func() { writing.Wait(); done.Store(true) }()
		atOnce(t, readers, func(i int) (err error) {
			copies[i], err = follow(s, ada, &done)
			return err
		})
		writing.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		tasks := mustList(t, s, ada, todo.Filter{}).Tasks
		for _, known := range copies {
			if len(known) != len(tasks) {
				t.Fatalf("%d tasks known, %d there", len(known), len(tasks))
			}
			for _, task := range tasks {
				wantTask(t, known[task.ID], task)
			}
		}
	}
}

// writeAnything makes one random change to owner's tasks. One that meets another's is no error.
func writeAnything(s Store, owner todo.UserID) (err error) {
	ctx := context.Background()
	trash := rand.IntN(3) == 0 //nolint:gosec // chance, no secret
	page, err := s.Tasks(ctx, owner, todo.Filter{Order: todo.NewestFirst(), Limit: todo.MaxLimit, Trash: trash})
	if err != nil {
		return err
	}
	id := int64(1)
	if len(page.Tasks) > 0 {
		id = page.Tasks[rand.IntN(len(page.Tasks))].ID //nolint:gosec // chance, no secret
	}
	switch rand.IntN(6) { //nolint:gosec // chance, no secret
	case 0:
		_, err = s.Create(ctx, owner, titled("new"), plenty, by(owner))
	case 1:
		_, err = s.Delete(ctx, owner, id, by(owner))
	case 2:
		_, err = s.Restore(ctx, owner, id, plenty, by(owner))
	case 3:
		_, err = s.Purge(ctx, owner, id, by(owner))
	case 4:
		_, err = s.Update(ctx, owner, id, titled(fmt.Sprint(rand.IntN(3))), by(owner)) //nolint:gosec // chance, no secret
	default:
		_, err = s.Toggle(ctx, owner, id, by(owner))
	}
	if todo.CodeOf(err) == todo.NotFound {
		return nil
	}
	return err
}

// follow copies owner's tasks in pages of random sizes until nothing is written any more and all is known.
func follow(s Store, owner todo.UserID, done *atomic.Bool) (map[int64]todo.Task, error) {
	ctx, known := context.Background(), map[int64]todo.Task{}
	begun, err := s.State(ctx, owner)
	if err != nil {
		return nil, err
	}
	at, after := begun.Rev, int64(0)
	for more := true; more; {
		size := 1 + rand.IntN(4) //nolint:gosec // chance, no secret
		tasks, state, err := s.Snapshot(ctx, owner, after, begun.Rev, size)
		if err != nil || state.Rev < begun.Rev || state.Epoch != begun.Epoch {
			return nil, fmt.Errorf("snapshot in %+v, begun in %+v: %w", state, begun, err)
		}
		for _, task := range tasks {
			if task.ID <= after || task.Version > begun.Rev || task.DeletedAt != nil {
				return nil, fmt.Errorf("in a snapshot of %d after %d: %s", begun.Rev, after, show(task))
			}
			after, known[task.ID] = task.ID, task
		}
		more = len(tasks) == size
	}
	for {
		finished := done.Load()
		size := 1 + rand.IntN(12) //nolint:gosec // chance, no secret
		log, state, err := s.Changes(ctx, owner, at, size)
		if err != nil {
			return nil, err
		}
		for _, c := range log {
			if c.Rev != at+1 {
				return nil, fmt.Errorf("revision %d after %d", c.Rev, at)
			}
			if at = c.Rev; c.Gone() {
				delete(known, c.Task.ID)
			} else {
				known[c.Task.ID] = c.Task
			}
		}
		if len(log) < size && at != state.Rev {
			return nil, fmt.Errorf("the log ends at %d, the state is at %d: they are not of one snapshot", at, state.Rev)
		}
		if finished && at == state.Rev {
			return known, nil
		}
	}
}

// testUnless: nothing is read for whoever knows the state, and all is for everybody else.
func testUnless(t *testing.T, s Store) {
	ada := newUser()
	list := func(unless todo.State) todo.Page {
		t.Helper()
		return mustList(t, s, ada, todo.Filter{Unless: &unless, Count: true})
	}
	if page := list(todo.State{}); !page.Unchanged || page.State != (todo.State{}) {
		t.Errorf("someone unknown who knows that: %+v", page)
	}
	if page := list(todo.State{Epoch: 1}); page.Unchanged || page.More {
		t.Errorf("someone unknown who thinks otherwise: %+v", page)
	}
	mustCreate(t, s, ada, titled("x"))
	now := list(todo.State{})
	if now.Unchanged || len(now.Tasks) != 1 || now.Total != 1 {
		t.Errorf("after the first change: %+v", now)
	}
	if page := list(now.State); !page.Unchanged || len(page.Tasks) != 0 || page.Total != 0 || page.State != now.State {
		t.Errorf("who knows it all: %+v", page)
	}
	for _, other := range []todo.State{
		{Epoch: now.State.Epoch, Rev: 0}, {Epoch: now.State.Epoch, Rev: 2}, {Epoch: now.State.Epoch + 1, Rev: 1}, {Rev: 1},
	} {
		if page := list(other); page.Unchanged || len(page.Tasks) != 1 || page.Total != 1 {
			t.Errorf("who knows %+v: %+v", other, page)
		}
	}
	if page := mustList(t, s, newUser(), todo.Filter{Unless: &now.State}); page.Unchanged {
		t.Errorf("another who knows it: %+v", page)
	}
	id := now.Tasks[0].ID
	for i, change := range []func() error{
		func() error { return errOf(s.Toggle(t.Context(), ada, id, by(ada))) },
		func() error { return errOf(s.Delete(t.Context(), ada, id, by(ada))) },
		func() error { return errOf(s.Purge(t.Context(), ada, id, by(ada))) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		next := list(now.State)
		if next.Unchanged || slices.Contains(titles(next.Tasks), "x") != (i == 0) {
			t.Errorf("after change %d: %+v", i, next)
		}
		now = next
	}
}
