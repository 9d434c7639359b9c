package postgres

import (
	"context"
	_ "embed"
	"maps"
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
	"todod/internal/store/storetest"
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
var partitionName = regexp.MustCompile(`\b(?:users|tasks|objects|occurrences|changes|idempotency_keys|accounts|sessions|imports|tickets)_p(\d)\b`)

// oneUser finds a plan that inserts rows whose key, a constant, says which partition they go to.
var oneUser = regexp.MustCompile(
	`(?s)^Insert on todod\.(?:users|accounts|sessions|tasks|occurrences|changes|idempotency_keys|tickets)\n.*Output: 'ada'::text,`)

// tableName finds a table in SQL, and passes over the names of settings, which are quoted.
var tableName = regexp.MustCompile(`(?:^|[^'])todod\.([a-z_]+)`)

// directoryAlone reports whether a statement reads or writes no table but those that are kept whole, as they are looked up
// before it is known whose rows they are.
func directoryAlone(sql string) bool {
	tables := tableName.FindAllStringSubmatch(sql, -1)
	return len(tables) > 0 && !slices.ContainsFunc(tables, func(table []string) bool {
		return table[1] != "emails" && table[1] != "known_networks"
	})
}

// namesARow reports whether a statement sets what lets a policy show the rows of an address or of a network.
func namesARow(sql string) bool {
	return strings.HasPrefix(sql, "select set_config('todod.email'") || strings.HasPrefix(sql, "select set_config('todod.networks'")
}

// isOfAGroup reports whether a statement finds or writes what many people change: it is about all of them.
func isOfAGroup(sql string) bool {
	return slices.Contains([]string{tasksByID, objectsByID, putObject, markParents, keysOf, insertOwners, putKeys, noteImports, putOccurrences}, sql) || slices.Contains(slices.Collect(maps.Values(manyForms)), sql)
}

// TestEveryStatementStaysWithOneUser has PostgreSQL itself read every statement about one user that the store sends: on
// partitioned tables, one that names its user in a predicate or a key is planned on that user's partition alone. A statement
// that forgot to would be planned on all of them. How groups find their rows is held by TestGroupsFindRowsByTheirKeys.
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
	exec(t, conn, "set todod.user_ids = '{ada}'") // what becomeItsOwner would have done
	for sql, args := range rec.seen {
		if slices.Contains([]string{readCommitted, settings, moreIDs, begin, byIndex, "commit", "rollback"}, sql) || directoryAlone(sql) ||
			isOfAGroup(sql) || namesARow(sql) {
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
	forget(t, s, "ada")
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
	_, updateErr := storetest.Of(s).Update(ctx, "ada", task.ID, todo.Patch{Completed: todo.Some(true)}, by("ada"))
	_, toggleErr := storetest.Of(s).Toggle(ctx, "ada", task.ID, by("ada"))
	w := once("ada")
	w.If = []todo.Rev{task.Version, task.Version + 1, task.Version + 2}
	_, updateOnceErr := storetest.Of(s).Update(ctx, "ada", task.ID, todo.Patch{Completed: todo.Some(false)}, w)
	_, toggleOnceErr := storetest.Of(s).Toggle(ctx, "ada", task.ID, once("ada"))
	_, operationErr := s.Operation(ctx, "ada", w.Idempotency.Key, noon.Add(-time.Hour))
	_, stateErr := s.State(ctx, "ada")
	_, importErr := storetest.Of(s).ImportTasks(ctx, "ada", "old", []todo.ImportedTask{{OldID: "1", Task: task}}, by("ada"))
	_, importedErr := s.Imported(ctx, "ada", "old", []string{"1"})
	_, importsErr := s.Imports(ctx, "ada", todo.Import{}, 10)
	for _, err := range []error{importsErr, readErr, updateErr, toggleErr, updateOnceErr, toggleOnceErr, operationErr, stateErr, importErr, importedErr} {
		if err != nil {
			t.Fatal(err)
		}
	}
	useTrashAndLog(t, s, task.ID)
	useSets(t, s)
	useObjects(t, s)
	useRecurrence(t, s)
	useAccounts(t, s)
}

// useRecurrence has s send each statement about recurring tasks and time zones that it has.
func useRecurrence(t *testing.T, s *Store) {
	t.Helper()
	ctx, ada := t.Context(), todo.User{ID: "ada", AsOf: noon}
	service := todo.NewService(s, func() time.Time { return noon }, todo.Rules{Quota: 1000, KeysRemembered: time.Hour})
	zoneErr := service.SetTimeZone(ctx, ada, "Europe/Berlin")
	_, knownErr := service.TimeZone(ctx, ada)
	made, err := service.Create(ctx, ada, todo.Patch{
		Title: todo.Some("x"), Due: todo.Some(todo.Date{At: noon}), DueZone: todo.Some("Europe/Berlin"),
		Recurrence: todo.Some(todo.RecurrencePatch{Rule: todo.Some("FREQ=DAILY")}),
	}, todo.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, doneErr := service.Complete(ctx, ada, made.Task.ID, nil, todo.WriteOptions{})
	skipped, skipErr := service.Skip(ctx, ada, made.Task.ID, nil, todo.WriteOptions{})
	_, undoErr := service.Undo(ctx, ada, skipped.Task.Version, "", todo.WriteOptions{})
	_, pageErr := service.Completions(ctx, ada, noon, time.Time{}, 10, "")
	_, allErr := service.CompleteAll(ctx, ada, todo.WriteOptions{})
	_, deleteErr := service.Delete(ctx, ada, made.Task.ID, todo.WriteOptions{})
	_, purgeErr := service.Purge(ctx, ada, made.Task.ID, todo.WriteOptions{})
	for i, err := range []error{zoneErr, knownErr, doneErr, skipErr, undoErr, pageErr, allErr, deleteErr, purgeErr} {
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

// useObjects has s send each statement about lists, labels and families that it has.
func useObjects(t *testing.T, s *Store) {
	t.Helper()
	ctx, ada := t.Context(), todo.User{ID: "ada", AsOf: noon}
	service := todo.NewService(s, func() time.Time { return noon }, todo.Rules{Quota: 1000, KeysRemembered: time.Hour})
	refs := storetest.MakeRefs(t, service, ada)
	full := storetest.FullPatch(t, false, refs)
	child, err := service.Create(ctx, ada, full, todo.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	parent, label := refs.Parents[0], refs.Labels[0]
	_, moveErr := service.MoveTask(ctx, ada, child.Task.ID, todo.Move{After: todo.Some(parent), ParentID: todo.Null[int64]()}, todo.WriteOptions{})
	_, backErr := service.Update(ctx, ada, child.Task.ID, todo.Patch{ParentID: todo.Some(parent)}, todo.WriteOptions{})
	_, deleteErr := service.Delete(ctx, ada, parent, todo.WriteOptions{})
	_, restoreErr := service.Restore(ctx, ada, parent, todo.WriteOptions{})
	_, completeErr := service.Update(ctx, ada, parent, todo.Patch{Completed: todo.Some(true)}, todo.WriteOptions{})
	_, listErr := service.DeleteObject(ctx, ada, todo.KindList, refs.Lists[0], todo.WriteOptions{})
	_, listBackErr := service.Restore(ctx, ada, refs.Lists[0], todo.WriteOptions{})
	_, labelErr := service.DeleteObject(ctx, ada, todo.KindLabel, label, todo.WriteOptions{})
	_, purgeErr := service.Purge(ctx, ada, label, todo.WriteOptions{})
	_, historyErr := service.History(ctx, ada, todo.KindList, refs.Lists[0], 10, "")
	_, _, objectsErr := s.Objects(ctx, "ada", 0)
	_, _, objectErr := s.Objects(ctx, "ada", refs.Lists[0])
	_, madeErr := service.Create(ctx, ada, full, todo.WriteOptions{})
	for i, err := range []error{
		moveErr, backErr, deleteErr, restoreErr, completeErr, listErr, listBackErr, labelErr, purgeErr, historyErr, objectsErr, objectErr,
	} {
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if todo.CodeOf(madeErr) != todo.Invalid { // its label is gone
		t.Fatal(madeErr)
	}
	undone, err := service.Create(ctx, ada, todo.Patch{Title: todo.Some("x")}, todo.WriteOptions{})
	if err == nil {
		_, err = service.Create(ctx, ada, todo.Patch{Title: todo.Some("y"), ParentID: todo.Some(undone.Task.ID)}, todo.WriteOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Undo(ctx, ada, undone.Task.Version, "", todo.WriteOptions{}); todo.CodeOf(err) != todo.Conflict {
		t.Fatal(err)
	}
	list := refs.Lists[1]
	for _, f := range []todo.Filter{
		{List: &list, Order: []todo.Order{{By: todo.ByPosition}}}, {Parent: &parent, Order: todo.NewestFirst()},
		{Labels: []int64{label}, Order: todo.NewestFirst()},
	} {
		f.Limit = 10
		if _, err := s.Tasks(ctx, "ada", f); err != nil {
			t.Fatal(err)
		}
	}
}

// forget leaves owner's tasks as a version without search has written them.
func forget(t *testing.T, s *Store, owner todo.UserID) {
	t.Helper()
	err := s.transact(t.Context(), owner,
		statement{sql: "update todod.tasks set search = null where user_id = $1", args: []any{string(owner)}},
		statement{sql: "update todod.users set unfolded = true where user_id = $1", args: []any{string(owner)}})
	if err != nil {
		t.Fatal(err)
	}
}

// useSets has s send each statement about changes of several tasks that it has.
func useSets(t *testing.T, s *Store) {
	t.Helper()
	service := todo.NewService(s, func() time.Time { return noon }, todo.Rules{Quota: 1000, KeysRemembered: time.Hour})
	ada := todo.User{ID: "ada", AsOf: noon}
	task := mustCreate(t, s, "ada")
	steps := []todo.Step{
		{Op: todo.Created, Patch: todo.Patch{Title: todo.Some("new")}},
		{Op: todo.Updated, ID: task.ID, Patch: todo.Patch{Title: todo.Some("edited")}},
	}
	opts := once("ada").WriteOptions
	for range 2 { // the second is a replay
		if _, err := service.Batch(t.Context(), ada, steps, true, opts); err != nil {
			t.Fatal(err)
		}
	}
	_, undoErr := service.Undo(t.Context(), ada, 0, opts.Idempotency.Key, todo.WriteOptions{})
	_, allErr := service.CompleteAll(t.Context(), ada, todo.WriteOptions{})
	_, againErr := service.Undo(t.Context(), ada, task.Version, "", todo.WriteOptions{})
	_, clearErr := service.ClearCompleted(t.Context(), ada, todo.WriteOptions{})
	_, mergeErr := service.Merge(t.Context(), ada, task.ID, steps[1].Patch, todo.WriteOptions{If: []todo.Rev{task.Version}})
	for i, err := range []error{undoErr, allErr, clearErr} {
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if todo.CodeOf(againErr) != todo.Conflict || todo.CodeOf(mergeErr) != todo.NotFound {
		t.Fatal(againErr, mergeErr)
	}
}

// useTrashAndLog has s send each statement about the trash and the log that it has.
func useTrashAndLog(t *testing.T, s *Store, id int64) {
	t.Helper()
	ctx := t.Context()
	_, deleteErr := storetest.Of(s).Delete(ctx, "ada", id, by("ada"))
	_, restoreErr := storetest.Of(s).Restore(ctx, "ada", id, 10, by("ada"))
	_, deleteOnceErr := storetest.Of(s).Delete(ctx, "ada", id, once("ada"))
	_, restoreOnceErr := storetest.Of(s).Restore(ctx, "ada", id, 10, once("ada"))
	_, againErr := storetest.Of(s).Delete(ctx, "ada", id, by("ada"))
	_, trashErr := s.Tasks(ctx, "ada", todo.Filter{Trash: true, Order: todo.LatestDeletedFirst(), Limit: 10, Unless: &todo.State{}})
	_, historyErr := s.History(ctx, "ada", todo.KindTask, id, 3, 10)
	_, _, changesErr := s.Changes(ctx, "ada", 0, 10)
	_, _, snapshotErr := s.Snapshot(ctx, "ada", 0, 10, 10)
	_, purgeErr := storetest.Of(s).Purge(ctx, "ada", id, by("ada"))
	other := mustCreate(t, s, "ada")
	_, otherErr := storetest.Of(s).Delete(ctx, "ada", other.ID, by("ada"))
	_, purgeOnceErr := storetest.Of(s).Purge(ctx, "ada", other.ID, once("ada"))
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
	passwordErr := s.SetPassword(ctx, "ada", "better", "new", v.ID)
	_, sessionErr := s.Session(ctx, "ada", v.ID, noon)
	_, _, rotateErr := s.RotateSession(ctx, "ada", v.ID, v.RefreshHash, v.RefreshHash, noon, v.ExpiresAt)
	_, endErr := s.EndSession(ctx, "ada", v.ID)
	ticket := newTicket("ada")
	issueErr := s.IssueTicket(ctx, ticket, noon)
	_, redeemErr := s.RedeemTicket(ctx, "ada", ticket.Hash, noon)
	_, sessionsErr := s.Sessions(ctx, "ada", "", 10)
	_, holdingsErr := s.Summary(ctx, "ada", noon)
	_, forgetErr := s.Forget(ctx, "ada", todo.Cutoffs{}, 10)
	tidyErr := s.Tidy(ctx, "ada", 10, func(int) {})
	again := v
	again.ID = "another"
	_, networksErr := s.KnownNetworks(ctx, "ada")
	_, knownErr := s.NetworkKnown(ctx, []string{v.Network}, noon)
	for i, err := range []error{
		namedErr, accountErr, profileErr, upgradeErr, passwordErr, sessionErr, rotateErr, endErr, issueErr, redeemErr, sessionsErr, holdingsErr,
		forgetErr, tidyErr, networksErr, knownErr,
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
