package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// wireTime is what every time looks like.
var wireTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

// taskKeys is how many keys a task has that isn't in the trash.
const taskKeys = 20

func TestATaskHasEveryKey(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		created := s.as(t, "ada", "POST", "/api/v1/tasks", `{"title":"  Buy milk\t"}`).want(t, http.StatusCreated)

		task := decode[object](t, created)
		start := object{
			"user_id": "ada", "title": "Buy milk", "description": nil, "completed": false, "priority": "medium",
			"due_date": nil, "due_all_day": false, "start_date": nil, "start_all_day": false, "completed_at": nil, "version": json.Number("1"),
		}
		for key, want := range start {
			if got, ok := task[key]; !ok || got != want {
				t.Errorf("%s: got %v, want %v", key, got, want)
			}
		}
		for _, key := range []string{"created_at", "updated_at"} {
			if !wireTime.MatchString(task[key].(string)) {
				t.Errorf("%s is %v", key, task[key])
			}
		}
		if len(task) != taskKeys {
			t.Errorf("%d keys: %s", len(task), created.body)
		}
		if got := created.header.Get("Location"); got != path(task) {
			t.Errorf("Location %q, want %q", got, path(task))
		}
		if read := s.as(t, "ada", "GET", path(task), "").want(t, http.StatusOK); read.body != created.body {
			t.Errorf("read %s, created %s", read.body, created.body)
		}
	})
}

