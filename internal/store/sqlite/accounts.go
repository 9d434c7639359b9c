package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"modernc.org/sqlite"

	"todod/internal/account"
	"todod/internal/todo"
)

var _ account.Store = (*Store)(nil)

// What is read of people with accounts, and of their accounts.
const (
	personColumns  = `user_id, email, name, created_at`
	accountColumns = personColumns + `, password_hash`
)

// person reads personColumns.
func (r *rowReader) person() account.Person {
	return account.Person{ID: todo.UserID(r.text()), Email: r.text(), Name: r.text(), CreatedAt: r.time()}
}

// account reads accountColumns.
func (r *rowReader) account() account.Account {
	return account.Account{Person: r.person(), PasswordHash: r.text()}
}

// oneAccount returns the account that a statement returns; no row is NoAccount.
func oneAccount(ctx context.Context, db querier, statement string, args ...any) (account.Account, error) {
	found, err := collect(ctx, db, (*rowReader).account, statement, args...)
	switch {
	case taken(err):
		return account.Account{}, account.EmailTaken(err)
	case err != nil:
		return account.Account{}, translate(err)
	case len(found) == 0:
		return account.Account{}, account.NoAccount()
	}
	return found[0], nil
}

// The extended result codes of SQLite (its result code documentation) that say that a row with this key is there already.
const (
	sqliteUnique     = 2067
	sqlitePrimaryKey = 1555
)

// taken reports whether err says that a row with this key is there already.
func taken(err error) bool {
	var sqliteErr *sqlite.Error
	return errors.As(err, &sqliteErr) && (sqliteErr.Code() == sqliteUnique || sqliteErr.Code() == sqlitePrimaryKey)
}

const insertAccount = `insert into accounts (user_id, email, name, password_hash, created_at) values (?1, ?2, ?3, ?4, ?5)
	returning ` + accountColumns

// CreateAccount implements account.Store.
func (s *Store) CreateAccount(ctx context.Context, a account.Account, first *account.Session) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := oneAccount(ctx, tx, insertAccount, a.ID, a.Email, a.Name, a.PasswordHash, a.CreatedAt.UnixMicro())
		if err != nil || first == nil {
			return err
		}
		return addSession(ctx, tx, *first)
	})
}

const getNamed = `select ` + accountColumns + ` from accounts where email = ?1`

// AccountByEmail implements account.Store.
func (s *Store) AccountByEmail(ctx context.Context, email string) (account.Account, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return oneAccount(ctx, s.reader, getNamed, email)
}

const getAccount = `select ` + accountColumns + ` from accounts where user_id = ?1`

// Account implements account.Store.
func (s *Store) Account(ctx context.Context, owner todo.UserID) (account.Account, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return oneAccount(ctx, s.reader, getAccount, owner)
}

const changeProfile = `update accounts set email = coalesce(?2, email), name = coalesce(?3, name) where user_id = ?1
	returning ` + accountColumns

// ChangeProfile implements account.Store.
func (s *Store) ChangeProfile(ctx context.Context, owner todo.UserID, p account.Profile) (a account.Account, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		a, err = oneAccount(ctx, tx, changeProfile, owner, p.Email, p.Name)
		return err
	})
	if err != nil {
		return account.Account{}, err
	}
	return a, nil
}

const upgradeHash = `update accounts set password_hash = ?3 where user_id = ?1 and password_hash = ?2`

// UpgradePassword implements account.Store.
func (s *Store) UpgradePassword(ctx context.Context, owner todo.UserID, was, hash string) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upgradeHash, owner, was, hash)
		return err
	})
}

const (
	setPassword = `update accounts set password_hash = ?2 where user_id = ?1 returning ` + accountColumns
	endOthers   = `delete from sessions where user_id = ?1 and sid <> ?2`
)

// SetPassword implements account.Store.
func (s *Store) SetPassword(ctx context.Context, owner todo.UserID, hash, keep string) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := oneAccount(ctx, tx, setPassword, owner, hash); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, endOthers, owner, keep)
		return err
	})
}

const listAccounts = `select ` + personColumns + ` from accounts where email > ?1 order by email limit ?2`

// Accounts implements account.Store.
func (s *Store) Accounts(ctx context.Context, after string, limit int) ([]account.Person, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	people, err := collect(ctx, s.reader, (*rowReader).person, listAccounts, after, limit)
	return people, translate(err)
}

// forgetUser deletes the owner's row and with it, by the trigger delete_user_data, everything of theirs in every table;
// unless that was done at ?2 or after, where there is a ?2. makeUser makes the row that the trigger needs where there is
// none. rememberErased leaves a new one, with a new epoch, that says no more than that and when.
const (
	makeUser   = `insert into users (user_id, created_at, changed_at) values (?1, ?2, ?2) on conflict do nothing`
	forgetUser = `delete from users where user_id = ?1 and (?2 is null or erased_at is null or erased_at < ?2)`

	rememberErased = `insert into users (user_id, created_at, changed_at, erased_at) values (?1, ?2, ?2, ?2)`
)

// Erase implements account.Store.
func (s *Store) Erase(ctx context.Context, owner todo.UserID, at time.Time) error {
	return s.erase(ctx, owner, nil, at)
}

// EraseOwn implements account.Store.
func (s *Store) EraseOwn(ctx context.Context, by todo.User, at time.Time) error {
	asOf := claimsAt(by.AsOf)
	return s.erase(ctx, by.ID, &asOf, at)
}

// erase removes everything of owner at the time at, unless they were erased at asOf or after; nil erases in any case.
func (s *Store) erase(ctx context.Context, owner todo.UserID, asOf *int64, at time.Time) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, makeUser, owner, at.UnixMicro()); err != nil {
			return err
		}
		forgotten, err := tx.ExecContext(ctx, forgetUser, owner, asOf)
		if err != nil {
			return err
		}
		switch rows, err := forgotten.RowsAffected(); {
		case err != nil:
			return err
		case rows == 0:
			return todo.TokenRevoked()
		}
		_, err = tx.ExecContext(ctx, rememberErased, owner, at.UnixMicro())
		return err
	})
}
