package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"todod/internal/config"
	"todod/internal/logtest"
)

// unluckyPasswords have each character in them that means something in a URL, and parts that are found again.
var unluckyPasswords = []string{
	"plainSecret9", "Xq7@Tr0ub4dor", "12/34secret", "Zz9?Qu3ry", "12?34query", "Fr4g#Ment9", "12#34ment", "Pc3%Ent7", "C0l:On5x", "Sp4 Ace8",
	"Br4[Ket6]", `Q"uo9te`, "Amp3&Ers4", "Eq5=Ual6", "C0,mma7x", "12@34/56?Mix9#x", "Und3\\Back8", "Plu5+Sig2", "12/34?sslmode=Par4m@x",
}

// part matches what is looked for of a password: what stands between characters that mean something, if it can't stand there
// by chance.
var part = regexp.MustCompile(`[A-Za-z0-9]{4,}`)

// misspelt are the ways in which a URL with a user and a password at a server that isn't there is written, right and wrong.
func misspelt(scheme string) []string {
	const at = "@127.0.0.1:1/d"
	return []string{
		scheme + "://app:%s" + at, scheme + "://app:%s@" + at, scheme + ":app:%s" + at, scheme + ":/app:%s" + at, scheme + ":///app:%s" + at,
		scheme + "://app:%s@127.0.0.1:port/d", scheme + "://app:%s/d/e", scheme + "://:%s" + at, scheme + "://app:%s" + at + "?sslmode=maybe",
		scheme + "://127.0.0.1:1/d?user=app&password=%s", scheme + "://127.0.0.1:1/d?passwort=%s", scheme + "://app:%s" + at + "\r",
		scheme + "://app:%s" + at + "#x", `"` + scheme + "://app:%s" + at + `"`, "psql '" + scheme + "://app:%s" + at + "'", "app:%s" + at,
		"host=127.0.0.1 user=app password=%s", "mysql://app:%s" + at, "sqlite://app:%s" + at, "sqlite:app:%s" + at, "jdbc:" + scheme + "://app:%s" + at,
		"NAME=" + scheme + "://app:%s" + at, scheme + "://app:%s" + at + "?options=%%",
	}
}

// A misconfiguration is an environment with a password in it, and arguments besides.
type misconfiguration struct {
	env  environment
	args []string
}

