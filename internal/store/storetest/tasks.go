package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// due returns the due date of a bare date or of an instant, as people write it.
func due(s string) todo.Date {
	d, ok := todo.ParseDue(s)
	if !ok {
		panic("not a due date: " + s)
	}
	return d
}

// testCreatedTaskIsReadBack: what Create returns is what it was given, and what Task returns afterwards.
func testCreatedTaskIsReadBack(t *testing.T, s Store) {
	ada := newUser()
	full := mustCreate(t, s, ada, todo.Patch{
		Title: todo.Some("pay rent"), Description: todo.Some("by bank"), Completed: todo.Some(true),
		Priority: todo.Some(todo.High), Due: todo.Some(due("2026-02-01T09:30:00.5+02:00")),
	})
	bare := mustCreate(t, s, ada, titled("sleep"))

	description := "by bank"
	wantTask(t, full, todo.Task{
		ID: full.ID, Owner: ada, Version: 1, Title: "pay rent", Description: &description, Completed: true,
		CompletedAt: &noon, Priority: todo.High, CreatedAt: noon, UpdatedAt: noon,
		Due: &todo.Date{At: time.Date(2026, 2, 1, 7, 30, 0, 500_000_000, time.UTC)},
	})
	wantTask(t, bare, todo.Task{
		ID: bare.ID, Owner: ada, Version: 2, Title: "sleep", Priority: todo.Medium, CreatedAt: noon, UpdatedAt: noon,
	})
	for _, task := range []todo.Task{full, bare} {
		got := mustRead(t, s, ada, task.ID)
		wantTask(t, got, task)
		if got.CreatedAt.Location() != time.UTC {
			t.Errorf("created_at is in %v, want UTC", got.CreatedAt.Location())
		}
	}
	if full.ID < 1 || bare.ID <= full.ID {
		t.Errorf("ids %d, then %d: want positive and rising", full.ID, bare.ID)
	}
}

// testTextComesBack: no text that the rules allow is altered on its way.
func testTextComesBack(t *testing.T, s Store) {
	ada := newUser()
	for _, title := range []string{
		strings.Repeat("😀", todo.MaxTitle), "שלום עולם", "e\u0301 is not é", `'; drop table tasks; --`, `\x00 %s $1 ?1 {}`,
		"tab\tand\nline", "\u202eabc", "a\u0000"[:1], "🏳️‍🌈", "\ufeffbom", "\U0010ffff", "ﷺ",
	} {
		task := mustCreate(t, s, ada, todo.Patch{Title: todo.Some(title), Description: todo.Some(title)})
		got := mustRead(t, s, ada, task.ID)
		if got.Title != title || *got.Description != title {
			t.Errorf("text: got %q and %q, want %q", got.Title, *got.Description, title)
		}
	}
	empty := mustCreate(t, s, ada, todo.Patch{Title: todo.Some("x"), Description: todo.Some("")})
	if got := mustRead(t, s, ada, empty.ID); got.Description == nil || *got.Description != "" {
		t.Errorf("an empty description came back as %v", got.Description)
	}
	allowed := func(title string) bool { _, err := titled(title).Normalise(); return err == nil }
	rapid.Check(t, func(t *rapid.T) {
		p := mustNormalise(t, titled(rapid.String().Filter(allowed).Draw(t, "title")))
		task := mustCreate(t, s, ada, p)
		if got := mustRead(t, s, ada, task.ID); got.Title != p.Title.V {
			t.Fatalf("title: got %q, want %q", got.Title, p.Title.V)
		}
	})
}

// testUpdateKeepsAndClears: absent keeps, null clears, a value replaces.
func testUpdateKeepsAndClears(t *testing.T, s Store) {
	ada := newUser()
	before := mustCreate(t, s, ada, todo.Patch{
		Title: todo.Some("a"), Description: todo.Some("b"), Priority: todo.Some(todo.Low), Due: todo.Some(due("2026-05-01")),
	})

	renamed := mustUpdate(t, s, ada, before.ID, titled("A"))
	cleared := mustUpdate(t, s, ada, before.ID, todo.Patch{Description: todo.Null[string](), Due: todo.Null[todo.Date]()})

	want := before
	want.Title, want.Version, want.UpdatedAt = "A", 2, noon.Add(time.Hour)
	wantTask(t, renamed, want)
	want.Description, want.Due, want.Version = nil, nil, 3
	wantTask(t, cleared, want)
	wantTask(t, mustRead(t, s, ada, before.ID), want)
}

