package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// daily makes a task that comes back each day, as p says otherwise.
func (d device) daily(p todo.Patch, rule string) int64 {
	d.t.Helper()
	p.Due, p.Recurrence = todo.Some(todo.Date{At: noon.Truncate(24 * time.Hour), AllDay: true}), todo.Some(todo.RecurrencePatch{Rule: todo.Some(rule)})
	return d.task(p)
}

// completeAll completes all.
func (d device) completeAll() todo.ChangeSet {
	d.t.Helper()
	set, err := d.s.CompleteAll(context.Background(), d.User, todo.WriteOptions{})
	d.must(err)
	return set
}

// testUndoOfADateThatRecurs: what a task has come to recur by since can't be taken back, and nothing of it is.
func testUndoOfADateThatRecurs(t *testing.T, s Store) {
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	id := d.task(todo.Patch{})
	d.must(d.update(id, todo.Patch{Due: todo.Some(todo.Date{At: noon})}))
	undo := d.undoLatest(s)
	d.must(d.update(id, todo.Patch{Recurrence: todo.Some(todo.RecurrencePatch{Rule: todo.Some("FREQ=DAILY")})}))
	before := d.told(s)
	wantCode(t, undo(), todo.Conflict)
	d.wantTold(s, "not taken back", before)
	d.undone(s, 1) // the recurrence
	d.must(undo())
	wantWhole(t, s, d.ID)
}

// treeKinds are what a root is in testUndoOfTreesThatRecur.
var treeKinds = []string{"", "FREQ=DAILY", "FREQ=DAILY;COUNT=1", "FREQ=WEEKLY;COUNT=2"}

// testUndoOfTreesThatRecur: whatever trees there are, with tasks that recur as roots and within, completed one by one, all at once
// or skipped: each set is taken back exactly, and done again. Roots go on with all their parts open, or end with all of them done.
func testUndoOfTreesThatRecur(t *testing.T, s Store) {
	rapid.Check(t, func(rt *rapid.T) {
		d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
		var ids []int64
		for range rapid.IntRange(1, 12).Draw(rt, "tasks") {
			p := todo.Patch{Completed: todo.Some(rapid.IntRange(0, 4).Draw(rt, "done") == 0)}
			if rule := rapid.SampledFrom(treeKinds).Draw(rt, "rule"); rule != "" {
				ids = append(ids, d.daily(p, rule))
			} else {
				ids = append(ids, d.task(p))
			}
		}
		for range ids { // under any of the others, of higher or of lower ids
			p := todo.Patch{ParentID: todo.Some(rapid.SampledFrom(ids).Draw(rt, "parent"))}
			if err := d.update(rapid.SampledFrom(ids).Draw(rt, "child"), p); err != nil {
				wantCode(rt, err, todo.Invalid)
			}
		}
		for range rapid.IntRange(1, 4).Draw(rt, "sets") {
			before := d.told(s)
			state, err := s.State(context.Background(), d.ID)
			d.must(err)
			switch id := rapid.SampledFrom(ids).Draw(rt, "which"); rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				d.must(errOf(d.s.Toggle(context.Background(), d.User, id, todo.WriteOptions{})))
			case 1:
				if err := errOf(d.s.Skip(context.Background(), d.User, id, nil, todo.WriteOptions{})); err != nil {
					wantCode(rt, err, todo.Conflict)
				}
			default:
				d.completeAll()
				wantAllCompleted(rt, s, d.ID)
			}
			after := d.told(s)
			now, err := s.State(context.Background(), d.ID)
			d.must(err)
			if now.Rev == state.Rev {
				continue
			}
			changes := int(now.Rev - state.Rev)
			d.undone(s, changes)
			if got := d.told(s); got != before {
				rt.Fatalf("taken back\n%swant\n%s", got, before)
			}
			d.undone(s, changes)
			if got := d.told(s); got != after {
				rt.Fatalf("done again\n%swant\n%s", got, after)
			}
		}
		wantWhole(t, s, d.ID)
	})
}

// wantAllCompleted fails the test unless each open task is, or is a part of, one that recurs at the top of its tree.
func wantAllCompleted(t rapid.TB, s Store, owner todo.UserID) {
	t.Helper()
	m, p := &kindModel{store: s}, &kindPerson{user: todo.User{ID: owner, AsOf: noon}}
	w, _ := m.read(t, p)
	for id, task := range w.tasks {
		root := w.tasks[w.root(id)]
		if task.trash != 0 || root.trash != 0 {
			continue
		}
		if open := task.done == 0; open && (root.recurs.rule == "" || root.done != 0) || !open && root.done == 0 {
			t.Fatalf("task %d is open %v, under %d, which recurs by %q\n%s", id, open, root.id, root.recurs.rule, w)
		}
	}
}

// testLargeTreesThatRecur: completing all of more tasks than go in one step, trees whose roots go on, end, or don't recur, under
// which there are tasks of higher and of lower ids than theirs, some of which recur themselves: roots that go on are open with all
// their parts, all others are done. It is taken back exactly, and done again.
func testLargeTreesThatRecur(t *testing.T, s Store) {
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	var early []int64 // which are put under roots that are made later
	for range 60 {
		early = append(early, d.task(todo.Patch{Completed: todo.Some(len(early)%3 == 0)}))
	}
	var roots []int64
	const trees, size = 400, 5
	for batch := range trees * size / todo.MaxBatch {
		var steps []todo.Step
		for i := range todo.MaxBatch {
			n := batch*todo.MaxBatch/size + i/size
			step := todo.Step{Op: todo.Created, Patch: titled(fmt.Sprint("in ", n))}
			rule := treeKinds[n%len(treeKinds)]
			if i%size == 0 {
				step.Ref = fmt.Sprint("root ", n)
			} else {
				step.Refs.Parent, step.Patch.Completed = fmt.Sprint("root ", n), todo.Some(i%2 == 0)
				rule = treeKinds[i*n%7%len(treeKinds)]
			}
			if rule != "" {
				step.Patch.Due = todo.Some(todo.Date{At: noon})
				step.Patch.Recurrence = todo.Some(todo.RecurrencePatch{Rule: todo.Some(rule)})
			}
			steps = append(steps, step)
		}
		out, err := d.s.Batch(context.Background(), d.User, steps, true, todo.WriteOptions{})
		d.must(err)
		for i := 0; i < len(out.Results); i += size {
			roots = append(roots, out.Results[i].Task.ID)
		}
	}
	for i, id := range early {
		d.must(d.update(id, todo.Patch{ParentID: todo.Some(roots[7*i%len(roots)])}))
	}
	before := d.told(s)
	set := d.completeAll()
	if set.Total <= todo.StepSize {
		t.Fatalf("%d changes", set.Total)
	}
	wantAllCompleted(t, s, d.ID)
	wantWhole(t, s, d.ID)
	after := d.told(s)
	d.undone(s, set.Total)
	d.wantTold(s, "taken back", before)
	d.undone(s, set.Total)
	d.wantTold(s, "done again", after)
	again := d.completeAll() // the next occurrence of those that go on: the last one of some
	wantAllCompleted(t, s, d.ID)
	d.undone(s, again.Total)
	d.wantTold(s, "taken back once more", after)
	wantWhole(t, s, d.ID)
}
