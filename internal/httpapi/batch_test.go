package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// batchPath is where batches go.
const batchPath = "/api/v1/tasks/batch"

// operations returns the body of a batch.
func operations(atomic bool, all ...string) string {
	return fmt.Sprintf(`{"atomic":%t,"operations":[%s]}`, atomic, strings.Join(all, ","))
}

// keyed sends a request of a user with an Idempotency-Key.
func (s *server) keyed(t testing.TB, user, method, path, body, key string) answer {
	t.Helper()
	return s.do(t, request{method: method, path: path, user: user, body: body, header: map[string]string{"Idempotency-Key": key}})
}

// An operationResult is what became of one operation of a batch.
type operationResult struct {
	Status int
	Ref    string
	Task   object
	Error  struct {
		ErrorCode string `json:"error_code"`
		Detail    string
		Errors    []struct{ Field, Message string }
		Current   object
	}
}

// results returns what became of the operations of a batch.
func results(t testing.TB, a answer) []operationResult {
	t.Helper()
	return decode[struct{ Results []operationResult }](t, a).Results
}

// statusesOf returns the status of each result.
func statusesOf(all []operationResult) []int {
	statuses := make([]int, len(all))
	for i, r := range all {
		statuses[i] = r.Status
	}
	return statuses
}

// id returns the id of a task as it stands in a path or a body.
func id(task object) string { return task["id"].(json.Number).String() }

// standing returns all that tells where a user's data stand: the list, the trash and the revision.
func (s *server) standing(t testing.TB, user string) string {
	t.Helper()
	list := s.as(t, user, "GET", "/api/v1/tasks?limit=1000", "").want(t, http.StatusOK)
	trash := s.as(t, user, "GET", "/api/v1/trash?limit=1000", "").want(t, http.StatusOK)
	return list.header.Get("ETag") + list.body + trash.body
}

// TestEachOperationOfABatchHasItsOwnAnswer: in order, with the status it would have had alone.
func TestEachOperationOfABatchHasItsOwnAnswer(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s = newServer(t, s.store, withQuota(s.store, 3))
		old := s.create(t, "ada", `{"title":"old"}`)
		steps := []struct {
			operation string
			status    int
			field     string // of a 400
		}{
			{`{"op":"create","ref":"a","task":{"title":" new ","priority":"high","due_date":"2026-01-15"}}`, 201, ""},
			{`{"op":"update","ref":"a","task":{"description":"by its name"}}`, 200, ""},
			{`{"op":"update","id":%s,"version":1,"task":{"title":"at its version"}}`, 200, ""},
			{`{"op":"complete","id":%s}`, 200, ""},
			{`{"op":"reopen","id":%s}`, 200, ""},
			{`{"op":"update","id":%s,"version":1,"task":{"title":"too late"}}`, 412, ""},
			{`{"op":"delete","id":%s,"version":1}`, 412, ""},
			{`{"op":"restore","id":%s}`, 404, ""},
			{`{"op":"delete","id":%s}`, 204, ""},
			{`{"op":"delete","id":%s}`, 404, ""},
			{`{"op":"update","id":%s,"task":{"title":"in the trash"}}`, 404, ""},
			{`{"op":"restore","id":%s}`, 200, ""},
			{`{"op":"update","id":987654321,"task":{"title":"nobody's"}}`, 404, ""},
			{`{"op":"create","ref":"b","task":{"title":" "}}`, 400, "title"},
			{`{"op":"complete","ref":"b"}`, 404, ""},
			{`{"op":"create","task":{}}`, 400, "title"},
			{`{"op":"create","task":{"title":"x","colour":"red"}}`, 400, "colour"},
			{`{"op":"update","id":%s,"task":{"completed":null}}`, 400, "completed"},
			{`{"op":"create","task":{"title":"third"}}`, 201, ""},
			{`{"op":"create","task":{"title":"fourth"}}`, 409, ""},
			{`{"op":"update","id":%s,"task":{}}`, 200, ""},
		}
		var all []string
		for _, step := range steps {
			all = append(all, strings.ReplaceAll(step.operation, "%s", id(old)))
		}
		got := results(t, s.as(t, "ada", "POST", batchPath, operations(false, all...)).want(t, http.StatusOK))
		if len(got) != len(steps) {
			t.Fatalf("%d results of %d operations", len(got), len(steps))
		}
		codes := map[int]string{400: "INVALID_REQUEST", 404: "RESOURCE_NOT_FOUND", 409: "CONFLICT_DETECTED", 412: "PRECONDITION_FAILED"}
		for i, r := range got {
			step := steps[i]
			if r.Status != step.status || (r.Task != nil) != (step.status < 300 && step.status != 204) ||
				r.Error.ErrorCode != codes[step.status] || (r.Error.Detail != "") != (step.status >= 400) ||
				(r.Error.Current != nil) != (step.status == 412) {
				t.Errorf("%s: want %d, got %+v", all[i], step.status, r)
			}
			if step.field != "" && (len(r.Error.Errors) != 1 || r.Error.Errors[0].Field != step.field) {
				t.Errorf("%s names %+v", all[i], r.Error.Errors)
			}
			if strings.Contains(all[i], `"ref":"a"`) != (r.Ref == "a") {
				t.Errorf("%s has the ref %q", all[i], r.Ref)
			}
		}
		if a := got[0].Task; a["title"] != "new" || a["due_all_day"] != true || got[1].Task["id"] != a["id"] {
			t.Errorf("made %v, then %v", a, got[1].Task)
		}
		for _, i := range []int{1, 20} { // the last word on each task
			if read := s.as(t, "ada", "GET", path(got[i].Task), ""); fmt.Sprint(decode[object](t, read)) != fmt.Sprint(got[i].Task) {
				t.Errorf("%d: answered %v, there is %s", i, got[i].Task, read.body)
			}
		}
	})
}

