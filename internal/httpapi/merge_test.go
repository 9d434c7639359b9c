package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"testing"
)

// merge patches a task with If-Match and the preference to merge.
func (s *server) merge(t testing.TB, path, body, ifMatch string) answer {
	t.Helper()
	return s.do(t, request{method: "PATCH", path: path, user: "ada", body: body, header: map[string]string{"If-Match": ifMatch, "Prefer": "merge"}})
}

// TestMergeGoesOverOtherFields: what two people changed in different fields, or to the same, is no conflict.
func TestMergeGoesOverOtherFields(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"a","due_date":"2026-01-15"}`)
		s.as(t, "ada", "PATCH", path(task), `{"title":"theirs"}`).want(t, http.StatusOK)
		a := s.merge(t, path(task), `{"priority":"high","due_date":"2026-01-16"}`, `"v1"`).want(t, http.StatusOK)
		got := decode[object](t, a)
		if a.header.Get("Preference-Applied") != "merge" || a.header.Get("ETag") != `"v3"` || got["version"] != json.Number("3") ||
			got["title"] != "theirs" || got["priority"] != "high" || got["due_date"] != "2026-01-16T00:00:00.000000Z" || got["due_all_day"] != true {
			t.Errorf("%v %s", a.header, a.body)
		}
		same := s.merge(t, path(task), `{"title":"theirs","priority":"high"}`, `"v1"`).want(t, http.StatusOK)
		if same.body != a.body || same.header.Get("Preference-Applied") != "merge" {
			t.Errorf("to the same: %s", same.body)
		}
		if now := s.merge(t, path(task), `{"title":"over"}`, `"v3"`).want(t, http.StatusOK); now.header.Get("ETag") != `"v4"` {
			t.Errorf("at the version itself: %s", now.body)
		}
		keyed := request{method: "PATCH", path: path(task), user: "ada", body: `{"completed":true}`, header: map[string]string{
			"If-Match": `"v1"`, "Prefer": `respond-async, MERGE; foo="bar"`, "Idempotency-Key": "merge",
		}}
		first := s.do(t, keyed).want(t, http.StatusOK)
		again := s.do(t, keyed).want(t, http.StatusOK)
		if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Preference-Applied") != "merge" ||
			again.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("first %s\nagain %s %v", first.body, again.body, again.header)
		}
		s.as(t, "ada", "DELETE", path(task), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "DELETE", "/api/v1/trash/"+id(task), "").want(t, http.StatusNoContent)
		s.do(t, keyed).want(t, http.StatusNotFound) // of what has gone for good, nothing is left
	})
}

// TestAMergeConflictNamesBothSides: each field as it was, as it would become, and as it is.
func TestAMergeConflictNamesBothSides(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		type sides struct{ Base, Yours, Current any }
		for _, c := range []struct {
			base, theirs, yours string
			want                map[string]sides
		}{
			{`{"title":"a"}`, `{"title":"b"}`, `{"title":"c"}`, map[string]sides{"title": {"a", "c", "b"}}},
			{`{"title":"a"}`, `{"description":""}`, `{"description":"x","priority":"high"}`, map[string]sides{"description": {nil, "x", ""}}},
			{`{"title":"a","description":"x"}`, `{"description":null}`, `{"description":""}`, map[string]sides{"description": {"x", "", nil}}},
			{`{"title":"a"}`, `{"priority":"low","completed":true,"title":"b"}`, `{"priority":"high","completed":false,"title":"b"}`,
				map[string]sides{"priority": {"medium", "high", "low"}, "completed": {false, false, true}}},
			{`{"title":"a","due_date":"2026-01-15"}`, `{"due_date":"2026-01-16"}`, `{"due_date":"2026-01-17T10:00:00+01:00"}`,
				map[string]sides{"due_date": {"2026-01-15", "2026-01-17T09:00:00.000000Z", "2026-01-16"}}},
			{`{"title":"a","due_date":"2026-01-15T00:00:00Z"}`, `{"due_all_day":true}`, `{"due_date":null}`,
				map[string]sides{"due_date": {"2026-01-15T00:00:00.000000Z", nil, "2026-01-15"}}},
			{`{"title":"a","due_date":"2026-01-15"}`, `{"due_date":null}`, `{"due_all_day":false}`,
				map[string]sides{"due_date": {"2026-01-15", "2026-01-15T00:00:00.000000Z", nil}}},
		} {
			task := s.create(t, "ada", c.base)
			tag := fmt.Sprintf("\"v%s\"", task["version"])
			s.as(t, "ada", "PATCH", path(task), c.theirs).want(t, http.StatusOK)
			current := s.as(t, "ada", "GET", path(task), "")
			a := s.do(t, request{method: "PATCH", path: path(task), user: "ada", body: c.yours, header: map[string]string{
				"If-Match": tag, "Prefer": "merge", "Idempotency-Key": "conflict",
			}}).want(t, http.StatusConflict)
			got := decode[struct {
				ErrorCode string `json:"error_code"`
				Conflicts map[string]sides
				Current   object
				Errors    []struct{ Field string }
			}](t, a)
			if !reflect.DeepEqual(got.Conflicts, c.want) || got.ErrorCode != "CONFLICT_DETECTED" || len(got.Errors) != len(c.want) {
				t.Errorf("%s over %s:\n got %s\nwant %v", c.yours, c.theirs, a.body, c.want)
			}
			if !reflect.DeepEqual(got.Current, decode[object](t, current)) || a.header.Get("ETag") != current.header.Get("ETag") ||
				a.header.Get("Preference-Applied") != "" {
				t.Errorf("current %v, %v; there is %s", got.Current, a.header, current.body)
			}
			if after := s.as(t, "ada", "GET", path(task), ""); after.body != current.body {
				t.Errorf("%s left %s of %s", c.yours, after.body, current.body)
			}
			// The tag that came with the conflict is what to go on with.
			s.merge(t, path(task), c.yours, a.header.Get("ETag")).want(t, http.StatusOK)
		}
		s.as(t, "ada", "GET", "/api/v1/operations/conflict", "").want(t, http.StatusNotFound)
	})
}

// TestWhereNothingIsMerged: without one version to go on from, the preference means nothing.
func TestWhereNothingIsMerged(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task, other := s.create(t, "ada", `{"title":"a"}`), s.create(t, "ada", `{"title":"b"}`)
		s.as(t, "ada", "PATCH", path(task), `{"title":"theirs"}`).want(t, http.StatusOK) // v3
		for ifMatch, status := range map[string]int{
			"*": 200, `"v1", "v3"`: 200, `"v1", "v2"`: 412, `"v0"`: 412, `"v-1"`: 412, `"v77"`: 412, `"x"`: 412,
			`"v2"`: 412, // a version of another task
			`v1`:   400, `"v1`: 400,
		} {
			a := s.merge(t, path(task), `{"title":"theirs"}`, ifMatch).want(t, status)
			if a.header.Get("Preference-Applied") != "" {
				t.Errorf("If-Match: %s: %v", ifMatch, a.header)
			}
			if p := decode[object](t, a); status == 412 && (p["current"] == nil || p["conflicts"] != nil || a.header.Get("ETag") != `"v3"`) {
				t.Errorf("If-Match: %s: %s", ifMatch, a.body)
			}
		}
		for _, prefer := range []string{"", "merged", "return=minimal", `x="a, merge, b"`, `merge=no`} {
			s.do(t, request{method: "PATCH", path: path(task), user: "ada", body: `{"priority":"low"}`, header: map[string]string{
				"If-Match": `"v1"`, "Prefer": prefer,
			}}).want(t, http.StatusPreconditionFailed)
		}
		preferring := func(method, path, body string) answer {
			return s.do(t, request{method: method, path: path, user: "ada", body: body, header: map[string]string{"If-Match": `"v1"`, "Prefer": "merge"}})
		}
		preferring("PUT", path(task), `{"priority":"low"}`).want(t, http.StatusPreconditionFailed)
		preferring("PATCH", path(task)+"/toggle", "").want(t, http.StatusPreconditionFailed)
		preferring("DELETE", path(task), "").want(t, http.StatusPreconditionFailed)
		preferring("PUT", "/api/todos/"+id(task), `{"priority":"low"}`).want(t, http.StatusPreconditionFailed)
		preferring("PATCH", "/api/todos/"+id(task)+"/complete", `{"completed":true}`).want(t, http.StatusPreconditionFailed)
		s.as(t, "ada", "DELETE", path(other), "").want(t, http.StatusNoContent)
		foreign := s.do(t, request{method: "PATCH", path: path(task), user: "mallory", body: `{"title":"x"}`, header: map[string]string{"If-Match": `"v1"`, "Prefer": "merge"}})
		missing := s.do(t, request{method: "PATCH", path: "/api/v1/tasks/987654321", user: "mallory", body: `{"title":"x"}`, header: map[string]string{"If-Match": `"v1"`, "Prefer": "merge"}})
		if foreign.want(t, http.StatusNotFound); withoutPassing(foreign) != withoutPassing(missing) {
			t.Errorf("another's %s, missing %s", foreign.body, missing.body)
		}
		s.merge(t, path(other), `{"title":"x"}`, `"v2"`).want(t, http.StatusNotFound) // in the trash
		s.as(t, "ada", "POST", "/api/v1/trash/"+id(other)+"/restore", "").want(t, http.StatusOK)
		s.merge(t, path(other), `{"title":"x"}`, `"v4"`).want(t, http.StatusPreconditionFailed) // the version of its deletion
		s.merge(t, path(other), `{"title":"x"}`, `"v2"`).want(t, http.StatusOK)
		wantInvalid(t, "a bad patch", s.merge(t, path(other), `{"title":""}`, `"v2"`), "title")
	})
}
