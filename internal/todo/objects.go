package todo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// NoObject is NoTask for an object of another kind.
func NoObject(k Kind) error { return &Error{Code: NotFound, Message: k.title() + " not found"} }

// object returns a list or label as the builder leaves it, in the trash or not; the zero Object for one that isn't there.
func (b *builder) object(id int64) Object {
	o, changed := b.objects[id]
	if !changed {
		o = b.known.Objects[id]
	}
	return o
}

// has reports whether there is an object of this kind, not in the trash.
func (b *builder) has(k Kind, id int64) bool {
	o := b.object(id)
	return o.Kind == k && o.DeletedAt == nil
}

// requiredObject returns an object as the builder leaves it, in the trash or not as asked. The write's preconditions are about
// it.
func (b *builder) requiredObject(k Kind, id int64, trashed bool) (Object, error) {
	o := b.object(id)
	switch {
	case o.Kind != k || trashed != (o.DeletedAt != nil):
		return Object{}, NoObject(k)
	case b.write.If != nil && !slices.Contains(b.write.If, o.Version):
		return Object{}, objectChanged(o)
	}
	return o, nil
}

// objectChanged is PreconditionFailed for an object of another kind.
func objectChanged(current Object) error {
	return &Error{
		Code: Changed, Message: "The " + current.Kind.String() + " has been changed since", CurrentObject: &current,
	}
}

// all returns the objects of a kind as the builder leaves them, in the trash or not as asked, in no order.
func (b *builder) all(k Kind, trashed bool) (all []Object) {
	for id := range b.known.Objects {
		if o := b.object(id); o.Kind == k && trashed == (o.DeletedAt != nil) {
			all = append(all, o)
		}
	}
	for id, o := range b.objects {
		if _, known := b.known.Objects[id]; !known && o.Kind == k && trashed == (o.DeletedAt != nil) {
			all = append(all, o)
		}
	}
	return all
}

// fits returns why o can't be among the objects of its kind: there are as many as there may be, or it is a label and another
// one is called like it. If they aren't all known, the error is a needMore.
func (b *builder) fits(o *Object) error {
	if !b.allObjects {
		return &needMore{func(r *ReadSet) { r.AllObjects, r.Alone = true, true }}
	}
	others := slices.DeleteFunc(b.all(o.Kind, false), func(other Object) bool { return other.ID == o.ID })
	if most := o.Kind.most(); len(others) >= most {
		return &Error{Code: Conflict, Message: fmt.Sprintf("You can have at most %d %ss", most, o.Kind)}
	}
	if o.Kind == KindLabel {
		name := b.alike(o.Name)
		if slices.ContainsFunc(others, func(other Object) bool { return b.alike(other.Name) == name }) {
			return &Error{Code: Conflict, Message: "You have a label of this name"}
		}
	}
	return nil
}

// createObject adds a new list or label. A list stands behind all others.
func (b *builder) createObject(k Kind, p ObjectPatch) (Object, error) {
	now := b.write.At
	o := p.Apply(Object{Kind: k, Owner: b.write.By.ID, CreatedAt: now, UpdatedAt: now}, now)
	if err := b.fits(&o); err != nil {
		return Object{}, err
	}
	if k == KindList {
		o.Position = b.lastPlace()
	}
	o.ID, b.ids = b.ids[0], b.ids[1:]
	return b.addObject(Created, nil, &o), nil
}

// patchObject changes an object by p, which must be normalised.
func (b *builder) patchObject(o Object, p ObjectPatch) (Object, error) {
	after := p.Apply(o, b.write.At)
	if after.Same(&o) {
		return o, nil
	}
	if after.Kind == KindLabel && after.Name != o.Name {
		if err := b.fits(&after); err != nil {
			return Object{}, err
		}
	}
	return b.addObject(Updated, &o, &after), nil
}

// trashObject moves an object to the trash, a list with its tasks.
func (b *builder) trashObject(o Object) (Object, error) {
	before, at := o, b.alone()
	o.DeletedAt, b.latest = &at, at
	after := b.addObject(Deleted, &before, &o)
	if o.Kind == KindList {
		err := b.withList(o.ID, nil, func(b *builder, t Task) error {
			b.trashAt(t, at)
			return nil
		})
		return after, err
	}
	return after, nil
}

// withList does something with all tasks of a list that are not in the trash, or that went there at a time: with those that are
// known now, so that what is decided after this sees them like that, and with the others in the steps to come.
func (b *builder) withList(id int64, deleted *time.Time, do func(*builder, Task) error) error {
	b.followUps = append(b.followUps, followUp{Walk{List: id, DeletedAt: deleted}, do})
	known := maps.Clone(b.known.Tasks)
	maps.Copy(known, b.tasks)
	for _, task := range slices.Sorted(maps.Keys(known)) {
		t := b.task(task)
		there := t.DeletedAt == nil && deleted == nil || t.DeletedAt != nil && deleted != nil && t.DeletedAt.Equal(*deleted)
		if idOf(t.ListID) != id || !there {
			continue
		}
		if err := do(b, t); err != nil {
			return err
		}
	}
	return nil
}

// restoreObject takes an object out of the trash, a list with the tasks that went there with it.
func (b *builder) restoreObject(o Object) (Object, error) {
	before, at := o, o.DeletedAt
	o.DeletedAt = nil
	if err := b.fits(&o); err != nil {
		return Object{}, err
	}
	after := b.addObject(Restored, &before, &o)
	if o.Kind == KindList {
		err := b.withList(o.ID, at, func(b *builder, t Task) error {
			_, err := b.restore(t)
			return err
		})
		if err != nil {
			return Object{}, err
		}
	}
	return after, nil
}

