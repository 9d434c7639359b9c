package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// byPosition is how the tasks of a list stand.
const byPosition = "/api/v1/tasks?sort=position"

// move puts a task or list somewhere else and returns it.
func (s *server) move(t testing.TB, path, body string) object {
	t.Helper()
	return decode[object](t, s.as(t, "ada", "POST", path+"/move", body).want(t, http.StatusOK))
}

// beside returns the body of a move after or before something.
func beside(side string, o object, more ...string) string {
	return fmt.Sprintf(`{%q:%s%s}`, side, id(o), strings.Join(more, ""))
}

// TestTasksAreMoved: a task stands by age until it is moved, and then where it was put.
func TestTasksAreMoved(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		tasks := map[string]object{}
		for _, title := range []string{"a", "b", "c", "d"} {
			tasks[title] = s.create(t, "ada", fmt.Sprintf(`{"title":%q}`, title))
		}
		want := func(what, order string) {
			t.Helper()
			if got := s.names(t, "ada", byPosition); got != order {
				t.Errorf("%s: %s, want %s", what, got, order)
			}
			if got := s.names(t, "ada", "/api/v1/tasks?sort=-position"); got != reversed(order) {
				t.Errorf("%s, backwards: %s", what, got)
			}
		}
		want("never moved", "d c b a")
		for _, m := range []struct{ what, body, order string }{
			{"d", beside("after", tasks["a"]), "c b a d"},
			{"d", beside("before", tasks["b"]), "c d b a"},
			{"a", `{"after":null}`, "a c d b"},
			{"a", `{"before":null}`, "c d b a"},
			{"b", beside("after", tasks["c"]), "c b d a"},
			{"c", `{"after":null,"list_id":null,"parent_id":null}`, "c b d a"},
		} {
			before := decode[object](t, s.as(t, "ada", "GET", path(tasks[m.what]), ""))
			moved := s.as(t, "ada", "POST", path(tasks[m.what])+"/move", m.body).want(t, http.StatusOK)
			o := decode[object](t, moved)
			if want("moved "+m.what+" "+m.body, m.order); len(o) != taskKeys || len(o["position"].(string)) > 128 ||
				moved.header.Get("ETag") != fmt.Sprintf(`"v%s"`, o["version"]) {
				t.Errorf("%v %s", moved.header, moved.body)
			}
			if m.what != "c" && (o["position"] == before["position"] || o["version"] == before["version"]) {
				t.Errorf("%s stayed: %v", m.what, o)
			}
			if again := s.move(t, path(tasks[m.what]), m.body); fmt.Sprint(again) != fmt.Sprint(o) {
				t.Errorf("moved to where it is: %v, was %v", again, o)
			}
		}
		for limit := 1; limit <= 5; limit++ {
			all, pages := s.walkPages(t, "ada", fmt.Sprint(byPosition, "&limit=", limit))
			if titlesOf(all) != "cbda" || pages != (4+limit-1)/limit {
				t.Errorf("in pages of %d: %s in %d", limit, titlesOf(all), pages)
			}
		}
		s.create(t, "ada", `{"title":"e"}`)
		if got := s.names(t, "ada", byPosition); !strings.HasPrefix(got, "e ") && !strings.HasPrefix(got, "c e") {
			t.Errorf("a new one: %s", got)
		}
		undone := decode[object](t, s.as(t, "ada", "POST", path(tasks["a"])+"/move", `{"after":null}`))
		s.undo(t, "ada", fmt.Sprintf(`{"rev":%s}`, undone["version"]))
		if got := s.names(t, "ada", byPosition); !strings.HasSuffix(got, "a") {
			t.Errorf("undone: %s", got)
		}
		past := decode[[]struct{ Changes map[string][]string }](t, s.as(t, "ada", "GET", path(tasks["a"])+"/history?limit=1", ""))
		if p := past[0].Changes["position"]; len(p) != 2 || p[0] != undone["position"] {
			t.Errorf("the history says %v", past)
		}
	})
}

// reversed returns words in reverse.
func reversed(words string) string {
	var all []string
	for word := range strings.FieldsSeq(words) {
		all = append([]string{word}, all...)
	}
	return strings.Join(all, " ")
}

