package todo

import "time"

// Op is what a change did to a task. Its number is what stores keep, its name what goes out.
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
	// changes: Blank says so.
	Task      Task
	RequestID string // of the request that made it
}

// Blank reports whether only the fact of the change is left.
func (c Change) Blank() bool { return c.Task.Title == "" }

// Gone reports whether the task could not be found after the change, or can't be any more.
func (c Change) Gone() bool { return c.Op == Deleted || c.Op == Purged || c.Blank() }

// Fields are those of a task's fields that a change touched; the others are not Set. Due is the due date's instant, and
// AllDay whether that is a day.
type Fields struct {
	Title       Opt[string]
	Description Opt[string]
	Completed   Opt[bool]
	Priority    Opt[Priority]
	Due         Opt[time.Time]
	AllDay      Opt[bool]
	CompletedAt Opt[time.Time]
	DeletedAt   Opt[time.Time]
}

// Touched returns those fields of before that differ in after.
func Touched(before, after Task) Fields {
	dueBefore, dayBefore := before.Due.parts()
	dueAfter, dayAfter := after.Due.parts()
	return Fields{
		Title:       touched(&before.Title, &after.Title),
		Description: touched(before.Description, after.Description),
		Completed:   touched(&before.Completed, &after.Completed),
		Priority:    touched(&before.Priority, &after.Priority),
		Due:         touchedTime(dueBefore, dueAfter),
		AllDay:      touched(&dayBefore, &dayAfter),
		CompletedAt: touchedTime(before.CompletedAt, after.CompletedAt),
		DeletedAt:   touchedTime(before.DeletedAt, after.DeletedAt),
	}
}

// touched returns before, null for nil, if after is something else.
func touched[T comparable](before, after *T) Opt[T] {
	if before == after || before != nil && after != nil && *before == *after {
		return Opt[T]{}
	}
	return optional(before)
}

// touchedTime is touched for instants, which may be written in different ways.
func touchedTime(before, after *time.Time) Opt[time.Time] {
	if before != nil && after != nil && before.Equal(*after) {
		return Opt[time.Time]{}
	}
	return touched(before, after)
}

// optional returns the field that is there with p's value, null for nil.
func optional[T any](p *T) Opt[T] {
	if p == nil {
		return Null[T]()
	}
	return Some(*p)
}

// WriteOptions say how a change is wanted.
type WriteOptions struct {
	RequestID   string
	If          []Rev        // the task must be at one of these versions; nil lets every version pass
	Idempotency *Idempotency // nil for a change that is carried out as often as it is asked for
}

// Idempotency makes a change happen once: whoever asks for it again with the same key gets the answer that the first
// one got.
type Idempotency struct {
	Key         string // 1–255 visible ASCII characters, the owner's choice
	Fingerprint []byte // of the whole request: another request with the same key is refused
	Status      int    // of the answer if the change is carried out; kept for whoever asks later
	// Since is how old the first one may be at most to be remembered.
	Since time.Time
}

// WriteResult is what became of a change that was carried out.
type WriteResult struct {
	Task     Task // as it is afterwards; with DeletedAt after a deletion, ID and Version alone when it is gone for good
	Replayed bool // nothing was done now: this is what came of the first request with the same key
}

// Operation is a change that was carried out with a key.
type Operation struct {
	Key    string
	Status int
	At     time.Time
	// Task is the task as the change left it, if it was one change or none; only an ID if it has gone for good since.
	Task    Task
	Changes []Change // all that it changed, in the order of their revisions
}

// ShowTask sets Task from the one change there is.
func (o *Operation) ShowTask() {
	if len(o.Changes) == 1 {
		o.Task = o.Changes[0].Task
	}
}

// State is where a person's data stand.
type State struct {
	Epoch    int64 // random for each life of the account, 0 for someone who has never written anything
	Rev      Rev
	ErasedAt time.Time // when the life before this one ended; zero for none
}

// Admit returns TokenRevoked if by's token belongs to a life of the account that has ended.
func (s State) Admit(by User) error {
	if s.revoked(by) {
		return TokenRevoked()
	}
	return nil
}
