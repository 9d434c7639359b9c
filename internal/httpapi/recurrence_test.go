package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/httpapi"
	"todod/internal/todo"
	"todod/internal/turn"
)

// monday is a moment at which tests of recurring tasks begin: 8 o'clock in UTC, 10 in Berlin.
const monday = "2026-06-01T08:00:00Z"

// onEveryStoreAt is onEveryStore with a clock that stands at a moment until the test moves it.
func onEveryStoreAt(t *testing.T, moment string, test func(t *testing.T, s *server, clock *fakeClock)) {
	t.Parallel()
	for name, open := range everyStore {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, clock := open(t), newClock()
			clock.set(t, moment)
			test(t, newServer(t, store, standing(store, clock)), clock)
		})
	}
}

// standing has an API over store go by a clock.
func standing(store store, clock *fakeClock) func(*httpapi.Config) {
	return func(cfg *httpapi.Config) {
		ordered := turn.Store(store, time.Minute, turn.Reads)
		cfg.Tasks = todo.NewService(todo.Observed(ordered, cfg.Events.Changed), clock.Now, todo.Rules{Quota: 10_000, KeysRemembered: time.Hour})
		cfg.PersonalData = account.NewPersonalData(account.PersonalDataConfig{
			Store: ordered, Provider: cfg.Accounts, Now: clock.Now, Logger: cfg.Logger, Erased: cfg.Events.Erased,
		})
	}
}

// set moves the clock to a moment in RFC 3339.
func (c *fakeClock) set(t testing.TB, moment string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		t.Fatal(err)
	}
	c.now.Store(at.UnixNano())
}

// recurring makes a task that is due then and recurs by a rule, and returns it. more are further members of its body.
func (s *server) recurring(t testing.TB, due, rule string, more ...string) object {
	t.Helper()
	return s.create(t, "ada", fmt.Sprintf(`{"title":"recurs","due_date":%q,"recurrence":{"rule":%q}%s}`, due, rule, strings.Join(more, "")))
}

// read returns a task as it is now.
func (s *server) read(t testing.TB, task object) object {
	t.Helper()
	return decode[object](t, s.as(t, "ada", "GET", path(task), "").want(t, http.StatusOK))
}

// part returns a member of a member of an object, as text.
func part(o object, name, member string) string {
	inner, _ := o[name].(map[string]any)
	return fmt.Sprint(inner[member])
}

// TestARecurringTaskOnTheWire: all of it goes out, what people write comes in, and what isn't said stays.
func TestARecurringTaskOnTheWire(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		made := s.as(t, "ada", "POST", "/api/v1/tasks", `{"title":"x","due_date":"2026-06-01T09:00:00+02:00","due_zone":"Europe/Berlin",
			"recurrence":{"rule":"freq=weekly;byday=mo,fr","late":"each"}}`).want(t, http.StatusCreated)
		const out = `"due_date":"2026-06-01T07:00:00.000000Z","due_all_day":false,"due_zone":"Europe/Berlin",` +
			`"recurrence":{"rule":"FREQ=WEEKLY;BYDAY=MO,FR","from":"due","late":"each","month_end":"last",` +
			`"anchor":"2026-06-01T07:00:00.000000Z","slot":"2026-06-01T07:00:00.000000Z","done":0,"last_completed_at":null},"start_date":null`
		if !strings.Contains(made.body, out) || strings.Contains(made.body, "local") {
			t.Fatalf("made %s", made.body)
		}
		task := decode[object](t, made)
		for _, same := range []string{
			`{"recurrence":{}}`, `{"recurrence":{"rule":"FREQ=WEEKLY;BYDAY=MO,FR"}}`, `{"recurrence":{"late":"each","from":"due"},"due_zone":"Europe/Berlin"}`,
		} {
			for _, method := range []string{"PUT", "PATCH"} {
				if a := s.as(t, "ada", method, path(task), same).want(t, http.StatusOK); a.body != made.body {
					t.Errorf("%s %s: %s, was %s", method, same, a.body, made.body)
				}
			}
		}
		for _, path := range []string{path(task), "/api/v1/tasks", "/api/v1/sync", "/api/v1/me/export"} {
			if a := s.as(t, "ada", "GET", path, "").want(t, http.StatusOK); !strings.Contains(a.body, out) || strings.Contains(a.body, "local") {
				t.Errorf("%s: %s", path, a.body)
			}
		}
		s.as(t, "ada", "PATCH", path(task), `{"recurrence":{"from":"completion","month_end":"omit"}}`).want(t, http.StatusOK)
		if now := s.read(t, task); part(now, "recurrence", "from") != "completion" || part(now, "recurrence", "late") != "each" || part(now, "recurrence", "month_end") != "omit" {
			t.Errorf("changed in parts: %v", now)
		}
		s.as(t, "ada", "PATCH", path(task), `{"due_zone":null,"recurrence":null}`).want(t, http.StatusOK)
		if now := s.read(t, task); now["recurrence"] != nil || now["due_zone"] != nil || now["due_date"] != task["due_date"] {
			t.Errorf("cleared: %v", now)
		}
		past := decode[[]struct {
			Op      string
			Changes map[string][2]any
		}](t, s.as(t, "ada", "GET", path(task)+"/history", ""))
		if len(past) != 3 || fmt.Sprint(past[0].Changes["due_zone"]) != "[Europe/Berlin <nil>]" || len(past[0].Changes) != 2 ||
			len(past[0].Changes["recurrence"][0].(map[string]any)) != 8 || len(past[1].Changes) != 1 ||
			fmt.Sprint(past[2].Changes["recurrence"]) != fmt.Sprint([]any{nil, task["recurrence"]}) {
			t.Errorf("the history is %v", past)
		}
		undone := s.undo(t, "ada", `{"rev":3}`)
		if got := undone.Changes[0]; got.Op != "updated" || part(got.Task, "recurrence", "from") != "completion" || got.Task["due_zone"] != "Europe/Berlin" {
			t.Errorf("undone: %+v", undone)
		}
	})
}

