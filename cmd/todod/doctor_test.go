package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/certtest"
	"todod/internal/pgtest"
	"todod/internal/redistest"
	"todod/internal/store/postgres"
)

// migrated is the URL of a database of its own with todod's schema, which a superuser opens.
func migrated(t *testing.T) string {
	t.Helper()
	return pgtest.Database(t, "doctor", func(ctx context.Context, url string) error {
		_, err := postgres.Migrate(ctx, url, false)
		return err
	})
}

// execute carries out statements at url.
func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// login makes a login with these attributes and returns its name and its URL. It is gone when the test ends.
func login(t *testing.T, admin, attributes string) (name, its string) {
	t.Helper()
	name = "doctor_" + strings.ToLower(rand.Text())
	execute(t, admin, "create role "+name+" login password 'secret' "+attributes)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), admin)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close(context.Background()) }()
		for _, s := range []string{"drop owned by " + name + " cascade", "drop role " + name} {
			if _, err := conn.Exec(context.Background(), s); err != nil {
				t.Errorf("%s: %v", s, err)
			}
		}
	})
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, "secret")
	return name, u.String()
}

// restricted returns the URL of a login that may work and owns nothing.
func restricted(t *testing.T, admin string) string {
	t.Helper()
	name, its := login(t, admin, "")
	execute(t, admin, "grant todod_app to "+name)
	return its
}

// keyServer is what the doctor sees of Better Auth: that it is there, the time it has, and its keys.
func keyServer(t *testing.T, ahead time.Duration) string {
	t.Helper()
	key, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		switch r.URL.Path {
		case "/api/auth/ok":
			_, _ = fmt.Fprint(w, `{"ok":true}`)
		case "/api/auth/jwks":
			_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":%q}]}`, base64.RawURLEncoding.EncodeToString(key))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// production returns the environment of a deployment in production with which nothing is wrong.
func production(t *testing.T, admin string) environment {
	t.Helper()
	return environment{
		"APP_ENV": "production", "DATABASE_URL": restricted(t, admin), "DATABASE_DIRECT_URL": admin,
		"BETTER_AUTH_URL": keyServer(t, 0), "BETTER_AUTH_SECRET": rand.Text() + rand.Text(),
		"ALLOWED_ORIGINS": "https://app.example.com", "TRUSTED_PROXIES": "127.0.0.1", "DB_INSECURE": "true",
	}
}

// encrypt makes env serve HTTPS with a certificate that is good from a while from now until another, and returns it.
func encrypt(t *testing.T, env environment, from, until time.Duration) environment {
	t.Helper()
	folder := t.TempDir()
	certtest.NewFor(t, 1, from, until).Put(t, folder)
	env["TLS_CERT_FILE"], env["TLS_KEY_FILE"] = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	return env
}

// examined returns what the doctor says, and whether something is wrong.
func examined(t *testing.T, env environment, flags ...string) (said string, wrong bool) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"doctor"}, flags...), env.get, &out)
	if err != nil && !errors.Is(err, errUnhealthy) {
		t.Fatal(err)
	}
	return out.String(), err != nil
}

// wantSaid fails the test unless some line of what the doctor said matches each pattern.
func wantSaid(t *testing.T, said string, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		if !regexp.MustCompile("(?m)^" + pattern).MatchString(said) {
			t.Errorf("nothing like %q in\n%s", pattern, said)
		}
	}
}

func TestTheDoctorOnAGoodDeployment(t *testing.T) {
	t.Parallel()
	env := encrypt(t, production(t, migrated(t)), -time.Hour, 90*24*time.Hour)
	env["REDIS_URL"] = redistest.Start(t).URL
	said, wrong := examined(t, env, "--origin", "https://app.example.com")
	if wrong || strings.Contains(said, "fail") {
		t.Error("something is wrong")
	}
	wantSaid(t, said, "ok    configuration for production", "ok    PostgreSQL doctor_.* answers, version 1", "warn  the connection is not encrypted",
		"ok    its clock agrees", "ok    each server makes up to 24 connections", "ok    all migrations have run",
		"ok    users are kept apart by row-level security, for a login that owns nothing", "ok    todod can remove",
		"ok    notifications arrive", "ok    prepared statements survive", "ok    Better Auth answers; whether bearer",
		"ok    Better Auth's clock agrees", "ok    1 keys at .*/api/auth/jwks", "ok    a frontend at https://app.example.com is let in",
		"ok    HTTPS for todo.example.com until 2", `ok    Redis 127.0.0.1:\d+ counts requests, version \d`)
	if n := strings.Count(said, "warn"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, said)
	}
}

