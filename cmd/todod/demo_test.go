package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"todod/internal/pgtest"
)

// demoAccount finds how to sign in, in what demo prints.
var demoAccount = regexp.MustCompile(`e-mail    (\S+)\n  password  (\S+)\n`)

// itemsOf returns what a GET answers, a JSON array.
func itemsOf(t *testing.T, url, token string) (items []map[string]any) {
	t.Helper()
	code, body := call(t, "GET", url, token, "")
	if err := json.Unmarshal([]byte(body), &items); code != http.StatusOK || err != nil {
		t.Fatalf("status %d, %v: %s", code, err, body)
	}
	return items
}

// TestADemoPerson signs in as it says, and finds things of every kind; another run makes another one.
func TestADemoPerson(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "todod.db"), "postgres": pgtest.Empty(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := isolated(t, environment{"DATABASE_URL": url})
			var p *process
			for _, email := range []string{"demo@example.com", "demo2@example.com"} {
				var out bytes.Buffer
				if err := run(t.Context(), []string{"demo"}, env.get, &out); err != nil {
					t.Fatal(err)
				}
				found := demoAccount.FindStringSubmatch(out.String())
				if len(found) == 0 || found[1] != email {
					t.Fatalf("it says\n%s", &out)
				}
				if p == nil {
					p = start(t, env)
				}
				wantDemo(t, p.url, email, found[2])
			}
		})
	}
}

// wantDemo signs in and fails the test unless there are things of every kind.
func wantDemo(t *testing.T, url, email, password string) {
	t.Helper()
	var in struct{ Token string }
	code, body := call(t, "POST", url+"/api/auth/login", "", `{"email":"`+email+`","password":"`+password+`"}`)
	if err := json.Unmarshal([]byte(body), &in); code != http.StatusOK || err != nil {
		t.Fatalf("status %d, %v", code, err)
	}
	wantDemoTasks(t, url, in.Token)
	wantDemoLists(t, url, in.Token)
}

// wantDemoTasks fails the test unless there are tasks of every kind.
func wantDemoTasks(t *testing.T, url, token string) {
	t.Helper()
	kinds, longest := map[string]int{}, 0
	for _, task := range itemsOf(t, url+"/api/v1/tasks", token) {
		kinds[task["priority"].(string)]++
		if task["completed"] == true {
			kinds["completed"]++
		}
		if task["description"] != nil {
			kinds["described"]++
		}
		if task["list_id"] != nil {
			kinds["in a list"]++
		}
		if len(task["label_ids"].([]any)) > 0 {
			kinds["labelled"]++
		}
		if task["parent_id"] != nil {
			kinds["part of another"]++
			kinds["part of another and completed: "+strconv.FormatBool(task["completed"].(bool))]++
		}
		switch {
		case task["due_date"] == nil:
			kinds["without a date"]++
		case task["due_all_day"] == true:
			kinds["of a day"]++
		default:
			kinds["of an instant"]++
		}
		longest = max(longest, len(itemsOf(t, url+"/api/v1/tasks/"+strconv.Itoa(int(task["id"].(float64)))+"/history", token)))
	}
	for _, kind := range []string{
		"low", "medium", "high", "completed", "described", "without a date", "of a day", "of an instant", "in a list", "labelled",
		"part of another", "part of another and completed: true", "part of another and completed: false",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no task is %s", kind)
		}
	}
	if trash := itemsOf(t, url+"/api/v1/trash", token); len(trash) != 2 || longest != 4 {
		t.Errorf("%d in the trash, %d changes at most", len(trash), longest)
	}
}

// wantDemoLists fails the test unless there are lists and labels, and a task that was moved above newer ones.
func wantDemoLists(t *testing.T, url, token string) {
	t.Helper()
	lists, labels := itemsOf(t, url+"/api/v1/lists", token), itemsOf(t, url+"/api/v1/labels", token)
	if len(lists) != 2 || len(labels) != 3 {
		t.Fatalf("%d lists and %d labels", len(lists), len(labels))
	}
	for _, o := range append(lists, labels...) {
		if o["color"] == nil {
			t.Errorf("%s has no colour", o["name"])
		}
	}
	tasks := itemsOf(t, fmt.Sprintf("%s/api/v1/tasks?sort=position&list_id=%.0f", url, lists[0]["id"]), token)
	if len(tasks) < 2 || tasks[0]["created_at"].(string) >= tasks[1]["created_at"].(string) {
		t.Errorf("the first of %d tasks is the newest, or there are too few: %v", len(tasks), tasks)
	}
}

// TestNoDemo where there are real people, or where todod has no accounts.
func TestNoDemo(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]environment{
		"staging":     {"APP_ENV": "staging", "AUTH_PROVIDER": "local", "ALLOWED_ORIGINS": "https://a.example"},
		"production":  {"APP_ENV": "production", "AUTH_PROVIDER": "local", "ALLOWED_ORIGINS": "https://a.example"},
		"better-auth": {"BETTER_AUTH_URL": "http://127.0.0.1:1"},
	} {
		if err := run(t.Context(), []string{"demo"}, isolated(t, more).get, io.Discard); err == nil || exitCode(err) != exitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}