// TestAnAtomicBatchIsAllOrNothing: it answers the first error's status, and nothing of it is left, not even its key.
func TestAnAtomicBatchIsAllOrNothing(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		s = newServer(t, s.store, withQuota(s.store, 2))
		old := s.create(t, "ada", `{"title":"old"}`)
		before := s.standing(t, "ada")
		for status, failing := range map[int]string{
			400: `{"op":"update","id":` + id(old) + `,"task":{"title":""}}`,
			404: `{"op":"complete","id":987654321}`,
			409: `{"op":"create","task":{"title":"one too many"}}`,
			412: `{"op":"delete","id":` + id(old) + `,"version":7}`,
		} {
			body := operations(true, `{"op":"create","ref":"a","task":{"title":"new"}}`, `{"op":"complete","id":`+id(old)+`}`, failing,
				`{"op":"complete","id":987654321}`, `{"op":"delete","ref":"a"}`)
			a := s.keyed(t, "ada", "POST", batchPath, body, "atomic").want(t, status)
			p := decode[object](t, a)
			if p["error_code"] == "" || p["current"] != nil || a.header.Get("ETag") != "" {
				t.Errorf("%d: %s", status, a.body)
			}
			if got := statusesOf(results(t, a)); !slices.Equal(got, []int{424, 424, status, 404, 424}) {
				t.Errorf("%d: %v", status, got)
			}
			if strings.Contains(a.body, `"title":"new"`) {
				t.Errorf("%d: it shows a task that there isn't: %s", status, a.body)
			}
			if after := s.standing(t, "ada"); after != before {
				t.Fatalf("%d: before %s\nafter %s", status, before, after)
			}
			s.as(t, "ada", "GET", "/api/v1/operations/atomic", "").want(t, http.StatusNotFound)
		}
		s.keyed(t, "ada", "POST", batchPath, operations(true, `{"op":"create","task":{"title":"new"}}`), "atomic").want(t, http.StatusOK)
	})
}

