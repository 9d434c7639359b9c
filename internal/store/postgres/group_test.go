package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/group"
	"todod/internal/store/sqlstore"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

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

// TestWhatIsNotWrittenFails: a database that swallows a row, as a trigger may, makes its change fail as a whole, and no other.
func TestWhatIsNotWrittenFails(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"tasks", "users", "changes", "idempotency_keys", "imports"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t, "store", migrateOnly)
			s := openURL(t, url)
			tasks := map[todo.UserID]todo.Task{}
			people := []todo.UserID{"ada", "bob", "eve", "fay"}
			for _, owner := range people {
				tasks[owner] = mustCreate(t, s, owner)
			}
			exec(t, connect(t, url), `create function todod.swallow() returns trigger language plpgsql as $$
				begin if new.user_id = 'eve' then return null; end if; return new; end $$`)
			exec(t, connect(t, url), `create trigger swallow before insert or update on todod.`+table+` for each row execute function todod.swallow()`)
			for round, owners := range [][]todo.UserID{{"eve"}, people, {"bob"}} { // alone and together
				changes := make([]*group.Change, len(owners))
				for i, owner := range owners {
					changes[i] = writeEverywhere(t, owner, tasks[owner].ID)
				}
				s.carryGroup(changes)
				for _, c := range changes {
					if (c.Err != nil) != (c.Owner == "eve") {
						t.Errorf("round %d, %s: %v", round, c.Owner, c.Err)
					}
				}
			}
			for owner, version := range map[todo.UserID]todo.Rev{"ada": 2, "bob": 3, "eve": 1, "fay": 2} {
				if got, err := s.Task(t.Context(), owner, tasks[owner].ID, noon); err != nil || got.Version != version {
					t.Errorf("%s: version %d, %v; want %d", owner, got.Version, err, version)
				}
				if state, err := s.State(t.Context(), owner); err != nil || state.Rev != version {
					t.Errorf("%s: %+v, %v; want %d", owner, state, err, version)
				}
			}
		})
	}
}

// A catcher keeps what a use case asks for, instead of carrying it out.
type catcher struct {
	account.FullStore
	need   todo.ReadSet
	decide func(*todo.Snapshot) (todo.WriteSet, error)
}

// errCaught is what a use case gets whose change was caught.
var errCaught = errors.New("caught")

// Change implements todo.Store.
func (c *catcher) Change(
	_ context.Context, _ todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	c.need, c.decide = need, decide
	return errCaught
}

// writeEverywhere returns a change that writes to every table: it toggles a task, with a key, and notes an import.
func writeEverywhere(t *testing.T, owner todo.UserID, id int64) *group.Change {
	t.Helper()
	toggle := &catcher{}
	if _, err := storetest.Of(toggle).Toggle(t.Context(), owner, id, once(owner)); !errors.Is(err, errCaught) {
		t.Fatal(err)
	}
	return group.NewChange(t.Context(), owner, toggle.need, func(known *todo.Snapshot) (todo.WriteSet, error) {
		set, err := toggle.decide(known)
		set.Imports = []todo.Import{{Source: rand.Text(), OldID: "1", TaskID: id, CreatedAt: noon}}
		return set, err
	})
}

// TestNoIDIsGivenOutThatTheDatabaseMayForget: a crash undoes what no commit has made last, steps of a sequence too.
func TestNoIDIsGivenOutThatTheDatabaseMayForget(t *testing.T) {
	t.Parallel()
	s := open(t)
	err := s.Change(t.Context(), "ada", todo.ReadSet{At: noon, New: 1}, func(*todo.Snapshot) (todo.WriteSet, error) {
		return todo.WriteSet{}, errCaught
	})
	if !errors.Is(err, errCaught) || len(s.ids.ids) != 0 {
		t.Errorf("%v, %d ids in stock", err, len(s.ids.ids))
	}
	if mustCreate(t, s, "ada"); len(s.ids.ids) != stockOfIDs {
		t.Errorf("%d ids in stock", len(s.ids.ids))
	}
}

// TestADatabaseThatLostItsLastMoments, as a standby that takes over may have, gives out ids anew that one process has in
// stock: nobody notices.
func TestADatabaseThatLostItsLastMoments(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	before, after := openURL(t, url), openURL(t, url)
	first := mustCreate(t, before, "ada")
	exec(t, connect(t, url), "select setval('todod.task_ids', $1)", first.ID)
	seen := map[int64]bool{first.ID: true}
	for i := range 2 * stockOfIDs {
		s := before
		if i%2 == 0 {
			s = after
		}
		task := mustCreate(t, s, "ada")
		if seen[task.ID] {
			t.Errorf("%d is given out twice", task.ID)
		}
		seen[task.ID] = true
	}
}

// TestARevisionThatIsTakenFailsAlone: other ids don't help there, and neighbours don't suffer from it.
func TestARevisionThatIsTakenFailsAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	var changes []*group.Change
	for _, owner := range []todo.UserID{"ada", "bob", "eve"} {
		changes = append(changes, writeEverywhere(t, owner, mustCreate(t, s, owner).ID))
	}
	bob := changes[1].Owner
	need := changes[1].Need
	changes[1] = group.NewChange(t.Context(), bob, need, func(known *todo.Snapshot) (todo.WriteSet, error) {
		task := known.Tasks[need.Tasks[0]]
		c := todo.Change{Rev: known.Rev, SetRev: known.Rev, Op: todo.Updated, At: noon, Task: task}
		return todo.WriteSet{Changes: []todo.Change{c}}, nil
	})
	s.carryGroup(changes)
	if !uniqueViolated(changes[1].Err) {
		t.Errorf("%s: %v", bob, changes[1].Err)
	}
	for _, c := range changes {
		if (c.Err != nil) != (c.Owner == bob) {
			t.Errorf("%s: %v", c.Owner, c.Err)
		}
	}
}
