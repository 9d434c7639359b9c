package todo

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
)

// changeInSteps lets decide choose what to write, unless a change with the same key was made before: then it returns what is
// remembered of that. decide may be called several times; what it does last counts. It returns what it has to know for the next
// step, where one would be too much, nil after the last. made is set to the changes that were made, unless it is nil; total is
// how many those are.
func (s *Service) changeInSteps(
	ctx context.Context, by User, need ReadSet, opts WriteOptions, made *ChangeSet, decide func(*builder) (next *ReadSet, err error),
) (replay *StoredAnswer, total int, err error) {
	w := s.write(by, opts)
	need.At, need.Since = w.At, s.rememberedSince()
	if w.Idempotency != nil {
		need.Key = w.Idempotency.Key
	}
	for range maxAttempts {
		replay, total, err = s.changeKnowing(ctx, need, w, made, decide)
		if err == nil {
			return replay, total, nil
		}
		more := (*needMore)(nil)
		if !errors.As(err, &more) {
			return nil, 0, err
		}
		more.ask(&need)
	}
	return nil, 0, ServiceUnavailable(err)
}

// maxAttempts is how often a change is begun that turns out to have to know more. What it asked for may be something else by
// the time it is known, as somebody else moves the neighbours; but not for ever.
const maxAttempts = 16

// changeKnowing is changeInSteps as far as what need asks for is all that it takes: else the error is a needMore.
func (s *Service) changeKnowing(
	ctx context.Context, need ReadSet, w Write, made *ChangeSet, decide func(*builder) (next *ReadSet, err error),
) (replay *StoredAnswer, total int, err error) {
	c := &inSteps{service: s, write: w, asked: need.Oldest > 0, allObjects: need.AllObjects, families: need.Families, decide: decide, made: made}
	if err := s.store.Change(ctx, w.By.ID, need, c.step); err != nil {
		return nil, 0, err
	}
	s.noteLog(w.By.ID, c.first, c.last)
	return c.replay, max(0, int(c.last-c.first)+1), nil
}

// inSteps is a change on its way, step by step.
type inSteps struct {
	service    *Service
	write      Write
	asked      bool // the oldest of the trash are known from the beginning
	allObjects bool // all lists and labels are
	families   bool // all relatives of tasks are
	decide     func(*builder) (next *ReadSet, err error)
	made       *ChangeSet // nil if nobody wants to know

	// What the first step finds, and what those before the next one have left.
	replay    *StoredAnswer
	first     Rev
	last      Rev
	decided   bool   // decide has said that there is no more
	answer    []byte // to be remembered with the key
	followUps []followUp
}

// step decides what the next step writes. It begins anew with the first one.
func (c *inSteps) step(known *Snapshot) (WriteSet, error) {
	known = known.ofThisLife()
	if known.Step == 0 {
		c.first, c.replay, c.decided, c.answer, c.followUps = known.Rev+1, known.Stored, false, nil, nil
		if err := c.service.permit(known, c.write); err != nil || c.replay != nil {
			return WriteSet{}, err
		}
	}
	b := newBuilder(known, c.write, c.service.rules.Quota)
	b.first, b.allObjects, b.families, b.alike, b.answer = c.first, c.allObjects, c.families, c.service.store.Alike, c.answer
	if err := c.proceed(b); err != nil {
		return WriteSet{}, err
	}
	quota := c.service.rules.Quota
	if err := b.trim(quota, known.Step > 0 || c.asked); err != nil {
		return WriteSet{}, err
	}
	if b.next != nil && b.trashed > quota-StepSize {
		b.next.Oldest = 2 * StepSize // twice what the step can put there; what it takes out instead is half of that
	}
	if c.made != nil {
		c.made.add(known.Step, b.changes)
	}
	c.last, c.answer = b.rev, b.answer
	return b.writeSet(), nil
}

// proceed has b do what there is to do in this step: what decide says, and after that what is left of the set.
func (c *inSteps) proceed(b *builder) (err error) {
	if !c.decided {
		b.next, err = c.decide(b)
		if c.followUps = append(c.followUps, b.followUps...); b.next != nil || err != nil {
			return err
		}
		c.decided = true
	} else {
		now := c.followUps[0]
		for _, id := range slices.Sorted(maps.Keys(b.known.Tasks)) {
			if err := now.do(b, b.known.Tasks[id]); err != nil {
				return err
			}
		}
		if b.known.Looked > 0 {
			b.next = &ReadSet{Walk: &now.walk, After: b.known.Looked}
			return nil
		}
		c.followUps = c.followUps[1:]
	}
	if len(c.followUps) > 0 {
		b.next = &ReadSet{Walk: &c.followUps[0].walk}
	}
	return nil
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
	return s.changeThing(ctx, by, need, opts, func(b *builder) (WriteResult, error) {
		t, err := decide(b)
		return WriteResult{Task: t}, err
	})
}

// changeThing is change for a change of one object of any kind, which decide returns as it is then. Others may be changed
// along with it.
func (s *Service) changeThing(
	ctx context.Context, by User, need ReadSet, opts WriteOptions, decide func(*builder) (WriteResult, error),
) (WriteResult, error) {
	var out WriteResult
	replay, total, err := s.changeInSteps(ctx, by, need, opts, nil, func(b *builder) (_ *ReadSet, err error) {
		if out, err = decide(b); err == nil && (len(b.changes) != 1 || len(b.followUps) > 0) {
			err = b.remember(out.result())
		}
		return nil, err
	})
	switch {
	case err != nil:
		return WriteResult{}, err
	case replay != nil:
		out, err = s.thingOf(ctx, by, replay)
		out.Replayed = true
		return out, err
	}
	out.Total = total
	return out, nil
}

