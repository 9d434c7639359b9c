package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// How many keys a list and a label have on the wire.
const (
	listKeys  = 9
	labelKeys = 7
)

// A place of objects is where those of a kind are: the path of all of them, and what one is like.
var places = []struct {
	kind, all, title string
	keys             int
}{
	{"list", "/api/v1/lists", "List", listKeys},
	{"label", "/api/v1/labels", "Label", labelKeys},
}

// make makes a list or label, or whatever path is of, and returns it.
func (s *server) make(t testing.TB, user, path, body string) object {
	t.Helper()
	return decode[object](t, s.as(t, user, "POST", path, body).want(t, http.StatusCreated))
}

// list makes a list and returns it, label a label.
func (s *server) list(t testing.TB, user, name string) object {
	t.Helper()
	return s.make(t, user, "/api/v1/lists", fmt.Sprintf(`{"name":%q}`, name))
}

// label makes a label and returns it.
func (s *server) label(t testing.TB, user, name string) object {
	t.Helper()
	return s.make(t, user, "/api/v1/labels", fmt.Sprintf(`{"name":%q}`, name))
}

// listPath returns the path of a list, labelPath of a label, trashed where either is in the trash.
func listPath(o object) string { return "/api/v1/lists/" + id(o) }

// labelPath returns the path of a label.
func labelPath(o object) string { return "/api/v1/labels/" + id(o) }

// inTrash returns the path of anything in the trash.
func inTrash(o object) string { return "/api/v1/trash/" + id(o) }

// names returns the names of the objects at path, or their titles, separated by spaces.
func (s *server) names(t testing.TB, user, path string) string {
	t.Helper()
	var all []string
	for _, o := range decode[[]object](t, s.as(t, user, "GET", path, "").want(t, http.StatusOK)) {
		name, ok := o["name"].(string)
		if !ok {
			name, _ = o["title"].(string)
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

// A refused request is one that nothing may come of.
type refused struct {
	method, path, body, field string
}

// wantRefused fails the test unless each request is a 400 that names its field, and none of them changes anything.
func (s *server) wantRefused(t *testing.T, user string, all ...refused) {
	t.Helper()
	before := s.revision(t, user)
	for _, r := range all {
		wantInvalid(t, fmt.Sprintf("%s %s %.80s", r.method, r.path, r.body), s.as(t, user, r.method, r.path, r.body), r.field)
	}
	if s.revision(t, user) != before {
		t.Errorf("refused, and yet something has changed: %+v", all)
	}
}

// wantConflict is wantRefused for a 409.
func (s *server) wantConflict(t *testing.T, user, method, path, body string) {
	t.Helper()
	before := s.revision(t, user)
	wantProblem(t, method+" "+path+" "+body, s.as(t, user, method, path, body), http.StatusConflict, "CONFLICT_DETECTED")
	if s.revision(t, user) != before {
		t.Errorf("%s %s %s: refused, and yet something has changed", method, path, body)
	}
}

func TestListsAndLabels(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, of := range places {
			if a := s.as(t, "ada", "GET", of.all, "").want(t, http.StatusOK); a.body != "[]" {
				t.Errorf("no %ss: %s", of.kind, a.body)
			}
			made := s.as(t, "ada", "POST", of.all, `{"name":"  First ","color":"#1E90ff"}`).want(t, http.StatusCreated)
			o := decode[object](t, made)
			path := of.all + "/" + id(o)
			if len(o) != of.keys || o["name"] != "First" || o["color"] != "#1e90ff" || o["user_id"] != "ada" ||
				made.header.Get("Location") != path || made.header.Get("ETag") != fmt.Sprintf(`"v%s"`, o["version"]) ||
				!wireTime.MatchString(o["created_at"].(string)) || o["updated_at"] != o["created_at"] {
				t.Errorf("%v %s", made.header, made.body)
			}
			read := s.as(t, "ada", "GET", path, "").want(t, http.StatusOK)
			if read.body != made.body || read.header.Get("ETag") != made.header.Get("ETag") {
				t.Errorf("made %s, read %s", made.body, read.body)
			}
			head := s.as(t, "ada", "HEAD", path, "").want(t, http.StatusOK)
			if head.body != "" || head.header.Get("ETag") != made.header.Get("ETag") {
				t.Errorf("HEAD: %v %s", head.header, head.body)
			}
			s.as(t, "ada", "HEAD", of.all, "").want(t, http.StatusOK)
			for _, method := range []string{"PUT", "PATCH"} {
				same := s.as(t, "ada", method, path, `{"name":" First"}`).want(t, http.StatusOK)
				if same.body != read.body {
					t.Errorf("%s of what it is: %s, was %s", method, same.body, read.body)
				}
				cleared := decode[object](t, s.as(t, "ada", method, path, `{"color":null}`).want(t, http.StatusOK))
				if cleared["color"] != nil || cleared["name"] != "First" || len(cleared) != of.keys {
					t.Errorf("%s: %v", method, cleared)
				}
				read = s.as(t, "ada", method, path, `{"color":"#1e90ff"}`).want(t, http.StatusOK)
			}
			patch := request{method: "PATCH", path: path, user: "ada", body: `{"name":"Second"}`, header: with("Content-Type", "application/merge-patch+json")}
			if got := decode[object](t, s.do(t, patch).want(t, http.StatusOK)); got["name"] != "Second" || got["color"] != "#1e90ff" {
				t.Errorf("%v", got)
			}
			for _, method := range []string{"PUT", "PATCH", "DELETE"} {
				body := `{"name":"late"}`
				if method == "DELETE" {
					body = ""
				}
				s.wantCurrent(t, method, s.conditional(t, "ada", method, path, body, "If-Match", made.header.Get("ETag")), "ada", path)
			}
			gone := s.as(t, "ada", "DELETE", path, "").want(t, http.StatusNoContent)
			if gone.body != "" {
				t.Errorf("%q", gone.body)
			}
			for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
				body := map[string]string{"PUT": `{"name":"x"}`, "PATCH": `{"name":"x"}`}[method]
				p := wantProblem(t, method, s.as(t, "ada", method, path, body), http.StatusNotFound, "RESOURCE_NOT_FOUND")
				if p["detail"] != of.title+" not found" {
					t.Errorf("%s of what has gone: %v", method, p["detail"])
				}
			}
			if all := s.names(t, "ada", of.all); all != "" {
				t.Errorf("still there: %s", all)
			}
		}
	})
}

