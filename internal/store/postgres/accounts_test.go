package postgres

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// signUp stores an account of owner with a session.
func signUp(t *testing.T, s *Store, owner todo.UserID) (account.Account, account.Session) {
	t.Helper()
	a := account.Account{
		Person: account.Person{ID: owner, Email: string(owner) + "@example.com", Name: "x", CreatedAt: noon}, PasswordHash: "secret hash",
	}
	v := account.Session{
		Owner: owner, ID: "sid of " + string(owner), RefreshHash: make([]byte, 32), Sealed: []byte("sealed"), CreatedAt: noon,
		ExpiresAt: noon.Add(time.Hour), Network: networkOf(owner),
	}
	if err := s.CreateAccount(t.Context(), a, &v); err != nil {
		t.Fatal(err)
	}
	return a, v
}

// networkOf returns what is remembered of where owner signs in from.
func networkOf(owner todo.UserID) string { return fmt.Sprintf("%043s", owner) }

// newTicket returns a ticket of owner's that isn't stored yet.
func newTicket(owner todo.UserID) account.Ticket {
	return account.Ticket{
		Grant: account.Grant{Owner: owner, SessionID: "sid of " + string(owner), AsOf: noon, ExpiresAt: noon.Add(time.Hour)},
		Hash:  make([]byte, 32), Until: noon.Add(time.Minute),
	}
}

// TestMaintenanceThroughAPooler: an operator may know no other way to the database, and the role doesn't stay behind.
func TestMaintenanceThroughAPooler(t *testing.T) {
	t.Parallel()
	pooled := pgtest.Pooled(t, pgtest.Database(t, "store", migrateOnly), 2)
	s := openURL(t, pooled)
	a, _ := signUp(t, s, "ada")
	for range 4 {
		people, err := s.Accounts(t.Context(), "", 10)
		if err != nil || len(people) != 1 || people[0].Email != a.Email {
			t.Fatalf("%v, %v", people, err)
		}
		var role string
		if err := connect(t, pooled).QueryRow(t.Context(), "select current_user", pgx.QueryExecModeExec).Scan(&role); err != nil || role == maintenanceRole {
			t.Fatalf("the next one is %s, %v", role, err)
		}
	}
}

// TestTheAppReachesNothingOfMaintenance works as psql would, as a login that is todod_app's member and nothing more.
func TestTheAppReachesNothingOfMaintenance(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s := openURL(t, url)
	for _, owner := range []todo.UserID{"ada", "bob"} {
		signUp(t, s, owner)
	}
	conn := connect(t, restrictedURL(t, url))
	for _, table := range []string{"accounts", "emails", "sessions", "known_networks", "tickets"} {
		var n int
		if err := conn.QueryRow(t.Context(), "select count(*) from todod."+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of %s without a user, %v", n, table, err)
		}
	}
	for _, sql := range []string{
		"set role " + maintenanceRole, "select set_config('role', '" + maintenanceRole + "', false)",
		"set session authorization " + maintenanceRole, "grant " + maintenanceRole + " to current_user",
		"create policy mine on todod.accounts using (true)", "alter policy maintenance on todod.accounts to public",
		"alter table todod.accounts disable row level security", "set row_security = off; select * from todod.accounts",
		"select todod.delete_user_data()",
	} {
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err == nil {
			t.Errorf("the app may: %s", sql)
		}
	}
	exec(t, conn, "reset row_security")

	// The address that is named shows its own row, which can be read and no more.
	exec(t, conn, "set todod.email = 'bob@example.com'")
	rows, err := conn.Query(t.Context(), "select user_id from todod.emails")
	if err != nil {
		t.Fatal(err)
	}
	if owners, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(owners) != 1 || owners[0] != "bob" {
		t.Errorf("bob's address shows %v, %v", owners, err)
	}
	exec(t, conn, "set todod.networks = '{"+networkOf("bob")+"}'")
	if rows, err = conn.Query(t.Context(), "select user_id from todod.known_networks"); err != nil {
		t.Fatal(err)
	}
	if owners, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(owners) != 1 || owners[0] != "bob" {
		t.Errorf("bob's network shows %v, %v", owners, err)
	}
	exec(t, conn, "set todod.user_ids = '{ada}'")
	for _, sql := range []string{
		"update todod.known_networks set seen_at = now() where user_id = 'bob'", "delete from todod.known_networks where user_id = 'bob'",
		"update todod.emails set user_id = 'ada' where email = 'bob@example.com'", "delete from todod.emails where email = 'bob@example.com'",
		"update todod.emails set email = 'x' where user_id = 'bob'", "update todod.accounts set name = 'x' where user_id = 'bob'",
		"delete from todod.sessions where user_id = 'bob'",
	} {
		if tag, err := conn.Exec(t.Context(), sql); err != nil || tag.RowsAffected() != 0 {
			t.Errorf("%s: %d rows, %v", sql, tag.RowsAffected(), err)
		}
	}
	for _, sql := range []string{
		"insert into todod.emails (user_id, email) values ('bob', 'another@example.com')",
		"insert into todod.sessions (user_id, sid, refresh_hash, created_at, expires_at) values ('bob', 'x', decode(repeat('00', 32), 'hex'), now(), now() + interval '1 day')",
		"update todod.emails set user_id = 'bob' where user_id = 'ada'", "update todod.accounts set user_id = 'bob' where user_id = 'ada'",
		"update todod.sessions set user_id = 'bob' where user_id = 'ada'", "update todod.known_networks set user_id = 'bob' where user_id = 'ada'",
		"insert into todod.known_networks (user_id, network, seen_at) values ('bob', repeat('x', 43), now())",
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("ada may: %s", sql)
		}
	}
}

