package httpapi_test

import (
	"net/http"
	"testing"
)

// TestAKeyBelongsToOneRequest: the method, the path, the body, If-Match and Prefer are what a key is good for.
func TestAKeyBelongsToOneRequest(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		a, b := s.create(t, "ada", `{"title":"a"}`), s.create(t, "ada", `{"title":"b"}`)
		first := request{
			method: "PATCH", path: path(a), user: "ada", body: `{"description":"x"}`,
			header: map[string]string{"Idempotency-Key": "k", "If-Match": `"v1"`, "Prefer": "merge"},
		}
		answered := s.do(t, first).want(t, http.StatusOK)
		if again := s.do(t, first); again.body != answered.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("again: %d %s", again.status, again.body)
		}
		for what, change := range map[string]func(*request){
			"the method": func(r *request) { r.method = "PUT" },
			"the path":   func(r *request) { r.path = path(b) },
			"the body":   func(r *request) { r.body = `{"description":"y"}` },
			"a blank":    func(r *request) { r.body += " " },
			"If-Match":   func(r *request) { r.header["If-Match"] = `"v2"` },
			"Prefer":     func(r *request) { delete(r.header, "Prefer") },
		} {
			other := first
			other.header = map[string]string{"Idempotency-Key": "k", "If-Match": `"v1"`, "Prefer": "merge"}
			change(&other)
			if a := s.do(t, other); a.status != http.StatusUnprocessableEntity || decode[object](t, a)["error_code"] != "IDEMPOTENCY_KEY_REUSED" {
				t.Errorf("%s differs: %d %s", what, a.status, a.body)
			}
		}
		s.keyed(t, "ada", "POST", "/api/v1/tasks", `{"title":"one"}`, "create").want(t, http.StatusCreated)
		s.keyed(t, "ada", "POST", "/api/v1/tasks", `{"title":"two"}`, "create").want(t, http.StatusUnprocessableEntity)
		s.keyed(t, "bob", "POST", "/api/v1/tasks", `{"title":"two"}`, "create").want(t, http.StatusCreated)
	})
}
