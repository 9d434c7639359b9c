package todo

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// MaxBatch is how many steps a batch may have.
const MaxBatch = 100

// Step is one operation of a batch.
type Step struct {
	Kind    Kind   // what it is about; 0 is a task
	Op      Op     // Created, Updated, Deleted or Restored, of a task also Completed or Reopened
	Ref     string // names what Created makes for the steps behind it; in these it stands for the id
	ID      int64  // of the object, unless Ref says it
	Version Rev    // that the object must be at; 0 for any
	Patch   Patch  // for Created and Updated of a task
	Refs    Refs   // what stands in Patch for ids
	Object  ObjectPatch
	Fault   error // why it can't be carried out at all; nil for none
}

// Refs are names of objects that steps before have made, where Patch would have their ids. "" is none.
type Refs struct {
	List   string
	Parent string
	Labels []string // beside those in Patch
}

// All returns all names.
func (r *Refs) All() []string {
	all := slices.Clone(r.Labels)
	for _, name := range []string{r.List, r.Parent} {
		if name != "" {
			all = append(all, name)
		}
	}
	return all
}

// Result is what became of a step.
type Result struct {
	Ref    string
	Op     Op
	Task   *Task   // as the step left it; nil if it failed, or was about something else
	Object *Object // the same of a list or label
	Err    error   // of type Error
}

// Batch is what became of all steps.
type Batch struct {
	Results  []Result
	Total    int // how many changes were made: deleting a list is one of each of its tasks, too
	Replayed bool
}

// BatchError says that an atomic batch was not carried out, because of the first step that failed, which it unwraps to.
type BatchError struct {
	Results []Result
	First   error
}

// Error returns why the first step failed that did.
func (e *BatchError) Error() string { return e.First.Error() }

// Unwrap returns the error of the first step that failed.
func (e *BatchError) Unwrap() error { return e.First }

// NotCarriedOut says that a step of an atomic batch was not carried out because another failed.
func NotCarriedOut() error {
	return &Error{Code: Dependent, Message: "Not carried out, because another operation of the batch failed"}
}

// Batch carries out steps in their order, each of which sees what the ones before it did. An atomic one is carried out as
// a whole or not at all; then the error is a BatchError. All changes it makes are one set.
func (s *Service) Batch(ctx context.Context, by User, steps []Step, atomic bool, opts WriteOptions) (Batch, error) {
	if len(steps) < 1 || len(steps) > MaxBatch {
		return Batch{}, InvalidFields(FieldError{"operations", fmt.Sprintf("must be 1 to %d operations", MaxBatch)})
	}
	steps = normalised(steps)
	var results []Result
	replay, total, err := s.changeInSteps(ctx, by, readSetOf(steps), opts, nil, func(b *builder) (*ReadSet, error) {
		var err error
		if results, err = b.batch(steps); err == nil && atomic {
			err = whole(results)
		}
		if err != nil {
			return nil, err
		}
		return nil, b.remember(results...)
	})
	if err != nil {
		return Batch{}, err
	}
	if replay != nil {
		results, err = s.results(ctx, by, replay)
	}
	return Batch{Results: results, Total: total, Replayed: replay != nil}, err
}

// normalised returns steps with their patches as stores take them. What is wrong with one is its Fault.
func normalised(steps []Step) []Step {
	steps = slices.Clone(steps)
	for i := range steps {
		step := &steps[i]
		if step.Kind == 0 {
			step.Kind = KindTask
		}
		field, named := "title", step.Patch.Title.Set
		if step.Kind != KindTask {
			field, named = "name", step.Object.Name.Set
		}
		if step.Fault == nil && step.Op == Created && !named {
			step.Fault = InvalidFields(FieldError{field, "is required"})
		}
		switch {
		case step.Fault != nil:
		case step.Kind == KindTask:
			step.Patch, step.Fault = step.Patch.Normalise()
		default:
			step.Object, step.Fault = step.Object.Normalise(step.Kind)
		}
	}
	return steps
}

// readSetOf returns what steps need to know.
func readSetOf(steps []Step) (need ReadSet) {
	for i := range steps {
		step := &steps[i]
		if step.Kind != KindTask {
			need.AllObjects, need.Alone = true, true
		} else {
			need.refer(&step.Patch)
			need.Families = need.Families || step.Refs.Parent != ""
		}
		switch {
		case step.Op == Created:
			need.New++
		case step.Kind == KindTask && step.ID != 0 && !slices.Contains(need.Tasks, step.ID):
			need.Tasks = append(need.Tasks, step.ID)
		}
	}
	slices.Sort(need.Objects)
	need.Objects = slices.Compact(need.Objects)
	return need
}

