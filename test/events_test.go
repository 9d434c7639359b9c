package test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
	"todod/test/tododtest"
)

// A cluster is several replicas on one database.
type cluster struct {
	replicas []*tododtest.Process
	folder   string
	env      []string
	direct   string // the database without anything in between
}

// startCluster starts n replicas. through, unless nil, returns the URL by which they reach the database at url.
func startCluster(t *testing.T, n int, through func(url string) string) *cluster {
	t.Helper()
	c := &cluster{folder: t.TempDir(), direct: pgtest.Empty(t)}
	url := c.direct
	if through != nil {
		url = through(url)
	}
	c.env = []string{"DATABASE_URL=" + url, "BETTER_AUTH_SECRET=" + manysSecret, "MAX_TASKS_PER_USER=1000000", "DB_POOL_SIZE=8"}
	for range n {
		c.replicas = append(c.replicas, tododtest.Start(t, c.folder, c.env...))
	}
	return c
}

// any returns the URL of some replica.
func (c *cluster) any() string { return c.replicas[rand.IntN(len(c.replicas))].URL }

// listen opens a stream, which the caller closes.
func listen(ctx context.Context, url, token, lastID string) (*tododtest.Listener, error) {
	header := http.Header{"Authorization": {"Bearer " + token}}
	if lastID != "" {
		header.Set("Last-Event-Id", lastID)
	}
	return tododtest.Listen(ctx, http.DefaultClient, url+"/api/v1/events", header)
}

// mustListen opens a stream that ends with the test.
func mustListen(t *testing.T, url, token string) *tododtest.Listener {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute) // a busy machine takes one for a thousand
	t.Cleanup(cancel)
	l, err := listen(ctx, url, token, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if l.Answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d", l.Answer.StatusCode)
	}
	return l
}

// A followed is a user whom many write for and many listen to.
type followed struct {
	name, token string
	newest      atomic.Int64 // revision that was answered
}

// write makes changes at any replica until ctx ends.
func (u *followed) write(ctx context.Context, t *testing.T, c *cluster) {
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	path, method := "/api/v1/tasks", http.MethodPost
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(context.Background(), method, c.any()+path, strings.NewReader(`{"title":"of `+u.name+`"}`))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+u.token)
		resp, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		var made struct{ ID, Version int64 }
		err = json.NewDecoder(resp.Body).Decode(&made)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode >= 300 {
			t.Errorf("%s %s: status %d, %v", method, path, resp.StatusCode, err)
			return
		}
		for was := u.newest.Load(); made.Version > was && !u.newest.CompareAndSwap(was, made.Version); was = u.newest.Load() {
		}
		path, method = fmt.Sprintf("/api/v1/tasks/%d/toggle", made.ID), http.MethodPatch
		if rand.IntN(4) == 0 {
			path, method = "/api/v1/tasks", http.MethodPost
		}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	}
}

// follow reads u's events at one replica after the other, each until it is cut off, until it has seen every revision and
// none may come any more, and fails the test unless each came once, in order, and is u's. It returns how often it was cut.
func (u *followed) follow(t *testing.T, c *cluster, written <-chan struct{}) (cuts int) {
	var seen int64
	overdue := time.Time{}
	for {
		select {
		case <-written:
			if overdue.IsZero() {
				overdue = time.Now().Add(time.Minute)
			}
			if seen >= u.newest.Load() {
				return cuts
			}
			if time.Now().After(overdue) {
				t.Errorf("%s: %d of %d revisions arrived", u.name, seen, u.newest.Load())
				return cuts
			}
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond+rand.N(time.Second))
		seen = u.readSome(ctx, t, c, seen)
		cancel()
		cuts++
		if seen < 0 {
			return cuts
		}
	}
}

