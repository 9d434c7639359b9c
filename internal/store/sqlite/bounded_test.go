//go:build !race

// Under the race detector SQLite, which is Go here, is many times slower than its time-outs are made for: make test runs this
// without it.

package sqlite

import (
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"unsafe"

	sqlite3 "modernc.org/sqlite/lib"

	"todod/internal/store/storetest"
)

// stepsPerRow is how many steps of SQLite's virtual machine are taken for one row: a row that is read, compared, sorted and
// handed out, or written with its indexes, takes some tens, a few for each column.
const stepsPerRow = 85

// TestBounded: a file that was never analysed. SQLite counts the steps of its virtual machine for each statement.
func TestBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	counted := &countedConns{}
	s, err := Open(t.Context(), path, counted.wrap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	at := noon.UnixMicro()
	series := func(name string, n int) string {
		return fmt.Sprintf("with recursive n (%[1]s) as (values (1) union all select %[1]s + 1 from n where %[1]s < %[2]d) ", name, n)
	}
	for _, sql := range []string{
		fmt.Sprintf(`insert into users (user_id, rev, task_count, changed_at, created_at) values ('%s', %d, %d, %d, %[4]d)`,
			storetest.BoundedOwner, storetest.BoundedLog, storetest.BoundedTasks, at),
		series("id", storetest.BoundedTasks) + fmt.Sprintf(`
			insert into tasks (user_id, id, version, title, description, search, created_at, updated_at)
			select '%s', id, %s, 'title', case when id = 1 then '%d' end, 'title', %d, %[4]d from n`,
			storetest.BoundedOwner, storetest.BoundedVersion, 3*storetest.BoundedTasks+storetest.BoundedEdits, at),
		series("rev", storetest.BoundedLog) + fmt.Sprintf(`
			insert into changes (user_id, rev, prev_rev, set_rev, op, task_id, before, description, title, completed, priority,
				due_all_day, completed_at, created_at, updated_at, at)
			select '%s', rev, prev_rev, set_rev, op, task_id, before, description, 'title', op = 3, 2, 0,
				case when op = 3 then %d end, %[2]d, %[2]d, %[2]d from (%s)`,
			storetest.BoundedOwner, at, storetest.BoundedLogRows),
	} {
		if _, err := s.writer.ExecContext(t.Context(), sql); err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
	storetest.RunBounded(t, storetest.Of(s), func(do func()) int {
		counted.steps(t)
		do()
		return counted.steps(t) / stepsPerRow
	})
}

// TestBoundedPassed: the same of a file with a task that has come back very often.
func TestBoundedPassed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	counted := &countedConns{}
	s, err := Open(t.Context(), path, counted.wrap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	at, n := noon.UnixMicro(), storetest.PassedTimes+1
	for _, sql := range []string{
		fmt.Sprintf(`insert into users (user_id, rev, task_count, changed_at, created_at) values ('%s', %d, 1, %d, %[3]d)`, storetest.BoundedOwner, n, at),
		fmt.Sprintf(`insert into tasks (user_id, id, version, title, due_date, due_all_day, recurrence, search, created_at, updated_at)
			values ('%s', 1, %d, 'title', %d, 1, '%s', 'title', %d, %[5]d)`,
			storetest.BoundedOwner, n, storetest.PassedDue.UnixMicro(), storetest.PassedRecurrence, at),
		fmt.Sprintf(`with recursive n (rev) as (values (1) union all select rev + 1 from n where rev < %[2]d)
			insert into changes (user_id, rev, prev_rev, set_rev, op, task_id, title, completed, priority, due_date, due_all_day, recurrence,
				occurrence, created_at, updated_at, at)
			select '%[1]s', rev, rev - 1, rev, case when rev = 1 then 1 else 3 end, 1, 'title', 0, 2, %[3]d, 1, '%[4]s',
				case when rev > 1 then %[5]s end, %[6]d, %[6]d, %[6]d from n`,
			storetest.BoundedOwner, n, storetest.PassedDue.UnixMicro(), storetest.PassedRecurrence, storetest.PassedOccurrence, at),
	} {
		if _, err := s.writer.ExecContext(t.Context(), sql); err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
	storetest.RunPassedBounded(t, storetest.Of(s), func(do func()) int {
		counted.steps(t)
		do()
		return counted.steps(t) / stepsPerRow
	})
}

// countedConns are the connections of a store.
type countedConns struct {
	mu    sync.Mutex
	conns []driver.Conn
}

// wrap is a Wrapper that notes every connection.
func (c *countedConns) wrap(d driver.Driver) driver.Driver { return countedDriver{d, c} }

// countedDriver is what wrap returns.
type countedDriver struct {
	driver.Driver
	counted *countedConns
}

// Open implements driver.Driver.
func (d countedDriver) Open(name string) (driver.Conn, error) {
	conn, err := d.Driver.Open(name)
	d.counted.mu.Lock()
	defer d.counted.mu.Unlock()
	d.counted.conns = append(d.counted.conns, conn)
	return conn, err
}

// steps returns how many steps the statements of all connections, of which none is in use, have taken since it was last
// called. The driver keeps to itself what SQLite has to be asked with.
func (c *countedConns) steps(t *testing.T) (steps int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		prepared, ok := conn.(*preparedConn)
		if !ok {
			t.Fatalf("a connection is a %T", conn)
		}
		inner := reflect.ValueOf(prepared.plainConn).Elem()
		db, tls := inner.FieldByName("db"), inner.FieldByName("tls")
		tls = reflect.NewAt(tls.Type(), unsafe.Pointer(tls.UnsafeAddr())).Elem()
		call := func(f any, args ...any) int64 {
			in := []reflect.Value{tls}
			for _, arg := range args {
				in = append(in, reflect.ValueOf(arg))
			}
			out := reflect.ValueOf(f).Call(in)[0]
			if out.CanUint() {
				return int64(out.Uint())
			}
			return out.Int()
		}
		handle := uintptr(db.Uint())
		for stmt := uintptr(0); ; {
			stmt = uintptr(call(sqlite3.Xsqlite3_next_stmt, handle, stmt))
			if stmt == 0 {
				break
			}
			steps += int(call(sqlite3.Xsqlite3_stmt_status, stmt, int32(sqlite3.SQLITE_STMTSTATUS_VM_STEP), int32(1)))
		}
	}
	return steps
}