// TestTheDoctorSaysItAsJSON: the same as in lines, with the same exit codes.
func TestTheDoctorSaysItAsJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  environment
		want int
	}{
		"nothing wrong":           {isolated(t, nil), 0},
		"something wrong":         {isolated(t, environment{"DATABASE_URL": "postgres://x@127.0.0.1:1/todod?sslmode=disable"}), exitFailure},
		"the configuration wrong": {isolated(t, environment{"APP_ENV": "moon", "API_PORT": "x"}), exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines, array bytes.Buffer
			err := run(t.Context(), []string{"doctor"}, c.env.get, &lines)
			if asJSON := run(t.Context(), []string{"doctor", "--json"}, c.env.get, &array); c.want == 0 && asJSON != nil || c.want != 0 && exitCode(asJSON) != c.want ||
				(err == nil) != (asJSON == nil) {
				t.Errorf("%v, as JSON %v", err, asJSON)
			}
			var findings []map[string]string
			if err := json.Unmarshal(array.Bytes(), &findings); err != nil || len(findings) == 0 {
				t.Fatalf("%v in %s", err, &array)
			}
			for _, f := range findings {
				if len(f) != 4 || f["check"] == "" || !strings.Contains(lines.String(), fmt.Sprintf("%-4s  %s", f["status"], f["message"])) {
					t.Errorf("%v is not in\n%s", f, &lines)
				}
				for advice := range strings.Lines(f["advice"]) {
					if !strings.Contains(lines.String(), strings.TrimSpace(advice)) {
						t.Errorf("%q is not in\n%s", advice, &lines)
					}
				}
			}
		})
	}
}

