package httpapi

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// A taskField is how a field of a task is on the wire, described once: documents, answers and the reading of bodies follow
// from it.
type taskField struct {
	answer *huma.Schema // in answers
	body   *huma.Schema // in bodies; nil for a field that nobody writes
	// read returns what reads the field into a patch. What is wrong within it, if it is an object, it adds to the faults.
	read func(*todo.Patch, *faults) func(jsontext.Value) string
}

// taskFields are the fields of a task on the wire, by name. Which there are, and in what order, the domain says.
var taskFields = map[string]taskField{
	"title": {
		answer: &huma.Schema{Type: huma.TypeString},
		body: &huma.Schema{
			Type: huma.TypeString, MinLength: new(1), MaxLength: new(todo.MaxTitle),
			Description: "Without the white space around it",
		},
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string { return into(&p.Title, "a string") },
	},
	"description": {
		answer: &huma.Schema{Type: huma.TypeString, Nullable: true},
		body:   &huma.Schema{Type: huma.TypeString, Nullable: true, MaxLength: new(todo.MaxDescription)},
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return into(&p.Description, "a string or null")
		},
	},
	"completed": {
		answer: &huma.Schema{Type: huma.TypeBoolean},
		body:   &huma.Schema{Type: huma.TypeBoolean},
		read:   func(p *todo.Patch, _ *faults) func(jsontext.Value) string { return into(&p.Completed, "true or false") },
	},
	"priority": {
		answer: priority("").Schema(nil),
		body:   described(priority("").Schema(nil), "medium if a new task doesn't say"),
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return parsedInto(&p.Priority, "low, medium or high", todo.ParsePriority)
		},
	},
	"due_date": {
		answer: nullable(described(timestamp{}.Schema(nil), "UTC; the midnight of the day if due_all_day")),
		body: nullable(&huma.Schema{
			Type: huma.TypeString, Description: "An RFC 3339 date-time with any offset, or a bare date, which is a day",
			Examples: []any{"2026-12-25"},
		}),
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return parsedInto(&p.Due, "an RFC 3339 date-time, a date such as 2026-01-15, or null", todo.ParseDue)
		},
	},
	"due_all_day": {
		answer: &huma.Schema{Type: huma.TypeBoolean},
		body: &huma.Schema{
			Type:        huma.TypeBoolean,
			Description: "Makes the due date a day that stays that day in every time zone, or an instant",
		},
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string { return into(&p.AllDay, "true or false") },
	},
	"due_zone": {
		answer: nullable(&huma.Schema{Type: huma.TypeString, Description: "The time zone that due_date, an instant, is meant in, by its IANA name"}),
		body: nullable(&huma.Schema{
			Type: huma.TypeString, Examples: []any{"Europe/Berlin"},
			Description: "The time zone that due_date, an instant, is meant in, by its IANA name: what a clock shows there is kept when the rules of the zone change",
		}),
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return into(&p.DueZone, "a string or null")
		},
	},
	"recurrence": {answer: recurrenceAnswer(), body: recurrenceBody(), read: readRecurrence},
	"start_date": {
		answer: nullable(described(timestamp{}.Schema(nil), "UTC; the midnight of the day if start_all_day")),
		body: nullable(&huma.Schema{
			Type: huma.TypeString, Description: "Before which nobody means to begin it, written like due_date. It hides nothing",
			Examples: []any{"2026-12-20"},
		}),
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return parsedInto(&p.Start, "an RFC 3339 date-time, a date such as 2026-01-15, or null", todo.ParseDue)
		},
	},
	"start_all_day": {
		answer: &huma.Schema{Type: huma.TypeBoolean},
		body:   &huma.Schema{Type: huma.TypeBoolean, Description: "To start_date what due_all_day is to due_date"},
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return into(&p.StartAllDay, "true or false")
		},
	},
	"list_id": {
		answer: nullable(described(integer(1), "The list that it is in; null: the inbox")),
		body:   nullable(described(integer(1), "One of the caller's lists; null: the inbox")),
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return into(&p.ListID, "a whole number or null")
		},
	},
	"parent_id": {
		answer: nullable(described(integer(1), "The task that it is a part of")),
		body:   nullable(described(integer(1), "One of the caller's tasks, whose list it comes into; null: none")),
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return into(&p.ParentID, "a whole number or null")
		},
	},
	"position": {
		answer: &huma.Schema{Type: huma.TypeString, Description: "Where it stands among the others of its list or parent, compared by bytes"},
	},
	"label_ids": {
		answer: &huma.Schema{
			Type: huma.TypeArray, Items: integer(1), Description: "Its labels, ascending. One that isn't known is in the trash: pass over it",
		},
		body: &huma.Schema{
			Type: huma.TypeArray, Items: integer(1), MaxItems: new(todo.MaxTaskLabels), UniqueItems: true,
			Description: "All of its labels, in any order",
		},
		read: func(p *todo.Patch, _ *faults) func(jsontext.Value) string {
			return parsedInto(&p.LabelIDs, "a list of whole numbers", func(ids []int64) (todo.IDs, bool) { return ids, true })
		},
	},
	"completed_at": {answer: nullable(timestamp{}.Schema(nil))},
	"deleted_at": {
		answer: described(timestamp{}.Schema(nil), "When it went to the trash; absent unless it is there"),
	},
}

