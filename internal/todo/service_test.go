package todo

import (
	"context"
	"testing"
	"time"
)

// recorder is a store that remembers what it was asked.
type recorder struct {
	Store
	task   Task
	quota  int
	write  Write
	filter Filter
	calls  int
}

// Create implements Store.
func (r *recorder) Create(_ context.Context, _ UserID, t Task, quota int, w Write) (WriteResult, error) {
	r.task, r.quota, r.write = t, quota, w
	r.calls++
	return WriteResult{Task: t}, nil
}

// Update implements Store.
func (r *recorder) Update(context.Context, UserID, int64, Patch, Write) (WriteResult, error) {
	r.calls++
	return WriteResult{}, nil
}

// SigningKey implements Store.
func (r *recorder) SigningKey(context.Context) ([]byte, error) { return make([]byte, 32), nil }

// Tasks implements Store.
func (r *recorder) Tasks(_ context.Context, _ UserID, f Filter) (Page, error) {
	r.filter = f
	r.calls++
	return Page{}, nil
}

func TestTheServiceSaysWhen(t *testing.T) {
	t.Parallel()
	store := &recorder{}
	now := time.Date(2026, 1, 15, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	s := NewService(store, func() time.Time { return now }, Rules{Quota: 5, KeysRemembered: time.Hour})
	ada := User{ID: "ada", Email: "ada@example.com"}

	if _, err := s.Create(t.Context(), ada, Patch{Title: Some(" x "), Completed: Some(true)}, WriteOptions{Idempotency: &Idempotency{Key: "k"}}); err != nil {
		t.Fatal(err)
	}

	want := now.UTC().Truncate(time.Microsecond)
	if store.write.At != want || store.task.CreatedAt != want || *store.task.CompletedAt != want || store.write.By != ada {
		t.Errorf("%+v, %+v", store.write, store.task)
	}
	if want := want.Add(-time.Hour); store.write.Idempotency.Since != want {
		t.Errorf("keys are remembered since %s, want %s", store.write.Idempotency.Since, want)
	}
	if store.task.Title != "x" || store.task.Owner != "ada" || store.task.Priority != Medium || store.quota != 5 {
		t.Errorf("%+v, quota %d", store.task, store.quota)
	}
}

func TestTheServiceRefusesBeforeTheStoreIsAsked(t *testing.T) {
	t.Parallel()
	store := &recorder{}
	s := NewService(store, time.Now, Rules{Quota: 5})
	_, noTitle := s.Create(t.Context(), User{ID: "ada"}, Patch{}, WriteOptions{})
	_, nullTitle := s.Create(t.Context(), User{ID: "ada"}, Patch{Title: Null[string]()}, WriteOptions{})
	_, badUpdate := s.Update(t.Context(), User{ID: "ada"}, 1, Patch{Title: Some("")}, WriteOptions{})
	_, badList := s.Tasks(t.Context(), User{ID: "ada"}, Filter{Limit: MaxLimit + 1})
	for _, err := range []error{noTitle, nullTitle, badUpdate, badList} {
		if CodeOf(err) != Invalid {
			t.Errorf("got %v", err)
		}
	}
	if store.calls != 0 {
		t.Errorf("the store was asked %d times", store.calls)
	}
}

func TestListsAreNewestFirstUnlessAskedOtherwise(t *testing.T) {
	t.Parallel()
	store := &recorder{}
	s := NewService(store, time.Now, Rules{Quota: 5})
	if _, err := s.Tasks(t.Context(), User{ID: "ada"}, Filter{Limit: 1}); err != nil {
		t.Fatal(err)
	}
	if got := store.filter.Order; len(got) != 1 || got[0] != (Order{ByCreated, true}) {
		t.Errorf("got %v", got)
	}
}
