package storetest

import (
	"strings"
	"testing"
	"time"

	"todod/internal/todo"
)

// testQuotaAtRestore: a task that comes back counts like a new one.
func testQuotaAtRestore(t *testing.T, s Store) {
	ctx, ada := t.Context(), newUser()
	first := mustCreate(t, s, ada, titled("first"))
	if err := errOf(s.Delete(ctx, ada, first.ID, by(ada))); err != nil {
		t.Fatal(err)
	}
	second := mustCreate(t, s, ada, titled("second"))

	wantCode(t, errOf(s.Restore(ctx, ada, first.ID, 1, by(ada))), todo.Conflict)
	if got, err := taskOf(s.Restore(ctx, ada, first.ID, 2, by(ada))); err != nil || got.Version != 4 || got.DeletedAt != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	wantCode(t, errOf(s.Create(ctx, ada, titled("third"), 2, by(ada))), todo.Conflict)

	for _, id := range []int64{first.ID, second.ID} { // what is gone for good was in the trash and did not count
		if err := errOf(s.Delete(ctx, ada, id, by(ada))); err != nil {
			t.Fatal(err)
		}
		if err := errOf(s.Purge(ctx, ada, id, by(ada))); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []todo.Code{0, 0, todo.Conflict} {
		if err := errOf(s.Create(ctx, ada, titled("x"), 2, by(ada))); todo.CodeOf(err) != want {
			t.Errorf("create %d after the purge: %v", i, err)
		}
	}
}

// RunPurge fails the test unless a purge leaves nothing of what a task said in any row of s, and everything of other
// tasks. rows returns all rows of all tables as text.
func RunPurge(t *testing.T, s Store, rows func() string) {
	ctx, ada := t.Context(), newUser()
	must := func(out todo.WriteResult, err error) todo.Task {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out.Task
	}
	fill := func(word string) todo.Task {
		p := mustNormalise(t, todo.Patch{Title: todo.Some(word), Description: todo.Some(word)})
		task := must(s.Create(ctx, ada, p, plenty, once(ada, word, "create")))
		must(s.Update(ctx, ada, task.ID, p, once(ada, word+" same", "same"))) // keeps the task beside the key
		must(s.Update(ctx, ada, task.ID, mustNormalise(t, todo.Patch{
			Title: todo.Some(word + " 2"), Description: todo.Some(word + " 2"), Due: todo.Some(due("1815-12-10")),
		}), by(ada)))
		must(s.Toggle(ctx, ada, task.ID, once(ada, word+" toggle", "toggle")))
		must(s.Delete(ctx, ada, task.ID, by(ada)))
		must(s.Restore(ctx, ada, task.ID, plenty, by(ada)))
		must(s.Update(ctx, ada, task.ID, titled("harmless"), by(ada)))
		return must(s.Delete(ctx, ada, task.ID, by(ada)))
	}
	// Keys are chosen by people and stay: what they are called doesn't count here.
	count := func(word string) int {
		text := rows()
		for _, key := range []string{word + " same", word + " toggle"} {
			text = strings.ReplaceAll(text, "key="+key, "")
		}
		return strings.Count(strings.ReplaceAll(text, "key="+word, ""), word)
	}
	secret, kept := fill("s3cret"), fill("k3pt")
	before := count("k3pt")
	if n := count("s3cret"); n != before || n < 8 {
		t.Fatalf("the rows have the secret %d times, the other %d times: this test doesn't see them all", n, before)
	}
	purge := func() todo.WriteResult {
		t.Helper()
		out, err := s.Purge(ctx, ada, secret.ID, once(ada, "purge", "purge"))
		if err != nil || out.Task.ID != secret.ID || out.Task.Version != kept.Version+1 || out.Task.Title != "" {
			t.Fatalf("%+v, %v", out, err)
		}
		return out
	}
	if purge().Replayed || !purge().Replayed {
		t.Error("the first is to be carried out, the second a replay")
	}
	if n := count("s3cret"); n != 0 {
		t.Errorf("the secret is left %d times in\n%s", n, rows())
	}
	if n := count("k3pt"); n != before {
		t.Errorf("of the other task %d of %d are left", n, before)
	}
	// What was remembered of it still is: that it happened, though not what.
	for _, key := range []string{"s3cret", "s3cret same", "s3cret toggle"} {
		op, err := s.Operation(ctx, ada, key, noon.Add(-time.Hour))
		if err != nil || op.Status != 200 || op.Task.Title != "" || op.Task.Description != nil || op.Task.Due != nil {
			t.Errorf("operation %s: %+v, %v", key, op, err)
		}
	}
	for _, c := range mustLog(t, s, ada) {
		if c.Blank() != (c.Task.ID == secret.ID) || c.Blank() && !c.Gone() {
			t.Errorf("%+v", c)
		}
	}
	if out, err := s.Restore(ctx, ada, kept.ID, plenty, by(ada)); err != nil || out.Task.Title != "harmless" {
		t.Errorf("%+v, %v", out, err)
	}
}
