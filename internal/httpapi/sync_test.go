package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"todod/internal/todo"
)

// A toldChange is a change of a task.
type toldChange struct {
	Rev        json.Number
	Op         string
	Task       object
	Occurrence object
}

// syncPage is an answer of /sync.
type syncPage struct {
	Changes []toldChange
	Next    string
	HasMore bool `json:"has_more"`
}

// pull asks for what has changed since a token.
func (s *server) pull(t testing.TB, user, since string) syncPage {
	t.Helper()
	query := ""
	if since != "" {
		query = "?since=" + url.QueryEscape(since)
	}
	return decode[syncPage](t, s.as(t, user, "GET", "/api/v1/sync"+query, "").want(t, http.StatusOK))
}

// told returns the changes of a page as "rev op id".
func (p syncPage) told() string {
	var all []string
	for _, c := range p.Changes {
		all = append(all, fmt.Sprintf("%s %s %s", c.Rev, c.Op, c.Task["id"]))
	}
	return strings.Join(all, ", ")
}

func TestSync(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		empty := s.pull(t, "ada", "")
		if len(empty.Changes) != 0 || empty.HasMore || empty.Next == "" {
			t.Fatalf("%+v", empty)
		}
		raw := s.as(t, "ada", "GET", "/api/v1/sync", "")
		if !strings.Contains(raw.body, `"changes":[]`) || raw.header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%s, %v", raw.body, raw.header)
		}
		var ids []string
		for i := range 3 {
			ids = append(ids, s.create(t, "ada", fmt.Sprintf(`{"title":"%d"}`, i))["id"].(json.Number).String())
		}
		s.create(t, "bob", `{"title":"bob's"}`)
		path := func(i int) string { return "/api/v1/tasks/" + ids[i] }
		steps := []struct{ method, path, body string }{
			{"PATCH", path(0) + "/toggle", ""},
			{"PATCH", path(1), `{"title":"new"}`},
			{"DELETE", path(2), ""},
		}
		since := s.pull(t, "ada", empty.Next) // began before there was anything
		if got, want := since.told(), fmt.Sprintf("1 created %s, 2 created %s, 3 created %s", ids[0], ids[1], ids[2]); got != want {
			t.Errorf("the first changes: %s, want %s", got, want)
		}
		for _, c := range since.Changes {
			if len(c.Task) != taskKeys || c.Task["version"] != c.Rev || c.Task["user_id"] != "ada" {
				t.Errorf("%+v", c)
			}
		}
		for _, step := range steps {
			if a := s.as(t, "ada", step.method, step.path, step.body); a.status >= 300 {
				t.Fatal(a)
			}
		}
		next := s.pull(t, "ada", since.Next)
		if got, want := next.told(), fmt.Sprintf("4 completed %s, 5 updated %s, 6 deleted %s", ids[0], ids[1], ids[2]); got != want || next.HasMore {
			t.Errorf("%s, want %s", got, want)
		}
		tombstone := next.Changes[2].Task
		if len(tombstone) != 3 || tombstone["version"] != json.Number("6") || !wireTime.MatchString(tombstone["deleted_at"].(string)) {
			t.Errorf("%v", tombstone)
		}
		if again := s.pull(t, "ada", next.Next); len(again.Changes) != 0 || again.HasMore {
			t.Errorf("%+v", again)
		}
		trashed := "/api/v1/trash/" + ids[2]
		s.as(t, "ada", "POST", trashed+"/restore", "").want(t, http.StatusOK)
		restored := s.pull(t, "ada", next.Next)
		if got := restored.told(); got != "7 restored "+ids[2] || len(restored.Changes[0].Task) != taskKeys {
			t.Errorf("%+v", restored)
		}
		s.as(t, "ada", "DELETE", path(2), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "DELETE", trashed, "").want(t, http.StatusNoContent)
		purged := s.pull(t, "ada", restored.Next)
		if got := purged.told(); got != "9 purged "+ids[2] || len(purged.Changes[0].Task) != 3 { // the last change of each task
			t.Errorf("%+v", purged)
		}
		fresh := s.pull(t, "ada", "")
		if got, want := fresh.told(), fmt.Sprintf("4 created %s, 5 created %s", ids[0], ids[1]); got != want || fresh.HasMore {
			t.Errorf("a snapshot: %s, want %s", got, want)
		}
		if late := s.pull(t, "ada", fresh.Next); len(late.Changes) != 0 {
			t.Errorf("after a snapshot: %+v", late)
		}
		for _, token := range []string{"x", fresh.Next + "A", strings.ToUpper(fresh.Next), s.pull(t, "bob", "").Next, fresh.Next[:20]} {
			a := s.as(t, "ada", "GET", "/api/v1/sync?since="+token, "")
			wantProblem(t, token, a, http.StatusGone, "SYNC_TOKEN_EXPIRED")
		}
		wantInvalid(t, "twice", s.as(t, "ada", "GET", "/api/v1/sync?since=a&since=b", ""), "since")
	})
}

// TestSyncInPages: more tasks than a page has, some of which change between the pages.
func TestSyncInPages(t *testing.T) {
	t.Parallel()
	store := openSQLite(t)
	s := newServer(t, store, nil)
	ada := todo.User{ID: "ada"}
	tasks := todo.NewService(store, time.Now, todo.Rules{Quota: 10_000})
	var ids []int64
	for i := range todo.SyncLimit + 100 {
		out, err := tasks.Create(t.Context(), ada, todo.Patch{Title: todo.Some(fmt.Sprint(i))}, todo.WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, out.Task.ID)
	}
	first := s.pull(t, "ada", "")
	if len(first.Changes) != todo.SyncLimit || !first.HasMore {
		t.Fatalf("%d changes, more %v", len(first.Changes), first.HasMore)
	}
	for _, i := range []int{0, todo.SyncLimit + 50} { // one that is known already, one that isn't
		s.as(t, "ada", "DELETE", fmt.Sprintf("/api/v1/tasks/%d", ids[i]), "").want(t, http.StatusNoContent)
	}
	second := s.pull(t, "ada", first.Next)
	if len(second.Changes) != 99 || !second.HasMore {
		t.Fatalf("%d changes, more %v", len(second.Changes), second.HasMore)
	}
	third := s.pull(t, "ada", second.Next)
	want := fmt.Sprintf("%d deleted %d, %d deleted %d", todo.SyncLimit+101, ids[0], todo.SyncLimit+102, ids[todo.SyncLimit+50])
	if got := third.told(); got != want || third.HasMore {
		t.Errorf("%s, want %s", got, want)
	}
}
