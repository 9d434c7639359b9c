package account

import (
	"context"
	"fmt"
	"time"

	"todod/internal/todo"
)

// Operator does to accounts what whoever runs todod may do to them without knowing their passwords.
type Operator struct {
	store     FullStore
	passwords *Passwords
	now       func() time.Time
}

// NewOperator returns an Operator of the accounts in store. now is the clock.
func NewOperator(store FullStore, passwords *Passwords, now func() time.Time) *Operator {
	return &Operator{store: store, passwords: passwords, now: now}
}

// moment returns the time as stores keep it.
func (o *Operator) moment() time.Time { return moment(o.now) }

// Create makes an account and signs nobody in. An address that is taken is a Conflict.
func (o *Operator) Create(ctx context.Context, r Registration) (Person, error) {
	a, err := newAccount(ctx, o.passwords, r, Client{})
	if err != nil {
		return Person{}, err
	}
	a.CreatedAt = o.moment()
	if err := o.store.CreateAccount(ctx, a, nil); err != nil {
		return Person{}, fmt.Errorf("create an account: %w", err)
	}
	return a.Person, nil
}

// Find returns the person with this e-mail address, or else with this id; NotFound if there is none with an account.
func (o *Operator) Find(ctx context.Context, emailOrID string) (Person, error) {
	if email, ok := NormaliseEmail(emailOrID); ok {
		a, err := o.store.AccountByEmail(ctx, email)
		if todo.CodeOf(err) != todo.NotFound {
			return a.Person, err
		}
	}
	return o.FindID(ctx, emailOrID)
}

// FindID returns the person with this id, NotFound if there is none with an account.
func (o *Operator) FindID(ctx context.Context, id string) (Person, error) {
	if !todo.ValidID(id) {
		return Person{}, NoAccount()
	}
	a, err := o.store.Account(ctx, todo.UserID(id))
	return a.Person, err
}

// SetPassword gives a person a new password and ends all their sessions.
func (o *Operator) SetPassword(ctx context.Context, owner todo.UserID, password string) error {
	if err := todo.InvalidFields(checkPassword("password", password)...); err != nil {
		return err
	}
	hash, err := o.passwords.Hash(ctx, password, Client{})
	if err != nil {
		return err
	}
	return o.store.SetPassword(ctx, owner, "", hash, "")
}

// Erase ends a person's life, who needs no account here: from then on nobody sees anything of theirs. What is left of it,
// Tidy removes.
func (o *Operator) Erase(ctx context.Context, owner todo.UserID) error {
	return o.store.Erase(ctx, owner, o.moment())
}

// tidyRows is how many rows Tidy removes in one step.
const tidyRows = 1000

// Tidy removes what is left of a person who was erased, and calls removed after each step with how many rows it took. A
// server that runs on the same database does so, too, when it sweeps.
func (o *Operator) Tidy(ctx context.Context, owner todo.UserID, removed func(rows int)) error {
	return o.store.Tidy(ctx, owner, tidyRows, removed)
}

// Each calls yield with every person who has an account, by address, until it returns an error, and returns that.
func (o *Operator) Each(ctx context.Context, yield func(Person) error) error {
	const page = 500
	for after := ""; ; {
		people, err := o.store.Accounts(ctx, after, page)
		if err != nil {
			return fmt.Errorf("list accounts: %w", err)
		}
		for _, p := range people {
			if err := yield(p); err != nil {
				return err
			}
			after = p.Email
		}
		if len(people) < page {
			return nil
		}
	}
}
