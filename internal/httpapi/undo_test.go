package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// undoPath is where changes are taken back.
const undoPath = "/api/v1/undo"

// A changeSet is changes that were made together.
type changeSet struct {
	Changes   []toldChange
	ChangeSet *json.Number `json:"change_set"`
	Total     int          `json:"total"`
	HasMore   bool         `json:"has_more"`
}

// undo takes something back and returns what that changed.
func (s *server) undo(t testing.TB, user, body string) changeSet {
	t.Helper()
	return decode[changeSet](t, s.as(t, user, "POST", undoPath, body).want(t, http.StatusOK))
}

// ops returns what the changes of a set did.
func (c changeSet) ops() string {
	var all []string
	for _, change := range c.Changes {
		all = append(all, change.Op)
	}
	return strings.Join(all, " ")
}

// TestUndoByRevision: what was done together is taken back, last first, and can be done again.
func TestUndoByRevision(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"first","due_date":"2026-01-15"}`)
		s.as(t, "ada", "PATCH", path(task), `{"title":"second","due_date":null,"completed":true}`).want(t, http.StatusOK)
		undone := s.undo(t, "ada", `{"rev":2}`)
		if undone.ops() != "reopened" || undone.ChangeSet == nil || *undone.ChangeSet != "3" || undone.Changes[0].Rev != "3" {
			t.Fatalf("undone: %+v", undone)
		}
		got := undone.Changes[0].Task
		for _, field := range []string{"title", "due_date", "due_all_day", "completed", "completed_at"} {
			if got[field] != task[field] {
				t.Errorf("%s is %v again, was %v", field, got[field], task[field])
			}
		}
		redone := s.undo(t, "ada", `{"rev":3}`)
		if got := redone.Changes[0].Task; redone.ops() != "completed" || got["title"] != "second" || got["due_date"] != nil {
			t.Errorf("redone: %+v", redone)
		}
		history := decode[[]object](t, s.as(t, "ada", "GET", path(task)+"/history", ""))
		if len(history) != 4 || history[0]["op"] != "completed" {
			t.Errorf("history %v", history)
		}
		s.undo(t, "ada", `{"rev":4}`)
		if removed := s.undo(t, "ada", `{"rev":5}`); removed.ops() != "completed" {
			t.Errorf("undone: %+v", removed)
		}
	})
}

// TestUndoByKey: of a single write, of a batch, of all tasks.
func TestUndoByKey(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"a"}`)
		for _, w := range []struct{ method, path, body, undone, redone string }{
			{"POST", "/api/v1/tasks", `{"title":"new"}`, "deleted", "restored"},
			{"PATCH", path(task) + "/toggle", "", "reopened", "completed"},
			{"DELETE", path(task), "", "restored", "deleted"},
			{"POST", "/api/v1/tasks/clear-completed", "", "restored", "deleted"},
			{"POST", "/api/v1/tasks/complete-all", "", "reopened", "completed"},
			{"POST", batchPath, operations(true, `{"op":"create","ref":"a","task":{"title":"b"}}`, `{"op":"complete","ref":"a"}`,
				`{"op":"delete","ref":"a"}`), "restored reopened deleted", "restored completed deleted"},
		} {
			if w.path == "/api/v1/tasks/clear-completed" {
				s.as(t, "ada", "POST", "/api/v1/tasks/complete-all", "").want(t, http.StatusOK)
			}
			if w.path == "/api/v1/tasks/complete-all" {
				s.as(t, "ada", "POST", "/api/v1/tasks/complete-all", "").want(t, http.StatusOK)
				s.as(t, "ada", "POST", "/api/v1/tasks", `{"title":"open"}`).want(t, http.StatusCreated)
			}
			key := w.method + w.path
			if a := s.keyed(t, "ada", w.method, w.path, w.body, key); a.status >= 300 {
				t.Fatalf("%s: %d %s", key, a.status, a.body)
			}
			before := s.titlesOf(t, "ada")
			undone := s.undo(t, "ada", fmt.Sprintf(`{"key":%q}`, key))
			if undone.ops() != w.undone {
				t.Errorf("%s is undone by %q, want %q", key, undone.ops(), w.undone)
			}
			redone := s.undo(t, "ada", fmt.Sprintf(`{"rev":%s}`, undone.ChangeSet))
			if redone.ops() != w.redone {
				t.Errorf("%s is done again by %q, want %q", key, redone.ops(), w.redone)
			}
			if after := s.titlesOf(t, "ada"); after != before {
				t.Errorf("%s: %s before, %s after", key, before, after)
			}
		}
	})
}