// TestRecurrencesAndZonesAreRefused: each 400 names what is wrong, wherever it comes.
func TestRecurrencesAndZonesAreRefused(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		plain := s.create(t, "ada", `{"title":"plain"}`)
		day, instant := s.recurring(t, "2026-06-01", "FREQ=DAILY"), s.recurring(t, "2026-06-01T12:00:00Z", "FREQ=DAILY", `,"due_zone":"Europe/Berlin"`)
		const dueThen = `"due_date":"2026-06-01",`
		for _, c := range []struct {
			of          object
			body, field string
		}{
			{plain, dueThen + `"recurrence":"FREQ=DAILY"`, "recurrence"},
			{plain, dueThen + `"recurrence":[]`, "recurrence"},
			{plain, dueThen + `"recurrence":{}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"late":"each"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":null}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":7}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":""}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"RRULE:FREQ=DAILY"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=HOURLY"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY;INTERVAL=1000"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY;COUNT=10000"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY;COUNT=2;UNTIL=20270101"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=WEEKLY;BYDAY=1MO"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY;UNTIL=20260531"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30","month_end":"omit"}`, "recurrence.rule"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","from":"now"}`, "recurrence.from"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","from":null}`, "recurrence.from"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","late":"Skip"}`, "recurrence.late"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","late":true}`, "recurrence.late"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","month_end":"first"}`, "recurrence.month_end"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","month_end":null}`, "recurrence.month_end"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","anchor":"2026-06-01"}`, "recurrence.anchor"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","slot":null}`, "recurrence.slot"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","done":0}`, "recurrence.done"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","last_completed_at":null}`, "recurrence.last_completed_at"},
			{plain, dueThen + `"recurrence":{"rule":"FREQ=DAILY","Rule":"x"}`, "recurrence.Rule"},
			{plain, dueThen + `"recurrence.rule":"FREQ=DAILY"`, "recurrence.rule"},
			{plain, `"recurrence":{"rule":"FREQ=DAILY"}`, "recurrence"},
			{plain, `"due_zone":"Europe/Berlin"`, "due_zone"},
			{plain, dueThen + `"due_zone":"Europe/Berlin"`, "due_zone"},
			{plain, `"due_date":"2026-06-01T12:00:00Z","due_zone":"Mars/Olympus"`, "due_zone"},
			{plain, `"due_date":"2026-06-01T12:00:00Z","due_zone":"Local"`, "due_zone"},
			{plain, `"due_date":"2026-06-01T12:00:00Z","due_zone":"europe/berlin"`, "due_zone"},
			{plain, `"due_date":"2026-06-01T12:00:00Z","due_zone":""`, "due_zone"},
			{plain, `"due_date":"2026-06-01T12:00:00Z","due_zone":1`, "due_zone"},
			{plain, `"due_local":"2026-06-01T12:00:00Z"`, "due_local"},
			{day, `"due_date":null`, "due_date"},
			{day, `"due_zone":"Europe/Berlin"`, "due_zone"},
			{instant, `"due_date":null`, "due_date"},
			{instant, `"due_date":"2026-06-02","due_zone":"Europe/Berlin"`, "due_zone"},
			{instant, `"due_all_day":true,"due_zone":"Europe/Berlin"`, "due_zone"},
		} {
			body := "{" + c.body + "}"
			s.wantRefused(t, "ada", refused{"PUT", path(c.of), body, c.field}, refused{"PATCH", path(c.of), body, c.field})
			results := s.batch(t, "ada", false, `{"op":"update","id":`+id(c.of)+`,"task":`+body+`}`)
			if len(results[0].Error.Errors) == 0 || results[0].Status != http.StatusBadRequest || results[0].Error.Errors[0].Field != c.field {
				t.Errorf("a batch, %s: %+v", body, results[0])
			}
			if c.of["title"] == "plain" {
				s.wantRefused(t, "ada", refused{"POST", "/api/v1/tasks", `{"title":"x",` + c.body + "}", c.field})
			}
		}
		several := s.as(t, "ada", "PATCH", path(plain), `{"title":7,"recurrence":{"rule":1,"slot":"z"},"foo":1}`)
		for _, field := range []string{"title", "foo", "recurrence.rule", "recurrence.slot"} {
			wantInvalid(t, "several", several, field)
		}
		s.wantRefused(t, "ada", refused{"PATCH", path(plain), `{` + dueThen + `"recurrence":{"rule":"FREQ=DAILY","rule":"FREQ=DAILY"}}`, "recurrence.rule"},
			refused{"POST", batchPath, operations(false, `{"op":"update","id":`+id(plain)+`,"task":{"recurrence":{"rule":"x","rule":"x"}}}`), "operations[0].task.recurrence.rule"})
		if o := decode[object](t, s.as(t, "ada", "PATCH", path(instant), `{"due_date":"2026-06-02"}`).want(t, http.StatusOK)); o["due_zone"] != nil || o["due_all_day"] != true {
			t.Errorf("a date that has become a day: %v", o)
		}
	})
}