// TestAMoveIntoAListOrUnderATask takes what is under a task along.
func TestAMoveIntoAListOrUnderATask(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list := s.list(t, "ada", "list")
		there := s.create(t, "ada", fmt.Sprintf(`{"title":"there","list_id":%s}`, id(list)))
		parent := s.create(t, "ada", `{"title":"parent"}`)
		child := s.create(t, "ada", fmt.Sprintf(`{"title":"child","parent_id":%s}`, id(parent)))
		moved := s.move(t, path(parent), beside("after", there, fmt.Sprintf(`,"list_id":%s`, id(list))))
		if moved["list_id"] != list["id"] || moved["position"].(string) <= there["position"].(string) {
			t.Errorf("%v beside %v", moved, there)
		}
		if got := decode[object](t, s.as(t, "ada", "GET", path(child), "")); got["list_id"] != list["id"] || got["parent_id"] != parent["id"] {
			t.Errorf("the child is at %v", got)
		}
		s.undo(t, "ada", fmt.Sprintf(`{"rev":%s}`, moved["version"]))
		if got := decode[object](t, s.as(t, "ada", "GET", path(child), "")); got["list_id"] != nil || got["parent_id"] != parent["id"] {
			t.Errorf("undone, the child is at %v", got)
		}
		under := s.move(t, path(there), beside("before", child, fmt.Sprintf(`,"parent_id":%s`, id(parent))))
		if under["parent_id"] != parent["id"] || under["list_id"] != nil || under["position"].(string) >= child["position"].(string) {
			t.Errorf("%v before %v", under, child)
		}
		out := s.move(t, path(there), fmt.Sprintf(`{"after":null,"parent_id":null,"list_id":%s}`, id(list)))
		if out["parent_id"] != nil || out["list_id"] != list["id"] {
			t.Errorf("%v", out)
		}
	})
}

// TestANeighbourInTheTrash counts as where it stood.
func TestANeighbourInTheTrash(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		var tasks, lists []object
		for i := range 4 {
			tasks = append(tasks, s.create(t, "ada", fmt.Sprintf(`{"title":"%d"}`, i)))
			lists = append(lists, s.list(t, "ada", fmt.Sprint(i)))
		}
		s.as(t, "ada", "DELETE", path(tasks[1]), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "DELETE", listPath(lists[2]), "").want(t, http.StatusNoContent)
		for _, side := range []string{"after", "before"} { // 3 2 0, 0 1 3
			s.move(t, path(tasks[3]), beside(side, tasks[1]))
			if got := s.names(t, "ada", byPosition); got != "2 3 0" {
				t.Errorf("%s one in the trash: %s", side, got)
			}
			s.move(t, listPath(lists[0]), beside(side, lists[2]))
			if got := s.names(t, "ada", "/api/v1/lists"); got != "1 0 3" {
				t.Errorf("%s a list in the trash: %s", side, got)
			}
		}
	})
}

// TestListsAreMoved: a new one stands last.
func TestListsAreMoved(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		lists := map[string]object{}
		for _, name := range []string{"a", "b", "c", "d"} {
			lists[name] = s.list(t, "ada", name)
		}
		want := func(order string) {
			t.Helper()
			if got := s.names(t, "ada", "/api/v1/lists"); got != order {
				t.Errorf("%s, want %s", got, order)
			}
		}
		want("a b c d")
		for _, m := range []struct{ what, body, order string }{
			{"d", `{"after":null}`, "d a b c"},
			{"d", `{"before":null}`, "a b c d"},
			{"a", beside("after", lists["c"]), "b c a d"},
			{"d", beside("before", lists["c"]), "b d c a"},
			{"c", beside("after", lists["d"]), "b d c a"},
		} {
			moved := s.as(t, "ada", "POST", listPath(lists[m.what])+"/move", m.body).want(t, http.StatusOK)
			o := decode[object](t, moved)
			if want(m.order); len(o) != listKeys || len(o["position"].(string)) > 128 || moved.header.Get("ETag") != fmt.Sprintf(`"v%s"`, o["version"]) {
				t.Errorf("%v %s", moved.header, moved.body)
			}
			if again := s.move(t, listPath(lists[m.what]), m.body); fmt.Sprint(again) != fmt.Sprint(o) {
				t.Errorf("moved to where it is: %v, was %v", again, o)
			}
		}
		s.list(t, "ada", "e")
		want("b d c a e")
	})
}