// TestABatchIsReplayed: with its key it answers the same, byte by byte, failures and all.
func TestABatchIsReplayed(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		old := s.create(t, "ada", `{"title":"old","due_date":"2026-01-15T10:00:00.123456+01:00","description":"<&> \u2028 😀 é"}`)
		body := operations(false,
			`{"op":"create","ref":"é <b> \"😀\" \u0001","task":{"title":"new 😀 \u2028 </script>","due_date":"0001-01-01","completed":true}}`,
			`{"op":"create","task":{"title":"x","a\u0000b":1}}`, `{"op":"create","task":{"title":"a\u0000b"}}`,
			`{"op":"update","id":`+id(old)+`,"version":77,"task":{"title":"x"}}`, `{"op":"update","id":`+id(old)+`,"task":{"title":"old"}}`,
			`{"op":"delete","id":987654321}`, `{"op":"delete","id":`+id(old)+`}`)
		first := s.keyed(t, "ada", "POST", batchPath, body, "batch").want(t, http.StatusOK)
		if got := statusesOf(results(t, first)); !slices.Equal(got, []int{201, 400, 400, 412, 200, 404, 204}) {
			t.Errorf("statuses %v", got)
		}
		standing := s.standing(t, "ada")
		again := s.keyed(t, "ada", "POST", batchPath, body, "batch").want(t, http.StatusOK)
		if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("first %s\nagain %s %v", first.body, again.body, again.header)
		}
		if after := s.standing(t, "ada"); after != standing {
			t.Errorf("a replay made %s of %s", after, standing)
		}
		for _, other := range []string{strings.Replace(body, "false", "true", 1), body + " ", operations(false, `{"op":"delete","id":1}`)} {
			if a := s.keyed(t, "ada", "POST", batchPath, other, "batch"); a.status != http.StatusUnprocessableEntity {
				t.Errorf("%d %v %s", a.status, a.header, other)
			}
		}
		// A batch that changes nothing is answered and remembered, too.
		nothing := operations(false, `{"op":"delete","id":987654321}`)
		none := s.keyed(t, "ada", "POST", batchPath, nothing, "nothing").want(t, http.StatusOK)
		if again := s.keyed(t, "ada", "POST", batchPath, nothing, "nothing"); again.body != none.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("first %s\nagain %s", none.body, again.body)
		}
	})
}

