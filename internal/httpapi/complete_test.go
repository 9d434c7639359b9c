package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// complete completes a task, or skips it, and returns it. slot is empty or a date.
func (s *server) complete(t testing.TB, task object, slot string) object {
	t.Helper()
	return decode[object](t, s.as(t, "ada", "POST", path(task)+"/complete", slotOf(slot)).want(t, http.StatusOK))
}

// slotOf returns the body that names a slot, "" for none.
func slotOf(slot string) string {
	if slot == "" {
		return ""
	}
	return fmt.Sprintf(`{"slot":%q}`, slot)
}

// waysToComplete are all routes by which a task is completed: each gets its path and id.
var waysToComplete = map[string]func(task object) (method, path, body string){
	"toggle":   func(o object) (string, string, string) { return "PATCH", path(o) + "/toggle", "" },
	"patch":    func(o object) (string, string, string) { return "PATCH", path(o), `{"completed":true}` },
	"put":      func(o object) (string, string, string) { return "PUT", path(o), `{"title":"recurs","completed":true}` },
	"complete": func(o object) (string, string, string) { return "POST", path(o) + "/complete", "" },
	"by slot": func(o object) (string, string, string) {
		return "POST", path(o) + "/complete", `{"slot":"2026-06-01T12:00:00Z"}`
	},
	"batch": func(o object) (string, string, string) {
		return "POST", batchPath, operations(true, `{"op":"complete","id":`+id(o)+`}`)
	},
	"complete-all": func(object) (string, string, string) { return "POST", "/api/v1/tasks/complete-all", "" },
	"todo": func(o object) (string, string, string) {
		return "PATCH", todoPath(o) + "/complete", `{"completed":true}`
	},
	"todo flips": func(o object) (string, string, string) { return "PATCH", todoPath(o) + "/complete", "" },
	"todo put": func(o object) (string, string, string) {
		return "PUT", todoPath(o), `{"title":"recurs","completed":true}`
	},
}

// TestEveryWayToCompleteARecurringTask keeps it: the same task, open, at its next date, with its subtasks open; all of it one set,
// which is taken back, and done again, as one.
func TestEveryWayToCompleteARecurringTask(t *testing.T) {
	t.Parallel()
	for name, way := range waysToComplete {
		t.Run(name, func(t *testing.T) {
			onEveryStoreAt(t, monday, func(t *testing.T, s *server, clock *fakeClock) {
				task := s.recurring(t, "2026-06-01T12:00:00Z", "FREQ=WEEKLY", `,"start_date":"2026-05-31"`)
				child := s.child(t, "child", task)
				s.child(t, "still open", task)
				s.as(t, "ada", "PATCH", path(child), `{"completed":true}`).want(t, http.StatusOK)
				token := s.pull(t, "ada", "").Next
				before := s.read(t, task)
				clock.Advance(time.Hour)
				method, path, body := way(task)
				a := s.keyed(t, "ada", method, path, body, "key").want(t, http.StatusOK)
				after := s.read(t, task)
				for field, want := range map[string]string{
					"id": id(task), "completed": "false", "completed_at": "<nil>", "due_date": "2026-06-08T12:00:00.000000Z", "due_all_day": "false",
					"start_date": "2026-06-07T00:00:00.000000Z", "start_all_day": "true", "title": "recurs",
				} {
					if got := fmt.Sprint(after[field]); got != want {
						t.Errorf("%s is %s, want %s", field, got, want)
					}
				}
				for member, want := range map[string]string{
					"rule": "FREQ=WEEKLY", "anchor": "2026-06-01T12:00:00.000000Z", "slot": "2026-06-08T12:00:00.000000Z", "done": "1",
					"last_completed_at": "2026-06-01T09:00:00.000000Z",
				} {
					if got := part(after, "recurrence", member); got != want {
						t.Errorf("%s is %s, want %s", member, got, want)
					}
				}
				if strings.HasPrefix(path, "/api/todos") {
					if item := todoOf(t, a); item["completed"] != false || item["dueDate"] != after["due_date"] {
						t.Errorf("the todo is %v", item)
					}
				}
				if open := s.open(t); open != "child recurs still open" {
					t.Errorf("open are %s", open)
				}
				s.wantOccurrence(t, token, task)
				wantReplay(t, "again", s.keyed(t, "ada", method, path, body, "key"), a)

				undone := s.undo(t, "ada", `{"key":"key"}`)
				back := s.read(t, task)
				delete(back, "version")
				delete(back, "updated_at")
				for field, was := range before {
					if is, there := back[field]; there && fmt.Sprint(is) != fmt.Sprint(was) {
						t.Errorf("undone, %s is %v, was %v", field, is, was)
					}
				}
				if done := s.read(t, child); done["completed"] != true || strings.Contains(undone.ops(), "updated") {
					t.Errorf("undone: %s, the child is %v", undone.ops(), done)
				}
				for _, c := range undone.Changes {
					if c.Occurrence != nil {
						t.Errorf("undone: %+v", c)
					}
				}
				if told := s.told(t, ""); told != "child" {
					t.Errorf("undone, completed are %s", told)
				}
				redone := s.undo(t, "ada", fmt.Sprintf(`{"rev":%s}`, *undone.ChangeSet))
				if now := s.read(t, task); now["due_date"] != after["due_date"] || fmt.Sprint(now["recurrence"]) != fmt.Sprint(after["recurrence"]) {
					t.Errorf("done again: %+v, %v", redone, now)
				}
				if told := s.told(t, ""); told != "recurs" {
					t.Errorf("done again, completed are %s", told)
				}
			})
		})
	}
}

