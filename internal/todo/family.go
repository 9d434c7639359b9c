package todo

import (
	"fmt"
	"slices"
	"time"
)

// The limits on trees of tasks, the root counted.
const (
	MaxDepth = 5
	MaxTree  = 200
)

// related reports whether a task has relatives. As long as it has none, nothing has to be known of others to change it.
func (b *builder) related(t *Task) bool {
	return t.ParentID != nil || b.known.Kin[t.ID]&HasChildren != 0 || len(b.childrenOf(t.ID)) > 0
}

// knowFamilies returns a needMore unless all relatives are known of the tasks that were asked for.
func (b *builder) knowFamilies() error {
	if b.families {
		return nil
	}
	return &needMore{func(r *ReadSet) { r.Families, r.Alone = true, true }}
}

// task returns a task as the builder leaves it, in the trash or not; the zero Task for one that isn't known.
func (b *builder) task(id int64) Task {
	t, changed := b.tasks[id]
	if !changed {
		t = b.known.Tasks[id]
	}
	return t
}

// childrenOf returns the known tasks that are a part of another, in the trash or not, by id.
func (b *builder) childrenOf(id int64) (children []Task) {
	add := func(t Task) {
		if t.ParentID != nil && *t.ParentID == id {
			children = append(children, t)
		}
	}
	if b.families || b.known.Kin[id]&HasChildren != 0 {
		for other, t := range b.known.Tasks {
			if _, changed := b.tasks[other]; !changed {
				add(t)
			}
		}
	}
	for _, t := range b.tasks {
		add(t)
	}
	slices.SortFunc(children, func(a, b Task) int { return int(a.ID - b.ID) })
	return children
}

// below returns the known tasks under another, each before those under it, of which keep is true.
func (b *builder) below(id int64, keep func(*Task) bool) (all []Task) {
	for _, t := range b.childrenOf(id) {
		if keep(&t) {
			all = append(append(all, t), b.below(t.ID, keep)...)
		}
	}
	return all
}

// isLive reports whether a task is not in the trash.
func isLive(t *Task) bool { return t.DeletedAt == nil }

// above returns the known tasks that t is a part of, the nearest first. A circle ends where it begins.
func (b *builder) above(t *Task) (all []Task) {
	for next := t.ParentID; next != nil; {
		parent := b.task(*next)
		if parent.ID == 0 || parent.ID == t.ID || slices.ContainsFunc(all, func(a Task) bool { return a.ID == parent.ID }) {
			return all
		}
		all = append(all, parent)
		next = parent.ParentID
	}
	return all
}

// livesBeside reports whether the parent of t is not in the trash and in the same list.
func (b *builder) livesBeside(t *Task) bool {
	parent := b.task(*t.ParentID)
	return parent.ID != 0 && isLive(&parent) && sameID(parent.ListID, t.ListID)
}

// height returns how many levels of tasks, none of the trash, there are under and with a task.
func (b *builder) height(id int64) int {
	most := 0
	for _, t := range b.childrenOf(id) {
		if isLive(&t) {
			most = max(most, b.height(t.ID))
		}
	}
	return most + 1
}

// join has after be where its parent is, if it has got another one, or one at all, and returns an Error of code Invalid if it
// can't be a part of that. inList says that somebody has named its list.
func (b *builder) join(before, after *Task, inList bool) error {
	if after.ParentID == nil {
		return nil
	}
	fault := func(field, message string) error { return InvalidFields(FieldError{field, message}) }
	moved := !sameID(before.ParentID, after.ParentID)
	if moved {
		if err := b.knowFamilies(); err != nil {
			return err
		}
	}
	parent := b.task(*after.ParentID)
	switch {
	case moved && (parent.ID == 0 || !isLive(&parent)):
		return fault("parent_id", notYourTask)
	case moved && !inList:
		after.ListID = parent.ListID
	case !sameID(before.ListID, after.ListID) || moved:
		if parent.ID == 0 {
			return b.knowFamilies()
		}
		if !sameID(after.ListID, parent.ListID) {
			return fault("list_id", "must be that of the parent")
		}
	}
	if moved {
		if message := b.wontFit(&parent, after); message != "" {
			return fault("parent_id", message)
		}
	}
	return nil
}

