package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// maxBatchBody is how many bytes the body of a batch may have.
const maxBatchBody = 1 << 20

// stepBody is one operation of a batch as clients write it.
type stepBody struct {
	Op      string    `json:"op" enum:"create,update,complete,reopen,delete,restore"`
	Ref     string    `json:"ref,omitempty" minLength:"1" maxLength:"64" doc:"Of create: a name for the new task. Of the others: that name, instead of an id"`
	ID      int64     `json:"id,omitempty" minimum:"1"`
	Version int64     `json:"version,omitempty" minimum:"1" doc:"Only if the task is at this version"`
	Task    *taskBody `json:"task,omitempty" doc:"Of create and update"`
}

// batchBody is a batch as clients write it.
type batchBody struct {
	Atomic     bool       `json:"atomic,omitempty" doc:"All operations or none; each for itself if absent"`
	Operations []stepBody `json:"operations" minItems:"1" maxItems:"100"`

	reading
	atomic todo.Opt[bool]
	steps  []todo.Step
}

// stepOps are the names of the operations of a batch.
var stepOps = map[string]todo.Op{
	"create": todo.Created, "update": todo.Updated, "complete": todo.Completed, "reopen": todo.Reopened,
	"delete": todo.Deleted, "restore": todo.Restored,
}

// read implements object.
func (b *batchBody) read(data []byte) {
	var faults []todo.FieldError
	b.fault = readObject(data, members{
		"atomic": notNull(into(&b.atomic, "true or false")),
		"operations": func(value jsontext.Value) (message string) {
			b.steps, faults, message = readSteps(value)
			return message
		},
	}, refuse)
	switch {
	case b.fault != nil:
	case b.steps == nil && len(faults) == 0:
		b.fault = todo.InvalidFields(todo.FieldError{Field: "operations", Message: "is required"})
	default:
		b.fault = todo.InvalidFields(faults...)
	}
}

