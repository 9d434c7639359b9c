package todo

import (
	"context"
	"fmt"
	"slices"
)

// MaxBatch is how many steps a batch may have.
const MaxBatch = 100

// Step is one operation of a batch.
type Step struct {
	Op      Op     // Created, Updated, Completed, Reopened, Deleted or Restored
	Ref     string // names the task that Created makes for the steps behind it; in these it stands for the id
	ID      int64  // of the task, unless Ref says it
	Version Rev    // that the task must be at; 0 for any
	Patch   Patch  // for Created and Updated
	Fault   error  // why it can't be carried out at all; nil for none
}

// Result is what became of a step.
type Result struct {
	Ref  string
	Op   Op
	Task *Task // as the step left it; nil if it failed
	Err  error // of type Error
}

// Batch is what became of all steps.
type Batch struct {
	Results  []Result
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
	replay, err := s.change(ctx, by, readSetOf(steps), opts, func(b *builder) error {
		if results = b.batch(steps); atomic {
			if err := whole(results); err != nil {
				return err
			}
		}
		return b.remember(results...)
	})
	if err != nil {
		return Batch{}, err
	}
	if replay != nil {
		results, err = s.results(ctx, by, replay)
	}
	return Batch{Results: results, Replayed: replay != nil}, err
}

// normalised returns steps with their patches as stores take them. What is wrong with one is its Fault.
func normalised(steps []Step) []Step {
	steps = slices.Clone(steps)
	for i := range steps {
		step := &steps[i]
		if step.Fault == nil && step.Op == Created && !step.Patch.Title.Set {
			step.Fault = InvalidFields(FieldError{"title", "is required"})
		}
		if step.Fault == nil {
			step.Patch, step.Fault = step.Patch.Normalise()
		}
	}
	return steps
}

// readSetOf returns what steps need to know.
func readSetOf(steps []Step) (need ReadSet) {
	for _, step := range steps {
		switch {
		case step.Op == Created:
			need.New++
		case step.ID != 0 && !slices.Contains(need.Tasks, step.ID):
			need.Tasks = append(need.Tasks, step.ID)
		}
	}
	return need
}

// batch carries out all steps that can be, and returns what became of each.
func (b *builder) batch(steps []Step) []Result {
	results := make([]Result, len(steps))
	refs := map[string]int64{}
	for i, step := range steps {
		if step.Op != Created && step.Ref != "" {
			step.ID = refs[step.Ref] // 0, which is no task, if that one failed
		}
		t, err := b.step(step)
		if results[i] = (Result{Ref: step.Ref, Op: step.Op, Err: err}); err != nil {
			continue
		}
		results[i].Task = &t
		if step.Op == Created && step.Ref != "" {
			refs[step.Ref] = t.ID
		}
	}
	return results
}

// step carries out one step and returns the task as it leaves it.
func (b *builder) step(step Step) (Task, error) {
	if step.Fault != nil {
		return Task{}, step.Fault
	}
	if step.Op == Created {
		return b.create(step.Patch.NewTask(b.write.By.ID, b.write.At))
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
		return b.edit(before, step.Patch.Apply(before, b.write.At)), nil
	case step.Op == Completed || step.Op == Reopened:
		done := Patch{Completed: Some(step.Op == Completed)}
		return b.edit(before, done.Apply(before, b.write.At)), nil
	case step.Op == Deleted:
		return b.trash(before), nil
	case step.Op == Restored:
		return b.restore(before)
	}
	return Task{}, InvalidFields(FieldError{"op", "is none of a batch"})
}

// whole returns a BatchError if a result is an error, and makes those that are none NotCarriedOut.
func whole(results []Result) error {
	first := slices.IndexFunc(results, func(r Result) bool { return r.Err != nil })
	if first < 0 {
		return nil
	}
	failed := &BatchError{Results: results, First: results[first].Err}
	for i := range results {
		if results[i].Err == nil {
			results[i].Task, results[i].Err = nil, NotCarriedOut()
		}
	}
	return failed
}