// TestTheDoctorOnBrokenDeployments: each is good but for one thing, and that is what is said.
func TestTheDoctorOnBrokenDeployments(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, env environment, admin string)
		flags []string
		want  []string
	}{
		"a wrong password": {
			func(_ *testing.T, env environment, _ string) {
				env["DATABASE_URL"] = "postgres://nobody:wrong@127.0.0.1:" + strings.SplitN(strings.SplitN(env["DATABASE_URL"], "@127.0.0.1:", 2)[1], "?", 2)[0] + "?sslmode=disable"
			}, nil, []string{"fail  PostgreSQL nobody@.*", "      (correct login and password|let this login in)"},
		},
		"no database": {
			func(_ *testing.T, env environment, _ string) {
				env["DATABASE_URL"] = "postgres://x@127.0.0.1:1/todod?sslmode=disable"
			}, nil, []string{"fail  PostgreSQL x@127.0.0.1:1/todod: connect: ", "      see whether it runs"},
		},
		"a setting that changes what texts mean": {
			func(t *testing.T, env environment, admin string) {
				name, its := login(t, admin, "")
				execute(t, admin, "grant todod_app to "+name, "alter role "+name+" set standard_conforming_strings = off")
				env["DATABASE_URL"] = its
			}, nil, []string{"fail  PostgreSQL .*standard_conforming_strings is off.*: alter role .* set standard_conforming_strings = on;"},
		},
		"no way for migrations": {
			func(_ *testing.T, env environment, _ string) {
				env["DATABASE_DIRECT_URL"] = "postgres://x@127.0.0.1:1/todod?sslmode=disable"
			}, nil, []string{"fail  PostgreSQL .*over DATABASE_DIRECT_URL"},
		},
		"a login that bypasses row-level security": {
			func(t *testing.T, env environment, admin string) {
				name, its := login(t, admin, "bypassrls")
				execute(t, admin, "grant usage on schema todod to "+name, "grant all on all tables in schema todod to "+name)
				env["DATABASE_URL"] = its
			}, nil, []string{"fail  NO row-level security: .*: connect as a login"},
		},
		"a login without rights": {
			func(t *testing.T, env environment, admin string) { _, env["DATABASE_URL"] = login(t, admin, "") },
			nil, []string{"fail  PostgreSQL .*may not use todod's tables: grant it todod_app"},
		},
		"the login that works for migrations, too": {
			func(_ *testing.T, env environment, _ string) { env["DATABASE_DIRECT_URL"] = env["DATABASE_URL"] }, nil,
			[]string{"fail  PostgreSQL .*permission denied", "      DATABASE_DIRECT_URL must be the login that owns the tables: "},
		},
		"Better Auth away": {
			func(_ *testing.T, env environment, _ string) { env["BETTER_AUTH_URL"] = closed.URL },
			nil, []string{"fail  Better Auth can't be reached", "fail  the keys that verify tokens can't be had"},
		},
		"something else in its place": {
			func(t *testing.T, env environment, _ string) {
				server := httptest.NewServer(http.NotFoundHandler())
				t.Cleanup(server.Close)
				env["BETTER_AUTH_URL"] = server.URL
			}, nil, []string{"fail  Better Auth answers 404", "warn  there are no keys at .*jwt\\(\\)"},
		},
		"no key that is allowed": {
			func(t *testing.T, env environment, _ string) {
				env["AUTH_ALLOWED_ALGS"], env["AUTH_JWKS_URL"] = "ES256", keyServer(t, 0)+"/nowhere"
			}, nil, []string{"fail  there are no keys at"},
		},
		"a clock that is far ahead": {
			func(t *testing.T, env environment, _ string) { env["BETTER_AUTH_URL"] = keyServer(t, 2*time.Minute) },
			nil, []string{`fail  Better Auth's clock is (2m0|1m59)(\.\d)?s ahead of this machine's, more than AUTH_LEEWAY \(30s\)`},
		},
		"a clock that is far behind": {
			func(t *testing.T, env environment, _ string) { env["BETTER_AUTH_URL"] = keyServer(t, -2*time.Minute) },
			nil, []string{`fail  Better Auth's clock is (2m0|1m59)(\.\d)?s behind this machine's`},
		},
		"Redis away": {
			func(_ *testing.T, env environment, _ string) { env["REDIS_URL"] = "redis://user:secret@127.0.0.1:1" }, nil,
			[]string{"fail  Redis 127.0.0.1:1: each server counts by itself"},
		},
		"no Redis": {
			func(_ *testing.T, env environment, _ string) {
				env["REDIS_URL"] = "redis" + strings.TrimPrefix(env["BETTER_AUTH_URL"], "http")
			}, nil, []string{"fail  Redis 127.0.0.1:"},
		},
		"a certificate that has expired": {
			func(t *testing.T, env environment, _ string) { encrypt(t, env, -time.Hour, -time.Minute) }, nil,
			[]string{"fail  the certificate in TLS_CERT_FILE is no longer good since 2"},
		},
		"a certificate from the future": {
			func(t *testing.T, env environment, _ string) { encrypt(t, env, time.Hour, 2*time.Hour) }, nil,
			[]string{"fail  the certificate in TLS_CERT_FILE is not good until 2"},
		},
		"no certificate": {
			func(_ *testing.T, env environment, _ string) {
				env["TLS_CERT_FILE"], env["TLS_KEY_FILE"] = "/nowhere/cert.pem", "/nowhere/key.pem"
			}, nil, []string{"fail  TLS_CERT_FILE must name a file"},
		},
		"an origin that is not allowed": {
			func(*testing.T, environment, string) {}, []string{"--origin", "https://other.example.com/"},
			[]string{"fail  a frontend at https://other.example.com is kept out by browsers: add it to ALLOWED_ORIGINS, which is https://app.example.com"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			admin := migrated(t)
			env := production(t, admin)
			c.spoil(t, env, admin)
			said, wrong := examined(t, env, c.flags...)
			if !wrong {
				t.Error("nothing is wrong")
			}
			wantSaid(t, said, c.want...)
			if got := regexp.MustCompile("(?m)^fail").FindAllString(said, -1); len(got) > len(c.want) {
				t.Errorf("more is said to be wrong than is:\n%s", said)
			}
			if strings.Contains(said, ":secret") || strings.Contains(said, "wrong@") || strings.Contains(said, env["BETTER_AUTH_SECRET"]) {
				t.Errorf("a secret is shown:\n%s", said)
			}
		})
	}
}

