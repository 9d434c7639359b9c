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

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// maxBatchBody is how many bytes the body of a batch may have.
const maxBatchBody = 1 << 20

// batchRequest is a batch as clients write it.
type batchRequest struct {
	reading
	atomic todo.Opt[bool]
	steps  []todo.Step
	faults []todo.FieldError // of the form of steps
}

// stepOps are the names of the operations of a batch.
var stepOps = map[string]todo.Op{
	"create": todo.Created, "update": todo.Updated, "complete": todo.Completed, "reopen": todo.Reopened,
	"delete": todo.Deleted, "restore": todo.Restored,
}

// members returns what a batch may have.
func (b *batchRequest) members() members {
	return members{
		{
			name: "atomic", schema: &huma.Schema{Type: huma.TypeBoolean, Description: "All operations or none; each for itself if absent"},
			read: notNull(into(&b.atomic, "true or false")),
		},
		{
			name: "operations", required: true, schema: &huma.Schema{Type: huma.TypeArray, MinItems: new(1), MaxItems: new(todo.MaxBatch)},
			read: func(value jsontext.Value) (message string) {
				b.steps, b.faults, message = readSteps(value)
				return message
			},
		},
	}
}

// read implements object.
func (b *batchRequest) read(data []byte) {
	if b.fault = readObject(data, b.members(), refuse); b.fault == nil {
		b.fault = todo.InvalidFields(b.faults...)
	}
}

// TransformSchema implements huma.SchemaTransformer.
func (b *batchRequest) TransformSchema(r huma.Registry, _ *huma.Schema) *huma.Schema {
	s := closed(b.members())
	s.Properties["operations"].Items = schemaOf[batchOperation](r)
	s.Examples = []any{map[string]any{"atomic": true, "operations": []any{
		map[string]any{"op": "create", "ref": "milk", "task": map[string]any{"title": "Buy milk"}},
		map[string]any{"op": "complete", "ref": "milk"},
	}}}
	return s
}

// batchOperation documents one operation of a batch, which readStep reads.
type batchOperation struct{}

// TransformSchema implements huma.SchemaTransformer: what an operation may say, its op tells.
func (batchOperation) TransformSchema(r huma.Registry, _ *huma.Schema) *huma.Schema {
	all := map[string]*huma.Schema{}
	for name, op := range stepOps {
		var s stepBody
		var known members
		for _, m := range s.members() {
			switch m.name {
			case "op":
				m.schema = &huma.Schema{Type: huma.TypeString, Enum: []any{name}}
			case "ref":
				m.schema = described(m.schema, "The name that a create before it gave, instead of an id")
				if op == todo.Created {
					m.schema = described(m.schema, "A name for what is made, for the operations after it")
				}
			case "kind":
				if m.schema = (&huma.Schema{Type: huma.TypeString, Enum: kindNames(), Description: "What it is about; a task if absent"}); ofTasksOnly(op) {
					m.schema.Enum = []any{todo.KindTask.String()}
				}
			case "task":
				if m.schema = schemaOf[batchTaskPatch](r); op == todo.Created {
					m.schema = schemaOf[batchNewTask](r)
				}
			case "list":
				if m.schema = schemaOf[listPatch](r); op == todo.Created {
					m.schema = schemaOf[newList](r)
				}
			case "label":
				if m.schema = schemaOf[labelPatch](r); op == todo.Created {
					m.schema = schemaOf[newLabel](r)
				}
			}
			if comesWith(m.name, op) {
				known = append(known, m)
			}
		}
		all["Batch"+strings.ToUpper(name[:1])+name[1:]] = closed(known)
	}
	return union(r, "op", all)
}

// batchNewTask documents a new task in a batch, and batchTaskPatch what to change of one: they may name what operations before
// them make.
type (
	batchNewTask   struct{}
	batchTaskPatch struct{}
)

// TransformSchema implements huma.SchemaTransformer.
func (batchNewTask) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := closed(batchTaskMembers(), "title")
	s.Examples = []any{map[string]any{"title": "Buy milk", "list_id": "ref:groceries"}}
	return s
}

// TransformSchema implements huma.SchemaTransformer.
func (batchTaskPatch) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := closed(batchTaskMembers())
	s.Examples = []any{map[string]any{"parent_id": "ref:shopping"}}
	return s
}

