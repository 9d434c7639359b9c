package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"todod/test/tododtest"
)

// changing matches what differs between two stories of the same: revisions, ids and times.
var changing = regexp.MustCompile(`"(rev|version|id)":[^,}]*|"position":"[^"]*"|"[a-z]+_at":"[^"]*"`)

// A kindResult is what became of one operation of a batch, of any kind.
type kindResult struct {
	Status            int
	Task, List, Label object
	Error             struct {
		ErrorCode string `json:"error_code"`
		Errors    []struct{ Field, Message string }
		Current   object
	}
}

// batch carries out operations and returns what became of each.
func (s *server) batch(t testing.TB, user string, atomic bool, all ...string) []kindResult {
	t.Helper()
	a := s.as(t, user, "POST", batchPath, operations(atomic, all...)).want(t, http.StatusOK)
	return decode[struct{ Results []kindResult }](t, a).Results
}

// TestABatchOfAllKinds: what operations before made can be named wherever an id is expected.
func TestABatchOfAllKinds(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		old := s.label(t, "ada", "old")
		all := []string{
			`{"op":"create","kind":"list","ref":"list","list":{"name":"Trip","color":"#1E90FF"}}`,
			`{"op":"create","kind":"label","ref":"label","label":{"name":"urgent"}}`,
			`{"op":"create","kind":"task","ref":"root","task":{"title":"root","list_id":"ref:list","label_ids":["ref:label",` + id(old) + `]}}`,
			`{"op":"create","ref":"child","task":{"title":"child","parent_id":"ref:root","label_ids":["ref:label"]}}`,
			`{"op":"create","ref":"grandchild","task":{"title":"grandchild","parent_id":"ref:child","list_id":"ref:list"}}`,
			`{"op":"update","kind":"list","ref":"list","list":{"archived":true}}`,
			`{"op":"update","kind":"label","ref":"label","version":3,"label":{"color":"#000000"}}`,
			`{"op":"update","ref":"grandchild","task":{"parent_id":null,"label_ids":["ref:label"]}}`,
			`{"op":"complete","ref":"root"}`,
			`{"op":"delete","kind":"label","id":` + id(old) + `}`,
			`{"op":"restore","kind":"label","id":` + id(old) + `}`,
		}
		got := s.batch(t, "ada", true, all...)
		for i, want := range []int{201, 201, 201, 201, 201, 200, 200, 200, 200, 204, 200} {
			if got[i].Status != want {
				t.Errorf("%s: %+v", all[i], got[i])
			}
		}
		list, label, root, child, grand := got[0].List, got[1].Label, got[2].Task, got[3].Task, got[7].Task
		if len(list) != listKeys || list["color"] != "#1e90ff" || len(label) != labelKeys || got[5].List["archived"] != true || got[6].Label["color"] != "#000000" || got[10].Label["name"] != "old" {
			t.Errorf("%+v", got)
		}
		if root["list_id"] != list["id"] || fmt.Sprint(root["label_ids"]) != fmt.Sprintf("[%s %s]", id(old), id(label)) || child["parent_id"] != root["id"] ||
			child["list_id"] != list["id"] || grand["parent_id"] != nil || grand["list_id"] != list["id"] || fmt.Sprint(grand["label_ids"]) != fmt.Sprintf("[%s]", id(label)) {
			t.Errorf("root %v\nchild %v\ngrandchild %v", root, child, grand)
		}
		if open := s.open(t); open != "grandchild" {
			t.Errorf("open are %s", open)
		}
		deleted := s.keyed(t, "ada", "POST", batchPath, operations(true, `{"op":"delete","kind":"list","id":`+id(list)+`}`, `{"op":"delete","kind":"label","id":`+id(label)+`}`), "gone").want(t, http.StatusOK)
		if left := s.names(t, "ada", "/api/v1/tasks"); left != "" {
			t.Errorf("left with the list: %s", left)
		}
		wantReplay(t, "a batch of kinds", s.keyed(t, "ada", "POST", batchPath, operations(true, `{"op":"delete","kind":"list","id":`+id(list)+`}`, `{"op":"delete","kind":"label","id":`+id(label)+`}`), "gone"), deleted)
		s.undo(t, "ada", `{"key":"gone"}`)
		if back := s.names(t, "ada", "/api/v1/tasks?sort=title&list_id="+id(list)); back != "child grandchild root" {
			t.Errorf("undone: %s", back)
		}
		if back := s.names(t, "ada", "/api/v1/labels"); back != "old urgent" {
			t.Errorf("undone: %s", back)
		}
	})
}

