package sqlite

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// filesIn returns the names of the files in a folder.
func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// wantFiles fails the test unless these are the files in a folder.
func wantFiles(t *testing.T, folder string, want ...string) {
	t.Helper()
	if got := filesIn(t, folder); !slices.Equal(got, want) {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}

// openAt returns a store on the file at path and has ada make n tasks.
func openAt(t *testing.T, path string, n int) (*Store, []todo.Task) {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var tasks []todo.Task
	for range n {
		task, err := addTask(t, s, todo.User{ID: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, task)
	}
	return s, tasks
}

// execute carries out SQL on the file at path.
func execute(t *testing.T, path, sql string) {
	t.Helper()
	db, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestABackupHasEverythingAndNothingThatIsGone(t *testing.T) {
	t.Parallel()
	s, tasks := openAt(t, filepath.Join(t.TempDir(), "todod.db"), 3)
	secret := "what nobody shall find any more"
	p := todo.Patch{Title: todo.Some("x"), Description: todo.Some(secret)}
	if _, err := storetest.Of(s).Create(t.Context(), "eve", p, 9, todo.Write{At: noon}); err != nil {
		t.Fatal(err)
	}
	path := databaseOf(t, s)
	execute(t, path, "pragma wal_checkpoint(truncate)")
	if data, err := os.ReadFile(path); err != nil || !bytes.Contains(data, []byte(secret)) {
		t.Fatalf("the test is wrong: it isn't there beforehand, %v", err)
	}
	if err := s.Erase(t.Context(), "eve", noon); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	to := filepath.Join(folder, "it's a copy.db")

	c, err := Backup(t.Context(), path, to, false)

	if err != nil || c.People != 2 || c.Tasks != 3 {
		t.Fatalf("%+v, %v", c, err)
	}
	wantFiles(t, folder, filepath.Base(to))
	info, err := os.Stat(to)
	if err != nil || info.Mode() != 0o600 || info.Size() != c.Bytes {
		t.Errorf("%v, %v", info, err)
	}
	data, err := os.ReadFile(to)
	if err != nil || bytes.Contains(data, []byte(secret)) {
		t.Errorf("what was erased is still in the backup, %v", err)
	}
	restored, _ := openAt(t, to, 0)
	for _, want := range tasks {
		if got, err := restored.Task(t.Context(), "ada", want.ID, noon); err != nil || !got.Same(&want) || got.Version != want.Version {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
}

// databaseOf returns the path of a store's file.
func databaseOf(t *testing.T, s *Store) (path string) {
	t.Helper()
	if err := s.reader.QueryRowContext(t.Context(), "select file from pragma_database_list").Scan(&path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestABackupReplacesNothingUnasked(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "todod.db")
	openAt(t, path, 1)
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(to, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), path, to, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if data, err := os.ReadFile(to); err != nil || string(data) != "precious" {
		t.Errorf("now it is %q, %v", data, err)
	}
	if c, err := Backup(t.Context(), path, to, true); err != nil || c.Tasks != 1 {
		t.Errorf("asked to: %+v, %v", c, err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for _, own := range []string{path, path + "-wal", path + "-shm", filepath.Join(folder, ".", "x", "..", "todod.db-wal"), folder} {
		if _, err := Backup(t.Context(), path, own, true); err == nil {
			t.Errorf("%s was replaced", own)
		}
	}
	wantFiles(t, folder, "todod.db", "todod.db-shm", "todod.db-wal")
}

func TestAFailedBackupLeavesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(t.TempDir(), "todod.db")
	if _, err := Backup(t.Context(), path, filepath.Join(folder, "copy.db"), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no database: %v", err)
	}
	openAt(t, path, 1)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Backup(cancelled, path, filepath.Join(folder, "copy.db"), false); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	other := filepath.Join(t.TempDir(), "other.db")
	execute(t, other, "create table users (id)")
	if _, err := Backup(t.Context(), other, filepath.Join(folder, "copy.db"), false); err == nil || !strings.Contains(err.Error(), "not todod's") {
		t.Errorf("of another program's database: %v", err)
	}
	if _, err := Backup(t.Context(), path, filepath.Join(folder, "nowhere", "copy.db"), false); err == nil {
		t.Error("it went nowhere")
	}
	wantFiles(t, folder)
}

// damage overwrites the middle of the file at path.
func damage(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(bytes.Repeat([]byte("x"), int(info.Size()/2)), info.Size()/4)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestADamagedDatabaseIsNotBackedUp: a copy that is not sound is none.
func TestADamagedDatabaseIsNotBackedUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	s, _ := openAt(t, path, 300)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, path)
	folder := t.TempDir()
	if c, err := Backup(t.Context(), path, filepath.Join(folder, "copy.db"), false); err == nil {
		t.Errorf("%+v", c)
	}
	wantFiles(t, folder)
}
