package todo

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
)

// MaxShown is how many changes of a set are shown to who made it. Sync has all of them.
const MaxShown = 100

// ChangeSet is changes that were made together.
type ChangeSet struct {
	Rev      Rev      // the first of them, which names the set; 0 for none
	Changes  []Change // the first MaxShown of them
	Total    int
	Replayed bool
}

// add adds the changes of a step, the first of which is 0.
func (s *ChangeSet) add(step int, changes []Change) {
	if step == 0 {
		*s = ChangeSet{}
	}
	if s.Total += len(changes); s.Rev == 0 && len(changes) > 0 {
		s.Rev = changes[0].SetRev
	}
	s.Changes = append(s.Changes, changes[:min(len(changes), MaxShown-len(s.Changes))]...)
}

// changeSet is changeInSteps for changes that are one set. Whoever asks again is answered without the owner's lock, which
// sets may hold for long.
func (s *Service) changeSet(
	ctx context.Context, by User, need ReadSet, opts WriteOptions, decide func(*builder) (next *ReadSet, err error),
) (ChangeSet, error) {
	replay, err := s.recall(ctx, by, opts)
	if err != nil {
		return ChangeSet{}, err
	}
	var set ChangeSet
	if replay == nil {
		replay, _, err = s.changeInSteps(ctx, by, need, opts, &set, decide)
	}
	switch {
	case err != nil:
		return ChangeSet{}, err
	case replay != nil:
		set = ChangeSet{Changes: replay.Changes, Total: replay.Total, Replayed: true}
		if len(set.Changes) > 0 {
			set.Rev = set.Changes[0].SetRev
		}
	}
	return set, nil
}

// recall returns what is remembered of by's request with the key of opts, nil for nothing.
func (s *Service) recall(ctx context.Context, by User, opts WriteOptions) (*StoredAnswer, error) {
	if opts.Idempotency == nil {
		return nil, nil //nolint:nilnil // there is nothing, and that is no error
	}
	op, err := s.operation(ctx, by, opts.Idempotency.Key)
	switch {
	case CodeOf(err) == NotFound:
		return nil, nil //nolint:nilnil // the same
	case err != nil:
		return nil, err
	case !bytes.Equal(op.Fingerprint, opts.Idempotency.Fingerprint):
		return nil, IdempotencyKeyReused()
	}
	return &op.StoredAnswer, nil
}

// maxFaults is how many fields a Conflict names at most.
const maxFaults = 20

// Undo takes back all changes that were made together with the one at rev, or with the one that was made with key, as new
// changes, the last first. That is a Conflict if something that they touched is no longer as they left it; its Fields say
// what, up to maxFaults of them. The quota counts what is left in the end. A set of which only a part is remembered is
// NotFound. Undoing what Undo did does it again.
func (s *Service) Undo(ctx context.Context, by User, rev Rev, key string, opts WriteOptions) (ChangeSet, error) {
	before := 0 // how many tasks there were outside the trash
	var last Rev
	related, checking := false, false // whether a task of the set has relatives, and whether all has been taken back
	need := ReadSet{Set: rev, SetOf: key, AllObjects: true}
	return s.changeSet(ctx, by, need, opts, func(b *builder) (*ReadSet, error) {
		if b.known.Step == 0 {
			before, related, checking = b.count, false, false
		}
		set := b.known.Set
		if checking {
			return b.checkBack(set)
		}
		if len(set) == 0 {
			return nil, &Error{Code: NotFound, Message: "Change not found"}
		}
		if b.known.Step == 0 {
			last = set[len(set)-1].Rev
		}
		b.undoes = func(version Rev) bool { return set[0].SetRev <= version && version <= last }
		if err := touchedSince(b.known); err != nil {
			return nil, err
		}
		if err := b.knowParents(set); err != nil {
			return nil, err
		}
		quota := b.quota
		b.quota = unlimited // what is left in the end counts
		if err := b.takeAllBack(set); err != nil {
			return nil, err
		}
		related = related || len(b.known.Kin) > 0 || len(b.moved) > 0
		if first := set[0]; first.Rev > first.SetRev {
			return &ReadSet{Set: first.SetRev, Until: first.Rev}, nil
		}
		if b.count > max(quota, before) {
			return nil, QuotaReached(quota)
		}
		if checking = related && b.rev >= b.first; !checking {
			return nil, nil
		}
		return &ReadSet{Set: b.first, Until: b.rev + 1}, nil
	})
}