// TestARuleThatChanges counts from the date that the task has then; one that comes again changes nothing.
func TestARuleThatChanges(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		task := s.recurring(t, "2026-06-01", "FREQ=DAILY")
		task = s.complete(t, task, "")
		if task["due_date"] != "2026-06-02T00:00:00.000000Z" || part(task, "recurrence", "done") != "1" {
			t.Fatalf("%v", task)
		}
		changed := decode[object](t, s.as(t, "ada", "PATCH", path(task), `{"recurrence":{"rule":"FREQ=WEEKLY;BYDAY=FR"}}`).want(t, http.StatusOK))
		for member, want := range map[string]string{
			"anchor": "2026-06-02T00:00:00.000000Z", "slot": "2026-06-02T00:00:00.000000Z", "done": "0", "last_completed_at": part(task, "recurrence", "last_completed_at"),
		} {
			if got := part(changed, "recurrence", member); got != want {
				t.Errorf("%s is %s, want %s", member, got, want)
			}
		}
		if changed["due_date"] != task["due_date"] {
			t.Errorf("the due date is %v, was %v", changed["due_date"], task["due_date"])
		}
		if next := s.complete(t, task, ""); next["due_date"] != "2026-06-05T00:00:00.000000Z" {
			t.Errorf("next is %v", next["due_date"])
		}
	})
}

// TestASeriesWithoutItsZone goes on at the same instants, however the zone was lost.
func TestASeriesWithoutItsZone(t *testing.T) {
	onEveryStoreAt(t, monday, func(t *testing.T, s *server, _ *fakeClock) {
		for _, body := range []string{`{"due_zone":null}`, `{"due_date":"2026-06-02"}`, `{"due_all_day":true}`} {
			task := s.recurring(t, "2026-06-01T09:00:00+02:00", "FREQ=DAILY", `,"due_zone":"Europe/Berlin"`)
			s.as(t, "ada", "PATCH", path(task), body).want(t, http.StatusOK)
			next := s.complete(t, task, "")
			if next["due_date"] != "2026-06-02T07:00:00.000000Z" || next["due_zone"] != nil || next["due_all_day"] != false {
				t.Errorf("%s: %v", body, next)
			}
		}
	})
}
