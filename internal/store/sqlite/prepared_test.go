package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"todod/internal/todo"
)

// kept returns the statements that conn keeps, by their texts.
func kept(t *testing.T, conn *sql.Conn) (texts map[string]bool) {
	t.Helper()
	texts = map[string]bool{}
	err := conn.Raw(func(c any) error {
		for text := range c.(*preparedConn).kept {
			texts[text] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestStatementsArePreparedOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	var counts [3]int
	for i := range counts {
		if _, err := addTask(t, s, todo.User{ID: "ada"}); err != nil {
			t.Fatal(err)
		}
		conn, err := s.turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		texts := kept(t, conn)
		if counts[i] = len(texts); !texts[insertTask] || !texts[getOwner] {
			t.Errorf("%d are kept, not those that are needed", len(texts))
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if counts[1] != counts[2] {
		t.Errorf("after two changes there are %d, after three %d", counts[1], counts[2])
	}
}

// TestAStatementIsReadTwiceAtOnce: one that is kept has one place for its rows; the second reader gets another.
func TestAStatementIsReadTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	tx, err := s.reader.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	const numbers = "select value from json_each(?)"
	var got []string
	err = query(t.Context(), tx, func(r *rowReader) {
		n := r.Int64()
		err := query(t.Context(), tx, func(r *rowReader) { got = append(got, fmt.Sprint(n, r.Int64())) }, numbers, "[3, 4]")
		if err != nil {
			r.Fail(err)
		}
	}, numbers, "[1, 2]")
	if err != nil || fmt.Sprint(got) != "[1 3 1 4 2 3 2 4]" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestAConnectionKeepsOnlySomeStatements: there is no end of the lists that can be asked for.
func TestAConnectionKeepsOnlySomeStatements(t *testing.T) {
	t.Parallel()
	s := open(t)
	conn, err := s.reader.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for i := range 2*maxPrepared + 10 {
		var n int
		if err := conn.QueryRowContext(t.Context(), fmt.Sprint("select ", i)).Scan(&n); err != nil || n != i {
			t.Fatalf("%d, %v; want %d", n, err, i)
		}
	}
	if n := len(kept(t, conn)); n != 10 {
		t.Errorf("%d are kept", n)
	}
}

// TestClosingLeavesNothingOpen: SQLite removes its log when the last connection is closed, which one that has statements
// left isn't.
func TestClosingLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, _ := openAt(t, filepath.Join(folder, "todod.db"), 1)
	if _, err := s.State(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, "todod.db", "todod.db-shm", "todod.db-wal")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, "todod.db")
}
