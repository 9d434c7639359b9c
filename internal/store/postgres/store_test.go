package postgres

import (
	"context"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// migrateOnly runs the migrations for a template database.
func migrateOnly(ctx context.Context, url string) error {
	_, err := Migrate(ctx, url, false)
	return err
}

// open returns a store on a database of its own.
func open(t *testing.T) *Store {
	t.Helper()
	return openConfig(t, Config{URL: pgtest.Database(t, "store", migrateOnly), AsIs: true})
}

// openURL returns a store on the migrated database at url.
func openURL(t *testing.T, url string) *Store {
	t.Helper()
	return openConfig(t, Config{URL: url})
}

// openConfig returns a store of cfg on a migrated database.
func openConfig(t *testing.T, cfg Config) *Store {
	t.Helper()
	if cfg.PoolSize == 0 {
		cfg.PoolSize = 8
	}
	cfg.PoolTimeout, cfg.Strict = 20*time.Second, true
	s, err := newStore(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) account.FullStore { return open(t) })
}

func TestImport(t *testing.T) {
	t.Parallel()
	storetest.RunImport(t, func(t *testing.T) account.FullStore { return open(t) })
}

// TestDeletingAUserForgetsTheirImports: they may be imported anew.
func TestDeletingAUserForgetsTheirImports(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s := openURL(t, url)
	p := todo.Patch{Title: todo.Some("x")}
	tasks := []todo.ImportedTask{{OldID: "1", Task: p.NewTask("ada", noon)}}
	for range 2 {
		for _, owner := range []todo.UserID{"ada", "bob"} {
			if _, err := storetest.Of(s).ImportTasks(t.Context(), owner, "old", tasks, by(owner)); err != nil {
				t.Fatal(err)
			}
		}
		exec(t, connect(t, url), "delete from todod.users where user_id = 'ada'")
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
	storetest.RunOldTexts(t, storetest.Of(s), func(owner todo.UserID) { forget(t, s, owner) })
}

// TestOneSweeps: of two processes on one database, one gets to it at a time, and the other afterwards.
func TestOneSweeps(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	one, other := openURL(t, url), openURL(t, url)
	swept := 0
	count := func(context.Context) error { swept++; return nil }
	err := one.Alone(t.Context(), func(ctx context.Context) error { return other.Alone(ctx, count) })
	if err != nil || swept != 0 {
		t.Errorf("%d swept beside the first, %v", swept, err)
	}
	if err := other.Alone(t.Context(), count); err != nil || swept != 1 {
		t.Errorf("%d swept afterwards, %v", swept, err)
	}
}

// TestReadyWaitsForNobody: every connection of the pool is in use, and nothing was answered for a while.
func TestReadyWaitsForNobody(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range s.pool.Config().MaxConns {
		conn, err := s.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Release)
	}
	s.answered.Store(0)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		t.Error(err)
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	storetest.RunZones(t, storetest.Of(openURL(t, url)), func(zone string, by time.Duration) {
		for _, table := range []string{"tasks", "changes"} {
			exec(t, conn, "update todod."+table+` set due_date = due_date + $2 * interval '1 microsecond', recurrence = recurrence ||
				jsonb_build_object('anchor', (recurrence ->> 'anchor')::bigint + $2, 'slot', (recurrence ->> 'slot')::bigint + $2)
				where due_zone = $1`, zone, by.Microseconds())
		}
	})
}
