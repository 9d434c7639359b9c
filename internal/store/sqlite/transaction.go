package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"todod/internal/store/group"
	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// A transaction carries out the changes of a group over the connection that writes, one after the other: each looks,
// decides and writes behind a savepoint of its own, and sees what those before it wrote. One that is alone needs no savepoint.
//
// Its statements go to the connection, not to the sql.Tx, which would start a goroutine for each query; and their
// contexts don't end, because the driver starts one for each that can.
type transaction struct {
	conn  *sql.Conn
	until time.Time // when its time is up
}

// The statements around what one change does.
const (
	savepoint    = `savepoint one_change`
	releaseIt    = `release one_change`
	rollBackToIt = `rollback to one_change`
)

// run carries out changes, each of which has its own error then. If it returns an error, everything was rolled back, or
// it is open whether it was written. When time is up, the rest fails, and what was done until then is committed.
func (t *transaction) run(ctx context.Context, changes []*group.Change) error {
	tx, err := t.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	if len(changes) == 1 {
		if err := t.attempt(changes[0]); err != nil {
			group.Fail(changes, translate(err))
			return nil
		}
		return tx.Commit()
	}
	for _, c := range changes {
		if err := t.carryOut(c); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// carryOut has one change carried out. If the database refuses something, what it wrote is undone, and it alone has the
// error; unless that has ended the transaction, as a full disk may: then the error is returned.
func (t *transaction) carryOut(c *group.Change) error {
	if _, err := t.conn.ExecContext(c.Context, savepoint); err != nil {
		return err
	}
	err := t.attempt(c)
	if err == nil {
		_, err = t.conn.ExecContext(c.Context, releaseIt)
		return err
	}
	group.Fail([]*group.Change{c}, translate(err))
	// A savepoint that is rolled back to is still there; if it stayed, the next one to fail could end up there.
	for _, statement := range []string{rollBackToIt, releaseIt} {
		if _, ended := t.conn.ExecContext(c.Context, statement); ended != nil {
			return fmt.Errorf("%w, which has ended the transaction: %s", err, ended.Error())
		}
	}
	return nil
}

// attempt has one change look, decide and write.
func (t *transaction) attempt(c *group.Change) error {
	p := &part{transaction: t, ctx: c.Context, owner: c.Owner, at: c.Need.At}
	if err := p.look(&c.Need); err != nil {
		return err
	}
	c.DecideFrom(&p.known)
	if err := p.write(&c.Write); err != nil {
		return err
	}
	for c.Write.Next != nil {
		if err := p.goOn(c); err != nil {
			return err
		}
	}
	return nil
}

// late returns an error once time is up.
func (t *transaction) late() error {
	if time.Now().After(t.until) {
		return context.DeadlineExceeded
	}
	return nil
}

// QueryContext implements querier.
func (t *transaction) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	if err := t.late(); err != nil {
		return nil, err
	}
	return t.conn.QueryContext(ctx, statement, args...)
}

// ExecContext implements querier.
func (t *transaction) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	if err := t.late(); err != nil {
		return nil, err
	}
	return t.conn.ExecContext(ctx, statement, args...)
}

// A part is what a transaction does for one change.
type part struct {
	*transaction
	ctx     context.Context
	owner   todo.UserID
	at      time.Time // when the change happens
	isKnown bool      // the owner has a row
	known   todo.Snapshot
	alone   *sqlstore.Look // of a change that goes alone
}

// goOn has c look, decide and write once more. An error of the decision undoes what the steps before it wrote.
func (p *part) goOn(c *group.Change) error {
	p.alone.Begin(c.Write.Next)
	if err := p.lookAlone(); err != nil {
		return err
	}
	if c.DecideFrom(&p.known); c.Err != nil {
		return c.Err
	}
	return p.write(&c.Write)
}

// exec carries out a statement and returns how many rows it affected.
func (p *part) exec(statement string, args ...any) (int64, error) {
	done, err := p.ExecContext(p.ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// affectOne carries out a statement that must affect one row.
func (p *part) affectOne(statement string, args ...any) error {
	n, err := p.exec(statement, args...)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows were written instead of one: %s", n, statement)
	}
	return err
}
