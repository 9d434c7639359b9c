package todo

import (
	"context"
	"time"
)

// Need is what has to be known under the owner's lock to decide on a composed change.
type Need struct {
	Tasks     []int64   // tasks by id, in the trash or not
	New       int       // how many ids of new tasks
	Completed *bool     // all tasks that are completed, or all that are not, none of the trash
	Set       Rev       // the changes that were made together with this one, and what became of their tasks
	SetOf     string    // the same for the change that was made with this key
	Since     time.Time // how old that may be at most
	Base      Rev       // this change
}

// Known is what Need asked for.
type Known struct {
	State  State
	Count  int            // the owner's tasks that are not in the trash
	Tasks  map[int64]Task // also those of Set
	NewIDs []int64
	Set    []Change // in the order of their revisions; none if they are forgotten, or there never were any
	Later  []Change // of the tasks of Set, since the last change of it, in no order
	Base   *Change  // nil if it is forgotten
}

// Plan is what was decided: changes in their order, which get their revisions from the store. Of each, Op, Before and Task
// count; a task may occur several times. Answer is kept with the key, if there is one, and handed back.
type Plan struct {
	Changes []Change
	Answer  []byte
}

// Tasks returns the tasks that a plan makes or changes, each as the last of its changes leaves it, in the order in which
// they first occur, and how many more there are outside the trash then.
func (p Plan) Tasks() (tasks []Task, more int) {
	at := map[int64]int{}
	for _, c := range p.Changes {
		i, known := at[c.Task.ID]
		if !known {
			i = len(tasks)
			at[c.Task.ID] = i
			tasks = append(tasks, Task{})
		}
		tasks[i] = c.Task
		switch c.Op {
		case Created, Restored:
			more++
		case Deleted:
			more--
		case Updated, Completed, Reopened, Purged: // a purge takes from the trash
		}
	}
	return tasks, more
}

// Composition is a change of several tasks that was carried out: the plan with its revisions, which share a SetRev.
type Composition struct {
	Plan
	Replayed bool // nothing was done now: this is what came of the first request with the same key
}

// A Composer is the part of a Store that changes several tasks at once.
type Composer interface {
	// Compose lets decide choose what to do, from what is known under the owner's lock, and does it in the same
	// transaction. An error of decide undoes everything and is returned. decide may be called again after a failure and
	// has no effects of its own. A plan without changes raises nothing and logs nothing.
	Compose(ctx context.Context, owner UserID, need Need, w Write, decide func(Known) (Plan, error)) (Composition, error)
}

// A draft collects changes of tasks, each of which sees what the ones before it did.
type draft struct {
	known   Known
	now     Write // when it happens, and who makes it
	quota   int
	changes []Change
}

// newDraft returns a draft that begins with what is known.
func newDraft(known Known, w Write, quota int) *draft {
	tasks := make(map[int64]Task, len(known.Tasks))
	for id, t := range known.Tasks {
		tasks[id] = t
	}
	known.Tasks = tasks
	return &draft{known: known, now: w, quota: quota}
}

// task returns a task as the draft leaves it, in the trash or not as asked, or NoTask.
func (d *draft) task(id int64, trashed bool) (Task, error) {
	t, ok := d.known.Tasks[id]
	if !ok || trashed != (t.DeletedAt != nil) {
		return Task{}, NoTask()
	}
	return t, nil
}

// create adds a new task and returns it with its id.
func (d *draft) create(t Task) (Task, error) {
	if d.known.Count >= d.quota {
		return Task{}, QuotaReached(d.quota)
	}
	t.ID, d.known.NewIDs = d.known.NewIDs[0], d.known.NewIDs[1:]
	return d.add(Created, Task{}, t), nil
}

// edit makes after of before, unless they are the same, and returns what there is then.
func (d *draft) edit(before, after Task) Task {
	if after.Same(before) {
		return before
	}
	return d.add(OpOf(before, after), before, after)
}

// trash moves a task to the trash.
func (d *draft) trash(t Task) Task {
	before := t
	t.DeletedAt = &d.now.At
	return d.add(Deleted, before, t)
}

// restore takes a task out of the trash.
func (d *draft) restore(t Task) (Task, error) {
	if d.known.Count >= d.quota {
		return Task{}, QuotaReached(d.quota)
	}
	before := t
	t.DeletedAt = nil
	return d.add(Restored, before, t), nil
}

// add notes a change, with the revisions it will have, and returns the task after it.
func (d *draft) add(op Op, before, after Task) Task {
	after.Version = d.known.State.Rev + 1 + Rev(len(d.changes))
	c := Change{Op: op, PrevRev: before.Version, Rev: after.Version, At: d.now.At, Task: after, RequestID: d.now.RequestID}
	if op != Created {
		c.Before = Touched(before, after)
	}
	switch op {
	case Created, Restored:
		d.known.Count++
	case Deleted:
		d.known.Count--
	case Updated, Completed, Reopened, Purged:
	}
	c.SetRev = d.known.State.Rev + 1
	d.changes = append(d.changes, c)
	d.known.Tasks[after.ID] = after
	return after
}