// TestIDsAreOfOneKind: no id of one kind is one of another, on any route of another.
func TestIDsAreOfOneKind(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ids := map[string]string{
			"tasks": id(s.create(t, "ada", `{"title":"task"}`)), "lists": id(s.list(t, "ada", "list")), "labels": id(s.label(t, "ada", "label")),
		}
		before := s.revision(t, "ada")
		for kind, id := range ids {
			for other := range ids {
				if other == kind {
					continue
				}
				for _, route := range []string{"GET", "PUT", "PATCH", "DELETE", "GET /history", "POST /move"} {
					method, rest, _ := strings.Cut(route, " ")
					if rest == "/move" && other == "labels" {
						continue
					}
					body := map[string]string{"PUT": `{}`, "PATCH": `{}`, "POST": `{"after":null}`}[method]
					path := "/api/v1/" + other + "/" + id + rest
					wantProblem(t, method+" "+path, s.as(t, "ada", method, path, body), http.StatusNotFound, "RESOURCE_NOT_FOUND")
				}
			}
		}
		if s.revision(t, "ada") != before {
			t.Error("something has changed")
		}
	})
}

func TestBadListsAndLabelsAreRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, of := range places {
			o := s.make(t, "ada", of.all, `{"name":"x"}`)
			most := map[string]int{"list": 100, "label": 60}[of.kind]
			bad := []struct{ body, field string }{
				{`{"name":""}`, "name"},
				{`{"name":"  \t\n "}`, "name"},
				{`{"name":"\u200b\u2060\u00ad"}`, "name"},
				{`{"name":"\u2800\u3164"}`, "name"},
				{`{"name":null}`, "name"},
				{`{"name":7}`, "name"},
				{`{"name":["x"]}`, "name"},
				{`{"name":"a\u0000b"}`, "name"},
				{"{\"name\":\"\xff\"}", "name"},
				{`{"name":"\ud800"}`, "name"},
				{`{"name":"` + strings.Repeat("é", most+1) + `"}`, "name"},
				{`{"name":"x","name":"y"}`, "name"},
				{`{"Name":"x"}`, "Name"},
				{`{"name":"x","color":""}`, "color"},
				{`{"name":"x","color":"red"}`, "color"},
				{`{"name":"x","color":"#fff"}`, "color"},
				{`{"name":"x","color":"#1e90ff00"}`, "color"},
				{`{"name":"x","color":"#1e90fg"}`, "color"},
				{`{"name":"x","color":"1e90ff1"}`, "color"},
				{`{"name":"x","color":"#1e90ff\n"}`, "color"},
				{`{"name":"x","color":" #1e90ff"}`, "color"},
				{`{"name":"x","color":7}`, "color"},
				{`{"name":"x","position":"V000000001"}`, "position"},
				{`{"name":"x","id":7}`, "id"},
				{`{"name":"x","version":7}`, "version"},
				{`{"name":"x","user_id":"ada"}`, "user_id"},
				{`{"name":"x","created_at":"2026-01-15T00:00:00Z"}`, "created_at"},
				{`{"name":"x","deleted_at":null}`, "deleted_at"},
				{`{"name":"x","title":"y"}`, "title"},
				{`["x"]`, "body"},
				{`{"name":"x"} {}`, "body"},
				{`null`, "body"},
			}
			if of.kind == "list" {
				bad = append(bad, []struct{ body, field string }{{`{"name":"x","archived":null}`, "archived"}, {`{"name":"x","archived":"true"}`, "archived"}}...)
			} else {
				bad = append(bad, struct{ body, field string }{`{"name":"x","archived":true}`, "archived"})
			}
			for _, b := range bad {
				s.wantRefused(t, "ada", refused{"POST", of.all, b.body, b.field}, refused{"PUT", of.all + "/" + id(o), b.body, b.field}, refused{"PATCH", of.all + "/" + id(o), b.body, b.field})
			}
			s.wantRefused(t, "ada", refused{"POST", of.all, `{}`, "name"}, refused{"POST", of.all, `{"color":"#000000"}`, "name"},
				refused{"GET", of.all + "?archived=maybe", "", "archived"}, refused{"GET", of.all + "?limit=1", "", "limit"},
				refused{"GET", of.all + "/0", "", "id"}, refused{"GET", of.all + "/x", "", "id"}, refused{"DELETE", of.all + "/-1", "", "id"},
				refused{"GET", of.all + "/" + id(o) + "/history?limit=0", "", "limit"}, refused{"GET", of.all + "/" + id(o) + "/history?cursor=x", "", "cursor"})
			longest := decode[object](t, s.as(t, "ada", "PUT", of.all+"/"+id(o), `{"name":"`+strings.Repeat("é", most)+`"}`).want(t, http.StatusOK))
			if longest["name"] != strings.Repeat("é", most) {
				t.Errorf("%v", longest)
			}
		}
		s.wantRefused(t, "ada", refused{"GET", "/api/v1/lists?archived=True", "", "archived"}, refused{"GET", "/api/v1/lists?archived=true&archived=any", "", "archived"})
	})
}

