package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"todod/internal/todo"
)

// A FieldPatch writes one field of a task that FullPatch makes.
type FieldPatch struct {
	Name  string      // of the field of todo.Patch, with "null" behind it where that is what is written
	Field *todo.Field // what it writes
	Patch todo.Patch  // writes it
	Full  todo.Patch  // makes the task: FullPatch's, or one that has this field, too
	Back  todo.Patch  // writes what Full does
	// Value and First are what these write, as a patch holds it; Value is nil for null.
	Value, First any
}

// patchValues are two values for each type that a field of todo.Patch has. Every task has the first until a test writes
// the second.
var patchValues = map[reflect.Type][2]any{
	reflect.TypeFor[string]():        {"first", "second"},
	reflect.TypeFor[bool]():          {true, false},
	reflect.TypeFor[todo.Priority](): {todo.Low, todo.High},
	reflect.TypeFor[todo.Date]():     {due("2026-01-15"), due("2026-02-01")},
	reflect.TypeFor[todo.RecurrencePatch](): {
		todo.RecurrencePatch{Rule: todo.Some("FREQ=DAILY")},
		todo.RecurrencePatch{Rule: todo.Some("FREQ=WEEKLY;BYDAY=MO"), Late: todo.Some(todo.LateEach)},
	},
}

// timed are the fields that only tasks have which are due at an instant, and open: FullPatch leaves them out.
var timed = []string{"DueZone", "Recurrence"}

// Untimed clears them.
var Untimed = todo.Patch{DueZone: todo.Null[string](), Recurrence: todo.Null[todo.RecurrencePatch]()}

// Refs are two lists, two labels, and two tasks in the first list, of whoever has the tasks.
type Refs struct{ Lists, Labels, Parents [2]int64 }

// SomeRefs are Refs where nobody looks whether they are there.
var SomeRefs = Refs{Lists: [2]int64{1, 2}, Labels: [2]int64{3, 4}, Parents: [2]int64{5, 6}}

