package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"todod/internal/todo"
)

// What RunBounded finds in the database: BoundedTasks tasks of BoundedOwner with the ids from 1 on, none of the trash,
// which were all made, then completed in one set, then reopened in another. Since then the first was edited
// BoundedEdits times, and each of the BoundedOthers behind it once.
const (
	BoundedOwner  = "ada"
	BoundedTasks  = 10_000
	BoundedEdits  = 65_000
	BoundedOthers = 5_000
	BoundedLog    = 3*BoundedTasks + BoundedEdits + BoundedOthers
)

// BoundedLogRows is the log of BoundedOwner as a query: rev, prev_rev, set_rev, op, task_id, what was before, in JSON, and the description. It
// reads the numbers from 1 to BoundedLog from n (rev).
var BoundedLogRows = fmt.Sprintf(`select rev,
	case when rev <= %[1]d then 0 when rev <= 3 * %[1]d then rev - %[1]d when rev = 3 * %[1]d + 1 then 2 * %[1]d + 1
		when rev <= 3 * %[1]d + %[2]d then rev - 1 else rev - %[2]d - %[1]d + 1 end as prev_rev,
	case when rev <= %[1]d then rev when rev <= 2 * %[1]d then %[1]d + 1 when rev <= 3 * %[1]d then 2 * %[1]d + 1 else rev end as set_rev,
	case when rev <= %[1]d then 1 when rev <= 2 * %[1]d then 3 when rev <= 3 * %[1]d then 4 else 2 end as op,
	case when rev <= 3 * %[1]d then (rev - 1) %% %[1]d + 1 when rev <= 3 * %[1]d + %[2]d then 1
		else rev - 3 * %[1]d - %[2]d + 1 end as task_id,
	case when rev <= %[1]d then null when rev <= 2 * %[1]d then '{"completed":false,"completed_at":null}'
		when rev <= 3 * %[1]d then '{"completed":true,"completed_at":0}' else '{"description":"before"}' end as before,
	case when rev > 3 * %[1]d and rev <= 3 * %[1]d + %[2]d then '' || rev end as description from n`,
	BoundedTasks, BoundedEdits)

// BoundedVersion is the version of a task, as SQL.
var BoundedVersion = fmt.Sprintf(`case when id = 1 then %[1]d when id <= %[2]d then %[1]d + id - 1 else %[3]d + id end`,
	3*BoundedTasks+BoundedEdits, BoundedOthers+1, 2*BoundedTasks)

