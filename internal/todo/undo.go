package todo

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// ChangeSet is changes that were made together.
type ChangeSet struct {
	Rev      Rev // the first of them, which names the set; 0 for none
	Changes  []Change
	Replayed bool
}

// setOf returns what came of a composition.
func setOf(done Composition, err error) (ChangeSet, error) {
	if err != nil || len(done.Changes) == 0 {
		return ChangeSet{Replayed: done.Replayed}, err
	}
	return ChangeSet{Rev: done.Changes[0].SetRev, Changes: done.Changes, Replayed: done.Replayed}, nil
}

// maxFaults is how many fields a Conflict names at most.
const maxFaults = 20

// Undo takes back all changes that were made together with the one at rev, or with the one that was made with key, as
// new changes, the last first. That is a Conflict if something that they touched has been touched since; its Fields say
// what and when, up to maxFaults of them. The quota counts what is left in the end. A set of which only a part is
// remembered is NotFound. Undoing what Undo did does it again.
func (s *Service) Undo(ctx context.Context, by User, rev Rev, key string, opts WriteOptions) (ChangeSet, error) {
	w := s.write(by, opts)
	return setOf(s.store.Compose(ctx, by.ID, Need{Set: rev, SetOf: key, Since: s.rememberedSince()}, w, func(known Known) (Plan, error) {
		if len(known.Set) == 0 || known.Set[0].Rev != known.Set[0].SetRev {
			return Plan{}, &Error{Code: NotFound, Message: "Change not found"}
		}
		if err := touchedSince(known); err != nil {
			return Plan{}, err
		}
		d := newDraft(known, w, math.MaxInt)
		for _, c := range slices.Backward(known.Set) {
			if err := d.takeBack(c); err != nil {
				return Plan{}, err
			}
		}
		if d.known.Count > max(s.rules.Quota, known.Count) {
			return Plan{}, QuotaReached(s.rules.Quota)
		}
		return Plan{Changes: d.changes}, nil
	}))
}

// touchedSince returns a Conflict if one of the changes since the set touched what the set did, or made it unreachable.
func touchedSince(known Known) error {
	mine := map[int64]map[string]bool{}
	for _, c := range known.Set {
		if _, there := known.Tasks[c.Task.ID]; !there || c.Blank() {
			return &Error{Code: Conflict, Message: fmt.Sprintf("Task %d has been deleted for good", c.Task.ID)}
		}
		fields := mine[c.Task.ID]
		if fields == nil {
			fields = map[string]bool{}
			mine[c.Task.ID] = fields
		}
		for _, name := range c.touches() {
			fields[name] = true
		}
	}
	var faults []FieldError
	for _, c := range known.Later {
		for _, name := range c.touches() {
			// A task that is in the trash now can't be edited there, whatever the set touched.
			if mine[c.Task.ID][name] || name == fieldDeleted && known.Tasks[c.Task.ID].DeletedAt != nil {
				faults = append(faults, FieldError{name, fmt.Sprintf("of task %d was changed by revision %d", c.Task.ID, c.Rev)})
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b FieldError) int { return strings.Compare(a.Field+a.Message, b.Field+b.Message) })
	faults = faults[:min(len(faults), maxFaults)]
	return &Error{
		Code: Conflict, Fields: faults, Message: "Can't be undone: " + faults[0].Field + " " + faults[0].Message,
	}
}

// fieldDeleted is the name of the field that says whether a task is in the trash.
const fieldDeleted = "deleted_at"

// touches returns the names of the fields that c touched. Completing a task touches completed_at, too, which counts as
// completed; whether a due date is a day is a part of it; creating a task touches all.
func (c Change) touches() []string {
	if c.Op == Created {
		return []string{"title", "description", "completed", "priority", "due_date", fieldDeleted}
	}
	var names []string
	for name, set := range map[string]bool{
		"title": c.Before.Title.Set, "description": c.Before.Description.Set, "completed": c.Before.Completed.Set,
		"priority": c.Before.Priority.Set, "due_date": c.Before.Due.Set || c.Before.AllDay.Set,
		fieldDeleted: c.Before.DeletedAt.Set,
	} {
		if set {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// takeBack adds the inverse of c.
func (d *draft) takeBack(c Change) error {
	switch c.Op.Adds() {
	case 1:
		t, err := d.task(c.Task.ID, false)
		if err == nil {
			d.trash(t)
		}
		return err
	case -1:
		t, err := d.task(c.Task.ID, true)
		if err == nil {
			_, err = d.restore(t)
		}
		return err
	}
	t, err := d.task(c.Task.ID, false)
	if err == nil {
		d.edit(t, t.changed(d.now.At, func(t *Task) { c.Before.putInto(t) }))
	}
	return err
}

// putInto sets the fields of t that are in f, but whether it is in the trash.
func (f Fields) putInto(t *Task) {
	put(&t.Title, f.Title)
	putNullable(&t.Description, f.Description)
	put(&t.Completed, f.Completed)
	put(&t.Priority, f.Priority)
	putNullable(&t.CompletedAt, f.CompletedAt)
	at, allDay := t.Due.parts()
	putNullable(&at, f.Due)
	put(&allDay, f.AllDay)
	t.Due = nil
	if at != nil {
		t.Due = &Due{At: *at, AllDay: allDay}
	}
}

// CompleteAll completes all of by's open tasks.
func (s *Service) CompleteAll(ctx context.Context, by User, opts WriteOptions) (ChangeSet, error) {
	return s.forAll(ctx, by, false, opts, func(d *draft, t Task) { d.edit(t, Patch{Completed: Some(true)}.Apply(t, d.now.At)) })
}

// ClearCompleted moves all of by's completed tasks to the trash.
func (s *Service) ClearCompleted(ctx context.Context, by User, opts WriteOptions) (ChangeSet, error) {
	return s.forAll(ctx, by, true, opts, func(d *draft, t Task) { d.trash(t) })
}

// forAll does something with all tasks that are completed, or all that are not, by id.
func (s *Service) forAll(
	ctx context.Context, by User, completed bool, opts WriteOptions, do func(*draft, Task),
) (ChangeSet, error) {
	w := s.write(by, opts)
	return setOf(s.store.Compose(ctx, by.ID, Need{Completed: &completed}, w, func(known Known) (Plan, error) {
		d := newDraft(known, w, s.rules.Quota)
		for _, id := range slices.Sorted(maps.Keys(known.Tasks)) {
			do(d, d.known.Tasks[id])
		}
		return Plan{Changes: d.changes}, nil
	}))
}
