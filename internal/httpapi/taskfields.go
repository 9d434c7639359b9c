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
	// read returns what reads the field into a patch.
	read func(*todo.Patch) func(jsontext.Value) string
}

// taskFields are the fields of a task on the wire, by name. Which there are, and in what order, the domain says.
var taskFields = map[string]taskField{
	"title": {
		answer: &huma.Schema{Type: huma.TypeString},
		body: &huma.Schema{
			Type: huma.TypeString, MinLength: new(1), MaxLength: new(todo.MaxTitle),
			Description: "Without the white space around it; required for a new task",
		},
		read: func(p *todo.Patch) func(jsontext.Value) string { return into(&p.Title, "a string") },
	},
	"description": {
		answer: &huma.Schema{Type: huma.TypeString, Nullable: true},
		body:   &huma.Schema{Type: huma.TypeString, Nullable: true, MaxLength: new(todo.MaxDescription)},
		read:   func(p *todo.Patch) func(jsontext.Value) string { return into(&p.Description, "a string or null") },
	},
	"completed": {
		answer: &huma.Schema{Type: huma.TypeBoolean},
		body:   &huma.Schema{Type: huma.TypeBoolean},
		read:   func(p *todo.Patch) func(jsontext.Value) string { return into(&p.Completed, "true or false") },
	},
	"priority": {
		answer: priority("").Schema(nil),
		body:   described(priority("").Schema(nil), "medium if a new task doesn't say"),
		read: func(p *todo.Patch) func(jsontext.Value) string {
			return parsedInto(&p.Priority, "low, medium or high", todo.ParsePriority)
		},
	},
	"due_date": {
		answer: nullable(described(timestamp{}.Schema(nil), "UTC; the midnight of the day if due_all_day")),
		body:   nullable(described(dueInput("").Schema(nil), "An RFC 3339 date-time with any offset, or a bare date, which is a day")),
		read: func(p *todo.Patch) func(jsontext.Value) string {
			return parsedInto(&p.Due, "an RFC 3339 date-time, a date such as 2026-01-15, or null", todo.ParseDue)
		},
	},
	"due_all_day": {
		answer: &huma.Schema{Type: huma.TypeBoolean},
		body: &huma.Schema{
			Type:        huma.TypeBoolean,
			Description: "Makes the due date a day that stays that day in every time zone, or an instant",
		},
		read: func(p *todo.Patch) func(jsontext.Value) string { return into(&p.AllDay, "true or false") },
	},
	"completed_at": {answer: nullable(timestamp{}.Schema(nil))},
	"deleted_at": {
		answer: described(timestamp{}.Schema(nil), "When it went to the trash; absent unless it is there"),
	},
}

// described returns s with a description.
func described(s *huma.Schema, text string) *huma.Schema {
	s.Description = text
	return s
}

// nullable returns s for a value that may be null.
func nullable(s *huma.Schema) *huma.Schema {
	s.Nullable = true
	return s
}

// answered are the fields that every task in an answer has, in their order.
var answered = func() []*todo.Field {
	fields := todo.TaskFields()
	for _, f := range fields {
		if taskFields[f.Name].answer == nil {
			panic("httpapi: the field " + f.Name + " of tasks is not described") // whoever added it has forgotten this file
		}
	}
	return slices.DeleteFunc(fields, func(f *todo.Field) bool { return f.Name == "deleted_at" })
}()

// taskMembers are the members of a task that clients may write, read into p.
func taskMembers(p *todo.Patch) lookup {
	return func(name string) func(jsontext.Value) string {
		if f := taskFields[name]; f.read != nil {
			return f.read(p)
		}
		return nil
	}
}

// taskBody is a task as clients write it: a new one, or what to change of one.
type taskBody struct {
	reading
	patch todo.Patch
}

// read implements object.
func (b *taskBody) read(data []byte) {
	b.fault = readMembers(data, taskMembers(&b.patch), refuse)
}

// TransformSchema implements huma.SchemaTransformer.
func (taskBody) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties = map[string]*huma.Schema{}
	for name, f := range taskFields {
		if f.body != nil {
			s.Properties[name] = new(*f.body) // a copy: huma writes in it
		}
	}
	return s
}

// task is a task on the wire: every key is always there, but for deleted_at.
type task struct{ of todo.Task }

// wire returns t as it goes out.
func wire(t todo.Task) task { return task{t} }

// TransformSchema implements huma.SchemaTransformer.
func (task) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	number := &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
	s.Properties = map[string]*huma.Schema{
		"id": number, "user_id": {Type: huma.TypeString},
		"created_at": timestamp{}.Schema(nil), "updated_at": timestamp{}.Schema(nil),
		"version": {Type: huma.TypeInteger, Format: "int64", Description: "Its owner's revision when it was last changed"},
	}
	s.Required = []string{"id", "user_id"}
	for _, f := range answered {
		s.Required = append(s.Required, f.Name)
	}
	s.Required = append(s.Required, "created_at", "updated_at", "version")
	for name, f := range taskFields {
		s.Properties[name] = new(*f.answer)
	}
	return s
}

// MarshalJSON implements json.Marshaler.
func (t task) MarshalJSON() ([]byte, error) { return t.appendJSON(nil), nil }
