package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// child makes a task that is a part of another.
func (s *server) child(t testing.TB, title string, parent object) object {
	t.Helper()
	return s.create(t, "ada", fmt.Sprintf(`{"title":%q,"parent_id":%s}`, title, id(parent)))
}

// tree makes a task with two levels under it: root, a, b and, under a, aa.
func (s *server) tree(t testing.TB) (root, a, b, aa object) {
	t.Helper()
	root = s.create(t, "ada", `{"title":"root"}`)
	a, b = s.child(t, "a", root), s.child(t, "b", root)
	return root, a, b, s.child(t, "aa", a)
}

// TestBadReferencesAreRefused: one text for whatever isn't there, isn't one's own or is in the trash.
func TestBadReferencesAreRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"task"}`)
		list, goneList := s.list(t, "ada", "list"), s.list(t, "ada", "gone")
		label, goneLabel := s.label(t, "ada", "label"), s.label(t, "ada", "gone")
		goneTask := s.create(t, "ada", `{"title":"gone"}`)
		for _, path := range []string{listPath(goneList), labelPath(goneLabel), path(goneTask)} {
			s.as(t, "ada", "DELETE", path, "").want(t, http.StatusNoContent)
		}
		theirs := map[string]string{
			"task": id(s.create(t, "bob", `{"title":"x"}`)), "list": id(s.list(t, "bob", "x")), "label": id(s.label(t, "bob", "x")),
		}
		said := map[string]string{}
		for field, values := range map[string][]string{
			"list_id":   {"987654321", "9223372036854775807", theirs["list"], id(goneList), id(label), id(task), theirs["task"], "0", "-1"},
			"parent_id": {"987654321", "9223372036854775807", theirs["task"], id(goneTask), id(label), id(list), "0", "-1"},
			"label_ids": {"[987654321]", "[" + theirs["label"] + "]", "[" + id(goneLabel) + "]", "[" + id(list) + "]", "[" + id(task) + "]", "[0]", "[-1]", "[" + id(label) + ",987654321]"},
		} {
			for _, value := range values {
				for _, r := range []refused{{"POST", "/api/v1/tasks", "", field}, {"PUT", path(task), "", field}, {"PATCH", path(task), "", field}} {
					r.body = fmt.Sprintf(`{"title":"x",%q:%s}`, field, value)
					s.wantRefused(t, "ada", r)
					detail := decode[object](t, s.as(t, "ada", r.method, r.path, r.body))["detail"].(string)
					if said[field] == "" {
						said[field] = detail
					}
					if detail != said[field] {
						t.Errorf("%s %s: %q, others %q", r.method, r.body, detail, said[field])
					}
				}
			}
		}
		many := make([]string, 51)
		for i := range many {
			many[i] = fmt.Sprint(i + 1)
		}
		for _, body := range []struct{ fields, field string }{
			{`"list_id":"1"`, "list_id"}, {`"list_id":1.5`, "list_id"}, {`"list_id":9223372036854775808`, "list_id"}, {`"list_id":[]`, "list_id"}, {`"list_id":true`, "list_id"},
			{`"parent_id":"1"`, "parent_id"}, {`"parent_id":{}`, "parent_id"}, {`"parent_id":"ref:x"`, "parent_id"},
			{`"label_ids":null`, "label_ids"}, {`"label_ids":1`, "label_ids"}, {`"label_ids":"1"`, "label_ids"}, {`"label_ids":["1"]`, "label_ids"},
			{`"label_ids":[null]`, "label_ids"}, {`"label_ids":[1.5]`, "label_ids"}, {`"label_ids":["ref:x"]`, "label_ids"},
			{fmt.Sprintf(`"label_ids":[%s,%[1]s]`, id(label)), "label_ids"},
			{`"label_ids":[` + strings.Join(many, ",") + `]`, "label_ids"},
			{`"position":"V"`, "position"}, {`"position":null`, "position"}, {`"listId":null`, "listId"},
			{fmt.Sprintf(`"parent_id":%s,"list_id":%s`, id(task), id(list)), "list_id"},
		} {
			s.wantRefused(t, "ada", refused{"POST", "/api/v1/tasks", `{"title":"x",` + body.fields + `}`, body.field})
			if !strings.Contains(body.fields, `"parent_id":`+id(task)) {
				s.wantRefused(t, "ada", refused{"PATCH", path(task), `{` + body.fields + `}`, body.field})
			}
		}
	})
}

// TestFiftyLabels are what a task may have.
func TestFiftyLabels(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s.manyOf(t, "ada", "label", 51)
		var ids []string
		for _, label := range decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/labels", "")) {
			ids = append(ids, id(label))
		}
		of := func(ids []string) string { return `{"title":"x","label_ids":[` + strings.Join(ids, ",") + `]}` }
		s.wantRefused(t, "ada", refused{"POST", "/api/v1/tasks", of(ids), "label_ids"})
		task := s.create(t, "ada", of(ids[:50]))
		s.wantRefused(t, "ada", refused{"PATCH", path(task), of(ids), "label_ids"})
		s.merge(t, path(task), of(ids[1:]), fmt.Sprintf(`"v%s"`, task["version"])).want(t, http.StatusOK)
	})
}

// TestATasksLabelsAreMerged one by one.
func TestATasksLabelsAreMerged(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		a, b, c, d := s.label(t, "ada", "a"), s.label(t, "ada", "b"), s.label(t, "ada", "c"), s.label(t, "ada", "d")
		of := func(labels ...object) string {
			ids := make([]string, len(labels))
			for i, l := range labels {
				ids[i] = id(l)
			}
			return `{"label_ids":[` + strings.Join(ids, ",") + `]}`
		}
		task := s.create(t, "ada", `{"title":"x",`+of(a, b)[1:])
		s.as(t, "ada", "PATCH", path(task), of(b, c)).want(t, http.StatusOK) // without a, with c
		merged := s.merge(t, path(task), of(a, b, d), fmt.Sprintf(`"v%s"`, task["version"])).want(t, http.StatusOK)
		got := fmt.Sprint(decode[object](t, merged)["label_ids"])
		if want := fmt.Sprintf("[%s %s %s]", id(b), id(c), id(d)); got != want || merged.header.Get("Preference-Applied") != "merge" {
			t.Errorf("%s, want %s: %v", got, want, merged.header)
		}
		theirs := s.create(t, "ada", `{"title":"y"}`)
		s.as(t, "ada", "PATCH", path(theirs), fmt.Sprintf(`{"list_id":%s}`, id(s.list(t, "ada", "list")))).want(t, http.StatusOK)
		s.as(t, "ada", "PATCH", path(theirs), `{"title":"theirs"}`).want(t, http.StatusOK)
		conflict := s.merge(t, path(theirs), fmt.Sprintf(`{"list_id":%s}`, id(s.list(t, "ada", "other"))), fmt.Sprintf(`"v%s"`, theirs["version"]))
		p := wantProblem(t, "two lists", conflict, http.StatusConflict, "CONFLICT_DETECTED")
		if c, there := p["conflicts"].(map[string]any)["list_id"].(map[string]any); !there || c["base"] != nil || c["yours"] == c["current"] {
			t.Errorf("%s", conflict.body)
		}
	})
}

// TestTreesHaveLimits: no circles, five levels, two hundred tasks.
func TestTreesHaveLimits(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		levels := []object{s.create(t, "ada", `{"title":"1"}`)}
		for i := 2; i <= 5; i++ {
			levels = append(levels, s.child(t, fmt.Sprint(i), levels[i-2]))
		}
		under := func(o object) string { return `"parent_id":` + id(o) + `}` }
		s.wantRefused(t, "ada", refused{"POST", "/api/v1/tasks", `{"title":"6",` + under(levels[4]), "parent_id"})
		for i, o := range levels { // under itself, and what is under it
			for _, below := range levels[i:] {
				s.wantRefused(t, "ada", refused{"PATCH", path(o), `{` + under(below), "parent_id"}, refused{"POST", path(o) + "/move", `{"after":null,` + under(below), "parent_id"})
			}
		}
		two := s.create(t, "ada", `{"title":"two"}`)
		s.child(t, "levels", two)
		for _, r := range []refused{{"PATCH", path(two), `{` + under(levels[3]), "parent_id"}, {"PUT", path(two), `{` + under(levels[4]), "parent_id"}, {"POST", path(two) + "/move", `{"before":null,` + under(levels[3]), "parent_id"}} {
			s.wantRefused(t, "ada", r)
		}
		s.as(t, "ada", "PATCH", path(two), `{`+under(levels[2])).want(t, http.StatusOK)

		root := s.create(t, "ada", `{"title":"root"}`)
		one := `{"op":"create","task":{"title":"x",` + under(root) + `}`
		full := make([]string, 100)
		for i := range full {
			full[i] = one
		}
		s.as(t, "ada", "POST", batchPath, operations(true, full...)).want(t, http.StatusOK)
		s.as(t, "ada", "POST", batchPath, operations(true, full[:99]...)).want(t, http.StatusOK) // 200 with the root
		s.wantRefused(t, "ada", refused{"POST", "/api/v1/tasks", `{"title":"201",` + under(root), "parent_id"}, refused{"PATCH", path(two), `{` + under(root), "parent_id"},
			refused{"POST", path(two) + "/move", `{"after":null,` + under(root), "parent_id"})
		first := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/tasks?limit=1&parent_id="+id(root), ""))[0]
		s.as(t, "ada", "DELETE", path(first), "").want(t, http.StatusNoContent)
		instead := s.child(t, "instead", root)
		s.wantConflict(t, "ada", "POST", inTrash(first)+"/restore", "")
		s.as(t, "ada", "DELETE", path(instead), "").want(t, http.StatusNoContent)
		s.as(t, "ada", "POST", inTrash(first)+"/restore", "").want(t, http.StatusOK)
		s.as(t, "ada", "DELETE", path(root), "").want(t, http.StatusNoContent)
		if left := s.names(t, "ada", "/api/v1/tasks?parent_id="+id(root)); left != "" {
			t.Errorf("left of 200: %s", left)
		}
	})
}

// open returns the titles of the tasks that are not completed, done of those that are, by title.
func (s *server) open(t testing.TB) string {
	t.Helper()
	return s.names(t, "ada", "/api/v1/tasks?sort=title&completed=false")
}

// TestCompletingATaskCompletesWhatIsUnderIt, in one set; reopening a task reopens what it is a part of.
func TestCompletingATaskCompletesWhatIsUnderIt(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		root, a, b, aa := s.tree(t)
		s.as(t, "ada", "PATCH", path(b), `{"completed":true}`).want(t, http.StatusOK)
		for i, complete := range []request{
			{method: "PATCH", path: path(root) + "/toggle"}, {method: "PATCH", path: path(root), body: `{"completed":true}`},
			{method: "PUT", path: path(root), body: `{"completed":true}`}, {method: "PATCH", path: todoPath(root) + "/complete", body: `{"completed":true}`},
			{method: "PATCH", path: todoPath(root) + "/complete"}, {method: "PUT", path: todoPath(root), body: `{"completed":true}`},
			{method: "POST", path: batchPath, body: operations(true, `{"op":"complete","id":`+id(root)+`}`)},
		} {
			complete.user, complete.header = "ada", with("Idempotency-Key", fmt.Sprint("complete-", i))
			first := s.do(t, complete).want(t, http.StatusOK)
			if open := s.open(t); open != "" {
				t.Errorf("%s %s: still open: %s", complete.method, complete.path, open)
			}
			wantReplay(t, complete.path, s.do(t, complete), first)
			undone := s.undo(t, "ada", fmt.Sprintf(`{"key":"complete-%d"}`, i))
			if open := s.open(t); open != "a aa root" || undone.Total != 3 {
				t.Errorf("%s %s undone: open are %s, %d changes", complete.method, complete.path, open, undone.Total)
			}
		}
		s.as(t, "ada", "PATCH", path(root)+"/toggle", "").want(t, http.StatusOK)
		s.as(t, "ada", "PATCH", path(aa)+"/toggle", "").want(t, http.StatusOK)
		if open := s.open(t); open != "a aa root" {
			t.Errorf("reopened: %s", open)
		}
		s.as(t, "ada", "PATCH", path(root), `{"completed":true}`).want(t, http.StatusOK)
		s.as(t, "ada", "PATCH", path(root), `{"completed":false}`).want(t, http.StatusOK)
		if open := s.open(t); open != "root" {
			t.Errorf("the root alone: %s", open)
		}
		s.as(t, "ada", "PATCH", path(root), `{"completed":true}`).want(t, http.StatusOK)
		s.child(t, "new", a)
		if open := s.open(t); open != "a new root" {
			t.Errorf("with a new open task: %s", open)
		}
	})
}

// TestATreeGoesAndComesBack as a set, and as it was.
func TestATreeGoesAndComesBack(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		root, a, b, aa := s.tree(t)
		s.as(t, "ada", "DELETE", path(b), "").want(t, http.StatusNoContent)
		all := func() string {
			return unversioned(t, s.as(t, "ada", "GET", "/api/v1/tasks?sort=title", "").body)
		}
		before := all()
		for i, remove := range []request{
			{method: "DELETE", path: path(root)}, {method: "DELETE", path: todoPath(root)}, {method: "POST", path: batchPath, body: operations(true, `{"op":"delete","id":`+id(root)+`}`)},
		} {
			remove.user, remove.header = "ada", with("Idempotency-Key", fmt.Sprint("delete-", i))
			if a := s.do(t, remove); a.status >= 300 {
				t.Fatalf("%s: %d %s", remove.path, a.status, a.body)
			}
			if left := s.names(t, "ada", "/api/v1/tasks"); left != "" {
				t.Errorf("%s leaves %s", remove.path, left)
			}
			s.undo(t, "ada", fmt.Sprintf(`{"key":"delete-%d"}`, i))
			if now := all(); now != before {
				t.Errorf("%s undone:\n%s, was\n%s", remove.path, now, before)
			}
			remove.header = nil
			s.do(t, remove)
			back := decode[object](t, s.as(t, "ada", "POST", inTrash(root)+"/restore", "").want(t, http.StatusOK))
			if now := all(); now != before || back["title"] != "root" {
				t.Errorf("%s restored:\n%s, was\n%s", remove.path, now, before)
			}
		}
		s.as(t, "ada", "DELETE", path(root), "").want(t, http.StatusNoContent)
		alone := decode[object](t, s.as(t, "ada", "POST", inTrash(a)+"/restore", "").want(t, http.StatusOK))
		if alone["parent_id"] != nil {
			t.Errorf("restored without its parent: %v", alone)
		}
		if got := decode[object](t, s.as(t, "ada", "GET", path(aa), "").want(t, http.StatusOK)); got["parent_id"] != a["id"] {
			t.Errorf("what is under it: %v", got)
		}
		s.as(t, "ada", "POST", inTrash(root)+"/restore", "").want(t, http.StatusOK)
		back := decode[object](t, s.as(t, "ada", "POST", inTrash(b)+"/restore", "").want(t, http.StatusOK))
		if back["parent_id"] != root["id"] {
			t.Errorf("restored beside its parent: %v", back)
		}
		removed := s.keyed(t, "ada", "DELETE", path(root), "", "last").want(t, http.StatusNoContent)
		s.as(t, "ada", "DELETE", inTrash(root), "").want(t, http.StatusNoContent)
		wantReplay(t, "the tree, and its root gone for good", s.keyed(t, "ada", "DELETE", path(root), "", "last"), removed)
		if orphan := decode[object](t, s.as(t, "ada", "POST", inTrash(b)+"/restore", "").want(t, http.StatusOK)); orphan["parent_id"] != nil {
			t.Errorf("after its parent has gone for good: %v", orphan)
		}
	})
}

// TestAChildIsInItsParentsList, wherever that goes.
func TestAChildIsInItsParentsList(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list := s.list(t, "ada", "list")
		root, a, b, aa := s.tree(t)
		in := `{"list_id":` + id(list) + `}`
		for _, child := range []object{a, b, aa} {
			s.wantRefused(t, "ada", refused{"PATCH", path(child), in, "list_id"}, refused{"PUT", path(child), in, "list_id"})
			s.as(t, "ada", "PATCH", path(child), `{"list_id":null}`).want(t, http.StatusOK)
		}
		s.keyed(t, "ada", "PATCH", path(root), in, "move").want(t, http.StatusOK)
		for _, task := range decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/tasks", "")) {
			if task["list_id"] != list["id"] {
				t.Errorf("%s is in %v", task["title"], task["list_id"])
			}
		}
		s.wantRefused(t, "ada", refused{"PATCH", path(a), `{"list_id":null}`, "list_id"},
			refused{"POST", "/api/v1/tasks", fmt.Sprintf(`{"title":"x","parent_id":%s,"list_id":null}`, id(a)), "list_id"})
		late := s.child(t, "new", aa)
		if late["list_id"] != list["id"] {
			t.Errorf("%v", late)
		}
		s.as(t, "ada", "DELETE", path(late), "").want(t, http.StatusNoContent)
		s.undo(t, "ada", `{"key":"move"}`)
		if in := s.names(t, "ada", "/api/v1/tasks?list_id="+id(list)); in != "" {
			t.Errorf("undone, in the list: %s", in)
		}
		out := decode[object](t, s.as(t, "ada", "PATCH", path(a), `{"parent_id":null,`+in[1:]).want(t, http.StatusOK))
		if out["parent_id"] != nil || out["list_id"] != list["id"] {
			t.Errorf("%v", out)
		}
		if got := s.names(t, "ada", "/api/v1/tasks?sort=title&list_id="+id(list)); got != "a aa" {
			t.Errorf("with what is under it: %s", got)
		}
		back := decode[object](t, s.as(t, "ada", "PATCH", path(a), `{"parent_id":`+id(root)+`}`).want(t, http.StatusOK))
		if back["list_id"] != nil {
			t.Errorf("under its parent again: %v", back)
		}
		s.as(t, "ada", "POST", inTrash(late)+"/restore", "").want(t, http.StatusOK)
		if got := decode[object](t, s.as(t, "ada", "GET", path(late), "")); got["list_id"] != nil {
			t.Errorf("restored to where its parent is: %v", got)
		}
	})
}

// TestTasksByPlace: filters by list, parent and labels, with pages, and none that finds anything where there is nothing.
func TestTasksByPlace(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list, empty := s.list(t, "ada", "list"), s.list(t, "ada", "empty")
		x, y := s.label(t, "ada", "x"), s.label(t, "ada", "y")
		root := s.create(t, "ada", fmt.Sprintf(`{"title":"root","list_id":%s,"label_ids":[%s],"start_date":"2026-01-01"}`, id(list), id(x)))
		s.create(t, "ada", fmt.Sprintf(`{"title":"child","parent_id":%s,"label_ids":[%s,%s],"start_date":"2026-03-01"}`, id(root), id(y), id(x)))
		s.create(t, "ada", fmt.Sprintf(`{"title":"inbox","label_ids":[%s],"completed":true,"start_date":"2026-02-01"}`, id(y)))
		s.create(t, "ada", `{"title":"plain"}`)
		for query, want := range map[string]string{
			"list_id=none": "inbox plain", "list_id=" + id(list): "child root", "list_id=" + id(empty): "", "list_id=987654321": "", "list_id=" + id(x): "",
			"parent_id=none": "inbox plain root", "parent_id=" + id(root): "child", "parent_id=987654321": "",
			"label_ids=" + id(x): "child root", "label_ids=" + id(y) + "," + id(x): "child", "label_ids=" + id(x) + "," + id(x): "child root", "label_ids=987654321": "", "label_ids=" + id(list): "",
			"list_id=none&label_ids=" + id(y): "inbox", "list_id=none&completed=false": "plain", "list_id=" + id(list) + "&parent_id=none": "root", "list_id=&parent_id=&label_ids=": "child inbox plain root",
			"start_before=2026-02-01": "root", "start_after=2026-02-01": "child inbox", "q=child&list_id=" + id(list): "child", "q=child&list_id=none": "",
		} {
			if got := s.names(t, "ada", "/api/v1/tasks?sort=title&"+query); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
			if got, _ := s.walkPages(t, "ada", "/api/v1/tasks?limit=1&sort=title&"+query); titlesOf(got) != strings.ReplaceAll(want, " ", "") {
				t.Errorf("%s in pages: %s", query, titlesOf(got))
			}
		}
		for sort, want := range map[string]string{
			"start_date": "root inbox child plain", "-start_date": "child inbox root plain", "position": "plain inbox child root", "-position": "root child inbox plain", "start_date,-position": "root inbox child plain",
		} {
			got, _ := s.walkPages(t, "ada", "/api/v1/tasks?limit=1&sort="+sort)
			if titlesOf(got) != strings.ReplaceAll(want, " ", "") || s.names(t, "ada", "/api/v1/tasks?sort="+sort) != want {
				t.Errorf("%s: %s", sort, titlesOf(got))
			}
		}
		for query, field := range map[string]string{
			"list_id=abc": "list_id", "list_id=0": "list_id", "list_id=-1": "list_id", "list_id=null": "list_id", "list_id=1,2": "list_id", "list_id=None": "list_id", "list_id=1&list_id=2": "list_id",
			"parent_id=0": "parent_id", "parent_id=x": "parent_id", "parent_id=1.5": "parent_id", "label_ids=1,x": "label_ids", "label_ids=1,": "label_ids", "label_ids=0": "label_ids", "label_ids=none": "label_ids",
			"label_ids=1&label_ids=2": "label_ids", "start_before=x": "start_before", "start_after=": "", "sort=list_id": "sort", "sort=position,-position": "sort", "position=V": "position", "archived=true": "archived",
		} {
			if field != "" {
				wantInvalid(t, query, s.as(t, "ada", "GET", "/api/v1/tasks?"+query, ""), field)
			}
		}
		var ids []string
		for i := range 51 {
			ids = append(ids, fmt.Sprint(i+1))
		}
		wantInvalid(t, "51 labels", s.as(t, "ada", "GET", "/api/v1/tasks?label_ids="+strings.Join(ids, ","), ""), "label_ids")
		cursor := nextPath.FindStringSubmatch(s.as(t, "ada", "GET", byPosition+"&limit=1&list_id=none", "").header.Get("Link"))[1]
		wantInvalid(t, "a cursor of another list", s.as(t, "ada", "GET", strings.Replace(cursor, "list_id=none", "list_id="+id(list), 1), ""), "cursor")
		if got := s.names(t, "bob", "/api/v1/tasks?list_id="+id(list)); got != "" {
			t.Errorf("bob sees %s", got)
		}
	})
}

// TestTodosKnowNothingOfLists: frontends of old see all tasks as they always did, and whatever they send under names of today
// means nothing.
func TestTodosKnowNothingOfLists(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list, label := s.list(t, "ada", "list"), s.label(t, "ada", "label")
		root := s.create(t, "ada", fmt.Sprintf(`{"title":"root","list_id":%s,"label_ids":[%s]}`, id(list), id(label)))
		child := s.child(t, "child", root)
		fields := fmt.Sprintf(`"list_id":%s,"listId":%[1]s,"parent_id":%s,"label_ids":[%s,"x"],"position":7,"start_date":"never"`, id(list), id(root), id(label))
		made := s.createTodo(t, "ada", `{"title":"todo",`+fields+`}`)
		if got := decode[object](t, s.as(t, "ada", "GET", path(made), "")); got["list_id"] != nil || got["parent_id"] != nil || fmt.Sprint(got["label_ids"]) != "[]" {
			t.Errorf("made as %v", got)
		}
		s.as(t, "ada", "PUT", todoPath(child), `{"title":"child","list_id":null,"parent_id":null,"label_ids":null}`).want(t, http.StatusOK)
		if got := decode[object](t, s.as(t, "ada", "GET", path(child), "")); got["list_id"] != list["id"] || got["parent_id"] != root["id"] {
			t.Errorf("edited to %v", got)
		}
		page := decode[struct {
			Todos []object
			Total int
		}](t, s.as(t, "ada", "GET", "/api/todos?list_id="+id(list)+"&sort=position", "").want(t, http.StatusOK))
		if page.Total != 3 || titlesOf(page.Todos) != "todochildroot" {
			t.Errorf("%+v", page)
		}
		for _, item := range append(page.Todos, made) {
			if keys := strings.Join(slices.Sorted(maps.Keys(item)), " "); keys != todoKeyNames {
				t.Errorf("keys %s", keys)
			}
		}
		s.as(t, "ada", "DELETE", todoPath(root), "").want(t, http.StatusOK)
		if left := s.names(t, "ada", "/api/v1/tasks"); left != "todo" {
			t.Errorf("left: %s", left)
		}
	})
}

// todoKeyNames are the keys of a todo, sorted.
const todoKeyNames = "completed completedAt completed_at createdAt created_at description dueAllDay dueDate due_all_day due_date id priority title updatedAt updated_at userId user_id version"
