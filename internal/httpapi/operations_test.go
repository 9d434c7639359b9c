package httpapi_test

import (
	"net/http"
	"testing"
)

// TestAnOperationTellsAllItsChanges: whatever a key was for, asking for it says what it changed.
func TestAnOperationTellsAllItsChanges(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"a"}`)
		for _, w := range []struct {
			key, method, path, body, ops string
			task                         bool
		}{
			{"create", "POST", "/api/v1/tasks", `{"title":"b"}`, "created", true},
			{"batch", "POST", batchPath, operations(false, `{"op":"create","ref":"a","task":{"title":"c"}}`, `{"op":"complete","ref":"a"}`,
				`{"op":"delete","id":987654321}`), "created completed", false},
			{"failing", "POST", batchPath, operations(false, `{"op":"delete","id":987654321}`), "", false},
			{"all", "POST", "/api/v1/tasks/complete-all", "", "completed completed", false},
			{"none", "POST", "/api/v1/tasks/complete-all", "", "", false},
			{"undo", "POST", undoPath, `{"key":"all"}`, "reopened reopened", false},
			{"merge", "PATCH", path(task), `{"priority":"high"}`, "updated", true},
			{"same", "PATCH", path(task), `{"priority":"high"}`, "", true},
			{"delete", "DELETE", path(task), "", "deleted", false},
		} {
			r := request{method: w.method, path: w.path, user: "ada", body: w.body, header: map[string]string{"Idempotency-Key": w.key}}
			if w.key == "merge" {
				r.header["Prefer"], r.header["If-Match"] = "merge", `"v1"`
			}
			first := s.do(t, r)
			if first.status >= 300 {
				t.Fatalf("%s: %d %s", w.key, first.status, first.body)
			}
			a := s.as(t, "ada", "GET", "/api/v1/operations/"+w.key, "").want(t, http.StatusOK)
			got := decode[struct {
				changeSet
				Status int
				Task   object
			}](t, a)
			if got.ops() != w.ops || got.Status != first.status || (got.Task != nil) != w.task || got.Changes == nil {
				t.Errorf("%s: %s", w.key, a.body)
			}
			s.as(t, "mallory", "GET", "/api/v1/operations/"+w.key, "").want(t, http.StatusNotFound)
		}
	})
}