func TestTheLifeOfATask(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"a","description":"b","priority":"high","due_date":"2026-12-25T10:00:00.1234567+01:00"}`)
		if task["due_date"] != "2026-12-25T09:00:00.123456Z" || task["due_all_day"] != false {
			t.Errorf("due %v, all day %v", task["due_date"], task["due_all_day"])
		}

		put := decode[object](t, s.as(t, "ada", "PUT", path(task), `{"title":"A"}`).want(t, http.StatusOK))
		if put["title"] != "A" || put["description"] != "b" || put["priority"] != "high" || put["due_date"] == nil {
			t.Errorf("PUT did not keep what is absent: %v", put)
		}
		patched := decode[object](t, s.do(t, request{
			method: "PATCH", path: path(task), user: "ada", body: `{"description":null,"due_date":"2026-12-26"}`,
			header: map[string]string{"Content-Type": "application/merge-patch+json"},
		}).want(t, http.StatusOK))
		if patched["description"] != nil || patched["due_date"] != "2026-12-26T00:00:00.000000Z" || patched["due_all_day"] != true {
			t.Errorf("PATCH: %v", patched)
		}
		toggled := decode[object](t, s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, http.StatusOK))
		if toggled["completed"] != true || toggled["completed_at"] == nil || toggled["version"] != json.Number("4") {
			t.Errorf("toggle: %v", toggled)
		}
		if gone := s.as(t, "ada", "DELETE", path(task), "").want(t, http.StatusNoContent); gone.body != "" {
			t.Errorf("a deletion has the body %q", gone.body)
		}
		s.as(t, "ada", "GET", path(task), "").want(t, http.StatusNotFound)
		if list := s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusOK); list.body != "[]" {
			t.Errorf("the list is %s", list.body)
		}
	})
}

func TestListsAreFilteredAndSorted(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, body := range []string{
			`{"title":"b","priority":"low","due_date":"2026-01-02"}`,
			`{"title":"a","priority":"high","due_date":"2026-01-01T12:00:00Z","completed":true}`,
			`{"title":"c","description":"ÉCLAIR and cake"}`,
		} {
			s.create(t, "ada", body)
		}
		s.create(t, "bob", `{"title":"bob's"}`)
		for query, want := range map[string]string{
			"":                                       "cab",
			"?completed=true":                        "a",
			"?completed=false":                       "cb",
			"?completed=":                            "cab",
			"?priority=low":                          "b",
			"?due_before=2026-01-02":                 "a",
			"?due_after=2026-01-02":                  "b",
			"?due_after=2026-01-01T13:00:00%2B01:00": "ab",
			"?q=%C3%A9clair":                         "c",
			"?q=cake%20%C3%89CLAIR":                  "c",
			"?q=cake+pie":                            "",
			"?q=":                                    "cab",
			"?q":                                     "cab",
			"?q&completed&limit=2":                   "ca",
			"?sort=title":                            "abc",
			"?sort=-title":                           "cba",
			"?sort=due_date":                         "abc",
			"?sort=-due_date":                        "bac",
			"?sort=completed,-priority,title":        "cba",
			"?sort=-priority":                        "acb",
			"?sort=created_at":                       "bac",
			"?limit=2":                               "ca",
			"?limit=1&offset=1":                      "a",
			"?limit=1000&offset=3":                   "",
		} {
			var got string
			for _, task := range decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/tasks"+query, "").want(t, http.StatusOK)) {
				got += task["title"].(string)
			}
			if got != want {
				t.Errorf("%q: got %q, want %q", query, got, want)
			}
		}
	})
}

func TestLinksLeadThroughAllPages(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for i := range 7 {
			s.create(t, "ada", fmt.Sprintf(`{"title":"task & more %d"}`, i))
		}
		next := "/api/v1/tasks?limit=3&q=" + "%26" + "&count=true"
		var got []string
		for pages := 0; next != ""; pages++ {
			if pages > 5 {
				t.Fatal("the pages don't end")
			}
			page := s.as(t, "ada", "GET", next, "").want(t, http.StatusOK)
			for _, task := range decode[[]object](t, page) {
				got = append(got, task["title"].(string))
			}
			if total := page.header.Get("X-Total-Count"); total != "7" {
				t.Errorf("X-Total-Count %q, want 7", total)
			}
			next = ""
			if link := page.header.Get("Link"); link != "" {
				path, ok := strings.CutPrefix(link, "<")
				next, _, _ = strings.Cut(path, `>; rel="next"`)
				if !ok || !strings.HasPrefix(next, "/api/v1/tasks?") {
					t.Fatalf("Link %q", link)
				}
			}
		}
		if len(got) != 7 || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("got %q", got)
		}
		plain := s.as(t, "ada", "GET", "/api/v1/tasks", "")
		if plain.header.Get("Link") != "" || plain.header.Get("X-Total-Count") != "" {
			t.Errorf("headers of a single page: %v", plain.header)
		}
	})
}

func TestALongListIsCutAtOneHundred(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for range 101 {
		s.create(t, "ada", `{"title":"x"}`)
	}
	page := s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
	if n := len(decode[[]object](t, page)); n != 100 || page.header.Get("Link") == "" {
		t.Errorf("%d tasks, Link %q", n, page.header.Get("Link"))
	}
}

func TestTogglesAtOnceAllCount(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"x"}`)
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				if a := s.as(t, "ada", "PATCH", path(task)+"/toggle", ""); a.status != http.StatusOK {
					t.Errorf("status %d: %s", a.status, a.body)
				}
			})
		}
		all.Wait()
		after := decode[object](t, s.as(t, "ada", "GET", path(task), ""))
		if after["completed"] != false || after["version"] != json.Number("65") {
			t.Errorf("completed %v, version %v", after["completed"], after["version"])
		}
	})
}

