package group

import (
	"errors"
	"strings"
	"testing"

	"todod/internal/todo"
)

// snapshotsOf returns what is known of each change: nothing but an owner with a revision for each person.
func snapshotsOf(changes []*Change) []*todo.Snapshot {
	owners := map[todo.UserID]*todo.Owner{}
	known := make([]*todo.Snapshot, len(changes))
	for i, c := range changes {
		if owners[c.Owner] == nil {
			owners[c.Owner] = &todo.Owner{ID: c.Owner, Tasks: map[int64]todo.Task{}}
		}
		known[i] = &todo.Snapshot{Owner: owners[c.Owner]}
	}
	return known
}

// raise returns a decision that makes one change, and remembers it under key if there is one.
func raise(key string) func(*todo.Snapshot) (todo.WriteSet, error) {
	return func(known *todo.Snapshot) (todo.WriteSet, error) {
		if known.Stored != nil {
			return todo.WriteSet{}, nil
		}
		w := todo.WriteSet{Changes: []todo.Change{{Rev: known.Rev + 1, Op: todo.Created, Task: todo.Task{ID: int64(known.Rev) + 1, Owner: known.ID}}}}
		if key != "" {
			w.Key = &todo.StoredKey{Idempotency: todo.Idempotency{Key: key, Fingerprint: []byte("f")}}
		}
		return w, nil
	}
}

func TestOnesDecisionsSeeEachOther(t *testing.T) {
	t.Parallel()
	failed := errors.New("no")
	changes := []*Change{
		NewChange(t.Context(), "ada", todo.ReadSet{}, raise("")),
		NewChange(t.Context(), "bob", todo.ReadSet{}, raise("")),
		NewChange(t.Context(), "ada", todo.ReadSet{}, func(*todo.Snapshot) (todo.WriteSet, error) { return todo.WriteSet{}, failed }),
		NewChange(t.Context(), "ada", todo.ReadSet{}, func(*todo.Snapshot) (todo.WriteSet, error) { panic("broken") }),
		NewChange(t.Context(), "ada", todo.ReadSet{Key: "k"}, raise("k")),
		NewChange(t.Context(), "ada", todo.ReadSet{Key: "k"}, raise("k")), // replays
		NewChange(t.Context(), "bob", todo.ReadSet{Key: "k"}, raise("k")), // another's key
		NewChange(t.Context(), "eve", todo.ReadSet{}, raise("")),
		NewChange(t.Context(), "bob", todo.ReadSet{}, func(known *todo.Snapshot) (todo.WriteSet, error) {
			return todo.WriteSet{Changes: []todo.Change{{Rev: known.Rev + 1, Task: todo.Task{ID: 1, Owner: "ada"}}}}, nil
		}),
	}
	known := snapshotsOf(changes)
	locked := known[7]
	known[7] = nil

	Decide(changes, known)

	for i, want := range []todo.Rev{1, 1, 0, 0, 2, 0, 2, 0, 0} {
		var got todo.Rev
		if n := len(changes[i].Write.Changes); n > 0 {
			got = changes[i].Write.Changes[n-1].Rev
		}
		if got != want || changes[i].Locked != (i == 7) {
			t.Errorf("change %d: revision %d, want %d, locked %t", i, got, want, changes[i].Locked)
		}
	}
	if !errors.Is(changes[2].Err, failed) || changes[3].Err == nil || !strings.Contains(changes[3].Err.Error(), "broken") {
		t.Errorf("errors %v, %v", changes[2].Err, changes[3].Err)
	}
	if !errors.Is(changes[8].Err, errForeignTask) {
		t.Errorf("a change of another's task: %v", changes[8].Err)
	}
	if s := known[5].Stored; s == nil || len(s.Changes) != 1 || s.Changes[0].Rev != 2 || known[6].Stored != nil {
		t.Errorf("stored: %+v, another's %+v", s, known[6].Stored)
	}
	if known[0].Rev != 2 || len(known[0].Tasks) != 2 || locked.Rev != 0 {
		t.Errorf("ada is at %d with %d tasks, eve at %d", known[0].Rev, len(known[0].Tasks), locked.Rev)
	}
	if err := NewChange(t.Context(), "ada", todo.ReadSet{}, raise("")).Err; err == nil {
		t.Error("a change that nothing has become of looks like one that was carried out")
	}
}
