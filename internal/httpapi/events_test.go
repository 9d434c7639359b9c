package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/auth"
	"todod/internal/event"
	"todod/internal/httpapi"
	"todod/internal/ratelimit"
	"todod/internal/todo"
	"todod/test/tododtest"
)

// patience is how long a test waits for an event: generous, as machines are shared.
const patience = 20 * time.Second

// listen opens a stream of a user's that must be one. It is closed when the test ends.
func (s *server) listen(t testing.TB, user, query string, header http.Header) *tododtest.Listener {
	t.Helper()
	l := s.tryListen(t, user, query, header)
	if l.Answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(l.Answer.Body)
		t.Fatalf("status %d: %s", l.Answer.StatusCode, body)
	}
	return l
}

// tryListen is listen for a request that may be refused.
func (s *server) tryListen(t testing.TB, user, query string, header http.Header) *tododtest.Listener {
	t.Helper()
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if user != "" {
		header.Set("Authorization", "Bearer "+mint(t, user))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	l, err := tododtest.Listen(ctx, http.DefaultClient, s.URL+"/api/v1/events"+query, header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// wantEvent fails the test unless the next event is of this name and id, and returns it.
func wantEvent(t testing.TB, l *tododtest.Listener, name, id string) tododtest.Event {
	t.Helper()
	e, err := l.Next()
	if err != nil || e.Name != name || e.ID != id {
		t.Fatalf("got %+v, %v, want %s %s", e, err, name, id)
	}
	return e
}

// wantEnd fails the test unless the stream has nothing more and ends.
func wantEnd(t testing.TB, l *tododtest.Listener) {
	t.Helper()
	if e, err := l.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("it goes on: %+v, %v", e, err)
	}
}

// TestEventsAreWhatSyncTells: each change is an event, in order, with what sync says of it, and nobody hears of others'.
func TestEventsAreWhatSyncTells(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		first := s.create(t, "ada", `{"title":"before"}`)
		l := s.listen(t, "ada", "", nil)
		stranger := s.listen(t, "mallory", "", nil)
		begin := decode[struct{ Next string }](t, s.as(t, "ada", "GET", "/api/v1/sync", "").want(t, 200)).Next

		task := s.create(t, "ada", `{"title":"Zeile\u2028 \"one\" \\ 🐟","description":"two\nlines\r\n"}`)
		ops := []string{"created"}
		for _, step := range []struct{ method, path, op string }{
			{"PATCH", path(task) + "/toggle", "completed"}, {"PATCH", path(task) + "/toggle", "reopened"},
			{"PUT", path(task), "updated"}, {"PUT", path(task), ""}, // which changes nothing
			{"DELETE", path(task), "deleted"}, {"POST", strings.Replace(path(task), "tasks", "trash", 1) + "/restore", "restored"},
			{"DELETE", path(first), "deleted"},
		} {
			body := ""
			if step.method == "PUT" {
				body = `{"title":"another"}`
			}
			s.as(t, "ada", step.method, step.path, body)
			if step.op != "" {
				ops = append(ops, step.op)
			}
		}
		for i, op := range ops {
			e := wantEvent(t, l, op, fmt.Sprint(i+2))
			one := decode[struct{ Changes []any }](t, s.as(t, "ada", "GET", "/api/v1/sync?since="+begin, "").want(t, 200))
			if len(one.Changes) != 2 { // only the last of each task: what it says of them is compared below
				t.Fatalf("%d changes", len(one.Changes))
			}
			if strings.ContainsAny(e.Data, "\r\n") || !strings.HasPrefix(e.Data, fmt.Sprintf(`{"rev":%d,"op":%q,"task":{`, i+2, op)) {
				t.Errorf("data %q", e.Data)
			}
			if i == len(ops)-1 || op == "restored" {
				synced := s.as(t, "ada", "GET", "/api/v1/sync?since="+begin, "").body
				if !strings.Contains(synced, e.Data) {
					t.Errorf("the event says %s, sync %s", e.Data, synced)
				}
			}
		}
		s.create(t, "mallory", `{"title":"mine"}`)
		if e := wantEvent(t, stranger, "created", "1"); strings.Contains(e.Data, "ada") {
			t.Errorf("mallory hears %+v", e)
		}
	})
}

