package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// bothSpellings are the keys of a todo that have two.
var bothSpellings = map[string]string{
	"user_id": "userId", "due_date": "dueDate", "due_all_day": "dueAllDay", "completed_at": "completedAt",
	"created_at": "createdAt", "updated_at": "updatedAt",
}

// todoOf returns the todo in an answer, and fails the test unless it has every key, in both spellings where there are two.
func todoOf(t testing.TB, a answer) object {
	t.Helper()
	item := decode[object](t, a)
	for snake, camel := range bothSpellings {
		if v, ok := item[camel]; !ok || v != item[snake] {
			t.Errorf("%s is %v, %s is %v: %s", camel, v, snake, item[snake], a.body)
		}
	}
	keys := []string{"id", "title", "description", "completed", "priority", "version"}
	for _, key := range keys {
		if _, ok := item[key]; !ok {
			t.Errorf("no %s: %s", key, a.body)
		}
	}
	if want := len(keys) + 2*len(bothSpellings); len(item) != want {
		t.Errorf("%d keys, want %d: %s", len(item), want, a.body)
	}
	return item
}

// createTodo makes a todo and returns it.
func (s *server) createTodo(t testing.TB, user, body string) object {
	t.Helper()
	return todoOf(t, s.as(t, user, "POST", "/api/todos", body).want(t, http.StatusCreated))
}

// todoPath returns the path of a todo.
func todoPath(item object) string { return "/api/todos/" + item["id"].(json.Number).String() }

// todoList is a page of todos.
type todoList struct {
	Todos                []object
	Total, Limit, Offset int
}

func TestATodoIsATaskInBothSpellings(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		created := s.as(t, "ada", "POST", "/api/todos", `{"title":" Buy milk "}`).want(t, http.StatusCreated)
		item := todoOf(t, created)
		for key, want := range (object{
			"userId": "ada", "title": "Buy milk", "description": nil, "completed": false, "priority": "medium", "dueDate": nil,
			"dueAllDay": false, "completedAt": nil, "version": json.Number("1"),
		}) {
			if item[key] != want {
				t.Errorf("%s is %v, want %v", key, item[key], want)
			}
		}
		for _, key := range []string{"createdAt", "updatedAt"} {
			if !wireTime.MatchString(item[key].(string)) {
				t.Errorf("%s is %v", key, item[key])
			}
		}
		if got := created.header.Get("Location"); got != todoPath(item) {
			t.Errorf("Location %q, want %q", got, todoPath(item))
		}
		if read := s.as(t, "ada", "GET", todoPath(item), "").want(t, http.StatusOK); read.body != created.body {
			t.Errorf("read %s, created %s", read.body, created.body)
		}
		task := decode[object](t, s.as(t, "ada", "GET", strings.Replace(todoPath(item), "todos", "v1/tasks", 1), "").want(t, http.StatusOK))
		for key, value := range task {
			if _, there := item[key]; slices.Contains([]string{"start_date", "start_all_day", "list_id", "parent_id", "label_ids", "position", "due_zone", "recurrence"}, key) && !there {
				continue // which these frontends don't know
			}
			if item[key] != value {
				t.Errorf("%s of the task is %v, of the todo %v", key, value, item[key])
			}
		}
	})
}

