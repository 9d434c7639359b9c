package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// told returns the titles of what ada has completed, the latest first; query begins with a question mark.
func (s *server) told(t testing.TB, query string) string {
	t.Helper()
	var titles []string
	for _, c := range decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/completions"+query, "").want(t, http.StatusOK)) {
		titles = append(titles, fmt.Sprint(c["title"]))
	}
	return strings.Join(titles, " ")
}

// TestCompletions are of tasks that recur and of others, the latest first, as long as there is the task.
func TestCompletions(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, clock *fakeClock) {
		if a := s.as(t, "ada", "GET", "/api/v1/completions", "").want(t, http.StatusOK); a.body != "[]" {
			t.Errorf("none: %s", a.body)
		}
		recurs := s.recurring(t, "2026-06-01", "FREQ=DAILY")
		plain := s.create(t, "ada", `{"title":"plain"}`)
		s.as(t, "bob", "POST", "/api/v1/tasks", `{"title":"bob's","completed":true}`).want(t, http.StatusCreated)
		for range 3 {
			s.complete(t, recurs, "")
			clock.Advance(24 * time.Hour)
		}
		s.complete(t, plain, "")
		raw := s.as(t, "ada", "GET", "/api/v1/completions", "").want(t, http.StatusOK)
		want := fmt.Sprintf(`[{"task_id":%s,"title":"plain","slot":null,"due_date":null,"due_all_day":false,"completed_at":"2026-06-04T08:00:00.000000Z","skipped":false},`, id(plain))
		for _, day := range []string{"2026-06-03T", "2026-06-02T", "2026-06-01T"} {
			want += fmt.Sprintf(`{"task_id":%s,"title":"recurs","slot":"%[2]s00:00:00.000000Z","due_date":"%[2]s00:00:00.000000Z","due_all_day":true,`+
				`"completed_at":"%[2]s08:00:00.000000Z","skipped":false},`, id(recurs), day)
		}
		if want = strings.TrimSuffix(want, ",") + "]"; raw.body != want {
			t.Errorf("completions are\n%s, want\n%s", raw.body, want)
		}
		for query, want := range map[string]string{
			"?since=2026-06-02": "plain recurs recurs", "?until=2026-06-02": "recurs", "?since=2026-06-02&until=2026-06-03": "recurs",
			"?since=2026-06-02T08:00:00Z": "plain recurs recurs", "?since=2026-06-02T08:00:00.000001Z": "plain recurs", "?until=2026-06-02T10:00:00%2B02:00": "recurs",
			"?since=2026-06-05": "", "?since=2026-06-03&until=2026-06-02": "", "?since=0001-01-01&until=9999-12-31": "plain recurs recurs recurs", "?limit=2": "plain recurs",
		} {
			if got := s.told(t, query); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		for limit := 1; limit <= 5; limit++ {
			all, pages := s.walkPages(t, "ada", fmt.Sprint("/api/v1/completions?since=2026-06-01&limit=", limit))
			if len(all) != 4 || pages != (4+limit-1)/limit {
				t.Errorf("in pages of %d: %v in %d", limit, all, pages)
			}
		}
		tag := raw.header.Get("ETag")
		if same := s.conditional(t, "ada", "GET", "/api/v1/completions", "", "If-None-Match", tag); same.status != http.StatusNotModified || same.body != "" || tag == "" {
			t.Errorf("unchanged: %d %s", same.status, same.body)
		}
		s.conditional(t, "ada", "GET", "/api/v1/completions?limit=3", "", "If-None-Match", tag).want(t, http.StatusOK)
		s.as(t, "ada", "PATCH", path(recurs), `{"title":"renamed"}`).want(t, http.StatusOK)
		if s.conditional(t, "ada", "GET", "/api/v1/completions", "", "If-None-Match", tag).want(t, http.StatusOK); s.told(t, "") != "plain renamed renamed renamed" {
			t.Errorf("renamed: %s", s.told(t, ""))
		}

		s.as(t, "ada", "DELETE", path(recurs), "").want(t, http.StatusNoContent)
		if got := s.told(t, ""); got != "plain renamed renamed renamed" {
			t.Errorf("in the trash: %s", got)
		}
		s.as(t, "ada", "POST", inTrash(recurs)+"/restore", "").want(t, http.StatusOK)
		s.as(t, "ada", "DELETE", path(recurs), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "DELETE", inTrash(recurs), "").want(t, http.StatusNoContent)
		if got := s.told(t, ""); got != "plain" {
			t.Errorf("gone for good: %s", got)
		}
		s.as(t, "ada", "PATCH", path(plain)+"/toggle", "").want(t, http.StatusOK)
		if got := s.told(t, ""); got != "" {
			t.Errorf("reopened: %s", got)
		}
	})
}

// TestBadQuestionsForCompletions are refused, and a cursor is good for its own question only.
func TestBadQuestionsForCompletions(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		for range 2 {
			s.create(t, "ada", `{"title":"x","completed":true}`)
		}
		link := s.as(t, "ada", "GET", "/api/v1/completions?limit=1", "").header.Get("Link")
		next, err := url.Parse(strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`))
		if err != nil || !strings.HasSuffix(link, `; rel="next"`) {
			t.Fatalf("Link %q", link)
		}
		cursor := url.QueryEscape(next.Query().Get("cursor"))
		for query, field := range map[string]string{
			"since=soon": "since", "until=": "", "until=2026-13-01": "until", "limit=0": "limit", "limit=1001": "limit", "limit=x": "limit", "cursor=x": "cursor",
			"tz=UTC": "tz", "offset=1": "offset", "since=2026-06-01&since=2026-06-01": "since", "since=2026-06-01&cursor=" + cursor: "cursor",
		} {
			a := s.as(t, "ada", "GET", "/api/v1/completions?"+query, "")
			if field == "" {
				a.want(t, http.StatusOK)
				continue
			}
			wantInvalid(t, query, a, field)
		}
		wantInvalid(t, "another's cursor", s.as(t, "bob", "GET", "/api/v1/completions?cursor="+cursor, ""), "cursor")
		s.as(t, "ada", "GET", "/api/v1/completions?limit=7&cursor="+cursor, "").want(t, http.StatusOK)
	})
}