// TestAStreamIsMadeToArriveAtOnce: nothing on the way may keep, store or change it, and it says when to come back.
func TestAStreamIsMadeToArriveAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	s.create(t, "ada", `{"title":"x"}`)
	l := s.listen(t, "ada", "", http.Header{"Accept-Encoding": {"gzip, zstd, br"}})
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": "",
		"Content-Length": "",
	} {
		if got := l.Answer.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if e, err := l.Block(); err != nil || e.Name != "hello" || e.ID != "1" || e.Data != `{"rev":1}` || len(l.Retry) != 4 {
		t.Errorf("it begins with %+v, retry %q, %v", e, l.Retry, err)
	}
	head := s.as(t, "ada", "HEAD", "/api/v1/events", "").want(t, http.StatusOK)
	if head.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD: %v", head.header)
	}
}

// TestHelloSaysWhereAStreamBegins: whoever loses the connection right after it asks from there and has missed nothing, even
// what it was about to be told.
func TestHelloSaysWhereAStreamBegins(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for range 3 {
			s.create(t, "ada", `{"title":"x"}`)
		}
		for _, c := range []struct{ query, header, hello, next string }{
			{"", "", "3", ""}, {"?since=1", "", "1", "2"}, {"?since=0", "2", "2", "3"}, {"?since=0&lastEventId=1", "", "1", "2"},
			{"?lastEventId=", "", "3", ""}, {"?lastEventId=1", "2", "2", "3"}, {"?since=99", "", "99", "3"}, {"", "x", "0", "3"},
		} {
			header := http.Header{}
			if c.header != "" {
				header.Set("Last-Event-ID", c.header)
			}
			l := s.listen(t, "ada", c.query, header)
			e, err := l.Block()
			if err != nil || e.Name != "hello" || e.ID != c.hello || e.Data != `{"rev":`+c.hello+`}` {
				t.Errorf("%+v: %+v, %v", c, e, err)
			}
			if c.next != "" {
				if e, err := l.Next(); err != nil || e.ID != c.next || (e.Name == "reset") != (c.hello == "99" || c.hello == "0") {
					t.Errorf("%+v: then %+v, %v", c, e, err)
				}
			}
			l.Close()
		}
	})
}

// TestTheIDOfAnEventComesLast: a client may take it for seen when it has read that line, and the rest of the event must not
// get lost after it.
func TestTheIDOfAnEventComesLast(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	s.create(t, "ada", `{"title":"x"}`)
	for _, since := range []string{"0", "99"} { // a change, and a reset
		text := s.as(t, "ada", "GET", "/api/v1/events?since="+since, "").want(t, http.StatusOK).body
		blocks := strings.Split(strings.TrimSuffix(text, "\n\n"), "\n\n")
		if len(blocks) != 2 {
			t.Errorf("%d events: %s", len(blocks), text)
		}
		for _, block := range blocks {
			lines := strings.Split(block, "\n")
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, "id: ") || strings.Count(block, "id: ") != 1 {
				t.Errorf("it ends with %q: %s", last, block)
			}
		}
	}
}

// TestOnlyAStreamUsesATicketUp: what can't be answered with one leaves it as it was.
func TestOnlyAStreamUsesATicketUp(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ticket := s.ticket(t, http.Header{"Authorization": {"Bearer " + mint(t, "ada")}})
		url := "/api/v1/events?ticket=" + ticket
		s.as(t, "", "HEAD", url, "").want(t, http.StatusMethodNotAllowed)
		preflight := map[string]string{"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}
		s.do(t, request{method: "OPTIONS", path: url, header: preflight}).want(t, http.StatusNoContent)
		for _, more := range []string{"&since=x", "&since=-1", "&sinc=1", "&since=1&since=2", "&lastEventId=1&lastEventId=2", "&ticket=x"} {
			wantProblem(t, more, s.as(t, "", "GET", url+more, ""), http.StatusBadRequest, "INVALID_REQUEST")
		}
		s.listen(t, "", "?since=0&ticket="+ticket, nil).Close()
		s.as(t, "", "GET", url, "").want(t, http.StatusUnauthorized)
		s.as(t, "", "GET", url+"&since=x", "").want(t, http.StatusBadRequest)
	})
}

