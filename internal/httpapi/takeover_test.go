package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// tellTale returns what a person sees of their lists, labels and tasks, without ids and versions.
func (s *server) tellTale(t *testing.T, user string) (all []string) {
	t.Helper()
	names := map[json.Number]string{}
	get := func(path string) []object {
		return decode[[]object](t, s.as(t, user, http.MethodGet, path, "").want(t, http.StatusOK))
	}
	number := func(o object, name string) json.Number {
		n, _ := o[name].(json.Number)
		return n
	}
	for _, path := range []string{"/api/v1/lists?archived=any", "/api/v1/labels"} {
		for _, o := range get(path) {
			names[number(o, "id")] = fmt.Sprint(o["name"])
			all = append(all, fmt.Sprint(path, o["name"], o["color"], o["archived"]))
		}
	}
	tasks := get("/api/v1/tasks?sort=position")
	for _, task := range tasks {
		names[number(task, "id")] = fmt.Sprint(task["title"])
	}
	for _, task := range tasks {
		var labels []string
		for _, id := range task["label_ids"].([]any) {
			labels = append(labels, names[id.(json.Number)])
		}
		slices.Sort(labels)
		all = append(all, fmt.Sprint(
			"list ", names[number(task, "list_id")], " of ", names[number(task, "parent_id")], ": ", task["title"], task["description"], task["completed"],
			task["priority"], task["due_date"], task["due_all_day"], task["due_zone"], task["recurrence"], task["start_date"], task["completed_at"], task["created_at"], strings.Join(slices.DeleteFunc(labels, func(name string) bool { return name == "" }), ","),
		))
	}
	slices.SortStableFunc(all, func(a, b string) int { // by place within each list and parent
		group := func(s string) string { before, _, _ := strings.Cut(s, ": "); return before }
		return strings.Compare(group(a), group(b))
	})
	return all
}

// TestAnExportIsTakenOver: what somebody exports, another database takes in as it was, in its order, once.
func TestAnExportIsTakenOver(t *testing.T) {
	t.Parallel()
	for name, open := range everyStore {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, db := newServer(t, open(t), nil), open(t)
			to := newServer(t, db, nil)
			lists := []int64{from.createObject(t, "ada", "list", `{"name":"b","color":"#112233"}`), from.createObject(t, "ada", "list", `{"name":"a","archived":true}`)}
			label := from.createObject(t, "ada", "label", `{"name":"Home"}`)
			gone := from.createObject(t, "ada", "label", `{"name":"gone"}`)
			from.as(t, "ada", "POST", fmt.Sprintf("/api/v1/lists/%d/move", lists[1]), `{"after":null}`).want(t, http.StatusOK)
			var ids []int64
			for i := range 6 {
				ids = append(ids, from.createObject(t, "ada", "task", fmt.Sprintf(`{"title":"%d","list_id":%d,"label_ids":[%d,%d],"due_date":"2026-01-1%d"}`, i, lists[0], label, gone, i)))
			}
			child := from.createObject(t, "ada", "task", fmt.Sprintf(`{"title":"child","parent_id":%d,"start_date":"2026-01-01T10:00:00Z","description":""}`, ids[2]))
			from.createObject(t, "ada", "task", fmt.Sprintf(`{"title":"grandchild","parent_id":%d,"completed":true}`, child))
			from.createObject(t, "ada", "task", `{"title":"in the inbox","priority":"high"}`)
			from.as(t, "ada", "POST", fmt.Sprintf("/api/v1/tasks/%d/move", ids[0]), fmt.Sprintf(`{"before":%d}`, ids[5])).want(t, http.StatusOK)
			from.as(t, "ada", "POST", fmt.Sprintf("/api/v1/tasks/%d/move", ids[4]), `{"before":null}`).want(t, http.StatusOK)
			from.as(t, "ada", "DELETE", fmt.Sprintf("/api/v1/tasks/%d", ids[3]), "").want(t, http.StatusNoContent)
			from.as(t, "ada", "DELETE", fmt.Sprintf("/api/v1/labels/%d", gone), "").want(t, http.StatusNoContent)
			raw := from.as(t, "ada", http.MethodGet, "/api/v1/me/export", "").want(t, http.StatusOK).body

			to.createObject(t, "ada", "label", `{"name":"HOME"}`) // which the other one becomes
			for again := range 2 {
				export, err := account.ReadTakeout(strings.NewReader(raw))
				if err != nil {
					t.Fatal(err)
				}
				taken, err := account.TakeOver(t.Context(), db, "ada", "todod", export, time.Now)
				want := []account.Taken{{Lists: 2, Labels: 1, Tasks: 8}, {Known: 11}}[again]
				if err != nil || taken != want {
					t.Fatalf("%+v, %v; want %+v", taken, err, want)
				}
			}
			got, want := to.tellTale(t, "ada"), from.tellTale(t, "ada")
			for i := range want {
				want[i] = strings.ReplaceAll(want[i], "Home", "HOME")
			}
			if !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
		})
	}
}

