package storetest

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// testWalks: in every order, with pages of any size, while other tasks come, change and go, a walk by cursor meets each
// task that was there throughout once, in order.
func testWalks(t *testing.T, s Store) {
	rapid.Check(t, func(t *rapid.T) {
		w := &walk{ada: newUser(), now: noon, store: s}
		w.service = todo.NewService(s, func() time.Time { return w.now }, todo.Rules{Quota: plenty})
		trash := rapid.IntRange(0, 4).Draw(t, "trash") == 0
		for range rapid.IntRange(0, 9).Draw(t, "tasks") {
			w.lasting = append(w.lasting, w.add(t, trash))
		}
		for range rapid.IntRange(0, 3).Draw(t, "others") {
			w.others = append(w.others, w.add(t, trash))
		}
		f := todo.Filter{Trash: trash, Order: orders(t, trash)}

		var met []todo.Task
		for f.Limit = rapid.IntRange(1, 4).Draw(t, "limit"); ; f.Limit = rapid.IntRange(1, 4).Draw(t, "limit") {
			page, err := w.service.Tasks(t.Context(), todo.User{ID: w.ada, AsOf: noon}, f)
			if err != nil || page.More != (page.Next != "") || page.More && len(page.Tasks) != f.Limit {
				t.Fatalf("%d tasks of %d, more %v, next %q, %v", len(page.Tasks), f.Limit, page.More, page.Next, err)
			}
			met = append(met, page.Tasks...)
			if f.Cursor = page.Next; f.Cursor == "" {
				break
			}
			w.disturb(t, trash)
		}

		met = slices.DeleteFunc(met, func(task todo.Task) bool { return !slices.ContainsFunc(w.lasting, is(task.ID)) })
		slices.SortFunc(w.lasting, func(a, b todo.Task) int { return compare(a, b, f.Order) })
		if !slices.EqualFunc(met, w.lasting, func(a, b todo.Task) bool { return a.ID == b.ID }) {
			t.Fatalf("order %v:\n got %q,\nwant %q", f.Order, describe(met), describe(w.lasting))
		}
	})
}

// A walk is a list that is gone through while it changes.
type walk struct {
	store           Store
	service         *todo.Service
	ada             todo.UserID
	now             time.Time
	lasting, others []todo.Task
}

// is returns whether a task is the one of this id.
func is(id int64) func(todo.Task) bool { return func(task todo.Task) bool { return task.ID == id } }

// orders draws an order of live tasks, or that of the trash.
func orders(t *rapid.T, trash bool) (order []todo.Order) {
	if trash {
		return []todo.Order{{By: todo.ByDeleted, Desc: rapid.Bool().Draw(t, "desc")}}
	}
	for _, k := range rapid.Permutation(todo.Keys[:]).Draw(t, "keys")[:rapid.IntRange(1, 4).Draw(t, "n")] {
		order = append(order, todo.Order{By: k, Desc: rapid.Bool().Draw(t, "desc")})
	}
	return order
}

// add makes a task with values that others have, too, at a time that others have, too.
func (w *walk) add(t *rapid.T, trash bool) todo.Task {
	p := patch(t)
	p.Title = todo.Some(rapid.SampledFrom([]string{"a", "A", "é", "😀", "\uffff", "a b"}).Draw(t, "title"))
	made := at(w.ada, noon.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "created"))*time.Microsecond))
	task, err := taskOf(w.store.Create(t.Context(), w.ada, mustNormalise(t, p), plenty, made))
	if err != nil {
		t.Fatal(err)
	}
	if trash {
		deleted := at(w.ada, noon.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "deleted"))*time.Microsecond))
		if task, err = taskOf(w.store.Delete(t.Context(), w.ada, task.ID, deleted)); err != nil {
			t.Fatal(err)
		}
	}
	return task
}

// disturb adds another task, or changes or removes one.
func (w *walk) disturb(t *rapid.T, trash bool) {
	if len(w.others) == 0 || rapid.Bool().Draw(t, "one more") {
		w.others = append(w.others, w.add(t, trash))
		return
	}
	i := rapid.IntRange(0, len(w.others)-1).Draw(t, "which")
	var err error
	switch id := w.others[i].ID; {
	case trash:
		_, err = w.store.Restore(t.Context(), w.ada, id, plenty, by(w.ada))
	case rapid.Bool().Draw(t, "change it"):
		_, err = w.store.Update(t.Context(), w.ada, id, mustNormalise(t, patch(t)), by(w.ada))
		i = -1
	default:
		_, err = w.store.Delete(t.Context(), w.ada, id, by(w.ada))
	}
	if err != nil {
		t.Fatal(err)
	}
	if i >= 0 {
		w.others = slices.Delete(w.others, i, i+1)
	}
}
