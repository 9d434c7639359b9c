package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/todo"
)

// An export is what an export document says.
type export struct {
	Format      string   `json:"format"`
	ExportedAt  string   `json:"exported_at"`
	FromRev     int64    `json:"from_rev"`
	Profile     object   `json:"profile"`
	Trash       []object `json:"trash"`
	Tasks       []object `json:"tasks"`
	Objects     []object `json:"lists_and_labels"`
	History     []object `json:"history"`
	Completions []object `json:"completions"`
	Sessions    []object `json:"sessions"`
	Networks    []object `json:"known_networks"`
	Imports     []object `json:"imports"`
	ToRev       int64    `json:"to_rev"`
	Complete    bool     `json:"complete"`
	exportedRaw string
}

// mustExport returns the export of who has this token. It must have all members there are, and no others.
func mustExport(t testing.TB, s *server, token string) export {
	t.Helper()
	a := s.with(t, token, "GET", "/api/v1/me/export", "").want(t, http.StatusOK)
	dec := json.NewDecoder(strings.NewReader(a.body))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	e := export{exportedRaw: a.body}
	if err := dec.Decode(&e); err != nil || !e.Complete || e.Format != "todod export 1" {
		t.Fatalf("%v: %s", err, a.body)
	}
	return e
}

// rev returns a number of an object.
func rev(t testing.TB, o object, name string) int64 {
	t.Helper()
	n, ok := o[name].(json.Number)
	if !ok {
		t.Fatalf("no %s in %v", name, o)
	}
	v, err := n.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestExport: everything as the routes show it, and nobody else's.
func TestExport(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		eve := s.register(t, "eve@example.com")
		s.with(t, eve.Token, "POST", "/api/v1/tasks", `{"title":"Eve's secret"}`).want(t, http.StatusCreated)
		ada := s.register(t, "ada@example.com")
		create := func(body string) string {
			return path(decode[object](t, s.with(t, ada.Token, "POST", "/api/v1/tasks", body).want(t, http.StatusCreated)))
		}
		first, second, third := create(`{"title":"<a> & \u2028 😀","description":""}`), create(`{"title":"b","due_date":"2026-02-01"}`), create(`{"title":"c"}`)
		s.with(t, ada.Token, "PATCH", first+"/toggle", "").want(t, http.StatusOK)
		s.with(t, ada.Token, "PATCH", first, `{"due_date":"2026-02-01T10:00:00+01:00","description":null}`).want(t, http.StatusOK)
		for _, p := range []string{second, third} {
			s.with(t, ada.Token, "DELETE", p, "").want(t, http.StatusNoContent)
		}
		s.with(t, ada.Token, "DELETE", strings.Replace(third, "tasks", "trash", 1), "").want(t, http.StatusNoContent)
		old := todo.ImportedTask{OldID: "7", Task: todo.Task{Title: "old", Priority: todo.High, CreatedAt: time.UnixMicro(1), UpdatedAt: time.UnixMicro(1)}}
		owner := todo.UserID(ada.User.ID)
		if _, err := todo.ImportTasks(t.Context(), s.store, owner, "elsewhere", []todo.ImportedTask{old}, time.Now()); err != nil {
			t.Fatal(err)
		}

		a := s.with(t, ada.Token, "GET", "/api/v1/me/export", "").want(t, http.StatusOK)
		if !regexp.MustCompile(`^attachment; filename="todod-export-\d{8}T\d{6}Z\.json"$`).MatchString(a.header.Get("Content-Disposition")) ||
			a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", a.header)
		}
		e := mustExport(t, s, ada.Token)
		if profile := s.with(t, ada.Token, "GET", "/api/v1/me", ""); text(t, e.Profile) != text(t, decode[object](t, profile)) {
			t.Errorf("profile %v, want %s", e.Profile, profile.body)
		}
		for list, got := range map[string][]object{"/api/v1/tasks?sort=-created_at": e.Tasks, "/api/v1/trash": e.Trash} {
			want := decode[[]object](t, s.with(t, ada.Token, "GET", list, ""))
			if text(t, got) != text(t, want) {
				t.Errorf("%s: %v, want %v", list, got, want)
			}
		}
		completions := decode[[]object](t, s.with(t, ada.Token, "GET", "/api/v1/completions", ""))
		if len(completions) == 0 || text(t, e.Completions) != text(t, completions) {
			t.Errorf("completions %v, want %v", e.Completions, completions)
		}
		if e.FromRev != 9 || e.ToRev != 9 || len(e.History) != 9 {
			t.Errorf("from %d to %d, %d changes", e.FromRev, e.ToRev, len(e.History))
		}
		var ofFirst []object
		for i, c := range e.History {
			id := rev(t, c, "task_id")
			if rev(t, c, "rev") != int64(i+1) {
				t.Errorf("change %d: %v", i, c)
			}
			if strings.HasSuffix(third, fmt.Sprint("/", id)) && len(c["changes"].(map[string]any)) > 0 {
				t.Errorf("of what is gone for good: %v", c)
			}
			if strings.HasSuffix(first, fmt.Sprint("/", id)) {
				delete(c, "task_id")
				ofFirst = append([]object{c}, ofFirst...)
			}
		}
		if want := decode[[]object](t, s.with(t, ada.Token, "GET", first+"/history", "")); text(t, ofFirst) != text(t, want) {
			t.Errorf("history %v, want %v", ofFirst, want)
		}
		if len(e.Sessions) != 1 || len(e.Sessions[0]) != 2 || len(e.Networks) != 1 || len(e.Networks[0]) != 1 || len(e.Imports) != 1 || e.Imports[0]["source"] != "elsewhere" || e.Imports[0]["old_id"] != "7" {
			t.Errorf("sessions %v, networks %v, imports %v", e.Sessions, e.Networks, e.Imports)
		}
		for _, hidden := range []string{"Eve", eve.User.ID, goodPassword, "argon2", ada.RefreshToken, claim(t, ada.Token, "sid")} {
			if strings.Contains(e.exportedRaw, hidden) {
				t.Errorf("the document has %q", hidden)
			}
		}
		if !strings.Contains(s.log.String(), `"account.exported"`) {
			t.Error("nobody is told")
		}

		nobody := mustExport(t, s, mint(t, "nobody"))
		if got := regexp.MustCompile(`"exported_at":"[^"]*"`).ReplaceAllString(nobody.exportedRaw, `"exported_at":""`); got != `{"format":"todod export 1","exported_at":"","from_rev":0,`+
			`"profile":{"id":"nobody","email":null,"name":null,"created_at":null,"rev":0,"tasks":{"total":0,"open":0,"completed":0,"overdue":0},"trash":0,"time_zone":"UTC"},`+
			`"trash":[],"tasks":[],"lists_and_labels":[],"history":[],"completions":[],"sessions":[],"known_networks":[],"imports":[],"to_rev":0,"complete":true}`+"\n" {
			t.Errorf("of nobody: %s", got)
		}
		if head := s.with(t, ada.Token, "HEAD", "/api/v1/me/export", "").want(t, http.StatusOK); head.body != "" {
			t.Errorf("HEAD: %s", head.body)
		}
	})
}

