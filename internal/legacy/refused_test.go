package legacy

import (
	"crypto/rand"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/todo"
)

// said returns the lines of a report, as "table id outcome: reasons", in order.
func said(t *testing.T, report string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(report) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, f.Table+" "+f.ID+" "+f.Outcome+": "+strings.Join(f.Reasons, "; "))
	}
	return lines
}

// wantReport fails the test unless a report says just this.
func wantReport(t *testing.T, report string, want ...string) {
	t.Helper()
	if got := said(t, report); !slices.Equal(got, want) {
		t.Errorf("the report says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRefusedAndAlteredRowsAreReported(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.person(t, "ada", " Ada@Example.com", hash)
		b.person(t, "bob", "ADA@example.com", hash)
		b.person(t, "carl", "carl@x", "pbkdf2_sha256$1000$x$y")
		b.person(t, "dora", "no address", hash)
		b.addTask(t, 1, "ada", " trimmed", nil)
		b.addTask(t, 2, "ada", "\t", nil)
		b.addTask(t, 3, "bob", "his e-mail is taken, his tasks are his", nil)
		b.addTask(t, 4, "carl", "kept", nil)
		report := []string{
			"user ada altered: email was brought to the spelling that accounts have: lower case, without white space; " +
				"name was trimmed of white space",
			"user bob refused: email is that of the account of user ada, but for case and white space",
			"user carl refused: password must be hashed with bcrypt, argon2id or Better Auth's scrypt",
			"user dora refused: email must be an e-mail address of at most 254 bytes",
			"task 1 altered: title was trimmed of white space", "task 2 refused: title must not be empty",
		}
		b.exec(t, `update "user" set name = ' Ada ' where id = 'ada'`)
		cfg := config(b.read(t), to)

		summary, got := mustImport(t, cfg)

		wantReport(t, got, report...)
		want := Summary{
			Accounts: Count{Total: 4, Imported: 1, Refused: 3, Altered: 1}, Tasks: Count{Total: 4, Imported: 3, Refused: 1, Altered: 1},
		}
		if summary != want || len(to.tasksOf(t, "bob")) != 1 || len(to.tasksOf(t, "carl")) != 1 {
			t.Errorf("%+v, want %+v", summary, want)
		}
		_, got = mustImport(t, cfg) // what came over is not spoken of again
		wantReport(t, got, report[1], report[2], report[3], report[5])
		b.exec(t, `update "user" set email = 'bob@example.com' where id = 'bob'`)
		summary, _ = mustImport(t, cfg)
		if summary.Accounts.Imported != 1 || summary.Accounts.Known != 1 {
			t.Errorf("when it was put right: %+v", summary)
		}
	})
}

// TestATakenAddressStaysWhereItIs: the account that was here first is not touched.
func TestATakenAddressStaysWhereItIs(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		here := account.Account{
			Person:       account.Person{ID: "here", Email: "ada@example.com", Name: "Ada", CreatedAt: noon},
			PasswordHash: "$argon2id$",
		}
		if err := to.store.CreateAccount(t.Context(), here, nil); err != nil {
			t.Fatal(err)
		}
		b.person(t, "ada", "ada@example.com", hash)
		_, report := mustImport(t, config(b.read(t), to))
		wantReport(t, report, "user ada refused: email is that of the account of user here, but for case and white space")
		if a, err := to.store.AccountByEmail(t.Context(), "ada@example.com"); err != nil || a.ID != "here" || a.PasswordHash != here.PasswordHash {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// TestAnotherDatabaseWithTheSameIDs is noticed, and has its place under a source of its own.
func TestAnotherDatabaseWithTheSameIDs(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.person(t, "ada", "ada@example.com", hash)
		b.addTask(t, 1, "ada", "of the first", nil)
		cfg := config(b.read(t), to)
		mustImport(t, cfg)
		b.exec(t, "delete from task")
		b.addTask(t, 1, "ada", "of the second", map[string]any{"created_at": at(noon), "updated_at": at(noon)})

		summary, report := mustImport(t, cfg)
		wantReport(t, report, "task 1 refused: id is that of another task, created at 2026-01-15T12:01:00.123456Z, which was "+
			"imported before: if this is another database, give it a --source of its own")
		if summary.Tasks.Refused != 1 || len(to.tasksOf(t, "ada")) != 1 {
			t.Errorf("%+v", summary)
		}
		cfg.Source = "second"
		if summary, _ = mustImport(t, cfg); summary.Tasks.Imported != 1 || len(to.tasksOf(t, "ada")) != 2 {
			t.Errorf("%+v", summary)
		}
	})
}

