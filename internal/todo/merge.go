package todo

import (
	"context"
	"fmt"
)

// MergeConflict is a field that was changed both since a version and by who changes that version.
type MergeConflict struct {
	Field                string
	Base, Yours, Current any // as the fields of Patch hold them; nil for null
}

// ConflictError says that a change can't be merged into what was changed since. It is an Error of code Conflict.
type ConflictError struct {
	Conflicts []MergeConflict
	Current   Task
}

// Error says so.
func (e *ConflictError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the Error of the domain.
func (e *ConflictError) Unwrap() error {
	var faults []FieldError
	for _, c := range e.Conflicts {
		faults = append(faults, FieldError{c.Field, "was changed since, to something else"})
	}
	return &Error{Code: Conflict, Message: "The task was changed since in the same fields", Fields: faults}
}

// Merge changes what p names of a task that may have been changed since the version in opts.If, of which there must be
// one, if it was not in these fields; else the error is a ConflictError. Where the log no longer knows that version, it is
// PreconditionFailed.
func (s *Service) Merge(ctx context.Context, by User, id int64, p Patch, opts WriteOptions) (WriteResult, error) {
	p, err := p.Normalise()
	switch {
	case err != nil:
		return WriteResult{}, err
	case len(opts.If) != 1:
		return WriteResult{}, InvalidFields(FieldError{"If-Match", "must name one version to merge with"})
	}
	w := s.write(by, opts)
	base := opts.If[0]
	w.If = nil
	var merged Task
	done, err := s.store.Compose(ctx, by.ID, Need{Tasks: []int64{id}, Base: base}, w, func(known Known) (Plan, error) {
		d := newDraft(known, w, s.rules.Quota)
		current, err := d.task(id, false)
		if err != nil {
			return Plan{}, err
		}
		if current.Version != base {
			if err := mergeable(known.Base, current, p, w); err != nil {
				return Plan{}, err
			}
		}
		merged = d.edit(current, p.Apply(current, w.At))
		answer, err := kept(w, []Result{{Op: Updated, Task: &merged}})
		return Plan{Changes: d.changes, Answer: answer}, err
	})
	if err != nil || !done.Replayed {
		return WriteResult{Task: merged}, err
	}
	results, err := resultsOf(done)
	if err != nil || len(results) != 1 || results[0].Task == nil {
		return WriteResult{}, fmt.Errorf("answer of a merge: %w", err)
	}
	return WriteResult{Task: *results[0].Task, Replayed: true}, nil
}

// mergeable returns an error unless p can be applied to current although it was made for base.
func mergeable(base *Change, current Task, p Patch, w Write) error {
	if base == nil || base.Task.ID != current.ID || base.Gone() {
		return PreconditionFailed(current)
	}
	yours := p.Apply(base.Task, w.At)
	var conflicts []MergeConflict
	add := func(field string, set bool, base, yours, current any) {
		if set && base != current && yours != current {
			conflicts = append(conflicts, MergeConflict{field, base, yours, current})
		}
	}
	b, c := base.Task, current
	add("title", p.Title.Set, b.Title, yours.Title, c.Title)
	add("description", p.Description.Set, plain(b.Description), plain(yours.Description), plain(c.Description))
	add("completed", p.Completed.Set, b.Completed, yours.Completed, c.Completed)
	add("priority", p.Priority.Set, b.Priority, yours.Priority, c.Priority)
	add("due_date", p.Due.Set || p.AllDay.Set, dueText(b.Due), dueText(yours.Due), dueText(c.Due))
	if len(conflicts) > 0 {
		return &ConflictError{Conflicts: conflicts, Current: current}
	}
	return nil
}

// plain returns what p points to, nil for nil.
func plain[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// dueText returns d as something that can be compared, and nil for no due date.
func dueText(d *Due) any {
	if d == nil {
		return nil
	}
	return Due{At: d.At.UTC(), AllDay: d.AllDay}
}
