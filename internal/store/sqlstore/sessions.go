package sqlstore

import (
	"context"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// sessionOf are the columns that readSession reads, and sessionArgs are the arguments for.
const sessionOf = `user_id, sid, refresh_hash, sealed, created_at, expires_at`

// readSession reads the columns of sessionOf.
func readSession(r Row, v *account.Session) {
	v.Owner, v.ID, v.RefreshHash, v.Sealed = todo.UserID(r.Text()), r.Text(), r.Bytes(), r.Bytes()
	v.CreatedAt, v.ExpiresAt = r.Time(), r.Time()
}

// sessionArgs returns what v has in the columns of sessionOf.
func sessionArgs(v *account.Session) []any {
	return []any{v.Owner, v.ID, v.RefreshHash, v.Sealed, v.CreatedAt, v.ExpiresAt}
}

// startChecked stores a session if the account's password still has the hash $7, and locks the account until the
// transaction ends: a password that is being replaced at the same moment is waited for, and then found to be replaced.
var (
	insertSession = both(`insert into todod.sessions (` + sessionOf + `) values ($1, $2, $3, $4, $5, $6)`)
	startChecked  = both(`with a as (select 1 from todod.accounts where user_id = $1 and password_hash = $7 for share)
		insert into todod.sessions (` + sessionOf + `) select $1, $2, $3, $4, $5, $6 from a
		returning ` + sessionOf)
	forgetSessions = both(`delete from todod.sessions where user_id = $1 and expires_at <= $2`)
)

// StartSession implements account.Store.
func (b *Base) StartSession(ctx context.Context, v account.Session, checked string) error {
	started := &v
	start := run(insertSession, sessionArgs(&v)...)
	if checked != "" {
		start = one(&started, readSession, startChecked, append(sessionArgs(&v), checked)...)
	}
	statements := append([]Statement{run(forgetSessions, v.Owner, v.CreatedAt), start}, rememberNetwork(&v)...)
	err := b.engine.Write(ctx, v.Owner, statements...)
	_, err = found(started, err, account.NoSession)
	return err
}

var getSession = both(`select ` + sessionOf + ` from todod.sessions where user_id = $1 and sid = $2 and expires_at > $3`)

// Session implements account.Store.
func (b *Base) Session(ctx context.Context, owner todo.UserID, id string, now time.Time) (account.Session, error) {
	var v *account.Session
	err := b.engine.Read(ctx, owner, one(&v, readSession, getSession, owner, id, now))
	return found(v, err, account.NoSession)
}

var listSessions = both(`select ` + sessionOf + ` from todod.sessions where user_id = $1 and sid > $2 order by sid limit $3`)

// Sessions implements account.Store.
func (b *Base) Sessions(
	ctx context.Context, owner todo.UserID, after string, limit int,
) (sessions []account.Session, err error) {
	err = b.engine.Read(ctx, owner, all(&sessions, readSession, listSessions, owner, after, limit))
	return sessions, err
}

var rotateSession = both(`update todod.sessions set refresh_hash = $4, expires_at = $6
	where user_id = $1 and sid = $2 and refresh_hash = $3 and expires_at > $5
	returning ` + sessionOf)

// RotateSession implements account.Store. The session is read by a statement of its own, which sees what the first waited
// for: of two that rotate at once, the second finds the first one's token.
func (b *Base) RotateSession(
	ctx context.Context, owner todo.UserID, id string, was, hash []byte, now, expires time.Time,
) (account.Session, bool, error) {
	var rotated, v *account.Session
	err := b.engine.Write(ctx, owner, one(&rotated, readSession, rotateSession, owner, id, was, hash, now, expires),
		one(&v, readSession, getSession, owner, id, now))
	session, err := found(v, err, account.NoSession)
	return session, rotated != nil, err
}

var endSession = both(`delete from todod.sessions where user_id = $1 and sid = $2 returning ` + sessionOf)

// EndSession implements account.Store.
func (b *Base) EndSession(ctx context.Context, owner todo.UserID, id string) (*account.Session, error) {
	var v *account.Session
	if err := b.engine.Write(ctx, owner, one(&v, readSession, endSession, owner, id)); err != nil {
		return nil, err
	}
	return v, nil
}

var (
	forgetTickets = both(`delete from todod.tickets where user_id = $1 and expires_at <= $2`)
	insertTicket  = both(`insert into todod.tickets (user_id, hash, sid, token_iat, token_exp, expires_at)
		values ($1, $2, $3, $4, $5, $6)`)
	redeemTicket = both(`delete from todod.tickets where user_id = $1 and hash = $2 and expires_at > $3
		returning sid, token_iat, token_exp, expires_at`)
)

// IssueTicket implements account.Store.
func (b *Base) IssueTicket(ctx context.Context, t account.Ticket, now time.Time) error {
	var asOf *time.Time
	if !t.AsOf.IsZero() {
		asOf = &t.AsOf
	}
	return b.engine.Write(ctx, t.Owner, run(forgetTickets, t.Owner, now),
		run(insertTicket, t.Owner, t.Hash, t.SessionID, asOf, t.ExpiresAt, t.Until))
}

// RedeemTicket implements account.Store.
func (b *Base) RedeemTicket(
	ctx context.Context, owner todo.UserID, hash []byte, now time.Time,
) (account.Ticket, error) {
	var t *account.Ticket
	err := b.engine.Write(ctx, owner, one(&t, func(r Row, t *account.Ticket) {
		t.Owner, t.Hash = owner, hash
		t.SessionID, t.AsOf, t.ExpiresAt, t.Until = r.Text(), r.Time(), r.Time(), r.Time()
	}, redeemTicket, owner, hash, now))
	return found(t, err, account.NoTicket)
}
