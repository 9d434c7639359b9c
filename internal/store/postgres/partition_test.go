package postgres

import (
	"context"
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/todo"
)

// partition turns the tables into partitioned ones.
//
//go:embed testdata/partition.sql
var partition string

// migrateAndPartition is the migration of a partitioned template.
func migrateAndPartition(ctx context.Context, url string) error {
	if err := migrateOnly(ctx, url); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, partition, pgx.QueryExecModeSimpleProtocol)
	return err
}

// A recorder notes every statement that a connection is sent, with its arguments.
type recorder struct {
	mu   sync.Mutex
	seen map[string][]any
}

// TraceBatchStart implements pgx.BatchTracer.
func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range data.Batch.QueuedQueries {
		r.seen[q.SQL] = q.Arguments
	}
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (*recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (*recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceQueryStart implements pgx.QueryTracer, without which pgx takes no batch tracer.
func (*recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// partitionName finds a partition in a plan.
var partitionName = regexp.MustCompile(`\b(?:users|tasks|changes|idempotency_keys|accounts|sessions|imports|tickets)_p(\d)\b`)

// oneUser finds a plan that inserts rows whose key, a constant, says which partition they go to.
var oneUser = regexp.MustCompile(
	`(?s)^Insert on todod\.(?:users|accounts|sessions|tasks|changes|idempotency_keys|tickets)\n.*Output: 'ada'::text,`)

// tableName finds a table in SQL, and passes over the names of settings, which are quoted.
var tableName = regexp.MustCompile(`(?:^|[^'])todod\.([a-z_]+)`)

// directoryAlone reports whether a statement reads or writes no table but that of addresses, which is kept by address.
func directoryAlone(sql string) bool {
	tables := tableName.FindAllStringSubmatch(sql, -1)
	return len(tables) > 0 && !slices.ContainsFunc(tables, func(table []string) bool { return table[1] != "emails" })
}

// TestEveryStatementStaysWithOneUser has PostgreSQL itself read every statement that the store sends: on partitioned
// tables, one that names its user in a predicate or a key is planned on that user's partition alone. A statement that
// forgot to would be planned on all of them.
func TestEveryStatementStaysWithOneUser(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "partitioned", migrateAndPartition)
	rec := &recorder{seen: map[string][]any{}}
	cfg := Config{URL: url, PoolSize: 2, PoolTimeout: statementTimeout}
	s, err := newStore(cfg)
	if err != nil {
		t.Fatal(err)
	}
	poolConfig := s.pool.Config()
	s.pool.Close()
	poolConfig.ConnConfig.Tracer = rec
	if s.pool, err = pgxpool.NewWithConfig(t.Context(), poolConfig); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	anywhere := restricted // whoever owns the tables would see the partitions, too
	s.isolation.Store(&anywhere)
	useEverything(t, s)

	conn := connect(t, url)
	exec(t, conn, "set todod.user_id = 'ada'") // what becomeItsOwner would have done
	for sql, args := range rec.seen {
		if sql == readCommitted || sql == settings || sql == nameEmail || sql == reserveIDs || directoryAlone(sql) {
			continue
		}
		plan := explain(t, conn, sql, args)
		if oneUser.MatchString(plan) && len(partitionsIn(plan)) == 0 {
			continue
		}
		if len(partitionsIn(plan)) != 1 {
			t.Errorf("this statement reads the partitions %v:\n%s\n%s", partitionsIn(plan), sql, plan)
		}
	}
	if len(rec.seen) < 30 {
		t.Errorf("only %d statements were seen", len(rec.seen))
	}
	broken := explain(t, conn, "select id from todod.tasks where id = $1", []any{7})
	if len(partitionsIn(broken)) != 4 {
		t.Errorf("a statement without its predicate is not noticed:\n%s", broken)
	}
}

// useEverything has s send each statement that it has.
func useEverything(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	task := mustCreate(t, s, "ada")
	yes, high := true, todo.High
	order := make([]todo.Order, 0, len(todo.Keys))
	for _, key := range todo.Keys {
		order = append(order, todo.Order{By: key, Desc: true})
	}
	filters := []todo.Filter{
		{Order: todo.NewestFirst()}, {Order: order}, {Order: order[:1], Completed: &yes}, {Order: order[:1], Priority: &high},
		{Order: order[:1], DueBefore: &noon}, {Order: order[:1], DueAfter: &noon}, {Order: order[:1], Words: []string{"a", "b"}},
	}
	for _, f := range filters {
		f.Limit, f.Count = 10, true
		if _, err := s.Tasks(ctx, "ada", f); err != nil {
			t.Fatal(err)
		}
	}
	_, readErr := s.Task(ctx, "ada", task.ID, noon)
	_, updateErr := s.Update(ctx, "ada", task.ID, todo.Patch{Completed: todo.Some(true)}, by("ada"))
	_, toggleErr := s.Toggle(ctx, "ada", task.ID, by("ada"))
	w := once("ada")
	w.If = []todo.Rev{task.Version, task.Version + 1, task.Version + 2}
	_, updateOnceErr := s.Update(ctx, "ada", task.ID, todo.Patch{Completed: todo.Some(false)}, w)
	_, toggleOnceErr := s.Toggle(ctx, "ada", task.ID, once("ada"))
	_, operationErr := s.Operation(ctx, "ada", w.Idempotency.Key, noon.Add(-time.Hour))
	_, stateErr := s.State(ctx, "ada")
	_, importErr := s.ImportTasks(ctx, "ada", "old", []todo.ImportedTask{{OldID: "1", Task: task}}, by("ada"))
	_, importedErr := s.Imported(ctx, "ada", "old", []string{"1"})
	_, importsErr := s.Imports(ctx, "ada", todo.Import{}, 10)
	for _, err := range []error{importsErr, readErr, updateErr, toggleErr, updateOnceErr, toggleOnceErr, operationErr, stateErr, importErr, importedErr} {
		if err != nil {
			t.Fatal(err)
		}
	}
	useTrashAndLog(t, s, task.ID)
	useCompose(t, s)
	useAccounts(t, s)
}

// useCompose has s send each statement about composed changes that it has.
func useCompose(t *testing.T, s *Store) {
	t.Helper()
	task := mustCreate(t, s, "ada")
	yes, no := true, false
	keyed := once("ada")
	keyed.Idempotency = &todo.Idempotency{
		Key: "composed", Fingerprint: []byte("f"), Status: 200, Since: noon.Add(-time.Hour),
	}
	create := func(known todo.Known) (todo.Plan, error) {
		made := todo.Patch{Title: todo.Some("new")}.NewTask("ada", noon)
		rev := known.State.Rev + 1
		made.ID, made.Version = known.NewIDs[0], rev
		after := known.Tasks[task.ID]
		after.Title, after.Version = "edited", rev+1
		edited := todo.Change{Op: todo.Updated, PrevRev: task.Version, Rev: rev + 1, SetRev: rev, Task: after, At: noon}
		edited.Before = todo.Touched(known.Tasks[task.ID], after)
		return todo.Plan{Answer: []byte(`{"tasks":[1]}`), Changes: []todo.Change{
			{Op: todo.Created, Rev: rev, SetRev: rev, Task: made, At: noon}, edited,
		}}, nil
	}
	nothing := func(todo.Known) (todo.Plan, error) { return todo.Plan{}, nil }
	for i, c := range []struct {
		need   todo.Need
		write  todo.Write
		decide func(todo.Known) (todo.Plan, error)
	}{
		{todo.Need{Tasks: []int64{task.ID}, New: 1}, keyed, create},
		{todo.Need{}, keyed, nothing}, // a replay
		{todo.Need{Completed: &yes}, by("ada"), nothing},
		{todo.Need{Completed: &no}, by("ada"), nothing},
		{todo.Need{Set: task.Version + 1}, by("ada"), nothing},
		{todo.Need{SetOf: "composed", Since: noon.Add(-time.Hour)}, by("ada"), nothing},
		{todo.Need{Base: task.Version}, by("ada"), nothing},
	} {
		if _, err := s.Compose(t.Context(), "ada", c.need, c.write, c.decide); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if _, err := s.Operation(t.Context(), "ada", "composed", noon.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// useTrashAndLog has s send each statement about the trash and the log that it has.
func useTrashAndLog(t *testing.T, s *Store, id int64) {
	t.Helper()
	ctx := t.Context()
	_, deleteErr := s.Delete(ctx, "ada", id, by("ada"))
	_, restoreErr := s.Restore(ctx, "ada", id, 10, by("ada"))
	_, deleteOnceErr := s.Delete(ctx, "ada", id, once("ada"))
	_, restoreOnceErr := s.Restore(ctx, "ada", id, 10, once("ada"))
	_, againErr := s.Delete(ctx, "ada", id, by("ada"))
	_, trashErr := s.Tasks(ctx, "ada", todo.Filter{Trash: true, Order: todo.LatestDeletedFirst(), Limit: 10, Unless: &todo.State{}})
	_, historyErr := s.History(ctx, "ada", id, 3, 10)
	_, _, changesErr := s.Changes(ctx, "ada", 0, 10)
	_, _, snapshotErr := s.Snapshot(ctx, "ada", 0, 10, 10)
	_, purgeErr := s.Purge(ctx, "ada", id, by("ada"))
	other := mustCreate(t, s, "ada")
	_, otherErr := s.Delete(ctx, "ada", other.ID, by("ada"))
	_, purgeOnceErr := s.Purge(ctx, "ada", other.ID, once("ada"))
	for i, err := range []error{
		deleteErr, restoreErr, deleteOnceErr, restoreOnceErr, againErr, trashErr, historyErr, changesErr, snapshotErr, purgeErr,
		otherErr, purgeOnceErr,
	} {
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

// useAccounts has s send each statement about accounts and sessions that it has.
func useAccounts(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	a, v := signUp(t, s, "ada")
	name, email := "y", "another@example.com"
	_, namedErr := s.AccountByEmail(ctx, a.Email)
	_, accountErr := s.Account(ctx, "ada")
	_, profileErr := s.ChangeProfile(ctx, "ada", account.Profile{Name: &name, Email: &email})
	upgradeErr := s.UpgradePassword(ctx, "ada", a.PasswordHash, "better")
	passwordErr := s.SetPassword(ctx, "ada", "new", v.ID)
	_, sessionErr := s.Session(ctx, "ada", v.ID, noon)
	_, rotateErr := s.RotateSession(ctx, "ada", v.ID, v.RefreshHash, v.RefreshHash, noon, v.ExpiresAt)
	_, endErr := s.EndSession(ctx, "ada", v.ID)
	ticket := newTicket("ada")
	issueErr := s.IssueTicket(ctx, ticket, noon)
	_, redeemErr := s.RedeemTicket(ctx, "ada", ticket.Hash, noon)
	_, sessionsErr := s.Sessions(ctx, "ada", "", 10)
	_, holdingsErr := s.Summary(ctx, "ada", noon)
	_, forgetErr := s.Forget(ctx, "ada", todo.Cutoffs{}, 10)
	again := v
	again.ID = "another"
	for i, err := range []error{
		namedErr, accountErr, profileErr, upgradeErr, passwordErr, sessionErr, rotateErr, endErr, issueErr, redeemErr, sessionsErr, holdingsErr,
		forgetErr,
		s.StartSession(ctx, v, ""),
		s.StartSession(ctx, again, "new"), s.Erase(ctx, "ada", noon),
	} {
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

// explain returns the plan of a statement.
func explain(t *testing.T, conn *pgx.Conn, sql string, args []any) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), "explain (verbose, costs off) "+sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(lines, "\n")
}

// partitionsIn returns the numbers of the partitions that a plan names.
func partitionsIn(plan string) []string {
	var numbers []string
	for _, match := range partitionName.FindAllStringSubmatch(plan, -1) {
		numbers = append(numbers, match[1])
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