// TestMaintenanceSeesNoSecrets: of everybody's rows the role reads what lists need, and writes nothing.
func TestMaintenanceSeesNoSecrets(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s := openURL(t, url)
	signUp(t, s, "ada")
	mustCreate(t, s, "ada")
	conn := connect(t, url)
	exec(t, conn, "set role "+maintenanceRole)
	var n int
	if err := conn.QueryRow(t.Context(), "select count(email) from todod.accounts").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d accounts, %v", n, err)
	}
	if err := conn.QueryRow(t.Context(), "select count(user_id) from todod.users").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d people who are there, %v", n, err)
	}
	for _, sql := range []string{
		"select password_hash from todod.accounts", "select * from todod.accounts", "select from todod.tickets", "select sid from todod.sessions",
		"select network from todod.known_networks", "delete from todod.known_networks",
		"select refresh_hash from todod.sessions", "select sealed from todod.sessions", "delete from todod.sessions",
		"select email from todod.users", "select epoch from todod.users", "delete from todod.users",
		"select title from todod.tasks", "select recurrence from todod.tasks", "delete from todod.tasks", "select title from todod.changes",
		"select before from todod.changes", "delete from todod.changes", "select key from todod.idempotency_keys",
		"select result from todod.idempotency_keys", "delete from todod.idempotency_keys", "select key from todod.signing_key",
		"update todod.accounts set name = 'x'", "delete from todod.accounts",
		"insert into todod.emails (user_id, email) values ('ada', 'x')", "select from todod.accounts for update",
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("maintenance may: %s", sql)
		}
	}
	var either bool
	err := conn.QueryRow(t.Context(), "select pg_has_role($1::name, $2::name, 'member') or pg_has_role($2::name, $1::name, 'member')",
		maintenanceRole, appRole).Scan(&either)
	if err != nil || either {
		t.Errorf("one of the two roles is a member of the other, %v", err)
	}
}

// TestMembersOfMaintenanceInheritNothing: the tables' owner, who is a member so that it can switch, sees as little as
// before until it does.
func TestMembersOfMaintenanceInheritNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	signUp(t, openURL(t, url), "ada")
	admin := connect(t, url)
	owner, ownerURL := newLogin(t, url, "inherit")
	giveTables(t, admin, owner)
	exec(t, admin, "grant "+maintenanceRole+" to "+owner)
	conn := connect(t, ownerURL)
	count := func() (n int) {
		if err := conn.QueryRow(t.Context(), "select count(email) from todod.accounts").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != 0 {
		t.Errorf("the owner sees %d accounts", n)
	}
	exec(t, conn, "set role "+maintenanceRole)
	if n := count(); n != 1 {
		t.Errorf("after the switch it sees %d", n)
	}
}

// TestAnOwnerWithoutRoles: where the login may make no roles, everything works but what needs one, which says so.
func TestAnOwnerWithoutRoles(t *testing.T) {
	t.Parallel()
	openURL(t, pgtest.Database(t, "store", migrateOnly)) // the roles are there, and somebody else's
	empty := pgtest.Empty(t)
	owner, ownerURL := newLogin(t, empty, "")
	exec(t, connect(t, empty), fmt.Sprintf(`do $$ begin execute format('grant create on database %%I to %s', current_database()); end $$`, owner))
	s := openURL(t, ownerURL)
	if got := *s.isolation.Load(); got != forced {
		t.Fatalf("isolation: %v", got)
	}
	a, v := signUp(t, s, "ada")
	if got, err := s.AccountByEmail(t.Context(), a.Email); err != nil || got.ID != a.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.Erase(t.Context(), a.ID, noon); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(t.Context(), a.ID, v.ID, noon); todo.CodeOf(err) != todo.NotFound {
		t.Error(err)
	}
	if _, err := s.Accounts(t.Context(), "", 10); err == nil || !strings.Contains(err.Error(), maintenanceRole) {
		t.Errorf("list: %v", err)
	}
}