func TestTodosAreListed(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, body := range []string{
			`{"title":"a","priority":"low"}`, `{"title":"b","priority":"HIGH","completed":true}`, `{"title":"c"}`, `{"title":"d","priority":"High"}`,
		} {
			s.createTodo(t, "ada", body)
		}
		s.createTodo(t, "bob", `{"title":"bob's"}`)
		for query, want := range map[string]struct {
			titles               string
			total, limit, offset int
		}{
			"":                                {"dcba", 4, 1000, 0},
			"?status=all":                     {"dcba", 4, 1000, 0},
			"?status=active":                  {"dca", 3, 1000, 0},
			"?status=pending":                 {"dca", 3, 1000, 0},
			"?status=completed":               {"b", 1, 1000, 0},
			"?status=Completed":               {"b", 1, 1000, 0},
			"?status=&priority=":              {"dcba", 4, 1000, 0},
			"?priority=high":                  {"db", 2, 1000, 0},
			"?priority=HIGH":                  {"db", 2, 1000, 0},
			"?priority=all":                   {"dcba", 4, 1000, 0},
			"?priority=high&status=active":    {"d", 1, 1000, 0},
			"?priority=low&status=completed":  {"", 0, 1000, 0},
			"?limit=2":                        {"dc", 4, 2, 0},
			"?limit=2&offset=2":               {"ba", 4, 2, 2},
			"?limit=1&offset=1&status=active": {"c", 3, 1, 1},
			"?offset=9":                       {"", 4, 1000, 9},
			"?_=1735689600&page=1&user_id=bob&sort=x": {"dcba", 4, 1000, 0},
			"?_=1&_=2": {"dcba", 4, 1000, 0},
		} {
			a := s.as(t, "ada", "GET", "/api/todos"+query, "").want(t, http.StatusOK)
			list, titles := decode[todoList](t, a), ""
			for _, item := range list.Todos {
				titles += item["title"].(string)
			}
			if titles != want.titles || list.Total != want.total || list.Limit != want.limit || list.Offset != want.offset {
				t.Errorf("%q: got %s, %+v, want %+v", query, titles, list, want)
			}
			if keys := decode[object](t, a); len(keys) != 4 || keys["todos"] == nil {
				t.Errorf("%q: %s", query, a.body)
			}
		}
		for query, field := range map[string]string{
			"status=done": "status", "priority=urgent": "priority", "limit=0": "limit", "limit=1001": "limit", "limit=x": "limit", "offset=-1": "offset",
			"status=all&status=active": "status", "limit=%zz": "query",
		} {
			a := s.as(t, "ada", "GET", "/todos?"+query, "")
			wantInvalid(t, query, a, field)
			if p := decode[object](t, a); p["message"] != p["detail"] {
				t.Errorf("%s: %s", query, a.body)
			}
		}
	})
}

// TestALongListOfTodosComesAtOnce: their frontend never asks for another page.
func TestALongListOfTodosComesAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for range 101 {
		s.createTodo(t, "ada", `{"title":"x"}`)
	}
	list := decode[todoList](t, s.as(t, "ada", "GET", "/api/todos", "").want(t, http.StatusOK))
	if len(list.Todos) != 101 || list.Total != 101 || list.Limit != 1000 {
		t.Errorf("%d todos of %d, limit %d", len(list.Todos), list.Total, list.Limit)
	}
}

