package httpapi

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaPrefix is where documents have their schemas.
const schemaPrefix = "#/components/schemas/"

// schemaOf returns a reference to the schema of T.
func schemaOf[T any](r huma.Registry) *huma.Schema { return r.Schema(reflect.TypeFor[T](), true, "") }

// described returns a copy of s with a description.
func described(s *huma.Schema, text string) *huma.Schema {
	s = new(*s)
	s.Description = text
	return s
}

// copied returns a copy of s, in which huma may write: also of what describes its items and properties.
func copied(s *huma.Schema) *huma.Schema {
	s = new(*s)
	if s.Properties != nil {
		s.Properties = maps.Clone(s.Properties)
		for name, property := range s.Properties {
			s.Properties[name] = copied(property)
		}
	}
	if s.Items != nil {
		s.Items = copied(s.Items)
	}
	return s
}

// nullable returns s for a value that may be null.
func nullable(s *huma.Schema) *huma.Schema {
	s.Nullable = true
	return s
}

// integer returns the schema of whole numbers from least on.
func integer(least float64) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least}
}

// open returns the schema of an object in a body that may have these members and any others, of which also names some more
// that are required.
func open(known members, also ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, Required: also}
	for _, m := range known {
		if m.schema != nil {
			s.Properties[m.name] = copied(m.schema)
		}
		if m.required {
			s.Required = append(s.Required, m.name)
		}
	}
	return s
}

// closed returns the schema of an object in a body that may have these members and no others; see open.
func closed(known members, also ...string) *huma.Schema {
	s := open(known, also...)
	s.AdditionalProperties = false
	return s
}

// union adds schemas to r, by name, and returns that of a value of any of them, which the member called by tells: there it
// has one of the values that are listed in that schema.
func union(r huma.Registry, by string, all map[string]*huma.Schema) *huma.Schema {
	s := &huma.Schema{Discriminator: &huma.Discriminator{PropertyName: by, Mapping: map[string]string{}}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r.Map()[name] = all[name]
		all[name].PrecomputeMessages()
		s.OneOf = append(s.OneOf, &huma.Schema{Ref: schemaPrefix + name})
		for _, value := range all[name].Properties[by].Enum {
			if told, ok := value.(string); ok {
				s.Discriminator.Mapping[told] = schemaPrefix + name
			}
		}
	}
	return s
}

// openAnswers lets all objects in answers have members that aren't described, so that adding one breaks no client. Bodies
// of requests stay as they are: what is taken there their members say.
func openAnswers(r huma.Registry) {
	for name, s := range r.Map() {
		t := r.TypeFromRef(schemaPrefix + name)
		if t == nil || reflect.PointerTo(t).Implements(reflect.TypeFor[object]()) {
			continue
		}
		if closed, ok := s.AdditionalProperties.(bool); ok && !closed {
			s.AdditionalProperties = nil
		}
	}
}

// schemaName returns the name under which documents show a Go type: its own, capitalised.
func schemaName(t reflect.Type, hint string) string {
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "Body")
}