// result returns out as it is remembered.
func (out *WriteResult) result() Result {
	if out.Object != nil {
		return Result{Op: Updated, Object: out.Object}
	}
	return Result{Op: Updated, Task: &out.Task}
}

// thingOf returns what a remembered change was of, as it left it; of what has gone for good since only the id and the
// version. NoTask if not even that is known, or if it was of more than one.
func (s *Service) thingOf(ctx context.Context, by User, stored *StoredAnswer) (WriteResult, error) {
	if c, ok := theOne(stored.Changes); ok && stored.Answer == nil {
		out := WriteResult{Task: c.Task, Object: c.Object}
		if c.Blank() {
			out.Task = Task{ID: c.Task.ID, Owner: by.ID, Version: c.Task.Version}
		}
		return out, nil
	}
	results, err := s.results(ctx, by, stored)
	if CodeOf(err) == NotFound { // of what has gone for good
		results, err = decodeAnswer(by.ID, stored.Answer)
	}
	if err == nil && (len(results) != 1 || results[0].Task == nil && results[0].Object == nil) {
		err = NoTask()
	}
	if err != nil {
		return WriteResult{}, err
	}
	out := WriteResult{Object: results[0].Object}
	if results[0].Task != nil {
		out.Task = *results[0].Task
	}
	return out, nil
}

// remember keeps results with the key, if there is one.
func (b *builder) remember(results ...Result) (err error) {
	if b.write.Idempotency != nil {
		b.answer, err = encodeAnswer(results)
	}
	return err
}

// changeTask is changeOne for a task that is there at a version that opts want. What else need asks for is known.
func (s *Service) changeTask(
	ctx context.Context, by User, id int64, need ReadSet, opts WriteOptions, decide func(*builder, Task) (Task, error),
) (WriteResult, error) {
	need.Tasks = append(need.Tasks, id)
	return s.changeOne(ctx, by, need, opts, func(b *builder) (Task, error) {
		t, err := b.required(id, false)
		if err != nil {
			return Task{}, err
		}
		return decide(b, t)
	})
}

// refer asks for the lists, labels and the parent that p names.
func (r *ReadSet) refer(p *Patch) {
	if id := p.ParentID; id.Set && !id.Null {
		r.Tasks, r.Families = append(r.Tasks, id.V), true
	}
	if id := p.ListID; id.Set && !id.Null {
		r.Objects = append(r.Objects, id.V)
	}
	r.Objects = append(r.Objects, p.LabelIDs.V...)
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
	need := ReadSet{New: 1}
	need.refer(&p)
	return stillThere(s.changeOne(ctx, by, need, opts, func(b *builder) (Task, error) {
		return b.create(p.NewTask(by.ID, b.write.At), p.ListID.Set)
	}))
}

// stillThere returns out, or NotFound if it is what became of something that has gone for good since.
func stillThere(out WriteResult, err error) (WriteResult, error) {
	switch {
	case err != nil:
		return WriteResult{}, err
	case out.Object != nil && out.Object.Name == "":
		return WriteResult{}, NoObject(out.Object.Kind)
	case out.Object == nil && out.Task.Title == "":
		return WriteResult{}, NoTask()
	}
	return out, nil
}

// Update changes what p names of a task and keeps the rest.
func (s *Service) Update(ctx context.Context, by User, id int64, p Patch, opts WriteOptions) (WriteResult, error) {
	p, err := p.Normalise()
	if err != nil {
		return WriteResult{}, err
	}
	var need ReadSet
	need.refer(&p)
	return stillThere(s.changeTask(ctx, by, id, need, opts, func(b *builder, t Task) (Task, error) {
		return b.patch(t, p)
	}))
}

// UpdateAs changes a task by a patch that depends on how it is. An error of patch is returned.
func (s *Service) UpdateAs(
	ctx context.Context, by User, id int64, opts WriteOptions, patch func(Task) (Patch, error),
) (WriteResult, error) {
	return stillThere(s.changeTask(ctx, by, id, ReadSet{}, opts, func(b *builder, t Task) (Task, error) {
		p, err := patch(t)
		if err == nil {
			p, err = p.Normalise()
		}
		if err != nil {
			return Task{}, err
		}
		return b.patch(t, p)
	}))
}

// Toggle completes an open task and reopens a completed one.
func (s *Service) Toggle(ctx context.Context, by User, id int64, opts WriteOptions) (WriteResult, error) {
	return stillThere(s.changeTask(ctx, by, id, ReadSet{}, opts, func(b *builder, t Task) (Task, error) {
		return b.change(t, t.Toggle(b.write.At), false)
	}))
}

// Delete moves a task to the trash.
func (s *Service) Delete(ctx context.Context, by User, id int64, opts WriteOptions) (WriteResult, error) {
	return s.changeTask(ctx, by, id, ReadSet{}, opts, func(b *builder, t Task) (Task, error) { return b.trashTree(t) })
}
