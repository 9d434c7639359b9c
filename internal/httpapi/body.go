package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// The media types of bodies.
const (
	jsonMediaType  = "application/json"                  // of most answers, too
	formMediaType  = "application/x-www-form-urlencoded" // what forms send
	mergePatchType = "application/merge-patch+json"      // RFC 7396
)

// settleBody makes a body of r that turns out to be empty none, whichever way it came: with chunks, or over HTTP/2, that
// shows only when its end is read. Its error says why that can't be read.
func settleBody(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength >= 0 {
		return nil
	}
	_ = huma.SetReadDeadline(w, time.Now().Add(bodyTimeout)) // without one, the server's is left
	first := make([]byte, 1)
	switch _, err := io.ReadFull(r.Body, first); {
	case errors.Is(err, io.EOF):
		r.Body, r.ContentLength = http.NoBody, 0
		return nil
	case err != nil:
		return fromBody(err)
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(first), r.Body)) // closing it does nothing: see admit
	return nil
}

// forgoBody makes a body of r none that says that it is none: null, or an empty string, which axios writes where its caller
// gave it a Content-Type and no data. Its error says why that can't be read.
func forgoBody(w http.ResponseWriter, r *http.Request) error {
	const longest = len("null")
	if r.ContentLength == 0 || r.ContentLength > int64(longest) {
		return nil
	}
	_ = huma.SetReadDeadline(w, time.Now().Add(bodyTimeout)) // without one, the server's is left
	first := make([]byte, longest+1)
	n, err := io.ReadFull(r.Body, first)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fromBody(err)
	}
	if text := string(first[:n]); text == "null" || text == `""` {
		r.Body, r.ContentLength = http.NoBody, 0
		return nil
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(first[:n]), r.Body)) // as above
	return nil
}

// checkContentType returns an error unless a body of r, if there is one, is said to be of a type that op takes, in UTF-8, and
// not compressed.
func checkContentType(r *http.Request, op *huma.Operation) error {
	taken, sent, encoded := op.RequestBody.Content, r.Header["Content-Type"], r.Header["Content-Encoding"]
	if r.ContentLength == 0 || encoded == nil && len(sent) == 1 && sent[0] == jsonMediaType && taken[jsonMediaType] != nil {
		return nil
	}
	for _, encoding := range encoded {
		if !strings.EqualFold(encoding, "identity") {
			return &refusal{status: http.StatusUnsupportedMediaType, detail: "The body must be sent without Content-Encoding"}
		}
	}
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || taken[mediaType] == nil || !isUTF8(params["charset"]) || len(sent) > 1 {
		wanted := jsonMediaType
		if taken[formMediaType] != nil {
			wanted = formMediaType
		}
		return &refusal{status: http.StatusUnsupportedMediaType, detail: "The body must be sent as Content-Type: " + wanted}
	}
	return nil
}

// isUTF8 reports whether a charset is UTF-8, however it is spelled, or absent.
func isUTF8(charset string) bool {
	switch strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(charset)) {
	case "", "utf8", "csutf8":
		return true
	}
	return false
}

// reading is the part of a request body that keeps what was wrong with it.
type reading struct{ fault error }

// Resolve implements huma.Resolver: it reports what was wrong with the body.
func (r *reading) Resolve(huma.Context) []error {
	if r.fault != nil {
		return []error{r.fault}
	}
	return nil
}

// An object is a request body that reads itself and keeps what is wrong with it until huma asks for that (reading):
// of an error that unmarshal returns, huma keeps only the text.
type object interface{ read(data []byte) }

// byteOrderMark is what some programs write before text in UTF-8. RFC 8259, section 8.1, lets readers pass over it.
var byteOrderMark = []byte("\uFEFF")

// unmarshal reads a request body for huma.
func unmarshal(data []byte, v any) error {
	body, ok := v.(object)
	if !ok {
		return fmt.Errorf("httpapi: %T is no object", v)
	}
	body.read(bytes.TrimPrefix(data, byteOrderMark))
	return nil
}

// A member is one that an object in a body may have: what reads it, and how it is described, said once.
type member struct {
	name     string
	other    string // a second spelling, which is taken and not described; "" for none
	schema   *huma.Schema
	required bool
	read     func(jsontext.Value) string // returns what is wrong with the value, "" if nothing is
}

// members are the members that an object may have.
type members []member

// of returns the member of this name, in either spelling, or its absence.
func (m members) of(name string) (index int, ok bool) {
	for i := range m {
		if m[i].name == name || m[i].other == name && name != "" {
			return i, true
		}
	}
	return 0, false
}

// missing returns a fault for each required member that was not seen.
func (m members) missing(seen uint64) []todo.FieldError {
	var faults []todo.FieldError
	for i := range m {
		if m[i].required && seen&(1<<i) == 0 {
			faults = append(faults, todo.FieldError{Field: m[i].name, Message: "is required"})
		}
	}
	return faults
}

// readObject is readMembers for members that are all there, at most 64. If nothing else is wrong, its error names those that
// are required and missing.
func readObject(data []byte, known members, unknown func(jsontext.Value) string) error {
	var seen uint64
	err := readMembers(data, func(name string) func(jsontext.Value) string {
		i, ok := known.of(name)
		if !ok {
			return nil
		}
		seen |= 1 << i
		return known[i].read
	}, unknown)
	if err != nil {
		return err
	}
	return todo.InvalidFields(known.missing(seen)...)
}

// A lookup returns what to do with the value of a member of this name, nil for one that the object may not have.
type lookup func(name string) func(jsontext.Value) string

