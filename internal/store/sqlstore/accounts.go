package sqlstore

import (
	"context"
	"math/rand/v2"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// personOf are the columns of an account that readPerson reads.
const personOf = `user_id, email, name, created_at`

// readPerson reads the columns of personOf.
func readPerson(r Row, p *account.Person) {
	p.ID, p.Email, p.Name, p.CreatedAt = todo.UserID(r.Text()), r.Text(), r.Text(), r.Time()
}

// accountOf are the columns of an account that readAccount reads.
const accountOf = personOf + `, password_hash`

// readAccount reads the columns of accountOf.
func readAccount(r Row, a *account.Account) {
	readPerson(r, &a.Person)
	a.PasswordHash = r.Text()
}

// account returns a, or why there is none.
func (b *Base) account(a *account.Account, err error) (account.Account, error) {
	if b.engine.Taken(err) {
		err = account.EmailTaken(err)
	}
	return found(a, err, account.NoAccount)
}

var (
	insertEmail   = both(`insert into todod.emails (user_id, email) values ($1, $2)`)
	insertAccount = both(`insert into todod.accounts (` + accountOf + `) values ($1, $2, $3, $4, $5)`)
)

// CreateAccount implements account.Store.
func (b *Base) CreateAccount(ctx context.Context, a account.Account, first *account.Session) error {
	var statements []Statement
	if b.dialect.EmailsApart {
		statements = append(statements, run(insertEmail, a.ID, a.Email))
	}
	statements = append(statements, run(insertAccount, a.ID, a.Email, a.Name, a.CreatedAt, a.PasswordHash))
	if first != nil {
		statements = append(statements, run(insertSession, sessionArgs(first)...))
		statements = append(statements, rememberNetwork(first)...)
	}
	_, err := b.account(&a, b.engine.Write(ctx, a.ID, statements...))
	return err
}

var getAccount = both(`select ` + accountOf + ` from todod.accounts where user_id = $1`)

// Account implements account.Store.
func (b *Base) Account(ctx context.Context, owner todo.UserID) (account.Account, error) {
	var a *account.Account
	err := b.engine.Read(ctx, owner, one(&a, readAccount, getAccount, owner))
	return b.account(a, err)
}

// nameEmail lets PostgreSQL's policy of emails show the row of this address; becomeItsOwner makes the rest of the
// transaction about the person it belongs to, or about nobody. Together with getNamed they take one round trip,
// whether there is such an account or not. An engine without policies has the address where the account is.
var (
	nameEmail      = both(`select set_config('todod.email', $1, true)`)
	becomeItsOwner = both(`select set_config('todod.user_ids',
		coalesce((select array[user_id]::text from todod.emails where email = $1), ''), true)`)
	getNamed = SQL{
		Postgres: `select ` + accountOf + ` from todod.accounts
			where user_id = (nullif(current_setting('todod.user_ids', true), '')::text[])[1] and email = $1`,
		SQLite: `select ` + accountOf + ` from accounts where email = ?1`,
	}
)

// AccountByEmail implements account.Store.
func (b *Base) AccountByEmail(ctx context.Context, email string) (account.Account, error) {
	var a *account.Account
	statements := []Statement{one(&a, readAccount, getNamed, email)}
	if b.dialect.EmailsApart {
		statements = append([]Statement{run(nameEmail, email), run(becomeItsOwner, email)}, statements...)
	}
	err := b.engine.Read(ctx, "", statements...)
	return b.account(a, err)
}

// listAccounts goes by the emails in PostgreSQL, which sorts them by their bytes there.
var listAccounts = SQL{
	Postgres: `select a.user_id, e.email, a.name, a.created_at
		from todod.emails e join todod.accounts a on a.user_id = e.user_id
		where e.email > $1 order by e.email limit $2`,
	SQLite: `select ` + personOf + ` from accounts where email > ?1 order by email limit ?2`,
}

// Accounts implements account.Store.
func (b *Base) Accounts(ctx context.Context, after string, limit int) (people []account.Person, err error) {
	err = b.engine.Maintain(ctx, all(&people, readPerson, listAccounts, after, limit))
	return people, err
}

var (
	changeEmail   = both(`update todod.emails set email = $2 where user_id = $1 and email <> $2`)
	changeProfile = both(`update todod.accounts set email = coalesce($2, email), name = coalesce($3, name) where user_id = $1
		returning ` + accountOf)
)

// ChangeProfile implements account.Store.
func (b *Base) ChangeProfile(ctx context.Context, owner todo.UserID, p account.Profile) (account.Account, error) {
	var a *account.Account
	statements := []Statement{one(&a, readAccount, changeProfile, owner, p.Email, p.Name)}
	if p.Email != nil && b.dialect.EmailsApart {
		statements = append([]Statement{run(changeEmail, owner, *p.Email)}, statements...)
	}
	err := b.engine.Write(ctx, owner, statements...)
	return b.account(a, err)
}

var upgradeHash = both(`update todod.accounts set password_hash = $3 where user_id = $1 and password_hash = $2`)

// UpgradePassword implements account.Store.
func (b *Base) UpgradePassword(ctx context.Context, owner todo.UserID, was, hash string) error {
	return b.engine.Write(ctx, owner, run(upgradeHash, owner, was, hash))
}

// endOthers ends no session unless setPassword has just stored the hash $3, which no other has: it is salted.
var (
	setPassword = both(`update todod.accounts set password_hash = $2
		where user_id = $1 and ($3 = '' or password_hash = $3) returning ` + accountOf)
	endOthers = both(`delete from todod.sessions where user_id = $1 and sid <> $2
		and exists (select 1 from todod.accounts where user_id = $1 and password_hash = $3)`)
)

// SetPassword implements account.Store.
func (b *Base) SetPassword(ctx context.Context, owner todo.UserID, was, hash, keep string) error {
	var a *account.Account
	// In this order: the row of the account keeps sessions from starting (startChecked) until the others have ended.
	err := b.engine.Write(ctx, owner, one(&a, readAccount, setPassword, owner, hash, was), run(endOthers, owner, keep, hash))
	_, err = b.account(a, err)
	return err
}

// LockOwner locks the owner's row, making it first if it isn't there, without writing a new version of it. It is a
// statement of its own so that the one after it has a snapshot younger than the lock.
var LockOwner = both(`insert into todod.users (user_id, created_at, changed_at) values ($1, $2, $2)
	on conflict (user_id) do update set rev = users.rev where false`)

// closeLife ends somebody's life, unless that was done at $2 or after, where there is a $2: it gives their row another
// epoch, $3, by which the statements after it know that it did, and all that is theirs until then is of a former life.
var (
	closeLife = both(`update todod.users set epoch = $3, life_rev = rev, task_count = 0, trash_count = 0, key_count = 0,
			created_at = $4, changed_at = $4, erased_at = $4, claims_at = $5, email = null, name = null, time_zone = null,
			untidy = true
		where user_id = $1 and ($2::timestamptz is null or erased_at is null or erased_at < $2) returning user_id`)
	isClosed = ` where user_id = $1 and exists (select 1 from todod.users where user_id = $1 and epoch = $2)`
	// The account goes before the sessions: one that is just being started with its password (startChecked) is waited for.
	endAccount  = both(`delete from todod.accounts` + isClosed)
	freeEmail   = both(`delete from todod.emails` + isClosed)
	endSessions = both(`delete from todod.sessions` + isClosed)
	endNetworks = both(`delete from todod.known_networks` + isClosed)
	endTickets  = both(`delete from todod.tickets` + isClosed)
)

// Erase implements account.Store.
func (b *Base) Erase(ctx context.Context, owner todo.UserID, at time.Time) error {
	return b.erase(ctx, owner, nil, at)
}

// EraseOwn implements account.Store.
func (b *Base) EraseOwn(ctx context.Context, by todo.User, at time.Time) error {
	return b.erase(ctx, by.ID, &by.AsOf, at)
}

// erasedAtOnce is how many rows of each table go at once when somebody is erased: for most people that is all.
const erasedAtOnce = 250

// erase ends the life of owner at the time at, unless that was done at asOf or after; nil ends it in any case. What it
// doesn't remove at once, Tidy does.
func (b *Base) erase(ctx context.Context, owner todo.UserID, asOf *time.Time, at time.Time) error {
	epoch, next := newEpoch(), newEpoch()
	var erased []todo.UserID
	// The lock comes first, as in every write.
	statements := []Statement{
		run(LockOwner, owner, at), all(&erased, readID, closeLife, owner, asOf, epoch, at, time.Unix(0, 0)),
		run(endAccount, owner, epoch), run(endSessions, owner, epoch), run(endNetworks, owner, epoch),
		run(endTickets, owner, epoch),
	}
	if b.dialect.EmailsApart {
		statements = append(statements, run(freeEmail, owner, epoch))
	}
	for _, f := range former {
		statements = append(statements, run(f.remove, owner, erasedAtOnce, f.first))
	}
	err := b.engine.Write(ctx, owner, append(statements, run(beginAnew, owner, epoch, next))...)
	if err == nil && len(erased) == 0 {
		err = todo.TokenRevoked()
	}
	return err
}

// newEpoch returns a random epoch. It is no secret: it has to differ from the others of the same person.
func newEpoch() int64 { return rand.Int64N(1 << 53) } //nolint:gosec // see above

// readID reads a user_id.
func readID(r Row, id *todo.UserID) { *id = todo.UserID(r.Text()) }
