package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"todod/internal/todo"
)

// backups has made backups by the number of their tasks.
var backups sync.Map

// backedUp returns the path of a backup with n tasks of ada, which is alone in its folder.
func backedUp(t *testing.T, n int) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "backup.db")
	data, made := backups.Load(n)
	if made {
		if err := os.WriteFile(to, data.([]byte), 0o600); err != nil {
			t.Fatal(err)
		}
		return to
	}
	path := filepath.Join(t.TempDir(), "todod.db")
	s, _ := openAt(t, path, n)
	if _, err := Backup(t.Context(), path, to, false); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	backups.Store(n, data)
	return to
}

// aside is what a database is called that was there before a restoration at noon.
const aside = ".before-restore-20260115T120000Z"

func TestRestore(t *testing.T) {
	t.Parallel()
	backup := backedUp(t, 2)
	folder := t.TempDir()
	path := filepath.Join(folder, "todod.db")
	old, lost := openAt(t, path, 5)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}

	r, err := Restore(t.Context(), backup, path, noon)

	if err != nil || r.People != 1 || r.Tasks != 2 || r.Migrations != 0 || r.Aside != path+aside {
		t.Fatalf("%+v, %v", r, err)
	}
	wantFiles(t, folder, "todod.db", "todod.db"+aside)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	now, more := openAt(t, path, 1)
	if state, err := now.State(t.Context(), "ada"); err != nil || state.Rev != 2+todo.RevisionBump+1 || more[0].ID != 2+int64(todo.RevisionBump)+1 {
		t.Errorf("%+v, %v, task %d", state, err, more[0].ID)
	}
	before, _ := openAt(t, r.Aside, 0)
	if _, err := before.Task(t.Context(), "ada", lost[4].ID, noon); err != nil {
		t.Errorf("what was there before: %v", err)
	}
}

// TestRestoreWhereNothingIs: on a new machine there is no folder either.
func TestRestoreWhereNothingIs(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(folder, "todod.db")
	r, err := Restore(t.Context(), backedUp(t, 2), path, noon)
	if err != nil || r.Aside != "" {
		t.Fatalf("%+v, %v", r, err)
	}
	wantFiles(t, folder, "todod.db")
	openAt(t, path, 1)
}

// TestRestoreThroughALink: the data is where the link leads, and what was there before is kept there, too.
func TestRestoreThroughALink(t *testing.T) {
	t.Parallel()
	folder, elsewhere := t.TempDir(), t.TempDir()
	old, _ := openAt(t, filepath.Join(elsewhere, "real.db"), 5)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "todod.db")
	if err := os.Symlink(filepath.Join(elsewhere, "real.db"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), backedUp(t, 2), link, noon); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, "todod.db")
	wantFiles(t, elsewhere, "real.db", "real.db"+aside)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestRestoreAfterACrash: what was still in the log is kept with the rest, and doesn't get into what takes its place.