// RunBounded fails the test unless each thing that people can ask for reads no more rows than that needs, however many
// tasks they have and however long their log is. measured does something and returns how many rows the database has read
// for it.
func RunBounded(t *testing.T, s Store, measured func(do func()) (rows int)) {
	ctx, service, ada := t.Context(), serviceOf(s, plenty), todo.User{ID: BoundedOwner, AsOf: noon}
	const all, setOf = BoundedTasks, todo.Rev(2*BoundedTasks + 1)
	edits := todo.Rev(3 * BoundedTasks)
	ok := func(_ any, err error) error { return err }
	list := func(f todo.Filter) func() error {
		f.Limit = 100
		return func() error { return ok(service.Tasks(ctx, ada, f)) }
	}
	history := func(id int64, limit int) func() error {
		return func() error {
			page, err := service.History(ctx, ada, todo.KindTask, id, limit, "")
			if err == nil && len(page.Changes) != limit {
				err = fmt.Errorf("%d changes", len(page.Changes))
			}
			if err == nil {
				_, err = service.History(ctx, ada, todo.KindTask, id, limit, page.Next)
			}
			return err
		}
	}
	undo := func(rev todo.Rev, total int, code todo.Code) func() error {
		return func() error {
			set, err := service.Undo(ctx, ada, rev, "", keyed("undo "+fmt.Sprint(rev)))
			if todo.CodeOf(err) == code && set.Total == total {
				return nil
			}
			return fmt.Errorf("%d changes, %w", set.Total, err)
		}
	}
	clearing := func() error { return ok(service.ClearCompleted(ctx, ada, keyed("clear"))) }
	yes, trash := true, todo.Filter{Trash: true, Order: todo.LatestDeletedFirst()}
	for _, c := range []struct {
		name string
		most int // rows
		do   func() error
	}{
		{"a task", 5, func() error { return ok(service.Task(ctx, ada, 7)) }},
		{"a page", 110, list(todo.Filter{})},
		{"a page of what nothing is like", all + 10, list(todo.Filter{Completed: &yes})},
		{"a page in another order", all + 10, list(todo.Filter{Order: []todo.Order{{By: todo.ByTitle}}})},
		{"a search", all + 10, list(todo.Filter{Words: []string{"nothing"}})},
		{"a count", all + 120, list(todo.Filter{Count: true})},
		{"the trash", 10, list(trash)},
		{"one change of a long history, and the next", 20, history(1, 1)},
		{"a page of a long history, and the next", 430, history(1, 100)},
		{"what was changed lately", 510, func() error { return syncFrom(ctx, s, BoundedLog-1000) }},
		{"the beginning of a sync", 510, func() error { return ok(service.Sync(ctx, ada, "", nil)) }},
		{"how much there is", all + 10, func() error { return ok(s.Summary(ctx, ada.ID, noon)) }},
		{"a new task", 10, func() error { return ok(service.Create(ctx, ada, titled("new"), keyed("new"))) }},
		{"an edit", 10, func() error { return ok(service.Update(ctx, ada, 9, titled("edited"), keyed("edit"))) }},
		{"a merge", 10, func() error {
			opts := todo.WriteOptions{If: []todo.Rev{edits + 1}}
			return ok(service.Merge(ctx, ada, 1, titled("merged"), opts))
		}},
		{"a batch", 400, func() error { return ok(service.Batch(ctx, ada, hundredEdits(), true, keyed("batch"))) }},
		{"a batch again", 220, func() error { return ok(service.Batch(ctx, ada, hundredEdits(), true, keyed("batch"))) }},
		{"an undo of a change since which there were many", 100, undo(edits+BoundedEdits-1, 0, todo.Conflict)},
		{"an undo of a set with one task that has changed often", 4*all + 1000, undo(setOf, all, 0)},
		{"an undo again", 110, undo(setOf, all, 0)},
		{"what came of it", 110, func() error { return ok(s.Operation(ctx, ada.ID, "undo "+fmt.Sprint(setOf), noon.Add(-time.Hour))) }},
		{"all at once", 4*all + 500, clearing},
		{"all at once again", 110, clearing},
		{"the trash, full", 110, list(trash)},
		{"a task for good", 30, func() error { return ok(service.Purge(ctx, ada, 10_000, keyed("purge"))) }},
	} {
		var err error
		rows := measured(func() { err = c.do() })
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if rows > c.most {
			t.Errorf("%s: %d rows were read, %d are enough", c.name, rows, c.most)
		}
		t.Logf("%s: %d rows of %d", c.name, rows, c.most)
	}
	if page := mustList(t, s, ada.ID, todo.Filter{Trash: true, Order: todo.LatestDeletedFirst(), Count: true}); page.Total != all-1 {
		t.Errorf("%d tasks are in the trash", page.Total)
	}
}

// syncFrom reads a page of the log, as a sync does.
func syncFrom(ctx context.Context, s Store, since todo.Rev) error {
	log, _, err := s.Changes(ctx, BoundedOwner, since, todo.SyncLimit)
	if err == nil && len(log) != todo.SyncLimit {
		err = fmt.Errorf("%d changes", len(log))
	}
	return err
}

// hundredEdits returns as many steps of a batch.
func hundredEdits() []todo.Step {
	var steps []todo.Step
	for i := range int64(100) {
		steps = append(steps, todo.Step{Op: todo.Updated, ID: 100 + i, Patch: titled("edited")})
	}
	return steps
}