// TestAStreamGoesOnWhereTheClientWas: by header, by parameter, or from now on; the header counts more.
func TestAStreamGoesOnWhereTheClientWas(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		const n = 250 // more than are read at once
		task := s.create(t, "ada", `{"title":"x"}`)
		for range n - 1 {
			s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, 200)
		}
		for _, c := range []struct {
			query, header string
			from          int
		}{{"?since=0", "", 1}, {"?since=200", "", 201}, {"?since=0", "240", 241}, {"", "248", 249}, {"?since=250", "", 251}, {"", "", 251}, {"?since=", "", 251}} {
			header := http.Header{}
			if c.header != "" {
				header.Set("Last-Event-ID", c.header)
			}
			l := s.listen(t, "ada", c.query, header)
			for rev := c.from; rev <= n; rev++ {
				if e, err := l.Next(); err != nil || e.ID != fmt.Sprint(rev) {
					t.Fatalf("%+v: got %+v, %v, want %d", c, e, err, rev)
				}
			}
			l.Close()
		}
		for _, bad := range []string{"?since=-1", "?since=x", "?since=1.5", "?since=1&since=2", "?after=1"} {
			s.as(t, "ada", "GET", "/api/v1/events"+bad, "").want(t, http.StatusBadRequest)
		}
	})
}