// titlesOf returns the titles of a user's tasks, in the trash or not, and whether they are completed.
func (s *server) titlesOf(t testing.TB, user string) string {
	t.Helper()
	var all []string
	for _, list := range []string{"/api/v1/tasks", "/api/v1/trash"} {
		for _, task := range decode[[]object](t, s.as(t, user, "GET", list, "")) {
			all = append(all, fmt.Sprint(list, task["id"], task["title"], task["completed"]))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// TestUndoIsRefused: what is unknown is 404, what was touched since is 409 and named, and nothing comes of either.
func TestUndoIsRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s = newServer(t, s.store, withQuota(s.store, 2))
		task := s.create(t, "ada", `{"title":"a"}`)                                                   // 1
		s.as(t, "ada", "PATCH", path(task), `{"title":"b","priority":"high"}`).want(t, http.StatusOK) // 2
		s.as(t, "ada", "PATCH", path(task), `{"title":"c"}`).want(t, http.StatusOK)                   // 3
		gone := s.create(t, "ada", `{"title":"gone"}`)                                                // 4
		s.as(t, "ada", "DELETE", path(gone), "").want(t, http.StatusNoContent)                        // 5
		s.as(t, "ada", "DELETE", "/api/v1/trash/"+id(gone), "").want(t, http.StatusNoContent)         // 6
		other := s.create(t, "ada", `{"title":"other"}`)                                              // 7
		s.as(t, "ada", "DELETE", path(other), "").want(t, http.StatusNoContent)                       // 8
		s.create(t, "ada", `{"title":"in its place"}`)                                                // 9
		s.keyed(t, "ada", "POST", "/api/v1/tasks/clear-completed", "", "nothing").want(t, http.StatusOK)
		before := s.standing(t, "ada")
		for body, field := range map[string]string{
			`{"rev":2}`: "title", `{"rev":1}`: "title", `{"rev":7}`: "deleted_at", // touched since
			`{"rev":4}`: "", `{"rev":5}`: "", `{"rev":6}`: "", // gone for good
			`{"rev":8}`: "", // over the quota
		} {
			a := s.keyed(t, "ada", "POST", undoPath, body, "refused").want(t, http.StatusConflict)
			p := decode[struct {
				ErrorCode string `json:"error_code"`
				Errors    []struct{ Field, Message string }
			}](t, a)
			if p.ErrorCode != "CONFLICT_DETECTED" || (field == "") != (len(p.Errors) == 0) {
				t.Errorf("%s: %s", body, a.body)
			}
			if field != "" && !slices.ContainsFunc(p.Errors, func(e struct{ Field, Message string }) bool {
				return e.Field == field && strings.Contains(e.Message, "of task ")
			}) {
				t.Errorf("%s does not name %s: %s", body, field, a.body)
			}
		}
		for _, body := range []string{`{"rev":10}`, `{"rev":9223372036854775807}`, `{"key":"nobody's"}`, `{"key":"nothing"}`, `{"key":"refused"}`} {
			s.as(t, "ada", "POST", undoPath, body).want(t, http.StatusNotFound)
		}
		for body, field := range map[string]string{
			`{}`: "rev", `{"rev":1,"key":"a"}`: "rev", `{"rev":0}`: "rev", `{"rev":-1}`: "rev", `{"rev":"1"}`: "rev", `{"rev":null}`: "rev",
			`{"rev":1.5}`: "rev", `{"rev":1,"rev":1}`: "rev", `{"key":""}`: "key", `{"key":"a b"}`: "key", `{"key":null}`: "key", `{"key":5}`: "key",
			`{"key":"` + strings.Repeat("a", 256) + `"}`: "key", `{"Rev":1}`: "Rev", `[]`: "body", `{"rev":1}x`: "body", `{"key":"a\u0000"}`: "key",
		} {
			wantInvalid(t, body, s.as(t, "ada", "POST", undoPath, body), field)
		}
		if after := s.standing(t, "ada"); after != before {
			t.Errorf("before %s\nafter %s", before, after)
		}
		s.as(t, "ada", "GET", "/api/v1/operations/refused", "").want(t, http.StatusNotFound)
	})
}