// MakeRefs makes lists, labels and tasks for somebody: six changes.
func MakeRefs(t testing.TB, s *todo.Service, by todo.User) (refs Refs) {
	t.Helper()
	for i := range 2 {
		for kind, ids := range map[todo.Kind]*[2]int64{todo.KindList: &refs.Lists, todo.KindLabel: &refs.Labels} {
			name := todo.ObjectPatch{Name: todo.Some(fmt.Sprint(kind, i))}
			made, err := s.CreateObject(context.Background(), by, kind, name, todo.WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = made.Object.ID
		}
	}
	for i := range 2 {
		parent := todo.Patch{Title: todo.Some(fmt.Sprint("parent", i)), ListID: todo.Some(refs.Lists[0])}
		made, err := s.Create(context.Background(), by, parent, todo.WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		refs.Parents[i] = made.Task.ID
	}
	return refs
}

// FullPatch returns a patch that sets every field there is, but for those of timed: the first value of each, or the second.
func FullPatch(t testing.TB, second bool, refs Refs) todo.Patch {
	t.Helper()
	return mustNormalise(t, full(t, second, refs))
}

// full is FullPatch before it is normalised.
func full(t testing.TB, second bool, refs Refs) (p todo.Patch) {
	t.Helper()
	for _, name := range patchFields() {
		if !slices.Contains(timed, name) {
			set(t, &p, name, second, refs)
		}
	}
	p.ListID = todo.Some(refs.Lists[0]) // where the parents are
	return p
}

// fullFor returns what FieldPatch has as Full for a field.
func fullFor(t testing.TB, name string, refs Refs) todo.Patch {
	t.Helper()
	p := full(t, false, refs)
	if slices.Contains(timed, name) {
		p.AllDay, p.Completed = todo.Some(false), todo.Some(false)
		set(t, &p, name, false, refs)
	}
	return mustNormalise(t, p)
}

// FieldPatches returns a patch for each field of todo.Patch, and another for each that may be null. It fails the test
// if a field is none of a task's fields.
func FieldPatches(t testing.TB, refs Refs) (all []FieldPatch) {
	t.Helper()
	for _, name := range patchFields() {
		full := fullFor(t, name, refs)
		before := full.NewTask("ada", noon)
		var patch, back, null todo.Patch
		set(t, &patch, name, true, refs)
		set(t, &back, name, false, refs)
		f := FieldPatch{Name: name, Full: full, Patch: mustNormalise(t, patch), Back: mustNormalise(t, back)}
		f.Field = written(t, name, before, f.Patch.Apply(before, noon))
		f.Value, f.First = opt(&f.Patch, name).FieldByName("V").Interface(), opt(&f.Back, name).FieldByName("V").Interface()
		all = append(all, f)
		opt(&null, name).FieldByName("Set").SetBool(true)
		opt(&null, name).FieldByName("Null").SetBool(true)
		if null, err := null.Normalise(); err == nil {
			f.Name, f.Patch, f.Value = name+" null", null, nil
			all = append(all, f)
		}
	}
	return all
}

// patchFields returns the names of the fields of todo.Patch.
func patchFields() (names []string) {
	for field := range reflect.TypeFor[todo.Patch]().Fields() {
		names = append(names, field.Name)
	}
	return names
}

// opt returns a field of p.
func opt(p *todo.Patch, name string) reflect.Value {
	return reflect.ValueOf(p).Elem().FieldByName(name)
}

// set has p set a field to the first value of its type, or to the second.
func set(t testing.TB, p *todo.Patch, name string, second bool, refs Refs) {
	t.Helper()
	v := opt(p, name).FieldByName("V")
	values, known := patchValues[v.Type()]
	switch name {
	case "ListID":
		values, known = [2]any{refs.Lists[0], refs.Lists[1]}, true
	case "ParentID":
		values, known = [2]any{refs.Parents[0], refs.Parents[1]}, true
	case "DueZone":
		values = [2]any{"Europe/Berlin", "America/New_York"}
	case "LabelIDs":
		values, known = [2]any{todo.IDs{refs.Labels[0]}, todo.IDs{refs.Labels[1]}}, true
	}
	if !known {
		t.Fatalf("the field %s of a patch has the type %s: add two of its values to patchValues", name, v.Type())
	}
	opt(p, name).FieldByName("Set").SetBool(true)
	v.Set(reflect.ValueOf(values[0]))
	if second {
		v.Set(reflect.ValueOf(values[1]))
	}
}

// written returns the field that people can write in which two tasks differ.
func written(t testing.TB, name string, before, after todo.Task) *todo.Field {
	t.Helper()
	differs := func(f *todo.Field) bool {
		return f.Writable() && !reflect.DeepEqual(f.Value(&before), f.Value(&after))
	}
	fields := slices.DeleteFunc(todo.TaskFields(), func(f *todo.Field) bool { return !differs(f) })
	if len(fields) != 1 {
		t.Fatalf("a patch that has only %s writes %d fields of a task: is it in the table of fields?", name, len(fields))
	}
	return fields[0]
}

// wantExactly fails the test unless got is want in all that a task has.
func wantExactly(t testing.TB, what string, got, want todo.Task) {
	t.Helper()
	if show(got) != show(want) {
		t.Errorf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

// testEveryField: whatever a person can write of a task is stored, read back, remembered, merged and taken back.
func testEveryField(t *testing.T, s Store) {
	for i, f := range FieldPatches(t, SomeRefs) {
		t.Run(f.Name, func(t *testing.T) {
			w := &fieldWalk{t: t, store: s, service: serviceOf(s, plenty)}
			w.ada = todo.User{ID: newUser(), AsOf: noon}
			refs := MakeRefs(t, w.service, w.ada)
			w.FieldPatch = FieldPatches(t, refs)[i]
			f, full := w.FieldPatch, w.Full
			if f.Field.Name == "list_id" { // which that of the parent would be
				full.ParentID = todo.Opt[int64]{}
			}
			w.base = w.must(w.service.Create(t.Context(), w.ada, full, todo.WriteOptions{}))
			w.readBack("as it was created", w.base, nil)
			w.remembers("unchanged", full, w.base)
			w.edited = w.must(w.service.Update(t.Context(), w.ada, w.base.ID, f.Patch, todo.WriteOptions{}))
			want := f.Patch.Apply(w.base, w.edited.UpdatedAt)
			want.Version = w.base.Version + 1
			wantExactly(t, "as it was edited", w.edited, want)
			w.readBack("as it was edited", want, todo.Touched(&w.base, &want))
			w.remembers("unchanged", full, w.base)
			w.remembers("edited", f.Patch, w.edited)
			w.merges()
			w.takesBack()
			w.travels(full)
		})
	}
}

// A fieldWalk is a task on its way through all that is done with one of its fields.
type fieldWalk struct {
	t       *testing.T
	store   Store
	service *todo.Service
	ada     todo.User

	FieldPatch
	base, edited todo.Task // before and after its patch
}

// must returns the task that came of a change.
func (w *fieldWalk) must(out todo.WriteResult, err error) todo.Task {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Task
}

// readBack fails the test unless every way to read the task gives want, and the last change of it says what was before.
func (w *fieldWalk) readBack(when string, want todo.Task, before todo.Fields) {
	w.t.Helper()
	ctx, id := context.Background(), w.ada.ID
	wantExactly(w.t, when+", the task", mustRead(w.t, w.store, id, want.ID), want)
	if listed := mustList(w.t, w.store, id, todo.Filter{}).Tasks; len(listed) > 0 {
		wantExactly(w.t, when+", in the list", listed[0], want)
	}
	shot, _, err := w.store.Snapshot(ctx, id, want.ID-1, want.Version, 1)
	if err != nil || len(shot) != 1 {
		w.t.Fatalf("%s: a snapshot of %d tasks, %v", when, len(shot), err)
	}
	wantExactly(w.t, when+", in the snapshot", shot[0], want)
	log, _, err := w.store.Changes(ctx, id, want.Version-1, 1)
	if err != nil || len(log) != 1 {
		w.t.Fatalf("%s: %d changes, %v", when, len(log), err)
	}
	past, err := w.store.History(ctx, id, todo.KindTask, want.ID, 0, 1)
	if err != nil || len(past) != 1 {
		w.t.Fatalf("%s: a history of %d changes, %v", when, len(past), err)
	}
	for _, c := range []todo.Change{log[0], past[0]} {
		wantExactly(w.t, when+", in the log", c.Task, want)
		if !reflect.DeepEqual(c.Before, before) {
			w.t.Errorf("%s: before it was %v, want %v", when, c.Before, before)
		}
	}
}

// remembers fails the test unless an update that changes nothing, or has been carried out with the same key, gives
// want.
func (w *fieldWalk) remembers(key string, p todo.Patch, want todo.Task) {
	w.t.Helper()
	got := w.must(w.service.Update(context.Background(), w.ada, w.base.ID, p, keyed(key)))
	wantExactly(w.t, "the answer to the key "+key, got, want)
	op, err := w.service.Operation(context.Background(), w.ada, key)
	if err != nil {
		w.t.Fatal(err)
	}
	wantExactly(w.t, "what came of the key "+key, op.Task, want)
}

// merges fails the test unless a patch of the version before conflicts in the field, and in no other.
func (w *fieldWalk) merges() {
	w.t.Helper()
	opts := todo.WriteOptions{If: []todo.Rev{w.base.Version}}
	if w.Field.Name == "label_ids" { // labels are merged one by one: nobody has written that there be others
		merged := w.must(w.service.Merge(context.Background(), w.ada, w.base.ID, w.Back, opts))
		wantExactly(w.t, "merged", merged, w.edited)
		return
	}
	_, err := w.service.Merge(context.Background(), w.ada, w.base.ID, w.Back, opts)
	conflict, ok := errors.AsType[*todo.ConflictError](err)
	if !ok || len(conflict.Conflicts) != 1 || conflict.Conflicts[0].Field != w.Field.Of {
		w.t.Errorf("a merge of %s: %v, want a conflict in %s", w.Name, err, w.Field.Of)
	}
}

// takesBack fails the test unless the patch can be taken back, and that can't once the field has been written again.
func (w *fieldWalk) takesBack() {
	w.t.Helper()
	ctx := context.Background()
	undone, err := w.service.Undo(ctx, w.ada, w.edited.Version, "", todo.WriteOptions{})
	if err != nil || len(undone.Changes) != 1 {
		w.t.Fatalf("%d changes take %s back, %v", len(undone.Changes), w.Name, err)
	}
	want := w.base
	want.Version, want.UpdatedAt = undone.Rev, undone.Changes[0].At
	w.readBack("as it is again", want, todo.Touched(&w.edited, &w.base))
	over := w.must(w.service.Update(ctx, w.ada, w.base.ID, w.Patch, todo.WriteOptions{}))
	_, err = w.service.Undo(ctx, w.ada, undone.Rev, "", todo.WriteOptions{})
	wantCode(w.t, err, todo.Conflict)
	failed, ok := errors.AsType[*todo.Error](err)
	if !ok || !slices.ContainsFunc(failed.Fields, func(f todo.FieldError) bool { return f.Field == w.Field.Of }) {
		w.t.Errorf("the conflict names %+v, want %s", failed, w.Field.Of)
	}
	w.readBack("as it stays", over, todo.Touched(&w.base, &over))
}

// travels fails the test unless the field is stored by a batch, where several changes are written at once, and by an
// import.
func (w *fieldWalk) travels(full todo.Patch) {
	w.t.Helper()
	ctx := context.Background()
	steps := []todo.Step{{Op: todo.Created, Ref: "a", Patch: full}, {Op: todo.Updated, Ref: "a", Patch: w.Patch}}
	batch, err := w.service.Batch(ctx, w.ada, steps, true, keyed("batch"))
	if err != nil {
		w.t.Fatal(err)
	}
	first, second := *batch.Results[0].Task, *batch.Results[1].Task
	if !second.Same(&w.edited) || !first.Same(&w.base) {
		w.t.Errorf("a batch made %s and then %s", show(first), show(second))
	}
	w.readBack("in a batch", second, todo.Touched(&first, &second))
	again, err := w.service.Batch(ctx, w.ada, steps, true, keyed("batch"))
	if err != nil || !again.Replayed {
		w.t.Fatalf("the batch again: %+v, %v", again, err)
	}
	wantExactly(w.t, "the first of the batch again", *again.Results[0].Task, first)
	wantExactly(w.t, "the second of the batch again", *again.Results[1].Task, second)

	eve, imported := w.ada.ID, w.Patch.Apply(full.NewTask("", noon), noon.Add(time.Second))
	old := []todo.ImportedTask{{OldID: "1", Task: full.NewTask("", noon)}, {OldID: "2", Task: imported}}
	if n, err := w.store.ImportTasks(ctx, eve, "old", old, by(eve)); err != nil || n != 2 {
		w.t.Fatalf("%d imported, %v", n, err)
	}
	log := mustLog(w.t, w.store, eve)
	last := log[len(log)-1]
	imported.ID, imported.Owner, imported.Version = last.Task.ID, eve, last.Rev
	wantExactly(w.t, "imported", mustRead(w.t, w.store, eve, imported.ID), imported)
	wantExactly(w.t, "imported, in the log", last.Task, imported)
}