// TestTheLoginsThatAreAdvised: one owns the tables, migrates and maintains, the other works and can't maintain.
func TestTheLoginsThatAreAdvised(t *testing.T) {
	t.Parallel()
	openURL(t, pgtest.Database(t, "store", migrateOnly)) // the roles are there
	empty := pgtest.Empty(t)
	admin := connect(t, empty)
	owner, ownerURL := newLogin(t, empty, "in role "+maintenanceRole)
	_, workerURL := newLogin(t, empty, "in role "+appRole)
	exec(t, admin, fmt.Sprintf(`do $$ begin execute format('grant create on database %%I to %s', current_database()); end $$`, owner))
	s := openConfig(t, Config{URL: workerURL, DirectURL: ownerURL})
	if got := *s.isolation.Load(); got != restricted {
		t.Errorf("isolation: %v", got)
	}
	a, _ := signUp(t, s, "ada")
	if people, err := s.Accounts(t.Context(), "", 10); err != nil || len(people) != 1 || people[0].ID != a.ID {
		t.Errorf("%v, %v", people, err)
	}
	s.directURL = workerURL
	if people, err := s.Accounts(t.Context(), "", 10); err == nil || !strings.Contains(err.Error(), maintenanceRole) {
		t.Errorf("the working login lists %v", people)
	}
}

// tablesOfPeople returns the tables with a column user_id, without partitions.
func tablesOfPeople(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select c.relname from pg_class c
		join pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped
		where c.relnamespace = 'todod'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 5 {
		t.Fatalf("%v, %v", tables, err)
	}
	return tables
}