// wantOccurrence fails the test unless sync, the history, and the key's operation tell that a task was completed whose slot was that of
// monday's noon.
func (s *server) wantOccurrence(t *testing.T, token string, task object) {
	t.Helper()
	const want = "map[completed_at:2026-06-01T09:00:00.000000Z due_all_day:false due_date:2026-06-01T12:00:00.000000Z slot:2026-06-01T12:00:00.000000Z]"
	told := 0
	for _, c := range s.pull(t, "ada", token).Changes {
		if c.Task["id"] != task["id"] {
			continue
		}
		if told++; c.Op != "completed" || fmt.Sprint(c.Occurrence) != want {
			t.Errorf("sync tells %+v", c)
		}
	}
	if told != 1 {
		t.Errorf("sync tells of it %d times", told)
	}
	past := decode[[]struct {
		Op         string
		Occurrence object
	}](t, s.as(t, "ada", "GET", path(task)+"/history?limit=1", ""))
	if past[0].Op != "completed" || fmt.Sprint(past[0].Occurrence) != want {
		t.Errorf("the history tells %+v", past)
	}
	op := decode[changeSet](t, s.as(t, "ada", "GET", "/api/v1/operations/key", "").want(t, http.StatusOK))
	for _, c := range op.Changes {
		if c.Task["id"] == task["id"] && (c.Op != "completed" || fmt.Sprint(c.Occurrence) != want) {
			t.Errorf("the operation tells %+v", c)
		}
	}
	if events := s.as(t, "ada", "GET", "/api/v1/events?since=1", ""); strings.Count(events.body, `"occurrence":{"slot":"2026-06-01T12:00:00.000000Z"`) != 1 {
		t.Errorf("events are %s", events.body)
	}
}

// TestTheLastOccurrence is completed for real, and can come back.
func TestTheLastOccurrence(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, clock *fakeClock) {
		for _, rule := range []string{"FREQ=DAILY;COUNT=2", "FREQ=DAILY;UNTIL=20260602"} {
			task := s.recurring(t, "2026-06-01", rule)
			child := s.child(t, "child of "+rule, task)
			s.complete(t, task, "")
			s.wantConflict(t, "ada", "POST", path(task)+"/skip", "")
			last := s.complete(t, task, "2026-06-02")
			if last["completed"] != true || last["completed_at"] == nil || last["due_date"] != "2026-06-02T00:00:00.000000Z" || part(last, "recurrence", "done") != "2" ||
				s.read(t, child)["completed"] != true {
				t.Errorf("%s: the last is %v", rule, last)
			}
			if again := s.complete(t, task, ""); fmt.Sprint(again) != fmt.Sprint(last) {
				t.Errorf("%s, completed again: %v", rule, again)
			}
			s.wantConflict(t, "ada", "POST", path(task)+"/skip", "")
			if told := s.told(t, ""); !strings.HasPrefix(told, "recurs") || strings.Count(told, "recurs") != 2 {
				t.Errorf("%s: completed are %s", rule, told)
			}
			back := decode[object](t, s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, http.StatusOK))
			if back["completed"] != false || part(back, "recurrence", "done") != "1" || back["due_date"] != last["due_date"] {
				t.Errorf("%s: open again it is %v", rule, back)
			}
			if told := s.told(t, ""); strings.Count(told, "recurs") != 1 {
				t.Errorf("%s: open again, completed are %s", rule, told)
			}
			s.as(t, "ada", "DELETE", path(task), "").want(t, http.StatusNoContent)
			s.as(t, "ada", "DELETE", inTrash(task), "").want(t, http.StatusNoContent)
			s.as(t, "ada", "DELETE", inTrash(child), "").want(t, http.StatusNoContent)
			clock.set(t, monday)
		}
	})
}

