package todo

import (
	"slices"
	"time"
)

// A builder collects the changes that a use case decides on, each of which sees what the ones before it did.
type builder struct {
	known   *Snapshot
	write   Write
	quota   int
	tasks   map[int64]Task   // those that were changed, as they are then; the zero Task for one that is gone for good
	objects map[int64]Object // the same of lists and labels
	ids     []int64          // of new objects of any kind
	rev     Rev
	first   Rev // of the set that the changes belong to, which a step before may have begun
	count   int // the owner's tasks that are not in the trash
	trashed int // those that are
	changes []Change
	next    *ReadSet // for the next step; nil if this is the last
	answer  []byte   // to be remembered with the key
	imports []Import

	families   bool                // all relatives of the tasks that were asked for are known
	allObjects bool                // all lists and labels are known, not only those that were asked for
	alike      func(string) string // Store.Alike
	latest     time.Time           // when the latest of what this step has put into the trash went there
	moved      []int64             // tasks that have got back another parent
	undoes     func(Rev) bool      // whether a revision is one of the set that is being taken back
	followUps  []followUp          // what is still to be done in the same set, after this step
}

// A followUp does something with each task that is walked over.
type followUp struct {
	walk Walk
	do   func(*builder, Task) error
}

// newBuilder returns a builder that begins with what is known.
func newBuilder(known *Snapshot, w Write, quota int) *builder {
	return &builder{
		known: known, write: w, quota: quota, tasks: map[int64]Task{}, ids: known.NewIDs, rev: known.Rev, first: known.Rev + 1,
		count: known.Count, trashed: known.Trashed,
	}
}

// find returns a task as the builder leaves it, in the trash or not as asked, or NoTask.
func (b *builder) find(id int64, trashed bool) (Task, error) {
	t, changed := b.tasks[id]
	if !changed {
		t = b.known.Tasks[id]
	}
	if t.ID == 0 || trashed != (t.DeletedAt != nil) {
		return Task{}, NoTask()
	}
	return t, nil
}

// required is find for the task that the write's preconditions are about.
func (b *builder) required(id int64, trashed bool) (Task, error) {
	t, err := b.find(id, trashed)
	if err == nil && b.write.If != nil && !slices.Contains(b.write.If, t.Version) {
		err = PreconditionFailed(t)
	}
	return t, err
}

// create adds a new task and returns it with its id. inList says that somebody has named its list, or the inbox.
func (b *builder) create(t Task, inList bool) (Task, error) {
	if err := b.join(&Task{}, &t, inList); err != nil {
		return Task{}, err
	}
	if err := b.admit(&Task{}, &t); err != nil {
		return Task{}, err
	}
	if b.count >= b.quota {
		return Task{}, QuotaReached(b.quota)
	}
	t.ID, b.ids = b.ids[0], b.ids[1:]
	t = b.add(Created, nil, &t)
	b.reopenAbove(t)
	return t, nil
}

// admit returns an Error of code Invalid if after refers to what isn't there, and before didn't, or if its dates don't go
// together. The list of its parent is there.
func (b *builder) admit(before, after *Task) error {
	var faults []FieldError
	inherited := after.ParentID != nil && after.ListID != nil && b.object(*after.ListID).ID == 0 // nobody has asked for it
	if id := after.ListID; id != nil && !sameID(id, before.ListID) && !inherited && !b.has(KindList, *id) {
		faults = append(faults, FieldError{"list_id", notYourList})
	}
	if slices.ContainsFunc(after.LabelIDs, func(id int64) bool { return !before.LabelIDs.has(id) && !b.has(KindLabel, id) }) {
		faults = append(faults, FieldError{"label_ids", notYourLabels})
	}
	if n := len(after.LabelIDs); n > MaxTaskLabels && n > len(before.LabelIDs) { // what was merged may come to more than each
		faults = append(faults, FieldError{"label_ids", tooManyLabels})
	}
	return InvalidFields(append(faults, b.scheduled(before, after)...)...)
}