// TestSeriesAreTakenOver: what recurs goes on where it stood, and where its owner is.
func TestSeriesAreTakenOver(t *testing.T) {
	t.Parallel()
	for name, open := range everyStore {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, db := newServer(t, open(t), nil), open(t)
			to := newServer(t, db, nil)
			from.as(t, "ada", "PATCH", "/api/v1/me", `{"time_zone":"America/New_York"}`).want(t, http.StatusOK)
			for i, body := range []string{
				`"due_date":"2026-01-31","recurrence":{"rule":"FREQ=MONTHLY","late":"each"}`,
				`"due_date":"2026-01-31T09:00:00+01:00","due_zone":"Europe/Berlin","recurrence":{"rule":"FREQ=MONTHLY","late":"each"}`,
				`"due_date":"2026-01-31T22:00:00-05:00","recurrence":{"rule":"FREQ=MONTHLY","late":"each"}`,
				`"due_date":"2026-01-31","recurrence":{"rule":"FREQ=DAILY;COUNT=3","late":"each"}`,
				`"due_date":"2026-01-31","recurrence":{"rule":"FREQ=DAILY;COUNT=2","late":"each"}`,
				`"due_date":"2026-01-31","recurrence":{"rule":"FREQ=DAILY","from":"completion","month_end":"omit"}`,
			} {
				task := from.create(t, "ada", fmt.Sprintf(`{"title":"%d",%s}`, i, body))
				from.complete(t, task, "")
				switch i {
				case 2:
					from.as(t, "ada", "PATCH", path(task), `{"due_date":"2026-03-05"}`).want(t, http.StatusOK) // postponed to a day
				case 4:
					from.complete(t, task, "") // for the last time
				}
			}
			raw := from.as(t, "ada", http.MethodGet, "/api/v1/me/export", "").want(t, http.StatusOK).body
			export, err := account.ReadTakeout(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := account.TakeOver(t.Context(), db, "ada", "todod", export, time.Now); err != nil {
				t.Fatal(err)
			}
			if got, want := to.tellTale(t, "ada"), from.tellTale(t, "ada"); !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
			for step := range 4 { // the last one is completed, and open again at first
				got, want := to.goOn(t), from.goOn(t)
				if !slices.Equal(got, want) {
					t.Errorf("step %d:\n got %q\nwant %q", step, got, want)
				}
			}
			if got := decode[object](t, to.as(t, "ada", "GET", "/api/v1/me", "")); got["time_zone"] != "America/New_York" {
				t.Errorf("%v", got)
			}
			to.as(t, "ada", "PATCH", "/api/v1/me", `{"time_zone":"Asia/Tokyo"}`).want(t, http.StatusOK)
			if _, err := account.TakeOver(t.Context(), db, "ada", "todod", export, time.Now); err != nil {
				t.Fatal(err)
			}
			if got := decode[object](t, to.as(t, "ada", "GET", "/api/v1/me", "")); got["time_zone"] != "Asia/Tokyo" {
				t.Errorf("taken over again: %v", got)
			}
		})
	}
}

// goOn toggles all of ada's tasks and returns how they are then.
func (s *server) goOn(t *testing.T) (all []string) {
	t.Helper()
	for _, task := range decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/tasks?sort=title", "")) {
		next := decode[object](t, s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, http.StatusOK))
		all = append(all, fmt.Sprint(next["title"], next["completed"], next["due_date"], next["due_all_day"], part(next, "recurrence", "slot"), part(next, "recurrence", "done")))
	}
	return all
}

// TestTakeoutsThatAreNone: what is cut off, or something else, is refused with words.
func TestTakeoutsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `[]`, `{}`, `{"format":"todod export 2","complete":true}`, `{"format":"todod export 1"}`, `{"format":"todod export 1","complete":false}`,
		`{"format":"todod export 1","tasks":[{"id":"x"}],"complete":true}`,
	} {
		if _, err := account.ReadTakeout(bytes.NewReader([]byte(text))); err == nil || todo.CodeOf(err) != 0 {
			t.Errorf("%s: %v", text, err)
		}
	}
}
