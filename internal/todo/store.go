package todo

import (
	"context"
	"time"
)

// A Store keeps tasks apart by owner: every method sees and changes the tasks of the given owner only, and answers
// NoTask for an id of anyone else exactly as for an id of no one.
//
// Methods that change something raise the owner's revision by one, give it to the task as its version and add an entry
// to the log of changes, in one transaction with the change and under a lock on the owner that is taken first; a change
// that leaves everything as it was raises and logs nothing. They make the owner known if they were not (one that is
// refused may do that, too, and nothing else), and follow what their token says of them. Once begun, such a method runs
// to its end under a deadline of the store's own, whatever becomes of ctx; when it returns nil, the change survives a
// crash.
//
// A change with an Idempotency is remembered with its result in the same transaction, unless it is refused. Asked for
// again with the same fingerprint, its outcome is returned as it was, marked as Replayed; with another, the error is
// IdempotencyKeyReused. That comes before the version that WriteOptions require, which comes before everything else. A
// change that isn't made because the task is at another version returns PreconditionFailed.
//
// Errors are of type Error; any other is a fault of the program. A database that can't be had is ServiceUnavailable, a
// change that had to wait too long for another of the same owner a Conflict, one by an owner who is no longer wanted
// Forbidden, one by a token of a former life TokenRevoked. Stores are safe for concurrent use.
type Store interface {
	// Tasks returns one page of f, with the owner's state in the same snapshot. f.Order must not be empty.
	Tasks(ctx context.Context, owner UserID, f Filter) (Page, error)

	// Task returns one task to someone whose token was issued at asOf; to a token of a former life all are NoTask.
	Task(ctx context.Context, owner UserID, id int64, asOf time.Time) (Task, error)

	// State returns where owner's data stand.
	State(ctx context.Context, owner UserID) (State, error)

	// States returns where the data of each of these people stand, each in a snapshot of its own.
	States(ctx context.Context, owners []UserID) (map[UserID]State, error)

	// Create stores t as a new task of owner and returns it with its id and version. An owner who has quota tasks
	// already gets QuotaReached.
	Create(ctx context.Context, owner UserID, t Task, quota int, w Write) (WriteResult, error)

	// Update applies p, which is normalised, exactly as p.Apply does, and returns the task as it is then.
	Update(ctx context.Context, owner UserID, id int64, p Patch, w Write) (WriteResult, error)

	// Toggle flips whether the task is completed, exactly as Task.Toggle does, and returns it.
	Toggle(ctx context.Context, owner UserID, id int64, w Write) (WriteResult, error)

	// Delete moves the task to the trash, where only Filter.Trash, History, Restore and Purge find it.
	Delete(ctx context.Context, owner UserID, id int64, w Write) (WriteResult, error)

	// Restore takes a task out of the trash, as Create does for the quota.
	Restore(ctx context.Context, owner UserID, id int64, quota int, w Write) (WriteResult, error)

	// Purge removes a task in the trash for good, and all that the log says of it but for the fact of its changes.
	Purge(ctx context.Context, owner UserID, id int64, w Write) (WriteResult, error)

	// History returns up to limit changes of a task, in the trash or not, the newest first, from the one before the
	// revision before on; 0 begins with the newest. They end where the log ends. A task that isn't there is NoTask.
	History(ctx context.Context, owner UserID, id int64, before Rev, limit int) ([]Change, error)

	// Changes returns up to limit entries of the log after the revision since, in the order of their revisions, and the
	// owner's state in the same snapshot. The first may be later than since+1: what lay between has been forgotten.
	Changes(ctx context.Context, owner UserID, since Rev, limit int) ([]Change, State, error)

	// Snapshot returns up to limit tasks, none of the trash, whose id is above after and whose version is at most upTo, by
	// id, and the owner's state in the same snapshot.
	Snapshot(ctx context.Context, owner UserID, after int64, upTo Rev, limit int) ([]Task, State, error)

	// Operation returns what came of the change that was carried out with this key since the given time, NotFound if
	// there was none.
	Operation(ctx context.Context, owner UserID, key string, since time.Time) (Operation, error)

	Composer

	// Overdue returns up to limit people of whom something is kept from before one of the times.
	Overdue(ctx context.Context, before Cutoffs, limit int) ([]UserID, error)

	// Forget removes up to limit entries of owner's log, as many keys and as many sessions from before the times, and
	// returns how many that were; a tombstone counts as one. The log loses its beginning, never something from its middle.
	// A tombstone stays as long as there is a session or an account beside it.
	Forget(ctx context.Context, owner UserID, before Cutoffs, limit int) (int, error)

	// Alone calls do, unless another process on the same database is being called so.
	Alone(ctx context.Context, do func(context.Context) error) error

	// SigningKey returns the random bytes that all processes on one database sign with.
	SigningKey(ctx context.Context) ([]byte, error)

	// Ready returns nil if the database answers, this program's migrations have run on it, and its tables are there. Its
	// error says what is missing, in words fit for operators.
	Ready(ctx context.Context) error
}

// Write is what every change carries.
type Write struct {
	At time.Time // when it happens, in whole microseconds of UTC
	By User      // the owner, as their token describes them
	WriteOptions
}
