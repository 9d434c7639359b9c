package postgres

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/internal/todo"
)

// withoutLog returns a change's statement without the arm that writes the log.
func withoutLog(b *testing.B, sql string) string {
	b.Helper()
	before, rest, ok := strings.Cut(sql, ", c as (")
	_, after, found := strings.Cut(rest, "\n\t)")
	if !ok || !found {
		b.Fatalf("there is no arm c in %s", sql)
	}
	return before + ", c as (select $6::text)" + after // never executed; the argument must be somewhere
}

// BenchmarkLog says what the log of changes costs: the statements as shipped and without the arm c, in turn, on a
// PostgreSQL with its own settings, by 16 users at once. And likewise what a key costs. Each iteration is a round; it
// prints medians:
//
//	go test ./internal/store/postgres -run '^$' -bench Log -benchtime 7x
//
// The database is in memory where there is room; TMPDIR puts it on a disk.
func BenchmarkLog(b *testing.B) {
	server := pgtest.Start(b)
	if err := migrateOnly(b.Context(), server.URL); err != nil {
		b.Fatal(err)
	}
	s, err := newStore(Config{URL: server.URL, PoolSize: 16, PoolTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if err := s.prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	m := &logBench{store: s, tasks: make([][]int64, 16)}
	m.load(b)
	create, toggle := createTask, toggleTask
	b.Cleanup(func() { createTask, toggleTask = create, toggle })
	bareCreate := changeSQL{withoutLog(b, create.plain), withoutLog(b, create.once)}
	bareToggle := changeSQL{withoutLog(b, toggle.plain), withoutLog(b, toggle.once)}
	createTask = bareCreate
	if log, err := s.History(b.Context(), m.user(0), m.create(b, 0, 0, by(m.user(0))).ID, 0, 1); err != nil || len(log) > 0 {
		b.Fatalf("the log is written all the same: %v, %v", log, err)
	}
	rates := map[string][]float64{}
	for b.Loop() {
		for _, log := range []bool{true, false} {
			createTask, toggleTask = create, toggle
			if !log {
				createTask, toggleTask = bareCreate, bareToggle
			}
			rates[fmt.Sprint("create ", log)] = append(rates[fmt.Sprint("create ", log)], m.rate(b, m.create, false))
			rates[fmt.Sprint("toggle ", log)] = append(rates[fmt.Sprint("toggle ", log)], m.rate(b, m.toggle, false))
		}
		createTask, toggleTask = create, toggle
		rates["create keyed"] = append(rates["create keyed"], m.rate(b, m.create, true))
		rates["toggle keyed"] = append(rates["toggle keyed"], m.rate(b, m.toggle, true))
	}
	for _, op := range []string{"create", "toggle"} {
		shipped, bare, keyed := medianOf(rates[op+" true"]), medianOf(rates[op+" false"]), medianOf(rates[op+" keyed"])
		b.ReportMetric(shipped, op+"s/s")
		b.ReportMetric(shipped/bare, op+"-logged/unlogged")
		b.ReportMetric(keyed/shipped, op+"-keyed/unkeyed")
	}
	b.ReportMetric(0, "ns/op") // a round: of no interest
}

// medianOf returns the median of some rates.
func medianOf(rates []float64) float64 {
	slices.Sort(rates)
	return rates[len(rates)/2]
}

// A logBench has users with tasks.
type logBench struct {
	store *Store
	tasks [][]int64 // by user
}

// load gives each user tasks.
func (m *logBench) load(b *testing.B) {
	for n := range m.tasks {
		for range 500 {
			m.tasks[n] = append(m.tasks[n], m.create(b, n, 0, by(m.user(n))).ID)
		}
	}
}

// user returns the nth user.
func (m *logBench) user(n int) todo.UserID { return todo.UserID(fmt.Sprintf("user%d", n)) }

// rate has every user do the same for a second, and returns how often a second it was done.
func (m *logBench) rate(b *testing.B, do func(b *testing.B, user, turn int, w todo.Write) todo.Task, keyed bool) float64 {
	var done atomic.Int64
	var users sync.WaitGroup
	start := time.Now()
	for n := range m.tasks {
		users.Go(func() {
			for turn := 0; time.Since(start) < time.Second && !b.Failed(); turn++ {
				w := by(m.user(n))
				if keyed {
					w = once(m.user(n))
				}
				do(b, n, turn, w)
				done.Add(1)
			}
		})
	}
	users.Wait()
	return float64(done.Load()) / time.Since(start).Seconds()
}

// create makes a task of a user's.
func (m *logBench) create(b *testing.B, user, _ int, w todo.Write) todo.Task {
	p := todo.Patch{Title: todo.Some("a task of the benchmark"), Description: todo.Some("with some words")}
	out, err := m.store.Create(b.Context(), m.user(user), p.NewTask(m.user(user), noon), 1<<30, w)
	if err != nil {
		b.Error(err)
	}
	return out.Task
}

// toggle toggles one of a user's tasks after the other.
func (m *logBench) toggle(b *testing.B, user, turn int, w todo.Write) todo.Task {
	out, err := m.store.Toggle(b.Context(), m.user(user), m.tasks[user][turn%len(m.tasks[user])], w)
	if err != nil {
		b.Error(err)
	}
	return out.Task
}
