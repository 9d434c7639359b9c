package todo

import (
	"context"
	"testing"
	"time"
)

// recorder is a store that remembers what it was asked.
type recorder struct {
	Database
	need   ReadSet
	set    WriteSet
	filter Filter
	calls  int
}

// Change implements Store for somebody who has nothing.
func (r *recorder) Change(_ context.Context, owner UserID, need ReadSet, decide func(*Snapshot) (WriteSet, error)) (err error) {
	r.need = need
	r.calls++
	r.set, err = decide(&Snapshot{Owner: &Owner{ID: owner, Tasks: map[int64]Task{}}, NewIDs: []int64{7}})
	return err
}

// SigningKey implements Maintenance.
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
	made, key := store.set.Changes[0], store.set.Key
	if made.At != want || made.Task.CreatedAt != want || *made.Task.CompletedAt != want || key.At != want || store.set.claims.Email != ada.Email {
		t.Errorf("%+v, %+v", made, store.set)
	}
	if want := want.Add(-time.Hour); store.need.Since != want || store.need.Key != "k" {
		t.Errorf("%q is remembered since %s, want %s", store.need.Key, store.need.Since, want)
	}
	if made.Task.Title != "x" || made.Task.Owner != "ada" || made.Task.Priority != Medium || made.Task.ID != 7 || key.Rev != 1 {
		t.Errorf("%+v, %+v", made, key)
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