// takeAllBack adds the inverses of changes, the last first: those of lists and labels before those of tasks, which are in
// them.
func (b *builder) takeAllBack(set []Change) error {
	for _, ofTasks := range []bool{false, true} {
		for _, c := range slices.Backward(set) {
			if (c.Object == nil) != ofTasks || c.fromFullTrash() {
				continue
			}
			if err := b.takeBack(c); err != nil {
				return err
			}
		}
	}
	if err := b.datesHold(set); err != nil {
		return err
	}
	return b.familiesHold()
}

// datesHold returns a Conflict unless the dates of the tasks of a set go together now: some of them may have come since.
func (b *builder) datesHold(set []Change) error {
	for i := range set {
		if set[i].Object != nil {
			continue
		}
		now := b.task(set[i].Task.ID)
		if faults := b.scheduled(&now, &now); len(faults) > 0 {
			return cantUndo([]FieldError{{faults[0].Field, fmt.Sprintf("of task %d %s then", now.ID, faults[0].Message)}})
		}
	}
	return nil
}

// checkBack returns a Conflict if a task that was taken back no longer goes with those that it is a part of, or that are a
// part of it: they may have been changed since. set are the last of the changes that the undo has made which haven't been
// looked at yet.
func (b *builder) checkBack(set []Change) (*ReadSet, error) {
	for _, id := range slices.Sorted(maps.Keys(b.known.Kin)) {
		if b.known.Kin[id]&Astray != 0 {
			return nil, astray(id)
		}
	}
	if len(set) == 0 || set[0].Rev == b.first {
		return nil, nil
	}
	return &ReadSet{Set: b.first, Until: set[0].Rev}, nil
}

