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
	tasks   map[int64]Task // those that were changed, as they are then; the zero Task for one that is gone for good
	ids     []int64        // of new tasks
	rev     Rev
	first   Rev // of the set that the changes belong to, which a step before may have begun
	count   int // the owner's tasks that are not in the trash
	trashed int // those that are
	changes []Change
	next    *ReadSet // for the next step; nil if this is the last
	answer  []byte   // to be remembered with the key
	imports []Import
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

// create adds a new task and returns it with its id.
func (b *builder) create(t Task) (Task, error) {
	if b.count >= b.quota {
		return Task{}, QuotaReached(b.quota)
	}
	t.ID, b.ids = b.ids[0], b.ids[1:]
	return b.add(Created, nil, &t), nil
}

// edit makes after of before, unless they are the same, and returns what there is then.
func (b *builder) edit(before, after Task) Task {
	if after.Same(&before) {
		return before
	}
	return b.add(OpOf(before, after), &before, &after)
}

// trash moves a task to the trash.
func (b *builder) trash(t Task) Task {
	before := t
	t.DeletedAt = &b.write.At
	return b.add(Deleted, &before, &t)
}

// restore takes a task out of the trash.
func (b *builder) restore(t Task) (Task, error) {
	if b.count >= b.quota {
		return Task{}, QuotaReached(b.quota)
	}
	before := t
	t.DeletedAt = nil
	return b.add(Restored, &before, &t), nil
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
func (b *builder) add(op Op, before, after *Task) Task {
	b.rev++
	after.Version = b.rev
	c := Change{
		Op: op, Rev: b.rev, SetRev: b.first, At: b.write.At, Task: *after, RequestID: b.write.RequestID,
	}
	if before != nil {
		c.PrevRev = before.Version
	}
	if op != Created && op != Purged {
		c.Before = Touched(before, after)
	}
	b.count += op.Adds()
	b.trashed = max(0, b.trashed+trashes(op))
	b.changes = append(b.changes, c)
	b.tasks[after.ID] = *after
	return *after
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

// A trashFull is the error of a decision that has to know more: the ask tasks that have been in the trash the longest.
type trashFull struct{ ask int }

// Error implements error.
func (*trashFull) Error() string { return "the trash is full" }

// trim removes for good what has been in the trash the longest if it holds more than most tasks, what this change has put
// there itself last of all; of a trash that is far too full, twice as many as this change has put there. If it doesn't know
// which tasks those are, it returns a trashFull.
func (b *builder) trim(most int, asked bool) error {
	var put []Task
	for _, c := range b.changes {
		if c.Op == Deleted {
			put = append(put, c.Task)
		}
	}
	excess := min(b.trashed-most, 2*len(put))
	if excess <= 0 {
		return nil
	}
	if !asked {
		return &trashFull{excess + len(b.tasks)} // any of which this change may have taken out of it
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
