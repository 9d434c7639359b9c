package sqlite

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// tablesOfPeople returns the tables with a column user_id.
func tablesOfPeople(t *testing.T, s *Store) (tables []string) {
	t.Helper()
	rows, err := s.reader.QueryContext(t.Context(), `select t.name from sqlite_schema t join pragma_table_info(t.name) c
		where t.type = 'table' and c.name = 'user_id' order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil || len(tables) < 4 {
		t.Fatalf("%v, %v", tables, err)
	}
	return tables
}

// TestErasingClearsEveryTable asks the catalogue, so that a table of tomorrow is not forgotten: neither by Erase nor by
// whoever deletes the row of users.
func TestErasingClearsEveryTable(t *testing.T) {
	t.Parallel()
	s := open(t)
	count := func(table, owner string) (n int) {
		if err := s.reader.QueryRowContext(t.Context(), "select count(*) from "+table+" where user_id = ?", owner).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, owner := range []todo.UserID{"ada", "bob", "eve"} {
		a := account.Account{
			Person: account.Person{ID: owner, Email: string(owner) + "@x", Name: "x", CreatedAt: noon}, PasswordHash: "hash",
		}
		v := account.Session{Owner: owner, ID: "sid", RefreshHash: make([]byte, 32), CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}
		v.Network = strings.Repeat("x", 43)
		if err := s.CreateAccount(t.Context(), a, &v); err != nil {
			t.Fatal(err)
		}
		if n := count("users", string(owner)); n != 0 {
			t.Errorf("an account made %d rows of users", n)
		}
		if _, err := addTask(t, s, todo.User{ID: owner, Email: string(owner) + "@x", Name: "x", AsOf: noon}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.writer.ExecContext(t.Context(), "insert into imports values (?, 'old', '1', 1, 0)", owner); err != nil {
			t.Fatal(err)
		}
		if _, err := s.writer.ExecContext(t.Context(), `insert into objects (user_id, kind, version, name, created_at, updated_at)
			values (?, 2, 1, 'list', 0, 0)`, owner); err != nil {
			t.Fatal(err)
		}
		if _, err := s.writer.ExecContext(t.Context(), "insert into occurrences values (?, 1, 1, 0, 0, 0, 0, 0)", owner); err != nil {
			t.Fatal(err)
		}
		ticket := account.Ticket{Grant: account.Grant{Owner: owner, ExpiresAt: noon}, Hash: make([]byte, 32), Until: noon}
		if err := s.IssueTicket(t.Context(), ticket, noon.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	var before int64
	if err := s.reader.QueryRowContext(t.Context(), "select epoch from users where user_id = 'ada'").Scan(&before); err != nil {
		t.Fatal(err)
	}
	tables := tablesOfPeople(t, s)
	for _, table := range tables {
		if n := count(table, "ada"); n != 1 {
			t.Errorf("%s has %d rows of ada: fill it above", table, n)
		}
	}
	at := noon.Add(time.Minute)
	if err := s.Erase(t.Context(), "ada", at); err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.ExecContext(t.Context(), "delete from users where user_id = 'bob'"); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		left := 0
		if table == "users" {
			left = 1
		}
		if ada, bob, eve := count(table, "ada"), count(table, "bob"), count(table, "eve"); ada != left || bob != 0 || eve != 1 {
			t.Errorf("%s has %d rows of ada, %d of bob and %d of eve", table, ada, bob, eve)
		}
	}

	var after, rev, tasks, changed, claims, created, erased int64
	var email, name sql.NullString
	err := s.reader.QueryRowContext(t.Context(), `select epoch, rev, task_count, changed_at, claims_at, email, name, created_at, erased_at
		from users where user_id = 'ada'`).Scan(&after, &rev, &tasks, &changed, &claims, &email, &name, &created, &erased)
	got := fmt.Sprint(rev, tasks, changed, claims, email.Valid, name.Valid, created, erased)
	if want := fmt.Sprint(0, 0, at.UnixMicro(), 0, false, false, at.UnixMicro(), at.UnixMicro()); err != nil || got != want || after == before {
		t.Errorf("%v: epoch %d, then %d; the rest %s, want %s", err, before, after, got, want)
	}
}

// TestTheDatabaseRepeatsTheRulesOfAccounts: a program that writes past the domain is refused, too.
func TestTheDatabaseRepeatsTheRulesOfAccounts(t *testing.T) {
	t.Parallel()
	s := open(t)
	const account = "insert into accounts (user_id, email, name, password_hash, created_at) values "
	const session = "insert into sessions (user_id, sid, refresh_hash, created_at, expires_at) values "
	for _, good := range []string{account + "('ada', 'a@x', 'x', 'h', 0)", session + "('ada', 's', zeroblob(32), 0, 1)"} {
		if _, err := s.writer.ExecContext(t.Context(), good); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{
		account + "('', 'b@x', 'x', 'h', 0)", account + "('bob', '', 'x', 'h', 0)", account + "('bob', printf('%255s', 'x'), 'x', 'h', 0)",
		account + "('bob', 'b@x', '', 'h', 0)", account + "('bob', 'b@x', printf('%201s', 'x'), 'h', 0)", account + "('bob', 'b@x', 'x', '', 0)",
		account + "('bob', 'a@x', 'x', 'h', 0)", account + "('ada', 'b@x', 'x', 'h', 0)",
		"insert into known_networks (user_id, network, seen_at) values ('ada', 'x', 0)",
		session + "('ada', 't', '', 0, 1)", session + "('ada', 't', zeroblob(32), 0, 0)", session + "('ada', '', zeroblob(32), 0, 1)",
		session + "('ada', 's', zeroblob(32), 0, 1)",
	} {
		if _, err := s.writer.ExecContext(t.Context(), bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
