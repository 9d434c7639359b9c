package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/todo"
)

// script is what a stand-in for Better Auth answers, and what it was asked. It is for answers that the real one can't be
// made to give; how that one answers otherwise is what the tests in test/betterauth are about.
type script struct {
	mu      sync.Mutex
	answer  http.HandlerFunc
	asked   []*http.Request
	server  *httptest.Server
	service *service
	log     *strings.Builder
	clock   *tick
}

// newScript runs a stand-in that gives this answer.
func newScript(t *testing.T, answer http.HandlerFunc) *script {
	t.Helper()
	s := &script{answer: answer, log: &strings.Builder{}, clock: newTick()}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		answer := s.answer
		s.mu.Unlock()
		answer(w, r)
	}))
	s.service = newService(s.server.URL, s.clock.now, slog.New(slog.NewTextHandler(s.log, nil)))
	t.Cleanup(s.server.Close)
	t.Cleanup(s.service.close)
	return s
}

// then changes the answer.
func (s *script) then(answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// calls returns how often the stand-in was asked.
func (s *script) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// saying returns an answer with this status, headers (pairs of name and value) and body.
func saying(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestTheServiceIsCalledAsServersCallEachOther(t *testing.T) {
	t.Parallel()
	s := newScript(t, saying(200, `null`, "Set-Cookie", "better-auth.session_token=x; Path=/"))
	from := Client{Address: "203.0.113.9", Agent: strings.Repeat("a", 300)}
	for range 2 { // a cookie that it sets must not come back
		if _, err := s.service.signIn(t.Context(), "ada@example.com", "secret", from); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.service.getSession(t.Context(), "tok.sig=", Client{}); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.asked {
		for _, name := range []string{"Cookie", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode"} {
			if r.Header.Get(name) != "" {
				t.Errorf("%s: %s", name, r.Header.Get(name))
			}
		}
	}
	if h := s.asked[1].Header; h.Get("X-Forwarded-For") != "203.0.113.9" || len(h.Get("User-Agent")) != maxAgent ||
		h.Get("Content-Type") != "application/json" || h.Get("Authorization") != "" {
		t.Errorf("sign-in with %v", h)
	}
	last := s.asked[2]
	if last.Header.Get("Authorization") != "Bearer tok.sig=" || last.Method != http.MethodGet || last.URL.Path != "/api/auth/get-session" {
		t.Errorf("get-session: %s %s %v", last.Method, last.URL, last.Header)
	}
	if _, there := last.Header["X-Forwarded-For"]; there {
		t.Error("an address that isn't known was passed on")
	}
}

// TestWhatTheServiceSaysKeepsItsMeaning goes through answers of Better Auth 1.7, and some that it doesn't give.
func TestWhatTheServiceSaysKeepsItsMeaning(t *testing.T) {
	t.Parallel()
	said := func(code, message string) string { return fmt.Sprintf(`{"code":%q,"message":%q}`, code, message) }
	for name, c := range map[string]struct {
		status  int
		body    string
		headers []string
		want    todo.Code
		says    string // in the message
		retry   time.Duration
		field   string
	}{
		"wrong password":         {401, said("INVALID_EMAIL_OR_PASSWORD", "x"), nil, todo.Unauthenticated, "Invalid email or password", 0, ""},
		"401 without a code":     {401, ``, nil, todo.Unauthenticated, "Invalid email or password", 0, ""},
		"taken":                  {422, said("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "x"), nil, todo.Conflict, "already", 0, ""},
		"taken, older":           {422, said("USER_ALREADY_EXISTS", "x"), nil, todo.Conflict, "already", 0, ""},
		"not stored":             {422, said("FAILED_TO_CREATE_USER", "x"), nil, todo.Unavailable, "", time.Second, ""},
		"unverified":             {403, said("EMAIL_NOT_VERIFIED", "x"), nil, todo.Forbidden, "e-mail", 0, ""},
		"banned":                 {403, said("BANNED_USER", "x"), nil, todo.Forbidden, "blocked", 0, ""},
		"a rule of its own":      {403, said("NOT_A_MEMBER", "Members only"), nil, todo.Forbidden, "Members only", 0, ""},
		"403 without a body":     {403, ``, nil, todo.Forbidden, "refuses", 0, ""},
		"taken for a browser":    {403, said("INVALID_ORIGIN", "x"), nil, todo.Unavailable, "", time.Minute, ""},
		"sign-up is off":         {400, said("EMAIL_PASSWORD_SIGN_UP_DISABLED", "x"), nil, todo.Forbidden, "can't be made", 0, ""},
		"passwords are off":      {400, said("EMAIL_PASSWORD_DISABLED", "x"), nil, todo.Forbidden, "turned off", 0, ""},
		"short password":         {400, said("PASSWORD_TOO_SHORT", "x"), nil, todo.Invalid, "too short", 0, "password"},
		"long password":          {400, said("PASSWORD_TOO_LONG", "x"), nil, todo.Invalid, "too long", 0, "password"},
		"bad address":            {400, said("INVALID_EMAIL", "x"), nil, todo.Invalid, "e-mail address", 0, "email"},
		"bad address, at a form": {400, said("VALIDATION_ERROR", "[body.email] Invalid email address"), nil, todo.Invalid, "", 0, "email"},
		"bad name, at a form":    {400, said("VALIDATION_ERROR", "[body.name] x"), nil, todo.Invalid, "", 0, "name"},
		"a field of its own":     {400, said("VALIDATION_ERROR", "[body.plan] x"), nil, todo.Invalid, "", 0, "body"},
		"another rule":           {400, said("TOO_EARLY", "Sign-up opens on Monday"), nil, todo.Invalid, "opens on Monday", 0, ""},
		"an odd message":         {400, said("X", "a\nb"), nil, todo.Invalid, "refuses", 0, ""},
		"too often":              {429, `{"message":"x"}`, []string{"X-Retry-After", "7"}, todo.Limited, "Too many", 7 * time.Second, ""},
		"too often, at a proxy":  {429, ``, []string{"Retry-After", "9"}, todo.Limited, "Too many", 9 * time.Second, ""},
		"too often, how long?":   {429, ``, []string{"Retry-After", "Mon"}, todo.Limited, "Too many", 10 * time.Second, ""},
		"for ever":               {429, ``, []string{"X-Retry-After", "99999999"}, todo.Limited, "Too many", time.Hour, ""},
		"a failure":              {500, said("FAILED_TO_GET_SESSION", "secret"), nil, todo.Unavailable, "temporarily", time.Second, ""},
		"a gateway":              {502, `<html>`, nil, todo.Unavailable, "temporarily", time.Second, ""},
		"nothing there":          {404, ``, nil, todo.Unavailable, "temporarily", time.Minute, ""},
		"a redirect":             {302, ``, []string{"Location", "https://evil.example.com"}, todo.Unavailable, "temporarily", time.Minute, ""},
		"no JSON":                {200, `<html>`, nil, todo.Unavailable, "temporarily", time.Minute, ""},
		"no user":                {200, `{"token":"t"}`, []string{"Set-Auth-Token", "t.s"}, todo.Unavailable, "temporarily", time.Minute, ""},
		"no plugin":              {200, `{"token":"t","user":{"id":"u"}}`, nil, todo.Unavailable, "temporarily", time.Minute, ""},
		"second factor":          {200, `{"twoFactorRedirect":true}`, []string{"Set-Auth-Token", "t.s"}, todo.Forbidden, "second factor", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, saying(c.status, c.body, c.headers...))
			answered, err := s.service.signUp(t.Context(), Registration{}, Client{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = answered.granted()
			var e *todo.Error
			if code := todo.CodeOf(err); code != c.want {
				t.Fatalf("code %v: %v", code, err)
			}
			e = err.(*todo.Error) //nolint:errorlint // as it is
			if !strings.Contains(e.Message, c.says) || e.RetryAfter != c.retry || strings.Contains(e.Message, "secret") {
				t.Errorf("got %q, retry after %v", e.Message, e.RetryAfter)
			}
			if c.field != "" && (len(e.Fields) != 1 || e.Fields[0].Field != c.field) {
				t.Errorf("fields %v", e.Fields)
			}
			if s.calls() != 1 {
				t.Errorf("asked %d times", s.calls())
			}
		})
	}
}

func TestWhoIsLetIn(t *testing.T) {
	t.Parallel()
	s := newScript(t, saying(200, `{"token":"t","user":{"id":"u1","email":"Ada@example.com","name":"Ada","createdAt":"2026-11-22T12:00:00.123Z","image":null}}`,
		"Set-Auth-Token", "t.s="))
	answered, err := s.service.signIn(t.Context(), "ada@example.com", "p", Client{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := answered.granted()
	want := Person{ID: "u1", Email: "Ada@example.com", Name: "Ada", CreatedAt: time.Date(2026, 11, 22, 12, 0, 0, 123e6, time.UTC)}
	if err != nil || got.person != want || got.token != "t.s=" {
		t.Errorf("got %+v, %v", got, err)
	}
	for body, alive := range map[string]bool{
		`null`: false, `{"session":{"id":"s"},"user":{"id":"u1","email":"e","name":"n","createdAt":"2026-11-22T12:00:00.123Z"}}`: true,
	} {
		if p, ok, err := (answer{status: 200, body: []byte(body)}).session(); ok != alive || err != nil || ok != (p.ID == "u1") {
			t.Errorf("%s: %+v, %v, %v", body, p, ok, err)
		}
	}
}

// TestAServiceThatIsAwayIsNotAskedAgain: whoever comes while the breaker is open is answered at once.
func TestAServiceThatIsAwayIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := newScript(t, saying(503, ``))
	for range breakAfter {
		answered, err := s.service.signIn(t.Context(), "e", "p", Client{})
		if err != nil || todo.CodeOf(answered.refusal()) != todo.Unavailable {
			t.Fatal(answered, err)
		}
	}
	_, err := s.service.signIn(t.Context(), "e", "p", Client{})
	if todo.CodeOf(err) != todo.Unavailable || s.calls() != breakAfter {
		t.Errorf("%v after %d calls", err, s.calls())
	}
	s.then(saying(401, ``))
	s.clock.at = s.clock.at.Add(breakFor)
	for range 2 {
		if _, err := s.service.signIn(t.Context(), "e", "p", Client{}); err != nil {
			t.Error(err)
		}
	}
	if log := s.log.String(); strings.Count(log, "is away") != 1 || strings.Count(log, "answers again") != 1 {
		t.Errorf("log: %s", log)
	}
}

// TestAFailureOfOneRequestShutsOutNobody: some requests fail time and again without the service being away.
func TestAFailureOfOneRequestShutsOutNobody(t *testing.T) {
	t.Parallel()
	s := newScript(t, saying(500, ``))
	for range 2 * breakAfter {
		if _, err := s.service.signIn(t.Context(), "e", "p", Client{}); err != nil {
			t.Fatal(err)
		}
	}
	if s.calls() != 2*breakAfter {
		t.Errorf("%d calls", s.calls())
	}
}

func TestAnAnswerThatIsTooLongOrBreaksOffIsNone(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"too long": saying(200, `"`+strings.Repeat("x", maxAnswer)+`"`),
		"breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"token":`))
		},
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		s := newScript(t, answer)
		if _, err := s.service.signIn(t.Context(), "e", "p", Client{}); todo.CodeOf(err) != todo.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhoeverGoesAwayTellsNothingOfTheService: their requests fail, and the service is there all the same.
func TestWhoeverGoesAwayTellsNothingOfTheService(t *testing.T) {
	t.Parallel()
	s := newScript(t, saying(200, `null`))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * breakAfter {
		if _, err := s.service.signIn(gone, "e", "p", Client{}); todo.CodeOf(err) != todo.Unavailable {
			t.Fatal(err)
		}
	}
	if _, err := s.service.signIn(t.Context(), "e", "p", Client{}); err != nil {
		t.Errorf("shut out: %v", err)
	}
}

// FuzzAnswers: whatever a service says, it lets nobody in without a user and a token, and todod tells people nothing that
// isn't one short line.
func FuzzAnswers(f *testing.F) {
	f.Add(200, `{"token":"t","user":{"id":"u","createdAt":"2026-11-22T12:00:00Z"}}`, "t.s")
	f.Add(400, `{"code":"VALIDATION_ERROR","message":"[body.email] x"}`, "")
	f.Add(200, `null`, "")
	f.Add(403, `{"message":"a"}`, "")
	f.Fuzz(func(t *testing.T, status int, body, token string) {
		said := answer{status: status, header: http.Header{signedToken: {token}}, body: []byte(body)}
		granted, err := said.granted()
		if err == nil && (granted.person.ID == "" || granted.token != "" && granted.token != token || status != 200) {
			t.Errorf("let in %+v", granted)
		}
		if err != nil && todo.CodeOf(err) == 0 {
			t.Errorf("no error of ours: %v", err)
		}
		person, alive, err := said.session()
		if alive && (err != nil || status != 200 || person.ID == "") || !alive && person != (Person{}) {
			t.Errorf("%+v, %v, %v", person, alive, err)
		}
		var e *todo.Error
		if errors.As(err, &e) && strings.ContainsAny(e.Message, "\n\x00") {
			t.Errorf("message %q", e.Message)
		}
	})
}

// TestNothingIsLeftOpen: after close, the service sees its connections end.
func TestNothingIsLeftOpen(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(saying(200, `null`))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	service := newService(server.URL, time.Now, slog.New(slog.DiscardHandler))
	if _, err := service.getSession(t.Context(), "t", Client{}); err != nil {
		t.Fatal(err)
	}
	service.close()
	select {
	case <-closed:
	case <-time.After(2 * time.Second): // before keepIdle would do it
		t.Error("a connection is still open")
	}
}
