package event

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
	"todod/internal/todo"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is how long a test waits for what takes milliseconds: generous, as machines are shared.
const patience = 20 * time.Second

// started returns a Hub that works on the database at url until the test ends, and never looks by itself.
func started(t *testing.T, url string) *Hub {
	t.Helper()
	h := New(Config{URL: url, Key: func(context.Context) ([]byte, error) { return []byte("shared by all"), nil }})
	h.Start()
	t.Cleanup(h.Close)
	return h
}

// listeners returns how many connections listen on a database.
func listeners(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	err := conn.QueryRow(t.Context(), `select count(*) from pg_stat_activity
		where application_name = 'todod listen' and datname = current_database()`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// connectTo returns a connection of the test's own.
func connectTo(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// TestProcessesTellEachOther: of the changes of those who listen there, without naming anybody, and only while somebody
// listens.
func TestProcessesTellEachOther(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	here, there := started(t, url), started(t, url)
	spy := connectTo(t, url)
	there.Changed("somebody", 1)
	time.Sleep(100 * time.Millisecond)
	if n := listeners(t, spy); n != 0 {
		t.Errorf("%d connections listen for nobody", n)
	}
	if _, err := spy.Exec(t.Context(), "listen "+channel); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, here, "ada lovelace", "her session", todo.LogPosition{Rev: 2})
	mustOpen(t, here, "bob", "", todo.LogPosition{})
	eventually(t, "nobody listens", here.listening.Load)
	if n := listeners(t, connectTo(t, url)); n != 1 {
		t.Errorf("%d connections listen", n)
	}
	there.Changed("ada lovelace", 2)
	there.Changed("nobody here", 9)
	there.Changed("ada lovelace", 3)
	eventually(t, "the change is not heard of", func() bool { return hasNews(s) })
	there.SessionEnded("ada lovelace", "her session")
	eventually(t, "the end is not heard of", func() bool { return hasEnded(s) })

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for seen := ""; !strings.Contains(seen, string(sessionEnded)+seenDigest(here, "ada lovelace")); {
		n, err := spy.WaitForNotification(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if seen = n.Payload; strings.Contains(seen, "ada") || strings.Contains(seen, "her") || strings.Contains(seen, "nobody") {
			t.Errorf("%s names somebody", seen)
		}
	}
}

// seenDigest returns how a person is named to others.
func seenDigest(h *Hub, owner todo.UserID) string {
	return string(message{kind: anything, owner: h.key.person(owner)}.append(nil)[1:])
}

// TestVeryManyChangesAreFewNotifications: however fast they come.
func TestVeryManyChangesAreFewNotifications(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	h, spy := started(t, url), connectTo(t, url)
	if _, err := spy.Exec(t.Context(), "listen "+channel); err != nil {
		t.Fatal(err)
	}
	const users, revs = 500, 40
	for rev := range todo.Rev(revs) {
		for user := range users {
			h.Changed(todo.UserID(fmt.Sprint(user)), rev+1)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	notifications, done := 0, map[digest]bool{}
	for len(done) < users {
		n, err := spy.WaitForNotification(ctx)
		if err != nil {
			t.Fatalf("%d users heard of: %v", len(done), err)
		}
		notifications++
		for _, m := range parsePayload(n.Payload) {
			if m.rev == revs {
				done[m.owner] = true
			}
		}
	}
	if notifications > users*revs/20 {
		t.Errorf("%d notifications of %d changes", notifications, users*revs)
	}
}

// TestAHubWithoutItsDatabaseTellsItsOwn: and what it could not tell others, it tells them later.
func TestAHubWithoutItsDatabaseTellsItsOwn(t *testing.T) {
	t.Parallel()
	h := started(t, "postgres://nobody@127.0.0.1:1/nowhere?sslmode=disable")
	s := mustOpen(t, h, "ada", "", todo.LogPosition{})
	h.Changed("ada", 1)
	if !hasNews(s) {
		t.Error("its own stream is not told")
	}
	time.Sleep(200 * time.Millisecond)
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	if h.out.revs["ada"] != 1 {
		t.Error("it forgets what it has to tell")
	}
}
