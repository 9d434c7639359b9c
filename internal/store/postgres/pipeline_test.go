package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/pgtest"
	"todod/internal/store/sqlstore"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// noon is when things happen here.
var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// by returns a write by owner at noon.
func by(owner todo.UserID) todo.Write {
	return todo.Write{At: noon, By: todo.User{ID: owner, AsOf: noon}}
}

// once returns a write by owner that happens once.
func once(owner todo.UserID) todo.Write {
	w := by(owner)
	w.Idempotency = &todo.Idempotency{Key: rand.Text(), Fingerprint: []byte("x"), Status: 200}
	return w
}

// mustCreate makes a task of owner, with a key.
func mustCreate(t *testing.T, s *Store, owner todo.UserID) todo.Task {
	t.Helper()
	p := todo.Patch{Title: todo.Some("x")}
	out, err := storetest.Of(s).Create(t.Context(), owner, p, 1000, once(owner))
	if err != nil {
		t.Fatal(err)
	}
	return out.Task
}

// connect returns a connection of its own to the database at url.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// exec carries out SQL and fails the test if that fails.
func exec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// A wire forwards connections to a server and counts round trips: how often a client speaks after the server has.
type wire struct {
	url        string
	trips      atomic.Int64
	serverTold atomic.Bool
}

// newWire returns a wire to the database at target, which must be reached without TLS.
func newWire(t *testing.T, target string) *wire {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	server := u.Host
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			back, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			all.Go(func() {
				w.forward(back, client, func() {
					if w.serverTold.Swap(false) {
						w.trips.Add(1)
					}
				})
			})
			all.Go(func() { w.forward(client, back, func() { w.serverTold.Store(true) }) })
		}
	})
	u.Host = l.Addr().String()
	query := u.Query()
	query.Set("sslmode", "disable")
	u.RawQuery = query.Encode()
	w.url = u.String()
	return w
}