// notOnWire reports whether a field of a task never goes out: what a clock shows in due_zone follows from due_date.
func notOnWire(f *todo.Field) bool { return f.Name == "due_local" }

// answered are the fields that every task in an answer has, in their order, but for position, which a task that was never moved
// has by its age.
var answered = func() []*todo.Field {
	fields := slices.DeleteFunc(todo.TaskFields(), notOnWire)
	for _, f := range fields {
		if taskFields[f.Name].answer == nil {
			panic("httpapi: the field " + f.Name + " of tasks is not described") // whoever added it has forgotten this file
		}
	}
	return slices.DeleteFunc(fields, func(f *todo.Field) bool { return f.Name == "deleted_at" || f.Name == "position" })
}()

// taskReaders returns what reads the members of a task that clients may write into p. What is wrong within them goes to inner.
func taskReaders(p *todo.Patch, inner *faults) lookup {
	return func(name string) func(jsontext.Value) string {
		if f := taskFields[name]; f.read != nil {
			return f.read(p, inner)
		}
		return nil
	}
}

// taskMembers describes the members of a task that clients may write, which taskReaders read.
func taskMembers() members {
	var all members
	for _, f := range answered {
		if field := taskFields[f.Name]; field.read != nil {
			all = append(all, member{name: f.Name, schema: field.body})
		}
	}
	return all
}

// taskBody is a task as clients write it: a new one, or what to change of one.
type taskBody struct {
	reading
	patch todo.Patch
	inner faults // within members
}

// read implements object.
func (b *taskBody) read(data []byte) {
	b.fault = readMembers(data, taskReaders(&b.patch, &b.inner), refuse)
	b.fault = b.inner.and(b.fault)
}

// newTask is a new task.
type newTask struct{ taskBody }

// TransformSchema implements huma.SchemaTransformer.
func (newTask) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := closed(taskMembers(), "title")
	s.Examples = []any{map[string]any{"title": "Buy milk", "due_date": "2026-12-25", "priority": "high"}}
	return s
}

// taskPatch is what to change of a task.
type taskPatch struct{ taskBody }

// TransformSchema implements huma.SchemaTransformer.
func (taskPatch) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := closed(taskMembers())
	s.Examples = []any{map[string]any{"title": "Buy oat milk", "description": nil}}
	return s
}

// task is a task on the wire: every key is always there, but for deleted_at.
type task struct{ of todo.Task }

// wire returns t as it goes out.
func wire(t todo.Task) task { return task{t} }

// TransformSchema implements huma.SchemaTransformer.
func (task) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties = map[string]*huma.Schema{
		"id": integer(1), "user_id": {Type: huma.TypeString},
		"created_at": timestamp{}.Schema(nil), "updated_at": timestamp{}.Schema(nil),
		"version": {Type: huma.TypeInteger, Format: "int64", Description: "Its owner's revision when it was last changed"},
	}
	s.Required = []string{"id", "user_id"}
	for _, f := range answered {
		s.Required = append(s.Required, f.Name)
	}
	s.Required = append(s.Required, "position", "created_at", "updated_at", "version")
	for name, f := range taskFields {
		s.Properties[name] = copied(f.answer)
	}
	s.Examples = []any{exampleTask}
	return s
}

// exampleTask is a task as the documentation shows it.
var exampleTask = map[string]any{
	"id": 42, "user_id": "KtuE43PE", "title": "Buy milk", "description": nil, "completed": false, "priority": "medium",
	"due_date": "2026-12-25T00:00:00.000000Z", "due_all_day": true, "due_zone": nil,
	"recurrence": map[string]any{
		"rule": "FREQ=WEEKLY", "from": "due", "late": "skip", "month_end": "last", "anchor": "2026-12-18T00:00:00.000000Z",
		"slot": "2026-12-25T00:00:00.000000Z", "done": 1, "last_completed_at": "2026-12-18T09:12:44.120000Z",
	},
	"start_date": nil, "start_all_day": false, "completed_at": nil,
	"list_id": 43, "parent_id": nil, "label_ids": []any{44}, "position": "m7fffffffffffffd5",
	"created_at": "2026-11-22T18:47:03.120000Z", "updated_at": "2026-11-22T18:47:03.120000Z", "version": 17,
}

// MarshalJSON implements json.Marshaler.
func (t task) MarshalJSON() ([]byte, error) { return t.appendJSON(nil), nil }
