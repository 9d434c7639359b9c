package postgres

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/internal/todo"
)

// withoutLog returns a change's statements without the arm that writes the log.
func withoutLog(b *testing.B, sql changeSQL) changeSQL {
	b.Helper()
	strip := func(sql string) string {
		before, rest, ok := strings.Cut(sql, ", c as (")
		_, after, found := strings.Cut(rest, "\n\t)")
		if !ok || !found {
			b.Fatalf("there is no arm c in %s", sql)
		}
		return before + ", c as (select $6::text)" + after // never executed; the argument must be somewhere
	}
	return changeSQL{strip(sql.plain), strip(sql.once)}
}

// BenchmarkLog says what the log of changes costs a write, and what a key costs: the statements as shipped, without the arm
// c, and with a key, one after the other in an order that changes, on a PostgreSQL with its own settings. It prints
// medians in microseconds and their ratios:
//
//	go test ./internal/store/postgres -run '^$' -bench Log -benchtime 3000x
//
// The database is in memory where there is room, so that no disk hides the cost; TMPDIR puts it on one.
func BenchmarkLog(b *testing.B) {
	server := pgtest.Start(b)
	if err := migrateOnly(b.Context(), server.URL); err != nil {
		b.Fatal(err)
	}
	s, err := newStore(Config{URL: server.URL, PoolSize: 1, PoolTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if err := s.prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	m := newLogBench(b, s)
	for b.Loop() {
		m.turn(b)
	}
	for _, op := range []string{"create", "toggle"} {
		shipped, bare, keyed := m.median(op), m.median(op+" without log"), m.median(op+" with key")
		b.ReportMetric(shipped, op+"-µs")
		b.ReportMetric(shipped/bare, op+"-with/without-log")
		b.ReportMetric(keyed/shipped, op+"-with/without-key")
	}
	b.ReportMetric(0, "ns/op") // a turn: of no interest
}

// A logBench is a user with tasks, and how long writes took.
type logBench struct {
	store *Store
	tasks []int64
	kinds map[string]func(b *testing.B) todo.Task
	took  map[string][]time.Duration
}

// newLogBench gives a user a thousand tasks.
func newLogBench(b *testing.B, s *Store) *logBench {
	m := &logBench{store: s, took: map[string][]time.Duration{}}
	create, toggle := createTask, toggleTask
	b.Cleanup(func() { createTask, toggleTask = create, toggle })
	bareCreate, bareToggle := withoutLog(b, create), withoutLog(b, toggle)
	m.kinds = map[string]func(b *testing.B) todo.Task{
		"create":             func(b *testing.B) todo.Task { createTask = create; return m.create(b, by("ada")) },
		"create without log": func(b *testing.B) todo.Task { createTask = bareCreate; return m.create(b, by("ada")) },
		"create with key":    func(b *testing.B) todo.Task { createTask = create; return m.create(b, once("ada")) },
		"toggle":             func(b *testing.B) todo.Task { toggleTask = toggle; return m.toggle(b, by("ada")) },
		"toggle without log": func(b *testing.B) todo.Task { toggleTask = bareToggle; return m.toggle(b, by("ada")) },
		"toggle with key":    func(b *testing.B) todo.Task { toggleTask = toggle; return m.toggle(b, once("ada")) },
	}
	for range 1000 {
		m.tasks = append(m.tasks, m.create(b, by("ada")).ID)
	}
	if _, err := s.pool.Exec(b.Context(), "analyze todod.users, todod.tasks"); err != nil { // as autovacuum does, a minute later
		b.Fatal(err)
	}
	for kind, do := range m.kinds {
		log, err := s.History(b.Context(), "ada", do(b).ID, 0, 1)
		if err != nil || (len(log) == 0) != strings.HasSuffix(kind, "without log") {
			b.Fatalf("%s: the log has %v, %v", kind, log, err)
		}
	}
	return m
}

// turn does each kind of write once.
func (m *logBench) turn(b *testing.B) {
	kinds := make([]string, 0, len(m.kinds))
	for kind := range m.kinds {
		kinds = append(kinds, kind)
	}
	rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for _, kind := range kinds {
		start := time.Now()
		m.kinds[kind](b)
		m.took[kind] = append(m.took[kind], time.Since(start))
	}
}

// median returns the median of what one kind of write took, in microseconds.
func (m *logBench) median(kind string) float64 {
	took := m.took[kind]
	slices.Sort(took)
	return float64(took[len(took)/2]) / float64(time.Microsecond)
}

// create makes a task.
func (m *logBench) create(b *testing.B, w todo.Write) todo.Task {
	p := todo.Patch{Title: todo.Some("a task of the benchmark"), Description: todo.Some("with some words")}
	out, err := m.store.Create(b.Context(), "ada", p.NewTask("ada", noon), 1<<30, w)
	if err != nil {
		b.Fatal(err)
	}
	return out.Task
}

// toggle toggles one of the tasks.
func (m *logBench) toggle(b *testing.B, w todo.Write) todo.Task {
	out, err := m.store.Toggle(b.Context(), "ada", m.tasks[rand.IntN(len(m.tasks))], w)
	if err != nil {
		b.Fatal(err)
	}
	return out.Task
}
