package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// maxPrepared is how many statements a connection keeps. Changes have few; lists have one for each kind of list.
const maxPrepared = 200

// preparing is a Wrapper whose connections prepare a statement once and keep it for the next time it is carried out,
// which may cost less than preparing it.
func preparing(d driver.Driver) driver.Driver { return preparer{d} }

// preparer is the driver that preparing returns.
type preparer struct{ driver.Driver }

// Open implements driver.Driver.
func (p preparer) Open(name string) (driver.Conn, error) {
	c, err := p.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	plain, ok := c.(plainConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a %T can't do what is needed", c), c.Close())
	}
	return &preparedConn{plainConn: plain, kept: map[string]*preparedStmt{}}, nil
}

// A plainConn is what the driver's connections can do.
type plainConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// A plainStmt is what the driver's statements can do.
type plainStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// A preparedConn is a connection with the statements that it has prepared.
type preparedConn struct {
	plainConn
	kept map[string]*preparedStmt
}

// A preparedStmt is a statement, of which at most one caller reads the rows.
type preparedStmt struct {
	plainStmt
	isRead bool
}

// statement returns a statement that nobody reads the rows of, prepared; nil if that can't be had.
func (c *preparedConn) statement(ctx context.Context, text string) (*preparedStmt, error) {
	if s := c.kept[text]; s != nil {
		if s.isRead {
			return nil, nil //nolint:nilnil // there is none, and that is no error
		}
		return s, nil
	}
	if err := c.makeRoom(); err != nil {
		return nil, err
	}
	made, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	plain, ok := made.(plainStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a %T can't do what is needed", made), made.Close())
	}
	s := &preparedStmt{plainStmt: plain}
	c.kept[text] = s
	return s, nil
}

// makeRoom forgets all statements that nobody reads the rows of, if there are too many.
func (c *preparedConn) makeRoom() (err error) {
	if len(c.kept) < maxPrepared {
		return nil
	}
	for text, s := range c.kept {
		if !s.isRead {
			err = errors.Join(err, s.Close())
			delete(c.kept, text)
		}
	}
	return err
}

// ExecContext implements driver.ExecerContext.
func (c *preparedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return c.plainConn.ExecContext(ctx, text, args)
	}
	return s.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return c.plainConn.QueryContext(ctx, text, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.isRead = true
	return &preparedRows{rows, s}, nil
}

// Close implements driver.Conn.
func (c *preparedConn) Close() (err error) {
	for _, s := range c.kept {
		err = errors.Join(err, s.Close())
	}
	clear(c.kept)
	return errors.Join(err, c.plainConn.Close())
}

// preparedRows are the rows of a statement that is kept.
type preparedRows struct {
	driver.Rows
	of *preparedStmt
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	r.of.isRead = false
	return r.Rows.Close()
}