// touchedSince returns a Conflict if a field that the set touched is no longer as the set left it, or something of it can't be
// reached any more. What happened in between doesn't matter: so it costs what the set is long, not what the log is.
func touchedSince(known *Snapshot) error {
	left, mine := map[int64]*Change{}, map[int64]map[string]bool{}
	for i := range known.Set {
		c := &known.Set[i]
		id := c.Task.ID
		if c.fromFullTrash() {
			continue
		}
		if !known.has(c) || c.Blank() {
			return &Error{Code: Conflict, Message: fmt.Sprintf("%s %d has been deleted for good", c.Kind().title(), id)}
		}
		if left[id] = c; mine[id] == nil {
			mine[id] = map[string]bool{}
		}
		for _, name := range c.touches() {
			mine[id][name] = true
		}
	}
	var faults []FieldError
	for _, id := range slices.Sorted(maps.Keys(left)) {
		for _, name := range left[id].differing(known) {
			// What is in the trash now can't be edited there, whatever the set touched.
			if mine[id][name] || name == fieldDeleted && known.trashed(id) {
				faults = append(faults, FieldError{name, fmt.Sprintf("of %s %d has been changed since", left[id].Kind(), id)})
			}
		}
		if len(faults) >= maxFaults {
			break
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return cantUndo(faults[:min(len(faults), maxFaults)])
}

// cantUndo is the Conflict of an undo that these fields stand against.
func cantUndo(faults []FieldError) error {
	return &Error{
		Code: Conflict, Fields: faults, Message: "Can't be undone: " + faults[0].Field + " " + faults[0].Message,
	}
}

// has reports whether what c changed is known.
func (s *Snapshot) has(c *Change) bool {
	if c.Object != nil {
		return s.Objects[c.Object.ID].Kind == c.Object.Kind
	}
	_, there := s.Tasks[c.Task.ID]
	return there
}

// trashed reports whether a known task or object is in the trash.
func (s *Snapshot) trashed(id int64) bool {
	return s.Tasks[id].DeletedAt != nil || s.Objects[id].DeletedAt != nil
}

// takeBack adds the inverse of c.
func (b *builder) takeBack(c Change) error {
	if c.Object != nil {
		return b.takeBackObject(c)
	}
	t, err := b.find(c.Task.ID, c.Op == Deleted)
	if err != nil {
		return err
	}
	after := t
	switch {
	case c.Op.Adds() == 1:
		at := b.write.At
		c.Before.PutInto(&after)
		after.DeletedAt = &at
		b.add(Deleted, &t, &after)
		return nil
	case c.Op == Deleted:
		return b.bringBack(t)
	}
	c.Before.PutInto(&after)
	after.LabelIDs = b.withoutGone(after.LabelIDs)
	after.touch(b.write.At)
	if !sameID(t.ListID, after.ListID) && after.ListID != nil && !b.willHave(*after.ListID) {
		return cantUndo([]FieldError{{"list_id", fmt.Sprintf("of task %d would be a list that has been deleted since", t.ID)}})
	}
	if !sameID(t.ParentID, after.ParentID) {
		b.moved = append(b.moved, t.ID)
	}
	if len(Touched(&t, &after)) > 0 { // what people can't write, such as a position, is taken back, too
		passed := c.Occurrence.takenBack()
		b.addPassing(passed.opOf(t, after), &t, &after, passed)
	}
	return nil
}

// bringBack takes a task out of the trash to where it was: to the inbox if its list, and as a task of its own if its parent
// has been deleted since.
func (b *builder) bringBack(t Task) error {
	after := t
	if t.ParentID != nil {
		switch parent, kin := b.task(*t.ParentID), b.known.Kin[t.ID]; {
		case parent.ID != 0 && isLive(&parent):
			after.ListID = parent.ListID
			b.moved = append(b.moved, t.ID)
		case kin&(BesideParent|ParentIsThere) == 0:
			after.ParentID, after.Position = nil, nil
		}
	}
	after.DeletedAt = nil
	if after.ListID != nil && !b.willHave(*after.ListID) {
		after.ListID = nil
	}
	after.LabelIDs = b.withoutGone(after.LabelIDs)
	after = b.add(Restored, &t, &after)
	if !sameID(t.ListID, after.ListID) {
		b.takeAlong(&after)
	}
	return nil
}

// willHave reports whether a list isn't in the trash, or will not be once all of the set has been taken back.
func (b *builder) willHave(list int64) bool {
	o := b.object(list)
	return o.Kind == KindList && (o.DeletedAt == nil || b.undoes(o.Version))
}

// takeBackObject adds the inverse of a change of a list or label. A list that goes to the trash must be empty then: what came
// into it since is nobody's to take along.
func (b *builder) takeBackObject(c Change) error {
	adds := c.Op.Adds()
	o := b.object(c.Object.ID)
	if o.Kind != c.Object.Kind || (adds == -1) != (o.DeletedAt != nil) {
		return NoObject(c.Object.Kind)
	}
	before := o
	switch adds {
	case 1:
		o.DeletedAt = &b.write.At
		b.addObject(Deleted, &before, &o)
		if o.Kind == KindList {
			b.followUps = append(b.followUps, followUp{Walk{List: o.ID}, func(_ *builder, t Task) error {
				return cantUndo([]FieldError{{"list_id", fmt.Sprintf("of task %d has been changed since", t.ID)}})
			}})
		}
		return nil
	case -1:
		o.DeletedAt = nil
		if err := b.fits(&o); err != nil {
			return err
		}
		b.addObject(Restored, &before, &o)
		return nil
	}
	objectFields[o.Kind].put(c.Before, &o)
	o.touch(b.write.At)
	if err := b.fits(&o); err != nil {
		return err
	}
	b.addObject(Updated, &before, &o)
	return nil
}

// ClearCompleted moves all of by's completed tasks to the trash.
func (s *Service) ClearCompleted(ctx context.Context, by User, opts WriteOptions) (ChangeSet, error) {
	return s.forAll(ctx, by, true, opts, func(b *builder, t Task) { b.trash(t) }, func(*builder) {})
}

// forAll does something with all tasks that are completed, or all that are not, by id, and then something more.
func (s *Service) forAll(
	ctx context.Context, by User, completed bool, opts WriteOptions, do func(*builder, Task), then func(*builder),
) (ChangeSet, error) {
	need := ReadSet{Walk: &Walk{Completed: &completed}}
	page, err := s.store.Tasks(ctx, by.ID, Filter{Completed: &completed, Order: NewestFirst(), Limit: 1})
	if err != nil {
		return ChangeSet{}, err
	}
	if len(page.Tasks) == 0 { // then nobody's lock is held to find that out
		need = ReadSet{}
	}
	return s.changeSet(ctx, by, need, opts, func(b *builder) (*ReadSet, error) {
		if need.Walk == nil {
			return nil, nil
		}
		for _, id := range slices.Sorted(maps.Keys(b.known.Tasks)) {
			do(b, b.known.Tasks[id])
		}
		if b.known.Looked == 0 {
			then(b)
			return nil, nil
		}
		return &ReadSet{Walk: need.Walk, After: b.known.Looked}, nil
	})
}