// TestNoTwoLabelsAreCalledAlike: case and ways of writing the same don't count, accents do; what is in the trash doesn't.
func TestNoTwoLabelsAreCalledAlike(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s.list(t, "ada", "Café")
		cafe := s.label(t, "ada", "Café")
		s.label(t, "bob", "Café")
		s.list(t, "ada", "Café") // lists may be
		for _, name := range []string{"Café", "CAFÉ", "café", "Cafe\u0301", "CAFE\u0301", " café "} {
			s.wantConflict(t, "ada", "POST", "/api/v1/labels", fmt.Sprintf(`{"name":%q}`, name))
		}
		other := s.label(t, "ada", "Cafe")
		for _, method := range []string{"PUT", "PATCH"} {
			s.wantConflict(t, "ada", method, labelPath(other), `{"name":"CAFE\u0301"}`)
		}
		s.as(t, "ada", "PATCH", labelPath(cafe), `{"name":"CAFÉ"}`).want(t, http.StatusOK) // its own
		strasse := s.label(t, "ada", "Straße")
		s.wantConflict(t, "ada", "POST", "/api/v1/labels", `{"name":"STRASSE"}`)
		s.as(t, "ada", "DELETE", labelPath(strasse), "").want(t, http.StatusNoContent)
		again := s.label(t, "ada", "STRASSE")
		s.wantConflict(t, "ada", "POST", inTrash(strasse)+"/restore", "")
		s.as(t, "ada", "PATCH", labelPath(again), `{"name":"street"}`).want(t, http.StatusOK)
		back := decode[object](t, s.as(t, "ada", "POST", inTrash(strasse)+"/restore", "").want(t, http.StatusOK))
		if back["name"] != "Straße" || back["deleted_at"] != nil || len(back) != labelKeys {
			t.Errorf("%v", back)
		}
		if all := s.names(t, "ada", "/api/v1/labels"); all != "Cafe CAFÉ Straße street" {
			t.Errorf("by name: %s", all)
		}
	})
}

// manyOf makes so many objects of a kind, in batches.
func (s *server) manyOf(t testing.TB, user, kind string, n int) {
	t.Helper()
	for made := 0; made < n; {
		var all []string
		for ; made < n && len(all) < 100; made++ {
			all = append(all, fmt.Sprintf(`{"op":"create","kind":%q,%[1]q:{"name":"%[1]s %d"}}`, kind, made))
		}
		s.as(t, user, "POST", batchPath, operations(true, all...)).want(t, http.StatusOK)
	}
}