// TestAReplayedBatchOfKinds is what it was, whatever became of what it made.
func TestAReplayedBatchOfKinds(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		body := operations(false, `{"op":"create","kind":"list","ref":"l","list":{"name":"list"}}`, `{"op":"create","task":{"title":"x","list_id":"ref:l"}}`, `{"op":"create","kind":"label","label":{"name":"label"}}`, `{"op":"create","kind":"label","label":{"name":"LABEL"}}`)
		first := s.keyed(t, "ada", "POST", batchPath, body, "k").want(t, http.StatusOK)
		wantReplay(t, "at once", s.keyed(t, "ada", "POST", batchPath, body, "k"), first)
		for _, o := range decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/lists", "")) {
			s.as(t, "ada", "DELETE", listPath(o), "").want(t, http.StatusNoContent)
		}
		s.as(t, "ada", "PATCH", labelPath(decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/labels", ""))[0]), `{"name":"renamed"}`).want(t, http.StatusOK)
		wantReplay(t, "later", s.keyed(t, "ada", "POST", batchPath, body, "k"), first)
	})
}

// TestBatchesThatDontFit: members that don't go together are the fault of the batch, what can't be of the operation.
func TestBatchesThatDontFit(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task, list, label := s.create(t, "ada", `{"title":"x"}`), s.list(t, "ada", "list"), s.label(t, "ada", "label")
		s.label(t, "ada", "taken")
		with := strings.NewReplacer("TASK", id(task), "LIST", id(list), "LABEL", id(label))
		for operation, field := range map[string]string{
			`{"op":"create","kind":"foo","task":{"title":"x"}}`:                      "kind",
			`{"op":"create","kind":null,"task":{"title":"x"}}`:                       "kind",
			`{"op":"create","kind":"List","list":{"name":"x"}}`:                      "kind",
			`{"op":"create","kind":"list","task":{"title":"x"}}`:                     "list",
			`{"op":"create","kind":"list"}`:                                          "list",
			`{"op":"create","kind":"label","list":{"name":"x"}}`:                     "label",
			`{"op":"create","list":{"name":"x"}}`:                                    "task",
			`{"op":"create","task":{"title":"x"},"list":{"name":"x"}}`:               "list",
			`{"op":"create","kind":"list","list":"x"}`:                               "list",
			`{"op":"complete","kind":"list","id":LIST}`:                              "op",
			`{"op":"reopen","kind":"label","id":LABEL}`:                              "op",
			`{"op":"move","kind":"list","id":LIST}`:                                  "op",
			`{"op":"delete","kind":"list","id":LIST,"list":{}}`:                      "list",
			`{"op":"update","kind":"label","id":LABEL}`:                              "label",
			`{"op":"update","kind":"label","ref":"nothing","label":{}}`:              "ref",
			`{"op":"create","task":{"title":"x","list_id":"ref:nothing"}}`:           "task",
			`{"op":"create","task":{"title":"x","parent_id":"ref:nothing"}}`:         "task",
			`{"op":"create","task":{"title":"x","label_ids":["ref:nothing"]}}`:       "task",
			`{"op":"create","ref":"own","task":{"title":"x","parent_id":"ref:own"}}`: "task",
			`{"op":"update","id":TASK,"task":{"parent_id":"ref:nothing"}}`:           "task",
		} {
			wantInvalid(t, operation, s.as(t, "ada", "POST", batchPath, operations(false, with.Replace(operation))), "operations[0]."+field)
		}
		before := s.standing(t, "ada") + s.names(t, "ada", "/api/v1/lists") + s.names(t, "ada", "/api/v1/labels")
		for _, c := range []struct {
			operation, field string
			status           int
		}{
			{`{"op":"create","task":{"title":"x","list_id":"ref:"}}`, "list_id", 400},
			{`{"op":"create","task":{"title":"x","parent_id":"ref:"}}`, "parent_id", 400},
			{`{"op":"create","task":{"title":"x","label_ids":["ref:"]}}`, "label_ids", 400},
			{`{"op":"create","task":{"title":"x","list_id":"l"}}`, "list_id", 400},
			{`{"op":"create","task":{"title":"x","list_id":"ref:label"}}`, "list_id", 400},
			{`{"op":"create","task":{"title":"x","list_id":"ref:task"}}`, "list_id", 400},
			{`{"op":"create","task":{"title":"x","parent_id":"ref:list"}}`, "parent_id", 400},
			{`{"op":"create","task":{"title":"x","label_ids":["ref:list"]}}`, "label_ids", 400},
			{`{"op":"create","task":{"title":"x","label_ids":["ref:label","ref:label"]}}`, "label_ids", 400},
			{`{"op":"create","task":{"title":"x","list_id":LABEL}}`, "list_id", 400},
			{`{"op":"create","task":{"title":"x","position":"V"}}`, "position", 400},
			{`{"op":"create","kind":"list","list":{"name":" "}}`, "name", 400},
			{`{"op":"create","kind":"list","list":{}}`, "name", 400},
			{`{"op":"create","kind":"list","list":{"name":"x","position":"V"}}`, "position", 400},
			{`{"op":"create","kind":"label","label":{"name":"x","archived":true}}`, "archived", 400},
			{`{"op":"update","kind":"label","id":LABEL,"label":{"color":"red"}}`, "color", 400},
			{`{"op":"create","kind":"label","label":{"name":"TAKEN"}}`, "", 409},
			{`{"op":"update","kind":"label","id":LABEL,"label":{"name":"Taken"}}`, "", 409},
			{`{"op":"update","kind":"list","id":TASK,"list":{"name":"x"}}`, "", 404},
			{`{"op":"update","kind":"list","ref":"label","list":{"name":"x"}}`, "", 404},
			{`{"op":"delete","id":LIST}`, "", 404},
			{`{"op":"delete","kind":"label","id":LIST}`, "", 404},
			{`{"op":"restore","kind":"list","id":LIST}`, "", 404},
			{`{"op":"complete","ref":"list"}`, "", 404},
			{`{"op":"update","kind":"list","id":LIST,"version":999,"list":{"name":"x"}}`, "", 412},
			{`{"op":"delete","kind":"label","id":LABEL,"version":999}`, "", 412},
		} {
			made := []string{
				`{"op":"create","kind":"list","ref":"list","list":{"name":"made"}}`, `{"op":"create","kind":"label","ref":"label","label":{"name":"made"}}`,
				`{"op":"create","ref":"task","task":{"title":"made","list_id":"ref:list","label_ids":["ref:label"]}}`,
			}
			a := s.as(t, "ada", "POST", batchPath, operations(true, append(made, with.Replace(c.operation))...))
			got := decode[struct{ Results []kindResult }](t, a).Results
			if a.status != c.status || len(got) != 4 || got[3].Status != c.status || got[0].Status != http.StatusFailedDependency {
				t.Errorf("%s: %d %s", c.operation, a.status, a.body)
				continue
			}
			if e := got[3].Error; (c.field != "") != (len(e.Errors) == 1) || c.field != "" && e.Errors[0].Field != c.field || (c.status == 412) != (e.Current != nil) {
				t.Errorf("%s: %+v", c.operation, e)
			}
		}
		if after := s.standing(t, "ada") + s.names(t, "ada", "/api/v1/lists") + s.names(t, "ada", "/api/v1/labels"); after != before {
			t.Errorf("was\n%s\nis\n%s", before, after)
		}
		got := s.batch(t, "ada", false, `{"op":"create","kind":"list","ref":"l","list":{"name":""}}`, `{"op":"create","task":{"title":"x","list_id":"ref:l"}}`, `{"op":"create","task":{"title":"y"}}`)
		if got[0].Status != 400 || got[1].Status != 400 || got[1].Error.Errors[0].Field != "list_id" || got[2].Status != 201 {
			t.Errorf("of a list that could not be made: %+v", got)
		}
	})
}

