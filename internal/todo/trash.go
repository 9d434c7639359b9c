package todo

import "context"

// Restore takes a task, list or label out of the trash. A list brings back the tasks that went there with it, and is the first
// change of their set.
func (s *Service) Restore(ctx context.Context, by User, id int64, opts WriteOptions) (WriteResult, error) {
	need := ReadSet{Tasks: []int64{id}, Objects: []int64{id}}
	out, err := s.changeThing(ctx, by, need, opts, func(b *builder) (WriteResult, error) {
		if o := b.object(id); o.DeletedAt != nil {
			o, err := b.requiredObject(o.Kind, id, true)
			if err == nil {
				o, err = b.restoreObject(o)
			}
			return WriteResult{Object: &o}, err
		}
		t, err := b.required(id, true)
		if err == nil {
			t, err = b.restoreTree(t)
		}
		return WriteResult{Task: t}, err
	})
	return stillThere(out, err)
}

// Purge removes a task, list or label in the trash for good. The tasks that have a label lose it by changes of their own.
func (s *Service) Purge(ctx context.Context, by User, id int64, opts WriteOptions) (WriteResult, error) {
	need := ReadSet{Tasks: []int64{id}, Objects: []int64{id}, Alone: true}
	return s.changeThing(ctx, by, need, opts, func(b *builder) (WriteResult, error) {
		if o := b.object(id); o.DeletedAt != nil {
			o, err := b.requiredObject(o.Kind, id, true)
			if err == nil {
				o = b.purgeObject(o)
			}
			return WriteResult{Object: &o}, err
		}
		t, err := b.required(id, true)
		if err == nil {
			t = b.purge(t)
		}
		return WriteResult{Task: t}, err
	})
}
