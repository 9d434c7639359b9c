package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// badBodies are bodies that no write takes, with the field that each answer must name.
var badBodies = []struct{ body, field string }{
	{`{"title":null}`, "title"},
	{`{"title":"x","TITLE":"x"}`, "TITLE"},
	{`{"title":"a","title":"b"}`, "title"},
	{`{"title":"x"}{}`, "body"},
	{`{"title":"x"} x`, "body"},
	{`{"title":"x"}]`, "body"},
	{`{"title":"a\u0000b"}`, "title"},
	{"{\"title\":\"a\x00b\"}", "title"},
	{"{\"title\":\"a\xffb\"}", "title"},
	{"{\"title\":\"\xed\xa0\x80\"}", "title"},
	{`{"title":"\ud800"}`, "title"},
	{`{"title":"` + strings.Repeat("é", 201) + `"}`, "title"},
	{`{"title":" \t\n\u00a0\u2003 "}`, "title"},
	{`{"title":""}`, "title"},
	{`{"title":"\u200b\u200d"}`, "title"},
	{`{"title":5}`, "title"},
	{`{"title":["x"]}`, "title"},
	{`{"title":{"a":1,"a":2}}`, "title"},
	{`{"title":"x","completed":"yes"}`, "completed"},
	{`{"title":"x","completed":1}`, "completed"},
	{`{"title":"x","completed":null}`, "completed"},
	{`{"title":"x","priority":"urgent"}`, "priority"},
	{`{"title":"x","priority":"High"}`, "priority"},
	{`{"title":"x","priority":""}`, "priority"},
	{`{"title":"x","priority":null}`, "priority"},
	{`{"title":"x","description":5}`, "description"},
	{`{"title":"x","description":"` + strings.Repeat("a", 1001) + `"}`, "description"},
	{`{"title":"x","description":"a\u0000"}`, "description"},
	{`{"title":"x","due_date":""}`, "due_date"},
	{`{"title":"x","due_date":"tomorrow"}`, "due_date"},
	{`{"title":"x","due_date":"2026-02-30"}`, "due_date"},
	{`{"title":"x","due_date":"2026-01-15T10:00:00"}`, "due_date"},
	{`{"title":"x","due_date":"2026-01-15 10:00:00Z"}`, "due_date"},
	{`{"title":"x","due_date":"2026-01-15T1:00:00Z"}`, "due_date"},
	{`{"title":"x","due_date":"10000-01-01"}`, "due_date"},
	{`{"title":"x","due_date":"0001-01-01T00:00:00+01:00"}`, "due_date"},
	{`{"title":"x","due_date":"0000-12-31T23:30:00-01:00","due_all_day":true}`, "due_date"},
	{`{"title":"x","due_date":1768435200}`, "due_date"},
	{`{"title":"x","due_all_day":null}`, "due_all_day"},
	{`{"title":"x","start_date":"tomorrow"}`, "start_date"},
	{`{"title":"x","start_date":"0000-12-31T23:30:00-01:00","start_all_day":true}`, "start_date"},
	{`{"title":"x","start_all_day":null}`, "start_all_day"},
	{`{"title":"x","due_all_day":"true"}`, "due_all_day"},
	{`{"title":"x","id":7}`, "id"},
	{`{"title":"x","user_id":"bob"}`, "user_id"},
	{`{"title":"x","version":7}`, "version"},
	{`{"title":"x","created_at":"2026-01-01T00:00:00Z"}`, "created_at"},
	{`{"title":"x","":1}`, ""},
	{`{"title":"x","colour":"red"}`, "colour"},
	{`[]`, "body"},
	{`null`, "body"},
	{`"title"`, "body"},
	{`{`, "body"},
	{`{"title":"x",}`, "body"},
	{`{'title':'x'}`, "body"},
	{`{"title":"x"`, "body"},
	{`{"title":`, "title"},
	{"\ufeff\ufeff" + `{"title":"x"}`, "body"},
	{strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40), "a"},
	{strings.Repeat(`[`, 30000), "body"},
}

