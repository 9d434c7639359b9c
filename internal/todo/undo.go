package todo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ChangeSet is changes that were made together.
type ChangeSet struct {
	Rev      Rev // the first of them, which names the set; 0 for none
	Changes  []Change
	Replayed bool
}

// changeSet is change for changes that are one set.
func (s *Service) changeSet(
	ctx context.Context, by User, need ReadSet, opts WriteOptions, decide func(*builder) error,
) (ChangeSet, error) {
	made, replay, err := s.change(ctx, by, need, opts, decide)
	set := ChangeSet{Changes: made}
	if replay != nil {
		set = ChangeSet{Changes: replay.Changes, Replayed: true}
	}
	if len(set.Changes) > 0 {
		set.Rev = set.Changes[0].SetRev
	}
	return set, err
}

// maxFaults is how many fields a Conflict names at most.
const maxFaults = 20

// Undo takes back all changes that were made together with the one at rev, or with the one that was made with key, as new
// changes, the last first. That is a Conflict if something that they touched has been touched since; its Fields say what
// and when, up to maxFaults of them. The quota counts what is left in the end. A set of which only a part is remembered is
// NotFound. Undoing what Undo did does it again.
func (s *Service) Undo(ctx context.Context, by User, rev Rev, key string, opts WriteOptions) (ChangeSet, error) {
	return s.changeSet(ctx, by, ReadSet{Set: rev, SetOf: key}, opts, func(b *builder) error {
		set := b.known.Set
		if len(set) == 0 || set[0].Rev != set[0].SetRev {
			return &Error{Code: NotFound, Message: "Change not found"}
		}
		if err := touchedSince(b.known); err != nil {
			return err
		}
		quota := b.quota
		b.quota = unlimited // what is left in the end counts
		for _, c := range slices.Backward(set) {
			if err := b.takeBack(c); err != nil {
				return err
			}
		}
		if b.count > max(quota, b.known.Count) {
			return QuotaReached(quota)
		}
		return nil
	})
}

// touchedSince returns a Conflict if one of the changes since the set touched what the set did, or made it unreachable.
func touchedSince(known *Snapshot) error {
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

// touches returns the names under which people are told of the fields that c touched, sorted; creating a task touches all.
func (c Change) touches() []string {
	var names []string
	for _, f := range fields {
		_, touched := c.Before[f.Name]
		if touched || c.Op == Created {
			names = append(names, f.Of)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// takeBack adds the inverse of c.
func (b *builder) takeBack(c Change) error {
	switch c.Op.Adds() {
	case 1:
		t, err := b.find(c.Task.ID, false)
		if err == nil {
			b.trash(t)
		}
		return err
	case -1:
		t, err := b.find(c.Task.ID, true)
		if err == nil {
			_, err = b.restore(t)
		}
		return err
	}
	t, err := b.find(c.Task.ID, false)
	if err == nil {
		after := t
		c.Before.PutInto(&after)
		after.touch(b.write.At)
		b.edit(t, after)
	}
	return err
}

// CompleteAll completes all of by's open tasks.
func (s *Service) CompleteAll(ctx context.Context, by User, opts WriteOptions) (ChangeSet, error) {
	return s.forAll(ctx, by, false, opts, func(b *builder, t Task) {
		b.edit(t, Patch{Completed: Some(true)}.Apply(t, b.write.At))
	})
}

// ClearCompleted moves all of by's completed tasks to the trash.
func (s *Service) ClearCompleted(ctx context.Context, by User, opts WriteOptions) (ChangeSet, error) {
	return s.forAll(ctx, by, true, opts, func(b *builder, t Task) { b.trash(t) })
}

// forAll does something with all tasks that are completed, or all that are not, by id.
func (s *Service) forAll(
	ctx context.Context, by User, completed bool, opts WriteOptions, do func(*builder, Task),
) (ChangeSet, error) {
	return s.changeSet(ctx, by, ReadSet{Completed: &completed}, opts, func(b *builder) error {
		for _, id := range slices.Sorted(maps.Keys(b.known.Tasks)) {
			do(b, b.known.Tasks[id])
		}
		return nil
	})
}
