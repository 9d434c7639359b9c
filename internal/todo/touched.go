package todo

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// fieldsOf are all fields of a kind of objects, in the order in which rules are checked and patches applied.
type fieldsOf[O, P any] []*FieldOf[O, P]

// normalise makes p what objects hold. Its error is an Error of code Invalid that names every field at fault.
func (fs fieldsOf[O, P]) normalise(p *P) error {
	var faults []FieldError
	fault := func(field, message string) { faults = append(faults, FieldError{field, message}) }
	for _, f := range fs {
		if f.Writable() {
			f.check(p, fault)
		}
	}
	return InvalidFields(faults...)
}

// apply does to o what p says, at the time now.
func (fs fieldsOf[O, P]) apply(p *P, o *O, now time.Time) {
	for _, f := range fs {
		if f.Writable() {
			f.apply(p, o, now)
		}
	}
}

// same reports whether two objects agree in everything a person can write.
func (fs fieldsOf[O, P]) same(a, b *O) bool {
	for _, f := range fs {
		if f.Writable() && !f.same(a, b) {
			return false
		}
	}
	return true
}

// touched returns those fields of before that differ in after.
func (fs fieldsOf[O, P]) touched(before, after *O) Fields {
	touched := Fields{}
	for _, f := range fs {
		if !f.same(before, after) {
			touched[f.Name] = f.Value(before)
		}
	}
	return touched
}

// all returns the fields of o.
func (fs fieldsOf[O, P]) all(o *O) Fields {
	all := make(Fields, len(fs))
	for _, f := range fs {
		all[f.Name] = f.Value(o)
	}
	return all
}

// put sets the fields of o that are in values.
func (fs fieldsOf[O, P]) put(values Fields, o *O) {
	for _, f := range fs {
		if v, there := values[f.Name]; there {
			f.set(o, v)
		}
	}
}

// names returns the names under which people are told of the fields that are meant, sorted.
func (fs fieldsOf[O, P]) names(meant func(*FieldOf[O, P]) bool) []string {
	var names []string
	for _, f := range fs {
		if meant(f) {
			names = append(names, f.Of)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// decode reads what Fields.Encode has written; no data are no fields.
func (fs fieldsOf[O, P]) decode(data []byte) (Fields, error) {
	if data == nil {
		return nil, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("fields of a change: %w", err)
	}
	values := make(Fields, len(raw))
	for _, field := range fs {
		value, there := raw[field.Name]
		if !there {
			continue
		}
		var err error
		if values[field.Name], err = field.read(value); err != nil {
			return nil, fmt.Errorf("fields of a change: %s: %w", field.Name, err)
		}
	}
	return values, nil
}

// Fields are those of an object's fields that a change touched, by name, with their values: nil for null, else a string,
// bool, int64, IDs, Priority, Recurrence or time.Time.
type Fields map[string]any

// Encode returns f in the JSON that stores keep: times in microseconds since 1970, priorities as numbers.
func (f Fields) Encode() ([]byte, error) {
	out := []byte{'{'}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendMember(out, name, f[name]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// read returns the value that a member of JSON holds, nil for null.
func (f *FieldOf[O, P]) read(data []byte) (any, error) {
	if string(data) == "null" {
		return nil, nil
	}
	return f.decode(data)
}

// appendMember appends a member of a JSON object to dst. Its name needs no escaping.
func appendMember(dst []byte, name string, v any) ([]byte, error) {
	dst = append(dst, '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	var text []byte
	var err error
	switch v := v.(type) {
	case time.Time:
		text, err = json.Marshal(v.UnixMicro())
	case Recurrence:
		text, err = v.MarshalJSON() // which json.Marshal would read again
	default:
		text, err = json.Marshal(v)
	}
	return append(dst, text...), err
}

// decodeAs reads a T in JSON.
func decodeAs[T any](data []byte) (any, error) {
	var v T
	err := json.Unmarshal(data, &v)
	return v, err
}

// decodeTime reads microseconds since 1970 as a time in UTC.
func decodeTime(data []byte) (any, error) {
	var us int64
	err := json.Unmarshal(data, &us)
	return time.UnixMicro(us).UTC(), err
}
