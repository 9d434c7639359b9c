package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/httpapi"
)

// TestATimeZone is UTC until somebody says another.
func TestATimeZone(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		if got := decode[object](t, s.as(t, "ada", "GET", "/api/v1/me", "").want(t, http.StatusOK)); got["time_zone"] != "UTC" || len(got) != 8 {
			t.Errorf("who hasn't said: %v", got)
		}
		a := s.as(t, "ada", "PATCH", "/api/v1/me", `{"time_zone":"America/Los_Angeles"}`).want(t, http.StatusOK)
		if got := decode[object](t, a); got["time_zone"] != "America/Los_Angeles" || got["id"] != "ada" || got["rev"].(fmt.Stringer).String() != "0" {
			t.Errorf("set: %s", a.body)
		}
		if again := s.as(t, "ada", "GET", "/api/v1/me", ""); again.body != a.body {
			t.Errorf("PATCH answers %s, GET %s", a.body, again.body)
		}
		for _, bad := range []string{`"Mars/Olympus"`, `""`, `"Local"`, `"utc"`, `"../UTC"`, `"posix/Europe/Berlin"`, "null", "1"} {
			wantInvalid(t, bad, s.as(t, "ada", "PATCH", "/api/v1/me", `{"time_zone":`+bad+`}`), "time_zone")
		}
		if export := s.as(t, "ada", "GET", "/api/v1/me/export", "").want(t, http.StatusOK); part(decode[object](t, export), "profile", "time_zone") != "America/Los_Angeles" {
			t.Errorf("exported: %s", export.body)
		}
		if got := decode[object](t, s.as(t, "bob", "GET", "/api/v1/me", "")); got["time_zone"] != "UTC" {
			t.Errorf("another is in %v", got["time_zone"])
		}
		if strings.Contains(s.log.String(), "profile_changed") {
			t.Error("a time zone is told of as a change of the account")
		}
		before := mint(t, "ada")
		s.with(t, before, "DELETE", "/api/v1/me", "").want(t, http.StatusNoContent)
		s.with(t, before, "PATCH", "/api/v1/me", `{"time_zone":"Europe/Berlin"}`).want(t, http.StatusUnauthorized)
		later := mintAs(t, auth.Claims{Subject: "ada"}, 20*time.Second)
		if got := decode[object](t, s.with(t, later, "GET", "/api/v1/me", "").want(t, http.StatusOK)); got["time_zone"] != "UTC" {
			t.Errorf("erased, and back: %v", got)
		}
	})
}

// TestATimeZoneBesideAnAccount: a request that can't change all that it says changes nothing.
func TestATimeZoneBesideAnAccount(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ada := s.register(t, "ada@example.com")
		s.register(t, "eve@example.com")
		s.with(t, ada.Token, "PATCH", "/api/v1/me", `{"time_zone":"Europe/Berlin","email":"eve@example.com"}`).want(t, http.StatusConflict)
		wantInvalid(t, "a bad address", s.with(t, ada.Token, "PATCH", "/api/v1/me", `{"time_zone":"Europe/Berlin","email":"x"}`), "email")
		wantInvalid(t, "a bad zone", s.with(t, ada.Token, "PATCH", "/api/v1/me", `{"time_zone":"Europe/Bonn","email":"new@example.com"}`), "time_zone")
		if got := decode[object](t, s.with(t, ada.Token, "GET", "/api/v1/me", "")); got["time_zone"] != "UTC" || got["email"] != "ada@example.com" {
			t.Errorf("refused, and yet %v", got)
		}
		got := decode[object](t, s.with(t, ada.Token, "PATCH", "/api/v1/me", `{"time_zone":"Europe/Berlin","name":"Countess"}`).want(t, http.StatusOK))
		if got["time_zone"] != "Europe/Berlin" || got["name"] != "Countess" {
			t.Errorf("both: %v", got)
		}
	})
}

// TestATimeZoneNeedsNoAccountHere: who signs in elsewhere has one, too, and it counts as no sign-in.
func TestATimeZoneNeedsNoAccountHere(t *testing.T) {
	t.Parallel()
	limit := fewSignIns(1)
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		limit(cfg)
		cfg.Accounts = account.Elsewhere{}
	})
	for _, zone := range []string{"Europe/Berlin", "Asia/Tokyo", "UTC", "Asia/Kathmandu"} {
		for range 5 {
			got := decode[object](t, s.as(t, "ada", "PATCH", "/api/v1/me", fmt.Sprintf(`{"time_zone":%q}`, zone)).want(t, http.StatusOK))
			if got["time_zone"] != zone {
				t.Errorf("%v", got)
			}
		}
	}
	for _, body := range []string{`{"name":"Ada"}`, `{}`, `{"time_zone":"UTC","name":"Ada"}`} {
		s.as(t, "ada", "PATCH", "/api/v1/me", body).want(t, http.StatusForbidden)
	}
	if got := decode[object](t, s.as(t, "ada", "GET", "/api/v1/me", "")); got["time_zone"] != "Asia/Kathmandu" {
		t.Errorf("%v", got)
	}
}

