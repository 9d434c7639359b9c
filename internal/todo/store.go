package todo

import (
	"context"
	"time"
)

// A Store keeps tasks apart by owner: every method sees and changes the tasks of the given owner only, and answers NoTask
// for an id of anyone else exactly as for an id of no one.
//
// Errors are of type Error; any other is a fault of the program. A database that can't be had is Unavailable, a change that
// had to wait too long for another of the same owner a Conflict, one by an owner who is no longer wanted Forbidden. Stores
// are safe for concurrent use.
type Store interface {
	// Tasks returns one page of f, with the owner's state in the same snapshot. f.Order must not be empty.
	Tasks(ctx context.Context, owner UserID, f Filter) (Page, error)

	// Task returns one task to someone whose token was issued at asOf; to a revoked token all are NoTask.
	Task(ctx context.Context, owner UserID, id int64, asOf time.Time) (Task, error)

	// Objects returns owner's list or label of this id, or all of them if it is 0, in the trash or not, in any order, and the
	// owner's state in the same snapshot.
	Objects(ctx context.Context, owner UserID, id int64) ([]Object, State, error)

	// Alike returns a text that two names share if and only if they are the same but for case and for how they are written
	// (NFKC). It is the same for all stores.
	Alike(name string) string

	// TimeZone returns the IANA name of the time zone that owner is in, "" if they haven't said.
	TimeZone(ctx context.Context, owner UserID) (string, error)

	// SetTimeZone sets it, and makes the owner known at that time if they aren't.
	SetTimeZone(ctx context.Context, owner UserID, zone string, at time.Time) error

	// Completions returns up to limit tasks that were completed, and occurrences of recurring ones that have passed, from since on
	// and before until, the latest first, from the one before the given one on. Those of tasks in the trash are among them. Occurrences are those that were listed (WriteSet.Listing).
	Completions(ctx context.Context, owner UserID, since, until time.Time, before *Completion, limit int) ([]Completion, State, error)

	// Unlisted reports whether there are changes of owner's that have to be listed before Completions knows of them.
	Unlisted(ctx context.Context, owner UserID) (bool, error)

	// State returns where owner's data stand.
	State(ctx context.Context, owner UserID) (State, error)

	// States returns where the data of each of these people stand, each in a snapshot of its own.
	States(ctx context.Context, owners []UserID) (map[UserID]State, error)

	// History returns up to limit changes of a task, or of an object of another kind, in the trash or not, the newest first, from the one before the
	// revision before on, which is that of a change of the task; 0 begins with the newest. They end where the log ends. One that isn't there is
	// NotFound.
	History(ctx context.Context, owner UserID, k Kind, id int64, before Rev, limit int) ([]Change, error)

	// Changes returns up to limit entries of the log after the revision since, in the order of their revisions, and the
	// owner's state in the same snapshot. The first may be later than since+1: what lay between has been forgotten.
	Changes(ctx context.Context, owner UserID, since Rev, limit int) ([]Change, State, error)

	// ChangesAt returns those of the changes with these revisions that the log still has, in any order.
	ChangesAt(ctx context.Context, owner UserID, revs []Rev) ([]Change, error)

	// Snapshot returns up to limit tasks, none of the trash, whose id is above after and whose version is at most upTo, by
	// id, and the owner's state in the same snapshot.
	Snapshot(ctx context.Context, owner UserID, after int64, upTo Rev, limit int) ([]Task, State, error)

	// Operation returns what came of the change that was carried out with this key since the given time, NotFound if
	// there was none.
	Operation(ctx context.Context, owner UserID, key string, since time.Time) (Operation, error)

	// Change takes a lock on the owner, finds what need asks for, lets decide choose what to write, and writes it, all in
	// one transaction, which it may share with changes of others. A change of several steps looks, decides and writes
	// again for each. An error of decide writes nothing, of no step, and is returned; a panic of decide is returned as an
	// error. decide may be called again after a failure, from the first step on, and has no effects but on what it
	// returns; what it returned last, for each step, counts if Change returns nil. The owner becomes known by it if they were not.
	//
	// Until it is taken up, a change ends with ctx. From then on it runs to its end under deadlines of the store's own;
	// when Change returns nil, what was written survives a crash. An error of code Unavailable leaves open whether it was
	// written.
	Change(ctx context.Context, owner UserID, need ReadSet, decide func(*Snapshot) (WriteSet, error)) error
}

// Maintenance is what keeps a store in order, beside what people do.
type Maintenance interface {
	// Overdue returns up to limit people of whom something is kept from before one of the times.
	Overdue(ctx context.Context, before Cutoffs, limit int) ([]UserID, error)

	// Forget removes the entries of owner's log, the keys and the sessions from before the times, and of the log what is too
	// much, in transactions that remove up to limit rows each, and returns how many that were; a tombstone counts as one.
	// The log loses its beginning, never something from its middle. A tombstone stays as long as there is a session or an
	// account beside it.
	Forget(ctx context.Context, owner UserID, before Cutoffs, limit int) (int, error)

	// FoldOldTexts makes the tasks that an older program has written ready to be searched, in short steps, and returns of how
	// many people. What it has not come to yet is made ready when it is first searched.
	FoldOldTexts(ctx context.Context) (people int, err error)

	// Untidy returns up to limit people of whom there is something to remove by Tidy, whose ids come after the given one,
	// in their order.
	Untidy(ctx context.Context, after UserID, limit int) ([]UserID, error)

	// Tidy removes what is left of owner's former lives, in transactions of up to limit rows each, and calls removed after
	// each with how many that were. Nobody has seen any of it since the life ended. It does nothing if there is nothing, and
	// may be called by several at once; what an error leaves over, another call removes.
	Tidy(ctx context.Context, owner UserID, limit int, removed func(rows int)) error

	// ZonesInUse returns the time zones that open tasks are due in, each with what RememberRules has kept of it last, "" for nothing.
	ZonesInUse(ctx context.Context) (map[string]string, error)

	// InZone returns up to limit open tasks that are due in a zone, by owner and id, behind the given one.
	InZone(ctx context.Context, zone string, after TaskRef, limit int) ([]TaskRef, error)

	// RememberRules keeps a text that says by which rules the tasks in a zone have got their due dates.
	RememberRules(ctx context.Context, zone, rules string) error

	// Alone calls do, unless another process on the same database is being called so.
	Alone(ctx context.Context, do func(context.Context) error) error

	// SigningKey returns the random bytes that all processes on one database sign with.
	SigningKey(ctx context.Context) ([]byte, error)

	// Ready returns nil if the database answers, this program's migrations have run on it, and its tables are there. Its
	// error says what is missing, in words fit for operators.
	Ready(ctx context.Context) error
}

// A Database is a Store with its Maintenance.
type Database interface {
	Store
	Maintenance
}
