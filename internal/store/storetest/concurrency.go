package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"todod/internal/todo"
)

// atOnce runs n calls of f at the same time and fails the test with the first error.
func atOnce(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// patiently does f again as long as that is a Conflict, for a minute: on a busy machine, a turn comes later than a store
// waits for a lock.
func patiently(f func() error) error {
	for end := time.Now().Add(time.Minute); ; {
		if err := f(); todo.CodeOf(err) != todo.Conflict || time.Now().After(end) {
			return err
		}
	}
}

// testTogglesAtOnce: an even number of flips ends where it began, each with a revision of its own.
func testTogglesAtOnce(t *testing.T, s Store) {
	const n = 64
	ada := newUser()
	task := mustCreate(t, s, ada, titled("x"))
	seen := make([]todo.Task, n)

	atOnce(t, n, func(i int) (err error) {
		seen[i], err = taskOf(s.Toggle(context.Background(), ada, task.ID, by(ada)))
		return err
	})

	if got := mustRead(t, s, ada, task.ID); got.Completed || got.Version != task.Version+n {
		t.Errorf("completed %v, version %d; want false, %d", got.Completed, got.Version, task.Version+n)
	}
	slices.SortFunc(seen, func(a, b todo.Task) int { return int(a.Version - b.Version) })
	for i, got := range seen {
		if got.Version != task.Version+1+todo.Rev(i) || got.Completed != (i%2 == 0) {
			t.Fatalf("answer %d of the sequence: version %d, completed %v", i, got.Version, got.Completed)
		}
	}
}

// testFirstWritesAtOnce: an owner who isn't known yet is locked like any other.
func testFirstWritesAtOnce(t *testing.T, s Store) {
	const n = 32
	for range 5 {
		ada := newUser()
		revs, ids := make([]todo.Rev, n), make([]int64, n)
		atOnce(t, n, func(i int) error {
			task, err := create(t, s, ada, titled("x"))
			revs[i], ids[i] = task.Version, task.ID
			return err
		})
		slices.Sort(revs)
		for i, rev := range revs {
			if rev != todo.Rev(i+1) {
				t.Fatalf("revisions %v, want 1 to %d", revs, n)
			}
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != n {
			t.Fatal("an id was given out twice")
		}
	}
}

// testOwnersAtOnce: everyone's revisions are their own, and so are their tasks.
func testOwnersAtOnce(t *testing.T, s Store) {
	const owners, each = 8, 12
	users := make([]todo.UserID, owners)
	for i := range users {
		users[i] = newUser()
	}

	atOnce(t, owners*each, func(i int) error {
		_, err := create(t, s, users[i%owners], titled(string(users[i%owners])))
		return err
	})

	for _, user := range users {
		tasks := mustList(t, s, user, todo.Filter{}).Tasks
		if len(tasks) != each {
			t.Fatalf("%d tasks, want %d", len(tasks), each)
		}
		var highest todo.Rev
		for _, task := range tasks {
			highest = max(highest, task.Version)
			if task.Title != string(user) {
				t.Fatalf("%s has a task of %s", user, task.Title)
			}
		}
		if highest != each {
			t.Errorf("the highest revision is %d, want %d", highest, each)
		}
	}
}

// testQuotaAtOnce: exactly as many creates get through as there is room for.
func testQuotaAtOnce(t *testing.T, s Store) {
	const n, quota = 24, 10
	ada := newUser()
	var mu sync.Mutex
	refused := 0
	atOnce(t, n, func(int) error {
		_, err := s.Create(context.Background(), ada, titled("x"), quota, by(ada))
		if todo.CodeOf(err) == todo.Conflict {
			mu.Lock()
			refused++
			mu.Unlock()
			return nil
		}
		return err
	})
	if page := mustList(t, s, ada, todo.Filter{}); len(page.Tasks) != quota || refused != n-quota {
		t.Errorf("%d tasks and %d refusals, want %d and %d", len(page.Tasks), refused, quota, n-quota)
	}
}