// TestHowManyListsAndLabels: one more is a conflict, however it would come.
func TestHowManyListsAndLabels(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, of := range places {
			t.Run(of.kind, func(t *testing.T) {
				t.Parallel()
				user, most := "owner of many "+of.kind, map[string]int{"list": 500, "label": 1000}[of.kind]
				s.manyOf(t, user, of.kind, most-1)
				last := s.make(t, user, of.all, `{"name":"last"}`)
				s.wantConflict(t, user, "POST", of.all, `{"name":"one more"}`)
				s.as(t, user, "PATCH", of.all+"/"+id(last), `{"name":"still the last"}`).want(t, http.StatusOK)
				r := results(t, s.as(t, user, "POST", batchPath, operations(false, fmt.Sprintf(`{"op":"create","kind":%q,%[1]q:{"name":"one more"}}`, of.kind))))
				if r[0].Status != http.StatusConflict {
					t.Errorf("in a batch: %+v", r)
				}
				s.as(t, user, "DELETE", of.all+"/"+id(last), "").want(t, http.StatusNoContent)
				s.make(t, user, of.all, `{"name":"instead"}`)
				s.wantConflict(t, user, "POST", inTrash(last)+"/restore", "")
				if all := decode[[]object](t, s.as(t, user, "GET", of.all, "")); len(all) != most {
					t.Errorf("%d of them", len(all))
				}
			})
		}
	})
}

// TestArchivedLists: they are listed when asked for, and their tasks always.
func TestArchivedLists(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s.list(t, "ada", "one")
		two := s.list(t, "ada", "two")
		s.list(t, "ada", "three")
		s.make(t, "ada", "/api/v1/lists", `{"name":"four","archived":true}`)
		s.create(t, "ada", fmt.Sprintf(`{"title":"in two","list_id":%s}`, id(two)))
		put := decode[object](t, s.as(t, "ada", "PATCH", listPath(two), `{"archived":true}`).want(t, http.StatusOK))
		if put["archived"] != true || put["position"] != two["position"] {
			t.Errorf("%v", put)
		}
		for query, want := range map[string]string{
			"": "one three", "?archived=": "one three", "?archived=false": "one three", "?archived=true": "two four", "?archived=any": "one two three four",
		} {
			if all := s.names(t, "ada", "/api/v1/lists"+query); all != want {
				t.Errorf("%q: %s", query, all)
			}
		}
		if all := s.names(t, "ada", "/api/v1/tasks"); all != "in two" {
			t.Errorf("tasks: %s", all)
		}
		s.create(t, "ada", fmt.Sprintf(`{"title":"later","list_id":%s}`, id(two)))
	})
}

// TestListsKnowWhatTheClientHas: a 304 for each answer that the client has, and for no other.
func TestListsKnowWhatTheClientHas(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list, label := s.list(t, "ada", "list"), s.label(t, "ada", "label")
		paths := []string{
			"/api/v1/lists", "/api/v1/lists?archived=true", "/api/v1/lists?archived=any", "/api/v1/labels", listPath(list), labelPath(label),
			"/api/v1/trash?kind=list", "/api/v1/trash?kind=label", "/api/v1/trash?kind=list&limit=1", "/api/v1/tasks",
		}
		tags := map[string]string{}
		for _, path := range paths {
			a := s.as(t, "ada", "GET", path, "").want(t, http.StatusOK)
			tags[path] = a.header.Get("ETag")
			wantUnmodified(t, path, s.conditional(t, "ada", "GET", path, "", "If-None-Match", tags[path]), tags[path])
			wantUnmodified(t, path, s.conditional(t, "ada", "HEAD", path, "", "If-None-Match", `"x", W/`+tags[path]), tags[path])
		}
		for _, path := range paths {
			for other, tag := range tags {
				if other != path && tag != tags[path] {
					s.conditional(t, "ada", "GET", path, "", "If-None-Match", tag).want(t, http.StatusOK)
				} else if other != path && other[:8] == path[:8] && strings.Contains(path+other, "?") {
					t.Errorf("%s and %s have one tag", path, other)
				}
			}
		}
		s.as(t, "ada", "PATCH", listPath(list), `{"color":"#000000"}`).want(t, http.StatusOK)
		for _, path := range paths {
			want := http.StatusOK
			if path == labelPath(label) {
				want = http.StatusNotModified
			}
			s.conditional(t, "ada", "GET", path, "", "If-None-Match", tags[path]).want(t, want)
		}
	})
}

