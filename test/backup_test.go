package test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"todod/test/tododtest"
)

// backupWriters is how many people write while backups are made, each all the time.
const backupWriters = 8

// revisionBump is by how much revisions rise when a backup is restored.
const revisionBump = 10_000_000_000

// A written task is what its owner has been told last.
type written struct {
	ID        int64  `json:"id"`
	Title     string `json:"title"`
	Completed bool   `json:"completed"`
	Version   int64  `json:"version"`
}

// A ledger is what one person has been told of their tasks.
type ledger struct {
	token string

	mu    sync.Mutex
	tasks map[int64]written
	gone  map[int64]bool // told to be deleted
	going map[int64]bool // asked to be deleted: nobody knows
	told  int            // changes
}

// ask sends a request of the ledger's person and returns the answer, which must have this status.
func (l *ledger) ask(client *http.Client, status int, method, url, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != status {
		err = fmt.Errorf("%s %s: status %d: %.300s", method, url, resp.StatusCode, text)
	}
	return text, err
}

// note enters what an answer says.
func (l *ledger) note(text []byte) error {
	var t written
	if err := json.Unmarshal(text, &t); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks[t.ID] = t
	l.told++
	return nil
}

// any returns some task.
func (l *ledger) any() (id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id = range l.tasks {
		return id
	}
	return 0
}

// write makes one change: mostly a new task, sometimes another state of one, or its end.
func (l *ledger) write(client *http.Client, url string, n int) error {
	tasks := url + "/api/v1/tasks"
	id := l.any()
	switch {
	case n%4 == 1 && id != 0:
		text, err := l.ask(client, http.StatusOK, http.MethodPatch, fmt.Sprintf("%s/%d/toggle", tasks, id), "")
		if err != nil {
			return err
		}
		return l.note(text)
	case n%8 == 2 && id != 0:
		l.mu.Lock()
		l.going[id] = true
		l.mu.Unlock()
		_, err := l.ask(client, http.StatusNoContent, http.MethodDelete, fmt.Sprintf("%s/%d", tasks, id), "")
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			delete(l.tasks, id)
			l.gone[id] = true
			l.told++
		}
		return err
	}
	text, err := l.ask(client, http.StatusCreated, http.MethodPost, tasks, fmt.Sprintf(`{"title":"task %d"}`, n))
	if err != nil {
		return err
	}
	return l.note(text)
}

// copied returns the ledger as it is now.
func (l *ledger) copied() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &ledger{token: l.token, tasks: maps.Clone(l.tasks), gone: maps.Clone(l.gone), told: l.told, going: maps.Clone(l.going)}
}

// A madeBackup is a backup, and what everybody had been told when it began.
type madeBackup struct {
	file    string
	ledgers []*ledger
	took    time.Duration
	during  int // changes that were told while it was made
}

