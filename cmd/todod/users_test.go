package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/config"
	"todod/internal/pgtest"
	"todod/internal/todo"
)

// user runs `todod user` with these arguments, the first being the command below user, and this standard input.
func user(t *testing.T, env environment, stdin string, args ...string) (string, error) {
	t.Helper()
	var cli commands
	var out bytes.Buffer
	command, err := parse(&cli, append([]string{"user"}, args...), &out)
	if err != nil {
		return "", err
	}
	cfg, err := config.Load(env.get)
	if err != nil {
		t.Fatal(err)
	}
	err = manageUsers(t.Context(), cfg, command, cli.User, console{strings.NewReader(stdin), &out}, &out)
	return out.String(), err
}

// mustUser is user where nothing goes wrong.
func mustUser(t *testing.T, env environment, stdin string, args ...string) string {
	t.Helper()
	out, err := user(t, env, stdin, args...)
	if err != nil {
		t.Fatalf("user %v: %v", args, err)
	}
	return out
}

// storeOf opens the database of env for a test to look into.
func storeOf(t *testing.T, env environment) store {
	t.Helper()
	cfg, err := config.Load(env.get)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openAccounts(t.Context(), cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestOperatorsManageUsersWhileTheServerRuns, on both databases.
func TestOperatorsManageUsersWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "todod.db"), "postgres": pgtest.Empty(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := isolated(t, environment{"DATABASE_URL": url})
			p := start(t, env)
			if out := mustUser(t, env, "", "list"); out != "" {
				t.Errorf("nobody: %q", out)
			}
			if out := mustUser(t, env, "", "list", "--json"); out != "[]\n" {
				t.Errorf("nobody: %q", out)
			}
			id := strings.TrimSpace(mustUser(t, env, "correct horse\r\nmore", "create", "--email", "Ada@Example.com", "--name", "Ada \u202eL"))
			mustUser(t, env, "battery staple", "create", "--email", "bob@example.com", "--name", "Bob")
			want := regexp.MustCompile(`^\d{4}-\d\d-\d\d  ` + id + `  ada@example\.com  Ada \x{fffd}L\n\d{4}-\d\d-\d\d  [A-Za-z0-9]{32}  bob@example\.com  Bob\n$`)
			if out := mustUser(t, env, "", "list"); !want.MatchString(out) {
				t.Errorf("list: %q", out)
			}
			var people []map[string]string
			if err := json.Unmarshal([]byte(mustUser(t, env, "", "list", "--json")), &people); err != nil || len(people) != 2 ||
				people[0]["id"] != id || people[0]["email"] != "ada@example.com" || people[1]["name"] != "Bob" || len(people[0]) != 4 ||
				!regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`).MatchString(people[0]["created_at"]) {
				t.Errorf("list --json: %v, %v", people, err)
			}

			store := storeOf(t, env)
			wantPassword := func(email, password string) {
				t.Helper()
				a, err := store.AccountByEmail(t.Context(), email)
				if err != nil {
					t.Fatal(err)
				}
				if ok, err := account.NewPasswords().Verify(t.Context(), a.PasswordHash, password, account.Client{}); !ok || err != nil {
					t.Errorf("%s has not the password %q, %v", email, password, err)
				}
			}
			wantPassword("ada@example.com", "correct horse")
			now := time.Now().UTC().Truncate(time.Microsecond)
			session := account.Session{Owner: todo.UserID(id), ID: "sid", RefreshHash: make([]byte, 32), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
			if err := store.StartSession(t.Context(), session, ""); err != nil {
				t.Fatal(err)
			}
			mustUser(t, env, " new password \n", "set-password", "ADA@example.com")
			wantPassword("ada@example.com", " new password ")
			wantPassword("bob@example.com", "battery staple")
			if _, err := store.Session(t.Context(), session.Owner, session.ID, now); todo.CodeOf(err) != todo.NotFound {
				t.Errorf("her session: %v", err)
			}

			if code, body := call(t, "POST", p.url+"/api/v1/tasks", tokenOf(t, env, id), `{"title":"secret"}`); code != http.StatusCreated {
				t.Fatalf("status %d: %s", code, body)
			}
			for _, answer := range []string{"", "yes\n", id + "\n"} {
				if _, err := user(t, env, answer, "delete", "ada@example.com"); err == nil || exitCode(err) != exitFailure {
					t.Errorf("confirmed by %q: %v", answer, err)
				}
			}
			wantPassword("ada@example.com", " new password ")
			if out := mustUser(t, env, "ada@example.com\n", "delete", "ada@example.com"); out != id+" is erased\n" {
				t.Errorf("delete: %q", out)
			}
			if _, err := store.AccountByEmail(t.Context(), "ada@example.com"); todo.CodeOf(err) != todo.NotFound {
				t.Errorf("her account: %v", err)
			}
			if tasks, err := store.(todo.Store).Tasks(t.Context(), todo.UserID(id), todo.Filter{Limit: 10, Order: todo.NewestFirst()}); err != nil || len(tasks.Tasks) != 0 {
				t.Errorf("her tasks: %v, %v", tasks, err)
			}
			mustUser(t, env, "", "delete", "--yes", people[1]["id"])
			mustUser(t, env, "", "delete", "--yes", "somebody-of-better-auth")
			if out := mustUser(t, env, "", "list"); out != "" {
				t.Errorf("nobody: %q", out)
			}

			const elsewhere = "eve@example.com" // the sub of somebody who signs in elsewhere, and somebody else's address here
			other := strings.TrimSpace(mustUser(t, env, "battery staple", "create", "--email", elsewhere, "--name", "Eve"))
			if code, body := call(t, "POST", p.url+"/api/v1/tasks", tokenOf(t, env, elsewhere), `{"title":"secret"}`); code != http.StatusCreated {
				t.Fatalf("status %d: %s", code, body)
			}
			if _, err := user(t, env, other+"\n", "delete", "--id", elsewhere); err == nil {
				t.Error("confirmed by another id")
			}
			if out := mustUser(t, env, elsewhere+"\n", "delete", "--id", elsewhere); out != elsewhere+" is erased\n" {
				t.Errorf("delete --id: %q", out)
			}
			if tasks, err := store.(todo.Store).Tasks(t.Context(), elsewhere, todo.Filter{Limit: 10, Order: todo.NewestFirst()}); err != nil || len(tasks.Tasks) != 0 {
				t.Errorf("their tasks: %v, %v", tasks, err)
			}
			wantPassword(elsewhere, "battery staple")
			if out := mustUser(t, env, "", "delete", "--yes", "--id", other); out != other+" is erased\n" {
				t.Errorf("delete --id of an account: %q", out)
			}
		})
	}
}

func TestExitCodesOfUser(t *testing.T) {
	t.Parallel()
	env := isolated(t, nil)
	elsewhere := isolated(t, environment{"BETTER_AUTH_URL": "https://auth.example.com"})
	mustUser(t, env, "correct horse", "create", "--email", "ada@example.com", "--name", "Ada")
	for name, c := range map[string]struct {
		env   environment
		stdin string
		args  string
		want  int
	}{
		"no command":               {env, "", "", exitUsage},
		"an unknown command":       {env, "", "promote ada@example.com", exitUsage},
		"a password in argv":       {env, "", "create --email b@x --name B --password correct-horse", exitUsage},
		"no name":                  {env, "correct horse", "create --email b@x", exitUsage},
		"a bad address":            {env, "correct horse", "create --email b --name B", exitUsage},
		"a short password":         {env, "short", "create --email b@x --name B", exitUsage},
		"no password":              {env, "", "create --email b@x --name B", exitUsage},
		"a taken address":          {env, "correct horse", "create --email ADA@example.com --name B", exitFailure},
		"a short new password":     {env, "short\n", "set-password ada@example.com", exitUsage},
		"a new password of nobody": {env, "correct horse", "set-password nobody@example.com", exitFailure},
		"nobody to set one for":    {env, "correct horse", "set-password", exitUsage},
		"nobody at that address":   {env, "nobody@example.com", "delete nobody@example.com", exitFailure},
		"nobody to delete":         {env, "", "delete", exitUsage},
		"what is no id":            {env, "", "delete --yes --id " + strings.Repeat("x", 256), exitFailure},
		"accounts elsewhere":       {elsewhere, "correct horse", "create --email b@x --name B", exitUsage},
		"passwords elsewhere":      {elsewhere, "correct horse", "set-password ada@example.com", exitUsage},
		"no database":              {isolated(t, environment{"DATABASE_URL": "sqlite:/dev/null/x/todod.db"}), "", "list", exitFailure},
		"no server":                {isolated(t, environment{"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none?sslmode=disable&connect_timeout=1"}), "", "list", exitFailure},
	} {
		out, err := user(t, c.env, c.stdin, strings.Fields(c.args)...)
		if err == nil || exitCode(err) != c.want {
			t.Errorf("%s: %q, %v, want exit code %d", name, out, err, c.want)
		}
	}
	if out, err := user(t, env, "", "list"); err != nil || strings.Count(out, "\n") != 1 {
		t.Errorf("afterwards there are %q, %v", out, err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"user", "list"}, env.get, &out); err != nil || !strings.Contains(out.String(), "ada@example.com") {
		t.Errorf("as it is run: %q, %v", &out, err)
	}
}

// TestAnInterruptedQuestionEnds: SIGINT reaches a command that waits for an answer.
func TestAnInterruptedQuestionEnds(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	defer close(never)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := console{readerFunc(func([]byte) (int, error) { <-never; return 0, nil }), &bytes.Buffer{}}
	if _, err := c.newPassword(ctx); err == nil || exitCode(err) != exitFailure {
		t.Errorf("got %v", err)
	}
}

// A readerFunc reads as it says.
type readerFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestNoCommandMakesADatabaseInTheWrongFolder: it says where it looked instead. Making an account makes the database, as a
// start would.
func TestNoCommandMakesADatabaseInTheWrongFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "data", "todod.db")
	env := isolated(t, environment{"DATABASE_URL": "sqlite:" + path})
	for _, args := range [][]string{{"list"}, {"set-password", "ada"}, {"delete", "ada", "--yes"}} {
		if out, err := user(t, env, "correct horse battery\n", args...); err == nil || !strings.Contains(err.Error(), path+" is not there: go to the folder") {
			t.Errorf("user %v: %s, %v", args, out, err)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("made %v, %v", entries, err)
	}
	mustUser(t, env, "correct horse battery\n", "create", "--email", "ada@example.com", "--name", "Ada")
	backup := filepath.Join(folder, "backup.db")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"backup", backup}, env.get, &out); err != nil || !strings.Contains(out.String(), "1 accounts, 0 people who have written something") {
		t.Errorf("backup: %s, %v", out.String(), err)
	}
}