// TestAListGoesWithItsTasks: in one set; what comes back with it is what went with it.
func TestAListGoesWithItsTasks(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list, other := s.list(t, "ada", "list"), s.list(t, "ada", "other")
		in := fmt.Sprintf(`"list_id":%s`, id(list))
		parent := s.create(t, "ada", `{"title":"child","parent_id":null,`+in+`}`) // the child has the lower id
		s.create(t, "ada", `{"title":"plain","completed":true,`+in+`}`)
		child, parent := parent, s.create(t, "ada", `{"title":"parent",`+in+`}`)
		s.as(t, "ada", "PATCH", path(child), fmt.Sprintf(`{"parent_id":%s}`, id(parent))).want(t, http.StatusOK)
		earlier := s.create(t, "ada", `{"title":"earlier",`+in+`}`)
		s.as(t, "ada", "DELETE", path(earlier), "").want(t, http.StatusNoContent)
		s.create(t, "ada", `{"title":"inbox"}`)
		s.create(t, "ada", fmt.Sprintf(`{"title":"elsewhere","list_id":%s}`, id(other)))
		before := s.as(t, "ada", "GET", "/api/v1/tasks", "").body
		next := s.pull(t, "ada", "").Next

		s.keyed(t, "ada", "DELETE", listPath(list), "", "delete").want(t, http.StatusNoContent)
		if left := s.names(t, "ada", "/api/v1/tasks"); left != "elsewhere inbox" {
			t.Errorf("left: %s", left)
		}
		if lists := s.names(t, "ada", "/api/v1/lists?archived=any"); lists != "other" {
			t.Errorf("left: %s", lists)
		}
		op := decode[struct {
			Status, Total int
			Changes       []struct{ Op, Kind string }
		}](t, s.as(t, "ada", "GET", "/api/v1/operations/delete", ""))
		if op.Status != http.StatusNoContent || op.Total != 4 || op.Changes[0].Kind != "list" {
			t.Errorf("%+v", op)
		}
		if told := s.pull(t, "ada", next); len(told.Changes) != 3 {
			t.Errorf("sync tells of %s", told.told())
		}
		wantReplay(t, "DELETE", s.keyed(t, "ada", "DELETE", listPath(list), "", "delete"), answer{status: 204, header: http.Header{
			"Cache-Control": {"private, no-cache"},
		}})

		trashed := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/trash?kind=list", "").want(t, http.StatusOK))
		if len(trashed) != 1 || trashed[0]["name"] != "list" || len(trashed[0]) != listKeys+1 || !wireTime.MatchString(trashed[0]["deleted_at"].(string)) {
			t.Errorf("%v", trashed)
		}
		back := s.as(t, "ada", "POST", inTrash(list)+"/restore", "").want(t, http.StatusOK)
		if o := decode[object](t, back); o["name"] != "list" || len(o) != listKeys || back.header.Get("ETag") != fmt.Sprintf(`"v%s"`, o["version"]) {
			t.Errorf("%v %s", back.header, back.body)
		}
		wantSame := func(what string) {
			t.Helper()
			if after := s.as(t, "ada", "GET", "/api/v1/tasks", "").body; unversioned(t, after) != unversioned(t, before) {
				t.Errorf("%s: was\n%s\nis\n%s", what, before, after)
			}
		}
		wantSame("restored")
		s.keyed(t, "ada", "DELETE", listPath(list), "", "delete-again").want(t, http.StatusNoContent)
		undone := decode[struct {
			Total   int
			Changes []struct {
				Op, Kind string
				List     object
			}
		}](t, s.as(t, "ada", "POST", undoPath, `{"key":"delete-again"}`).want(t, http.StatusOK))
		if first := undone.Changes[0]; undone.Total != 4 || first.Kind != "list" || first.List["name"] != "list" { // which its tasks are in
			t.Errorf("%+v", undone)
		}
		wantSame("undone")
		s.as(t, "ada", "POST", inTrash(earlier)+"/restore", "").want(t, http.StatusOK)
		if got := decode[object](t, s.as(t, "ada", "GET", path(earlier), "")); got["list_id"] != list["id"] {
			t.Errorf("while its list is there: %v", got["list_id"])
		}
	})
}

// unversioned returns tasks without what every change of them changes.
func unversioned(t testing.TB, body string) string {
	t.Helper()
	tasks := decode[[]object](t, answer{body: body})
	for _, task := range tasks {
		delete(task, "version")
		delete(task, "updated_at")
	}
	return fmt.Sprint(tasks)
}

