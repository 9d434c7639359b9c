package todo

import (
	"context"
	"time"
)

// A Store keeps tasks apart by owner: every method sees and changes the tasks of the given owner only, and answers NoTask
// for an id of anyone else exactly as for an id of no one.
//
// Methods that change something raise the owner's revision by one and give it to the task as its version, in one
// transaction with the change and under a lock on the owner that is taken first; a change that leaves everything as it
// was raises nothing. They make the owner known if they were not (one that is refused may do that, too, and nothing
// else), and follow what their token says of them. Once begun, such a method runs to its end under a deadline of the
// store's own, whatever becomes of ctx; when it returns nil, the change survives a crash.
//
// Errors are of type Error; any other is a fault of the program. A database that can't be had is Away, a change that had
// to wait too long for another of the same owner a Conflict, one by an owner who is no longer wanted Forbidden. Stores
// are safe for concurrent use.
type Store interface {
	// Tasks returns one page of f. f.Order must not be empty.
	Tasks(ctx context.Context, owner UserID, f Filter) (Page, error)

	// Task returns one task.
	Task(ctx context.Context, owner UserID, id int64) (Task, error)

	// Create stores t as a new task of owner and returns it with its id and version. An owner who has quota tasks
	// already gets QuotaReached.
	Create(ctx context.Context, owner UserID, t Task, quota int, w Write) (Task, error)

	// Update applies p, which is normalised, exactly as p.Apply does, and returns the task as it is then.
	Update(ctx context.Context, owner UserID, id int64, p Patch, w Write) (Task, error)

	// Toggle flips whether the task is completed, exactly as Task.Toggle does, and returns it.
	Toggle(ctx context.Context, owner UserID, id int64, w Write) (Task, error)

	// Delete moves the task to the trash, where no other method of today finds it.
	Delete(ctx context.Context, owner UserID, id int64, w Write) error

	// Ready returns nil if the database answers, this program's migrations have run on it, and its tables are there. Its
	// error says what is missing, in words fit for operators.
	Ready(ctx context.Context) error
}

// Write is what every change carries.
type Write struct {
	At time.Time // when it happens, in whole microseconds of UTC
	By User      // the owner, as their token describes them
}