// TestTasksOfNobody stay behind: those without an owner, and those whose owner was deleted. Without accounts nobody can
// tell the latter.
func TestTasksOfNobody(t *testing.T) {
	t.Parallel()
	b := newSQLite(t, sqliteKinds[2])
	to := intoSQLite(t, t.TempDir()+"/todod.db")
	b.person(t, "1", "ada@example.com", hash)
	b.addTask(t, 1, "1", "mine", nil)
	b.addTask(t, 2, "2", "of one who was deleted", nil)
	b.addTask(t, 3, "1", "of nobody", map[string]any{"user_id": nil})
	cfg := config(b.read(t), to)

	_, report := mustImport(t, cfg)
	wantReport(t, report, "user 1 altered: name was none, became what stands before the @ of the email",
		"task 3 refused: user_id must not be null", "task 2 refused: user_id is that of no user in the old database")
	cfg.WithAccounts = false
	summary, _ := mustImport(t, cfg)
	if summary.Tasks != (Count{Total: 3, Imported: 1, Known: 1, Refused: 1}) || len(to.tasksOf(t, "2")) != 1 {
		t.Errorf("without accounts: %+v", summary)
	}
}

// TestAnErasureHolds: neither account nor tasks come back.
func TestAnErasureHolds(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.person(t, "ada", "ada@example.com", hash)
		b.addTask(t, 1, "ada", "x", nil)
		cfg := config(b.read(t), to)
		mustImport(t, cfg)
		if err := to.store.Erase(t.Context(), "ada", importTime.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		for _, dryRun := range []bool{true, false} {
			cfg.DryRun = dryRun
			_, report := mustImport(t, cfg)
			wantReport(t, report, "user ada refused: id is refused: Everything of this person was erased at their request",
				"task 1 refused: user_id is refused: Everything of this person was erased at their request")
		}
		if _, err := to.store.Account(t.Context(), "ada"); todo.CodeOf(err) != todo.NotFound {
			t.Errorf("the account: %v", err)
		}
	})
}

// TestASwitchedOffAccountStaysSwitchedOff: an import lets nobody in whom the old backend kept out.
func TestASwitchedOffAccountStaysSwitchedOff(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.exec(t, `alter table "user" add column is_active boolean`)
		for _, id := range []string{"no", "unknown", "yes"} {
			b.person(t, id, id+"@x", hash)
		}
		b.exec(t, `update "user" set is_active = (id = 'yes') where id <> 'unknown'`)
		_, report := mustImport(t, config(b.read(t), to))
		wantReport(t, report, "user no refused: is_active is not true: the account was switched off",
			"user unknown refused: is_active is not true: the account was switched off")
	})
}

// TestALoginThatMayOnlyRead is enough for the old database, also where the tables are in another schema.
func TestALoginThatMayOnlyRead(t *testing.T) {
	t.Parallel()
	oldURL := pgtest.Empty(t)
	b := newPostgres(t, postgresKinds[1], oldURL)
	b.person(t, b.ids[0], "ada@example.com", hash)
	b.addTask(t, 1, b.ids[0], "x", nil)
	reader := "todod_test_reader_" + strings.ToLower(rand.Text())
	for _, statement := range []string{
		`create schema "Old"`, `alter table "user" set schema "Old"`, `alter table task set schema "Old"`,
		"create role " + reader + " login password 'secret'", `grant usage on schema "Old" to ` + reader,
		`grant select on all tables in schema "Old" to ` + reader,
	} {
		b.exec(t, statement)
	}
	t.Cleanup(func() { b.exec(t, "drop owned by "+reader); b.exec(t, "drop role "+reader) })
	u, err := url.Parse(oldURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(reader, "secret")
	q := u.Query()
	q.Set("search_path", `"Old"`)
	u.RawQuery = q.Encode()
	from, err := OpenPostgres(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	summary, report := mustImport(t, config(from, intoSQLite(t, t.TempDir()+"/todod.db")))
	if summary.Tasks.Imported != 1 || summary.Accounts.Imported != 1 {
		t.Errorf("%+v\n%s", summary, report)
	}
}
