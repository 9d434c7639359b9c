package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"todod/internal/todo"
)

// chain is how many tasks a tree has that goes down as deep as trees do.
const chain = todo.MaxDepth

// largeList is how many tasks the list has that is more than goes in one step.
const largeList = todo.StepSize + 100

// chainsIn makes largeList tasks in a list, in trees that go down as deep as trees do, with a label.
func (d device) chainsIn(list, label int64) {
	d.t.Helper()
	for range largeList / todo.MaxBatch {
		var steps []todo.Step
		for i := range todo.MaxBatch {
			step := todo.Step{Op: todo.Created, Ref: string(rune('a' + i%chain))}
			step.Patch = todo.Patch{Title: todo.Some("x"), LabelIDs: todo.Some(todo.IDs{label})}
			if i%chain == 0 {
				step.Patch.ListID = todo.Some(list)
			} else {
				step.Refs.Parent = string(rune('a' + i%chain - 1))
			}
			steps = append(steps, step)
		}
		if _, err := d.s.Batch(context.Background(), d.User, steps, true, todo.WriteOptions{}); err != nil {
			d.t.Fatal(err)
		}
	}
}

// wantTold fails the test unless what somebody has, which must be as it must be, is told like this.
func (d device) wantTold(s Store, what, want string) {
	d.t.Helper()
	m := &kindModel{store: s}
	got, _ := m.read(d.t, &kindPerson{user: d.User})
	if wrong := got.broken(); wrong != "" || got.told(false) != want {
		d.t.Fatalf("%s: there are %d tasks, %s; it differs from what it should be", what, len(got.tasks), wrong)
	}
}

// told tells what somebody has, but for when what is in the trash went there.
func (d device) told(s Store) string {
	d.t.Helper()
	m := &kindModel{store: s}
	got, _ := m.read(d.t, &kindPerson{user: d.User})
	return got.told(false)
}

// undone takes back the latest set, which is so many changes.
func (d device) undone(s Store, changes int) {
	d.t.Helper()
	state, err := s.State(context.Background(), d.ID)
	d.must(err)
	set, err := d.s.Undo(context.Background(), d.User, state.Rev, "", todo.WriteOptions{})
	d.must(err)
	if set.Total != changes {
		d.t.Fatalf("%d changes, want %d", set.Total, changes)
	}
}

// testLargeList: a list with more tasks than go in one step goes to the trash, comes back, and is completed and cleared, and
// each of these is taken back and done again, as with a small one; a label of all its tasks goes for good.
func testLargeList(t *testing.T, s Store) {
	service := busyService(s)
	d := device{t, service, todo.User{ID: newUser(), AsOf: noon}}
	list, label := d.thing(todo.KindList, "l"), d.thing(todo.KindLabel, "l")
	d.chainsIn(list, label)
	before := d.told(s)
	all := func(change func(context.Context, todo.User, todo.WriteOptions) (todo.ChangeSet, error)) error {
		_, err := change(context.Background(), d.User, todo.WriteOptions{})
		return err
	}
	for _, c := range []struct {
		name    string
		changes int
		do      func() error
	}{
		{"to the trash", largeList + 1, func() error { return d.deleteThing(todo.KindList, list) }},
		{"completed", largeList, func() error { return all(service.CompleteAll) }},
	} {
		d.must(c.do())
		after := d.told(s)
		d.undone(s, c.changes)
		d.wantTold(s, c.name+", taken back", before)
		d.undone(s, c.changes)
		d.wantTold(s, c.name+", done again", after)
		d.undone(s, c.changes)
	}
	d.must(d.deleteThing(todo.KindList, list))
	d.must(d.restore(list))
	d.wantTold(s, "restored", before)

	d.must(all(service.CompleteAll))
	completed := d.told(s)
	d.must(all(service.ClearCompleted))
	d.undone(s, largeList)
	d.wantTold(s, "cleared, taken back", completed)
	d.must(d.deleteThing(todo.KindLabel, label))
	d.must(d.purge(label))
	for _, task := range wantWhole(t, s, d.ID).tasks {
		if task.LabelIDs != nil {
			t.Fatalf("a task has the labels %v", task.LabelIDs)
		}
	}
}

// testUndoOfALargeSetMeetsChanges: what has been moved meanwhile to where it can't be open keeps a large set from being taken
// back, and nothing of it is.
func testUndoOfALargeSetMeetsChanges(t *testing.T, s Store) {
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	list, label := d.thing(todo.KindList, "l"), d.thing(todo.KindLabel, "l")
	d.chainsIn(list, label)
	closed := d.task(todo.Patch{ListID: todo.Some(list), Completed: todo.Some(true)})
	open := d.task(todo.Patch{ListID: todo.Some(list)})
	before := d.told(s)
	_, err := d.s.CompleteAll(context.Background(), d.User, todo.WriteOptions{})
	d.must(err)
	undo := d.undoLatest(s)
	d.must(d.update(open, todo.Patch{ParentID: todo.Some(closed)}))
	moved := d.told(s)
	wantCode(t, undo(), todo.Conflict)
	d.wantTold(s, "not taken back", moved)
	d.must(d.update(open, todo.Patch{ParentID: todo.Null[int64]()}))
	d.must(undo())
	d.wantTold(s, "taken back", before)
	wantWhole(t, s, d.ID)
}