// A kindChange is a change of any kind.
type kindChange struct {
	Rev               json.Number
	Op                string
	Kind              string
	Task, List, Label object
}

// A kindPage is an answer of /sync about all kinds.
type kindPage struct {
	Changes []kindChange
	Next    string
	HasMore bool `json:"has_more"`
}

// told returns the changes as "op kind id".
func (p kindPage) told() string {
	var all []string
	for _, c := range p.Changes {
		of := map[string]object{"task": c.Task, "list": c.List, "label": c.Label, "": c.Task}[c.Kind]
		all = append(all, fmt.Sprintf("%s %s %v", c.Op, c.Kind, of["id"]))
	}
	return strings.Join(all, ", ")
}

// pullKinds asks for what has changed since a token, of some kinds.
func (s *server) pullKinds(t testing.TB, user, since, kinds string) kindPage {
	t.Helper()
	query := url.Values{}
	if since != "" {
		query.Set("since", since)
	}
	if kinds != "" {
		query.Set("kinds", kinds)
	}
	page := decode[kindPage](t, s.as(t, user, "GET", "/api/v1/sync?"+query.Encode(), "").want(t, http.StatusOK))
	for page.HasMore {
		query.Set("since", page.Next)
		more := decode[kindPage](t, s.as(t, user, "GET", "/api/v1/sync?"+query.Encode(), "").want(t, http.StatusOK))
		more.Changes = append(page.Changes, more.Changes...)
		page = more
	}
	return page
}