func TestBadBodiesAreRefusedAndNothingIsStored(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"as it was","due_date":"2026-01-15"}`)
		before := s.as(t, "ada", "GET", "/api/v1/tasks", "")
		for _, c := range badBodies {
			for _, route := range []string{"POST /api/v1/tasks", "PUT " + path(task), "PATCH " + path(task)} {
				method, path, _ := strings.Cut(route, " ")
				wantInvalid(t, fmt.Sprintf("%s of %.60q", method, c.body), s.as(t, "ada", method, path, c.body), c.field)
			}
		}
		for _, body := range []string{`{}`, `{"description":"x"}`} {
			wantInvalid(t, "POST without a title", s.as(t, "ada", "POST", "/api/v1/tasks", body), "title")
		}
		empty := request{method: "POST", path: "/api/v1/tasks", user: "ada", header: map[string]string{"Content-Type": "application/json"}}
		wantInvalid(t, "POST without a body", s.do(t, empty), "body")
		if after := s.as(t, "ada", "GET", "/api/v1/tasks", ""); after.body != before.body {
			t.Errorf("before %s, after %s", before.body, after.body)
		}
	})
}

// wantInvalid fails the test unless a is the 400 that names field.
func wantInvalid(t *testing.T, what string, a answer, field string) {
	t.Helper()
	if a.status != http.StatusBadRequest {
		t.Errorf("%s: status %d, want 400: %.200s", what, a.status, a.body)
		return
	}
	problem := decode[object](t, a)
	errors, _ := problem["errors"].([]any)
	for _, e := range errors {
		if fault := e.(map[string]any); fault["field"] == field && fault["message"] != "" {
			if !strings.Contains(problem["detail"].(string), fault["message"].(string)) {
				t.Errorf("%s: detail %q does not say %q", what, problem["detail"], fault["message"])
			}
			return
		}
	}
	t.Errorf("%s: the answer does not name %q: %.300s", what, field, a.body)
}

func TestEveryFieldAtFaultIsNamed(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	a := s.as(t, "ada", "POST", "/api/v1/tasks", `{"title":7,"completed":"no","colour":"red"}`)
	for _, field := range []string{"title", "completed", "colour"} {
		wantInvalid(t, "three faults", a, field)
	}
	a = s.as(t, "ada", "POST", "/api/v1/tasks", `{"title":"`+strings.Repeat("a", 201)+`"}`)
	problem := decode[object](t, a)
	if problem["detail"] != "title must be at most 200 characters, got 201" || problem["error_code"] != "INVALID_REQUEST" {
		t.Errorf("got %s", a.body)
	}
}

func TestBadQueriesAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=1001": "limit", "limit=abc": "limit", "limit=1.5": "limit", "limit=-1": "limit",
		"limit=99999999999999999999": "limit", "limit=%2B1": "limit", "offset=-1": "offset", "offset=x": "offset", "completed=yes": "completed",
		"completed=True": "completed", "completed=1": "completed", "count=2": "count", "priority=urgent": "priority",
		"due_before=tomorrow": "due_before", "due_after=2026-13-01": "due_after", "sort=colour": "sort", "sort=title,title": "sort",
		"sort=title,-title": "sort", "sort=,": "sort", "sort=--title": "sort", "q=%00": "q", "q=%ff": "q", "q=" + strings.Repeat("a", 201): "q",
		"colour=red": "colour", "Limit=5": "Limit", "limit=5&limit=5": "limit", "limit=5&limit=": "limit", "q=a&q=b": "q",
		"limit=%zz": "query", "offset=99999999999abc": "offset", "offset=4294967296x": "offset", "limit=5;offset=1": "query", "=": "",
	} {
		wantInvalid(t, query, s.as(t, "ada", "GET", "/api/v1/tasks?"+query, ""), field)
	}
	wantInvalid(t, "a query of another route", s.as(t, "ada", "POST", "/api/v1/tasks?limit=5", `{"title":"x"}`), "limit")
}

func TestBadIDsAreRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, suffix := range []string{"", "/toggle"} {
			method := map[string]string{"": "GET", "/toggle": "PATCH"}[suffix]
			for _, id := range []string{"0", "-1", "1.5", "abc", "%31x", "1e3", "0x1", "+1", "%201", "00", "1%2F2", "١", "99999999999999999999x"} {
				wantInvalid(t, id, s.as(t, "ada", method, "/api/v1/tasks/"+id+suffix, ""), "id")
			}
			for _, id := range []string{"999", "9223372036854775807", "9223372036854775808", "99999999999999999999999999"} {
				s.as(t, "ada", method, "/api/v1/tasks/"+id+suffix, "").want(t, http.StatusNotFound)
			}
		}
	})
}

func TestTheQuotaIsAConflict(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		small := newServer(t, s.store, withQuota(s.store, 1))
		small.create(t, "eve", `{"title":"x"}`)
		a := small.as(t, "eve", "POST", "/api/v1/tasks", `{"title":"y"}`).want(t, http.StatusConflict)
		if p := decode[object](t, a); p["error_code"] != "CONFLICT_DETECTED" {
			t.Errorf("got %s", a.body)
		}
	})
}