// sameID reports whether two ids, nil for none, are the same.
func sameID(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

// patch changes a task by p, which must be normalised.
func (b *builder) patch(t Task, p Patch) (Task, error) {
	return b.change(t, p.Apply(t, b.write.At), p.ListID.Set)
}

// edit makes after of before, unless they are the same and in the same place, and returns what there is then.
func (b *builder) edit(before, after Task) Task {
	if after.Same(&before) && after.Place() == before.Place() {
		return before
	}
	return b.add(OpOf(before, after), &before, &after)
}

// trash moves a task to the trash.
func (b *builder) trash(t Task) Task { return b.trashAt(t, b.write.At) }

// trashAt is trash for a task that goes there together with others, at that time.
func (b *builder) trashAt(t Task, at time.Time) Task {
	before := t
	t.DeletedAt = &at
	if at.After(b.latest) {
		b.latest = at
	}
	return b.add(Deleted, &before, &t)
}

// restore takes a task out of the trash: to the inbox, if its list isn't there any more, and without the labels that are gone
// for good; as a task of its own unless its parent is where it was, too. If lists and labels aren't known, the error is a
// needMore.
func (b *builder) restore(t Task) (Task, error) {
	to := t
	if t.ParentID != nil && b.known.Kin[t.ID]&(BesideParent|ParentInList) == 0 && !b.livesBeside(&t) {
		to.ParentID, to.Position = nil, nil
	}
	return b.restoreTo(t, to)
}

// restoreTo is restore for a task that comes back with the parent and the list that t has.
func (b *builder) restoreTo(before, t Task) (Task, error) {
	if b.count >= b.quota {
		return Task{}, QuotaReached(b.quota)
	}
	t.DeletedAt = nil
	t.followZone(b.write.At) // sweeps pass over what is in the trash
	if (t.ListID != nil || t.LabelIDs != nil) && !b.allObjects {
		return Task{}, &needMore{func(r *ReadSet) { r.AllObjects = true }}
	}
	if t.ListID != nil && !b.has(KindList, *t.ListID) {
		t.ListID, t.Position = nil, nil
	}
	t.LabelIDs = b.withoutGone(t.LabelIDs)
	return b.add(Restored, &before, &t), nil
}

// withoutGone returns ids without those of labels that are gone for good. All lists and labels must be known.
func (b *builder) withoutGone(ids IDs) IDs {
	for _, id := range ids {
		if b.object(id).Kind != KindLabel {
			ids = ids.without(id)
		}
	}
	return ids
}

// purge removes a task for good. Of it remain its id and, for the log, when it was made, changed and deleted.
func (b *builder) purge(t Task) Task {
	left := Task{
		ID: t.ID, Owner: t.Owner, Priority: Medium, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, DeletedAt: t.DeletedAt,
	}
	left = b.add(Purged, &t, &left)
	b.tasks[t.ID] = Task{}
	return Task{ID: left.ID, Owner: left.Owner, Version: left.Version}
}

// add notes a change, with the revision it will have, and returns the task after it. There is none before a creation.
func (b *builder) add(op Op, before, after *Task) Task { return b.addPassing(op, before, after, nil) }

// addPassing is add for a change by which an occurrence passes, or comes back; nil for none.
func (b *builder) addPassing(op Op, before, after *Task, o *Occurrence) Task {
	after.Version = b.rev + 1
	c := Change{Op: op, Task: *after, Occurrence: o}
	if o != nil && o.Rev == 0 {
		o.Rev = after.Version
	}
	if before != nil {
		c.PrevRev = before.Version
	}
	if op != Created && op != Purged {
		c.Before = Touched(before, after)
	}
	b.count += op.Adds()
	b.trashed = max(0, b.trashed+trashes(op))
	b.log(c)
	b.tasks[after.ID] = *after
	return *after
}

// log adds c to the changes, with what all of them say alike.
func (b *builder) log(c Change) {
	b.rev++
	c.Rev, c.SetRev, c.At, c.RequestID = b.rev, b.first, b.write.At, b.write.RequestID
	b.changes = append(b.changes, c)
}

// trashes returns by how much op makes the trash larger.
func trashes(op Op) int {
	if op == Deleted {
		return 1
	}
	if op == Restored || op == Purged {
		return -1
	}
	return 0
}

// A needMore is the error of a decision that has to know more than it asked for: what ask adds to that.
type needMore struct{ ask func(*ReadSet) }

// Error implements error.
func (*needMore) Error() string { return "more has to be known for that" }

// trim removes for good what has been in the trash the longest if it holds more than most tasks, what this change has put
// there itself last of all; of a trash that is far too full, twice as many as this change has put there. If it doesn't know
// which tasks those are, it returns a trashFull.
func (b *builder) trim(most int, asked bool) error {
	var put []Task
	for _, c := range b.changes {
		if c.Op == Deleted && c.Object == nil {
			put = append(put, c.Task)
		}
	}
	excess := min(b.trashed-most, 2*len(put))
	if excess <= 0 {
		return nil
	}
	if !asked {
		most := excess + len(b.tasks) // any of which this change may have taken out of it
		return &needMore{func(r *ReadSet) { r.Oldest = most }}
	}
	for _, t := range slices.Concat(b.known.Oldest, put) {
		now, err := b.find(t.ID, true)
		if _, changed := b.tasks[t.ID]; !changed {
			now, err = t, nil
		}
		if err == nil && excess > 0 {
			b.purge(now)
			excess--
		}
	}
	return nil
}

// writeSet returns what is to be written. The key is written with the last step.
func (b *builder) writeSet() WriteSet {
	w := WriteSet{
		Changes: b.changes, Imports: b.imports, Next: b.next, count: b.count, trashed: b.trashed,
		claims: b.known.Claims.following(b.write.By),
	}
	if once := b.write.Idempotency; once != nil && b.next == nil {
		w.Key = &StoredKey{Idempotency: *once, Answer: b.answer, At: b.known.inThisLife(b.write.At)}
		if b.rev >= b.first {
			w.Key.Rev, w.Key.RevTo = b.first, b.rev
		}
	}
	return w
}

// following returns what is known of a person after a token of theirs has said newer, unless it is older than the one that
// said u.
func (u User) following(newer User) User {
	if newer.AsOf.IsZero() { // one that doesn't say counts as the oldest
		newer.AsOf = time.Unix(0, 0).UTC()
	}
	if newer.AsOf.Before(u.AsOf) {
		return u
	}
	if newer.Email != "" {
		u.Email = newer.Email
	}
	if newer.Name != "" {
		u.Name = newer.Name
	}
	u.AsOf = newer.AsOf
	return u
}