// TestDatesBeginWhereTheCallerIs unless the request says another zone.
func TestDatesBeginWhereTheCallerIs(t *testing.T) {
	onEveryStoreAt(t, "2026-06-02T04:00:00Z", func(t *testing.T, s *server, _ *fakeClock) { // still the 1st in Los Angeles
		s.create(t, "ada", `{"title":"instant","due_date":"2026-06-02T03:00:00Z","start_date":"2026-06-02T03:00:00Z","completed":true}`)
		s.create(t, "ada", `{"title":"day","due_date":"2026-06-01"}`)
		const inLosAngeles, inUTC = "day instant", "day"
		const filter, starts = "/api/v1/tasks?due_before=2026-06-02&sort=title", "/api/v1/tasks?start_before=2026-06-02"
		tag := s.as(t, "ada", "GET", filter, "").header.Get("ETag")
		if got := s.names(t, "ada", filter); got != inUTC {
			t.Errorf("before: %s", got)
		}
		overdue := func(query string) string {
			return part(decode[object](t, s.as(t, "ada", "GET", "/api/v1/me"+query, "").want(t, http.StatusOK)), "tasks", "overdue")
		}
		if n := overdue(""); n != "1" {
			t.Errorf("%s are overdue", n)
		}
		s.as(t, "ada", "PATCH", "/api/v1/me", `{"time_zone":"America/Los_Angeles"}`).want(t, http.StatusOK)
		for path, want := range map[string]string{
			filter: inLosAngeles, filter + "&tz=UTC": inUTC, filter + "&tz=Asia/Tokyo": inUTC, starts: "instant", starts + "&tz=UTC": "",
			"/api/v1/tasks?due_before=2026-06-02T00:00:00Z&sort=title": inUTC,
		} {
			if got := s.names(t, "ada", path); got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
		}
		s.conditional(t, "ada", "GET", filter, "", "If-None-Match", tag).want(t, http.StatusOK)
		todos := decode[todoList](t, s.as(t, "ada", "GET", "/api/todos?due_before=2026-06-02", ""))
		if todos.Total != 2 {
			t.Errorf("todos: %+v", todos)
		}
		if here, there := overdue(""), overdue("?tz=UTC"); here != "0" || there != "1" {
			t.Errorf("%s are overdue here, %s in UTC", here, there)
		}
		if here := s.told(t, "?since=2026-06-02"); here != "" {
			t.Errorf("completed today: %s", here)
		}
		if here := s.told(t, "?since=2026-06-01&until=2026-06-02"); here != "instant" {
			t.Errorf("completed on the 1st: %s", here)
		}
		s.as(t, "ada", "GET", filter+"&tz=Europe/Bonn", "").want(t, http.StatusBadRequest)
	})
}

// TestTasksRecurWhereTheyAreMeant: at the wall time of their own zone, or of the person's, whatever clocks do.
func TestTasksRecurWhereTheyAreMeant(t *testing.T) {
	onEveryStoreAt(t, "2026-10-24T06:00:00Z", func(t *testing.T, s *server, _ *fakeClock) {
		s.as(t, "ada", "PATCH", "/api/v1/me", `{"time_zone":"America/New_York"}`).want(t, http.StatusOK)
		for due, c := range map[string]struct{ more, next string }{
			"2026-10-24T09:00:00+02:00": {`,"due_zone":"Europe/Berlin"`, "2026-10-25T08:00:00.000000Z"}, // winter time begins
			"2026-10-31T09:00:00-04:00": {"", "2026-11-01T14:00:00.000000Z"},
			"2026-10-24T23:30:00-04:00": {"", "2026-10-26T03:30:00.000000Z"},
		} {
			task := s.recurring(t, due, "FREQ=DAILY", c.more)
			if got := s.complete(t, task, "")["due_date"]; got != c.next {
				t.Errorf("%s: next is %v, want %s", due, got, c.next)
			}
		}
	})
}