func TestAnUpdateThatChangesNothingKeepsItsVersion(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"x","due_date":"2026-01-15"}`)
		time.Sleep(time.Millisecond)
		for _, body := range []string{`{}`, `{"title":" x "}`, `{"due_date":"2026-01-15T00:00:00.000000Z"}`} {
			got := decode[object](t, s.as(t, "ada", "PUT", path(task), body).want(t, http.StatusOK))
			if got["version"] != task["version"] || got["updated_at"] != task["updated_at"] || got["due_all_day"] != true {
				t.Errorf("%s: %v", body, got)
			}
		}
	})
}

// TestTodayIsOneQueryEverywhere: from where it is latest to where it is earliest, and over changes of the clocks. What is due
// on the day is in it, and what is due at an instant of it there.
func TestTodayIsOneQueryEverywhere(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		var instants []time.Time
		for _, day := range []string{"2026-03-07", "2026-03-08", "2026-03-09", "2026-10-24", "2026-10-25", "2026-10-26"} {
			s.create(t, "ada", `{"title":"day","due_date":"`+day+`"}`)
			for hour := range 8 {
				at, err := time.Parse(time.RFC3339, fmt.Sprintf("%sT%02d:30:00Z", day, 3*hour))
				if err != nil {
					t.Fatal(err)
				}
				instants = append(instants, at)
				s.create(t, "ada", `{"title":"instant","due_date":"`+at.Format(time.RFC3339)+`"}`)
			}
		}
		for _, name := range []string{
			"Pacific/Pago_Pago", "America/Los_Angeles", "America/St_Johns", "UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Kiritimati",
		} {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			for day, next := range map[string]string{"2026-03-08": "2026-03-09", "2026-10-25": "2026-10-26"} {
				var want []string
				for _, at := range instants {
					if at.In(zone).Format(time.DateOnly) == day {
						want = append(want, at.Format("2006-01-02T15:04:05.000000Z"))
					}
				}
				want = append(want, day+"T00:00:00.000000Z")
				slices.Sort(want)
				query := "?due_after=" + day + "&due_before=" + next + "&tz=" + name
				var got []string
				for path := "/api/v1/tasks" + query + "&limit=7"; path != ""; {
					a := s.as(t, "ada", "GET", path, "").want(t, http.StatusOK)
					for _, task := range decode[[]object](t, a) {
						got = append(got, task["due_date"].(string))
					}
					path = ""
					if link := nextPath.FindStringSubmatch(a.header.Get("Link")); link != nil {
						path = link[1]
					}
				}
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("%s in %s: got %q, want %q", day, name, got, want)
				}
				todos := decode[object](t, s.as(t, "ada", "GET", "/api/todos"+query, "").want(t, http.StatusOK))
				if todos["total"] != json.Number(strconv.Itoa(len(want))) {
					t.Errorf("%s in %s: %v todos, want %d", day, name, todos["total"], len(want))
				}
			}
		}
		for _, bad := range []string{"Mars/Olympus", "Local", "../etc", "+02:00", "europe"} {
			for _, path := range []string{"/api/v1/tasks", "/api/todos", "/api/v1/me"} {
				wantProblem(t, bad, s.as(t, "ada", "GET", path+"?tz="+url.QueryEscape(bad), ""), http.StatusBadRequest, "INVALID_REQUEST")
			}
		}
	})
}

// TestOverdueGoesByTheCallersDay: what is due today where it is latest is overdue where it is tomorrow already.
func TestOverdueGoesByTheCallersDay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		zone, err := time.LoadLocation("Pacific/Pago_Pago")
		if err != nil {
			t.Fatal(err)
		}
		today := time.Now().In(zone).Format(time.DateOnly)
		s.create(t, "ada", `{"title":"x","due_date":"`+today+`"}`)
		for name, want := range map[string]json.Number{"Pacific/Pago_Pago": "0", "Pacific/Kiritimati": "1"} {
			me := decode[object](t, s.as(t, "ada", "GET", "/api/v1/me?tz="+name, "").want(t, http.StatusOK))
			if time.Now().In(zone).Format(time.DateOnly) != today {
				return // midnight has come in between
			}
			if got := me["tasks"].(map[string]any)["overdue"]; got != want {
				t.Errorf("in %s %v are overdue, want %s", name, got, want)
			}
			there, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			now := url.QueryEscape(time.Now().In(there).Format(time.RFC3339))
			for _, path := range []string{"/api/v1/tasks", "/api/todos"} {
				list := s.as(t, "ada", "GET", path+"?due_before="+now, "").want(t, http.StatusOK).body
				if got := strings.Count(list, `"title"`); json.Number(strconv.Itoa(got)) != want {
					t.Errorf("in %s %s has %d that are due before now, want %s", name, path, got, want)
				}
			}
		}
	})
}
