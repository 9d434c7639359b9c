package todo

import (
	"context"
	"slices"
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
	base := opts.If[0]
	return stillThere(s.changeOne(ctx, by, ReadSet{Tasks: []int64{id}, Base: base}, opts, func(b *builder) (Task, error) {
		current, err := b.find(id, false)
		if err == nil && current.Version != base {
			err = mergeable(b.known.Base, current, p, b.write)
		}
		if err != nil {
			return Task{}, err
		}
		return b.edit(current, p.Apply(current, b.write.At)), nil
	}))
}

// mergeable returns an error unless p can be applied to current although it was made for base.
func mergeable(base *Change, current Task, p Patch, w Write) error {
	if base == nil || base.Task.ID != current.ID || base.Gone() {
		return PreconditionFailed(current)
	}
	before, yours := base.Task, p.Apply(base.Task, w.At)
	var conflicts []MergeConflict
	for _, f := range fields {
		if f.Of == f.Name && p.names(f) && !agree(f, &before, &current) && !agree(f, &yours, &current) {
			conflicts = append(conflicts, MergeConflict{f.Name, f.whole(&before), f.whole(&yours), f.whole(&current)})
		}
	}
	if len(conflicts) > 0 {
		return &ConflictError{Conflicts: conflicts, Current: current}
	}
	return nil
}

// names reports whether p names a field or a part of it.
func (p *Patch) names(field *Field) bool {
	return slices.ContainsFunc(fields, func(f *Field) bool { return f.Of == field.Name && f.Writable() && f.named(p) })
}

// agree reports whether two tasks agree in a field and all its parts that people can write.
func agree(field *Field, a, b *Task) bool {
	return !slices.ContainsFunc(fields, func(f *Field) bool { return f.Of == field.Name && f.Writable() && !f.same(a, b) })
}