// batchTaskMembers describes the members of a task in a batch. Where an id may be a name they have no type: generators would make
// unions of it that nobody can take apart.
func batchTaskMembers() members {
	all := taskMembers()
	for i, m := range all {
		switch m.name {
		case "list_id", "parent_id":
			all[i].schema = &huma.Schema{Description: m.schema.Description + "; or ref:NAME"}
		case "label_ids":
			ids := new(*m.schema)
			ids.Items, ids.UniqueItems = &huma.Schema{Description: "An id, or ref:NAME"}, false // ogen compares nothing without a type
			all[i].schema = ids
		}
	}
	return all
}

// comesWith reports whether an operation may have this member.
func comesWith(name string, op todo.Op) bool {
	switch name {
	case "task", "list", "label":
		return wantsTask(op)
	case "id", "version":
		return op != todo.Created
	}
	return true
}

// ofTasksOnly reports whether an operation is one that only tasks have.
func ofTasksOnly(op todo.Op) bool { return op == todo.Completed || op == todo.Reopened }

// wantsTask reports whether an operation has to say how the object shall be.
func wantsTask(op todo.Op) bool { return op == todo.Created || op == todo.Updated }

// stepBody is one operation of a batch as clients write it.
type stepBody struct {
	op          todo.Opt[todo.Op]
	ref         todo.Opt[string]
	id, version todo.Opt[int64]
	kind        todo.Opt[todo.Kind]
	patch       todo.Patch
	refs        todo.Refs
	inner       faults // within patch
	object      todo.ObjectPatch
	has         map[todo.Kind]bool // of which kinds there is an object
	fault       error              // of that
}

// members returns what an operation may have.
func (s *stepBody) members() members {
	return members{
		{name: "op", required: true, read: notNull(parsedInto(&s.op, stepNames(), func(name string) (todo.Op, bool) {
			op, ok := stepOps[name]
			return op, ok
		}))},
		{
			name: "ref", schema: &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(maxFieldName)},
			read: notNull(parsedInto(&s.ref, "a text of 1 to 64 bytes without NUL", func(s string) (string, bool) {
				return s, s != "" && len(s) <= maxFieldName && !strings.Contains(s, "\x00")
			})),
		},
		{name: "id", schema: integer(1), read: notNull(parsedInto(&s.id, "a positive whole number", positive))},
		{ // null must not mean any version
			name: "version", schema: described(integer(1), "Only if the task is at this version"),
			read: notNull(parsedInto(&s.version, "a positive whole number", positive)),
		},
		{name: "kind", read: notNull(parsedInto(&s.kind, "task, list or label", todo.ParseKind))},
		{name: "task", read: s.reads(todo.KindTask, withRefs(&s.patch, &s.refs, &s.inner))},
		{name: "list", read: s.reads(todo.KindList, objectReaders(todo.KindList, &s.object))},
		{name: "label", read: s.reads(todo.KindLabel, objectReaders(todo.KindLabel, &s.object))},
	}
}

// reads returns what reads an object of a kind.
func (s *stepBody) reads(k todo.Kind, known lookup) func(jsontext.Value) string {
	return func(value jsontext.Value) string {
		if s.has == nil {
			s.has = map[todo.Kind]bool{}
		}
		if s.has[k] = true; value.Kind() != '{' {
			return "must be a JSON object"
		}
		s.fault = s.inner.and(readMembers(value, known, refuse))
		return ""
	}
}

// refPrefix stands before the name of an object that an operation before makes, where an id of it is expected.
const refPrefix = "ref:"

// withRefs is taskReaders for a task that may name objects which operations before it make.
func withRefs(p *todo.Patch, refs *todo.Refs, inner *faults) lookup {
	known := taskReaders(p, inner)
	return func(name string) func(jsontext.Value) string {
		read := known(name)
		switch name {
		case "list_id":
			return orRef(&refs.List, read)
		case "parent_id":
			return orRef(&refs.Parent, read)
		case "label_ids":
			return func(value jsontext.Value) string {
				rest, named := withoutRefs(value)
				if refs.Labels = named; len(slices.Compact(slices.Sorted(slices.Values(named)))) < len(named) {
					return "must not name a label twice"
				}
				return read(rest)
			}
		}
		return read
	}
}

// orRef returns what reads a name into dst, or anything else with read.
func orRef(dst *string, read func(jsontext.Value) string) func(jsontext.Value) string {
	return func(value jsontext.Value) string {
		if name, ok := refIn(value); ok {
			*dst = name
			return ""
		}
		return read(value)
	}
}

// refIn returns the name in a text such as "ref:milk".
func refIn(value jsontext.Value) (name string, ok bool) {
	var text string
	if value.Kind() != '"' || json.Unmarshal(value, &text) != nil {
		return "", false
	}
	name, ok = strings.CutPrefix(text, refPrefix)
	return name, ok && name != ""
}

