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
	// CurrentObject is the list or label, if it was one; Current means nothing then.
	CurrentObject *Object
}

// Error says so.
func (e *ConflictError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the Error of the domain.
func (e *ConflictError) Unwrap() error {
	var faults []FieldError
	for _, c := range e.Conflicts {
		faults = append(faults, FieldError{c.Field, "was changed since, to something else"})
	}
	kind := KindTask
	if e.CurrentObject != nil {
		kind = e.CurrentObject.Kind
	}
	return &Error{Code: Conflict, Message: "The " + kind.String() + " was changed since in the same fields", Fields: faults}
}

// Merge changes what p names of a task that may have been changed since the version in opts.If, of which there must be
// one, if it was not in these fields; else the error is a ConflictError. Where the log no longer knows that version, it is
// PreconditionFailed.
func (s *Service) Merge(ctx context.Context, by User, id int64, p Patch, opts WriteOptions) (WriteResult, error) {
	p, err := p.Normalise()
	if err == nil {
		err = namesOne(opts)
	}
	if err != nil {
		return WriteResult{}, err
	}
	base := opts.If[0]
	need := ReadSet{Tasks: []int64{id}, Base: base}
	need.refer(&p)
	return stillThere(s.changeOne(ctx, by, need, opts, func(b *builder) (Task, error) {
		current, err := b.find(id, false)
		if err != nil {
			return Task{}, err
		}
		after := p.Apply(current, b.write.At)
		if current.Version != base {
			was := b.known.Base
			if was == nil || was.Object != nil || was.Task.ID != id || was.Gone() {
				return Task{}, PreconditionFailed(current)
			}
			if p.completesPassed(&was.Task, &current) {
				p.Completed = Opt[bool]{}
				after = p.Apply(current, b.write.At)
			}
			yours := p.Apply(was.Task, b.write.At)
			if conflicts := taskFields.merge(&p, &was.Task, &yours, &current, &after); len(conflicts) > 0 {
				return Task{}, &ConflictError{Conflicts: conflicts, Current: current}
			}
		}
		return b.change(current, after, p.ListID.Set)
	}))
}

// MergeObject is Merge for a list or label.
func (s *Service) MergeObject(
	ctx context.Context, by User, k Kind, id int64, p ObjectPatch, opts WriteOptions,
) (WriteResult, error) {
	p, err := p.Normalise(k)
	if err == nil {
		err = namesOne(opts)
	}
	if err != nil {
		return WriteResult{}, err
	}
	base := opts.If[0]
	opts.If = nil
	return stillThere(s.changeThing(ctx, by, ReadSet{Objects: []int64{id}, Base: base}, opts, func(b *builder) (WriteResult, error) {
		current, err := b.requiredObject(k, id, false)
		if err == nil && current.Version != base {
			err = mergeableObject(b.known.Base, current, p, b.write)
		}
		if err == nil {
			current, err = b.patchObject(current, p)
		}
		return WriteResult{Object: &current}, err
	}))
}

// namesOne returns an Error of code Invalid unless opts name the one version to merge with.
func namesOne(opts WriteOptions) error {
	if len(opts.If) != 1 {
		return InvalidFields(FieldError{"If-Match", "must name one version to merge with"})
	}
	return nil
}

// mergeableObject returns an error unless p can be applied to current although it was made for base.
func mergeableObject(base *Change, current Object, p ObjectPatch, w Write) error {
	if base == nil || base.Object == nil || base.Object.ID != current.ID || base.Gone() {
		return objectChanged(current)
	}
	yours, after := p.Apply(*base.Object, w.At), p.Apply(current, w.At)
	if conflicts := objectFields[current.Kind].merge(&p, base.Object, &yours, &current, &after); len(conflicts) > 0 {
		return &ConflictError{Conflicts: conflicts, CurrentObject: &current}
	}
	return nil
}

// merge returns the fields in which current, which a patch has made after of, was changed since base, to something else than
// yours, which the patch makes of base. Those that can be merged it merges in after.
func (fs fieldsOf[O, P]) merge(p *P, base, yours, current, after *O) (conflicts []MergeConflict) {
	for _, f := range fs {
		switch {
		case f.Of != f.Name || !fs.named(p, f) || fs.agree(f, base, current) || fs.agree(f, yours, current):
		case f.merge != nil:
			f.set(after, f.Value(f.merge(base, yours, current)))
		default:
			conflicts = append(conflicts, MergeConflict{f.Name, f.whole(base), f.whole(yours), f.whole(current)})
		}
	}
	return conflicts
}

// named reports whether p names a field or a part of it.
func (fs fieldsOf[O, P]) named(p *P, field *FieldOf[O, P]) bool {
	return slices.ContainsFunc(fs, func(f *FieldOf[O, P]) bool { return f.Of == field.Name && f.Writable() && f.named(p) })
}

// agree reports whether two objects agree in a field and all its parts that people can write.
func (fs fieldsOf[O, P]) agree(field *FieldOf[O, P], a, b *O) bool {
	return !slices.ContainsFunc(fs, func(f *FieldOf[O, P]) bool {
		same := f.same
		if f.agree != nil {
			same = f.agree
		}
		return f.Of == field.Name && f.Writable() && !same(a, b)
	})
}

// completesPassed reports whether p completes an occurrence, the one that a task was at base, which has passed since.
func (p *Patch) completesPassed(base, current *Task) bool {
	was, is := base.Recurrence, current.Recurrence
	return p.Completed.Set && p.Completed.V && was != nil && is != nil && was.Slot.At.Before(is.Slot.At)
}