// readSteps reads the operations of a batch. Its faults are those of their form, which make the whole batch Invalid; what
// is wrong with a task itself is the fault of its step. message says that it is no list.
func readSteps(value jsontext.Value) (steps []todo.Step, faults []todo.FieldError, message string) {
	if value.Kind() != '[' {
		return nil, nil, "must be a list"
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	_, _ = dec.ReadToken() // the value has been read before, and is well-formed
	refs := map[string]bool{}
	for dec.PeekKind() != ']' {
		element, err := dec.ReadValue()
		if err != nil {
			return nil, nil, "is not valid JSON"
		}
		if len(steps) == todo.MaxBatch {
			return nil, nil, fmt.Sprintf("must be at most %d operations", todo.MaxBatch)
		}
		name := fmt.Sprintf("operations[%d]", len(steps))
		var step todo.Step
		if element.Kind() != '{' {
			faults = append(faults, todo.FieldError{Field: name, Message: "must be a JSON object"})
		} else if step, err = readStep(element, refs); err != nil {
			var invalid *todo.Error
			if errors.As(err, &invalid) {
				for _, f := range invalid.Fields {
					faults = append(faults, todo.FieldError{Field: name + "." + f.Field, Message: f.Message})
				}
			}
		}
		if len(faults) >= maxFaults {
			return nil, faults[:maxFaults], ""
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 {
		return nil, nil, "must not be empty"
	}
	return steps, faults, ""
}

// readStep reads one operation. refs are the names that the creations before it gave; its own is added.
func readStep(value jsontext.Value, refs map[string]bool) (todo.Step, error) {
	var op todo.Opt[todo.Op]
	var ref todo.Opt[string]
	var id, version todo.Opt[int64]
	var step todo.Step
	hasTask := false
	positive := func(n int64) (int64, bool) { return n, n > 0 }
	err := readObject(value, members{
		"op": notNull(parsedInto(&op, stepNames(), func(name string) (todo.Op, bool) { op, ok := stepOps[name]; return op, ok })),
		"ref": notNull(parsedInto(&ref, "a text of 1 to 64 bytes without NUL", func(s string) (string, bool) {
			return s, s != "" && len(s) <= maxFieldName && !strings.Contains(s, "\x00")
		})),
		"id":      notNull(parsedInto(&id, "a positive whole number", positive)),
		"version": notNull(parsedInto(&version, "a positive whole number", positive)), // null must not mean any version
		"task": func(value jsontext.Value) string {
			if hasTask = true; value.Kind() != '{' {
				return "must be a JSON object"
			}
			step.Fault = readMembers(value, taskMembers(&step.Patch), refuse)
			return ""
		},
	}, refuse)
	if err != nil {
		return step, err
	}
	step.Op, step.Ref, step.ID, step.Version = op.V, ref.V, id.V, todo.Rev(version.V)
	return step, checkStep(step, hasTask, refs)
}

// stepNames returns the names of all operations, in words for people.
func stepNames() string { return strings.Join(slices.Sorted(maps.Keys(stepOps)), ", ") }

// checkStep returns an Error of code Invalid for members that don't go together.
func checkStep(step todo.Step, hasTask bool, refs map[string]bool) error {
	var faults []todo.FieldError
	fault := func(field, message string) { faults = append(faults, todo.FieldError{Field: field, Message: message}) }
	wantsTask := step.Op == todo.Created || step.Op == todo.Updated
	switch {
	case step.Op == 0:
		fault("op", "is required")
	case wantsTask && !hasTask:
		fault("task", "is required")
	case !wantsTask && hasTask:
		fault("task", "must not come with this op")
	}
	switch {
	case step.Op == 0:
	case step.Op == todo.Created:
		if step.ID != 0 {
			fault("id", "must not come with create")
		}
		if step.Version != 0 {
			fault("version", "must not come with create")
		}
		if refs[step.Ref] {
			fault("ref", "must not be given twice")
		}
		refs[step.Ref] = step.Ref != ""
	case (step.ID == 0) == (step.Ref == ""):
		fault("id", "or ref must come, and not both")
	case step.Ref != "" && !refs[step.Ref]:
		fault("ref", "must be that of a create before it")
	}
	return todo.InvalidFields(faults...)
}

// batchInput is a batch.
type batchInput struct{ Body batchBody }

// batchResult is what became of one operation.
type batchResult struct {
	Status int         `json:"status" doc:"As if it had been a request of its own"`
	Ref    string      `json:"ref,omitempty"`
	Task   *task       `json:"task,omitempty" doc:"As the operation left it; absent if it deleted it, or failed"`
	Error  *batchError `json:"error,omitempty"`
}

// batchError is why an operation failed.
type batchError struct {
	ErrorCode string         `json:"error_code"`
	Detail    string         `json:"detail"`
	Errors    []fieldProblem `json:"errors,omitempty"`
	Current   *task          `json:"current,omitempty" doc:"For a 412: the task as it is"`
}

// batchOutput answers with what became of each operation.
type batchOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer to an earlier request with the same key"`
	Body     struct {
		Results []batchResult `json:"results" doc:"In the order of the operations"`
	}
}

// batch carries out several operations.
func (a *API) batch(ctx context.Context, in *batchInput) (*batchOutput, error) {
	opts, err := requestOptionsOf(ctx).writeOptions(http.StatusOK)
	if err != nil {
		return nil, err
	}
	if err := a.payBefore(ctx, len(in.Body.steps)); err != nil {
		return nil, err
	}
	done, err := a.tasks.Batch(ctx, caller(ctx), in.Body.steps, in.Body.atomic.V, opts)
	if err != nil {
		var failed *todo.BatchError
		if errors.As(err, &failed) {
			a.noteMissingIn(ctx, in.Body.steps, failed.Results)
		}
		return nil, err
	}
	a.noteMissingIn(ctx, in.Body.steps, done.Results)
	out := &batchOutput{Replayed: replayHeader(done.Replayed)}
	out.Body.Results = wireResults(done.Results)
	return out, nil
}

// wireResults returns results as they go out.
func wireResults(results []todo.Result) []batchResult {
	all := make([]batchResult, len(results))
	for i, r := range results {
		all[i] = batchResult{Status: http.StatusOK, Ref: r.Ref}
		var failed *todo.Error
		switch {
		case errors.As(r.Err, &failed):
			all[i].Status = statuses[failed.Code]
			all[i].Error = &batchError{
				ErrorCode: errorCodes[all[i].Status], Detail: failed.Message, Errors: fieldProblems(failed.Fields),
			}
			if failed.Current != nil {
				current := wire(*failed.Current)
				all[i].Error.Current = &current
			}
		case r.Op == todo.Deleted:
			all[i].Status = http.StatusNoContent
		default:
			if r.Op == todo.Created {
				all[i].Status = http.StatusCreated
			}
			t := wire(*r.Task)
			all[i].Task = &t
		}
	}
	return all
}