// TestATaskComesBackWithoutItsList: to the inbox, for good.
func TestATaskComesBackWithoutItsList(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list := s.list(t, "ada", "list")
		in := fmt.Sprintf(`"list_id":%s`, id(list))
		alone, along := s.create(t, "ada", `{"title":"alone",`+in+`}`), s.create(t, "ada", `{"title":"along",`+in+`}`)
		s.as(t, "ada", "DELETE", listPath(list), "").want(t, http.StatusNoContent)
		back := decode[object](t, s.as(t, "ada", "POST", inTrash(alone)+"/restore", "").want(t, http.StatusOK))
		if back["list_id"] != nil || len(back) != taskKeys {
			t.Errorf("%v", back)
		}
		s.wantRefused(t, "ada", refused{"PATCH", path(alone), `{` + in + `}`, "list_id"})
		s.as(t, "ada", "POST", inTrash(list)+"/restore", "").want(t, http.StatusOK)
		for task, want := range map[string]any{path(alone): nil, path(along): list["id"]} {
			if got := decode[object](t, s.as(t, "ada", "GET", task, "").want(t, http.StatusOK)); got["list_id"] != want {
				t.Errorf("%s is in %v, want %v", got["title"], got["list_id"], want)
			}
		}
		s.as(t, "ada", "DELETE", listPath(list), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "DELETE", inTrash(list), "").want(t, http.StatusNoContent)
		back = decode[object](t, s.as(t, "ada", "POST", inTrash(along)+"/restore", "").want(t, http.StatusOK))
		if back["list_id"] != nil {
			t.Errorf("after its list has gone for good: %v", back)
		}
		for _, r := range []refused{{"POST", inTrash(list) + "/restore", "", ""}, {"DELETE", inTrash(list), "", ""}, {"GET", listPath(list) + "/history", "", ""}} {
			wantProblem(t, r.method+" "+r.path, s.as(t, "ada", r.method, r.path, ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
	})
}

// TestALabelLeavesTasksLast: they keep its id while it is in the trash, and lose it when it is gone for good, as by changes
// of their own.
func TestALabelLeavesTasksLast(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		label, other := s.label(t, "ada", "label"), s.label(t, "ada", "other")
		both := s.create(t, "ada", fmt.Sprintf(`{"title":"both","label_ids":[%s,%s]}`, id(other), id(label)))
		s.create(t, "ada", `{"title":"none"}`)
		trashed := s.create(t, "ada", fmt.Sprintf(`{"title":"trashed","label_ids":[%s]}`, id(label)))
		s.as(t, "ada", "DELETE", path(trashed), "").want(t, http.StatusNoContent)
		ids := func(path string) string {
			t.Helper()
			return fmt.Sprint(decode[object](t, s.as(t, "ada", "GET", path, "").want(t, http.StatusOK))["label_ids"])
		}
		two, one := fmt.Sprintf("[%s %s]", id(label), id(other)), fmt.Sprintf("[%s]", id(other))
		if ids(path(both)) != two {
			t.Fatalf("not ascending: %v", both["label_ids"])
		}
		next := s.pull(t, "ada", "").Next
		s.as(t, "ada", "DELETE", labelPath(label), "").want(t, http.StatusNoContent)
		if got := ids(path(both)); got != two {
			t.Errorf("its id is gone: %s", got)
		}
		s.wantRefused(t, "ada", refused{"POST", "/api/v1/tasks", fmt.Sprintf(`{"title":"x","label_ids":[%s]}`, id(label)), "label_ids"})
		// Who sends back what they have got may.
		s.as(t, "ada", "PATCH", path(both), fmt.Sprintf(`{"title":"still both","label_ids":[%s,%s]}`, id(label), id(other))).want(t, http.StatusOK)
		if found := s.names(t, "ada", "/api/v1/tasks?label_ids="+id(label)); found != "still both" {
			t.Errorf("found %q by a label in the trash", found)
		}
		s.as(t, "ada", "POST", inTrash(label)+"/restore", "").want(t, http.StatusOK)
		if got := ids(path(both)); got != two {
			t.Errorf("restored: %s", got)
		}
		s.as(t, "ada", "DELETE", labelPath(label), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "DELETE", inTrash(label), "").want(t, http.StatusNoContent)
		if got := ids(path(both)); got != one {
			t.Errorf("for good: %s", got)
		}
		told := s.pull(t, "ada", next)
		if last := told.Changes[len(told.Changes)-1]; !slices.ContainsFunc(told.Changes, func(c toldChange) bool {
			return c.Op == "updated" && c.Task["title"] == "still both" && fmt.Sprint(c.Task["label_ids"]) == one
		}) {
			t.Errorf("sync tells of %s, the last is %+v", told.told(), last)
		}
		past := decode[[]struct {
			Op      string
			Changes map[string][2]any
		}](t, s.as(t, "ada", "GET", path(both)+"/history?limit=1", "").want(t, http.StatusOK))
		if got := past[0]; got.Op != "updated" || fmt.Sprint(got.Changes["label_ids"]) != "["+two+" "+one+"]" {
			t.Errorf("the history says %+v", got)
		}
		s.as(t, "ada", "POST", inTrash(trashed)+"/restore", "").want(t, http.StatusOK)
		if got := ids(path(trashed)); got != "[]" {
			t.Errorf("out of the trash: %s", got)
		}
	})
}

