package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"todod/internal/todo"
)

// What one person may do at most at the limits that apply by default, RATE_LIMIT_AUTHENTICATED=600/m: a batch of a hundred
// operations costs 11.
const (
	batchesAMinute = 600 / 11
	worstTasks     = 10_000
)

// AnHour writes what takes the most room that one person can write in an hour of a clock of its own: batches that give a
// hundred tasks new descriptions, of a thousand characters of four bytes, each with a key, and as many tasks go to the trash
// as fit there. It returns the most that size has said after any minute, and what it said before.
func AnHour(t *testing.T, s Store, size func() int64) (before, most int64) {
	t.Helper()
	now := noon
	service := todo.NewService(s, func() time.Time { return now }, todo.Rules{
		Quota: worstTasks, KeysRemembered: 24 * time.Hour, TrashRemembered: 30 * 24 * time.Hour, LogRemembered: 90 * 24 * time.Hour,
		Logged: 100_000, Keys: 20_000,
	})
	h := &hour{t: t, service: service, by: todo.User{ID: newUser(), AsOf: now}}
	before = size()
	for minute := range 60 {
		for i := range batchesAMinute {
			now = now.Add(time.Minute / batchesAMinute)
			h.batch(fmt.Sprintf("%d-%d", minute, i))
			if i == batchesAMinute/2 || i == batchesAMinute-1 { // todod does so every 30 seconds
				if _, err := service.TidyNoted(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		most = max(most, size())
	}
	return before, most
}

// hour is somebody who writes as much as they can.
type hour struct {
	t       *testing.T
	service *todo.Service
	by      todo.User
	ids     []int64
	trashed int
}

// batch carries out the next hundred operations: as long as there is room, it makes tasks, half of which go to the trash;
// then it changes them.
func (h *hour) batch(key string) {
	h.t.Helper()
	steps := make([]todo.Step, todo.MaxBatch)
	for i := range steps {
		patch := todo.Patch{Title: todo.Some(longText(todo.MaxTitle)), Description: todo.Some(longText(todo.MaxDescription))}
		switch n := len(h.ids); {
		case n == worstTasks && h.trashed < worstTasks: // each makes room for another
			steps[i] = todo.Step{Op: todo.Deleted, ID: h.ids[i]}
			h.trashed++
		case n < worstTasks:
			steps[i] = todo.Step{Op: todo.Created, Patch: patch}
		default:
			patch.Title = todo.Opt[string]{}
			steps[i] = todo.Step{Op: todo.Updated, ID: h.ids[rand.IntN(n)], Patch: patch} //nolint:gosec // no secret
		}
	}
	out, err := h.service.Batch(h.t.Context(), h.by, steps, true, keyed(key))
	if err != nil {
		h.t.Fatal(err)
	}
	if steps[0].Op == todo.Deleted {
		h.ids = h.ids[todo.MaxBatch:]
	}
	for _, r := range out.Results {
		if r.Op == todo.Created {
			h.ids = append(h.ids, r.Task.ID)
		}
	}
}

// longText returns a text of n letters of four bytes each, by chance.
func longText(n int) string {
	var b strings.Builder
	for range n {
		b.WriteRune(0x20000 + rand.Int32N(0xa000)) //nolint:gosec // no secret
	}
	return b.String()
}

// Budget is how many bytes of disk one person takes up at most at the limits that apply by default, whatever they write,
// as docs/security.md says.
const Budget = 2 << 30
