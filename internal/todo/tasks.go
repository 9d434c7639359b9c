package todo

import (
	"bytes"
	"context"
	"errors"
)

// change lets decide choose what to write, unless a change with the same key was made before: then it returns what is
// remembered of that. decide may be called several times; what it does last counts.
func (s *Service) change(
	ctx context.Context, by User, need ReadSet, opts WriteOptions, decide func(*builder) error,
) (*StoredAnswer, error) {
	return s.changeInSteps(ctx, by, need, opts, nil, func(b *builder) (*ReadSet, error) { return nil, decide(b) })
}

// changeInSteps is change for what may be too much for one step: decide returns what it has to know for the next one, nil
// after the last. made is set to the changes that were made, unless it is nil.
func (s *Service) changeInSteps(
	ctx context.Context, by User, need ReadSet, opts WriteOptions, made *ChangeSet, decide func(*builder) (next *ReadSet, err error),
) (*StoredAnswer, error) {
	w := s.write(by, opts)
	need.At, need.Since = w.At, s.rememberedSince()
	if w.Idempotency != nil {
		need.Key = w.Idempotency.Key
	}
	replay, err := s.changeKnowing(ctx, need, w, made, decide)
	if ask := oldestAsked(err); ask > 0 {
		need.Oldest = ask
		replay, err = s.changeKnowing(ctx, need, w, made, decide)
	}
	return replay, err
}

// oldestAsked returns what a trashFull asks for, 0 if err is none.
func oldestAsked(err error) int {
	if err == nil {
		return 0
	}
	if full := (*trashFull)(nil); errors.As(err, &full) {
		return full.ask
	}
	return 0
}

// changeKnowing is changeInSteps as far as what need asks for is all that it takes: else the error is a trashFull.
func (s *Service) changeKnowing(
	ctx context.Context, need ReadSet, w Write, made *ChangeSet, decide func(*builder) (next *ReadSet, err error),
) (*StoredAnswer, error) {
	var found struct { // by the first step
		replay *StoredAnswer
		first  Rev
		last   Rev // in the end
	}
	owner, asked := w.By.ID, need.Oldest > 0
	err := s.store.Change(ctx, owner, need, func(known *Snapshot) (_ WriteSet, err error) {
		known = known.ofThisLife()
		if known.Step == 0 {
			found.first, found.replay = known.Rev+1, known.Stored
			if err := s.permit(known, w); err != nil || found.replay != nil {
				return WriteSet{}, err
			}
		}
		b := newBuilder(known, w, s.rules.Quota)
		b.first = found.first
		if b.next, err = decide(b); err != nil {
			return WriteSet{}, err
		}
		if err := b.trim(s.rules.Quota, known.Step > 0 || asked); err != nil {
			return WriteSet{}, err
		}
		if b.next != nil && b.trashed > s.rules.Quota-StepSize {
			b.next.Oldest = 2 * StepSize // twice what the step can put there; what it takes out instead is half of that
		}
		if made != nil {
			made.add(known.Step, b.changes)
		}
		found.last = b.rev
		return b.writeSet(), nil
	})
	if err != nil {
		return nil, err
	}
	s.noteLog(owner, found.first, found.last)
	return found.replay, nil
}

// permit returns why a change may not be made, whatever it is: its token is of a life that has ended, its key was used for
// another request, or no more keys are remembered.
func (s *Service) permit(known *Snapshot, w Write) error {
	switch replay := known.Stored; {
	case known.revoked(w.By):
		return TokenRevoked()
	case replay != nil && !bytes.Equal(replay.Fingerprint, w.Idempotency.Fingerprint):
		return IdempotencyKeyReused()
	case replay == nil && w.Idempotency != nil && s.rules.Keys > 0 && known.Keys >= s.rules.Keys:
		s.note(w.By.ID) // some of them may be old enough to be forgotten
		return tooManyKeys()
	}
	return nil
}

// write returns a change by this user on these terms, now.
func (s *Service) write(by User, opts WriteOptions) Write {
	return Write{At: s.moment(), By: by, WriteOptions: opts}
}

// changeOne is change for a change of one task, which decide returns as it is then.
func (s *Service) changeOne(
	ctx context.Context, by User, need ReadSet, opts WriteOptions, decide func(*builder) (Task, error),
) (WriteResult, error) {
	var task Task
	replay, err := s.change(ctx, by, need, opts, func(b *builder) (err error) {
		if task, err = decide(b); err == nil && len(b.changes) == 0 {
			err = b.remember(Result{Op: Updated, Task: &task})
		}
		return err
	})
	switch {
	case err != nil:
		return WriteResult{}, err
	case replay != nil:
		task, err = s.taskOf(ctx, by, replay)
		return WriteResult{Task: task, Replayed: true}, err
	}
	return WriteResult{Task: task}, nil
}

