package legacy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"todod/internal/todo"
)

// tasks imports a page of tasks, one owner's after the other's.
func (r *run) tasks(ctx context.Context, page []oldTask) error {
	for len(page) > 0 {
		n := 1
		for n < len(page) && page[n].owner == page[0].owner {
			n++
		}
		owner := todo.UserID(r.From.tasks.id("user_id", page[0].owner.String))
		if err := r.tasksOf(ctx, owner, page[:n]); err != nil {
			return fmt.Errorf("tasks of %s: %w", owner, err)
		}
		if err := r.progress(ctx); err != nil {
			return err
		}
		page = page[n:]
	}
	return nil
}

// fresh is a task that has not been imported before, with what has to be said of it.
type fresh struct {
	todo.ImportedTask
	*conversion
}

// tasksOf imports those of owner's rows that have not been imported before, in one transaction.
func (r *run) tasksOf(ctx context.Context, owner todo.UserID, rows []oldTask) error {
	now := r.Now().UTC().Truncate(time.Microsecond)
	about := aboutOwner(owner, rows[0])
	known, err := r.knownTasks(ctx, owner, rows, &about)
	if err != nil {
		return err
	}
	var tasks []fresh
	for _, row := range rows {
		c := &conversion{faults: slices.Clone(about.faults)}
		t := fresh{c.task(r.From.tasks, row, now), c}
		if since, isKnown := known[t.OldID]; isKnown {
			if c.sameRow(row, since) {
				r.summary.Tasks.Known++
				continue
			}
		}
		if len(c.faults) > 0 {
			if err := r.refuseTask(owner, t); err != nil {
				return err
			}
			continue
		}
		if err := r.report.row("task", t.OldID, string(owner), altered, c.altered); err != nil {
			return err
		}
		tasks = append(tasks, t)
	}
	return r.store(ctx, owner, tasks, now)
}

// aboutOwner notes why no task of owner can come over, whose first row is given.
func aboutOwner(owner todo.UserID, first oldTask) (c conversion) {
	switch {
	case !first.owner.Valid:
		c.refuse("user_id", "must not be null")
	case c.checkID("user_id", string(owner)) && !first.ownerKnown:
		c.refuse("user_id", "is that of no user in the old database")
	}
	return c
}

// knownTasks returns which of owner's rows have been imported before. It notes in c if the target refuses the owner; one
// with faults has no known tasks.
func (r *run) knownTasks(
	ctx context.Context, owner todo.UserID, rows []oldTask, c *conversion,
) (known map[string]time.Time, err error) {
	var ids []string
	for _, row := range rows {
		if id := r.From.tasks.id("id", row.id.String); todo.ValidID(id) {
			ids = append(ids, id)
		}
	}
	if r.Tasks == nil || len(c.faults) > 0 || len(ids) == 0 {
		return nil, nil
	}
	err = persist(ctx, func() error {
		known, err = r.Tasks.Imported(ctx, owner, r.Source, ids)
		return err
	})
	return known, c.refusedBy("user_id", err)
}

// sameRow reports whether row is the one that was imported with its id, which had been created at the time since. If it
// isn't, that is a fault: the old database is another one than it was.
func (c *conversion) sameRow(row oldTask, since time.Time) bool {
	created, ok := parseTime(row.createdAt.String)
	if !ok || created.At.Equal(since) { // what was not known then can't tell
		return true
	}
	c.refuse("id", "is that of another task, created at %s, which was imported before: "+
		"if this is another database, give it a --source of its own", since.Format(time.RFC3339Nano))
	return false
}

// refuseTask reports and counts a task that stays behind.
func (r *run) refuseTask(owner todo.UserID, t fresh) error {
	r.summary.Tasks.add(t.conversion)
	return r.report.row("task", t.OldID, string(owner), refused, t.faults)
}

// store stores tasks, whose altered ones have been reported, and counts them.
func (r *run) store(ctx context.Context, owner todo.UserID, tasks []fresh, now time.Time) error {
	if len(tasks) == 0 {
		return nil
	}
	imported := make([]todo.ImportedTask, len(tasks))
	for i, t := range tasks {
		imported[i] = t.ImportedTask
	}
	stored := len(tasks)
	var refusal conversion
	if !r.DryRun {
		err := persist(ctx, func() (err error) {
			stored, err = todo.ImportTasks(ctx, r.Tasks, owner, r.Source, imported, now)
			return err
		})
		if err := refusal.refusedBy("user_id", err); err != nil {
			return err
		}
	}
	for _, t := range tasks {
		if t.faults = refusal.faults; len(t.faults) > 0 {
			if err := r.refuseTask(owner, t); err != nil {
				return err
			}
			continue
		}
		r.summary.Tasks.add(t.conversion)
		r.summary.Days += t.days
	}
	if len(refusal.faults) == 0 { // the rest was stored by an attempt whose answer was lost, or by another import
		r.summary.Tasks.Imported -= len(tasks) - stored
		r.summary.Tasks.Known += len(tasks) - stored
	}
	return nil
}
