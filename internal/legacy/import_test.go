package legacy

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// password is everybody's in the old backend, and hash what it stored: passlib writes $2b$.
const password = "correct horse"

var hash = func() string {
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		panic(err)
	}
	return "$2b$" + strings.TrimPrefix(string(h), "$2a$")
}()

// A target is a store to import into, and its database as its owner sees it.
type target struct {
	store  account.FullStore
	db     *sql.DB
	schema string // before the names of its tables
}

// intoSQLite returns an empty target in the file at path.
func intoSQLite(t *testing.T, path string) target {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return target{store: s, db: writable(t, path)}
}

// intoPostgres returns a target in the database at url.
func intoPostgres(t *testing.T, url string) target {
	t.Helper()
	return intoPooled(t, url, url)
}

// intoPooled returns a target in the database at url, which it works on through the pooler at pooled.
func intoPooled(t *testing.T, url, pooled string) target {
	t.Helper()
	s, err := postgres.Open(postgres.Config{URL: pooled, DirectURL: url, PoolSize: 4, PoolTimeout: time.Minute, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.Close(), db.Close() })
	for deadline := time.Now().Add(time.Minute); s.Ready(t.Context()) != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(s.Ready(t.Context()))
		}
	}
	return target{store: s, db: db, schema: "todod."}
}

// dump returns everything that is in the target's tables, but for the random epoch.
func (to target) dump(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, query := range []string{
		"select user_id, rev, task_count, changed_at, created_at from %susers order by user_id",
		"select * from %stasks order by user_id, id", "select * from %simports order by user_id, source, old_id",
		"select * from %saccounts order by user_id",
	} {
		to.dumpRows(t, &all, fmt.Sprintf(query, to.schema))
	}
	return all.String()
}

// dumpRows writes the rows of a query.
func (to target) dumpRows(t *testing.T, w io.Writer, query string) {
	t.Helper()
	rows, err := to.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			_, _ = fmt.Fprintf(w, "%v|", *v.(*any))
		}
		_, _ = fmt.Fprintln(w)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// importTime is when imports run.
var importTime = noon.AddDate(0, 6, 0)

// config returns an import with accounts whose report goes nowhere.
func config(from *Database, to target) Config {
	return Config{
		From: from, Tasks: to.store, Accounts: to.store, WithAccounts: true, Source: "old", Report: io.Discard,
		Now: func() time.Time { return importTime },
	}
}

// mustImport runs an import and returns what it did and its report.
func mustImport(t *testing.T, cfg Config) (Summary, string) {
	t.Helper()
	var report bytes.Buffer
	cfg.Report = &report
	summary, err := Import(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return summary, report.String()
}

// tasksOf returns all tasks of owner by title.
func (to target) tasksOf(t *testing.T, owner string) map[string]todo.Task {
	t.Helper()
	page, err := to.store.Tasks(t.Context(), todo.UserID(owner), todo.Filter{Limit: todo.MaxLimit, Order: todo.NewestFirst()})
	if err != nil {
		t.Fatal(err)
	}
	byTitle := make(map[string]todo.Task, len(page.Tasks))
	for _, task := range page.Tasks {
		byTitle[task.Title] = task
	}
	return byTitle
}

// onEveryLayout runs a test on each kind of old database: SQLite into a target of the same engine, PostgreSQL into the same database.
func onEveryLayout(t *testing.T, test func(t *testing.T, b *oldBackend, to target)) {
	for _, k := range sqliteKinds {
		t.Run("sqlite "+k.name, func(t *testing.T) {
			t.Parallel()
			test(t, newSQLite(t, k), intoSQLite(t, filepath.Join(t.TempDir(), "todod.db")))
		})
	}
	for _, k := range postgresKinds {
		t.Run("postgres "+k.name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Empty(t)
			test(t, newPostgres(t, k, url), intoPostgres(t, url))
		})
	}
}

func TestAnImportKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	onEveryLayout(t, func(t *testing.T, b *oldBackend, to target) {
		for i, id := range b.ids {
			b.person(t, id, fmt.Sprintf("User%d@Example.com", i), hash)
		}
		full := map[string]any{"completed": true}
		if b.optional {
			full["description"], full["due_date"] = "🏳️‍🌈 by bank", "2026-02-01"
			full["updated_at"] = at(noon.Add(time.Hour))
			full["completed_at"] = at(noon.Add(30 * time.Minute))
		}
		b.addTask(t, 2, b.ids[0], "plain 😀", nil)
		b.addTask(t, 1, b.ids[1], "of the other", nil)
		b.addTask(t, 10, b.ids[0], "full", full)

		summary, report := mustImport(t, config(b.read(t), to))

		if summary.Tasks.Imported != 3 || summary.Accounts.Imported != 2 || summary.Tasks.Altered != 0 {
			t.Errorf("%+v\n%s", summary, report)
		}
		tasks := to.tasksOf(t, b.owners[0])
		plain, whole := tasks["plain 😀"], tasks["full"]
		priority, _ := todo.ParsePriority(b.priority)
		created := noon.Add(10 * time.Minute)
		want := todo.Task{
			ID: whole.ID, Owner: todo.UserID(b.owners[0]), Version: 2, Title: "full", Completed: true, Priority: priority,
			CreatedAt: created, UpdatedAt: created, CompletedAt: &created,
		}
		if b.optional {
			description, completed := "🏳️‍🌈 by bank", noon.Add(30*time.Minute)
			want.Description, want.UpdatedAt, want.CompletedAt = &description, noon.Add(time.Hour), &completed
			want.Due = &todo.Date{At: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), AllDay: true}
		}
		if !whole.Same(&want) || whole.Owner != want.Owner || whole.Version != want.Version ||
			!whole.CreatedAt.Equal(want.CreatedAt) || !whole.UpdatedAt.Equal(want.UpdatedAt) ||
			!whole.CompletedAt.Equal(*want.CompletedAt) {
			t.Errorf("got\n%+v\nwant\n%+v", whole, want)
		}
		if plain.Version != 1 || plain.Completed || plain.Due != nil || !plain.CreatedAt.Equal(noon.Add(2*time.Minute)) {
			t.Errorf("%+v", plain)
		}
		if other := to.tasksOf(t, b.owners[1]); len(other) != 1 || other["of the other"].Version != 1 {
			t.Errorf("%+v", other)
		}
		known, err := to.store.Imported(t.Context(), todo.UserID(b.owners[0]), "old", []string{b.oldID(2), b.oldID(10)})
		if err != nil || len(known) != 2 {
			t.Errorf("remembered: %v, %v", known, err)
		}
		a, err := to.store.AccountByEmail(t.Context(), "user1@example.com")
		if err != nil || string(a.ID) != b.owners[1] || a.PasswordHash != hash || !a.CreatedAt.Equal(noon) {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// fill puts so many users with so many tasks each into an old database.
func (b *oldBackend) fill(t *testing.T, users, each int) {
	t.Helper()
	b.exec(t, fmt.Sprintf(`insert into "user" (id, email, name, password_hash, created_at, updated_at)
		select 'user' || n, 'user' || n || '@example.com', 'User ' || n, '%s', '%s', '%s' from %s`, hash, at(noon), at(noon), b.series(users)))
	b.exec(t, fmt.Sprintf(`insert into task (id, user_id, title, completed, priority, completed_at, created_at, updated_at)
		select n, 'user' || (n %% %d + 1), 'task ' || n, true, 'HIGH', '%s', '%s', '%s' from %s`,
		users, at(noon), at(noon), at(noon.Add(time.Hour)), b.series(users*each)))
}

// series returns the table of the numbers n from 1 to most.
func (b *oldBackend) series(most int) string {
	if b.postgres {
		return fmt.Sprintf("generate_series(1, %d) as n", most)
	}
	return fmt.Sprintf("(with recursive c(n) as (select 1 union all select n + 1 from c where n < %d) select n from c)", most)
}

// onBothEngines runs a test on the most usual layout of both engines.
func onBothEngines(t *testing.T, test func(t *testing.T, b *oldBackend, to target)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		b := newSQLite(t, sqliteKinds[0])
		test(t, b, intoSQLite(t, b.at)) // the same file
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Empty(t)
		test(t, newPostgres(t, postgresKinds[0], url), intoPostgres(t, url))
	})
}

// wantWhole fails the test unless each of so many users has so many tasks with revisions from 1 on.
func (to target) wantWhole(t *testing.T, users, each int) {
	t.Helper()
	var n, tasks, wrong int
	err := to.db.QueryRowContext(t.Context(), fmt.Sprintf(`select (select count(*) from %[1]susers), (select count(*) from %[1]stasks),
		(select count(*) from %[1]susers u where rev <> %[2]d or task_count <> %[2]d
			or (select count(distinct version) from %[1]stasks t where t.user_id = u.user_id and version between 1 and %[2]d) <> %[2]d
			or (select count(*) from %[1]simports i join %[1]stasks t on t.user_id = i.user_id and t.id = i.task_id
				where i.user_id = u.user_id and t.title = 'task ' || i.old_id) <> %[2]d)`, to.schema, each)).Scan(&n, &tasks, &wrong)
	if err != nil || n != users || tasks != users*each || wrong != 0 {
		t.Errorf("%d users, %d tasks, %d users are wrong, %v", n, tasks, wrong, err)
	}
}

