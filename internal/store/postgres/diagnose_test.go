package postgres

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/internal/todo"
)

func TestDiagnose(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	name, login := newLogin(t, url, "connection limit 7")
	exec(t, connect(t, url), "grant todod_app to "+name)
	d, err := Diagnose(t.Context(), Config{URL: login, DirectURL: url})
	if err != nil || d.Major < 14 || !strings.HasPrefix(d.Version, "1") || d.TLS || d.Ahead.Abs() > 5*time.Second ||
		d.Connections != 7 || d.Pending != 0 || d.Unknown != 0 || !d.Protected {
		t.Errorf("%+v, %v", d, err)
	}
	exec(t, connect(t, url), "insert into todod.migrations (version_id, is_applied) values (99999, true)")
	if d, err = Diagnose(t.Context(), Config{URL: url}); err != nil || d.Unknown != 1 || d.Connections < 10 {
		t.Errorf("%+v, %v", d, err)
	}
	if d, err = Diagnose(t.Context(), Config{URL: pgtest.Empty(t)}); err != nil || d.Pending == 0 || d.Protected {
		t.Errorf("of an empty database: %+v, %v", d, err)
	}
}

// TestPreparedStatementsThroughAPooler: Debian 12's PgBouncer doesn't carry them, newer ones do. Directly they survive.
func TestPreparedStatementsThroughAPooler(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	if survive, err := PreparedSurvive(t.Context(), url); err != nil || !survive {
		t.Errorf("directly: %t, %v", survive, err)
	}
	pooled := pgtest.Pooled(t, url, 3)
	survive, err := PreparedSurvive(t.Context(), pooled)
	if err != nil {
		t.Fatal(err)
	}
	// What the store finds out when it has to.
	s := openURL(t, pooled)
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			for range 20 {
				owner := todo.UserID(fmt.Sprint("user", i))
				mustCreate(t, s, owner)
				if _, err := s.Summary(t.Context(), owner, noon); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if s.unprepared.Load() == survive {
		t.Errorf("prepared statements survive: %t, but the store works without them: %t", survive, s.unprepared.Load())
	}
}

// TestWhatMaintenanceLacksIsSaid: what is said for a role that has nothing is what the migrations would have given it.
func TestWhatMaintenanceLacksIsSaid(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	admin := connect(t, url)
	if remedy, err := MaintenanceLacks(t.Context(), url); err != nil || len(remedy) != 0 {
		t.Fatalf("after the migrations: %q, %v", remedy, err)
	}
	const policies = `select array_agg(tablename || ': ' || roles::text || ' ' || cmd || ' ' || qual order by tablename)
		from pg_policies where schemaname = 'todod' and policyname = 'maintenance'`
	const columns = `select array_agg(table_name || '.' || column_name order by table_name, column_name)
		from information_schema.column_privileges where table_schema = 'todod' and grantee = 'todod_maintenance'`
	has := func() (all []string) {
		for _, what := range []string{policies, columns} {
			var some []string
			if err := admin.QueryRow(t.Context(), what).Scan(&some); err != nil {
				t.Fatal(err)
			}
			all = append(all, some...)
		}
		return all
	}
	want := has()
	if len(want) < 20 {
		t.Fatalf("the migrations gave it %q", want)
	}
	owner, ownerURL := newLogin(t, url, "")
	giveTables(t, admin, owner)
	exec(t, admin, "revoke usage on schema todod from todod_maintenance")
	for _, m := range maintained {
		exec(t, admin, "drop policy maintenance on todod."+m.table)
		exec(t, admin, "revoke all on todod."+m.table+" from todod_maintenance")
		exec(t, admin, "revoke all ("+m.columns+") on todod."+m.table+" from todod_maintenance")
	}

	remedy, err := MaintenanceLacks(t.Context(), ownerURL)

	if err != nil || len(remedy) != 2+2*len(maintained) || !strings.Contains(remedy[0], `grant todod_maintenance to "`+owner) {
		t.Fatalf("%q, %v", remedy, err)
	}
	exec(t, admin, remedy[0])
	ownerConn := connect(t, ownerURL)
	for _, sql := range remedy[1:] {
		exec(t, ownerConn, sql)
	}
	if got := has(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if remedy, err := MaintenanceLacks(t.Context(), ownerURL); err != nil || len(remedy) != 0 {
		t.Errorf("afterwards: %q, %v", remedy, err)
	}
	s := openConfig(t, Config{URL: restrictedURL(t, url), DirectURL: ownerURL})
	if _, err := s.Overdue(t.Context(), todo.Cutoffs{}, 1); err != nil {
		t.Error(err)
	}
}

// TestWhoMustNotMaintainIsSaid: the login that works, unless it is the one that does all, and the role that it works
// in.
func TestWhoMustNotMaintainIsSaid(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	admin := connect(t, url)
	worker, workerURL := newLogin(t, url, "")
	owner, ownerURL := newLogin(t, url, "")
	giveTables(t, admin, owner)
	exec(t, admin, "grant todod_app to "+worker+"; grant todod_app, todod_maintenance to "+owner)
	want := func(what, url, direct string, want ...string) {
		t.Helper()
		if got, err := UnexpectedMaintenanceMembers(t.Context(), url, direct); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", what, got, err, want)
		}
	}
	want("two logins, as they should be", workerURL, ownerURL)
	want("one login for all", ownerURL, ownerURL)
	want("one login for all, which is a superuser", url, url)
	want("one login for all, another that is a superuser", url, ownerURL)
	want("two logins, the wrong way round", ownerURL, workerURL, "revoke todod_maintenance from "+owner+";")
	exec(t, admin, "grant "+owner+" to "+worker)
	want("a worker who may become the owner", workerURL, ownerURL, "revoke "+owner+" from "+worker+";")
	exec(t, admin, "revoke "+owner+" from "+worker+"; grant todod_maintenance to "+worker)
	want("a worker in the role", workerURL, ownerURL, "revoke todod_maintenance from "+worker+";")
	want("alone, as that it is one login for all", workerURL, workerURL)

	// Undone at the end, as the roles belong to all databases here.
	exec(t, admin, "begin; grant todod_maintenance to todod_app")
	if got, err := unexpectedMembers(t.Context(), admin, appRole); err != nil || !slices.Equal(got, []string{"revoke todod_maintenance from todod_app;"}) {
		t.Errorf("the role that workers are in: %q, %v", got, err)
	}
	exec(t, admin, "rollback")
}

// TestALoginThatOwnsNothingIsAdvised to leave migrations to the one that does.
func TestALoginThatOwnsNothingIsAdvised(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	owner, _ := newLogin(t, url, "")
	giveTables(t, connect(t, url), owner)
	_, stranger := newLogin(t, url, "")
	for name, login := range map[string]string{"one that works": restrictedURL(t, url), "a stranger": stranger} {
		_, err := Diagnose(t.Context(), Config{URL: login})
		if got, want := Advice(err), "DATABASE_DIRECT_URL must be the login that owns the tables: "+owner; got != want {
			t.Errorf("%s: %q of %v, want %q", name, got, err, want)
		}
	}
}