// TestBackupsUnderFire: whatever is written meanwhile, a backup is sound, holds every write that was acknowledged
// before it began, and nothing half; and what it is restored to works on.
func TestBackupsUnderFire(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	env := []string{"BETTER_AUTH_SECRET=" + rand.Text() + rand.Text(), "MAX_TASKS_PER_USER=1000000"}
	p := tododtest.Start(t, folder, env...)
	ledgers := make([]*ledger, backupWriters)
	for i := range ledgers {
		ledgers[i] = &ledger{
			token: token(t, folder, env, fmt.Sprint("writer ", i)),
			tasks: map[int64]written{}, gone: map[int64]bool{}, going: map[int64]bool{},
		}
		preload(t, p.URL, ledgers[i], backupTasks/backupWriters)
	}
	var stop atomic.Bool
	var writers sync.WaitGroup
	for i, l := range ledgers {
		writers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for n := i; !stop.Load(); n++ {
				if err := l.write(client, p.URL, n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var made []madeBackup
	for i := range backups {
		time.Sleep(backupEvery)
		made = append(made, backUp(t, folder, env, ledgers, filepath.Join(t.TempDir(), fmt.Sprint("backup", i))))
	}
	stop.Store(true)
	writers.Wait()
	last := made[len(made)-1]
	if out, code := command(t, folder, env, "restore", last.file); code != 1 || !strings.Contains(out, "in use") {
		t.Errorf("under a running server: exit code %d, %s", code, out)
	}
	p.Signal(t, syscall.SIGTERM)
	total, during := 0, 0
	for _, b := range made {
		wantSound(t, b.file)
		checkRestored(t, t.TempDir(), env, b)
		for _, l := range b.ledgers {
			total += len(l.tasks)
		}
		during += b.during
	}
	checkRestored(t, folder, env, last) // in the place of what was there
	if during == 0 {
		t.Error("nothing was written during any backup")
	}
	t.Logf("%d backups; %d tasks compared; %d changes were acknowledged while they were made; the last took %v", len(made), total, during, last.took)
}

// preload makes n tasks, a hundred at a time.
func preload(t *testing.T, url string, l *ledger, n int) {
	t.Helper()
	const each = 100
	body := `{"atomic":true,"operations":[` + strings.Repeat(`{"op":"create","task":{"title":"preloaded"}},`, each-1) +
		`{"op":"create","task":{"title":"preloaded"}}]}`
	for range n / each {
		text, err := l.ask(http.DefaultClient, http.StatusOK, http.MethodPost, url+"/api/v1/tasks/batch", body)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Results []struct{ Task json.RawMessage }
		}
		if err := json.Unmarshal(text, &answer); err != nil || len(answer.Results) != each {
			t.Fatalf("%v: %.300s", err, text)
		}
		for _, r := range answer.Results {
			if err := l.note(r.Task); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// command runs todod and returns what it prints and its exit code.
func command(t *testing.T, folder string, env []string, args ...string) (out string, code int) {
	t.Helper()
	cmd := tododtest.Command(t, folder, env, args...)
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// backUp makes a backup while everybody writes.
func backUp(t *testing.T, folder string, env []string, ledgers []*ledger, file string) madeBackup {
	t.Helper()
	b := madeBackup{file: file}
	for _, l := range ledgers {
		b.ledgers = append(b.ledgers, l.copied())
		b.during -= b.ledgers[len(b.ledgers)-1].told
	}
	began := time.Now()
	out, code := command(t, folder, env, "backup", file)
	b.took = time.Since(began)
	if code != 0 {
		t.Fatalf("backup: exit code %d: %s", code, out)
	}
	for i, l := range ledgers {
		now := l.copied()
		b.during += now.told
		b.ledgers[i].going = now.going
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	return b
}

// half are queries that find what would be there if something had been copied in the middle of a change. Nothing of
// these people has been forgotten by the log.
var half = []string{
	"select user_id from users u where rev <> (select count(*) from changes c where c.user_id = u.user_id)",
	"select user_id from users u where rev <> (select max(rev) from changes c where c.user_id = u.user_id)",
	"select user_id from users u where task_count <> (select count(*) from tasks t where t.user_id = u.user_id and deleted_at is null)",
	"select id from tasks t where version <> (select max(rev) from changes c where c.user_id = t.user_id and c.task_id = t.id)",
	`select id from tasks t join changes c on c.user_id = t.user_id and c.rev = t.version
		where c.title <> t.title or c.completed <> t.completed or c.deleted_at is not t.deleted_at`,
	"select task_id from changes c where not exists (select 1 from tasks t where t.user_id = c.user_id and t.id = c.task_id)",
}

// wantSound fails the test unless a file passes SQLite's check and has nothing half.
func wantSound(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var found string
	if err := db.QueryRowContext(t.Context(), "pragma integrity_check").Scan(&found); err != nil || found != "ok" {
		t.Errorf("%s: %s, %v", file, found, err)
	}
	for _, query := range half {
		err := db.QueryRowContext(t.Context(), query).Scan(&found)
		if !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("%s: %s finds %s, %v", file, query, found, err)
		}
	}
}

// checkRestored restores a backup into a folder, serves from there, and compares with what everybody had been told.
func checkRestored(t *testing.T, folder string, env []string, b madeBackup) {
	t.Helper()
	if out, code := command(t, folder, env, "restore", b.file); code != 0 {
		t.Fatalf("restore: exit code %d: %s", code, out)
	}
	p := tododtest.Start(t, folder, env...)
	defer p.Signal(t, syscall.SIGKILL)
	for i, l := range b.ledgers {
		there := map[int64]written{}
		for offset := 0; ; offset += 1000 {
			var page []written
			text, err := l.ask(http.DefaultClient, http.StatusOK, http.MethodGet, fmt.Sprintf("%s/api/v1/tasks?limit=1000&offset=%d", p.URL, offset), "")
			if err = errors.Join(err, json.Unmarshal(text, &page)); err != nil {
				t.Fatal(err)
			}
			for _, task := range page {
				there[task.ID] = task
			}
			if len(page) < 1000 {
				break
			}
		}
		var wrong []string
		for id, told := range l.tasks {
			got, ok := there[id]
			if !ok && !l.going[id] || ok && (got.Version < told.Version || got.Version == told.Version && got != told) {
				wrong = append(wrong, fmt.Sprintf("told %+v, got %+v", told, got))
			}
		}
		for id := range l.gone {
			if got, ok := there[id]; ok {
				wrong = append(wrong, fmt.Sprintf("told to be deleted, got %+v", got))
			}
		}
		if len(wrong) > 0 {
			slices.Sort(wrong)
			t.Errorf("%s, writer %d: %d of %d tasks are not as they were acknowledged: %s", b.file, i, len(wrong), len(l.tasks), wrong[0])
		}
		var next written
		text, err := l.ask(http.DefaultClient, http.StatusCreated, http.MethodPost, p.URL+"/api/v1/tasks", `{"title":"after"}`)
		err = errors.Join(err, json.Unmarshal(text, &next))
		if err != nil || next.Version <= revisionBump || next.ID <= revisionBump {
			t.Errorf("after the restoration: %+v, %v", next, err)
		}
	}
}