// readSome reads events after the revision seen until ctx ends, and returns the last one, -1 if something was wrong.
func (u *followed) readSome(ctx context.Context, t *testing.T, c *cluster, seen int64) int64 {
	l, err := listen(ctx, c.any(), u.token, strconv.FormatInt(seen, 10))
	if err != nil {
		if ctx.Err() == nil {
			t.Error(err)
			return -1
		}
		return seen
	}
	defer l.Close()
	if l.Answer.StatusCode != http.StatusOK {
		t.Errorf("%s: status %d", u.name, l.Answer.StatusCode)
		return -1
	}
	for {
		e, err := l.Next()
		if err != nil {
			if ctx.Err() == nil {
				t.Errorf("%s: the stream ends: %v", u.name, err)
				return -1
			}
			return seen
		}
		var data struct {
			Rev  int64
			Op   string
			Task struct {
				UserID  string `json:"user_id"`
				Title   string
				Version int64
			}
		}
		err = json.Unmarshal([]byte(e.Data), &data)
		if err != nil || data.Rev != seen+1 || e.ID != strconv.FormatInt(seen+1, 10) || e.Name != data.Op ||
			data.Task.UserID != u.name || data.Task.Title != "of "+u.name || data.Task.Version != data.Rev {
			t.Errorf("%s: after %d came %+v, %v", u.name, seen, e, err)
			return -1
		}
		seen = data.Rev
	}
}

// followEverybody has 20 writers and 50 readers of 10 users at work for a while.
func followEverybody(t *testing.T, c *cluster) {
	t.Helper()
	const users, writersEach, readersEach = 10, 2, 5
	ctx, stop := context.WithTimeout(context.Background(), eventsFor)
	defer stop()
	written := make(chan struct{})
	var writers, readers sync.WaitGroup
	var cuts, revisions atomic.Int64
	all := make([]*followed, users)
	for i := range all {
		u := &followed{name: fmt.Sprintf("user%d", i)}
		u.token = signed(manysSecret, u.name)
		all[i] = u
		for range writersEach {
			writers.Go(func() { u.write(ctx, t, c) })
		}
		for range readersEach {
			readers.Go(func() { cuts.Add(int64(u.follow(t, c, written))) })
		}
	}
	writers.Wait()
	close(written)
	readers.Wait()
	for _, u := range all {
		if u.newest.Load() == 0 {
			t.Errorf("%s has written nothing", u.name)
		}
		revisions.Add(u.newest.Load())
	}
	t.Logf("%d revisions of %d users, each read by %d readers, who were cut off %d times", revisions.Load(), users, readersEach, cuts.Load())
}

// TestEachRevisionArrivesOnce: at readers who are cut off at random and go on at another replica, while many write.
func TestEachRevisionArrivesOnce(t *testing.T) {
	t.Parallel()
	for name, through := range map[string]func(url string) string{
		"directly": nil, "through PgBouncer": func(url string) string { return pgtest.Pooled(t, url, 12) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			followEverybody(t, startCluster(t, 3, through))
		})
	}
}

// TestEachRevisionArrivesOnceWhateverHappensToTheListeners: the same while the connections that listen are killed.
func TestEachRevisionArrivesOnceWhateverHappensToTheListeners(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, nil)
	conn, err := pgx.Connect(t.Context(), c.direct)
	if err != nil {
		t.Fatal(err)
	}
	over, done := make(chan struct{}), make(chan struct{})
	killed := 0
	go func() {
		defer close(done)
		for {
			select {
			case <-over:
				return
			case <-time.After(killEvery):
			}
			var n int
			err := conn.QueryRow(context.Background(), `select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
				where application_name = 'todod listen' and datname = current_database()`).Scan(&n)
			if err != nil {
				t.Error(err)
				return
			}
			killed += n
		}
	}()
	followEverybody(t, c)
	close(over)
	<-done
	t.Logf("%d connections were killed", killed)
	if killed == 0 {
		t.Error("nobody listened")
	}
}

