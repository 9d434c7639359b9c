package legacy

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// Accounts is what an import needs of todod's accounts: these methods of account.Store.
type Accounts interface {
	// CreateAccount stores an account; an address or an id that is taken is a Conflict.
	CreateAccount(ctx context.Context, a account.Account, first *account.Session) error
	// AccountByEmail returns the account with this address, NotFound if there is none.
	AccountByEmail(ctx context.Context, email string) (account.Account, error)
	// Account returns the account of owner, NotFound if there is none.
	Account(ctx context.Context, owner todo.UserID) (account.Account, error)
}

// Tasks is where tasks go.
type Tasks interface {
	todo.Store
	todo.Imports
}

// Config says what is imported, and where to.
type Config struct {
	From *Database
	// Tasks and Accounts are the target. Without Accounts no account is imported. An import that only looks may lack both:
	// then it says what would come over into an empty database.
	Tasks        Tasks
	Accounts     Accounts
	WithAccounts bool
	Source       string // names the old database: what was imported from it is not imported again

	// Wrap returns what is stored of the hash of a password, as account.Passwords.Wrap does. nil stores it as it is.
	Wrap func(ctx context.Context, hash string) (string, error)

	DryRun   bool             // only look: nothing is written but the report
	Now      func() time.Time // the clock
	Report   io.Writer        // gets a JSON object for each row that is refused or altered, one a line
	Progress func(Summary)    // called after each step; may be nil
}

// Summary says how far an import has come.
type Summary struct {
	Accounts, Tasks Count
	Days            int // due dates at midnight that were taken for days
}

// Count counts rows of one table. Each row that was looked at is Imported, Known or Refused.
type Count struct {
	Total    int // rows in the old database when the import began
	Imported int // came over, or would
	Known    int // had come over before
	Refused  int
	Altered  int // of those that are Imported
}

// Done returns how many rows were looked at.
func (c Count) Done() int { return c.Imported + c.Known + c.Refused }

// run is an import under way.
type run struct {
	Config
	report  report
	summary Summary
	// emails are the addresses that a dry run would have made accounts of, as nothing else would remember them.
	emails map[string]todo.UserID
}

// Import moves accounts and tasks over and returns what it did, also when it fails in the middle: what had come over by
// then stays, and another run goes on from there. Rows that todod's rules refuse are no failure.
func Import(ctx context.Context, cfg Config) (Summary, error) {
	r := &run{Config: cfg, report: newReport(cfg.Report), emails: make(map[string]todo.UserID)}
	var err error
	if r.summary.Tasks.Total, err = cfg.From.count(ctx, cfg.From.tasks); err != nil {
		return r.summary, err
	}
	if cfg.WithAccounts {
		if r.summary.Accounts.Total, err = cfg.From.count(ctx, cfg.From.users); err != nil {
			return r.summary, err
		}
		if err := cfg.From.eachPageOfUsers(ctx, func(page []oldUser) error { return r.users(ctx, page) }); err != nil {
			return r.summary, err
		}
	}
	// Without the accounts it is not known here who is somebody.
	err = cfg.From.eachPageOfTasks(ctx, cfg.WithAccounts, func(page []oldTask) error { return r.tasks(ctx, page) })
	return r.summary, err
}

// progress tells how far the import has come, and returns an error if it is to end.
func (r *run) progress(ctx context.Context) error {
	if r.Progress != nil {
		r.Progress(r.summary)
	}
	return ctx.Err()
}

// attempts is how often something is tried that the database can't do now.
const attempts = 5

// persist does what may be done twice, and again after a pause while it fails for want of a database or of a lock.
func persist(ctx context.Context, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		var e *todo.Error
		if err == nil || attempt == attempts || !errors.As(err, &e) || e.RetryAfter == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(e.RetryAfter):
		}
	}
}

// add counts a row as imported or refused.
func (c *Count) add(row *conversion) {
	if len(row.faults) > 0 {
		c.Refused++
		return
	}
	c.Imported++
	if len(row.altered) > 0 {
		c.Altered++
	}
}

// forGood are the codes of errors that trying again doesn't change.
var forGood = []todo.Code{todo.Conflict, todo.Forbidden, todo.Unauthenticated}

// refusedBy notes in c that the store will never take what belongs to the user whom field names, and returns any other
// error.
func (c *conversion) refusedBy(field string, err error) error {
	var e *todo.Error
	if errors.As(err, &e) && e.RetryAfter == 0 && slices.Contains(forGood, e.Code) {
		c.refuse(field, "is refused: %s", e.Message)
		return nil
	}
	return err
}