// purgeObject removes an object for good. Of it remain its id and, for the log, when it was made, changed and deleted. Tasks
// lose a label that is gone.
func (b *builder) purgeObject(o Object) Object {
	left := Object{Kind: o.Kind, ID: o.ID, Owner: o.Owner, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, DeletedAt: o.DeletedAt}
	left = b.addObject(Purged, &o, &left)
	b.objects[o.ID] = Object{}
	if o.Kind == KindLabel {
		b.followUps = append(b.followUps, followUp{Walk{Label: o.ID}, func(b *builder, t Task) error {
			after := t
			after.LabelIDs = t.LabelIDs.without(o.ID)
			after.touch(b.write.At)
			b.edit(t, after)
			return nil
		}})
	}
	return Object{Kind: left.Kind, ID: left.ID, Owner: left.Owner, Version: left.Version}
}

// addObject notes a change of an object, with the revision it will have, and returns the object after it.
func (b *builder) addObject(op Op, before, after *Object) Object {
	after.Version = b.rev + 1
	left := *after
	c := Change{Op: op, Task: after.common(), Object: &left}
	if before != nil {
		c.PrevRev = before.Version
	}
	if op != Created && op != Purged {
		c.Before = objectFields[after.Kind].touched(before, after)
	}
	b.log(c)
	if b.objects == nil {
		b.objects = map[int64]Object{}
	}
	b.objects[after.ID] = *after
	return *after
}

// Objects returns all of by's lists or labels that are in the trash, or are not, in their order, and where by's data stand.
func (s *Service) Objects(ctx context.Context, by User, k Kind, trashed bool) ([]Object, State, error) {
	all, state, err := s.store.Objects(ctx, by.ID, 0)
	switch {
	case err != nil:
		return nil, State{}, err
	case state.revoked(by):
		return nil, State{}, TokenRevoked()
	}
	all = slices.DeleteFunc(all, func(o Object) bool { return o.Kind != k || trashed != (o.DeletedAt != nil) })
	slices.SortFunc(all, s.before(trashed))
	return all, state, nil
}

// before returns how objects of one kind are ordered: those in the trash by when they went there, the latest first, lists by
// their position, labels by name.
func (s *Service) before(trashed bool) func(a, b Object) int {
	return func(a, b Object) int {
		if trashed {
			return cmp.Or(b.DeletedAt.Compare(*a.DeletedAt), cmp.Compare(b.ID, a.ID))
		}
		if a.Kind == KindList {
			return cmp.Or(strings.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Or(strings.Compare(s.store.Alike(a.Name), s.store.Alike(b.Name)), cmp.Compare(a.ID, b.ID))
	}
}

// Object returns one of by's lists or labels that is not in the trash.
func (s *Service) Object(ctx context.Context, by User, k Kind, id int64) (Object, error) {
	found, state, err := s.store.Objects(ctx, by.ID, id)
	switch {
	case err != nil:
		return Object{}, err
	case state.revoked(by):
		return Object{}, TokenRevoked()
	case len(found) == 0 || found[0].Kind != k || found[0].DeletedAt != nil:
		return Object{}, NoObject(k)
	}
	return found[0], nil
}

// CreateObject makes a list or label of p, which must have a name.
func (s *Service) CreateObject(ctx context.Context, by User, k Kind, p ObjectPatch, opts WriteOptions) (WriteResult, error) {
	if !p.Name.Set {
		return WriteResult{}, InvalidFields(FieldError{"name", "is required"})
	}
	p, err := p.Normalise(k)
	if err != nil {
		return WriteResult{}, err
	}
	need := ReadSet{New: 1, AllObjects: true, Alone: true}
	return stillThere(s.changeThing(ctx, by, need, opts, func(b *builder) (WriteResult, error) {
		o, err := b.createObject(k, p)
		return WriteResult{Object: &o}, err
	}))
}

// UpdateObject changes what p names of a list or label and keeps the rest.
func (s *Service) UpdateObject(
	ctx context.Context, by User, k Kind, id int64, p ObjectPatch, opts WriteOptions,
) (WriteResult, error) {
	p, err := p.Normalise(k)
	if err != nil {
		return WriteResult{}, err
	}
	need := ReadSet{Objects: []int64{id}}
	return stillThere(s.changeThing(ctx, by, need, opts, func(b *builder) (WriteResult, error) {
		o, err := b.requiredObject(k, id, false)
		if err == nil {
			o, err = b.patchObject(o, p)
		}
		return WriteResult{Object: &o}, err
	}))
}

// DeleteObject moves a list, with its tasks, or a label to the trash. Of a trash that is full of them, the ones that have been
// there the longest are removed for good.
func (s *Service) DeleteObject(ctx context.Context, by User, k Kind, id int64, opts WriteOptions) (WriteResult, error) {
	var oldest []Object // that are too many
	need := ReadSet{AllObjects: true, Alone: true}
	out, err := s.changeThing(ctx, by, need, opts, func(b *builder) (WriteResult, error) {
		oldest = nil
		o, err := b.requiredObject(k, id, false)
		if err != nil {
			return WriteResult{}, err
		}
		if o, err = b.trashObject(o); err != nil {
			return WriteResult{}, err
		}
		if trash := b.all(k, true); len(trash) > k.most() {
			slices.SortFunc(trash, func(a, b Object) int { return s.before(true)(b, a) })
			oldest = trash[:len(trash)-k.most()]
		}
		return WriteResult{Object: &o}, nil
	})
	if err == nil && !out.Replayed {
		for _, o := range oldest { // what is left over, the next deletion removes
			_, _ = s.Purge(ctx, by, o.ID, WriteOptions{RequestID: opts.RequestID, If: []Rev{o.Version}})
		}
	}
	return out, err
}
