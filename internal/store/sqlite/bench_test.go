package sqlite

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/todo"
)

// newService returns the use cases over a store on a file of its own.
func newService(b *testing.B) *todo.Service {
	b.Helper()
	s, err := Open(b.Context(), b.TempDir()+"/todod.db")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return todo.NewService(s, time.Now, todo.Rules{Quota: 1 << 30, KeysRemembered: time.Hour})
}

// newTask is what tasks are made of here.
var newTask = todo.Patch{Title: todo.Some("a task of the benchmark"), Description: todo.Some("with some words")}

// daily is what recurring tasks are made of here.
var daily = todo.Patch{
	Title: todo.Some("a task that comes back"), Due: todo.Some(todo.Date{At: time.Now().Add(time.Hour)}),
	Recurrence: todo.Some(todo.RecurrencePatch{Rule: todo.Some("FREQ=DAILY")}),
}

// BenchmarkChanges says how many changes a second there are with 64 people at once, at the store:
//
//	go test ./internal/store/sqlite -run '^$' -bench Changes -benchtime 50000x
func BenchmarkChanges(b *testing.B) {
	for name, change := range map[string]func(*todo.Service, todo.User, int64, int64) error{
		"create": func(s *todo.Service, by todo.User, _, _ int64) error {
			_, err := s.Create(b.Context(), by, newTask, todo.WriteOptions{})
			return err
		},
		"create-with-key": func(s *todo.Service, by todo.User, _, n int64) error {
			once := &todo.Idempotency{Key: fmt.Sprint(n), Fingerprint: make([]byte, 32), Status: 201}
			_, err := s.Create(b.Context(), by, newTask, todo.WriteOptions{Idempotency: once})
			return err
		},
		"toggle": func(s *todo.Service, by todo.User, id, _ int64) error {
			_, err := s.Toggle(b.Context(), by, id, todo.WriteOptions{})
			return err
		},
		"recur": func(s *todo.Service, by todo.User, id, _ int64) error {
			_, err := s.Complete(b.Context(), by, id+1, nil, todo.WriteOptions{})
			return err
		},
		"update": func(s *todo.Service, by todo.User, id, n int64) error {
			_, err := s.Update(b.Context(), by, id, todo.Patch{Title: todo.Some(fmt.Sprint(n))}, todo.WriteOptions{})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) { benchmarkChanges(b, change) })
	}
}

// benchmarkChanges has 64 people make changes at once.
func benchmarkChanges(b *testing.B, change func(s *todo.Service, by todo.User, id, n int64) error) {
	s := newService(b)
	var people [64]todo.User
	var ids [64]int64
	for i := range people {
		people[i] = todo.User{ID: todo.UserID(fmt.Sprintf("user-%d", i)), AsOf: time.Now()}
		made, err := s.Create(b.Context(), people[i], newTask, todo.WriteOptions{})
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = made.Task.ID
		if _, err := s.Create(b.Context(), people[i], daily, todo.WriteOptions{}); err != nil { // the next id
			b.Fatal(err)
		}
	}
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for i := range people {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := change(s, people[i], ids[i], n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}

// BenchmarkBatch says what a batch of 100 creates costs against five single ones, at the store, in turns:
//
//	go test ./internal/store/sqlite -run '^$' -bench Batch -benchtime 200x
func BenchmarkBatch(b *testing.B) {
	service := newService(b)
	ada := todo.User{ID: "ada"}
	steps := slices.Repeat([]todo.Step{{Op: todo.Created, Patch: newTask}}, todo.MaxBatch)
	var batches, creates []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := service.Batch(b.Context(), ada, steps, true, todo.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
		batches, start = append(batches, time.Since(start)), time.Now()
		for range 5 {
			if _, err := service.Create(b.Context(), ada, newTask, todo.WriteOptions{}); err != nil {
				b.Fatal(err)
			}
		}
		creates = append(creates, time.Since(start))
	}
	slices.Sort(batches)
	slices.Sort(creates)
	batch, five := batches[len(batches)/2], creates[len(creates)/2]
	b.ReportMetric(float64(batch.Microseconds()), "batch-µs")
	b.ReportMetric(float64(five.Microseconds()), "five-creates-µs")
	b.ReportMetric(float64(batch)/float64(five), "batch/five-creates")
	b.ReportMetric(0, "ns/op") // a turn: of no interest
}
