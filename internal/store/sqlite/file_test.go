package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"todod/internal/store/sqlstore"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// noon is when things happen here.
var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// addTask makes a task of ada, whose token says who she is.
func addTask(t *testing.T, s *Store, by todo.User) (todo.Task, error) {
	t.Helper()
	p := todo.Patch{Title: todo.Some("x")}
	idempotency := &todo.Idempotency{Key: rand.Text(), Fingerprint: []byte("x"), Status: 201}
	w := todo.Write{At: noon, By: by, WriteOptions: todo.WriteOptions{Idempotency: idempotency}}
	out, err := storetest.Of(s).Create(t.Context(), by.ID, p, 1000, w)
	return out.Task, err
}

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "todod.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := addTask(t, s, todo.User{ID: "ada"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		filepath.Dir(path): 0o700 | os.ModeDir, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
	} {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCommitsAreSynced(t *testing.T) {
	t.Parallel()
	s := open(t)
	var mode string
	var synchronous, queryOnly int
	err := errors.Join(
		s.writer.QueryRowContext(t.Context(), "pragma journal_mode").Scan(&mode),
		s.writer.QueryRowContext(t.Context(), "pragma synchronous").Scan(&synchronous),
		s.reader.QueryRowContext(t.Context(), "pragma query_only").Scan(&queryOnly),
	)
	if err != nil || mode != "wal" || synchronous != 2 || queryOnly != 1 {
		t.Errorf("journal_mode %s, synchronous %d, query_only %d, %v; want wal, 2 (FULL), 1", mode, synchronous, queryOnly, err)
	}
}

func TestTasksAreThereWhenTheFileIsOpenedAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	var ids []int64
	for range 2 {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		task, err := addTask(t, s, todo.User{ID: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, task.ID)
		for _, id := range ids {
			if _, err := s.Task(t.Context(), "ada", id, noon); err != nil {
				t.Errorf("task %d: %v", id, err)
			}
		}
		if _, err := storetest.Of(s).Delete(t.Context(), "ada", task.ID, todo.Write{At: noon}); err != nil {
			t.Fatal(err)
		}
		ids = nil
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOlderTokensDoNotOverwriteNewerOnes: what is known of a user follows the token that was issued last.
func TestOlderTokensDoNotOverwriteNewerOnes(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, c := range []struct {
		by   todo.User
		want string
	}{
		{todo.User{ID: "ada"}, "|"},
		{todo.User{ID: "ada", Email: "a@x"}, "a@x|"},
		{todo.User{ID: "ada", Email: "b@x", Name: "Ada", AsOf: noon}, "b@x|Ada"},
		{todo.User{ID: "ada", Email: "c@x", Name: "C", AsOf: noon.Add(-time.Hour)}, "b@x|Ada"},
		{todo.User{ID: "ada", Email: "e@x", AsOf: noon}, "e@x|Ada"},
		{todo.User{ID: "ada", Name: "E", AsOf: noon.Add(time.Hour)}, "e@x|E"},
	} {
		if _, err := addTask(t, s, c.by); err != nil {
			t.Fatal(err)
		}
		var got string
		err := s.reader.QueryRowContext(t.Context(),
			"select coalesce(email, '') || '|' || coalesce(name, '') from users where user_id = 'ada'").Scan(&got)
		if err != nil || got != c.want {
			t.Errorf("after %+v: %q, %v; want %q", c.by, got, err, c.want)
		}
	}
}

// TestAWriteOnceBegunOutlivesItsCaller: it commits although its caller leaves in the middle.
func TestAWriteOnceBegunOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		cancel()
		_, err := tx.ExecContext(ctx, sqlstore.LockOwner.SQLite, "ada", noon.UnixMicro())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := s.State(t.Context(), "ada"); err != nil || state.Epoch == 0 {
		t.Errorf("%+v, %v", state, err)
	}
}

// TestAnotherProgramsLockIsWaitedFor: the file may be open elsewhere, in a backup for instance.
func TestAnotherProgramsLockIsWaitedFor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	other, err := connect(path, "_txlock", "immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	made := make(chan error, 1)
	go func() { _, err := addTask(t, s, todo.User{ID: "ada"}); made <- err }()
	time.Sleep(50 * time.Millisecond)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-made; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestAFileThatIsNoDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	if err := os.WriteFile(path, []byte("these are my notes, not a database\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), path); err == nil {
		_ = s.Close()
		t.Error("it was opened")
	}
}

// TestTheDatabaseRepeatsTheRules: a program that writes past the domain is refused, too.
func TestTheDatabaseRepeatsTheRules(t *testing.T) {
	t.Parallel()
	s := open(t)
	insert := func(columns, values string) error {
		_, err := s.writer.ExecContext(t.Context(), "insert into tasks (user_id, version, created_at, updated_at, "+columns+
			") values ('ada', 1, 0, 0, "+values+")")
		return err
	}
	if err := insert("title", "'x'"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2]string{
		{"title", "''"}, {"title", "printf('%201s', '')"}, {"title, description", "'x', printf('%1001s', '')"}, {"title, priority", "'x', 4"},
		{"title, completed", "'x', 1"}, {"title, completed_at", "'x', 1"}, {"title, due_all_day", "'x', 1"},
		{"title, due_all_day, due_date", "'x', 1, 3600000000"}, {"title, priority", "'x', 'low'"},
	} {
		if err := insert(bad[0], bad[1]); err == nil {
			t.Errorf("%s = %s is taken", bad[0], bad[1])
		}
	}
}

// TestReadyWaitsForNobody: every connection that reads or writes is in use.
func TestReadyWaitsForNobody(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, pool := range []*sql.DB{s.reader, s.writer} {
		for range pool.Stats().MaxOpenConnections {
			conn, err := pool.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		t.Error(err)
	}
}