// TestAThousandUsers: 50,000 tasks come over, and a second time nothing changes.
func TestAThousandUsers(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.fill(t, thousandUsers, 50)
		cfg := config(b.read(t), to)

		summary, report := mustImport(t, cfg)
		want := Count{Total: thousandUsers * 50, Imported: thousandUsers * 50}
		if summary.Tasks != want || summary.Accounts.Imported != thousandUsers || report != "" {
			t.Fatalf("%+v, %.1000s", summary, report)
		}
		to.wantWhole(t, thousandUsers, 50)

		before := to.dump(t)
		cfg.Now = func() time.Time { return importTime.AddDate(0, 0, 1) }
		summary, _ = mustImport(t, cfg)
		want = Count{Total: thousandUsers * 50, Known: thousandUsers * 50}
		if summary.Tasks != want || summary.Accounts.Known != thousandUsers || to.dump(t) != before {
			t.Errorf("the second import: %+v, changes something: %v", summary, to.dump(t) != before)
		}
	})
}

// TestAnInterruptedImportGoesOn: however often it is interrupted, it ends with everything there once.
func TestAnInterruptedImportGoesOn(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.fill(t, 40, 30)
		from := b.read(t)
		interrupted := 0
		for {
			ctx, cancel := context.WithCancel(t.Context())
			cfg, steps := config(from, to), 0
			cfg.Progress = func(s Summary) {
				if steps++; s.Accounts.Imported+s.Tasks.Imported >= 7*(interrupted%3+1) {
					cancel()
				}
			}
			_, err := Import(ctx, cfg)
			cancel()
			if err == nil {
				break
			}
			if interrupted++; interrupted > 200 || ctx.Err() == nil {
				t.Fatalf("after %d interruptions: %v", interrupted, err)
			}
		}
		if interrupted < 20 {
			t.Errorf("only %d interruptions", interrupted)
		}
		to.wantWhole(t, 40, 30)
	})
}

// TestThroughAPooler: both databases may be behind one that gives each transaction another connection.
func TestThroughAPooler(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	pooled := pgtest.Pooled(t, url, 2)
	b, to := newPostgres(t, postgresKinds[0], url), intoPooled(t, url, pooled)
	b.fill(t, 5, 30)
	b.at = pooled
	cfg := config(b.read(t), to)
	for range 2 {
		mustImport(t, cfg)
		to.wantWhole(t, 5, 30)
	}
}

// TestWhatIsNewComesLater: rows that the old backend wrote since the last import come with the next, and no others.
func TestWhatIsNewComesLater(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.person(t, "m", "m@x", hash)
		b.addTask(t, 5, "m", "first", nil)
		cfg := config(b.read(t), to)
		mustImport(t, cfg)
		b.person(t, "a", "a@x", hash)
		b.addTask(t, 1, "m", "with a smaller id", nil)
		b.addTask(t, 9, "a", "of a new user", nil)
		b.exec(t, "update task set title = 'changed' where id = 5")

		summary, _ := mustImport(t, cfg)

		if summary.Tasks.Imported != 2 || summary.Tasks.Known != 1 || summary.Accounts.Imported != 1 {
			t.Errorf("%+v", summary)
		}
		tasks := to.tasksOf(t, "m")
		if len(tasks) != 2 || tasks["first"].Version != 1 || tasks["with a smaller id"].Version != 2 || len(to.tasksOf(t, "a")) != 1 {
			t.Errorf("%+v", tasks)
		}
	})
}

// TestADryRunWritesNothing, and says what an import then does.
func TestADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.fill(t, 3, 4)
		b.person(t, "again", "USER1@example.com", hash)
		b.addTask(t, 99, "again", "  trimmed ", nil)
		b.addTask(t, 100, "again", " ", nil)
		cfg := config(b.read(t), to)
		before := to.dump(t)
		cfg.DryRun = true

		would, wouldReport := mustImport(t, cfg)
		blind := cfg
		blind.Tasks, blind.Accounts = nil, nil
		empty, _ := mustImport(t, blind)

		if to.dump(t) != before {
			t.Error("it wrote something")
		}
		cfg.DryRun = false
		did, report := mustImport(t, cfg)
		if would != did || empty != did || wouldReport != report || did.Accounts.Refused != 1 || did.Tasks.Refused != 1 {
			t.Errorf("it would do %+v, into nothing %+v, but did %+v\n%s\n%s", would, empty, did, wouldReport, report)
		}
		cfg.DryRun = true
		if then, _ := mustImport(t, cfg); then.Tasks.Known != did.Tasks.Imported || then.Accounts.Known != 3 {
			t.Errorf("afterwards it would do %+v", then)
		}
	})
}