// TestSyncOfKinds: a client is told of what it asks for, and a token remembers that.
func TestSyncOfKinds(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list, label := s.list(t, "ada", "list"), s.label(t, "ada", "label")
		task := s.create(t, "ada", fmt.Sprintf(`{"title":"task","list_id":%s}`, id(list)))
		s.list(t, "bob", "bob's")
		gone := s.list(t, "ada", "gone")
		s.as(t, "ada", "DELETE", listPath(gone), "").want(t, http.StatusNoContent)

		all := s.pullKinds(t, "ada", "", "task,list,label")
		if want := fmt.Sprintf("created task %s, created list %s, created label %s", id(task), id(list), id(label)); all.told() != want {
			t.Errorf("told %s, want %s", all.told(), want)
		}
		if c := all.Changes[1]; len(c.List) != listKeys || c.Rev != list["version"] || len(all.Changes[2].Label) != labelKeys || len(all.Changes[0].Task) != taskKeys {
			t.Errorf("%+v", all.Changes)
		}
		tokens := map[string]string{"task,list,label": all.Next}
		for kinds, want := range map[string]string{
			"": "created  " + id(task), "task": "created  " + id(task), "list": "created list " + id(list), "label": "created label " + id(label),
			"label,list": fmt.Sprintf("created list %s, created label %s", id(list), id(label)), "list,task": fmt.Sprintf("created task %s, created list %s", id(task), id(list)),
		} {
			page := s.pullKinds(t, "ada", "", kinds)
			if tokens[kinds] = page.Next; page.told() != want {
				t.Errorf("%q: told %s, want %s", kinds, page.told(), want)
			}
		}
		for _, kinds := range []string{"foo", "task,task", "task,", ",", "task list", "Task", "task,list,label,task", "all"} {
			wantInvalid(t, kinds, s.as(t, "ada", "GET", "/api/v1/sync?kinds="+url.QueryEscape(kinds), ""), "kinds")
			wantInvalid(t, kinds, s.as(t, "ada", "GET", "/api/v1/events?kinds="+url.QueryEscape(kinds), ""), "kinds")
		}
		wantInvalid(t, "twice", s.as(t, "ada", "GET", "/api/v1/sync?kinds=task&kinds=list", ""), "kinds")
		if page := s.as(t, "ada", "GET", "/api/v1/sync?kinds=", "").want(t, http.StatusOK); strings.Contains(page.body, "kind") {
			t.Errorf("kinds= is none: %s", page.body)
		}

		s.as(t, "ada", "PATCH", labelPath(label), `{"name":"renamed"}`).want(t, http.StatusOK)
		s.as(t, "ada", "DELETE", listPath(list), "").want(t, http.StatusNoContent)
		for kinds, want := range map[string]string{
			"":                fmt.Sprintf("deleted  %s", id(task)),
			"task":            fmt.Sprintf("deleted  %s", id(task)),
			"list":            fmt.Sprintf("deleted list %s", id(list)),
			"label":           fmt.Sprintf("updated label %s", id(label)),
			"label,list":      fmt.Sprintf("updated label %s, deleted list %s", id(label), id(list)),
			"list,task":       fmt.Sprintf("deleted list %s, deleted task %s", id(list), id(task)),
			"task,list,label": fmt.Sprintf("updated label %s, deleted list %s, deleted task %s", id(label), id(list), id(task)),
		} {
			if page := s.pullKinds(t, "ada", tokens[kinds], ""); page.told() != want { // without kinds, it remembers
				t.Errorf("%q: told %s, want %s", kinds, page.told(), want)
			}
			if page := s.pullKinds(t, "ada", tokens[kinds], kinds); page.told() != want {
				t.Errorf("%q again: told %s, want %s", kinds, page.told(), want)
			}
		}
		tombstone := s.pullKinds(t, "ada", tokens["list"], "").Changes[0]
		if len(tombstone.List) != 3 || !wireTime.MatchString(tombstone.List["deleted_at"].(string)) || tombstone.List["version"] != tombstone.Rev {
			t.Errorf("%+v", tombstone)
		}
		narrowed := s.pullKinds(t, "ada", tokens["task,list,label"], "label")
		if narrowed.told() != "updated label "+id(label) {
			t.Errorf("narrowed: %s", narrowed.told())
		}
		for _, c := range []struct{ since, kinds string }{
			{tokens[""], "task,list"}, {tokens[""], "list"}, {tokens["task"], "label"}, {tokens["list"], "task"}, {tokens["list,task"], "task,list,label"},
			{narrowed.Next, "task,list,label"}, {narrowed.Next, "task"},
		} {
			a := s.as(t, "ada", "GET", "/api/v1/sync?kinds="+c.kinds+"&since="+url.QueryEscape(c.since), "")
			wantProblem(t, "widened to "+c.kinds, a, http.StatusGone, "SYNC_TOKEN_EXPIRED")
		}
		s.as(t, "ada", "DELETE", inTrash(list), "").want(t, http.StatusNoContent)
		if page := s.pullKinds(t, "ada", tokens["list"], ""); page.told() != "purged list "+id(list) {
			t.Errorf("for good: %s", page.told())
		}
	})
}