// TestTheDoctorWarns: what works, but not as it might.
func TestTheDoctorWarns(t *testing.T) {
	t.Parallel()
	admin := migrated(t)
	_, few := login(t, admin, "connection limit 9")
	execute(t, admin, "grant todod_app to "+strings.SplitN(strings.TrimPrefix(few, "postgres://"), ":", 2)[0])
	maintainerName, maintainer := login(t, admin, "")
	execute(t, admin, "grant todod_app, todod_maintenance to "+maintainerName)
	unmaintained := migrated(t)
	execute(t, unmaintained, "drop policy maintenance on todod.tasks")
	for name, c := range map[string]struct {
		env  environment
		want []string
	}{
		"migrations have not run": {
			environment{"DATABASE_URL": pgtest.Empty(t), "DATABASE_DIRECT_URL": ""},
			[]string{`warn  \d+ migrations have not run: todod migrate`, "warn  how the database keeps users apart"},
		},
		"few connections": {environment{"DATABASE_URL": few}, []string{"warn  DB_POOL_SIZE=20 makes up to 24 connections.* 9 at most"}},
		"no maintenance": {
			environment{"DATABASE_URL": unmaintained, "DATABASE_DIRECT_URL": unmaintained},
			[]string{"warn  todod can't remove", `      create policy maintenance on todod.tasks for select to todod_maintenance using \(current_user = 'todod_maintenance'\);`},
		},
		"a login that works and may maintain": {
			environment{"DATABASE_URL": maintainer},
			[]string{"warn  who works for people can see whose rows", "      revoke todod_maintenance from " + maintainerName + ";"},
		},
		"a pooler everywhere": {
			environment{"DATABASE_URL": pgtest.Pooled(t, admin, 4), "DATABASE_DIRECT_URL": pgtest.Pooled(t, admin, 4)},
			[]string{"warn  notifications don't arrive"},
		},
		"a clock that drifts": {
			environment{"BETTER_AUTH_URL": keyServer(t, -20*time.Second)}, []string{"warn  Better Auth's clock is .* behind"},
		},
		"a secret typed by hand": {
			environment{"BETTER_AUTH_SECRET": strings.Repeat("abcd", 10)}, []string{"warn  secret 1 of 1 has hardly any"},
		},
		"a certificate that ends soon": {
			encrypt(t, environment{}, -time.Hour, time.Hour), []string{"warn  the certificate in TLS_CERT_FILE is good until 2.* only"},
		},
		"no proxy, no limits": {
			environment{"TRUSTED_PROXIES": "", "RATE_LIMIT_ENABLED": "false"},
			[]string{"warn  RATE_LIMIT_ENABLED=false", "warn  nothing encrypts"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := production(t, admin)
			for name, value := range c.env {
				env[name] = value
			}
			said, wrong := examined(t, env)
			if wrong {
				t.Errorf("something is wrong:\n%s", said)
			}
			wantSaid(t, said, c.want...)
		})
	}
}

func TestTheDoctorOnSQLite(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{"BETTER_AUTH_SECRET": rand.Text() + rand.Text()})
	path := strings.TrimPrefix(env["DATABASE_URL"], "sqlite:")
	said, _ := examined(t, env)
	wantSaid(t, said, "ok    SQLite .* is not there yet", `warn  \d+ migrations have not run`)
	p := start(t, env)
	said, wrong := examined(t, env, "--origin", "http://localhost:3000") // beside the server
	if wrong {
		t.Error("something is wrong")
	}
	wantSaid(t, said, "ok    SQLite .* can be read and written", "ok    SQLite's quick_check finds nothing wrong", "ok    nobody else may read it",
		`ok    \d+ MB are left|warn  only \d+ MB`, "ok    all migrations have run", "ok    a frontend at http://localhost:3000 is let in")
	p.end(t)

	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	said, _ = examined(t, env)
	wantSaid(t, said, "warn  others on this machine may read it .*: chmod 600 "+regexp.QuoteMeta(path))
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, wrong = examined(t, env); !wrong {
		t.Error("nothing is wrong with a file that is no database")
	}
	wantSaid(t, said, "fail  SQLite .*not a database")
}

