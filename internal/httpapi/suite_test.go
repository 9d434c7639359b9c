package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/event"
	"todod/internal/httpapi"
	"todod/internal/logtest"
	"todod/internal/observe"
	"todod/internal/pgtest"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
	"todod/internal/turn"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// secret signs the tokens of these tests.
var secret = []byte("a secret for the tests of the API, 32 bytes and more")

// onEveryStore runs a test of the API, in parallel, on everyStore.
func onEveryStore(t *testing.T, test func(t *testing.T, s *server)) {
	onEach(t, everyStore, test)
}

// onEveryPlace runs a test of the API, in parallel, on everyPlace.
func onEveryPlace(t *testing.T, test func(t *testing.T, s *server)) {
	onEach(t, everyPlace, test)
}

// onEach runs a test of the API, in parallel, on these stores.
func onEach(t *testing.T, stores map[string]func(*testing.T) store, test func(t *testing.T, s *server)) {
	t.Parallel()
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newServer(t, open(t), nil))
		})
	}
}

// A store keeps everything.
type store = account.FullStore

// openSQLite returns a store on a file of its own.
func openSQLite(t *testing.T) store {
	t.Helper()
	path := filepath.Join(pgtest.Folder(t), "todod.db")
	pgtest.File(t, "httpapi", path, migrateFile)
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// migrateFile is the migration of SQLite templates.
func migrateFile(ctx context.Context, path string) error {
	_, err := sqlite.Migrate(ctx, path)
	return err
}

// migrate is the migration of PostgreSQL templates.
func migrate(ctx context.Context, url string) error {
	_, err := postgres.Migrate(ctx, url, false)
	return err
}

// openPostgres returns a store on a database of its own.
func openPostgres(t *testing.T) store {
	t.Helper()
	url := pgtest.Database(t, "httpapi", migrate)
	return openURL(t, url)
}

// openURL returns a store on the migrated database at url.
func openURL(t *testing.T, url string) store {
	t.Helper()
	s, err := postgres.Open(postgres.Config{
		URL: url, AsIs: true, PoolSize: 8, PoolTimeout: 20 * time.Second, Strict: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := s.Ready(t.Context())
		if err == nil {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v", err)
		}
	}
}

// passwords are hashed by all tests together: each hash takes memory and a core.
var passwords = account.NewPasswords()

// local returns the provider of accounts in s.
func local(s account.Store, rotate bool) account.Provider {
	secrets := func() [][]byte { return [][]byte{secret} }
	var rotation *account.Rotation
	if rotate {
		rotation = &account.Rotation{Secrets: secrets, Grace: 30 * time.Second}
	}
	return account.NewLocal(account.NewSessions(s, tokenMaker, time.Now, secrets, rotation), passwords)
}

// A server is the API on a port, with its log.
type server struct {
	*httptest.Server
	api   *httpapi.API
	log   *logtest.Output
	store store

	known logtest.Known // what the log must not have
}

// withQuota returns what makes an API over store let nobody have more than quota tasks.
func withQuota(store todo.Database, quota int) func(*httpapi.Config) {
	return func(cfg *httpapi.Config) {
		cfg.Tasks = todo.NewService(store, time.Now, todo.Rules{Quota: quota, KeysRemembered: time.Hour})
	}
}

// newServer serves the API over store. adjust may change its configuration.
func newServer(t testing.TB, store store, adjust func(*httpapi.Config)) *server {
	t.Helper()
	verifier, err := auth.New(auth.Config{
		Secrets: [][]byte{secret}, AllowedAlgs: []string{"HS256", "EdDSA", "ES256", "RS256", "PS256"}, Leeway: 30 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	log := &logtest.Output{}
	hub := event.New(event.Config{States: store.States, Poll: 300 * time.Millisecond})
	hub.Start()
	t.Cleanup(hub.Close)
	ordered := turn.Store(store, time.Minute, turn.Reads)
	cfg := httpapi.Config{
		Tasks:    todo.NewService(todo.Observed(ordered, hub.Changed), time.Now, todo.Rules{Quota: 10_000, KeysRemembered: time.Hour}),
		Accounts: local(account.Observed(ordered, hub), false),
		Tickets:  account.NewTickets(ordered, time.Now), Events: hub, Verifier: verifier, Now: time.Now, Version: "test",
		Logger: observe.NewLogger(log, slog.LevelDebug), AllowedOrigins: []string{"*"},
		App: true,
	}
	if adjust != nil {
		adjust(&cfg)
	}
	if cfg.PersonalData == nil {
		cfg.PersonalData = account.NewPersonalData(account.PersonalDataConfig{
			Store: ordered, Provider: cfg.Accounts, Now: cfg.Now, Logger: cfg.Logger, Erased: hub.Erased,
		})
	}
	api := httpapi.New(cfg)
	s := &server{Server: httptest.NewServer(api), api: api, log: log, store: store}
	s.known.Forbid(string(secret))
	s.known.Watch(t, log)
	t.Cleanup(func() {
		s.Close()
		checkLog(t, log.String())
	})
	return s
}

// mint returns a good token of a user.
func mint(t testing.TB, user string) string {
	t.Helper()
	now := time.Now()
	token, err := auth.Mint(secret, auth.Claims{Subject: user, IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A request is what a test sends. Empty fields are left out; a body is sent as JSON unless header says otherwise.
type request struct {
	method, path, user, body string
	host                     string // instead of the server's address
	header                   map[string]string
	lines                    map[string][]string // of headers that come more than once
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request.
func (s *server) do(t testing.TB, r request) answer {
	t.Helper()
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(context.Background(), r.method, s.URL+r.path, body)
	if err != nil {
		t.Fatal(err)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.user != "" {
		req.Header.Set("Authorization", "Bearer "+mint(t, r.user))
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if r.host != "" {
		req.Host = r.host
	}
	for name, values := range r.lines {
		req.Header[name] = values
	}
	s.known.Overhear(r.body)
	for _, cookie := range req.Cookies() {
		s.known.Forbid(cookie.Value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // redirects are answers, too
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	for _, cookie := range resp.Cookies() {
		s.known.Forbid(cookie.Value)
	}
	if resp.Header.Get("Content-Type") == "text/event-stream" { // has no end; what there is comes at once
		time.AfterFunc(300*time.Millisecond, func() { _ = resp.Body.Close() })
		data, _ := io.ReadAll(resp.Body)
		a := answer{resp.StatusCode, resp.Header, string(data)}
		checkDescribed(t, r, a)
		return a
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	s.known.Overhear(string(data))
	a := answer{resp.StatusCode, resp.Header, string(data)}
	checkDescribed(t, r, a)
	return a
}

// as sends a request of a user.
func (s *server) as(t testing.TB, user, method, path, body string) answer {
	t.Helper()
	return s.do(t, request{method: method, path: path, user: user, body: body})
}

// object is a JSON object.
type object map[string]any

// decode returns the body as T.
func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	dec := json.NewDecoder(strings.NewReader(a.body))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("body %q: %v", a.body, err)
	}
	return v
}

// want fails the test unless the answer has this status.
func (a answer) want(t testing.TB, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// create makes a task and returns it.
func (s *server) create(t testing.TB, user, body string) object {
	t.Helper()
	return decode[object](t, s.as(t, user, "POST", "/api/v1/tasks", body).want(t, http.StatusCreated))
}

// path returns the path of a task.
func path(task object) string { return "/api/v1/tasks/" + task["id"].(json.Number).String() }