// wontFit returns why t, with all that is under it, can't be a part of parent, "" if it can.
func (b *builder) wontFit(parent, t *Task) string {
	above := append([]Task{*parent}, b.above(parent)...)
	if slices.ContainsFunc(above, func(a Task) bool { return a.ID == t.ID && t.ID != 0 }) {
		return "must not be the task itself or a part of it"
	}
	height, size := 1, 1
	if t.ID != 0 {
		height, size = b.height(t.ID), 1+len(b.below(t.ID, isLive))
	}
	if len(above)+height > MaxDepth {
		return fmt.Sprintf("must not be so deep that there are more than %d levels", MaxDepth)
	}
	root := above[len(above)-1].ID
	if others := len(b.below(root, func(other *Task) bool { return isLive(other) && other.ID != t.ID })); 1+others+size > MaxTree {
		return fmt.Sprintf("must not have more than %d tasks in its tree", MaxTree)
	}
	return ""
}

// change makes after of before, and of its relatives what follows from that: what is under a task that is completed is
// completed, too; what an open task is a part of is open; what is under a task is in its list. inList says that somebody has
// named its list.
func (b *builder) change(before, after Task, inList bool) (Task, error) {
	if after.Same(&before) {
		return before, nil
	}
	return b.changeTo(before, after, inList, nil)
}

// changeTo is change for a task that gets this position, unless that is nil: then it stands by its age wherever it comes to.
func (b *builder) changeTo(before, after Task, inList bool, place *string) (Task, error) {
	if err := b.join(&before, &after, inList); err != nil {
		return Task{}, err
	}
	elsewhere := !sameID(before.ListID, after.ListID)
	if elsewhere || !sameID(before.ParentID, after.ParentID) {
		after.Position = nil
	}
	if place != nil {
		after.Position = place
		after.touch(b.write.At)
	}
	if err := b.admit(&before, &after); err != nil {
		return Task{}, err
	}
	if (elsewhere || before.Completed != after.Completed) && b.related(&before) {
		if err := b.knowFamilies(); err != nil {
			return Task{}, err
		}
	}
	done := after.Completed && !before.Completed
	if before.Completed && !after.Completed { // sweeps pass over what is completed
		after.followZone(b.write.At)
	}
	passed, goesOn := b.recurs(&before, &after)
	after = b.addPassing(passed.opOf(before, after), &before, &after, passed)
	if elsewhere {
		b.takeAlong(&after)
	}
	if done {
		b.completeBelow(after.ID, !goesOn)
	}
	b.reopenAbove(after)
	return after, nil
}

// completeBelow completes, or reopens, what is under a task.
func (b *builder) completeBelow(id int64, done bool) {
	for _, t := range b.below(id, isLive) {
		b.close(t, done)
	}
}

// takeAlong puts what is under t into its list.
func (b *builder) takeAlong(t *Task) {
	for _, under := range b.below(t.ID, isLive) {
		there := under
		there.ListID = t.ListID
		there.touch(b.write.At)
		b.edit(under, there)
	}
}

// reopenAbove reopens what t is a part of, if t is open.
func (b *builder) reopenAbove(t Task) {
	if t.Completed {
		return
	}
	for _, parent := range b.above(&t) {
		b.close(parent, false)
	}
}

// alone returns the time of the write, or a later one at which nothing else has gone to the trash: that is how they are known
// that come back together.
func (b *builder) alone() time.Time {
	at := b.write.At
	if b.known.Rev > 0 && !at.After(b.known.ChangedAt) {
		at = b.known.ChangedAt.Add(time.Microsecond)
	}
	if !at.After(b.latest) {
		at = b.latest.Add(time.Microsecond)
	}
	return at
}