// TestTheTrashOfListsAndLabels: each kind for itself, in pages.
func TestTheTrashOfListsAndLabels(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, of := range places {
			for i := range 5 {
				o := s.make(t, "ada", of.all, fmt.Sprintf(`{"name":"%d"}`, i))
				s.as(t, "ada", "DELETE", of.all+"/"+id(o), "").want(t, http.StatusNoContent)
			}
		}
		task := s.create(t, "ada", `{"title":"task"}`)
		s.as(t, "ada", "DELETE", path(task), "").want(t, http.StatusNoContent)
		for query, want := range map[string]string{"": "task", "?kind=task": "task", "?kind=": "task", "?kind=list": "4 3 2 1 0", "?kind=label": "4 3 2 1 0", "?kind=list&offset=3": "1 0", "?kind=label&limit=2": "4 3"} {
			if all := s.names(t, "ada", "/api/v1/trash"+query); all != want {
				t.Errorf("%s: %s", query, all)
			}
		}
		for _, of := range places {
			for limit := 1; limit <= 6; limit++ {
				all, pages := s.walkPages(t, "ada", fmt.Sprintf("/api/v1/trash?kind=%s&limit=%d", of.kind, limit))
				if len(all) != 5 || pages != (5+limit-1)/limit {
					t.Errorf("%d of 5 %ss in %d pages of %d", len(all), of.kind, pages, limit)
				}
			}
			if a := s.as(t, "ada", "GET", "/api/v1/trash?count=true&limit=1&kind="+of.kind, ""); a.header.Get("X-Total-Count") != "5" {
				t.Errorf("counted: %v", a.header)
			}
			s.wantRefused(t, "ada", refused{"GET", "/api/v1/trash?cursor=x&kind=" + of.kind, "", "cursor"}, refused{"GET", "/api/v1/trash?limit=0&kind=" + of.kind, "", "limit"},
				refused{"GET", "/api/v1/trash?limit=1001&kind=" + of.kind, "", "limit"}, refused{"GET", "/api/v1/trash?offset=-1&kind=" + of.kind, "", "offset"})
			if a := s.as(t, "bob", "GET", "/api/v1/trash?kind="+of.kind, ""); a.body != "[]" {
				t.Errorf("bob's: %s", a.body)
			}
		}
		s.wantRefused(t, "ada", refused{"GET", "/api/v1/trash?kind=foo", "", "kind"}, refused{"GET", "/api/v1/trash?kind=task,list", "", "kind"}, refused{"GET", "/api/v1/trash?kind=list&kind=label", "", "kind"})
	})
}

// TestHistoriesOfListsAndLabels: the newest first, in pages.
func TestHistoriesOfListsAndLabels(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, of := range places {
			o := s.make(t, "ada", of.all, `{"name":"first"}`)
			path := of.all + "/" + id(o)
			s.as(t, "ada", "PATCH", path, `{"name":"second","color":"#000000"}`).want(t, http.StatusOK)
			s.as(t, "ada", "DELETE", path, "").want(t, http.StatusNoContent)
			s.as(t, "ada", "POST", inTrash(o)+"/restore", "").want(t, http.StatusOK)
			past := decode[[]struct {
				Rev     json.Number
				Op, At  string
				Changes map[string][2]any
			}](t, s.as(t, "ada", "GET", path+"/history", "").want(t, http.StatusOK))
			var ops []string
			for _, p := range past {
				ops = append(ops, p.Op)
			}
			if strings.Join(ops, " ") != "restored deleted updated created" || past[3].Rev != o["version"] ||
				fmt.Sprint(past[2].Changes) != "map[color:[<nil> #000000] name:[first second]]" ||
				past[3].Changes["name"] != [2]any{nil, "first"} || past[0].Changes["deleted_at"][1] != nil {
				t.Errorf("%+v", past)
			}
			all, pages := s.walkPages(t, "ada", path+"/history?limit=1")
			if len(all) != 4 || pages != 4 {
				t.Errorf("%d in %d pages", len(all), pages)
			}
			wantProblem(t, "bob's", s.as(t, "bob", "GET", path+"/history", ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
			s.as(t, "ada", "DELETE", path, "").want(t, http.StatusNoContent)
			s.as(t, "ada", "GET", path+"/history", "").want(t, http.StatusOK)
			s.as(t, "ada", "DELETE", inTrash(o), "").want(t, http.StatusNoContent)
			wantProblem(t, "for good", s.as(t, "ada", "GET", path+"/history", ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
	})
}

// TestListsAndLabelsAreMerged: what two change in different fields is no conflict.
func TestListsAndLabelsAreMerged(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, of := range places {
			o := s.make(t, "ada", of.all, `{"name":"first"}`)
			path, base := of.all+"/"+id(o), fmt.Sprintf(`"v%s"`, o["version"])
			s.as(t, "ada", "PATCH", path, `{"name":"theirs"}`).want(t, http.StatusOK)
			a := s.merge(t, path, `{"color":"#000000"}`, base).want(t, http.StatusOK)
			if got := decode[object](t, a); a.header.Get("Preference-Applied") != "merge" || got["name"] != "theirs" || got["color"] != "#000000" ||
				a.header.Get("ETag") != fmt.Sprintf(`"v%s"`, got["version"]) {
				t.Errorf("%v %s", a.header, a.body)
			}
			if again := s.merge(t, path, `{"name":"theirs","color":"#000000"}`, base).want(t, http.StatusOK); again.body != a.body {
				t.Errorf("to the same: %s", again.body)
			}
			before := s.revision(t, "ada")
			refused := s.merge(t, path, `{"name":"yours"}`, base)
			p := wantProblem(t, "both", refused, http.StatusConflict, "CONFLICT_DETECTED")
			conflict := p["conflicts"].(map[string]any)["name"].(map[string]any)
			if conflict["base"] != "first" || conflict["yours"] != "yours" || conflict["current"] != "theirs" ||
				p["current"].(map[string]any)["name"] != "theirs" || s.revision(t, "ada") != before {
				t.Errorf("%s", refused.body)
			}
			s.wantCurrent(t, "an unknown version", s.merge(t, path, `{"color":null}`, `"v999"`), "ada", path)
			put := request{method: "PUT", path: path, user: "ada", body: `{"color":null}`, header: map[string]string{"If-Match": base, "Prefer": "merge"}}
			s.wantCurrent(t, "PUT", s.do(t, put), "ada", path)
		}
	})
}

// TestAListOfManyTasks goes, comes back and is undone in steps, as one set.
func TestAListOfManyTasks(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		const many = 1100
		list := s.list(t, "ada", "list")
		one := fmt.Sprintf(`{"op":"create","task":{"title":"x","list_id":%s}}`, id(list))
		for range many / 100 {
			s.as(t, "ada", "POST", batchPath, operations(true, slices.Repeat([]string{one}, 100)...)).want(t, http.StatusOK)
		}
		there := func() string {
			return s.as(t, "ada", "GET", "/api/v1/tasks?limit=1&count=true&list_id="+id(list), "").header.Get("X-Total-Count")
		}
		for i, back := range []func(key string){
			func(string) { s.as(t, "ada", "POST", inTrash(list)+"/restore", "").want(t, http.StatusOK) },
			func(key string) {
				if undone := s.undo(t, "ada", fmt.Sprintf(`{"key":%q}`, key)); undone.Total != many+1 || !undone.HasMore {
					t.Errorf("undone: %d changes", undone.Total)
				}
			},
		} {
			key := fmt.Sprint("delete-", i)
			s.keyed(t, "ada", "DELETE", listPath(list), "", key).want(t, http.StatusNoContent)
			if n := s.as(t, "ada", "GET", "/api/v1/tasks?limit=1&count=true", "").header.Get("X-Total-Count"); n != "0" {
				t.Errorf("%s: left are %s", key, n)
			}
			if back(key); there() != fmt.Sprint(many) {
				t.Errorf("%s: %s of %d came back", key, there(), many)
			}
		}
	})
}