// testSameUpdateLeavesNoTrace: no revision is used up, and UpdatedAt stays.
func testSameUpdateLeavesNoTrace(t *testing.T, s Store) {
	ada := newUser()
	p := todo.Patch{
		Title: todo.Some("a"), Description: todo.Some("b"), Completed: todo.Some(true), Priority: todo.Some(todo.High),
		Due: todo.Some(due("2026-05-01")),
	}
	before := mustCreate(t, s, ada, p)

	wantTask(t, mustUpdate(t, s, ada, before.ID, p), before)
	wantTask(t, mustUpdate(t, s, ada, before.ID, todo.Patch{}), before)

	if next := mustCreate(t, s, ada, titled("next")); next.Version != 2 {
		t.Errorf("the next change has revision %d, want 2", next.Version)
	}
}

// testDueDates: the table of what becomes of a due date under a patch.
func testDueDates(t *testing.T, s Store) {
	const day, instant = "2026-01-15", "2026-01-15T10:00:00Z"
	yes, no := todo.Some(true), todo.Some(false)
	for _, c := range []struct {
		name   string
		start  string // "" is none
		patch  todo.Patch
		want   string // "" is none
		allDay bool
	}{
		{"none stays none", "", todo.Patch{}, "", false},
		{"without a date nothing is all-day", "", todo.Patch{AllDay: yes}, "", false},
		{"a bare date is a day", "", todo.Patch{Due: todo.Some(due(day))}, "2026-01-15T00:00:00Z", true},
		{"an instant is none", "", todo.Patch{Due: todo.Some(due(instant))}, instant, false},
		{"an instant can be made a day", "", todo.Patch{Due: todo.Some(due(instant)), AllDay: yes}, "2026-01-15T00:00:00Z", true},
		{
			"the day is the one that was written", "",
			todo.Patch{Due: todo.Some(due("2026-01-15T00:00:00+09:00")), AllDay: yes}, "2026-01-15T00:00:00Z", true,
		},
		{"a bare date can be an instant", "", todo.Patch{Due: todo.Some(due(day)), AllDay: no}, "2026-01-15T00:00:00Z", false},
		{"a day becomes an instant", day, todo.Patch{AllDay: no}, "2026-01-15T00:00:00Z", false},
		{"an instant becomes its day", instant, todo.Patch{AllDay: yes}, "2026-01-15T00:00:00Z", true},
		{"a new instant replaces a day", day, todo.Patch{Due: todo.Some(due(instant))}, instant, false},
		{
			"a day that is sent back as its midnight stays a day", day,
			todo.Patch{Due: todo.Some(due("2026-01-15T00:00:00Z"))}, "2026-01-15T00:00:00Z", true,
		},
		{"null clears both", day, todo.Patch{Due: todo.Null[todo.Date]()}, "", false},
		{"null clears both, whatever else is said", day, todo.Patch{Due: todo.Null[todo.Date](), AllDay: yes}, "", false},
		{"before 1970", "", todo.Patch{Due: todo.Some(due("1815-12-10"))}, "1815-12-10T00:00:00Z", true},
		{"the last moment", "", todo.Patch{Due: todo.Some(due("9999-12-31T23:59:59.999999Z"))}, "9999-12-31T23:59:59.999999Z", false},
		{"the first moment", "", todo.Patch{Due: todo.Some(due("0001-01-01T00:00:00Z"))}, "0001-01-01T00:00:00Z", false},
	} {
		ada := newUser()
		p := titled("x")
		if c.start != "" {
			p.Due = todo.Some(due(c.start))
		}
		task := mustCreate(t, s, ada, p)

		task = mustUpdate(t, s, ada, task.ID, c.patch)

		var want *todo.Date
		if c.want != "" {
			want = &todo.Date{At: due(c.want).At, AllDay: c.allDay}
		}
		expected := task
		expected.Due = want
		if !task.Same(&expected) {
			t.Errorf("%s: got %+v, want %+v", c.name, task.Due, want)
		}
	}
}

