package sqlite

import (
	"slices"
	"testing"
	"time"

	"todod/internal/todo"
)

// BenchmarkCompose says what a batch of 100 creates costs against five single ones, at the store, in turns:
//
//	go test ./internal/store/sqlite -run '^$' -bench Compose -benchtime 200x
func BenchmarkCompose(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir()+"/todod.db")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	service := todo.NewService(s, time.Now, todo.Rules{Quota: 1 << 30, KeysRemembered: time.Hour})
	ada := todo.User{ID: "ada"}
	p := todo.Patch{Title: todo.Some("a task of the benchmark"), Description: todo.Some("with some words")}
	steps := slices.Repeat([]todo.Step{{Op: todo.Created, Patch: p}}, todo.MaxBatch)
	var batches, creates []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := service.Batch(b.Context(), ada, steps, true, todo.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
		batches, start = append(batches, time.Since(start)), time.Now()
		for range 5 {
			if _, err := service.Create(b.Context(), ada, p, todo.WriteOptions{}); err != nil {
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
