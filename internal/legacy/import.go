package legacy

import (
	"context"
	"errors"
	"fmt"
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

// Config says what is imported, and where to.
type Config struct {
	From *Database
	// Tasks and Accounts are the target. Without Accounts no account is imported. An import that only looks may lack both:
	// then it says what would come over into an empty database.
	Tasks        todo.Importer
	Accounts     Accounts
	WithAccounts bool
	Source       string // names the old database: what was imported from it is not imported again

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

// users imports the accounts of a page.
func (r *run) users(ctx context.Context, page []oldUser) error {
	for _, old := range page {
		if err := r.user(ctx, old); err != nil {
			return fmt.Errorf("account of %s: %w", old.id.String, err)
		}
	}
	return nil
}

// user imports an account unless there is one with its id.
func (r *run) user(ctx context.Context, old oldUser) error {
	var c conversion
	a := c.account(r.From.users, old, r.Now().UTC().Truncate(time.Microsecond))
	known, err := r.knownAccount(ctx, a.ID)
	if err != nil {
		return err
	}
	count := &r.summary.Accounts
	if known {
		count.Known++
		return r.progress(ctx)
	}
	if len(c.faults) == 0 {
		if err := r.admit(ctx, a.ID, &c); err != nil {
			return err
		}
	}
	if len(c.faults) == 0 {
		if err := r.claimEmail(ctx, a, &c); err != nil {
			return err
		}
	}
	if len(c.faults) == 0 {
		if err := r.report.row("user", string(a.ID), "", altered, c.altered); err != nil {
			return err
		}
		if err := r.createAccount(ctx, a, &c); err != nil {
			return err
		}
	}
	count.add(&c)
	if err := r.report.row("user", string(a.ID), "", refused, c.faults); err != nil {
		return err
	}
	return r.progress(ctx)
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

// knownAccount reports whether there is an account with this id. An id that no database could keep is not looked for.
func (r *run) knownAccount(ctx context.Context, id todo.UserID) (known bool, err error) {
	if r.Accounts == nil || !fit(string(id)) {
		return false, nil
	}
	err = persist(ctx, func() error {
		_, err := r.Accounts.Account(ctx, id)
		return err
	})
	if todo.CodeOf(err) == todo.NotFound {
		return false, nil
	}
	return err == nil, err
}

// admit notes in c if the target refuses whatever belongs to this person.
func (r *run) admit(ctx context.Context, id todo.UserID, c *conversion) error {
	if r.Tasks == nil {
		return nil
	}
	err := persist(ctx, func() error {
		_, err := r.Tasks.Imported(ctx, id, r.Source, nil)
		return err
	})
	return c.refusedBy("id", err)
}

// claimEmail notes in c if the address of a belongs to another account already.
func (r *run) claimEmail(ctx context.Context, a account.Account, c *conversion) error {
	holder, taken := r.emails[a.Email]
	if !taken && r.Accounts != nil {
		err := persist(ctx, func() error {
			other, err := r.Accounts.AccountByEmail(ctx, a.Email)
			holder, taken = other.ID, err == nil
			return err
		})
		if err != nil && todo.CodeOf(err) != todo.NotFound {
			return err
		}
	}
	switch {
	case taken:
		c.refuse("email", "is that of the account of user %s, but for case and white space", holder)
	case r.DryRun:
		r.emails[a.Email] = a.ID
	}
	return nil
}

// createAccount stores a, or notes in c why the database refuses it.
func (r *run) createAccount(ctx context.Context, a account.Account, c *conversion) error {
	if r.DryRun {
		return nil
	}
	// It may have been stored by an attempt whose answer was lost: then it is there with just this hash.
	err := persist(ctx, func() error {
		err := r.Accounts.CreateAccount(ctx, a, nil)
		if code := todo.CodeOf(err); code == todo.Conflict {
			if stored, readErr := r.Accounts.Account(ctx, a.ID); readErr == nil && stored.PasswordHash == a.PasswordHash {
				return nil
			}
		}
		return err
	})
	return c.refusedBy("id", err)
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
