package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// trashPath returns the path of a task in the trash.
func trashPath(task object) string { return strings.Replace(path(task), "/tasks/", "/trash/", 1) }

// nextPath finds the path in a Link header.
var nextPath = regexp.MustCompile(`^<(/api/v1/[^>]*)>; rel="next"$`)

// walkPages reads a list from path on, page by page, and returns all there is and how many pages it had.
func (s *server) walkPages(t testing.TB, user, path string) (all []object, pages int) {
	t.Helper()
	for path != "" {
		a := s.as(t, user, "GET", path, "").want(t, http.StatusOK)
		all = append(all, decode[[]object](t, a)...)
		if pages++; pages > 100 {
			t.Fatal("it never ends")
		}
		link := a.header.Get("Link")
		found := nextPath.FindStringSubmatch(link)
		if path = ""; found != nil {
			path = found[1]
		} else if link != "" {
			t.Fatalf("Link: %s", link)
		}
	}
	return all, pages
}

// titlesOf returns the titles of tasks.
func titlesOf(tasks []object) string {
	var all []string
	for _, task := range tasks {
		all = append(all, task["title"].(string))
	}
	return strings.Join(all, "")
}

func TestTheTrash(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		if a := s.as(t, "ada", "GET", "/api/v1/trash", "").want(t, http.StatusOK); a.body != "[]" {
			t.Errorf("an empty trash: %s", a.body)
		}
		var tasks []object
		for i := range 5 {
			tasks = append(tasks, s.create(t, "ada", fmt.Sprintf(`{"title":"%d","due_date":"2026-01-15"}`, i)))
		}
		for _, i := range []int{3, 0, 4, 1} {
			s.as(t, "ada", "DELETE", path(tasks[i]), "").want(t, http.StatusNoContent)
		}
		first := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/trash?limit=1", ""))[0]
		if len(first) != taskKeys+1 || !wireTime.MatchString(first["deleted_at"].(string)) || first["title"] != "1" || first["version"] != json.Number("9") {
			t.Errorf("%v", first)
		}
		for limit := 1; limit <= 5; limit++ {
			all, pages := s.walkPages(t, "ada", fmt.Sprint("/api/v1/trash?limit=", limit))
			if got := titlesOf(all); got != "1403" || pages != (4+limit-1)/limit {
				t.Errorf("in pages of %d: %s, %d pages", limit, got, pages)
			}
		}
		if all, _ := s.walkPages(t, "ada", "/api/v1/trash?limit=3&offset=1"); titlesOf(all) != "403" {
			t.Errorf("from the second on: %s", titlesOf(all))
		}
		if a := s.as(t, "ada", "GET", "/api/v1/trash?count=true&limit=1", ""); a.header.Get("X-Total-Count") != "4" {
			t.Errorf("counted: %v", a.header)
		}
		for query, field := range map[string]string{"sort=title": "sort", "q=x": "q", "cursor=x": "cursor", "limit=0": "limit", "offset=-1": "offset"} {
			wantInvalid(t, query, s.as(t, "ada", "GET", "/api/v1/trash?"+query, ""), field)
		}

		back := s.as(t, "ada", "POST", trashPath(tasks[0])+"/restore", "").want(t, http.StatusOK)
		restored := decode[object](t, back)
		if _, there := restored["deleted_at"]; there || restored["version"] != json.Number("10") || back.header.Get("ETag") != `"v10"` || restored["title"] != "0" {
			t.Errorf("%s", back.body)
		}
		if read := s.as(t, "ada", "GET", path(tasks[0]), ""); read.body != back.body {
			t.Errorf("restored %s, read %s", back.body, read.body)
		}
		wantProblem(t, "restored twice", s.as(t, "ada", "POST", trashPath(tasks[0])+"/restore", ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		wantProblem(t, "purged though not in the trash", s.as(t, "ada", "DELETE", trashPath(tasks[0]), ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")

		if a := s.as(t, "ada", "DELETE", trashPath(tasks[4]), "").want(t, http.StatusNoContent); a.body != "" {
			t.Errorf("%q", a.body)
		}
		for _, gone := range []struct{ method, path string }{
			{"DELETE", trashPath(tasks[4])}, {"POST", trashPath(tasks[4]) + "/restore"}, {"GET", path(tasks[4])},
			{"GET", path(tasks[4]) + "/history"}, {"DELETE", path(tasks[4])},
		} {
			wantProblem(t, gone.method+" "+gone.path, s.as(t, "ada", gone.method, gone.path, ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
		if all, _ := s.walkPages(t, "ada", "/api/v1/trash"); titlesOf(all) != "13" {
			t.Errorf("left: %s", titlesOf(all))
		}
		list := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/tasks", ""))
		if titlesOf(list) != "20" {
			t.Errorf("listed: %s", titlesOf(list))
		}
	})
}

func TestRestoringMeetsTheQuota(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s = newServer(t, s.store, withQuota(s.store, 2))
		task := s.create(t, "ada", `{"title":"x"}`)
		s.as(t, "ada", "DELETE", path(task), "").want(t, http.StatusNoContent)
		s.create(t, "ada", `{"title":"z"}`)
		other := s.create(t, "ada", `{"title":"y"}`)
		wantProblem(t, "full", s.as(t, "ada", "POST", trashPath(task)+"/restore", ""), http.StatusConflict, "CONFLICT_DETECTED")
		s.as(t, "ada", "DELETE", path(other), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "POST", trashPath(task)+"/restore", "").want(t, http.StatusOK)
	})
}

// TestListsAreWalkedByCursor: every sort, and the ways in which a walk can begin.
func TestListsAreWalkedByCursor(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for i, body := range []string{
			`"priority":"low"`, `"due_date":"2026-01-15"`, `"completed":true`, `"due_date":"2026-01-15T09:00:00Z"`, `"priority":"high"`, `"title":"0"`,
		} {
			if !strings.Contains(body, "title") {
				body += fmt.Sprintf(`,"title":"%d"`, i)
			}
			s.create(t, "ada", "{"+body+"}")
		}
		for _, query := range []string{
			"", "&sort=due_date", "&sort=-due_date,title", "&sort=title", "&sort=-priority,completed", "&sort=completed,-updated_at",
			"&completed=false", "&q=0&sort=-title", "&offset=0", "&offset=1", "&offset=", "&cursor=", "&count=true",
		} {
			whole := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/tasks?limit=100"+query, "").want(t, http.StatusOK))
			for _, limit := range []int{1, 2, 5} {
				all, pages := s.walkPages(t, "ada", fmt.Sprintf("/api/v1/tasks?limit=%d%s", limit, query))
				if !slices.Equal(idsOf(all), idsOf(whole)) || pages != max(1, (len(whole)+limit-1)/limit) {
					t.Errorf("%q in pages of %d: %s, want %s", query, limit, titlesOf(all), titlesOf(whole))
				}
			}
		}
		link := s.as(t, "ada", "GET", "/api/v1/tasks?limit=1&sort=title", "").header.Get("Link")
		next := nextPath.FindStringSubmatch(link)[1]
		if all, _ := s.walkPages(t, "ada", next+"&offset=0"); len(all) != 5 { // the offset says nothing
			t.Errorf("%d tasks after the first", len(all))
		}
		for what, path := range map[string]string{
			"offset": next + "&offset=1", "another order": strings.Replace(next, "sort=title", "sort=-title", 1),
			"a filter": next + "&completed=true", "tampered": strings.Replace(next, "cursor=", "cursor=A", 1),
		} {
			wantInvalid(t, what, s.as(t, "ada", "GET", path, ""), "cursor")
		}
		wantInvalid(t, "another's", s.as(t, "bob", "GET", next, ""), "cursor")
		wantInvalid(t, "the trash", s.as(t, "ada", "GET", strings.Replace(strings.Replace(next, "tasks", "trash", 1), "&sort=title", "", 1), ""), "cursor")
	})
}

// idsOf returns the ids of tasks.
func idsOf(tasks []object) (ids []any) {
	for _, task := range tasks {
		ids = append(ids, task["id"])
	}
	return ids
}