// forward copies from src to dst and calls seen for whatever comes.
func (w *wire) forward(dst, src net.Conn, seen func()) {
	defer func() { _ = dst.Close(); _ = src.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			seen()
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func TestEveryReadIsOneRoundTripAndEveryChangeTwo(t *testing.T) {
	t.Parallel()
	w := newWire(t, pgtest.Database(t, "store", migrateOnly))
	s, err := newStore(Config{URL: w.url, PoolSize: 1, PoolTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	var id int64
	operations := map[string]func() error{
		"create": func() error { id = mustCreate(t, s, "ada").ID; return nil },
		"read":   func() error { _, err := s.Task(ctx, "ada", id, noon); return err },
		"list": func() error {
			_, err := s.Tasks(ctx, "ada", todo.Filter{Limit: 10, Order: todo.NewestFirst(), Count: true})
			return err
		},
		"update": func() error {
			_, err := storetest.Of(s).Update(ctx, "ada", id, todo.Patch{Completed: todo.Some(true)}, by("ada"))
			return err
		},
		"toggle":             func() error { _, err := storetest.Of(s).Toggle(ctx, "ada", id, by("ada")); return err },
		"delete":             func() error { _, err := storetest.Of(s).Delete(ctx, "ada", id, by("ada")); return err },
		"account by address": func() error { _, err := s.AccountByEmail(ctx, "bob@example.com"); return err },
		"account of nobody": func() error {
			if _, err := s.AccountByEmail(ctx, "nobody@example.com"); todo.CodeOf(err) != todo.NotFound {
				return fmt.Errorf("got %w", err)
			}
			return nil
		},
		"session": func() error { _, err := s.Session(ctx, "bob", "sid of bob", noon); return err },
		"rotate": func() error {
			_, _, err := s.RotateSession(ctx, "bob", "sid of bob", make([]byte, 32), make([]byte, 32), noon, noon.Add(time.Hour))
			return err
		},
	}
	signUp(t, s, "bob")
	changes := []string{"create", "update", "toggle", "delete"}
	order := []string{
		"create", "read", "list", "update", "toggle", "delete", "account by address", "account of nobody", "session", "rotate",
	}
	for _, name := range order { // prepares the statements, which takes a trip more
		if err := operations[name](); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, name := range order {
		before := w.trips.Load()
		if err := operations[name](); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := int64(1)
		if slices.Contains(changes, name) {
			want = 2
		}
		if trips := w.trips.Load() - before; trips != want {
			t.Errorf("%s took %d round trips, want %d", name, trips, want)
		}
	}
}

// TestNothingStaysOnAConnection: what one request sets must not meet the next, whose user may be another.
func TestNothingStaysOnAConnection(t *testing.T) {
	t.Parallel()
	s := open(t)
	mustCreate(t, s, "ada")
	if _, err := s.Task(t.Context(), "ada", 1<<40, noon); todo.CodeOf(err) != todo.NotFound {
		t.Fatal(err)
	}
	if _, err := s.AccountByEmail(t.Context(), "ada@example.com"); todo.CodeOf(err) != todo.NotFound {
		t.Fatal(err)
	}
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	var user, email, lock, statementTimeout string
	err = conn.QueryRow(t.Context(), `select coalesce(current_setting('todod.user_ids', true), ''),
		coalesce(current_setting('todod.email', true), ''), current_setting('lock_timeout'),
		current_setting('statement_timeout')`).Scan(&user, &email, &lock, &statementTimeout)
	if err != nil || user+email != "" || lock != "0" || statementTimeout != "0" {
		t.Errorf("user %q, e-mail %q, lock_timeout %q, statement_timeout %q, %v", user, email, lock, statementTimeout, err)
	}
}

// TestWritesDoNotDependOnTheDatabasesIsolation: under repeatable read, a statement after the lock would not see what the
// lock waited for.
func TestWritesDoNotDependOnTheDatabasesIsolation(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	exec(t, connect(t, url), `do $$ begin execute format(
		'alter database %I set default_transaction_isolation to %L', current_database(), 'repeatable read'); end $$`)
	s := openURL(t, url)
	task := mustCreate(t, s, "ada")
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, err := storetest.Of(s).Toggle(context.Background(), "ada", task.ID, by("ada")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := s.Task(t.Context(), "ada", task.ID, noon); err != nil || got.Version != 33 {
		t.Errorf("version %d, %v", got.Version, err)
	}
}

func TestAnExhaustedPoolIsAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.poolTimeout = 20 * time.Millisecond
	for range s.pool.Config().MaxConns {
		conn, err := s.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Release)
	}
	_, err := s.Task(t.Context(), "ada", 1, noon)
	if todo.CodeOf(err) != todo.Unavailable {
		t.Errorf("got %v", err)
	}
}

// TestOlderTokensDoNotOverwriteNewerOnes: what is known of a user follows the token that was issued last.
func TestOlderTokensDoNotOverwriteNewerOnes(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, c := range []struct {
		email, name string
		asOf        time.Time
		want        string
	}{
		{"", "", time.Time{}, "|"},
		{"a@x", "", time.Time{}, "a@x|"},
		{"b@x", "Ada", noon, "b@x|Ada"},
		{"c@x", "C", noon.Add(-time.Hour), "b@x|Ada"},
		{"d@x", "D", time.Time{}, "b@x|Ada"},
		{"e@x", "", noon, "e@x|Ada"},
		{"", "E", noon.Add(time.Hour), "e@x|E"},
	} {
		w := todo.Write{At: noon, By: todo.User{ID: "ada", Email: c.email, Name: c.name, AsOf: c.asOf}}
		p := todo.Patch{Title: todo.Some("x")}
		if _, err := storetest.Of(s).Create(t.Context(), "ada", p, 1000, w); err != nil {
			t.Fatal(err)
		}
		var got string
		err := s.pool.QueryRow(t.Context(),
			"select coalesce(email, '') || '|' || coalesce(name, '') from todod.users where user_id = 'ada'").Scan(&got)
		if err != nil || got != c.want {
			t.Errorf("after %+v: %q, %v; want %q", c, got, err, c.want)
		}
	}
}

func TestSQLSTATEsBecomeTheDomainsErrors(t *testing.T) {
	t.Parallel()
	sql := func(code string) error { return &pgconn.PgError{Code: code, Message: "x"} }
	for name, c := range map[string]struct {
		err  error
		want todo.Code
	}{
		"lock time-out": {sql("55P03"), todo.Conflict}, "statement time-out": {sql("57014"), todo.Unavailable},
		"shutdown": {sql("57P01"), todo.Unavailable}, "disk full": {sql("53100"), todo.Unavailable},
		"too many connections": {sql("53300"), todo.Unavailable}, "deadlock": {sql("40P01"), todo.Unavailable},
		"no table yet": {sql("42P01"), todo.Unavailable}, "a standby": {sql("25006"), todo.Unavailable},
		"a broken rule": {sql("23514"), 0}, "no such account": {sql("23503"), todo.Forbidden}, "bad SQL": {sql("42601"), 0}, "cut": {io.ErrUnexpectedEOF, todo.Unavailable},
		"time is up": {context.DeadlineExceeded, todo.Unavailable}, "a bug": {errors.New("bug"), 0},
	} {
		got := translate(c.err)
		if todo.CodeOf(got) != c.want || !errors.Is(got, c.err) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if err := translate(nil); err != nil {
		t.Error(err)
	}
}

// TestTheDatabaseRepeatsTheRules: a program that writes past the domain is refused, too.
func TestTheDatabaseRepeatsTheRules(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	insert := func(columns, values string) error {
		_, err := conn.Exec(t.Context(), "insert into todod.tasks (user_id, version, created_at, updated_at, "+columns+
			") values ('ada', 1, now(), now(), "+values+")")
		return err
	}
	if err := insert("title", "'x'"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2]string{
		{"title", "''"}, {"title", "repeat('a', 201)"}, {"title, description", "'x', repeat('a', 1001)"}, {"title, priority", "'x', 4"},
		{"title, completed", "'x', true"}, {"title, completed_at", "'x', now()"}, {"title, due_all_day", "'x', true"},
		{"title, due_all_day, due_date", "'x', true, '2026-01-15T01:00:00Z'"}, {"title, id", "'x', null"},
	} {
		if err := insert(bad[0], bad[1]); err == nil {
			t.Errorf("%s = %s is taken", bad[0], bad[1])
		}
	}
	if _, err := conn.Exec(t.Context(), "insert into todod.users (user_id, created_at, changed_at) values ('', now(), now())"); err == nil {
		t.Error("a user without a name is taken")
	}
}

// TestListsUseTheirIndex: the first page of a user with many tasks is read from the index that gives its order.
func TestListsUseTheirIndex(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	exec(t, conn, `insert into todod.tasks (user_id, version, title, due_date, created_at, updated_at)
		select 'user' || n % 20, 1, 'x', case when n % 3 = 0 then now() end, now(), now() from generate_series(1, 40000) n`)
	exec(t, conn, "vacuum analyze todod.tasks")
	exec(t, conn, "set enable_sort = off") // as settings says
	for name, c := range map[string]struct {
		filter todo.Filter
		index  string
	}{
		"newest first": {todo.Filter{}, "tasks_newest"},
		"oldest first": {todo.Filter{Order: []todo.Order{{By: todo.ByCreated}}}, "tasks_newest"},
		"due soon":     {todo.Filter{DueAfter: &noon, Order: []todo.Order{{By: todo.ByDue}}}, "tasks_due"},
	} {
		if c.filter.Order == nil {
			c.filter.Order = todo.NewestFirst()
		}
		c.filter.Limit = 50
		sql, args := listTasks("user7", c.filter)
		rows, err := conn.Query(t.Context(), "explain "+sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		if !strings.Contains(plan, c.index) || strings.Contains(plan, "Sort") {
			t.Errorf("%s:\n%s", name, plan)
		}
	}
}

func TestOneOfSeveralMigratorsWorks(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	counts := make([]int, 4)
	var all sync.WaitGroup
	for i := range counts {
		all.Go(func() {
			n, err := Migrate(context.Background(), url, false)
			if err != nil {
				t.Error(err)
			}
			counts[i] = n
		})
	}
	all.Wait()
	slices.Sort(counts)
	if counts[3] == 0 || counts[2] != 0 {
		t.Errorf("migrations run: %v, want one of them to do all", counts)
	}
}

func TestAStoreIsReadyOnceItHasMigrated(t *testing.T) {
	t.Parallel()
	unmigrated, err := newStore(Config{URL: pgtest.Empty(t), PoolSize: 1, PoolTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unmigrated.Close() }()
	if err := unmigrated.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "migrations") {
		t.Errorf("ready: %v", err)
	}
	if _, err := unmigrated.Task(t.Context(), "ada", 1, noon); todo.CodeOf(err) != todo.Unavailable {
		t.Errorf("read: %v", err)
	}
	for _, cfg := range []Config{{URL: "postgres://[", PoolSize: 1}, {URL: "postgres://localhost/x?default_query_exec_mode=describe_exec", PoolSize: 1}, {URL: "postgres://localhost/x", PoolSize: 0}} {
		if s, err := Open(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
			_ = s.Close()
		}
	}
}

// TestASecondStartBehindAPoolerIsReady: what the first process prepared on the pooler's connections is still there, under
// the names that the second one uses.
func TestASecondStartBehindAPoolerIsReady(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	pooled := pgtest.Pooled(t, url, 2)
	for range 3 {
		s := openConfig(t, Config{URL: pooled, DirectURL: url})
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				p := todo.Patch{Title: todo.Some("x")}
				if _, err := storetest.Of(s).Create(context.Background(), "ada", p, 1000, by("ada")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestATaskIsFoundByItsKey: whatever the statistics say, and before there are any.
func TestATaskIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t, "store", migrateOnly))
	exec(t, conn, `insert into todod.tasks (user_id, version, title, created_at, updated_at)
		select 'ada', 1, 'x', now(), now() from generate_series(1, 5000)`)
	exec(t, conn, "set plan_cache_mode = force_generic_plan")
	exec(t, conn, "prepare one as "+strings.ReplaceAll(sqlstore.GetTask.Postgres, "$3", "now()"))
	rows, err := conn.Query(t.Context(), "explain execute one ('ada', 7)", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if plan := strings.Join(lines, "\n"); err != nil || !strings.Contains(plan, "tasks_pkey") {
		t.Errorf("%v\n%s", err, plan)
	}
}

// TestNothingIsCompiled: a sort looks so dear behind the settings that the server would compile the statement, for some
// tenths of a second.
func TestNothingIsCompiled(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t, "store", migrateOnly))
	const list = `explain select * from todod.tasks where user_id = 'ada' order by title`
	planned := func() string {
		rows, err := conn.Query(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "\n")
	}
	exec(t, conn, "begin")
	if _, err := conn.Exec(t.Context(), settings, []string{"ada"}); err != nil {
		t.Fatal(err)
	}
	if plan := planned(); !strings.Contains(plan, "Sort") || strings.Contains(plan, "JIT:") {
		t.Errorf("the plan is\n%s", plan)
	}
}
