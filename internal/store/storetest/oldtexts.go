package storetest

import (
	"context"
	"fmt"
	"testing"

	"todod/internal/todo"
)

// RunOldTexts fails the test unless what a version without search has written is found: when somebody searches for it,
// and once FoldOldTexts has come by, both in many steps and beside writes. forget leaves owner's tasks as that version
// has written them.
func RunOldTexts(t *testing.T, s Store, forget func(owner todo.UserID)) {
	const many = 450
	var tasks []todo.ImportedTask
	for i := range many {
		p := todo.Patch{Title: todo.Some(fmt.Sprintf("Nº %d", i)), Description: todo.Some("Straße")}
		tasks = append(tasks, todo.ImportedTask{OldID: fmt.Sprint(i), Task: p.NewTask("", noon)})
	}
	var people []todo.UserID
	for range 3 {
		owner := newUser()
		if n, err := s.ImportTasks(t.Context(), owner, "old", tasks, by(owner)); err != nil || n != many {
			t.Fatalf("%d imported, %v", n, err)
		}
		forget(owner)
		people = append(people, owner)
	}
	count := func(owner todo.UserID, words ...string) int {
		return mustList(t, s, owner, todo.Filter{Words: words, Count: true, Limit: 1}).Total
	}
	edited := mustList(t, s, people[0], todo.Filter{Limit: 1}).Tasks[0]
	mustUpdate(t, s, people[0], edited.ID, titled("Geändert"))
	mustCreate(t, s, people[0], titled("Neu, strasse"))
	if n := count(people[0], "STRASSE"); n != many+1 {
		t.Errorf("%d are found by whoever searches, want %d", n, many+1)
	}
	if n := count(people[0], "geandert", "strasse"); n != 1 {
		t.Errorf("%d are found that were edited, want 1", n)
	}

	stop := make(chan struct{})
	wrote := make(chan error)
	go func() { wrote <- editUntil(t.Context(), s, people[1], stop) }()
	folded, err := s.FoldOldTexts(t.Context())
	close(stop)
	if err != nil || folded != 2 {
		t.Errorf("the texts of %d people were folded, %v; want 2", folded, err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	for _, owner := range people[1:] {
		if n := count(owner, "no", "strasse"); n+count(owner, "geandert") != many {
			t.Errorf("%d are found afterwards, want %d", n, many)
		}
	}
	if folded, err := s.FoldOldTexts(t.Context()); err != nil || folded != 0 {
		t.Errorf("the texts of %d people were folded again, %v", folded, err)
	}
}

// editUntil gives owner's tasks another title, one after the other, until stop is closed.
func editUntil(ctx context.Context, s Store, owner todo.UserID, stop <-chan struct{}) error {
	page, err := s.Tasks(ctx, owner, todo.Filter{Order: todo.NewestFirst(), Limit: 100})
	if err != nil {
		return err
	}
	for _, task := range page.Tasks {
		select {
		case <-stop:
			return nil
		default:
		}
		if _, err := s.Update(ctx, owner, task.ID, titled("geändert"), by(owner)); err != nil {
			return err
		}
	}
	return nil
}