// TestBadMovesAreRefused: whatever is wrong with one, nothing moves.
func TestBadMovesAreRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list, second, gone := s.list(t, "ada", "list"), s.list(t, "ada", "second"), s.list(t, "ada", "gone")
		label := s.label(t, "ada", "label")
		theirs, theirList := s.create(t, "bob", `{"title":"bob's"}`), s.list(t, "bob", "bob's")
		task, near := s.create(t, "ada", `{"title":"task"}`), s.create(t, "ada", `{"title":"near"}`)
		far := s.create(t, "ada", fmt.Sprintf(`{"title":"far","list_id":%s}`, id(list)))
		child := s.create(t, "ada", fmt.Sprintf(`{"title":"child","parent_id":%s}`, id(near)))
		trashed := s.create(t, "ada", `{"title":"trashed"}`)
		s.as(t, "ada", "DELETE", path(trashed), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "DELETE", listPath(gone), "").want(t, http.StatusNoContent)
		bad := func(o, body, field string) refused { return refused{"POST", o + "/move", body, field} }

		for _, of := range []string{path(task), listPath(list)} {
			s.wantRefused(
				t, "ada",
				bad(of, `{}`, "after"), bad(of, fmt.Sprintf(`{"after":%s,"before":%[1]s}`, id(near)), "after"), bad(of, `{"after":null,"before":null}`, "after"),
				bad(of, `{"after":"x"}`, "after"), bad(of, `{"before":1.5}`, "before"), bad(of, `{"after":true}`, "after"), bad(of, `{"after":null,"after":null}`, "after"),
				bad(of, `{"after":null,"position":"V"}`, "position"), bad(of, `{"after":null,"id":7}`, "id"), bad(of, `[]`, "body"),
			)
			for _, side := range []string{"after", "before"} {
				for _, n := range []string{"0", "-1", "987654321", "9223372036854775807", id(label), id(theirs), id(theirList), of[strings.LastIndexByte(of, '/')+1:]} {
					s.wantRefused(t, "ada", bad(of, fmt.Sprintf(`{%q:%s}`, side, n), side))
				}
			}
		}
		for _, side := range []string{"after", "before"} {
			for _, n := range []object{far, child, list} { // elsewhere, under a parent, no task
				s.wantRefused(t, "ada", bad(path(task), beside(side, n), side))
			}
			s.wantRefused(t, "ada", bad(path(child), beside(side, task), side), bad(listPath(list), beside(side, task), side),
				bad(path(task), beside(side, near, fmt.Sprintf(`,"list_id":%s`, id(list))), side))
		}
		move := func(more string) string { return `{"after":null,` + more + `}` }
		for _, n := range []string{"0", "-7", "987654321", id(label), id(gone), id(theirList), id(task)} {
			s.wantRefused(t, "ada", bad(path(task), move(`"list_id":`+n), "list_id"))
		}
		for _, n := range []string{"0", "-7", "987654321", id(label), id(trashed), id(theirs), id(list), id(task)} {
			s.wantRefused(t, "ada", bad(path(task), move(`"parent_id":`+n), "parent_id"))
		}
		s.wantRefused(t, "ada",
			bad(path(near), move(`"parent_id":`+id(child)), "parent_id"),                     // a circle
			bad(path(child), move(`"list_id":`+id(list)), "list_id"),                         // not that of its parent
			bad(path(task), move(`"parent_id":`+id(near)+`,"list_id":`+id(list)), "list_id"), // the same
			bad(path(task), move(`"list_id":"x"`), "list_id"),
			bad(path(task), move(`"label_ids":[]`), "label_ids"),
			bad(listPath(second), move(`"list_id":null`), "list_id"),
			bad(listPath(second), move(`"parent_id":null`), "parent_id"),
			bad("/api/v1/tasks/0", `{"after":null}`, "id"),
			refused{"POST", path(task) + "/move", "", "body"},
		)
		for _, gone := range []string{path(trashed), listPath(gone), path(theirs), listPath(theirList), "/api/v1/lists/987654321"} {
			wantProblem(t, gone, s.as(t, "ada", "POST", gone+"/move", `{"after":null}`), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
		wantProblem(t, "labels have no order", s.as(t, "ada", "POST", labelPath(label)+"/move", `{"after":null}`), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		s.wantCurrent(t, "task", s.conditional(t, "ada", "POST", path(task)+"/move", `{"after":null}`, "If-Match", `"v999"`), "ada", path(task))
		s.wantCurrent(t, "list", s.conditional(t, "ada", "POST", listPath(list)+"/move", `{"before":null}`, "If-Match", `"v999"`), "ada", listPath(list))
	})
}