// testTreeLimits: no tree becomes deeper or larger than it may, whichever way it grows.
func testTreeLimits(t *testing.T, s Store) {
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	root := d.task(todo.Patch{})
	under := func(parent int64) todo.Patch { return todo.Patch{ParentID: todo.Some(parent)} }
	var last int64
	for range todo.MaxTree - 1 {
		last = d.task(under(root))
	}
	other := d.task(todo.Patch{})
	wantCode(t, d.create(under(root)), todo.Invalid)
	wantCode(t, d.create(under(last)), todo.Invalid)
	wantCode(t, d.update(other, under(root)), todo.Invalid)
	d.must(d.delete(last))
	undo := d.undoLatest(s)
	d.must(d.update(other, under(root)))
	wantCode(t, d.restore(last), todo.Conflict)
	wantCode(t, undo(), todo.Conflict)
	wantWhole(t, s, d.ID)
	d.must(d.update(other, todo.Patch{ParentID: todo.Null[int64]()}))
	d.task(under(other))
	wantCode(t, d.update(other, under(root)), todo.Invalid) // it would be one too many with its child
	d.must(undo())
	d.must(d.update(root, todo.Patch{Completed: todo.Some(true)}))
	d.undone(s, todo.MaxTree)
	d.must(d.delete(root))
	d.undone(s, todo.MaxTree)
	wantWhole(t, s, d.ID)

	levels := []int64{d.task(todo.Patch{})}
	for range todo.MaxDepth - 1 {
		levels = append(levels, d.task(under(levels[len(levels)-1])))
	}
	wantCode(t, d.create(under(levels[4])), todo.Invalid)
	wantCode(t, d.update(other, under(levels[3])), todo.Invalid) // with its child
	wantCode(t, d.move(other, todo.Move{After: todo.Null[int64](), ParentID: todo.Some(levels[3])}), todo.Invalid)
	d.must(d.delete(levels[3]))
	undo = d.undoLatest(s)
	d.must(d.update(levels[0], under(other)))
	wantCode(t, d.restore(levels[3]), todo.Conflict)
	wantCode(t, undo(), todo.Conflict)
	d.must(d.restore(levels[4])) // without its parent
	wantWhole(t, s, d.ID)
	d.must(d.update(levels[0], todo.Patch{ParentID: todo.Null[int64]()}))
	d.must(d.restore(levels[3]))
	wantWhole(t, s, d.ID)
}

// SweepThings tests the sweep of lists and labels of s, in which there must be nothing else: what has been in the trash for long
// goes for good, however much else there is.
func SweepThings(t *testing.T, s Store) {
	now := noon
	rules := todo.Rules{Quota: plenty, TrashRemembered: time.Hour, LogRemembered: 1000 * time.Hour, KeysRemembered: time.Hour}
	service := todo.NewService(s, func() time.Time { return now }, rules)
	d := device{t, service, todo.User{ID: newUser(), AsOf: noon}}
	for i := range 6 {
		var steps []todo.Step
		for j := range todo.MaxBatch {
			name := todo.ObjectPatch{Name: todo.Some(fmt.Sprint("label ", i, " ", j))}
			steps = append(steps, todo.Step{Kind: todo.KindLabel, Op: todo.Created, Object: name})
		}
		_, err := service.Batch(t.Context(), d.User, steps, true, todo.WriteOptions{})
		d.must(err)
	}
	label, list := d.thing(todo.KindLabel, "old"), d.thing(todo.KindList, "old")
	stays := d.task(todo.Patch{LabelIDs: todo.Some(todo.IDs{label})})
	goes := d.task(todo.Patch{ListID: todo.Some(list)})
	d.must(d.deleteThing(todo.KindLabel, label))
	d.must(d.deleteThing(todo.KindList, list))
	now = noon.Add(2 * time.Hour)
	young := d.thing(todo.KindList, "young")
	d.must(d.deleteThing(todo.KindList, young))
	if swept, err := service.Sweep(t.Context()); err != nil || swept.Tasks != 3 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	p := wantWhole(t, s, d.ID)
	if _, there := p.tasks[goes]; there || p.tasks[stays].LabelIDs != nil || len(p.things) != 601 || p.things[young].ID != young {
		t.Errorf("%d things are left, and the task has the labels %v", len(p.things), p.tasks[stays].LabelIDs)
	}
}