func TestDueDatesOfTodos(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		const day, instant = "2026-12-25T00:00:00", "2026-12-25T09:30:00.000000Z"
		for body, want := range map[string]any{
			`"dueDate":"2026-12-25"`:                                       day,
			`"due_date":"2026-12-25"`:                                      day,
			`"dueDate":"2026-12-25","due_date":"2026-12-25"`:               day,
			`"dueDate":"2026-12-25T00:00:00"`:                              day,
			`"dueDate":"2026-12-25T00:00:00.000"`:                          day,
			`"due_date":"2026-12-25T00:00"`:                                day,
			`"dueDate":"2026-12-25","dueAllDay":true`:                      day,
			`"dueDate":"2026-12-25","due_all_day":false`:                   day,
			`"dueDate":"2026-12-25T00:00:00+09:00","dueAllDay":true`:       day,
			`"dueDate":"2026-12-25T09:30:00","due_all_day":true`:           day,
			`"dueDate":"2026-12-25T09:30:00"`:                              instant,
			`"dueDate":"2026-12-25T09:30"`:                                 instant,
			`"due_date":"2026-12-25T09:30:00.000Z"`:                        instant,
			`"dueDate":"2026-12-25T10:30:00+01:00","dueAllDay":false`:      instant,
			`"dueDate":"2026-12-25T00:00:00.000Z"`:                         "2026-12-25T00:00:00.000000Z",
			`"dueDate":""`:                                                 nil,
			`"due_date":""`:                                                nil,
			`"dueDate":"","due_date":null`:                                 nil,
			`"dueDate":null,"dueAllDay":true`:                              nil,
			`"dueAllDay":true`:                                             nil,
			`"dueDate":"2026-12-25","due_date":""`:                         day,
			`"dueDate":null,"due_date":"2026-12-25"`:                       day,
			`"dueDate":"2026-12-25","due_all_day":false,"dueAllDay":false`: day,
		} {
			item := s.createTodo(t, "ada", `{"title":"x",`+body+`}`)
			if item["dueDate"] != want || item["dueAllDay"] != (want == day) {
				t.Errorf("POST %s: got %v, all day %v, want %v", body, item["dueDate"], item["dueAllDay"], want)
			}
			item = todoOf(t, s.as(t, "ada", "PUT", todoPath(item), `{"dueDate":""}`).want(t, http.StatusOK))
			if item["dueDate"] != nil || item["dueAllDay"] != false {
				t.Errorf("cleared: %v", item)
			}
			item = todoOf(t, s.as(t, "ada", "PUT", todoPath(item), `{`+body+`}`).want(t, http.StatusOK))
			if item["due_date"] != want {
				t.Errorf("PUT %s: got %v, want %v", body, item["due_date"], want)
			}
		}
		for body, field := range map[string]string{
			`"dueDate":"tomorrow"`: "dueDate", `"due_date":"2026-02-30"`: "due_date", `"dueDate":"2026-02-30T00:00:00"`: "dueDate", `"dueDate":" "`: "dueDate",
			`"dueDate":"2026-12-25T25:00"`: "dueDate", `"dueDate":"2026-12-25T10"`: "dueDate", `"dueDate":"2026-12-25T10:00+01:00"`: "dueDate",
			`"dueDate":1768435200`: "dueDate", `"dueDate":{}`: "dueDate", `"dueAllDay":"true"`: "dueAllDay", `"due_all_day":null`: "due_all_day",
			`"dueDate":"2026-12-25","due_date":"2026-12-26"`: "dueDate", `"dueAllDay":null,"due_all_day":true`: "dueAllDay",
			`"dueDate":"2026-12-25T00:00:00Z","due_date":"2026-12-25"`: "dueDate",
		} {
			wantInvalid(t, body, s.as(t, "ada", "POST", "/api/todos", `{"title":"x",`+body+`}`), field)
		}
	})
}

// TestATodoIsSentBackWithOneSpellingEdited: frontends spread what they read into what they send, and know one spelling.
func TestATodoIsSentBackWithOneSpellingEdited(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, start := range []string{
			`{"title":"x"}`, `{"title":"x","dueDate":"2026-12-25"}`, `{"title":"x","dueDate":"2026-12-25T09:30:00Z"}`,
		} {
			for _, key := range []string{"dueDate", "due_date"} {
				for _, c := range []struct {
					edit string
					want any
				}{{"2026-12-26", "2026-12-26T00:00:00"}, {"2026-12-26T00:00:00", "2026-12-26T00:00:00"}, {"", nil}} {
					item := s.createTodo(t, "ada", start)
					item[key] = c.edit
					body, err := json.Marshal(item)
					if err != nil {
						t.Fatal(err)
					}
					got := todoOf(t, s.as(t, "ada", "PUT", todoPath(item), string(body)).want(t, http.StatusOK))
					if got["dueDate"] != c.want || got["dueAllDay"] != (c.want != nil) {
						t.Errorf("%s with %s %q: due %v, all day %v", start, key, c.edit, got["dueDate"], got["dueAllDay"])
					}
				}
			}
		}
		item := s.createTodo(t, "ada", `{"title":"x","dueDate":"2026-12-25T09:30:00Z"}`)
		for _, body := range []string{`{"dueAllDay":true,"due_all_day":false}`, `{"dueAllDay":true,"due_all_day":false}`, `{"dueAllDay":true,"due_all_day":true}`} {
			before := item["dueAllDay"]
			item = todoOf(t, s.as(t, "ada", "PUT", todoPath(item), body).want(t, http.StatusOK))
			if want := strings.Count(body, "true") == 2 || before == false; item["dueAllDay"] != want {
				t.Errorf("%s: all day %v before, %v after", body, before, item["dueAllDay"])
			}
		}
		both := `{"title":"z","dueDate":"2026-01-01","due_date":"2026-01-02"}`
		wantInvalid(t, both, s.as(t, "ada", "PUT", todoPath(item), both), "dueDate")
		wantProblem(t, both, s.as(t, "mallory", "PUT", todoPath(item), both), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		if after := todoOf(t, s.as(t, "ada", "GET", todoPath(item), "")); after["version"] != item["version"] {
			t.Errorf("a refused change made %v of %v", after, item)
		}
	})
}

