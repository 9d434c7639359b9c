package account

import (
	"context"
	"iter"
	"math"
	"time"

	"todod/internal/todo"
)

// Export reads everything of a person. It does so in short steps, each of which is one read of the store that has ended
// before anything of it is passed on: whoever takes the time they like holds no connection and no snapshot. What is changed
// meanwhile is read as it is before or after; what the log says of it is read, too, so that nothing is missed. Trash, Tasks,
// Log, Completions, Sessions, Networks and Imports are each to be read once, to their ends and in this order, then End says
// that this was all. They end with an error when something fails: TokenRevoked once everything was erased. It must be closed.
type Export struct {
	Overview
	At    time.Time // when it began
	Since todo.Rev  // where their data stood then
	Until todo.Rev  // where they stood when the log was read; known once Tasks have been read

	data *PersonalData
	by   todo.User
}

// How an export is read, and when to try again while another one is being read.
const (
	exportStep  = 200
	exportAgain = 10 * time.Second
)

// Export begins an export for by. Each person can have one at a time from a process; another one is Limited.
func (d *PersonalData) Export(ctx context.Context, by todo.User) (*Export, error) {
	d.mu.Lock()
	busy := d.exporting[by.ID]
	d.exporting[by.ID] = true
	d.mu.Unlock()
	if busy {
		return nil, &todo.Error{
			Code: todo.Limited, Message: "Another export of your data is under way", RetryAfter: exportAgain,
		}
	}
	e := &Export{At: d.moment(), data: d, by: by}
	var state todo.State
	var err error
	if e.Overview, state, err = d.overview(ctx, by, nil); err != nil {
		e.Close()
		return nil, err
	}
	e.Since, e.Until = state.Rev, state.Rev
	return e, nil
}

// Close lets the person begin another export.
func (e *Export) Close() {
	e.data.mu.Lock()
	defer e.data.mu.Unlock()
	delete(e.data.exporting, e.by.ID)
}

// Trash reads the tasks in the trash, the longest there first.
func (e *Export) Trash(ctx context.Context) iter.Seq2[todo.Task, error] {
	return paged(func(last *todo.Task) ([]todo.Task, error) {
		page, err := e.data.store.Tasks(ctx, e.by.ID, todo.Filter{
			Trash: true, Order: []todo.Order{{By: todo.ByDeleted}}, After: last, Limit: exportStep,
		})
		return page.Tasks, e.admit(page.State, err)
	})
}

// Tasks reads the tasks that are not in the trash, by id, and after them those that went there or were made since the export
// began: Trash may not have seen them, and these pages neither, as ids are not given out in the order of time. So every task
// that is not deleted for good is read at least once; of several times, the highest version is what it became.
func (e *Export) Tasks(ctx context.Context) iter.Seq2[todo.Task, error] {
	return func(yield func(todo.Task, error) bool) {
		for t, err := range paged(func(last *todo.Task) ([]todo.Task, error) { return e.live(ctx, last) }) {
			if !yield(t, err) || err != nil {
				return
			}
		}
		for c, err := range e.changes(ctx, e.Since) {
			moved := c.Object == nil && (c.Op == todo.Created || c.Op == todo.Deleted)
			if (err != nil || moved && !c.Blank()) && (!yield(c.Task, err) || err != nil) {
				return
			}
		}
	}
}

// live reads one page of the tasks that are not in the trash.
func (e *Export) live(ctx context.Context, last *todo.Task) ([]todo.Task, error) {
	var after int64
	if last != nil {
		after = last.ID
	}
	tasks, state, err := e.data.store.Snapshot(ctx, e.by.ID, after, math.MaxInt64, exportStep)
	e.Until = max(e.Until, state.Rev)
	return tasks, e.admit(state, err)
}

// Log reads all changes that are remembered up to Until, the oldest first.
func (e *Export) Log(ctx context.Context) iter.Seq2[todo.Change, error] { return e.changes(ctx, 0) }

// changes reads the changes after since, up to Until. Whoever writes without end does not make it endless.
func (e *Export) changes(ctx context.Context, since todo.Rev) iter.Seq2[todo.Change, error] {
	return paged(func(last *todo.Change) ([]todo.Change, error) {
		if last != nil {
			since = last.Rev
		}
		log, state, err := e.data.store.Changes(ctx, e.by.ID, since, exportStep)
		for len(log) > 0 && log[len(log)-1].Rev > e.Until {
			log = log[:len(log)-1]
		}
		return log, e.admit(state, err)
	})
}

// Objects reads the lists and labels, in the trash or not. As they are read at once, none is missed.
func (e *Export) Objects(ctx context.Context) iter.Seq2[todo.Object, error] {
	return func(yield func(todo.Object, error) bool) {
		all, state, err := e.data.store.Objects(ctx, e.by.ID, 0)
		if err = e.admit(state, err); err != nil {
			yield(todo.Object{}, err)
			return
		}
		for _, o := range all {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// Completions reads the occurrences of recurring tasks that have passed, and the tasks that are completed, the latest first.
func (e *Export) Completions(ctx context.Context) iter.Seq2[todo.Completion, error] {
	if err := todo.ListPassed(ctx, e.data.store, e.by.ID, e.data.moment()); err != nil {
		return func(yield func(todo.Completion, error) bool) { yield(todo.Completion{}, err) }
	}
	return paged(func(last *todo.Completion) ([]todo.Completion, error) {
		all, state, err := e.data.store.Completions(ctx, e.by.ID, time.Time{}, todo.EndOfTime, last, exportStep)
		return all, e.admit(state, err)
	})
}

// Sessions reads the sessions, by id.
func (e *Export) Sessions(ctx context.Context) iter.Seq2[Session, error] {
	return paged(func(last *Session) ([]Session, error) {
		return e.data.store.Sessions(ctx, e.by.ID, idOf(last), exportStep)
	})
}

// Networks reads what is known of where the person signs in from, the latest first.
func (e *Export) Networks(ctx context.Context) iter.Seq2[KnownNetwork, error] {
	return func(yield func(KnownNetwork, error) bool) {
		all, err := e.data.store.KnownNetworks(ctx, e.by.ID)
		if err != nil {
			yield(KnownNetwork{}, err)
			return
		}
		for _, n := range all {
			if !yield(n, nil) {
				return
			}
		}
	}
}

// Imports reads the notes of what was imported, by source and old id.
func (e *Export) Imports(ctx context.Context) iter.Seq2[todo.Import, error] {
	return paged(func(last *todo.Import) ([]todo.Import, error) {
		var after todo.Import
		if last != nil {
			after = *last
		}
		return e.data.store.Imports(ctx, e.by.ID, after, exportStep)
	})
}

// End returns nil if all of that is still somebody's.
func (e *Export) End(ctx context.Context) error { return e.data.Admit(ctx, e.by) }

// admit returns err, or TokenRevoked if everything has been erased in a state.
func (e *Export) admit(state todo.State, err error) error {
	if err != nil {
		return err
	}
	return state.Admit(e.by)
}

// paged yields what read returns page by page: it is given the last one of the page before, nil at first, and a page of
// less than exportStep ends it. It ends with the first error.
func paged[T any](read func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last *T
		for {
			page, err := read(last)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range page {
				if !yield(one, nil) {
					return
				}
			}
			if len(page) < exportStep {
				return
			}
			last = &page[len(page)-1]
		}
	}
}