// TestASnapshotOfKindsInPages: no more than there is, and nothing twice, while things change.
func TestASnapshotOfKindsInPages(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s.manyOf(t, "ada", "label", 600)
		s.manyOf(t, "ada", "list", 20)
		s.create(t, "ada", `{"title":"task"}`)
		told, since := map[string]int{}, ""
		for pages := 0; ; pages++ {
			page := decode[kindPage](t, s.as(t, "ada", "GET", "/api/v1/sync?kinds=task,list,label&since="+url.QueryEscape(since), "").want(t, http.StatusOK))
			for _, c := range page.Changes {
				told[c.Kind]++
			}
			if pages == 1 {
				s.as(t, "ada", "POST", "/api/v1/labels", `{"name":"meanwhile"}`).want(t, http.StatusCreated)
			}
			if since = page.Next; !page.HasMore || pages > 10 {
				break
			}
		}
		if told["task"] != 1 || told["list"] != 20 || told["label"] != 601 {
			t.Errorf("%v", told)
		}
	})
}

// TestWithoutKindsNothingIsNew: a client that knows of tasks only sees the same bytes, whatever else there is.
func TestWithoutKindsNothingIsNew(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		story := func(user string, kinds bool) (sync, stream string) {
			if kinds {
				s.list(t, user, "list")
			}
			since := s.pull(t, user, "").Next
			l := s.listen(t, user, "", nil)
			task := s.create(t, user, `{"title":"x"}`)
			if kinds {
				s.label(t, user, "label")
			}
			s.as(t, user, "DELETE", path(task), "").want(t, http.StatusNoContent)
			sync = s.as(t, user, "GET", "/api/v1/sync?since="+url.QueryEscape(since), "").want(t, http.StatusOK).body
			for range 2 {
				e, err := l.Next()
				if err != nil {
					t.Fatal(err)
				}
				stream += e.Name + " " + e.Data + "\n"
			}
			sync, _, _ = strings.Cut(sync, `"next"`)
			blank := strings.NewReplacer(id(task), "ID", user, "USER")
			return changing.ReplaceAllString(blank.Replace(sync), ""), changing.ReplaceAllString(blank.Replace(stream), "")
		}
		plainSync, plainStream := story("plain", false)
		sync, stream := story("other", true)
		if sync != plainSync || stream != plainStream {
			t.Errorf("without lists:\n%s\n%s\nwith:\n%s\n%s", plainSync, plainStream, sync, stream)
		}
	})
}