// TestAStreamThatCantGoOnSaysSo: from a place ahead, before the log begins, or none of ours, and then from now on.
func TestAStreamThatCantGoOnSaysSo(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"x"}`)
		s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, 200)
		soon := time.Now().Add(time.Hour)
		if n, err := s.store.Forget(t.Context(), "ada", todo.Cutoffs{Changes: soon}, 10); err != nil || n != 2 {
			t.Fatal(n, err)
		}
		rev := 2
		for _, place := range []string{"0", "1", "7", "99999999999999999999", "nonsense", "1-2", " "} {
			l := s.listen(t, "ada", "", http.Header{"Last-Event-Id": {place}})
			if place == " " { // which no header can carry: as good as none
				continue
			}
			e := wantEvent(t, l, "reset", fmt.Sprint(rev))
			if e.Data != fmt.Sprintf(`{"rev":%d}`, rev) {
				t.Errorf("%s: data %s", place, e.Data)
			}
			rev++
			s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, 200)
			if e, err := l.Next(); err != nil || e.ID != fmt.Sprint(rev) {
				t.Fatalf("%s: then %+v, %v", place, e, err)
			}
			if _, err := s.store.Forget(t.Context(), "ada", todo.Cutoffs{Changes: soon}, 10); err != nil {
				t.Fatal(err)
			}
			l.Close()
		}
	})
}

// TestAStreamEndsWithItsToken: and a ticket lasts no longer than the token that bought it.
func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	claims := auth.Claims{Subject: "ada", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(3 * time.Second)}
	token, err := auth.Mint(secret, claims)
	if err != nil {
		t.Fatal(err)
	}
	short := http.Header{"Authorization": {"Bearer " + token}}
	byToken := s.listen(t, "", "", short)
	byTicket := s.listen(t, "", "?ticket="+s.ticket(t, short), nil)
	late := s.ticket(t, short)
	for _, l := range []*tododtest.Listener{byToken, byTicket} {
		if e := wantEvent(t, l, "expired", ""); e.Data != `{"reason":"token_expired"}` {
			t.Errorf("data %s", e.Data)
		}
		wantEnd(t, l)
	}
	if time.Now().Before(claims.ExpiresAt.Truncate(time.Second)) {
		t.Error("it ended before its time")
	}
	if a := s.tryListen(t, "", "?ticket="+late, nil).Answer; a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a ticket outlives its token: %d", a.StatusCode)
	}
}

// TestAStreamEndsWithTheSecretOfItsToken: or of the token that bought its ticket, and no other.
func TestAStreamEndsWithTheSecretOfItsToken(t *testing.T) {
	t.Parallel()
	older := []byte("a secret that was in use before, 32 bytes and more")
	var verifier *auth.Verifier
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		verifier = cfg.Verifier
		verifier.SetSecrets([][]byte{secret, older})
	})
	old, err := auth.Mint(older, auth.Claims{Subject: "ada", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Authorization": {"Bearer " + old}}
	byOld, byTicket, byNew := s.listen(t, "", "", header), s.listen(t, "", "?ticket="+s.ticket(t, header), nil), s.listen(t, "ada", "", nil)

	verifier.SetSecrets([][]byte{[]byte("a third secret that is only added, 32 bytes and more"), secret, older})
	s.create(t, "ada", `{"title":"while all are in use"}`)
	for _, l := range []*tododtest.Listener{byOld, byTicket, byNew} {
		wantEvent(t, l, "created", "1")
	}

	verifier.SetSecrets([][]byte{secret})
	for _, l := range []*tododtest.Listener{byOld, byTicket} {
		if e := wantEvent(t, l, "expired", ""); e.Data != `{"reason":"secret_changed"}` {
			t.Errorf("data %s", e.Data)
		}
		wantEnd(t, l)
	}
	s.create(t, "ada", `{"title":"after it"}`)
	wantEvent(t, byNew, "created", "2")
	if a := s.tryListen(t, "", "", header).Answer; a.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d for the old token", a.StatusCode)
	}
}

// ticket buys a ticket.
func (s *server) ticket(t testing.TB, header http.Header) string {
	t.Helper()
	h := map[string]string{}
	for name := range header {
		h[name] = header.Get(name)
	}
	a := s.do(t, request{method: "POST", path: "/api/v1/events/ticket", header: h}).want(t, http.StatusOK)
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", a.header.Get("Cache-Control"))
	}
	return decode[struct{ Ticket string }](t, a).Ticket
}

// TestATicketOpensOneStream: and no other door; what isn't one gets the answer that bad tokens get.
func TestATicketOpensOneStream(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ada := http.Header{"Authorization": {"Bearer " + mint(t, "ada")}}
		ticket := s.ticket(t, ada)
		for _, route := range s.api.Routes() {
			if route.Secured && route.Method == http.MethodGet && route.Path != "/api/v1/events" && !strings.Contains(route.Path, "{") {
				s.as(t, "", "GET", route.Path+"?ticket="+ticket, "").want(t, http.StatusUnauthorized)
			}
		}
		_, secretPart, _ := strings.Cut(ticket, ".")
		l := s.listen(t, "", "?since=0&ticket="+ticket, nil)
		s.create(t, "ada", `{"title":"x"}`)
		wantEvent(t, l, "created", "1")
		for _, bad := range []string{
			ticket, ticket[:len(ticket)-1], "x", ".", strings.Replace(ticket, ".", "..", 1), strings.Repeat("a", 400) + ticket,
			"bWFsbG9yeQ." + secretPart, "",
		} {
			a := s.as(t, "", "GET", "/api/v1/events?ticket="+bad, "").want(t, http.StatusUnauthorized)
			if bad != "" && a.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
				t.Errorf("%s: %q", bad, a.header.Get("WWW-Authenticate"))
			}
		}
		if strings.Contains(s.log.String(), secretPart) {
			t.Error("the ticket is in the log")
		}
		another := s.ticket(t, ada)
		s.as(t, "ada", "GET", "/api/v1/events?since=0&ticket="+another+"&x=1", "").want(t, http.StatusBadRequest)
		s.listen(t, "", "?ticket="+another, nil) // the header was enough, so the ticket was not used up
	})
}

// TestABadTicketCostsItsAddress: as a bad token does.
func TestABadTicketCostsItsAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		hourly := func(n int) ratelimit.Rate { return ratelimit.Rate{Quota: n, Window: time.Hour} }
		cfg.Limits = httpapi.Limits{Source: ratelimit.NewMemory(time.Now, 100), Authenticated: hourly(100), Anonymous: hourly(3)}
	})
	good := s.ticket(t, http.Header{"Authorization": {"Bearer " + mint(t, "ada")}})
	for i, want := range []int{401, 401, 401, 429, 429} {
		if got := s.as(t, "", "GET", "/api/v1/events?ticket=YWRh.x", "").status; got != want {
			t.Errorf("%d: status %d, want %d", i, got, want)
		}
	}
	s.as(t, "", "GET", "/api/v1/events?ticket="+good, "").want(t, http.StatusTooManyRequests)
}

// TestTheOldestStreamGivesWay to the eleventh of one user, and is told to come back later; others have theirs.
func TestTheOldestStreamGivesWay(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	bob := s.listen(t, "bob", "", nil)
	oldest := s.listen(t, "ada", "", nil)
	streams := make([]*tododtest.Listener, event.MaxStreams)
	for i := range streams {
		streams[i] = s.listen(t, "ada", "", nil)
	}
	wantEvent(t, oldest, "expired", "")
	wantEnd(t, oldest)
	s.create(t, "ada", `{"title":"x"}`)
	for _, l := range streams {
		wantEvent(t, l, "created", "1")
	}
	s.create(t, "bob", `{"title":"x"}`)
	wantEvent(t, bob, "created", "1")
	if log := s.log.String(); !strings.Contains(log, "gave way") {
		t.Errorf("the log says %s", log)
	}
}

// TestLoggingOutEndsTheStreamsOfItsSession: and no other.
func TestLoggingOutEndsTheStreamsOfItsSession(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		type tokens struct{ Token, RefreshToken string }
		register := `{"name":"Ada","email":"ada@example.com","password":"password 1"}`
		first := decode[tokens](t, s.as(t, "", "POST", "/api/auth/register", register).want(t, 201))
		login := func(password string) tokens {
			return decode[tokens](t, s.as(t, "", "POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+password+`"}`).want(t, 200))
		}
		second, third := login("password 1"), login("password 1")
		header := func(of tokens) http.Header { return http.Header{"Authorization": {"Bearer " + of.Token}} }
		streams := map[string]*tododtest.Listener{
			"first": s.listen(t, "", "", header(first)), "second": s.listen(t, "", "?ticket="+s.ticket(t, header(second)), nil),
			"third": s.listen(t, "", "", header(third)),
		}
		ended := func(name string) {
			t.Helper()
			if e := wantEvent(t, streams[name], "expired", ""); e.Data != `{"reason":"signed_out"}` {
				t.Errorf("data %s", e.Data)
			}
			wantEnd(t, streams[name])
		}
		s.do(t, request{method: "POST", path: "/api/auth/logout", body: `{"refreshToken":"` + second.RefreshToken + `"}`}).want(t, 200)
		ended("second")
		s.do(t, request{
			method: "POST", path: "/api/auth/change-password", header: map[string]string{"Authorization": "Bearer " + third.Token},
			body: `{"currentPassword":"password 1","newPassword":"password 2"}`,
		}).want(t, 200)
		ended("first")
		s.do(t, request{
			method: "POST", path: "/api/v1/tasks", body: `{"title":"x"}`, header: map[string]string{"Authorization": "Bearer " + third.Token},
		}).want(t, 201)
		wantEvent(t, streams["third"], "created", "1")
	})
}