// TestWhatIsInTheTrashHeedsHeaders: keys and versions, of lists and labels as of tasks.
func TestWhatIsInTheTrashHeedsHeaders(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, of := range places {
			o := s.make(t, "ada", of.all, `{"name":"x"}`)
			s.as(t, "ada", "DELETE", of.all+"/"+id(o), "").want(t, http.StatusNoContent)
			now := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/trash?kind="+of.kind, ""))[0]
			for _, r := range []request{{method: "POST", path: inTrash(o) + "/restore"}, {method: "DELETE", path: inTrash(o)}} {
				refused := s.conditional(t, "ada", r.method, r.path, "", "If-Match", fmt.Sprintf(`"v%s"`, o["version"]))
				p := wantProblem(t, r.method, refused, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
				if current := p["current"]; fmt.Sprint(current) != fmt.Sprint(map[string]any(now)) || refused.header.Get("ETag") != fmt.Sprintf(`"v%s"`, now["version"]) {
					t.Errorf("%v, want %v: %v", current, now, refused.header)
				}
			}
			restore := request{method: "POST", path: inTrash(o) + "/restore", user: "ada", header: map[string]string{
				"If-Match": fmt.Sprintf(`"v%s"`, now["version"]), "Idempotency-Key": "restore-" + of.kind,
			}}
			restored := s.do(t, restore).want(t, http.StatusOK)
			wantReplay(t, "restored", s.do(t, restore), restored)
			if of.kind == "list" {
				s.create(t, "ada", fmt.Sprintf(`{"title":"x","list_id":%s}`, id(o)))
			}
			remove := request{method: "DELETE", path: of.all + "/" + id(o), user: "ada", header: with("Idempotency-Key", "remove-"+of.kind)}
			removed := s.do(t, remove).want(t, http.StatusNoContent)
			wantReplay(t, "restored, and in the trash again", s.do(t, restore), restored)
			purge := request{method: "DELETE", path: inTrash(o), user: "ada", header: with("Idempotency-Key", "purge-"+of.kind)}
			purged := s.do(t, purge).want(t, http.StatusNoContent)
			wantReplay(t, "purged", s.do(t, purge), purged)
			wantReplay(t, "deleted, and gone for good", s.do(t, remove), removed)
			wantProblem(t, "restored, and gone for good", s.do(t, restore), http.StatusNotFound, "RESOURCE_NOT_FOUND")
			for _, method := range []string{"GET", "DELETE"} {
				other := s.make(t, "ada", of.all, fmt.Sprintf(`{"name":%q}`, "no todo "+method))
				wantProblem(t, "as a todo", s.as(t, "ada", method, todoPath(other), ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
			}
		}
	})
}