// taskOf returns the task that a remembered change was of, as it left it; of one that has gone for good since only the id
// and the version. NoTask if not even that is known, or if it was of more than one.
func (s *Service) taskOf(ctx context.Context, by User, stored *StoredAnswer) (Task, error) {
	if c, ok := theOne(stored.Changes); ok && stored.Answer == nil {
		t := c.Task
		if c.Blank() {
			t = Task{ID: t.ID, Owner: by.ID, Version: t.Version}
		}
		return t, nil
	}
	results, err := s.results(ctx, by, stored)
	if err == nil && (len(results) != 1 || results[0].Task == nil) {
		err = NoTask()
	}
	if err != nil {
		return Task{}, err
	}
	return *results[0].Task, nil
}

// remember keeps results with the key, if there is one.
func (b *builder) remember(results ...Result) (err error) {
	if b.write.Idempotency != nil {
		b.answer, err = encodeAnswer(results)
	}
	return err
}

// changeTask is changeOne for a task that is there, in the trash or not as asked, at a version that opts want.
func (s *Service) changeTask(
	ctx context.Context, by User, id int64, trashed bool, opts WriteOptions, decide func(*builder, Task) (Task, error),
) (WriteResult, error) {
	return s.changeOne(ctx, by, ReadSet{Tasks: []int64{id}}, opts, func(b *builder) (Task, error) {
		t, err := b.required(id, trashed)
		if err != nil {
			return Task{}, err
		}
		return decide(b, t)
	})
}

// Create makes a new task of p, which must have a title.
func (s *Service) Create(ctx context.Context, by User, p Patch, opts WriteOptions) (WriteResult, error) {
	if !p.Title.Set {
		return WriteResult{}, InvalidFields(FieldError{"title", "is required"})
	}
	p, err := p.Normalise()
	if err != nil {
		return WriteResult{}, err
	}
	return stillThere(s.changeOne(ctx, by, ReadSet{New: 1}, opts, func(b *builder) (Task, error) {
		return b.create(p.NewTask(by.ID, b.write.At))
	}))
}

// stillThere returns out, or NoTask if it is what became of a task that has gone for good since.
func stillThere(out WriteResult, err error) (WriteResult, error) {
	if err == nil && out.Task.Title == "" {
		return WriteResult{}, NoTask()
	}
	return out, err
}

// Update changes what p names of a task and keeps the rest.
func (s *Service) Update(ctx context.Context, by User, id int64, p Patch, opts WriteOptions) (WriteResult, error) {
	p, err := p.Normalise()
	if err != nil {
		return WriteResult{}, err
	}
	return stillThere(s.changeTask(ctx, by, id, false, opts, func(b *builder, t Task) (Task, error) {
		return b.edit(t, p.Apply(t, b.write.At)), nil
	}))
}

// UpdateAs changes a task by a patch that depends on how it is. An error of patch is returned.
func (s *Service) UpdateAs(
	ctx context.Context, by User, id int64, opts WriteOptions, patch func(Task) (Patch, error),
) (WriteResult, error) {
	return stillThere(s.changeTask(ctx, by, id, false, opts, func(b *builder, t Task) (Task, error) {
		p, err := patch(t)
		if err == nil {
			p, err = p.Normalise()
		}
		if err != nil {
			return Task{}, err
		}
		return b.edit(t, p.Apply(t, b.write.At)), nil
	}))
}

// Toggle completes an open task and reopens a completed one.
func (s *Service) Toggle(ctx context.Context, by User, id int64, opts WriteOptions) (WriteResult, error) {
	return stillThere(s.changeTask(ctx, by, id, false, opts, func(b *builder, t Task) (Task, error) {
		after := t.Toggle(b.write.At) // which always differs
		return b.add(OpOf(t, after), &t, &after), nil
	}))
}

// Delete moves a task to the trash.
func (s *Service) Delete(ctx context.Context, by User, id int64, opts WriteOptions) (WriteResult, error) {
	return s.changeTask(ctx, by, id, false, opts, func(b *builder, t Task) (Task, error) { return b.trash(t), nil })
}

// Restore takes a task out of the trash.
func (s *Service) Restore(ctx context.Context, by User, id int64, opts WriteOptions) (WriteResult, error) {
	return stillThere(s.changeTask(ctx, by, id, true, opts, func(b *builder, t Task) (Task, error) { return b.restore(t) }))
}

// Purge removes a task in the trash for good.
func (s *Service) Purge(ctx context.Context, by User, id int64, opts WriteOptions) (WriteResult, error) {
	need := ReadSet{Tasks: []int64{id}, Alone: true}
	return s.changeOne(ctx, by, need, opts, func(b *builder) (Task, error) {
		t, err := b.required(id, true)
		if err != nil {
			return Task{}, err
		}
		return b.purge(t), nil
	})
}
