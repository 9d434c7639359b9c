package todo

import "time"

// Op is what a change did to an object. Its number is what stores keep, its name what goes out.
type Op int16

// The operations there are. A change that completes or reopens a task is called that, whatever else it changes.
const (
	Created Op = iota + 1
	Updated
	Completed
	Reopened
	Deleted  // moved to the trash
	Restored // taken out of it
	Purged   // gone for good
)

// ops are the names of the operations on the wire.
var ops = [...]string{
	Created: "created", Updated: "updated", Completed: "completed", Reopened: "reopened", Deleted: "deleted",
	Restored: "restored", Purged: "purged",
}

// String returns the name of o, or "" when o is no operation.
func (o Op) String() string {
	if o < Created || o > Purged {
		return ""
	}
	return ops[o]
}

// Adds returns how many more tasks there are outside the trash after o.
func (o Op) Adds() int {
	switch {
	case o == Created || o == Restored:
		return 1
	case o == Deleted:
		return -1
	}
	return 0
}

// OpOf returns what a change that made after of before did, neither of them being in the trash.
func OpOf(before, after Task) Op {
	switch {
	case after.Completed && !before.Completed:
		return Completed
	case before.Completed && !after.Completed:
		return Reopened
	}
	return Updated
}

// Change is one entry of the log of a person's changes.
type Change struct {
	Rev     Rev // the owner's revision that it made
	PrevRev Rev // the one that made the task's change before this one, 0 when there was none
	SetRev  Rev // the first of the changes that were made together with it
	Op      Op
	At      time.Time
	Before  Fields // what it changed, as that was before
	// Task is the task as it was afterwards. Of one that is gone for good only ID and Version are left, in all its
	// changes: Blank says so. In a change of another object it has what that has in common with tasks: id, owner, version
	// and times.
	Task Task
	// Object is the list or label that was changed, as it was afterwards; nil if it was a task. Of one that is gone for good
	// it has no name.
	Object     *Object
	Occurrence *Occurrence // the time of a recurring task that has passed by it; nil for none
	RequestID  string      // of the request that made it
}

// Kind returns what was changed.
func (c *Change) Kind() Kind {
	if c.Object != nil {
		return c.Object.Kind
	}
	return KindTask
}

// Blank reports whether only the fact of the change is left.
func (c Change) Blank() bool {
	if c.Object != nil {
		return c.Object.Name == ""
	}
	return c.Task.Title == ""
}

// touches returns the names under which people are told of the fields that c touched; creating an object touches all.
func (c *Change) touches() []string {
	touched := func(name string) bool {
		_, there := c.Before[name]
		return there || c.Op == Created
	}
	if c.Object != nil {
		return objectFields[c.Object.Kind].names(func(f *ObjectField) bool { return touched(f.Name) })
	}
	return taskFields.names(func(f *Field) bool { return touched(f.Name) })
}

// differing returns the names under which people are told of the fields in which what was changed is no longer as c left it.
func (c *Change) differing(known *Snapshot) []string {
	if c.Object != nil {
		now := known.Objects[c.Object.ID]
		return objectFields[c.Object.Kind].names(func(f *ObjectField) bool { return !f.same(c.Object, &now) })
	}
	now := known.Tasks[c.Task.ID]
	if now.Version == c.Task.Version {
		return nil
	}
	return taskFields.names(func(f *Field) bool { return !f.same(&c.Task, &now) })
}

// fromFullTrash reports whether a task has gone for good because another came into a full trash, which nobody asked for.
func (c *Change) fromFullTrash() bool { return c.Op == Purged && c.Rev > c.SetRev }

// Gone reports whether the task could not be found after the change, or can't be any more.
func (c Change) Gone() bool { return c.Op == Deleted || c.Op == Purged || c.Blank() }

// Operation is a change that was carried out with a key.
type Operation struct {
	Key    string
	Status int
	// Task is the task as the change left it, if it was asked for about one; only an ID if it has gone for good since. Object is
	// the list or label instead.
	Task   Task
	Object *Object
	StoredAnswer
}

// theOne returns the change that was asked for of those that one request made, if it was one: beside it there can only be
// what went from a full trash.
func theOne(changes []Change) (one Change, ok bool) {
	for i := range changes {
		if i > 0 && !changes[i].fromFullTrash() {
			return Change{}, false
		}
	}
	if len(changes) == 0 {
		return Change{}, false
	}
	return changes[0], true
}

// State is where a person's data stand.
type State struct {
	Epoch    int64 // random for each life of the account, 0 for someone who has never written anything
	Rev      Rev
	ErasedAt time.Time // when the life before this one ended; zero for none
	Began    Rev       // where this life began: what has this revision or a lower one is of a former life
}

// Admit returns TokenRevoked if by's token belongs to a life of the account that has ended.
func (s State) Admit(by User) error {
	if s.revoked(by) {
		return TokenRevoked()
	}
	return nil
}