// batch carries out all steps that can be, and returns what became of each. If one of them has to know more, that is the error.
func (b *builder) batch(steps []Step) ([]Result, error) {
	results := make([]Result, len(steps))
	refs := map[string]int64{}
	for i, step := range steps {
		if step.Op != Created && step.Ref != "" {
			step.ID = refs[step.Ref] // 0, which is nothing, if that one failed
		}
		step.Patch.resolve(step.Refs, refs)
		made, err := b.step(&step)
		if more := (*needMore)(nil); errors.As(err, &more) {
			return nil, err
		}
		if results[i] = (Result{Ref: step.Ref, Op: step.Op, Err: err}); err != nil {
			continue
		}
		id := made.Task.ID
		if results[i].Object = made.Object; made.Object != nil {
			id = made.Object.ID
		} else {
			results[i].Task = &made.Task
		}
		if step.Op == Created && step.Ref != "" {
			refs[step.Ref] = id
		}
	}
	return results, nil
}

// resolve puts ids into p where names stand for them; -1, which is nobody's, for one that there isn't.
func (p *Patch) resolve(names Refs, ids map[string]int64) {
	of := func(name string) int64 {
		if id := ids[name]; id != 0 {
			return id
		}
		return -1
	}
	if names.List != "" {
		p.ListID = Some(of(names.List))
	}
	if names.Parent != "" {
		p.ParentID = Some(of(names.Parent))
	}
	if len(names.Labels) > 0 {
		p.LabelIDs = Some(slices.Clone(p.LabelIDs.V))
		for _, name := range names.Labels {
			if id := of(name); !slices.Contains(p.LabelIDs.V, id) {
				p.LabelIDs.V = append(p.LabelIDs.V, id)
			}
		}
		slices.Sort(p.LabelIDs.V)
	}
}

// step carries out one step and returns what it is about as it leaves it.
func (b *builder) step(step *Step) (out WriteResult, err error) {
	switch {
	case step.Fault != nil:
		return WriteResult{}, step.Fault
	case step.Kind != KindTask:
		o, err := b.objectStep(step)
		return WriteResult{Object: &o}, err
	}
	out.Task, err = b.taskStep(step)
	return out, err
}

// taskStep is step for a task.
func (b *builder) taskStep(step *Step) (Task, error) {
	if step.Op == Created {
		return b.create(step.Patch.NewTask(b.write.By.ID, b.write.At), step.Patch.ListID.Set)
	}
	before, err := b.find(step.ID, step.Op == Restored)
	if err != nil {
		return Task{}, err
	}
	if step.Version != 0 && step.Version != before.Version {
		return Task{}, PreconditionFailed(before)
	}
	switch {
	case step.Op == Updated:
		return b.patch(before, step.Patch)
	case step.Op == Completed || step.Op == Reopened:
		return b.patch(before, Patch{Completed: Some(step.Op == Completed)})
	case step.Op == Deleted:
		return b.trashTree(before)
	case step.Op == Restored:
		return b.restoreTree(before)
	}
	return Task{}, notOfABatch()
}

// objectStep is step for a list or label.
func (b *builder) objectStep(step *Step) (Object, error) {
	if step.Op == Created {
		return b.createObject(step.Kind, step.Object)
	}
	before := b.object(step.ID)
	if before.Kind != step.Kind || (step.Op == Restored) != (before.DeletedAt != nil) {
		return Object{}, NoObject(step.Kind)
	}
	if step.Version != 0 && step.Version != before.Version {
		return Object{}, objectChanged(before)
	}
	switch {
	case step.Op == Updated:
		return b.patchObject(before, step.Object)
	case step.Op == Deleted:
		return b.trashObject(before)
	case step.Op == Restored:
		return b.restoreObject(before)
	}
	return Object{}, notOfABatch()
}

// notOfABatch says that an operation is none that a batch can have.
func notOfABatch() error { return InvalidFields(FieldError{"op", "is none of a batch"}) }

// whole returns a BatchError if a result is an error, and makes those that are none NotCarriedOut.
func whole(results []Result) error {
	first := slices.IndexFunc(results, func(r Result) bool { return r.Err != nil })
	if first < 0 {
		return nil
	}
	failed := &BatchError{Results: results, First: results[first].Err}
	for i := range results {
		if results[i].Err == nil {
			results[i].Task, results[i].Object, results[i].Err = nil, nil, NotCarriedOut()
		}
	}
	return failed
}