// TestBadBatchesAreRefused: what is wrong with their form is named by operation, and none of it is carried out.
func TestBadBatchesAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	task := s.create(t, "ada", `{"title":"as it was"}`)
	before := s.standing(t, "ada")
	const good = `{"op":"delete","id":1},`
	for body, field := range map[string]string{
		`[]`: "body", `{}`: "operations", `{"operations":null}`: "operations", `{"operations":[]}`: "operations",
		`{"operations":{}}`: "operations", `{"operations":"delete"}`: "operations",
		`{"atomic":null,"operations":[` + good[:22] + `]}`:                                               "atomic",
		`{"atomic":"yes","operations":[` + good[:22] + `]}`:                                              "atomic",
		`{"Atomic":true,"operations":[` + good[:22] + `]}`:                                               "Atomic",
		`{"operations":[` + good[:22] + `],"operations":[` + good[:22] + `]}`:                            "operations",
		`{"operations":[` + good + `null]}`:                                                              "operations[1]",
		`{"operations":[` + good + `[]]}`:                                                                "operations[1]",
		`{"operations":[` + good + `[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]}`:                          "operations[1]",
		`{"operations":[` + good + `{}]}`:                                                                "operations[1].op",
		`{"operations":[` + good + `{"op":"Delete","id":1}]}`:                                            "operations[1].op",
		`{"operations":[` + good + `{"op":"purge","id":1}]}`:                                             "operations[1].op",
		`{"operations":[` + good + `{"op":5,"id":1}]}`:                                                   "operations[1].op",
		`{"operations":[` + good + `{"op":null,"id":1}]}`:                                                "operations[1].op",
		`{"operations":[` + good + `{"op":"delete","op":"delete","id":1}]}`:                              "operations[1].op",
		`{"operations":[` + good + `{"op":"delete"}]}`:                                                   "operations[1].id",
		`{"operations":[` + good + `{"op":"delete","id":0}]}`:                                            "operations[1].id",
		`{"operations":[` + good + `{"op":"delete","id":-1}]}`:                                           "operations[1].id",
		`{"operations":[` + good + `{"op":"delete","id":1.5}]}`:                                          "operations[1].id",
		`{"operations":[` + good + `{"op":"delete","id":"1"}]}`:                                          "operations[1].id",
		`{"operations":[` + good + `{"op":"delete","id":null}]}`:                                         "operations[1].id",
		`{"operations":[` + good + `{"op":"delete","id":9223372036854775808}]}`:                          "operations[1].id",
		`{"operations":[` + good + `{"op":"delete","id":1,"version":0}]}`:                                "operations[1].version",
		`{"operations":[` + good + `{"op":"delete","id":1,"version":null}]}`:                             "operations[1].version",
		`{"operations":[` + good + `{"op":"delete","id":1,"version":"3"}]}`:                              "operations[1].version",
		`{"operations":[` + good + `{"op":"delete","id":1,"ref":"a"}]}`:                                  "operations[1].id",
		`{"operations":[` + good + `{"op":"delete","ref":"a"}]}`:                                         "operations[1].ref",
		`{"operations":[` + good + `{"op":"delete","ref":""}]}`:                                          "operations[1].ref",
		`{"operations":[` + good + `{"op":"delete","id":1,"ref":null}]}`:                                 "operations[1].ref",
		`{"operations":[` + good + `{"op":"delete","id":1,"task":{}}]}`:                                  "operations[1].task",
		`{"operations":[` + good + `{"op":"delete","id":1,"colour":"red"}]}`:                             "operations[1].colour",
		`{"operations":[` + good + `{"op":"update","id":1}]}`:                                            "operations[1].task",
		`{"operations":[` + good + `{"op":"update","id":1,"task":null}]}`:                                "operations[1].task",
		`{"operations":[` + good + `{"op":"update","id":1,"task":[]}]}`:                                  "operations[1].task",
		`{"operations":[` + good + `{"op":"create"}]}`:                                                   "operations[1].task",
		`{"operations":[` + good + `{"op":"create","id":1,"task":{"title":"x"}}]}`:                       "operations[1].id",
		`{"operations":[` + good + `{"op":"create","version":1,"task":{}}]}`:                             "operations[1].version",
		`{"operations":[` + good + `{"op":"create","ref":"a\u0000","task":{}}]}`:                         "operations[1].ref",
		`{"operations":[` + good + `{"op":"create","task":{"title":1,"title":2}}]}`:                      "operations[1].task.title",
		`{"operations":[` + good + `{"op":"create","task":{"title":"\ud800"}}]}`:                         "operations[1].task.title",
		"{\"operations\":[" + good + "{\"op\":\"create\",\"task\":{\"title\":\"\xff\"}}]}":               "operations[1].task.title",
		`{"operations":[` + good + `{"op":"create","ref":"` + strings.Repeat("é", 33) + `","task":{}}]}`: "operations[1].ref",
		`{"operations":[{"op":"create","ref":"a","task":{}},{"op":"create","ref":"a","task":{}}]}`:       "operations[1].ref",
		`{"operations":[{"op":"delete","ref":"a"},{"op":"create","ref":"a","task":{}}]}`:                 "operations[0].ref",
		`{"operations":[` + strings.Repeat(good, 100) + good[:22] + `]}`:                                 "operations",
		`{"operations":[` + good[:22] + `]`:                                                              "body",
		`{"operations":[` + good[:22] + `]}{}`:                                                           "body",
		`{"operations":[` + good + `]}`:                                                                  "operations",
	} {
		body = strings.ReplaceAll(body, `"id":1`, `"id":`+id(task))
		wantInvalid(t, fmt.Sprintf("%.120q", body), s.keyed(t, "ada", "POST", batchPath, body, "bad"), field)
	}
	wantInvalid(t, "a query", s.as(t, "ada", "POST", batchPath+"?atomic=true", `{"operations":[]}`), "atomic")
	if after := s.standing(t, "ada"); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
	s.as(t, "ada", "GET", "/api/v1/operations/bad", "").want(t, http.StatusNotFound)
}

