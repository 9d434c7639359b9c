package postgres

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
	"todod/internal/store/sqlstore"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// TestALockHoldsUpItsOwnersOnly: while somebody else holds one person's row, that person's changes wait, and everybody
// else's are made, whomever they would have travelled with.
func TestALockHoldsUpItsOwnersOnly(t *testing.T) {
	t.Parallel()
	s, task, release := lockedBy(t, "ada")
	const many = 40 // more than there are connections
	var adas sync.WaitGroup
	for range many {
		adas.Go(func() {
			if _, err := storetest.Of(s).Toggle(context.Background(), "ada", task.ID, by("ada")); err != nil {
				t.Error(err)
			}
		})
	}
	waitUntilBlocked(t, s)
	var others sync.WaitGroup
	for i := range 32 {
		others.Go(func() {
			owner := todo.UserID(fmt.Sprint("user", i))
			for range 5 {
				if _, err := storetest.Of(s).Create(context.Background(), owner, todo.Patch{Title: todo.Some("x")}, 10, by(owner)); err != nil {
					t.Errorf("%s: %v", owner, err)
				}
			}
		})
	}
	others.Wait() // ada's row is still locked
	if got, err := s.Task(t.Context(), "ada", task.ID, noon); err != nil || got.Version != task.Version {
		t.Errorf("%+v, %v", got, err)
	}
	release()
	adas.Wait()
	if got, err := s.Task(t.Context(), "ada", task.ID, noon); err != nil || got.Version != task.Version+many {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestARowOfSomebodyElseIsAnAlarm: it ends its connection, gets to nobody, and operators are told.
func TestARowOfSomebodyElseIsAnAlarm(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	var log bytes.Buffer
	s := openConfig(t, Config{URL: url, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	task := mustCreate(t, s, "ada")
	mustCreate(t, s, "bob")
	exec(t, connect(t, url), "drop policy own_rows on todod.tasks; create policy own_rows on todod.tasks using (true)")
	before := s.PoolStat().NewConnsCount()

	var seen []todo.Task
	stolen := statement{`select ` + sqlstore.TaskOf("t") + ` from todod.tasks t`, nil, func(rows pgx.Rows) error {
		return eachRow(rows, func(r *rowReader) {
			var t todo.Task
			if sqlstore.ReadTask(r, "bob", &t); r.err == nil {
				seen = append(seen, t)
			}
		})
	}}
	err := s.read(t.Context(), "bob", stolen)

	if err == nil || todo.CodeOf(err) != 0 || len(seen) > 1 || len(seen) == 1 && seen[0].ID == task.ID {
		t.Errorf("got %+v, %v", seen, err)
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "somebody who was not asked for") {
		t.Errorf("operators are told %q", log.String())
	}
	if _, err := s.State(t.Context(), "bob"); err != nil || s.PoolStat().NewConnsCount() == before {
		t.Errorf("the connection is used again, %v", err)
	}
}

// TestAGroupSeesItsMembersOnly works as psql would: what a transaction of ada and bob can do to others.
func TestAGroupSeesItsMembersOnly(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s := openURL(t, url)
	names := []string{"ada", "bob", `odd "name", {with} \ all, 'of it'`, "eve"}
	for _, name := range names {
		mustCreate(t, s, todo.UserID(name))
	}
	conn := connect(t, restrictedURL(t, url))
	exec(t, conn, "begin")
	exec(t, conn, actFor, names[:3])
	for sql, want := range map[string]int64{
		"select from todod.tasks": 3, "select from todod.users": 3, "select from todod.changes": 3,
		"update todod.tasks set title = 'stolen' where user_id = 'eve'": 0, "delete from todod.changes where user_id = 'eve'": 0,
	} {
		if tag, err := conn.Exec(t.Context(), sql); err != nil || tag.RowsAffected() != want {
			t.Errorf("%s: %d rows, %v; want %d", sql, tag.RowsAffected(), err, want)
		}
	}
	exec(t, conn, "savepoint before")
	if _, err := conn.Exec(t.Context(), "insert into todod.users (user_id, created_at, changed_at) values ('new', now(), now())"); err == nil {
		t.Error("somebody who is not named can be made")
	}
	exec(t, conn, "rollback to before")
}

// TestGroupsFindRowsByTheirKeys: the plans of what a group sends, before there are any statistics and with them.
func TestGroupsFindRowsByTheirKeys(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	exec(t, conn, `insert into todod.users (user_id, created_at, changed_at) select 'user' || n, now(), now() from generate_series(1, 50) n`)
	exec(t, conn, `insert into todod.tasks (user_id, version, title, created_at, updated_at)
		select 'user' || n % 50 + 1, 1, 'x', now(), now() from generate_series(1, 20000) n`)
	people := []string{"user1", "user2", "user3"}
	for _, state := range []string{"never analysed", "analysed"} {
		if state == "analysed" {
			exec(t, conn, "analyze todod.users, todod.tasks")
		}
		for name, sql := range map[string]string{"tasks": tasksByID, "lock": lockFree, "update": manyForms[[2]bool{false, true}]} {
			plan := planInGroup(t, conn, people, sql)
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Hash Join") || strings.Contains(plan, "Merge Join") ||
				strings.Contains(plan, "Bitmap") || name != "lock" && !strings.Contains(plan, "tasks_pkey") {
				t.Errorf("%s, %s:\n%s", name, state, plan)
			}
		}
	}
}

// planInGroup returns the generic plan of a statement as a group of these people sends it.
func planInGroup(t *testing.T, conn *pgx.Conn, people []string, sql string) string {
	t.Helper()
	exec(t, conn, "begin")
	defer exec(t, conn, "rollback")
	exec(t, conn, settingsInRole, people)
	exec(t, conn, byIndex)
	exec(t, conn, "prepare one as "+sql)
	var n int
	if err := conn.QueryRow(t.Context(), "select array_length(parameter_types, 1) from pg_prepared_statements where name = 'one'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), "explain execute one ("+strings.TrimSuffix(strings.Repeat("null, ", n), ", ")+")", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "deallocate one")
	return strings.Join(lines, "\n")
}

// TestIDsOfOneProcessRise: whether they come from the stock, from the database, or some from each.
func TestIDsOfOneProcessRise(t *testing.T) {
	t.Parallel()
	s := open(t)
	service := todo.NewService(s, func() time.Time { return noon }, todo.Rules{Quota: 10_000})
	last := int64(0)
	for _, n := range []int{1, 8, 70, 1, 64, 100, 3, 62, 1} {
		steps := make([]todo.Step, n)
		for i := range steps {
			steps[i] = todo.Step{Op: todo.Created, Patch: todo.Patch{Title: todo.Some("x")}}
		}
		done, err := service.Batch(t.Context(), todo.User{ID: "ada", AsOf: noon}, steps, true, todo.WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range done.Results {
			if r.Task.ID <= last {
				t.Fatalf("in a batch of %d, %d comes after %d", n, r.Task.ID, last)
			}
			last = r.Task.ID
		}
	}
}
