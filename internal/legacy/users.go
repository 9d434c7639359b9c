package legacy

import (
	"context"
	"fmt"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

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

// knownAccount reports whether there is an account with this id. An id that no database could keep is not looked for.
func (r *run) knownAccount(ctx context.Context, id todo.UserID) (known bool, err error) {
	if r.Accounts == nil || !todo.ValidID(string(id)) {
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
	if r.Wrap != nil {
		hash, err := r.Wrap(ctx, a.PasswordHash)
		if err != nil {
			return err
		}
		a.PasswordHash = hash
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