// TestReplicasTellEachOther: of changes, and of sessions and accounts that ended, which no look at revisions would find.
func TestReplicasTellEachOther(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil)
	here, there := c.replicas[0].URL, c.replicas[1].URL
	post := func(url, path, token, body string, want int) (answer struct{ Token, RefreshToken string }) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		data, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != want || json.Unmarshal(data, &answer) != nil {
			t.Fatalf("%s: status %d: %s", path, resp.StatusCode, data)
		}
		return answer
	}
	ada := post(here, "/api/auth/register", "", `{"name":"Ada","email":"ada@example.com","password":"password 1"}`, 201)
	again := post(there, "/api/auth/login", "", `{"email":"ada@example.com","password":"password 1"}`, 200)
	first, second := mustListen(t, here, ada.Token), mustListen(t, here, again.Token)
	for i := range 20 {
		post(there, "/api/v1/tasks", ada.Token, `{"title":"x"}`, 201)
		for _, l := range []*tododtest.Listener{first, second} {
			if e, err := l.Next(); err != nil || e.ID != strconv.Itoa(i+1) {
				t.Fatalf("%+v, %v", e, err)
			}
		}
	}
	wantExpired := func(l *tododtest.Listener, reason string) {
		t.Helper()
		if e, err := l.Next(); err != nil || e.Name != "expired" || !strings.Contains(e.Data, reason) {
			t.Fatalf("%+v, %v, want %s", e, err, reason)
		}
		if _, err := l.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("it goes on: %v", err)
		}
	}
	post(there, "/api/auth/logout", again.Token, "", 200)
	wantExpired(second, "signed_out")
	if out, err := tododtest.Command(t, c.folder, c.env, "user", "delete", "--yes", "ada@example.com").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wantExpired(first, "account_gone")
	for _, p := range c.replicas {
		if strings.Contains(p.Out.String(), "notifications don't arrive") {
			t.Errorf("it takes a direct connection for a pooler:\n%s", p.Out)
		}
	}
}

// TestATicketIsGoodOnEveryReplica: once among them all.
func TestATicketIsGoodOnEveryReplica(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil)
	ada := token(t, c.folder, c.env, "ada")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.replicas[0].URL+"/api/v1/events/ticket", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+ada)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var bought struct{ Ticket string }
	if err := json.NewDecoder(resp.Body).Decode(&bought); err != nil || bought.Ticket == "" {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	for i, want := range []int{200, 401, 401} {
		l, err := tododtest.Listen(t.Context(), http.DefaultClient, c.replicas[(i+1)%2].URL+"/api/v1/events?ticket="+bought.Ticket, nil)
		if err != nil {
			t.Fatal(err)
		}
		if l.Answer.StatusCode != want {
			t.Errorf("use %d: status %d, want %d", i+1, l.Answer.StatusCode, want)
		}
		l.Close()
	}
}

// TestBehindAPoolerTheReplicasLook: where notifications don't arrive they say so once, and find changes all the same.
func TestBehindAPoolerTheReplicasLook(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, func(url string) string { return pgtest.Pooled(t, url, 4) })
	ada := token(t, c.folder, c.env, "ada")
	l := mustListen(t, c.replicas[0].URL, ada)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(c.replicas[0].Out.String(), "notifications don't arrive"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it doesn't say so:\n%s", c.replicas[0].Out)
		}
	}
	for i := range 3 {
		resp, err := send(http.DefaultClient, http.MethodPost, c.replicas[1].URL+"/api/v1/tasks", ada, `{"title":"x"}`)
		if err != nil || resp.StatusCode != http.StatusCreated {
			t.Fatal(resp, err)
		}
		if e, err := l.Next(); err != nil || e.ID != strconv.Itoa(i+1) {
			t.Fatalf("%+v, %v", e, err)
		}
	}
	if n := strings.Count(c.replicas[0].Out.String(), "notifications don't arrive"); n != 1 {
		t.Errorf("it says so %d times", n)
	}
	nothingLeftBehind(t, strings.TrimPrefix(c.env[0], "DATABASE_URL="))
}

// TestSIGTERMDoesNotWaitForStreams: they would go on for as long as a token lasts.
func TestSIGTERMDoesNotWaitForStreams(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		p := tododtest.Start(t, folder, env...)
		streams := make([]*tododtest.Listener, 20)
		for i := range streams {
			streams[i] = mustListen(t, p.URL, token(t, folder, env, fmt.Sprintf("user%d", i/4)))
		}
		if code := p.Signal(t, syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.Out)
		}
		for _, l := range streams {
			if _, err := l.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("a stream ends with %v", err)
			}
		}
	})
}