// trashTree moves a task to the trash, with all that is under it.
func (b *builder) trashTree(t Task) (Task, error) {
	if b.known.Kin[t.ID]&HasChildren == 0 && len(b.childrenOf(t.ID)) == 0 {
		return b.trash(t), nil
	}
	if err := b.knowFamilies(); err != nil {
		return Task{}, err
	}
	below := b.below(t.ID, isLive)
	if len(below) == 0 {
		return b.trash(t), nil
	}
	at := b.alone()
	t = b.trashAt(t, at)
	for _, under := range below {
		b.trashAt(under, at)
	}
	return t, nil
}

// restoreTree takes a task out of the trash, with all that went there with it and is under it. It is a part of its parent
// again if that is not in the trash.
func (b *builder) restoreTree(t Task) (Task, error) {
	if !b.related(&t) {
		return b.restore(t)
	}
	if err := b.knowFamilies(); err != nil {
		return Task{}, err
	}
	at := *t.DeletedAt
	below := b.below(t.ID, func(other *Task) bool { return other.DeletedAt != nil && other.DeletedAt.Equal(at) })
	before := t
	if t.ParentID != nil {
		parent := b.task(*t.ParentID)
		if parent.ID == 0 || !isLive(&parent) {
			t.ParentID, t.Position = nil, nil
		} else if t.ListID = parent.ListID; b.wontFitBack(&parent, &t, len(below)) {
			return Task{}, &Error{Code: Conflict, Message: "There is no room under its parent any more"}
		}
	}
	t, err := b.restoreTo(before, t)
	if err != nil {
		return Task{}, err
	}
	for _, under := range below {
		there := under
		there.ListID = t.ListID
		if _, err := b.restoreTo(under, there); err != nil {
			return Task{}, err
		}
	}
	b.reopenAbove(t)
	return t, nil
}

// wontFitBack reports whether t, which comes back with so many under it, has become too much for its parent.
func (b *builder) wontFitBack(parent, t *Task, below int) bool {
	above := append([]Task{*parent}, b.above(parent)...)
	at := *t.DeletedAt
	var deepest func(id int64) int
	deepest = func(id int64) int {
		most := 0
		for _, child := range b.childrenOf(id) {
			if child.DeletedAt != nil && child.DeletedAt.Equal(at) {
				most = max(most, deepest(child.ID))
			}
		}
		return most + 1
	}
	root := above[len(above)-1].ID
	return len(above)+deepest(t.ID) > MaxDepth || 1+len(b.below(root, isLive))+1+below > MaxTree
}

// knowParents returns a needMore unless everything is known about the parents that tasks of a set get back, or come back to.
func (b *builder) knowParents(set []Change) error {
	var ids []int64
	for i := range set {
		c := &set[i]
		if c.Object != nil {
			continue
		}
		before, moved := c.Before["parent_id"]
		if parent, ok := before.(int64); ok {
			ids = append(ids, parent)
		}
		back := c.Op == Deleted && b.known.Kin[c.Task.ID]&(ParentIsThere|BesideParent) == ParentIsThere
		if back && b.known.Step == 0 {
			ids = append(ids, *b.known.Tasks[c.Task.ID].ParentID)
		}
		if moved || back && b.known.Step == 0 {
			ids = append(ids, c.Task.ID)
		}
	}
	switch {
	case len(ids) == 0 || b.families:
		return nil
	case b.known.Step > 0:
		return &Error{Code: Conflict, Message: "Can't be undone: so many tasks have got other parents"}
	}
	return &needMore{func(r *ReadSet) { r.Tasks, r.Families = append(r.Tasks, ids...), true }}
}

// familiesHold returns a Conflict unless the tasks that have got back other parents can be a part of them now.
func (b *builder) familiesHold() error {
	for _, id := range b.moved {
		t := b.task(id)
		if t.ParentID == nil || !isLive(&t) {
			continue
		}
		parent := b.task(*t.ParentID)
		if parent.ID == 0 || !b.livesBeside(&t) || parent.Completed && !t.Completed || b.wontFit(&parent, &t) != "" {
			return astray(id)
		}
	}
	return nil
}

// astray is the Conflict of an undo after which a task would no longer go with its relatives.
func astray(id int64) error {
	return cantUndo([]FieldError{{"parent_id", fmt.Sprintf("of task %d can't be what it was any more", id)}})
}