// misconfigurations returns the variables and flags that can hold a password, each with this one, in every way of writing it.
func misconfigurations(t *testing.T, password string) (all []misconfiguration) {
	t.Helper()
	base := isolated(t, environment{"API_PORT": "0"})
	add := func(name, value string, more environment) {
		env := maps.Clone(base)
		maps.Copy(env, more)
		env[name] = value
		all = append(all, misconfiguration{env: env})
		if file := maps.Clone(env); name != "" {
			delete(file, name)
			file[name+"_FILE"] = value // where its path belongs
			all = append(all, misconfiguration{env: file})
		}
	}
	fill := func(form string) string {
		return strings.Replace(strings.ReplaceAll(form, "%%", "%"), "%s", password, 1)
	}
	for _, form := range misspelt("postgres") {
		add("DATABASE_URL", fill(form), nil)
		add("DATABASE_URL", fill(form), environment{"APP_ENV": "production", "ALLOWED_ORIGINS": "https://a.example", "AUTH_PROVIDER": "local"})
		add("DATABASE_DIRECT_URL", fill(form), environment{"DATABASE_URL": "postgres://app@127.0.0.1:1/d"})
		all = append(all,
			misconfiguration{base, []string{"import", "--dry-run", "--report", filepath.Join(t.TempDir(), "report"), "--from", fill(form)}},
			misconfiguration{base, []string{"import", "--form=" + fill(form)}},
			misconfiguration{base, []string{"import", fill(form)}})
	}
	for _, form := range misspelt("redis") {
		add("REDIS_URL", fill(form), nil)
	}
	for _, form := range misspelt("http") {
		env := environment{"TODOD_URL": fill(form), "XDG_CONFIG_HOME": t.TempDir()}
		all = append(all, misconfiguration{env, []string{"tasks", "ls"}}, misconfiguration{env, []string{"logout"}})
		if strings.HasSuffix(form, "%s/d/e") {
			continue // which is a path, and shown
		}
		add("BETTER_AUTH_URL", fill(form), nil)
		add("AUTH_JWKS_URL", fill(form), environment{"AUTH_ISSUER": "i", "AUTH_AUDIENCE": "a"})
		add("OTEL_EXPORTER_OTLP_ENDPOINT", fill(form), environment{"OTEL_TRACES_EXPORTER": "none"})
		add("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", fill(form), environment{"OTEL_TRACES_EXPORTER": "none"})
		add("ALLOWED_ORIGINS", fill(form), nil)
	}
	for _, form := range []string{"%s", "%s\r", `"%s"`, "2:%s,1:%s", "2:%s 2:%s", "Authorization: Bearer %s", "Authorization=Bearer %s", "a=b,%s"} {
		add("BETTER_AUTH_SECRET", fill(form), nil)
		add("BETTER_AUTH_SECRET", fill(form), environment{"APP_ENV": "staging"})
		add("BETTER_AUTH_SECRETS", fill(form), nil)
		add("OTEL_EXPORTER_OTLP_HEADERS", fill(form), environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"})
	}
	return all
}

// said returns everything that a command says with a configuration.
func said(ctx context.Context, m misconfiguration, args []string) string {
	var out logtest.Output
	err := run(ctx, args, m.env.get, &out)
	return fmt.Sprint(out.String(), err)
}

// TestNoOutputShowsAPartOfASecret: whatever is wrong with what was written where, no command repeats any of it. Those of a
// configuration that is refused all end where it is read, so one of them each time is enough; with what is accepted, a few
// are tried, and for each what a start says of it.
func TestNoOutputShowsAPartOfASecret(t *testing.T) {
	t.Parallel()
	commands := [][]string{
		{"migrate"}, {"doctor"}, {"doctor", "--json"}, {"user", "list"}, {"demo"}, {"backup", os.DevNull}, {"restore", os.DevNull}, {"token", "--user", "ada"},
		{"healthcheck"}, {"serve"},
	}
	for number, password := range unluckyPasswords {
		t.Run(strconv.Itoa(number), func(t *testing.T) {
			t.Parallel()
			parts := slices.DeleteFunc(part.FindAllString(password, -1), func(p string) bool { return p == "sslmode" })
			refused := 0
			for i, m := range misconfigurations(t, password) {
				if t.Failed() {
					return
				}
				var text string
				cfg, err := config.Load(m.env.get)
				switch {
				case m.args != nil:
					text = said(t.Context(), m, m.args)
				case err != nil:
					text = said(t.Context(), m, commands[i%len(commands)])
					refused++
				default:
					var out bytes.Buffer
					logConfig(slog.New(slog.NewTextHandler(&out, nil)), cfg)
					logChanges(slog.New(slog.NewTextHandler(&out, nil)), cfg)
					text = out.String() + startLine(cfg, &net.TCPAddr{}) + cfg.Database.String() + cfg.Auth.JWKSShown()
				}
				for _, p := range parts {
					if strings.Contains(text, p) {
						t.Errorf("%v with %v says %q:\n%s", m.args, m.env, p, text)
					}
				}
			}
			if refused < 100 {
				t.Errorf("only %d configurations were refused", refused)
			}
		})
	}
}

// TestNoTokenIsShown: whoever has signed in doesn't see it in what commands say that fail.
func TestNoTokenIsShown(t *testing.T) {
	t.Parallel()
	const hidden = "S3cretOf32BytesThatNobodyMaySee9"
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "todod"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{
		`{"http://127.0.0.1:1": {"token": "` + hidden + `", "refresh_token": "` + hidden + `"}}`, `{"http://127.0.0.1:1": {"token": "` + hidden,
	} {
		if err := os.WriteFile(filepath.Join(folder, "todod", "sessions.json"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"tasks", "ls"}, {"tasks", "add", "x"}, {"tasks", "done", "1"}, {"tasks", "edit", "1", "--title", "x"}, {"tasks", "rm", "1"}, {"tasks", "watch"}, {"logout"}} {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			text := said(ctx, misconfiguration{env: environment{"TODOD_URL": "http://127.0.0.1:1", "XDG_CONFIG_HOME": folder}}, args)
			cancel()
			if strings.Contains(text, hidden) || len(text) < 20 {
				t.Errorf("%v says:\n%s", args, text)
			}
		}
	}
}

// TestNoCommandShowsASecretThatIsRight: with servers that aren't there, so that each has something to complain of.
func TestNoCommandShowsASecretThatIsRight(t *testing.T) {
	t.Parallel()
	const hidden = "S3cretOf32BytesThatNobodyMaySee9"
	env := isolated(t, environment{
		"DATABASE_URL": "postgres://app:" + hidden + "@127.0.0.1:1/d?schema=public", "REDIS_URL": "redis://app:" + hidden + "@127.0.0.1:1/0",
		"BETTER_AUTH_URL": "http://127.0.0.1:1", "AUTH_JWKS_URL": "http://127.0.0.1:1/keys?key=" + hidden, "BETTER_AUTH_SECRET": hidden,
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1/?key=" + hidden, "OTEL_EXPORTER_OTLP_HEADERS": "k=" + hidden, "OTEL_SDK_DISABLED": "true",
	})
	for _, args := range [][]string{
		{"migrate"}, {"doctor"}, {"doctor", "--json"}, {"user", "list"}, {"demo"}, {"backup", os.DevNull}, {"restore", os.DevNull}, {"healthcheck"}, {"serve"},
		{"import", "--report", filepath.Join(t.TempDir(), "report"), "--from", "postgres://app:" + hidden + "@127.0.0.1:1/d?pgbouncer=true"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // which ends the server
		text := said(ctx, misconfiguration{env: env}, args)
		cancel()
		if strings.Contains(text, hidden) || len(text) < 20 {
			t.Errorf("%v says:\n%s", args, text)
		}
	}
}