// TestATodoSentBackAsItWasChangesNothing, whatever it is.
func TestATodoSentBackAsItWasChangesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	rapid.Check(t, func(rt *rapid.T) {
		body := object{
			"title":     "x" + rapid.StringN(0, 20, 100).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(rt, "title"),
			"completed": rapid.Bool().Draw(rt, "completed"), "priority": rapid.SampledFrom([]string{"low", "medium", "high"}).Draw(rt, "priority"),
		}
		at := time.UnixMicro(rapid.Int64Range(-60_000_000_000_000_000, 250_000_000_000_000_000).Draw(rt, "us")).UTC()
		layout := rapid.SampledFrom([]string{"", time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04"}).Draw(rt, "layout")
		body[rapid.SampledFrom([]string{"dueDate", "due_date"}).Draw(rt, "key")] = at.Format(layout)
		sent, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		created := s.as(t, "ada", "POST", "/api/todos", string(sent))
		if created.status != http.StatusCreated {
			rt.Fatalf("%s: %s", sent, created.body)
		}
		item := todoOf(t, created)
		if due, _ := item["dueDate"].(string); (due == "") != (layout == "") || due != "" && strings.HasSuffix(due, "Z") == (item["dueAllDay"] == true) {
			rt.Fatalf("%s: due %q, all day %v", sent, due, item["dueAllDay"])
		}
		back := s.as(t, "ada", "PUT", todoPath(item), created.body)
		if back.status != http.StatusOK || back.body != created.body {
			rt.Fatalf("read %s\nsent back %s", created.body, back.body)
		}
	})
}

func TestPUTKeepsWhatIsAbsent(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		item := s.createTodo(t, "ada", `{"title":"a","description":"b","priority":"high","dueDate":"2026-12-25","completed":true}`)
		put := func(body string) object {
			t.Helper()
			return todoOf(t, s.as(t, "ada", "PUT", todoPath(item), body).want(t, http.StatusOK))
		}
		if got := put(`{"title":"A","priority":"Low"}`); got["title"] != "A" || got["priority"] != "low" || got["description"] != "b" ||
			got["dueDate"] != "2026-12-25T00:00:00" || got["completed"] != true || got["completedAt"] != item["completedAt"] {
			t.Errorf("got %v", got)
		}
		if got := put(`{"description":""}`); got["description"] != "" {
			t.Errorf("description %v", got["description"])
		}
		if got := put(`{"description":null,"dueDate":null,"completed":false}`); got["description"] != nil || got["dueDate"] != nil ||
			got["completed"] != false || got["completedAt"] != nil || got["title"] != "A" {
			t.Errorf("got %v", got)
		}
		before := put(`{}`)
		got := put(`{"id":999,"userId":"bob","user_id":"bob","version":99,"createdAt":"2020-01-01","tags":[{"a":1}],"Title":"no","isCompleted":true}`)
		if fmt.Sprint(got) != fmt.Sprint(before) {
			t.Errorf("unknown keys made %v of %v", got, before)
		}
		empty := request{method: "PUT", path: todoPath(item), user: "ada", header: map[string]string{"Content-Type": "application/json"}}
		wantInvalid(t, "no body", s.do(t, empty), "body")
	})
}

func TestBadTodosAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	item := s.createTodo(t, "ada", `{"title":"x"}`)
	nested := func(levels int) string {
		return `{"title":"x","meta":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}`
	}
	for body, field := range map[string]string{
		`{"title":null}`: "title", `{"title":"a","title":"b"}`: "title", `{"meta":1,"meta":2,"title":"a"}`: "meta", `{"title":"x"} x`: "body", `[]`: "body", `null`: "body",
		`{"title":" "}`: "title", `{"title":"` + strings.Repeat("a", 201) + `"}`: "title", `{"title":"a\u0000b"}`: "title", `{"title":7}`: "title",
		`{"title":"x","description":"` + strings.Repeat("a", 1001) + `"}`: "description", `{"title":"x","completed":"true"}`: "completed",
		`{"title":"x","completed":1}`: "completed", `{"title":"x","completed":null}`: "completed", `{"title":"x","priority":"urgent"}`: "priority",
		`{"title":"x","priority":""}`: "priority", `{"title":"x","priority":2}`: "priority", nested(32): "meta", nested(5000): "meta",
		"{\"title\":\"x\",\"meta\":\"\xff\"}": "meta", `{"title":"x","meta":}`: "meta",
	} {
		for _, r := range []request{{method: "POST", path: "/api/todos"}, {method: "PUT", path: todoPath(item)}} {
			r.user, r.body = "ada", body
			a := s.do(t, r)
			wantInvalid(t, fmt.Sprintf("%s of %.60q", r.method, body), a, field)
			if p := decode[object](t, a); p["message"] != p["detail"] {
				t.Errorf("%.60q: %.300s", body, a.body)
			}
		}
	}
	wantInvalid(t, "no title", s.as(t, "ada", "POST", "/api/todos", `{"Title":"x"}`), "title")
	s.as(t, "ada", "POST", "/api/todos", nested(31)).want(t, http.StatusCreated)
}

func TestCompletingATodo(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		item := s.createTodo(t, "ada", `{"title":"x"}`)
		complete := func(body string) object {
			t.Helper()
			return todoOf(t, s.as(t, "ada", "PATCH", todoPath(item)+"/complete", body).want(t, http.StatusOK))
		}
		first := complete(`{"completed":true}`)
		if again := complete(`{"completed":true,"title":"y"}`); first["completed"] != true || fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("first %v, again %v", first, again)
		}
		if got := complete(`{"completed":false}`); got["completed"] != false || got["completedAt"] != nil {
			t.Errorf("reopened: %v", got)
		}
		for _, none := range []string{"", "null", `""`} { // the latter two are what axios makes of none
			if one, two := complete(none), complete(none); one["completed"] != true || two["completed"] != false {
				t.Errorf("%q flipped: %v, %v", none, one, two)
			}
		}
		typed := request{method: "PATCH", path: todoPath(item) + "/complete", user: "ada", header: map[string]string{"Content-Type": "application/json"}}
		if got := todoOf(t, s.do(t, typed).want(t, http.StatusOK)); got["completed"] != true {
			t.Errorf("flipped with a content type and no body: %v", got)
		}
		for body, field := range map[string]string{
			`{}`: "completed", `{"done":true}`: "completed", `{"completed":null}`: "completed", `{"completed":"true"}`: "completed", `{"completed":1}`: "completed",
			`{"completed":true,"completed":false}`: "completed", `true`: "body", ` `: "body", `nul`: "body", `"x"`: "body", `"" `: "body",
		} {
			wantInvalid(t, body, s.as(t, "ada", "PATCH", todoPath(item)+"/complete", body), field)
		}
		if after := todoOf(t, s.as(t, "ada", "GET", todoPath(item), "")); after["completed"] != true {
			t.Errorf("refused, and yet %v", after)
		}
		s.as(t, "mallory", "PATCH", todoPath(item)+"/complete", "").want(t, http.StatusNotFound)
	})
}

func TestFlipsAtOnceAllCount(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		item := s.createTodo(t, "ada", `{"title":"x"}`)
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				if a := s.as(t, "ada", "PATCH", todoPath(item)+"/complete", ""); a.status != http.StatusOK {
					t.Errorf("status %d: %s", a.status, a.body)
				}
			})
		}
		all.Wait()
		if after := todoOf(t, s.as(t, "ada", "GET", todoPath(item), "")); after["completed"] != false || after["version"] != json.Number("33") {
			t.Errorf("completed %v, version %v", after["completed"], after["version"])
		}
	})
}
