package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/account"
	"todod/internal/todo"
)

var _ account.Store = (*Store)(nil)

// accountColumns are the columns that oneAccount reads, in its order.
const accountColumns = `user_id, email, name, password_hash, created_at`

// oneAccount returns what scans at most one row of accountColumns into a, and sets found if there was one.
func oneAccount(a *account.Account, found *bool) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		if *found = rows.Next(); !*found {
			return nil
		}
		return rows.Scan(&a.ID, &a.Email, &a.Name, &a.PasswordHash, &a.CreatedAt)
	}
}

// foundAccount returns a, or why there is none.
func foundAccount(a account.Account, found bool, err error) (account.Account, error) {
	switch {
	case taken(err):
		return account.Account{}, account.EmailTaken(err)
	case err != nil:
		return account.Account{}, err
	case !found:
		return account.Account{}, account.NoAccount()
	}
	return a, nil
}

// taken reports whether err says that a row with this key is there already.
func taken(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == uniqueViolation
}

const (
	insertEmail   = `insert into todod.emails (user_id, email) values ($1, $2)`
	insertAccount = `insert into todod.accounts (user_id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5)`
)

// CreateAccount implements account.Store.
func (s *Store) CreateAccount(ctx context.Context, a account.Account, first *account.Session) error {
	statements := []statement{
		{sql: insertEmail, args: []any{a.ID, a.Email}},
		{sql: insertAccount, args: []any{a.ID, a.Email, a.Name, a.PasswordHash, a.CreatedAt}},
	}
	if first != nil {
		statements = append(statements, statement{sql: insertSession, args: sessionArgs(*first)})
	}
	_, err := foundAccount(a, true, s.transact(ctx, a.ID, statements...))
	return err
}

// nameEmail lets the policy of todod.emails show the row of this address; becomeItsOwner makes the rest of the transaction
// about the person it belongs to, or about nobody. Together with getNamed they take one round trip, whether there is such
// an account or not.
const (
	nameEmail      = `select set_config('todod.email', $1, true)`
	becomeItsOwner = `select set_config('todod.user_ids',
		coalesce((select array[user_id]::text from todod.emails where email = $1), ''), true)`
	getNamed = `select ` + accountColumns + ` from todod.accounts
		where user_id = (nullif(current_setting('todod.user_ids', true), '')::text[])[1]`
)

// AccountByEmail implements account.Store.
func (s *Store) AccountByEmail(ctx context.Context, email string) (account.Account, error) {
	var a account.Account
	var found bool
	err := s.read(ctx, "", statement{sql: nameEmail, args: []any{email}}, statement{sql: becomeItsOwner, args: []any{email}},
		statement{sql: getNamed, rows: oneAccount(&a, &found)})
	return foundAccount(a, found, err)
}

const getAccount = `select ` + accountColumns + ` from todod.accounts where user_id = $1`

// Account implements account.Store.
func (s *Store) Account(ctx context.Context, owner todo.UserID) (account.Account, error) {
	var a account.Account
	var found bool
	err := s.read(ctx, owner, statement{getAccount, []any{owner}, oneAccount(&a, &found)})
	return foundAccount(a, found, err)
}

const (
	changeEmail   = `update todod.emails set email = $2 where user_id = $1 and email <> $2`
	changeProfile = `update todod.accounts set email = coalesce($2, email), name = coalesce($3, name) where user_id = $1
		returning ` + accountColumns
)

// ChangeProfile implements account.Store.
func (s *Store) ChangeProfile(ctx context.Context, owner todo.UserID, p account.Profile) (account.Account, error) {
	var statements []statement
	if p.Email != nil {
		statements = append(statements, statement{sql: changeEmail, args: []any{owner, *p.Email}})
	}
	var a account.Account
	var found bool
	err := s.transact(ctx, owner,
		append(statements, statement{changeProfile, []any{owner, p.Email, p.Name}, oneAccount(&a, &found)})...)
	return foundAccount(a, found, err)
}

const upgradeHash = `update todod.accounts set password_hash = $3 where user_id = $1 and password_hash = $2`

// UpgradePassword implements account.Store.
func (s *Store) UpgradePassword(ctx context.Context, owner todo.UserID, was, hash string) error {
	return s.transact(ctx, owner, statement{sql: upgradeHash, args: []any{owner, was, hash}})
}

const (
	setPassword = `update todod.accounts set password_hash = $2 where user_id = $1 returning ` + accountColumns
	endOthers   = `delete from todod.sessions where user_id = $1 and sid <> $2`
)

// SetPassword implements account.Store.
func (s *Store) SetPassword(ctx context.Context, owner todo.UserID, hash, keep string) error {
	var a account.Account
	var found bool
	// In this order: the row of the account keeps sessions from starting (startChecked) until the others have ended.
	err := s.transact(ctx, owner, statement{setPassword, []any{owner, hash}, oneAccount(&a, &found)},
		statement{sql: endOthers, args: []any{owner, keep}})
	_, err = foundAccount(a, found, err)
	return err
}

const listAccounts = `select a.user_id, e.email, a.name, a.created_at
	from todod.emails e join todod.accounts a on a.user_id = e.user_id
	where e.email > $1 order by e.email limit $2`

// Accounts implements account.Store.
func (s *Store) Accounts(ctx context.Context, after string, limit int) (people []account.Person, err error) {
	err = s.maintain(ctx, statement{listAccounts, []any{after, limit}, func(rows pgx.Rows) (err error) {
		people, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p account.Person, err error) {
			return p, row.Scan(&p.ID, &p.Email, &p.Name, &p.CreatedAt)
		})
		return err
	}})
	return people, err
}

// forgetUser deletes the owner's row and with it, by the trigger delete_user_data, everything of theirs in every table;
// unless that was done at $2 or after, where there is a $2. rememberErased leaves a new one, with a new epoch, that says no
// more than that and when.
const (
	forgetUser = `delete from todod.users
		where user_id = $1 and ($2::timestamptz is null or erased_at is null or erased_at < $2) returning 1`
	rememberErased = `insert into todod.users (user_id, created_at, changed_at, erased_at) values ($1, $2, $2, $2)
		on conflict (user_id) do nothing`
)

// Erase implements account.Store.
func (s *Store) Erase(ctx context.Context, owner todo.UserID, at time.Time) error {
	return s.erase(ctx, owner, nil, at)
}

// EraseOwn implements account.Store.
func (s *Store) EraseOwn(ctx context.Context, by todo.User, at time.Time) error {
	return s.erase(ctx, by.ID, &by.AsOf, at)
}

// erase removes everything of owner at the time at, unless they were erased at asOf or after; nil erases in any case.
func (s *Store) erase(ctx context.Context, owner todo.UserID, asOf *time.Time, at time.Time) error {
	erased := false
	forget := statement{forgetUser, []any{owner, asOf}, func(rows pgx.Rows) error {
		erased = rows.Next()
		return nil
	}}
	// The lock comes first, as in every write: whoever waits for it finds the new row. It also makes the row that the
	// trigger needs where there is none.
	err := s.lockAndTransact(ctx, owner, at, forget, statement{sql: rememberErased, args: []any{owner, at}})
	if err == nil && !erased {
		err = todo.TokenRevoked()
	}
	return err
}
