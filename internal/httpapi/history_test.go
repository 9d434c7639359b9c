package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"a","due_date":"2026-01-15T10:00:00+01:00"}`)
		s.create(t, "ada", `{"title":"another"}`)
		for _, body := range []string{
			`{"title":"b","description":"text","priority":"high"}`, `{"title":"b"}`, `{"description":null,"due_date":"2026-01-15"}`, `{"completed":true,"title":"c"}`,
		} {
			s.as(t, "ada", "PATCH", path(task), body).want(t, http.StatusOK)
		}
		s.as(t, "ada", "PATCH", path(task)+"/toggle", "").want(t, http.StatusOK)
		s.as(t, "ada", "DELETE", path(task), "").want(t, http.StatusNoContent)

		a := s.as(t, "ada", "GET", path(task)+"/history", "").want(t, http.StatusOK) // from the trash, too
		if a.header.Get("Link") != "" {
			t.Errorf("Link: %s", a.header.Get("Link"))
		}
		past := decode[[]struct {
			Rev     json.Number
			Op, At  string
			Changes map[string][2]any
		}](t, a)
		at := func(i int) string { return past[i].At }
		if len(past) != 6 {
			t.Fatalf("%d entries: %s", len(past), a.body)
		}
		for i, want := range []struct {
			rev, op string
			changes map[string][2]any
		}{
			{"7", "deleted", map[string][2]any{"deleted_at": {nil, at(0)}}},
			{"6", "reopened", map[string][2]any{"completed": {true, false}, "completed_at": {at(2), nil}}},
			{"5", "completed", map[string][2]any{"completed": {false, true}, "completed_at": {nil, at(2)}, "title": {"b", "c"}}},
			{"4", "updated", map[string][2]any{
				"description": {"text", nil}, "due_all_day": {false, true},
				"due_date": {"2026-01-15T09:00:00.000000Z", "2026-01-15T00:00:00.000000Z"},
			}},
			{"3", "updated", map[string][2]any{"title": {"a", "b"}, "description": {nil, "text"}, "priority": {"medium", "high"}}},
			{"1", "created", map[string][2]any{
				"title": {nil, "a"}, "completed": {nil, false}, "priority": {nil, "medium"}, "due_all_day": {nil, false}, "start_all_day": {nil, false},
				"due_date": {nil, "2026-01-15T09:00:00.000000Z"},
			}},
		} {
			got := past[i]
			if got.Rev.String() != want.rev || got.Op != want.op || fmt.Sprint(got.Changes) != fmt.Sprint(want.changes) || !wireTime.MatchString(got.At) {
				t.Errorf("entry %d: %+v, want %+v", i, got, want)
			}
		}
		for limit := 1; limit <= 7; limit++ {
			all, pages := s.walkPages(t, "ada", fmt.Sprintf("%s/history?limit=%d", path(task), limit))
			if len(all) != 6 || pages != (6+limit-1)/limit {
				t.Errorf("in pages of %d: %d entries, %d pages", limit, len(all), pages)
			}
			for i, entry := range all {
				if entry["rev"] != past[i].Rev {
					t.Errorf("in pages of %d: %v at %d", limit, entry["rev"], i)
				}
			}
		}
		link := s.as(t, "ada", "GET", path(task)+"/history?limit=1", "").header.Get("Link")
		next := nextPath.FindStringSubmatch(link)[1]
		other := s.create(t, "ada", `{"title":"x"}`)
		wantInvalid(t, "a cursor of another task", s.as(t, "ada", "GET", strings.Replace(next, path(task), path(other), 1), ""), "cursor")
		wantInvalid(t, "a bad cursor", s.as(t, "ada", "GET", path(task)+"/history?cursor=x", ""), "cursor")
		wantInvalid(t, "no limit", s.as(t, "ada", "GET", path(task)+"/history?limit=0", ""), "limit")
		wantInvalid(t, "too much", s.as(t, "ada", "GET", path(task)+"/history?limit=1001", ""), "limit")
		wantInvalid(t, "unknown", s.as(t, "ada", "GET", path(task)+"/history?offset=1", ""), "offset")

		s.as(t, "ada", "POST", trashPath(task)+"/restore", "").want(t, http.StatusOK)
		restored := decode[[]object](t, s.as(t, "ada", "GET", path(task)+"/history?limit=1", ""))
		if fmt.Sprint(restored[0]["changes"]) != fmt.Sprint(map[string]any{"deleted_at": []any{at(0), nil}}) || restored[0]["op"] != "restored" {
			t.Errorf("%v", restored)
		}
	})
}

// TestAHistoryOfLongTextsComesInPages: none is longer than 8 MiB, and together they are all of it.
func TestAHistoryOfLongTextsComesInPages(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"x"}`)
		for i := range 6 {
			var updates []string
			for j := range 100 {
				text := strings.Repeat([]string{`\u0001`, `\u0002`}[j%2], 1000)
				updates = append(updates, fmt.Sprintf(`{"op":"update","id":%s,"task":{"title":"%d","description":`, id(task), i*100+j)+`"`+text+`"}}`)
			}
			s.as(t, "ada", "POST", batchPath, operations(true, updates...)).want(t, http.StatusOK)
		}
		seen := 0
		for next := path(task) + "/history?limit=1000"; next != ""; {
			a := s.as(t, "ada", "GET", next, "").want(t, http.StatusOK)
			if len(a.body) > 8<<20 {
				t.Errorf("a page of %d bytes", len(a.body))
			}
			seen += len(decode[[]object](t, a))
			next, _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
		}
		if seen != 601 {
			t.Errorf("%d changes", seen)
		}
	})
}