func TestRestoreAfterACrash(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "todod.db")
	running, _ := openAt(t, filepath.Join(t.TempDir(), "todod.db"), 4)
	for _, suffix := range []string{"", "-wal", "-shm"} { // as a crash leaves them
		data, err := os.ReadFile(databaseOf(t, running) + suffix)
		if err != nil || suffix == "-wal" && len(data) == 0 {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		if err := os.WriteFile(path+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Restore(t.Context(), backedUp(t, 2), path, noon)
	if err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, "todod.db", "todod.db"+aside)
	for file, want := range map[string]int{path: 2, r.Aside: 4} {
		if c, err := examine(t.Context(), file); err != nil || c.Tasks != want {
			t.Errorf("%s: %+v, %v", file, c, err)
		}
	}
}

// TestWhatCannotBeRestoredChangesNothing: the database is as it was, and nothing is left beside it.
func TestWhatCannotBeRestoredChangesNothing(t *testing.T) {
	t.Parallel()
	backedUp(t, 300) // the others copy it
	for name, c := range map[string]struct {
		spoil func(t *testing.T, backup, path string) string // returns what to restore
		want  string
	}{
		"nothing there":      {func(_ *testing.T, backup, _ string) string { return backup + ".lost" }, "no such file"},
		"a folder":           {func(_ *testing.T, backup, _ string) string { return filepath.Dir(backup) }, "is no file"},
		"the database":       {func(_ *testing.T, _, path string) string { return path }, "is the database itself"},
		"an empty file":      {truncateTo(0), "not todod's"},
		"a piece":            {truncateTo(20_000), "malformed"},
		"a piece of a page":  {truncateTo(50), "malformed"},
		"damaged":            {func(t *testing.T, backup, _ string) string { damage(t, backup); return backup }, "not sound"},
		"another program's":  {doneTo("drop table tasks"), "not todod's"},
		"a newer todod's":    {doneTo("insert into migrations (version_id, is_applied) values (99999, 1)"), "newer todod"},
		"of no known schema": {doneTo("alter table users rename column rev to revision"), "no such column: rev"},
		"a text": {func(t *testing.T, backup, _ string) string {
			if err := os.WriteFile(backup, []byte(strings.Repeat("not a database ", 500)), 0o600); err != nil {
				t.Fatal(err)
			}
			return backup
		}, "not a database"},
		"a database in use": {func(t *testing.T, _, _ string) string {
			s, _ := openAt(t, filepath.Join(t.TempDir(), "live.db"), 1)
			return databaseOf(t, s)
		}, "in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, "todod.db")
			s, _ := openAt(t, path, 3)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if r, err := Restore(t.Context(), c.spoil(t, backedUp(t, 300), path), path, noon); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v, %v; want %q", r, err, c.want)
			}
			wantFiles(t, folder, "todod.db")
			s, more := openAt(t, path, 1)
			if state, err := s.State(t.Context(), "ada"); err != nil || state.Rev != 4 || more[0].ID != 4 {
				t.Errorf("%+v, %v", state, err)
			}
		})
	}
}

// truncateTo cuts a backup.
func truncateTo(size int64) func(*testing.T, string, string) string {
	return func(t *testing.T, backup, _ string) string {
		if err := os.Truncate(backup, size); err != nil {
			t.Fatal(err)
		}
		return backup
	}
}

// doneTo carries out SQL on a backup.
func doneTo(sql string) func(*testing.T, string, string) string {
	return func(t *testing.T, backup, _ string) string {
		execute(t, backup, sql)
		return backup
	}
}

// TestNothingIsRestoredUnderARunningServer: who has the database open goes on with it.
func TestNothingIsRestoredUnderARunningServer(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "todod.db")
	s, _ := openAt(t, path, 3)
	if r, err := Restore(t.Context(), backedUp(t, 2), path, noon); !errors.Is(err, ErrInUse) {
		t.Errorf("%+v, %v", r, err)
	}
	wantFiles(t, folder, "todod.db", "todod.db-shm", "todod.db-wal")
	if task, err := addTask(t, s, todo.User{ID: "ada"}); err != nil || task.Version != 4 {
		t.Errorf("%+v, %v", task, err)
	}
}

// TestADatabaseThatIsDamagedBeyondRecognitionStays: nobody can say whether it is in use.
func TestADatabaseThatIsDamagedBeyondRecognitionStays(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "todod.db")
	noDatabase := bytes.Repeat([]byte("x"), 10_000)
	if err := os.WriteFile(path, noDatabase, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Restore(t.Context(), backedUp(t, 2), path, noon)
	if err == nil || !strings.Contains(err.Error(), "move "+path) {
		t.Errorf("%+v, %v", r, err)
	}
	if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, noDatabase) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	wantFiles(t, folder, "todod.db")
}

// TestADamagedDatabaseCanBeReplaced: that is what backups are for.
func TestADamagedDatabaseCanBeReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	s, _ := openAt(t, path, 300)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, path)
	if r, err := Restore(t.Context(), backedUp(t, 2), path, noon); err != nil || r.Tasks != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestABackupOfAnOlderSchemaIsMigrated: before it takes the database's place.
func TestABackupOfAnOlderSchemaIsMigrated(t *testing.T) {
	t.Parallel()
	backup := filepath.Join(t.TempDir(), "backup.db")
	db, err := connect(backup, "_txlock", "immediate")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := migrations.Provider(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "todod.db")
	r, err := Restore(t.Context(), backup, path, noon)
	files, _ := migrationFiles.ReadDir("migrations")
	if err != nil || r.Migrations != len(files)-4 {
		t.Errorf("%+v, %v", r, err)
	}
	openAt(t, path, 1)
}