// TestAPostponedOccurrence keeps its slot, and the rule.
func TestAPostponedOccurrence(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, clock *fakeClock) {
		task := s.recurring(t, "2026-06-01", "FREQ=WEEKLY")
		later := decode[object](t, s.as(t, "ada", "PATCH", path(task), `{"due_date":"2026-06-03"}`).want(t, http.StatusOK))
		if later["due_date"] != "2026-06-03T00:00:00.000000Z" || fmt.Sprint(later["recurrence"]) != fmt.Sprint(task["recurrence"]) {
			t.Fatalf("postponed: %v", later)
		}
		clock.set(t, "2026-06-03T10:00:00Z")
		if next := s.complete(t, task, "2026-06-01"); next["due_date"] != "2026-06-08T00:00:00.000000Z" {
			t.Errorf("next is %v", next)
		}
		got := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/completions", "").want(t, http.StatusOK))
		if len(got) != 1 || got[0]["slot"] != "2026-06-01T00:00:00.000000Z" || got[0]["due_date"] != "2026-06-03T00:00:00.000000Z" || got[0]["due_all_day"] != true {
			t.Errorf("completed are %v", got)
		}
	})
}

// TestSlots: an occurrence that has passed is not done again, one that isn't reached isn't done yet.
func TestSlots(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		for _, due := range []string{"2026-06-01", "2026-06-01T12:00:00Z"} {
			for _, route := range []string{"/complete", "/skip"} {
				task := s.recurring(t, due, "FREQ=DAILY")
				slot := part(task, "recurrence", "slot")
				s.wantConflict(t, "ada", "POST", path(task)+route, strings.Replace(slotOf(slot), "06-01", "06-02", 1))
				first := s.as(t, "ada", "POST", path(task)+route, slotOf(slot)).want(t, http.StatusOK)
				if next := decode[object](t, first); !strings.HasPrefix(next["due_date"].(string), "2026-06-02T") {
					t.Errorf("%s %s: %v", route, due, next)
				}
				for _, other := range []string{"/complete", "/skip"} {
					again := s.as(t, "ada", "POST", path(task)+other, slotOf(slot)).want(t, http.StatusOK)
					if again.body != first.body || again.header.Get("ETag") != first.header.Get("ETag") {
						t.Errorf("%s of what has passed: %s, was %s", other, again.body, first.body)
					}
				}
				for _, body := range []string{`{"slot":null}`, `{}`, ""} {
					s.as(t, "ada", "POST", path(task)+route, body).want(t, http.StatusOK)
				}
				if now := s.read(t, task); !strings.HasPrefix(now["due_date"].(string), "2026-06-05T") {
					t.Errorf("%s %s: %v", route, due, now)
				}
				s.wantRefused(t, "ada", refused{"POST", path(task) + route, `{"slot":"soon"}`, "slot"}, refused{"POST", path(task) + route, `{"slot":1}`, "slot"},
					refused{"POST", path(task) + route, `{"Slot":"2026-06-05"}`, "Slot"}, refused{"POST", path(task) + route, `[]`, "body"})
				s.wantCurrent(t, route, s.conditional(t, "ada", "POST", path(task)+route, "", "If-Match", first.header.Get("ETag")), "ada", path(task))
			}
		}
		timed := s.recurring(t, "2026-06-01T12:00:00Z", "FREQ=DAILY")
		for _, route := range []string{"/complete", "/skip"} { // a day names none of its occurrences
			s.wantRefused(t, "ada", refused{"POST", path(timed) + route, `{"slot":"2026-06-01"}`, "slot"})
		}
		plain := s.create(t, "ada", `{"title":"plain"}`)
		s.wantConflict(t, "ada", "POST", path(plain)+"/skip", "")
		done := s.as(t, "ada", "POST", path(plain)+"/complete", `{"slot":"2026-06-01"}`).want(t, http.StatusOK)
		if decode[object](t, done)["completed"] != true {
			t.Errorf("completed: %s", done.body)
		}
		if again := s.as(t, "ada", "POST", path(plain)+"/complete", "").want(t, http.StatusOK); again.body != done.body {
			t.Errorf("again: %s, was %s", again.body, done.body)
		}
	})
}

// TestSkipping lets an occurrence pass without being done.
func TestSkipping(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		task := s.recurring(t, "2026-06-01", "FREQ=WEEKLY")
		token := s.pull(t, "ada", "").Next
		next := decode[object](t, s.as(t, "ada", "POST", path(task)+"/skip", "").want(t, http.StatusOK))
		if next["due_date"] != "2026-06-08T00:00:00.000000Z" || part(next, "recurrence", "done") != "0" || part(next, "recurrence", "last_completed_at") != "<nil>" {
			t.Errorf("%v", next)
		}
		c := s.pull(t, "ada", token).Changes[0]
		if c.Op != "updated" || c.Occurrence["skipped"] != true || c.Occurrence["slot"] != "2026-06-01T00:00:00.000000Z" {
			t.Errorf("sync tells %+v", c)
		}
		all := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/completions", ""))
		if len(all) != 1 || all[0]["skipped"] != true || all[0]["task_id"] != task["id"] {
			t.Errorf("completions are %v", all)
		}
		s.undo(t, "ada", fmt.Sprintf(`{"rev":%s}`, next["version"]))
		if back := s.read(t, task); back["due_date"] != task["due_date"] || fmt.Sprint(back["recurrence"]) != fmt.Sprint(task["recurrence"]) || s.told(t, "") != "" {
			t.Errorf("undone: %v, completed are %s", back, s.told(t, ""))
		}
	})
}