// withoutRefs returns a list of ids without the names in it, and these.
func withoutRefs(value jsontext.Value) (rest jsontext.Value, names []string) {
	var all []jsontext.Value
	if value.Kind() != '[' || json.Unmarshal(value, &all) != nil {
		return value, nil
	}
	ids := slices.DeleteFunc(all, func(v jsontext.Value) bool {
		name, ok := refIn(v)
		if ok {
			names = append(names, name)
		}
		return ok
	})
	rest, err := json.Marshal(ids)
	if err != nil {
		return value, nil
	}
	return rest, names
}

// positive returns n and whether it is positive.
func positive(n int64) (int64, bool) { return n, n > 0 }

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
	var s stepBody
	if err := readObject(value, s.members(), refuse); err != nil {
		return todo.Step{}, err
	}
	step := todo.Step{
		Kind: todo.KindTask, Op: s.op.V, Ref: s.ref.V, ID: s.id.V, Version: todo.Rev(s.version.V), Patch: s.patch, Refs: s.refs,
		Object: s.object, Fault: s.fault,
	}
	if s.kind.Set {
		step.Kind = s.kind.V
	}
	return step, checkStep(step, s.has, refs)
}

// stepNames returns the names of all operations, in words for people.
func stepNames() string { return strings.Join(slices.Sorted(maps.Keys(stepOps)), ", ") }

// checkStep returns an Error of code Invalid for members that don't go together.
func checkStep(step todo.Step, has map[todo.Kind]bool, refs map[string]bool) error {
	var faults []todo.FieldError
	fault := func(field, message string) { faults = append(faults, todo.FieldError{Field: field, Message: message}) }
	for _, kind := range todo.Kinds {
		switch wants := wantsTask(step.Op) && kind == step.Kind; {
		case wants && !has[kind]:
			fault(kind.String(), "is required")
		case has[kind] && !wantsTask(step.Op):
			fault(kind.String(), "must not come with this op")
		case has[kind] && !wants:
			fault(kind.String(), "must not come with this kind")
		}
	}
	if step.Kind != todo.KindTask && ofTasksOnly(step.Op) {
		fault("op", "is none of this kind")
	}
	for _, name := range step.Refs.All() {
		if !refs[name] {
			fault("task", "must name in ref: what a create before it makes")
			break
		}
	}
	switch {
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
type batchInput struct{ Body batchRequest }

// batchResult is what became of one operation.
type batchResult struct {
	Status int         `json:"status" doc:"As if it had been a request of its own"`
	Ref    string      `json:"ref,omitempty"`
	Task   *task       `json:"task,omitempty" doc:"As the operation left it; absent if it deleted it, or failed"`
	List   *list       `json:"list,omitempty" doc:"The same of a list"`
	Label  *label      `json:"label,omitempty" doc:"The same of a label"`
	Error  *batchError `json:"error,omitempty"`
}

// batchError is why an operation failed.
type batchError struct {
	ErrorCode errorCode      `json:"error_code"`
	Detail    string         `json:"detail"`
	Errors    []fieldProblem `json:"errors,omitempty"`
	Current   *trashed       `json:"current,omitempty" doc:"For a 412: what there is as it is"`
}

// batchOutput answers with what became of each operation.
type batchOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer to an earlier request with the same key"`
	Body     batchResults
}

// batchResults are what became of each operation.
type batchResults struct {
	Results []batchResult `json:"results" doc:"In the order of the operations"`
}

// runBatch carries out several operations.
func (a *resources) runBatch(ctx context.Context, in *batchInput) (*batchOutput, error) {
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
	if !done.Replayed {
		a.payAfter(ctx, done.Total-len(in.Body.steps))
	}
	out := &batchOutput{Replayed: replayHeader(done.Replayed)}
	out.Body.Results = wireResults(done.Results)
	return out, nil
}

// show adds what an operation has left.
func (b *batchResult) show(r *todo.Result) {
	switch {
	case r.Object == nil:
		b.Task = new(wire(*r.Task))
	case r.Object.Kind == todo.KindList:
		b.List = new(wireList(*r.Object))
	default:
		b.Label = new(wireLabel(*r.Object))
	}
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
			if failed.Current != nil || failed.CurrentObject != nil {
				current := trashed{object: failed.CurrentObject}
				if failed.Current != nil {
					current.task = *failed.Current
				}
				all[i].Error.Current = &current
			}
		case r.Op == todo.Deleted:
			all[i].Status = http.StatusNoContent
		default:
			if r.Op == todo.Created {
				all[i].Status = http.StatusCreated
			}
			all[i].show(&r)
		}
	}
	return all
}