// TestErasingEndsTheStreams: told or only found by looking.
func TestErasingEndsTheStreams(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, user := range []string{"ada", "bob"} {
			s.create(t, user, `{"title":"x"}`)
		}
		told, bystander := s.listen(t, "ada", "", nil), s.listen(t, "bob", "", nil)
		// By another process, which tells nobody here.
		if err := s.store.Erase(t.Context(), "ada", time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if e := wantEvent(t, told, "expired", ""); e.Data != `{"reason":"account_gone"}` {
			t.Errorf("data %s", e.Data)
		}
		wantEnd(t, told)
		s.as(t, "ada", "GET", "/api/v1/events", "").want(t, http.StatusUnauthorized)
		s.as(t, "ada", "POST", "/api/v1/events/ticket", "").want(t, http.StatusUnauthorized)
		s.create(t, "bob", `{"title":"y"}`)
		wantEvent(t, bystander, "created", "2")
	})
}

// TestChangesOfOtherProcessesAreFound: which tell nobody, such as an import.
func TestChangesOfOtherProcessesAreFound(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		l := s.listen(t, "ada", "", nil)
		elsewhere := todo.NewService(s.store, time.Now, todo.Rules{Quota: 10})
		if _, err := elsewhere.Create(t.Context(), todo.User{ID: "ada", AsOf: time.Now()}, todo.Patch{Title: todo.Some("x")}, todo.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		wantEvent(t, l, "created", "1")
	})
}