func TestAnOriginIsOne(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"app.example.com", "https://", "https://app.example.com/path", "ftp://app.example.com", "https://a@b", "https://a?b"} {
		if err := run(t.Context(), []string{"doctor", "--origin", origin}, isolated(t, nil).get, new(bytes.Buffer)); exitCode(err) != exitUsage {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

// TestTheDoctorAfterARestoredBackup: what a task's version would have been comes never again.
func TestTheDoctorAfterARestoredBackup(t *testing.T) {
	t.Parallel()
	admin := migrated(t)
	for name, env := range map[string]environment{
		"sqlite": isolated(t, nil), "postgres": isolated(t, environment{"DATABASE_URL": restricted(t, admin), "DATABASE_DIRECT_URL": admin}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := tokenOf(t, env, "alice")
			p := start(t, env)
			call(t, "POST", p.url+"/api/v1/tasks", token, `{"title":"before"}`)
			p.end(t)
			said, wrong := examined(t, env, "--after-restore")
			if wrong {
				t.Error("something is wrong")
			}
			wantSaid(t, said, "ok    the revisions of 1 people, and the ids of tasks, go on 10000000000 higher")
			p = start(t, env)
			if code, body := call(t, "POST", p.url+"/api/v1/tasks", token, `{"title":"after"}`); code != http.StatusCreated ||
				!regexp.MustCompile(`"id":100000000\d\d,`).MatchString(body) || !strings.Contains(body, `"version":10000000002`) {
				t.Errorf("%d %s", code, body)
			}
		})
	}
	broken := isolated(t, environment{"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "none.db")})
	if said, wrong := examined(t, broken, "--after-restore"); !wrong {
		t.Errorf("nothing is wrong where nothing was restored:\n%s", said)
	}
}

// TestTheDoctorWarnsOfUnknownNames as the server does. Not parallel: it changes the environment of the process.
func TestTheDoctorWarnsOfUnknownNames(t *testing.T) {
	t.Setenv("RATE_LIMIT_SIGN_IN", "5/m")
	env := isolated(t, nil)
	said, _ := examined(t, env)
	const want = "RATE_LIMIT_SIGN_IN is no variable of todod: a typo, or another program's"
	wantSaid(t, said, "warn  "+want+"$")
	p := start(t, env)
	if len(told(p.out, want)) != 1 {
		t.Error("the server says something else")
	}
}

// TestTheDoctorCountsTheSecretOfTheDataFolder, made or not, and makes none. Not parallel: it changes the working directory.
func TestTheDoctorCountsTheSecretOfTheDataFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	env := isolated(t, environment{"BETTER_AUTH_SECRET": ""})
	const accounts = "ok    sign-in with accounts of its own$"
	said, _ := examined(t, env)
	wantSaid(t, said, accounts)
	if _, err := os.Stat("data"); err == nil {
		t.Error("the doctor made the data folder")
	}
	start(t, env).end(t)
	said, _ = examined(t, env)
	wantSaid(t, said, accounts)

	put(t, filepath.Join("data", "secret"), "short")
	said, wrong := examined(t, env)
	if !wrong {
		t.Error("nothing is wrong where the server doesn't start")
	}
	wantSaid(t, said, "fail  read development secret: .*delete it")
}

// TestTheDoctorOnAuditFiles: nothing is made or changed, and what stops the server is said.
func TestTheDoctorOnAuditFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	there := filepath.Join(folder, "there.log")
	put(t, there, "a line\n")
	for path, want := range map[string]string{
		there:                                  "ok    security events go into .*there.log$",
		filepath.Join(folder, "new.log"):       "ok    security events go into .*new.log, which the first start makes$",
		filepath.Join(folder, "none", "a.log"): "fail  AUDIT_LOG_FILE: .*none",
		filepath.Join(there, "a.log"):          "fail  AUDIT_LOG_FILE: .*there.log",
		folder:                                 "fail  AUDIT_LOG_FILE: .*can make: ",
	} {
		said, wrong := examined(t, isolated(t, environment{"AUDIT_LOG_FILE": path}))
		wantSaid(t, said, want)
		if wrong != strings.HasPrefix(want, "fail") {
			t.Errorf("%s: wrong %t", path, wrong)
		}
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "a line\n" {
		t.Errorf("now the file has %q, %v", text, err)
	}
	if said, _ := examined(t, isolated(t, nil)); strings.Contains(said, "security events") {
		t.Errorf("there is none:\n%s", said)
	}
}

// TestTheDoctorGoesOnWithoutSettings: what is missing is a line each, and the rest is looked at.
func TestTheDoctorGoesOnWithoutSettings(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{"APP_ENV": "production", "REDIS_URL": "redis://:12/34secret@127.0.0.1:1"})
	var out bytes.Buffer
	err := run(t.Context(), []string{"doctor"}, env.get, &out)
	if exitCode(err) != exitUsage || !errors.Is(err, errUnhealthy) {
		t.Errorf("%v", err)
	}
	wantSaid(t, out.String(), "fail  BETTER_AUTH_URL must be set", "fail  ALLOWED_ORIGINS must", "fail  REDIS_URL must be",
		"ok    configuration for production", "ok    SQLite .* is not there yet")
	env["DATABASE_URL"] = "postgres://app:12/34secret@127.0.0.1:1/d"
	out.Reset()
	if err := run(t.Context(), []string{"doctor"}, env.get, &out); exitCode(err) != exitUsage || strings.Contains(out.String(), "connect") {
		t.Errorf("%v: %s", err, out.String())
	}
}
