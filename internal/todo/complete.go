package todo

import (
	"context"
	"time"
)

// Complete completes an open task; of a recurring one, the occurrence whose date in the series is slot, or the one that it is now
// if that is nil. One that has passed changes nothing, so that two devices do it once; one that isn't reached yet is a Conflict.
// What doesn't recur has no slots, and is completed whatever slot is.
func (s *Service) Complete(ctx context.Context, by User, id int64, slot *Date, opts WriteOptions) (WriteResult, error) {
	return stillThere(s.changeTask(ctx, by, id, ReadSet{}, opts, func(b *builder, t Task) (Task, error) {
		if passed, err := t.passed(slot); passed || err != nil || t.Completed {
			return t, err
		}
		return b.patch(t, Patch{Completed: Some(true)})
	}))
}

// Skip has an occurrence of a recurring task pass without being done, as Complete. It is a Conflict if there is none after it.
func (s *Service) Skip(ctx context.Context, by User, id int64, slot *Date, opts WriteOptions) (WriteResult, error) {
	return stillThere(s.changeTask(ctx, by, id, ReadSet{}, opts, func(b *builder, t Task) (Task, error) {
		if t.Recurrence == nil {
			return Task{}, &Error{Code: Conflict, Message: "The task doesn't recur"}
		}
		if passed, err := t.passed(slot); passed || err != nil {
			return t, err
		}
		if t.Completed {
			return Task{}, &Error{Code: Conflict, Message: "The task is completed"}
		}
		return b.skip(t)
	}))
}

// passed reports whether an occurrence of t, nil for the present one, has passed. It is a Conflict if it isn't reached yet, and a
// day is Invalid for a task that recurs at instants: which side of it that lies on, would be anybody's guess.
func (t *Task) passed(slot *Date) (bool, error) {
	switch {
	case slot == nil || t.Recurrence == nil:
		return false, nil
	case slot.AllDay && !t.Recurrence.AllDay:
		return false, InvalidFields(FieldError{"slot", "must be a date-time, as the slot of this task is"})
	}
	at := slot.At
	if t.Recurrence.AllDay && !slot.AllDay {
		at = DayOf(at.UTC())
	}
	switch now := t.Recurrence.Slot.At; {
	case at.After(now):
		return false, &Error{Code: Conflict, Message: "This occurrence of the task isn't reached yet"}
	case at.Before(now):
		return true, nil
	}
	return t.Completed, nil
}

// CompleteAll completes all of by's open tasks: what is a part of others, together with these. Recurring tasks come back with
// all their parts.
func (s *Service) CompleteAll(ctx context.Context, by User, opts WriteOptions) (ChangeSet, error) {
	var ended, goOn bool // whether tasks that have parts have recurred for the last time, and whether others do again
	return s.forAll(ctx, by, false, opts, func(b *builder, t Task) {
		switch {
		case t.ParentID != nil && b.known.Kin[t.ID]&RootRecurs != 0: // what that comes to, is seen then
		case t.ParentID != nil || t.Recurrence == nil:
			b.close(t, true)
		default:
			after := Patch{Completed: Some(true)}.Apply(t, b.write.At)
			passed, again := b.pass(&after, false)
			b.addPassing(Completed, &t, &after, passed)
			parts := b.known.Kin[t.ID]&HasChildren != 0
			ended, goOn = ended || parts && !again, goOn || parts && again
		}
	}, func(b *builder) {
		if ended {
			b.followUps = append(b.followUps, followUp{Walk{Completed: new(false)}, (*builder).completePart})
		}
		if goOn {
			b.followUps = append(b.followUps, followUp{Walk{Completed: new(true)}, (*builder).reopenPart})
		}
		ended, goOn = false, false
	})
}

// completePart completes what is a part of tasks that are completed.
func (b *builder) completePart(t Task) error {
	if t.ParentID != nil && b.known.Kin[t.ID]&RootRecurs == 0 {
		b.close(t, true)
	}
	return nil
}

// reopenPart reopens what is a part of tasks that have come back.
func (b *builder) reopenPart(t Task) error {
	if b.known.Kin[t.ID]&RootRecurs != 0 {
		b.close(t, false)
	}
	return nil
}

// followZone moves what the rules of its zone have moved since it was stored: a due date to where the clock shows what it showed
// then, and the dates of the series. Something that still shows that stays.
func (t *Task) followZone(now time.Time) {
	zone := t.ownZone()
	if zone == nil || t.DueLocal == nil || t.Due == nil {
		return
	}
	moved := false
	follow := func(at, local time.Time) time.Time {
		if local.IsZero() || wallTime(at, zone).Equal(local) {
			return at
		}
		if there := instantOf(local, zone); !there.Equal(at) {
			moved = true
			return there
		}
		return at
	}
	due := Date{At: follow(t.Due.At, *t.DueLocal)}
	r := t.Recurrence
	if r != nil {
		next := *r
		next.Anchor.At, next.Slot.At = follow(r.Anchor.At, r.Anchor.Local), follow(r.Slot.At, r.Slot.Local)
		r = &next
	}
	if moved {
		t.Due, t.Recurrence = &due, r
		t.touch(now)
	}
}