// TestDrainingEndsTheStreams: at once, with a word, and lets none begin.
func TestDrainingEndsTheStreams(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	l := s.listen(t, "ada", "", nil)
	s.api.Drain()
	for {
		e, err := l.Block()
		if err != nil {
			t.Fatalf("it ends without a word: %v", err)
		}
		if strings.Contains(e.Comment, "stopping") {
			break
		}
	}
	wantEnd(t, l)
	s.as(t, "ada", "GET", "/api/v1/events", "").want(t, http.StatusServiceUnavailable)
}

// serveWith serves with another server until the test ends, and returns its URL.
func serveWith(t *testing.T, other *http.Server) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = other.Serve(l) }()
	t.Cleanup(func() { _ = other.Close() })
	return "http://" + l.Addr().String()
}

// TestStreamsOutliveTheServersTimeouts: those for ordinary answers would cut them.
func TestStreamsOutliveTheServersTimeouts(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	s.URL = serveWith(t, &http.Server{
		Handler: s.api, ReadTimeout: 300 * time.Millisecond, WriteTimeout: 300 * time.Millisecond, IdleTimeout: 300 * time.Millisecond,
	})
	l := s.listen(t, "ada", "", nil)
	for i := range 3 {
		time.Sleep(500 * time.Millisecond)
		s.create(t, "ada", `{"title":"x"}`)
		wantEvent(t, l, "created", fmt.Sprint(i+1))
	}
}

// TestASlowReaderIsDroppedAndTheOthersDontWait: one that doesn't read at all, of the same user.
func TestASlowReaderIsDroppedAndTheOthersDontWait(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	long := strings.Repeat("\U0001F41F", 1000)
	task := s.create(t, "ada", `{"title":"x","description":"`+long+`"}`)
	const n = 150
	for range n {
		s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, 200)
	}
	s.URL = serveWith(t, &http.Server{Handler: s.api, ConnState: func(conn net.Conn, state http.ConnState) {
		if state == http.StateNew {
			_ = conn.(*net.TCPConn).SetWriteBuffer(4096) // what the system would keep for a slow reader
		}
	}})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "GET /api/v1/events?since=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", mint(t, "ada"))
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReaderSize(conn, 16)
	if line, _, err := in.ReadLine(); err != nil || !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		t.Fatalf("%s, %v", line, err)
	}
	// It reads no more from here on.
	l := s.listen(t, "ada", "", nil)
	for i := range 20 {
		s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, 200)
		if e, err := l.Next(); err != nil || e.ID != fmt.Sprint(n+2+i) {
			t.Fatalf("%+v, %v", e.ID, err)
		}
	}
	for deadline := time.Now().Add(3 * patience); !strings.Contains(s.log.String(), "reads too slowly"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is not dropped")
		}
	}
}
