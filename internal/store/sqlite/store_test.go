package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// open returns a store on a file of its own.
func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), migrated(t, "odd ?#%20 name/todod.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// migrated returns the path of a migrated file of its own, which has this name.
func migrated(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(pgtest.Folder(t), filepath.FromSlash(name))
	pgtest.File(t, "store", path, func(ctx context.Context, path string) error {
		_, err := Migrate(ctx, path)
		return err
	})
	return path
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) account.FullStore { return open(t) })
}

func TestImport(t *testing.T) {
	t.Parallel()
	storetest.RunImport(t, func(t *testing.T) account.FullStore { return open(t) })
}

// TestDeletingAUserForgetsTheirImports: they may be imported anew, and nobody else's are touched.
func TestDeletingAUserForgetsTheirImports(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := todo.Patch{Title: todo.Some("x")}
	tasks := []todo.ImportedTask{{OldID: "1", Task: p.NewTask("ada", noon)}}
	for range 2 {
		for _, owner := range []todo.UserID{"ada", "bob"} {
			if _, err := storetest.Of(s).ImportTasks(t.Context(), owner, "old", tasks, todo.Write{At: noon}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.writer.ExecContext(t.Context(), "delete from users where user_id = 'ada'"); err != nil {
			t.Fatal(err)
		}
	}
	for owner, want := range map[todo.UserID]int{"ada": 0, "bob": 1} {
		if known, err := s.Imported(t.Context(), owner, "old", []string{"1"}); err != nil || len(known) != want {
			t.Errorf("%s: %v, %v; want %d", owner, known, err, want)
		}
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	storetest.RunAccounts(t, func(t *testing.T) account.FullStore { return open(t) })
}

func TestSweep(t *testing.T) {
	t.Parallel()
	storetest.Sweep(t, storetest.Of(open(t)))
	storetest.SweepThings(t, storetest.Of(open(t)))
	storetest.SweepPassed(t, storetest.Of(open(t)))
}

func TestOldTexts(t *testing.T) {
	t.Parallel()
	s := open(t)
	storetest.RunOldTexts(t, storetest.Of(s), func(owner todo.UserID) {
		for _, sql := range []string{
			"update tasks set search = null where user_id = ?", "update users set unfolded = 1 where user_id = ?",
		} {
			if _, err := s.writer.ExecContext(t.Context(), sql, string(owner)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestZones(t *testing.T) {
	t.Parallel()
	s := open(t)
	storetest.RunZones(t, storetest.Of(s), func(zone string, by time.Duration) {
		for _, table := range []string{"tasks", "changes"} {
			for _, set := range []string{
				"due_date = due_date + ?2", "recurrence = json_set(recurrence, '$.anchor', recurrence ->> '$.anchor' + ?2, '$.slot', recurrence ->> '$.slot' + ?2)",
			} {
				if _, err := s.writer.ExecContext(t.Context(), "update "+table+" set "+set+" where due_zone = ?1", zone, by.Microseconds()); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