// text returns v as JSON, the members of objects in order.
func text(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// interrupted is a store that calls before each step of an export that reads tasks, the log or the sessions.
type interrupted struct {
	account.FullStore
	before func(step string) error
}

// Snapshot implements todo.Store.
func (i *interrupted) Snapshot(ctx context.Context, owner todo.UserID, after int64, upTo todo.Rev, limit int) ([]todo.Task, todo.State, error) {
	if err := i.before("tasks"); err != nil {
		return nil, todo.State{}, err
	}
	return i.FullStore.Snapshot(ctx, owner, after, upTo, limit)
}

// Changes implements todo.Store.
func (i *interrupted) Changes(ctx context.Context, owner todo.UserID, since todo.Rev, limit int) ([]todo.Change, todo.State, error) {
	if err := i.before("log"); err != nil {
		return nil, todo.State{}, err
	}
	return i.FullStore.Changes(ctx, owner, since, limit)
}

// Sessions implements account.Store.
func (i *interrupted) Sessions(ctx context.Context, owner todo.UserID, after string, limit int) ([]account.Session, error) {
	if err := i.before("sessions"); err != nil {
		return nil, err
	}
	return i.FullStore.Sessions(ctx, owner, after, limit)
}

// withTasks has ada own n tasks with long descriptions in a store, and returns their ids.
func withTasks(t testing.TB, s account.FullStore, n int) (ids []int64) {
	t.Helper()
	old := make([]todo.ImportedTask, n)
	for i := range old {
		description := strings.Repeat("é", 500)
		old[i] = todo.ImportedTask{OldID: fmt.Sprint(i), Task: todo.Task{
			Title: fmt.Sprint("task ", i), Description: &description, Priority: todo.Low, CreatedAt: time.UnixMicro(1), UpdatedAt: time.UnixMicro(1),
		}}
	}
	for part := range slices.Chunk(old, 500) {
		if _, err := todo.ImportTasks(t.Context(), s, "ada", "elsewhere", part, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for after := int64(0); len(ids) < n; after = ids[len(ids)-1] {
		tasks, _, err := s.Snapshot(t.Context(), "ada", after, 1<<60, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			ids = append(ids, task.ID)
		}
	}
	return ids
}

// TestAnExportWhileSomebodyWrites, between one page and the next: every task is there as it was or became, and the log
// tells the rest.
func TestAnExportWhileSomebodyWrites(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		ids := withTasks(t, s.store, 420) // three pages
		at := func(id int64) string { return fmt.Sprint("/api/v1/tasks/", id) }
		inTrash := func(id int64) string { return fmt.Sprint("/api/v1/trash/", id) }
		for _, id := range []int64{ids[10], ids[11], ids[300]} {
			s.as(t, "ada", "DELETE", at(id), "").want(t, http.StatusNoContent)
		}
		step, made := 0, int64(0)
		hooked := newServer(t, &interrupted{s.store, func(what string) error {
			if step++; what == "tasks" && step == 2 { // the trash and a page of tasks have been read
				s.as(t, "ada", "DELETE", at(ids[0]), "").want(t, http.StatusNoContent)
				s.as(t, "ada", "DELETE", at(ids[350]), "").want(t, http.StatusNoContent)
				s.as(t, "ada", "POST", inTrash(ids[10])+"/restore", "").want(t, http.StatusOK)
				s.as(t, "ada", "POST", inTrash(ids[300])+"/restore", "").want(t, http.StatusOK)
				s.as(t, "ada", "DELETE", inTrash(ids[11]), "").want(t, http.StatusNoContent)
				s.as(t, "ada", "PATCH", at(ids[1])+"/toggle", "").want(t, http.StatusOK)
				s.as(t, "ada", "PATCH", at(ids[360])+"/toggle", "").want(t, http.StatusOK)
				made = rev(t, s.create(t, "ada", `{"title":"new"}`), "id")
			}
			if what == "sessions" {
				s.create(t, "ada", `{"title":"too late"}`)
			}
			return nil
		}}, nil)
		e := mustExport(t, hooked, mint(t, "ada"))
		if e.FromRev != 423 || e.ToRev != 431 || len(e.History) != 431 {
			t.Errorf("from %d to %d, %d changes", e.FromRev, e.ToRev, len(e.History))
		}
		read := map[int64]object{}
		for _, task := range slices.Concat(e.Trash, e.Tasks) {
			id := rev(t, task, "id")
			if have := read[id]; have == nil || rev(t, have, "version") < rev(t, task, "version") {
				read[id] = task
			}
		}
		// What came after a task was read, the log says.
		for _, c := range e.History {
			id := rev(t, c, "task_id")
			if have := read[id]; have != nil && rev(t, c, "rev") > rev(t, have, "version") {
				for field, values := range c["changes"].(map[string]any) {
					have[field] = values.([]any)[1]
				}
			}
			if c["op"] == "purged" {
				delete(read, id)
			}
		}
		for _, id := range append(slices.Clone(ids), made) {
			a := s.as(t, "ada", "GET", at(id), "")
			have := read[id]
			switch {
			case id == ids[11]:
				if have != nil {
					t.Errorf("what is gone for good: %v", have)
				}
			case have == nil:
				t.Errorf("%d is missing", id)
			case a.status == http.StatusNotFound:
				if have["deleted_at"] == nil {
					t.Errorf("in the trash: %v", have)
				}
			default:
				want := decode[object](t, a)
				if have["deleted_at"] == nil {
					delete(have, "deleted_at")
				}
				for _, passing := range []string{"version", "updated_at"} { // of these the log says it in its own way
					delete(have, passing)
					delete(want, passing)
				}
				if text(t, have) != text(t, want) {
					t.Errorf("read as %s, is %s", text(t, have), a.body)
				}
			}
		}
	})
}

// TestAFailedExportLooksLikeOne: what had begun is cut off, what hadn't is answered.
func TestAFailedExportLooksLikeOne(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		fail := func(at string, err error) *server {
			return newServer(t, &interrupted{s.store, func(what string) error {
				if what == at {
					return err
				}
				return nil
			}}, nil)
		}
		erase := func() *server {
			return newServer(t, &interrupted{s.store, func(what string) error {
				if what == "sessions" {
					return s.store.Erase(t.Context(), "ada", time.Now())
				}
				return nil
			}}, nil)
		}
		away := todo.ServiceUnavailable(errors.New("gone"))
		s.create(t, "ada", `{"title":"x"}`)
		for _, c := range []struct {
			failing *server
			want    int
		}{{fail("log", away), 503}, {fail("sessions", errors.New("bug")), 500}, {erase(), 401}} {
			a := c.failing.as(t, "ada", "GET", "/api/v1/me/export", "").want(t, c.want)
			if a.header.Get("Content-Disposition") != "" || decode[object](t, a)["status"] != json.Number(fmt.Sprint(c.want)) {
				t.Errorf("%d: %s %v", c.want, a.body, a.header)
			}
			if strings.Contains(c.failing.log.String(), "account.exported") {
				t.Errorf("%d: it is said to be done", c.want)
			}
		}

		token := mintAs(t, auth.Claims{Subject: "ada"}, 20*time.Second)
		if _, err := todo.ImportTasks(t.Context(), s.store, "ada", "x", nil, time.Now()); todo.CodeOf(err) != todo.Forbidden {
			t.Fatal(err) // she was erased
		}
		for i := range 60 {
			s.with(t, token, "POST", "/api/v1/tasks", fmt.Sprintf(`{"title":"%d","description":%q}`, i, strings.Repeat("é", 900))).want(t, http.StatusCreated)
		}
		for _, failing := range []*server{fail("log", away), fail("sessions", errors.New("bug"))} {
			body, err := cutOff(t, failing, token)
			if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 || json.Valid(body) || strings.Contains(string(body), `"complete"`) {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			if !strings.Contains(failing.log.String(), `"account.export_cut"`) || strings.Contains(failing.log.String(), `"account.exported"`) {
				t.Error("not told as what it is")
			}
		}
		mustExport(t, s, token)
	})
}

// cutOff returns what comes of an export until it ends, and how it ends.
func cutOff(t *testing.T, s *server, token string) ([]byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/me/export", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}