// TestEventsOfKinds: each change of what was asked for, with what sync says of it.
func TestEventsOfKinds(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		first := s.list(t, "ada", "first")
		all, lists := s.listen(t, "ada", "?kinds=task,list,label", nil), s.listen(t, "ada", "?kinds=list&since=0", nil)
		if e := wantEvent(t, lists, "created", "1"); e.Data != fmt.Sprintf(`{"rev":1,"op":"created","kind":"list","list":%s}`, s.as(t, "ada", "GET", listPath(first), "").body) {
			t.Errorf("%s", e.Data)
		}
		label := s.label(t, "ada", "label")
		if e := wantEvent(t, all, "created", "2"); e.Data != fmt.Sprintf(`{"rev":2,"op":"created","kind":"label","label":%s}`, s.as(t, "ada", "GET", labelPath(label), "").body) {
			t.Errorf("%s", e.Data)
		}
		task := s.create(t, "ada", fmt.Sprintf(`{"title":"x","list_id":%s}`, id(first)))
		if e := wantEvent(t, all, "created", "3"); e.Data != fmt.Sprintf(`{"rev":3,"op":"created","kind":"task","task":%s}`, s.as(t, "ada", "GET", path(task), "").body) {
			t.Errorf("%s", e.Data)
		}
		s.as(t, "ada", "DELETE", listPath(first), "").want(t, http.StatusNoContent)
		for _, l := range []*tododtest.Listener{all, lists} {
			e, err := l.Next()
			if err != nil || e.Name != "deleted" || e.ID != "4" || !strings.Contains(e.Data, fmt.Sprintf(`"kind":"list","list":{"id":%s,"version":4,"deleted_at":`, id(first))) {
				t.Errorf("%+v %v", e, err)
			}
		}
		wantEvent(t, all, "deleted", "5")
		again := s.listen(t, "ada", "?kinds=list", http.Header{"Last-Event-Id": {"1"}})
		wantEvent(t, again, "deleted", "4")
	})
}

// TestTheExportHasListsAndLabels: those in the trash, too, and what happened to them.
func TestTheExportHasListsAndLabels(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		list, label := s.list(t, "ada", "list"), s.label(t, "ada", "label")
		s.create(t, "ada", fmt.Sprintf(`{"title":"x","list_id":%s,"label_ids":[%s]}`, id(list), id(label)))
		s.as(t, "ada", "DELETE", labelPath(label), "").want(t, http.StatusNoContent)
		s.list(t, "bob", "bob's list")
		e := mustExport(t, s, mint(t, "ada"))
		if len(e.Objects) != 2 || strings.Contains(e.exportedRaw, "bob") {
			t.Fatalf("%v", e.Objects)
		}
		for _, o := range e.Objects {
			_, gone := o["deleted_at"]
			if o["name"] == "list" && (len(o) != listKeys || gone) || o["name"] == "label" && (len(o) != labelKeys+1 || !gone) {
				t.Errorf("%v", o)
			}
		}
		if got := e.Tasks[0]; got["list_id"] != list["id"] || fmt.Sprint(got["label_ids"]) != "["+id(label)+"]" {
			t.Errorf("%v", got)
		}
		var past []string
		for _, h := range e.History {
			past = append(past, fmt.Sprint(h["kind"], " ", h["op"], " ", h["task_id"]))
		}
		want := fmt.Sprintf("list created %s, label created %s, <nil> created %s, label deleted %s", id(list), id(label), id(e.Tasks[0]), id(label))
		if strings.Join(past, ", ") != want || e.History[0]["changes"].(map[string]any)["name"].([]any)[1] != "list" {
			t.Errorf("%v, want %s", e.History, want)
		}
	})
}

// TestOperationsOfListsAndLabels: what came of a write of one.
func TestOperationsOfListsAndLabels(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, of := range places {
			made := s.keyed(t, "ada", "POST", of.all, `{"name":"x"}`, "create-"+of.kind).want(t, http.StatusCreated)
			o := decode[object](t, made)
			op := decode[object](t, s.as(t, "ada", "GET", "/api/v1/operations/create-"+of.kind, "").want(t, http.StatusOK))
			changes := op["changes"].([]any)
			if fmt.Sprint(op[of.kind]) != fmt.Sprint(map[string]any(o)) || op["status"] != json.Number("201") || op["task"] != nil || len(changes) != 1 ||
				changes[0].(map[string]any)["kind"] != of.kind {
				t.Errorf("%v", op)
			}
			s.keyed(t, "ada", "DELETE", of.all+"/"+id(o), "", "delete-"+of.kind).want(t, http.StatusNoContent)
			s.keyed(t, "ada", "DELETE", inTrash(o), "", "purge-"+of.kind).want(t, http.StatusNoContent)
			for _, key := range []string{"create-", "delete-", "purge-"} {
				op := decode[object](t, s.as(t, "ada", "GET", "/api/v1/operations/"+key+of.kind, "").want(t, http.StatusOK))
				if op[of.kind] != nil || strings.Contains(fmt.Sprint(op), `name`) {
					t.Errorf("%s: %v", key, op)
				}
			}
			wantProblem(t, "made, and gone for good", s.keyed(t, "ada", "POST", of.all, `{"name":"x"}`, "create-"+of.kind), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
	})
}