// TestManyMovesToOnePlace: every move after another puts a task between two, and positions stay short and different.
func TestManyMovesToOnePlace(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		var tasks []object
		for i := range 4 {
			tasks = append(tasks, s.create(t, "ada", fmt.Sprintf(`{"title":"%d"}`, i)))
		}
		for i := range 200 {
			moved := s.move(t, path(tasks[i%2]), beside("before", tasks[2]))
			if len(moved["position"].(string)) > 128 {
				t.Fatalf("after %d moves: %s", i, moved["position"])
			}
		}
		if got := s.names(t, "ada", byPosition); got != "3 0 1 2" {
			t.Errorf("%s", got)
		}
		places := map[any]bool{}
		for _, task := range decode[[]object](t, s.as(t, "ada", "GET", byPosition, "")) {
			places[task["position"]] = true
		}
		if len(places) != 4 {
			t.Errorf("%v", places)
		}
	})
}

// TestWhatListsCost: a list is paid for with what goes along, by tenths.
func TestWhatListsCost(t *testing.T) {
	onEveryStore(t, func(t *testing.T, plain *server) {
		s := newServer(t, plain.store, limited(1000, 100, newClock().Now))
		list := s.list(t, "ada", "list")
		full := make([]string, 41)
		for i := range full {
			full[i] = fmt.Sprintf(`{"op":"create","task":{"title":"x","list_id":%s}}`, id(list))
		}
		task := results(t, s.as(t, "ada", "POST", batchPath, operations(true, full...)).want(t, http.StatusOK))[0].Task
		label := s.label(t, "ada", "label")
		before := left(t, s.as(t, "ada", "GET", "/api/v1/me", ""))
		for _, c := range []struct {
			method, path, body, key string
			cost, status            int
		}{
			{"POST", "/api/v1/lists", `{"name":"x"}`, "", 1, 201},
			{"GET", "/api/v1/lists", "", "", 1, 200},
			{"GET", "/api/v1/labels", "", "", 1, 200},
			{"PATCH", listPath(list), `{"name":"y"}`, "", 1, 200},
			{"POST", listPath(list) + "/move", `{"before":null}`, "", 1, 200},
			{"POST", path(task) + "/move", `{"after":null}`, "", 1, 200},
			{"DELETE", listPath(list), "", "delete", 1 + 5, 204}, // 42 things
			{"DELETE", listPath(list), "", "delete", 1, 204},     // told again
			{"DELETE", listPath(list), "", "", 1, 404},
			{"POST", inTrash(list) + "/restore", "", "", 1 + 5, 200},
			{"POST", inTrash(list) + "/restore", "", "", 1, 404},
			{"POST", "/api/v1/undo", `{"key":"delete"}`, "", 1, 409},
			{"DELETE", labelPath(label), "", "", 1, 204},
			{"DELETE", inTrash(label), "", "", 1, 204},
		} {
			header := map[string]string{}
			if c.key != "" {
				header["Idempotency-Key"] = c.key
			}
			a := s.do(t, request{method: c.method, path: c.path, body: c.body, user: "ada", header: header}).want(t, c.status)
			if got := before - left(t, a); got != c.cost {
				t.Errorf("%s %s %.40s: costs %d, want %d", c.method, c.path, c.body, got, c.cost)
			}
			before = left(t, a)
		}
	})
}