// TestErasingClearsEveryTable asks the catalogue, so that a table of tomorrow is not forgotten: neither by Erase nor by
// whoever deletes the row of users.
func TestErasingClearsEveryTable(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s, conn := openURL(t, url), connect(t, url)
	count := func(table, owner string) (n int) {
		if err := conn.QueryRow(t.Context(), "select count(*) from todod."+table+" where user_id = $1", owner).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, owner := range []todo.UserID{"ada", "bob", "eve"} {
		signUp(t, s, owner)
		if n := count("users", string(owner)); n != 0 {
			t.Errorf("an account made %d rows of users", n)
		}
		mustCreate(t, s, owner)
		exec(t, conn, "insert into todod.imports values ('"+string(owner)+"', 'old', '1', 1, now())")
		exec(t, conn, `insert into todod.occurrences values ('`+string(owner)+`', 1, 1, now(), now(), false, false, now())`)
		exec(t, conn, `insert into todod.objects (user_id, id, kind, version, name, created_at, updated_at)
			values ('`+string(owner)+`', 1, 2, 1, 'list', now(), now())`)
		if err := s.IssueTicket(t.Context(), newTicket(owner), noon); err != nil {
			t.Fatal(err)
		}
	}
	var before int64
	if err := conn.QueryRow(t.Context(), "select epoch from todod.users where user_id = 'ada'").Scan(&before); err != nil {
		t.Fatal(err)
	}
	tables := tablesOfPeople(t, conn)
	for _, table := range tables {
		if n := count(table, "ada"); n != 1 {
			t.Errorf("%s has %d rows of ada: fill it above", table, n)
		}
	}
	if err := s.Erase(t.Context(), "ada", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "delete from todod.users where user_id = 'bob'")
	for _, table := range tables {
		left := 0
		if table == "users" {
			left = 1
		}
		if ada, bob, eve := count(table, "ada"), count(table, "bob"), count(table, "eve"); ada != left || bob != 0 || eve != 1 {
			t.Errorf("%s has %d rows of ada, %d of bob and %d of eve", table, ada, bob, eve)
		}
	}

	var rest string
	var after int64
	err := conn.QueryRow(t.Context(), `select epoch, (to_jsonb(u) - 'epoch')::text from todod.users u where user_id = 'ada'`).Scan(&after, &rest)
	want := `{"rev": 0, "kind": 0, "name": null, "email": null, "listed": 0, "untidy": false, "user_id": "ada", "life_rev": 0, "unfolded": null, "claims_at": "1970-01-01T00:00:00+00:00", ` +
		`"erased_at": "2026-01-15T12:01:00+00:00", "key_count": 0, "time_zone": null, "changed_at": "2026-01-15T12:01:00+00:00", "created_at": "2026-01-15T12:01:00+00:00", "task_count": 0, "trash_count": 0}`
	if err != nil || rest != want || after == before {
		t.Errorf("%v: epoch %d, then %d, and\n%s, want\n%s", err, before, after, rest, want)
	}
}

// TestTheDatabaseRepeatsTheRulesOfAccounts: a program that writes past the domain is refused, too.
func TestTheDatabaseRepeatsTheRulesOfAccounts(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t, "store", migrateOnly))
	const account = "insert into todod.accounts (user_id, email, name, password_hash, created_at) values "
	const session = "insert into todod.sessions (user_id, sid, refresh_hash, created_at, expires_at) values "
	const hash = "decode(repeat('00', 32), 'hex')"
	for _, good := range []string{account + "('ada', 'a@x', 'x', 'h', now())", session + "('ada', 's', " + hash + ", now(), now() + interval '1 s')"} {
		exec(t, conn, good)
	}
	for _, bad := range []string{
		account + "('', 'b@x', 'x', 'h', now())", account + "('bob', '', 'x', 'h', now())", account + "('bob', repeat('x', 255), 'x', 'h', now())",
		account + "('bob', 'b@x', '', 'h', now())", account + "('bob', 'b@x', repeat('x', 201), 'h', now())", account + "('bob', 'b@x', 'x', '', now())",
		account + "('ada', 'b@x', 'x', 'h', now())",
		session + "('ada', 't', '', now(), now() + interval '1 s')", session + "('ada', 't', " + hash + ", now(), now())",
		"insert into todod.known_networks (user_id, network, seen_at) values ('ada', 'x', now())",
		session + "('ada', '', " + hash + ", now(), now() + interval '1 s')", session + "('ada', 's', " + hash + ", now(), now() + interval '1 s')",
	} {
		if _, err := conn.Exec(t.Context(), bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestTheIndexOfErasuresLeavesWritesAlone: PostgreSQL still rewrites a row of users in its own page (HOT), of somebody
// who was erased once, too.
func TestTheIndexOfErasuresLeavesWritesAlone(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t, "store", migrateOnly))
	exec(t, conn, "insert into todod.users (user_id, changed_at, created_at, erased_at) values ('ada', now(), now(), null), ('bob', now(), now(), now())")
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	for range 10 {
		if _, err := tx.Exec(t.Context(), "update todod.users set rev = rev + 1, task_count = task_count + 1, changed_at = clock_timestamp(), email = 'x'"); err != nil {
			t.Fatal(err)
		}
	}
	var updated, hot int
	err = tx.QueryRow(t.Context(), `select pg_stat_get_xact_tuples_updated(c), pg_stat_get_xact_tuples_hot_updated(c)
		from (select 'todod.users'::regclass::oid as c) x`).Scan(&updated, &hot)
	if err != nil || updated != 20 || hot != updated {
		t.Errorf("%d updates, %d of them HOT, %v", updated, hot, err)
	}
}

// TestTogglesStayInTheirPage: no index has a column that a toggle writes, whatever the task has, so PostgreSQL rewrites it in its
// own page (HOT).
func TestTogglesStayInTheirPage(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s, conn := openURL(t, url), connect(t, url)
	ada := todo.User{ID: "ada", AsOf: noon}
	service := todo.NewService(s, func() time.Time { return noon }, todo.Rules{Quota: 100})
	refs := storetest.MakeRefs(t, service, ada)
	full := storetest.FullPatch(t, false, refs)
	full.ParentID = todo.Opt[int64]{}
	made, err := service.Create(t.Context(), ada, full, todo.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.MoveTask(t.Context(), ada, made.Task.ID, todo.Move{Before: todo.Null[int64]()}, todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	for n := range 40 {
		_, err := tx.Exec(t.Context(), `update todod.tasks set completed = not completed, version = version + 1, updated_at = clock_timestamp(),
			completed_at = case when completed then null else clock_timestamp() end where user_id = 'ada' and id = $1`, made.Task.ID)
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
	}
	var updated, hot int
	err = tx.QueryRow(t.Context(), `select pg_stat_get_xact_tuples_updated(c), pg_stat_get_xact_tuples_hot_updated(c)
		from (select 'todod.tasks'::regclass::oid as c) x`).Scan(&updated, &hot)
	if err != nil || updated != 40 || hot < 39 { // the first may have to move to another page
		t.Errorf("%d updates, %d of them HOT, %v", updated, hot, err)
	}
}