// TestTextInABatchIsReadAsStrictlyAsAnyOther: no body that a single write refuses gets in by way of a batch.
func TestTextInABatchIsReadAsStrictlyAsAnyOther(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"as it was","due_date":"2026-01-15"}`)
		before := s.standing(t, "ada")
		for i, c := range badBodies {
			for _, operation := range []string{`{"op":"create","task":%s}`, `{"op":"update","id":` + id(task) + `,"task":%s}`} {
				a := s.keyed(t, "ada", "POST", batchPath, operations(false, strings.Replace(operation, "%s", c.body, 1)), fmt.Sprint(i, "-", len(operation)))
				switch a.status {
				case http.StatusBadRequest:
				case http.StatusOK:
					got := results(t, a)
					if len(got) != 1 || got[0].Status != http.StatusBadRequest || len(got[0].Error.Errors) != 1 || got[0].Error.Errors[0].Field != c.field {
						t.Errorf("%.60q: %s", c.body, a.body)
					}
				default:
					t.Errorf("%.60q: status %d: %.200s", c.body, a.status, a.body)
				}
			}
		}
		if after := s.standing(t, "ada"); after != before {
			t.Errorf("before %s, after %s", before, after)
		}
	})
}

// TestTheLimitsOfABatch: 100 operations, and a MiB.
func TestTheLimitsOfABatch(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		one := `{"op":"create","task":{"title":"` + strings.Repeat("é", 200) + `","description":"` + strings.Repeat("😀", 1000) + `"}}`
		all := slices.Repeat([]string{one}, 100)
		body := operations(true, all...)
		body += strings.Repeat(" ", 1<<20-len(body))
		if got := results(t, s.as(t, "ada", "POST", batchPath, body).want(t, http.StatusOK)); len(got) != 100 || got[99].Status != 201 {
			t.Errorf("%d results", len(got))
		}
		wantInvalid(t, "101 operations", s.as(t, "ada", "POST", batchPath, operations(true, append(all, one)...)), "operations")
		s.as(t, "ada", "POST", batchPath, body+" ").want(t, http.StatusRequestEntityTooLarge)
		s.as(t, "ada", "POST", "/api/v1/undo", `{"rev":1}`+strings.Repeat(" ", 64<<10)).want(t, http.StatusRequestEntityTooLarge)
		if list := s.as(t, "ada", "GET", "/api/v1/tasks?count=true&limit=1", ""); list.header.Get("X-Total-Count") != "100" {
			t.Errorf("%s tasks", list.header.Get("X-Total-Count"))
		}
	})
}

// TestABatchReachesNobodyElse: another's tasks, revisions and keys get what missing ones get.
func TestABatchReachesNobodyElse(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"Ada's secret"}`)
		trashed := s.create(t, "ada", `{"title":"Ada's trash"}`)
		s.as(t, "ada", "DELETE", path(trashed), "").want(t, http.StatusNoContent)
		s.keyed(t, "ada", "POST", "/api/v1/tasks/complete-all", "", "ada's").want(t, http.StatusOK)
		before := s.standing(t, "ada")
		for _, atomic := range []bool{false, true} {
			of := func(live, trashed, version string) answer {
				return s.as(t, "mallory", "POST", batchPath, operations(atomic, `{"op":"update","id":`+live+`,"task":{"title":"stolen"}}`,
					`{"op":"delete","id":`+live+`,"version":`+version+`}`, `{"op":"complete","id":`+live+`}`, `{"op":"reopen","id":`+live+`}`,
					`{"op":"restore","id":`+trashed+`}`, `{"op":"restore","id":`+live+`}`))
			}
			foreign, missing := of(id(task), id(trashed), "1"), of("987654321", "987654322", "77")
			if foreign.status != missing.status || withoutPassing(foreign) != withoutPassing(missing) {
				t.Errorf("another's: %d %s\nmissing: %d %s", foreign.status, withoutPassing(foreign), missing.status, withoutPassing(missing))
			}
			if got := statusesOf(results(t, foreign)); !slices.Equal(got, slices.Repeat([]int{404}, 6)) {
				t.Errorf("statuses %v", got)
			}
		}
		foreign, missing := s.as(t, "mallory", "POST", "/api/v1/undo", `{"key":"ada's"}`), s.as(t, "mallory", "POST", "/api/v1/undo", `{"key":"nobody's"}`)
		if foreign.status != http.StatusNotFound || withoutPassing(foreign) != withoutPassing(missing) {
			t.Errorf("another's key: %d %s\nmissing: %s", foreign.status, withoutPassing(foreign), withoutPassing(missing))
		}
		for _, rev := range []string{"1", "4", "77"} {
			if a := s.as(t, "mallory", "POST", "/api/v1/undo", `{"rev":`+rev+`}`); a.status != http.StatusNotFound || withoutPassing(a) != withoutPassing(missing) {
				t.Errorf("revision %s of another: %d %s", rev, a.status, a.body)
			}
		}
		for _, all := range []string{"complete-all", "clear-completed"} {
			if a := s.as(t, "mallory", "POST", "/api/v1/tasks/"+all, "").want(t, http.StatusOK); a.body != `{"changes":[],"change_set":null,"total":0,"has_more":false}` {
				t.Errorf("%s: %s", all, a.body)
			}
		}
		if after := s.standing(t, "ada"); after != before {
			t.Errorf("before %s\nafter %s", before, after)
		}
	})
}
