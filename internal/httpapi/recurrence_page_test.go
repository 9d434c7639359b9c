package httpapi_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A documentedRule is a line of the table in docs/recurrence.md.
type documentedRule struct {
	every, due, recurrence string
	completed              string   // the first time; "" for when it is due
	next                   []string // dates, the last of which may be "completed"
}

// documentedRules returns the lines of the table.
func documentedRules(t *testing.T) (rules []documentedRule) {
	t.Helper()
	page, err := os.ReadFile("../../docs/recurrence.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| every |")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(strings.Trim(strings.ReplaceAll(line, "`", ""), "|"), "|")
		if len(cells) != 5 {
			t.Fatalf("%q has %d cells", line, len(cells))
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rules = append(rules, documentedRule{cells[0], cells[1], cells[2], cells[3], strings.Split(cells[4], ", ")})
	}
	return rules
}

// TestTheRulesOnThePage: what docs/recurrence.md says of each rule is so.
func TestTheRulesOnThePage(t *testing.T) {
	t.Parallel()
	store, clock := openSQLite(t), newClock()
	s := newServer(t, store, standing(store, clock))
	rules := documentedRules(t)
	if len(rules) < 15 {
		t.Fatalf("%d rules", len(rules))
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for i, rule := range rules {
		user := fmt.Sprint("user ", i)
		s.as(t, user, "PATCH", "/api/v1/me", `{"time_zone":"Europe/Berlin"}`).want(t, http.StatusOK)
		clock.now.Store(whenDue(t, rule.due, berlin).UnixNano())
		task := s.create(t, user, fmt.Sprintf(`{"title":"x","due_date":%q,"recurrence":%s}`, rule.due, rule.recurrence))
		if rule.completed != "" {
			clock.set(t, rule.completed)
		}
		for n, want := range rule.next {
			task = decode[object](t, s.as(t, user, "POST", path(task)+"/complete", "").want(t, http.StatusOK))
			if got := dueIn(t, task, berlin); got != want {
				t.Fatalf("every %s, %d: due %s, want %s", rule.every, n+1, got, want)
			}
			if want != "completed" {
				clock.now.Store(max(clock.Now().UnixNano(), whenDue(t, want, berlin).UnixNano()))
			}
		}
	}
}

// whenDue returns when a task is done that is due then: at noon of a day.
func whenDue(t *testing.T, date string, zone *time.Location) time.Time {
	t.Helper()
	if day, err := time.ParseInLocation(time.DateOnly, date, zone); err == nil {
		return day.Add(12 * time.Hour)
	}
	at, err := time.Parse(time.RFC3339, date)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// dueIn returns when a task is due, as the page has it.
func dueIn(t *testing.T, task object, zone *time.Location) string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, task["due_date"].(string))
	switch {
	case err != nil:
		t.Fatal(err)
	case task["completed"] == true:
		return "completed"
	case task["due_all_day"] == true:
		return at.Format(time.DateOnly)
	}
	return at.In(zone).Format(time.RFC3339)
}