// TestUndoIsReplayed: with its key it is carried out once.
func TestUndoIsReplayed(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"a"}`)
		s.as(t, "ada", "DELETE", path(task), "").want(t, http.StatusNoContent)
		first := s.keyed(t, "ada", "POST", undoPath, `{"rev":2}`, "undo").want(t, http.StatusOK)
		again := s.keyed(t, "ada", "POST", undoPath, `{"rev":2}`, "undo").want(t, http.StatusOK)
		if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("first %s\nagain %s", first.body, again.body)
		}
		s.keyed(t, "ada", "POST", undoPath, `{"rev":3}`, "undo").want(t, http.StatusUnprocessableEntity)
		s.as(t, "ada", "POST", undoPath, `{"rev":2}`).want(t, http.StatusConflict)
		if a := s.as(t, "ada", "GET", path(task), "").want(t, http.StatusOK); a.header.Get("ETag") != `"v3"` {
			t.Errorf("ETag %s", a.header.Get("ETag"))
		}
		if undone := s.undo(t, "ada", `{"key":"undo"}`); undone.ops() != "deleted" {
			t.Errorf("the undo is undone by %q", undone.ops())
		}
	})
}

// TestAllTasksAtOnce: none, and more than a page or a batch.
func TestAllTasksAtOnce(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		for _, all := range []string{"complete-all", "clear-completed"} {
			first := s.keyed(t, "ada", "POST", "/api/v1/tasks/"+all, "", all).want(t, http.StatusOK)
			again := s.keyed(t, "ada", "POST", "/api/v1/tasks/"+all, "", all).want(t, http.StatusOK)
			if first.body != `{"changes":[],"change_set":null,"total":0,"has_more":false}` || again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s: %s, again %s", all, first.body, again.body)
			}
		}
		const n = 1500
		hundred := operations(true, slices.Repeat([]string{`{"op":"create","task":{"title":"x","due_date":"2026-01-15"}}`}, 100)...)
		for range n / 100 {
			s.as(t, "ada", "POST", batchPath, hundred).want(t, http.StatusOK)
		}
		s.create(t, "bob", `{"title":"bob's"}`)
		count := func(want string) {
			t.Helper()
			if got := s.as(t, "ada", "GET", "/api/v1/tasks?limit=1&count=true&completed=true", "").header.Get("X-Total-Count"); got != want {
				t.Errorf("%s tasks are completed, want %s", got, want)
			}
		}
		first := s.keyed(t, "ada", "POST", "/api/v1/tasks/complete-all", "", "1500").want(t, http.StatusOK)
		count("1500")
		set := decode[changeSet](t, first)
		if len(set.Changes) != 100 || set.Total != n || !set.HasMore || *set.ChangeSet != "1501" || set.Changes[99].Rev != "1600" ||
			set.Changes[7].Task["completed"] != true {
			t.Errorf("%d changes of %d, set %v", len(set.Changes), set.Total, set.ChangeSet)
		}
		if again := s.keyed(t, "ada", "POST", "/api/v1/tasks/complete-all", "", "1500"); again.body != first.body {
			t.Errorf("again %.200s", again.body)
		}
		cleared := decode[changeSet](t, s.as(t, "ada", "POST", "/api/v1/tasks/clear-completed", "").want(t, http.StatusOK))
		count("0")
		if cleared.Total != n || cleared.Changes[0].Task["deleted_at"] == nil || cleared.Changes[0].Task["title"] != nil {
			t.Errorf("%d changes, the first %+v", cleared.Total, cleared.Changes[0])
		}
		if undone := s.undo(t, "ada", `{"rev":`+cleared.ChangeSet.String()+`}`); undone.Total != n {
			t.Errorf("%d changes are undone", undone.Total)
		}
		count("1500")
		if bobs := decode[[]object](t, s.as(t, "bob", "GET", "/api/v1/tasks", "")); len(bobs) != 1 || bobs[0]["completed"] != false {
			t.Errorf("bob has %v", bobs)
		}
	})
}
