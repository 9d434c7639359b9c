package auth

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep JSON may be nested, the object itself counted.
const maxDepth = 32

// object is a JSON object with its members still raw. Names are compared by case.
type object map[string]jsontext.Value

// parseObject returns doc as an object, or false if it is anything but exactly one JSON object with unique names at
// every level, valid UTF-8, at most maxDepth levels, and nothing but white space around it.
func parseObject(doc []byte) (object, bool) {
	if !shallow(doc) {
		return nil, false
	}
	var o object
	// null, too, unmarshals into a map: into none.
	if err := json.Unmarshal(doc, &o); err != nil || o == nil {
		return nil, false
	}
	return o, true
}

// shallow reports whether doc is JSON of at most maxDepth levels.
func shallow(doc []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewBuffer(doc))
	for dec.PeekKind() != jsontext.KindInvalid {
		if _, err := dec.ReadToken(); err != nil || dec.StackDepth() > maxDepth {
			return false
		}
	}
	return true
}

// has reports whether o has a member of that name, null included.
func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// text returns the named member if it is a string.
func (o object) text(name string) (string, bool) { return text(o[name]) }

// child returns the named member if it is an object.
func (o object) child(name string) (object, bool) { return parseObject(o[name]) }

// number returns the named member if it is a number that a float64 can hold.
func (o object) number(name string) (float64, bool) {
	if o[name].Kind() != jsontext.KindNumber {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(o[name]), 64)
	return f, err == nil
}

// date returns the named member if it is a NumericDate (RFC 7519 section 2) as unixTime takes it.
func (o object) date(name string) (time.Time, bool) {
	seconds, ok := o.number(name)
	if !ok {
		return time.Time{}, false
	}
	return unixTime(seconds)
}

// list returns the named member if it is an array of strings, or a string, which counts as an array of one.
func (o object) list(name string) ([]string, bool) {
	if s, ok := o.text(name); ok {
		return []string{s}, true
	}
	values, ok := o.array(name)
	if !ok {
		return nil, false
	}
	list := make([]string, len(values))
	for i, value := range values {
		if list[i], ok = text(value); !ok {
			return nil, false
		}
	}
	return list, true
}

// array returns the elements of the named member, still raw, if it is an array.
func (o object) array(name string) ([]jsontext.Value, bool) {
	if o[name].Kind() != jsontext.KindBeginArray {
		return nil, false
	}
	var values []jsontext.Value
	err := json.Unmarshal(o[name], &values)
	return values, err == nil
}

// text returns the string that value is, if it is one.
func text(value jsontext.Value) (string, bool) {
	if value.Kind() != jsontext.KindString {
		return "", false
	}
	s, err := jsontext.AppendUnquote(nil, value)
	return string(s), err == nil
}

// year10000 is the first second that RFC 3339 can't write, in Unix time.
const year10000 = 253402300800

// unixTime returns the time that many seconds after 1970, fractions included, or false for a time before 1970 or after
// the year 9999: no one means it, and far beyond it a float64 doesn't fit the integers of a time.
func unixTime(seconds float64) (time.Time, bool) {
	if seconds < 0 || seconds >= year10000 {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), true
}