// readMembers reads data as one JSON object of known members and nothing after it; the values of other members go to
// unknown, which is refuse or ignore. Its error is an Error of code Invalid that names every member at fault. Names are
// compared exactly, none may come twice, and text must be valid UTF-8 (RFC 8259 leaves all of that open; RFC 7493 settles
// it this way).
func readMembers(data []byte, known lookup, unknown func(jsontext.Value) string) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data)) // which it reads where it lies
	if dec.PeekKind() != '{' {
		return todo.InvalidFields(todo.FieldError{Field: "body", Message: "must be a JSON object"})
	}
	if _, err := dec.ReadToken(); err != nil {
		return malformed(err)
	}
	var faults []todo.FieldError
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return malformed(err)
		}
		field := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return malformed(err)
		}
		set := known(field)
		if set == nil {
			set = unknown
		}
		if message := set(value); message != "" {
			faults = append(faults, todo.FieldError{Field: clip(field), Message: message})
		}
		if len(faults) == maxFaults {
			break
		}
	}
	if len(faults) == maxFaults {
		return todo.InvalidFields(faults...)
	}
	if _, err := dec.ReadToken(); err != nil {
		return malformed(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return todo.InvalidFields(todo.FieldError{Field: "body", Message: "must end after the JSON object"})
	}
	return todo.InvalidFields(faults...)
}

// What an answer repeats of a request is bounded, so that a small request has no large answer.
const (
	maxFaults    = 20 // named at most
	maxFieldName = 64 // bytes of a name that is not ours
)

// clip returns name as an answer repeats it: short, and without NUL, which no database could keep with the answer.
func clip(name string) string {
	name = strings.ReplaceAll(name, "\x00", "\uFFFD")
	if len(name) <= maxFieldName {
		return name
	}
	return strings.ToValidUTF8(name[:maxFieldName], "") + "…"
}

// refuse is for members that nobody knows: a misspelt one must not look like success.
func refuse(jsontext.Value) string { return "is not a known field" }

// maxDepth is how deep a body may be nested, the body itself counted.
const maxDepth = 32

// faults are those of members within members of a body.
type faults []todo.FieldError

// within adds what err, the error of reading an object, says of the members of one with this name.
func (f *faults) within(name string, err error) {
	var invalid *todo.Error
	if errors.As(err, &invalid) {
		for _, fault := range invalid.Fields {
			*f = append(*f, todo.FieldError{Field: name + "." + fault.Field, Message: fault.Message})
		}
	}
}

// and returns err, with the faults beside those that it names; nil for none at all.
func (f faults) and(err error) error {
	if len(f) == 0 {
		return err
	}
	var invalid *todo.Error
	if errors.As(err, &invalid) {
		f = append(slices.Clone(invalid.Fields), f...)
	}
	return todo.InvalidFields(f[:min(len(f), maxFaults)]...)
}

// ignore passes over members that nobody knows, where clients send some. All that can be wrong with one is its depth.
func ignore(value jsontext.Value) string {
	if value.Kind() != '{' && value.Kind() != '[' {
		return ""
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	for {
		if _, err := dec.ReadToken(); err != nil {
			return "" // its end: it has been read before
		}
		if dec.StackDepth() >= maxDepth {
			return fmt.Sprintf("must not be nested deeper than %d levels", maxDepth)
		}
	}
}

// malformed returns the Error for a body that is not JSON as we take it. It names the member it happened in, if any.
func malformed(err error) error {
	field, message := "body", "is not valid JSON"
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		if at := fieldAt(syntax.JSONPointer); at != "" {
			field = at
		}
		if errors.Is(err, jsontext.ErrDuplicateName) {
			message = "must not come twice"
		}
	}
	return todo.InvalidFields(todo.FieldError{Field: field, Message: message})
}

// fieldAt returns the name of the member of a body that a pointer leads to, "" for none. Where that is a list, it goes on
// to what the pointer leads to within it: operations[3].task.title; where it is an object of ours, to its member: recurrence.rule.
func fieldAt(p jsontext.Pointer) string {
	var name string
	list := false
	for token := range p.Tokens() {
		_, digits := parseDigits(token)
		switch {
		case name == "":
			name = token
		case list:
			name += "." + token
		case digits:
			list = true
			name += "[" + token + "]"
		case name == "recurrence":
			return clip(name + "." + token)
		default:
			return clip(name)
		}
	}
	return clip(name)
}

// into returns what reads a member into dst: null, or a value of the JSON type that T is of.
func into[T any](dst *todo.Opt[T], wanted string) func(jsontext.Value) string {
	return parsedInto(dst, wanted, func(v T) (T, bool) { return v, true })
}

// parsedInto returns what reads a member of JSON type T into dst, as parse makes of it.
func parsedInto[T, V any](dst *todo.Opt[V], wanted string, parse func(T) (V, bool)) func(jsontext.Value) string {
	return func(value jsontext.Value) string {
		if value.Kind() == 'n' {
			*dst = todo.Null[V]()
			return ""
		}
		var raw T
		if err := json.Unmarshal(value, &raw); err != nil {
			return "must be " + wanted
		}
		v, ok := parse(raw)
		if !ok {
			return "must be " + wanted
		}
		*dst = todo.Some(v)
		return ""
	}
}

// notNull returns what reads a member with read, unless it is null.
func notNull(read func(jsontext.Value) string) func(jsontext.Value) string {
	return func(value jsontext.Value) string {
		if value.Kind() == 'n' {
			return "must not be null"
		}
		return read(value)
	}
}

// emptyIsNull returns what reads a member with read, an empty string as null.
func emptyIsNull(read func(jsontext.Value) string) func(jsontext.Value) string {
	return func(value jsontext.Value) string {
		if string(value) == `""` {
			value = jsontext.Value("null")
		}
		return read(value)
	}
}