// TestTreesThatRecur: completing something for real completes recurring parts of it for real; complete-all goes by the top of each
// tree.
func TestTreesThatRecur(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		plain := s.create(t, "ada", `{"title":"plain"}`)
		part := s.recurring(t, "2026-06-01", "FREQ=DAILY", `,"parent_id":`+id(plain))
		recurs := s.recurring(t, "2026-06-01", "FREQ=DAILY")
		s.child(t, "child", recurs)
		inner := s.recurring(t, "2026-06-01", "FREQ=WEEKLY", `,"parent_id":`+id(recurs))
		wantAll := func(what string) {
			t.Helper()
			for name, c := range map[string]struct {
				task      object
				completed bool
				due       any
			}{
				"plain": {plain, true, nil}, "its part": {part, true, part["due_date"]}, "the recurring one": {recurs, false, "2026-06-02T00:00:00.000000Z"},
				"its recurring part": {inner, false, inner["due_date"]},
			} {
				if now := s.read(t, c.task); now["completed"] != c.completed || now["due_date"] != c.due {
					t.Errorf("%s, %s is %v", what, name, now)
				}
			}
		}
		set := decode[changeSet](t, s.as(t, "ada", "POST", "/api/v1/tasks/complete-all", "").want(t, http.StatusOK))
		if wantAll("complete-all"); set.Total != 3 {
			t.Errorf("%+v", set)
		}
		s.undo(t, "ada", fmt.Sprintf(`{"rev":%s}`, *set.ChangeSet))
		if open := s.open(t); open != "child plain recurs recurs recurs" {
			t.Errorf("undone, open are %s", open)
		}
		s.complete(t, recurs, "")
		s.complete(t, plain, "")
		wantAll("one by one")
		back := decode[object](t, s.as(t, "ada", "PATCH", path(part)+"/toggle", "").want(t, http.StatusOK))
		if back["completed"] != false || s.read(t, plain)["completed"] != false || back["due_date"] != part["due_date"] {
			t.Errorf("the part is open again: %v", back)
		}
	})
}

// TestCompletingIsMerged: an occurrence that another device has completed is not completed twice, and neither is in the way of what
// is changed beside it.
func TestCompletingIsMerged(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		task := s.recurring(t, "2026-06-01T12:00:00Z", "FREQ=DAILY")
		tag := fmt.Sprintf(`"v%s"`, task["version"])
		done := s.complete(t, task, "")
		merged := decode[object](t, s.merge(t, path(task), `{"completed":true,"title":"merged"}`, tag).want(t, http.StatusOK))
		if merged["due_date"] != done["due_date"] || merged["title"] != "merged" || part(merged, "recurrence", "done") != "1" {
			t.Errorf("completed twice: %v", merged)
		}
		changed := decode[object](t, s.merge(t, path(task), `{"recurrence":{"late":"each"},"due_zone":"Europe/Berlin"}`, tag).want(t, http.StatusOK))
		if part(changed, "recurrence", "late") != "each" || part(changed, "recurrence", "slot") != "2026-06-02T12:00:00.000000Z" || changed["due_zone"] != "Europe/Berlin" {
			t.Errorf("the rule beside what moved on: %v", changed)
		}
		refused := wantProblem(t, "two rules", s.merge(t, path(task), `{"recurrence":{"late":"skip","month_end":"omit"}}`, tag), http.StatusConflict, "CONFLICT_DETECTED")
		conflict, _ := refused["conflicts"].(map[string]any)["recurrence"].(map[string]any)
		for name, want := range map[string]string{"base": "skip last 0", "yours": "skip omit 0", "current": "each last 1"} {
			of, _ := conflict[name].(map[string]any)
			if got := fmt.Sprint(of["late"], " ", of["month_end"], " ", of["done"]); got != want || len(of) != 8 {
				t.Errorf("%s is %v, want %s", name, of, want)
			}
		}
		refused = wantProblem(t, "undo", s.as(t, "ada", "POST", undoPath, fmt.Sprintf(`{"rev":%s}`, done["version"])), http.StatusConflict, "CONFLICT_DETECTED")
		if !strings.Contains(fmt.Sprint(refused["errors"]), "field:recurrence") {
			t.Errorf("undo of what was changed since: %v", refused)
		}
	})
}