// testToggle: open, completed, open again.
func testToggle(t *testing.T, s Store) {
	ada := newUser()
	task := mustCreate(t, s, ada, titled("x"))
	later := noon.Add(time.Minute)

	done, err := taskOf(s.Toggle(context.Background(), ada, task.ID, at(ada, later)))
	if err != nil {
		t.Fatal(err)
	}
	want := task
	want.Completed, want.CompletedAt, want.Version, want.UpdatedAt = true, &later, 2, later
	wantTask(t, done, want)

	open, err := taskOf(s.Toggle(context.Background(), ada, task.ID, at(ada, later.Add(time.Minute))))
	if err != nil {
		t.Fatal(err)
	}
	want.Completed, want.CompletedAt, want.Version, want.UpdatedAt = false, nil, 3, later.Add(time.Minute)
	wantTask(t, open, want)
	wantTask(t, mustRead(t, s, ada, task.ID), want)
}

// testTimeNeverRunsBackwards: a replica whose clock is behind doesn't move updated_at back.
func testTimeNeverRunsBackwards(t *testing.T, s Store) {
	ada := newUser()
	task := mustCreate(t, s, ada, titled("x"))
	behind := at(ada, noon.Add(-time.Hour))

	toggled, err := taskOf(s.Toggle(context.Background(), ada, task.ID, behind))
	if err != nil {
		t.Fatal(err)
	}
	updated, err := taskOf(s.Update(context.Background(), ada, task.ID, titled("y"), behind))
	if err != nil {
		t.Fatal(err)
	}

	if !toggled.UpdatedAt.Equal(noon) || !updated.UpdatedAt.Equal(noon) {
		t.Errorf("updated_at: %v after a toggle, %v after an update, want %v", toggled.UpdatedAt, updated.UpdatedAt, noon)
	}
}

// testDeletedTaskIsGone: from reads, lists and changes alike.
func testDeletedTaskIsGone(t *testing.T, s Store) {
	ctx, ada := context.Background(), newUser()
	task := mustCreate(t, s, ada, titled("x"))
	if err := errOf(s.Delete(ctx, ada, task.ID, by(ada))); err != nil {
		t.Fatal(err)
	}

	_, err := s.Task(ctx, ada, task.ID, noon)
	wantCode(t, err, todo.NotFound)
	_, err = s.Update(ctx, ada, task.ID, titled("y"), by(ada))
	wantCode(t, err, todo.NotFound)
	_, err = s.Toggle(ctx, ada, task.ID, by(ada))
	wantCode(t, err, todo.NotFound)
	wantCode(t, errOf(s.Delete(ctx, ada, task.ID, by(ada))), todo.NotFound)
	if page := mustList(t, s, ada, todo.Filter{Count: true}); len(page.Tasks) != 0 || page.Total != 0 {
		t.Errorf("the list still has %v, total %d", titles(page.Tasks), page.Total)
	}
	next := mustCreate(t, s, ada, titled("next"))
	if next.ID <= task.ID {
		t.Errorf("the next id is %d after %d", next.ID, task.ID)
	}
	if next.Version != 3 {
		t.Errorf("the next revision is %d, want 3: refused changes use none up", next.Version)
	}
}

// testQuota: the limit counts tasks that are there, not those that were.
func testQuota(t *testing.T, s Store) {
	ctx, ada := context.Background(), newUser()
	add := func() (todo.Task, error) {
		return taskOf(s.Create(ctx, ada, titled("x"), 2, by(ada)))
	}
	first, err := add()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := add(); err != nil {
		t.Fatal(err)
	}

	_, err = add()
	wantCode(t, err, todo.Conflict)

	if err := errOf(s.Delete(ctx, ada, first.ID, by(ada))); err != nil {
		t.Fatal(err)
	}
	task, err := add()
	if err != nil {
		t.Fatalf("create after a deletion: %v", err)
	}
	if task.Version != 4 {
		t.Errorf("revision %d, want 4: a refused create uses none up", task.Version)
	}
}

// testCancelledCallerChangesNothing: a write whose caller is gone before it begins isn't made.
func testCancelledCallerChangesNothing(t *testing.T, s Store) {
	ada := newUser()
	task := mustCreate(t, s, ada, titled("x"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()

	_, err := s.Toggle(ctx, ada, task.ID, by(ada))
	wantCode(t, err, todo.Unavailable)
	_, err = s.Task(ctx, ada, task.ID, noon)
	wantCode(t, err, todo.Unavailable)

	wantTask(t, mustRead(t, s, ada, task.ID), task)
}

// testReady: the suite's stores are migrated and there.
func testReady(t *testing.T, s Store) {
	if err := s.Ready(context.Background()); err != nil {
		t.Errorf("ready: %v", err)
	}
}
