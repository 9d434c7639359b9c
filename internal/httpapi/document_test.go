package httpapi_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"todod/internal/httpapi"
)

// A document is the description of the API, against which every answer that these tests get is checked, and every body
// that was taken.
type document struct {
	tree     object
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by where they are in tree
}

// described is the document, read once.
var described = sync.OnceValue(func() *document {
	data := httpapi.New(httpapi.Config{Logger: slog.New(slog.DiscardHandler), Version: "test"}).OpenAPI()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		panic(err)
	}
	d := &document{tree: tree.(map[string]any), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource("openapi.json", tree); err != nil {
		panic(err)
	}
	return d
})

// toPointer and fromPointer spell a name as a JSON pointer has it (RFC 6901), and as it is.
var (
	toPointer   = strings.NewReplacer("~", "~0", "/", "~1")
	fromPointer = strings.NewReplacer("~1", "/", "~0", "~")
)

// at returns what is at a path of names, with references followed, nil if there is nothing, and where that is.
func (d *document) at(names ...string) (object, string) {
	node, where := map[string]any(d.tree), ""
	for _, name := range names {
		next, ok := node[name].(map[string]any)
		if !ok {
			return nil, ""
		}
		node, where = next, where+"/"+toPointer.Replace(name)
		if ref, ok := node["$ref"].(string); ok && !strings.Contains(ref, "/schemas/") {
			found, at := d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			node, where = found, at
		}
	}
	return node, where
}

// schema returns the schema that is at where.
func (d *document) schema(t testing.TB, where string) *jsonschema.Schema {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.schemas[where] == nil {
		schema, err := d.compiler.Compile("openapi.json#" + where)
		if err != nil {
			t.Fatalf("the schema at %s: %v", where, err)
		}
		d.schemas[where] = schema
	}
	return d.schemas[where]
}

// operation returns the path and the method under which the document has what a request asks for, "" for nothing.
func (d *document) operation(method, path string) (pattern, verb string) {
	path, _, _ = strings.Cut(path, "?")
	if trimmed := strings.TrimPrefix(path, "/api"); strings.HasPrefix(trimmed, "/todos") || strings.HasPrefix(trimmed, "/auth") {
		path = "/api" + strings.TrimSuffix(trimmed, "/")
	}
	verb = strings.ToLower(method)
	sent := strings.Split(path, "/")
	found := ""
	for pattern := range d.tree["paths"].(map[string]any) {
		words := strings.Split(pattern, "/")
		fits := len(words) == len(sent)
		for i := 0; fits && i < len(words); i++ {
			fits = words[i] == sent[i] || strings.HasPrefix(words[i], "{") && sent[i] != ""
		}
		if fits && (found == "" || strings.Contains(found, "{")) {
			found = pattern
		}
	}
	if operation, _ := d.at("paths", found, verb); operation == nil {
		return "", ""
	}
	return found, verb
}

// undescribed are headers of HTTP's own and of its security, which no client of an API looks for in its description.
var undescribed = []string{
	"Content-Type", "Content-Length", "Content-Encoding", "Date", "Vary", "Cache-Control", "Connection", "X-Content-Type-Options",
	"X-Frame-Options", "Referrer-Policy", "Content-Security-Policy", "Strict-Transport-Security", "X-Accel-Buffering",
	// What they say RateLimit and RateLimit-Policy say, too.
	"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
}

// others are the statuses that are described together.
var others = []int{
	http.StatusForbidden, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
	http.StatusInternalServerError, http.StatusServiceUnavailable,
	http.StatusConflict, // of a read: the database's
}

// checkDescribed fails the test unless the document says that r can be answered like that.
func checkDescribed(t testing.TB, r request, a answer) {
	t.Helper()
	d := described()
	pattern, verb := d.operation(r.method, r.path)
	if pattern == "" || a.status == http.StatusPermanentRedirect { // by plain HTTP
		return
	}
	name, code := strings.ToUpper(verb)+" "+pattern, strconv.Itoa(a.status)
	response, where := d.at("paths", pattern, verb, "responses", code)
	if response == nil && slices.Contains(others, a.status) {
		response, where = d.at("paths", pattern, verb, "responses", "default")
	}
	if response == nil {
		t.Errorf("%s answers %s, which is not described", name, code)
		return
	}
	for header := range a.header {
		if slices.Contains(undescribed, header) || strings.HasPrefix(header, "Access-Control-") {
			continue
		}
		if !d.describesHeader(where, header, a.header.Get(header)) {
			t.Errorf("%s answers %s with %s: %s, which is not described", name, code, header, a.header.Get(header))
		}
	}
	if a.header.Get("Content-Encoding") == "" {
		d.checkBody(t, name+" answers "+code, where, a.header.Get("Content-Type"), a.body)
	}
	taken := a.status < http.StatusMultipleChoices && !strings.Contains(a.body, `"error":`) // of an operation in a batch
	if taken && strings.HasPrefix(pattern, "/api/v1/") && r.body != "" {
		_, where := d.at("paths", pattern, verb, "requestBody")
		if where != "" {
			d.checkBody(t, name+" takes", where, "application/json", r.body)
		}
	}
}

// describesHeader reports whether the answer at where may have this header with this value.
func (d *document) describesHeader(where, name, value string) bool {
	headers, _ := d.at(append(strings.Split(unescaped(where), "\x00"), "headers")...)
	for described := range headers {
		if !strings.EqualFold(described, name) {
			continue
		}
		schema, _ := d.at(append(strings.Split(unescaped(where), "\x00"), "headers", described, "schema")...)
		if schema["type"] == "integer" {
			_, err := strconv.Atoi(value)
			return err == nil
		}
		return true
	}
	return false
}

// unescaped returns the names that a pointer leads through, NUL between them.
func unescaped(pointer string) string {
	names := strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", "\x00")
	return fromPointer.Replace(names)
}

// checkBody fails the test unless what is at where may have this body.
func (d *document) checkBody(t testing.TB, what, where, contentType, body string) {
	t.Helper()
	if body == "" {
		return
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	content, at := d.at(append(strings.Split(unescaped(where), "\x00"), "content", mediaType)...)
	if content == nil {
		t.Errorf("%s %s, which is not described", what, contentType)
		return
	}
	if !strings.HasSuffix(mediaType, "json") {
		return
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err == nil {
		err = d.schema(t, at+"/schema").Validate(value)
	}
	if err != nil {
		t.Errorf("%s what its schema doesn't: %v\n%s", what, err, body)
	}
}

// TestEverySchemaHasGoodExamples: what the documentation offers to try is what is taken.
func TestEverySchemaHasGoodExamples(t *testing.T) {
	t.Parallel()
	d := described()
	var walk func(node any, where string)
	walk = func(node any, where string) {
		schema, ok := node.(map[string]any)
		if !ok {
			return
		}
		examples, _ := schema["examples"].([]any)
		for _, example := range examples {
			if err := d.schema(t, where).Validate(example); err != nil {
				t.Errorf("the example of %s: %v", where, err)
			}
		}
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			walk(property, where+"/properties/"+name)
		}
	}
	schemas, where := d.at("components", "schemas")
	for name, schema := range schemas {
		walk(schema, where+"/"+name)
	}
}

// TestOneSpellingIsDescribed: of a key that goes in or out as camelCase and as snake_case, generated code shall have one.
func TestOneSpellingIsDescribed(t *testing.T) {
	t.Parallel()
	schemas, _ := described().at("components", "schemas")
	for name, schema := range schemas {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		seen := map[string]string{}
		for property := range properties {
			plain := strings.ToLower(strings.ReplaceAll(property, "_", ""))
			if seen[plain] != "" {
				t.Errorf("%s has %s and %s", name, seen[plain], property)
			}
			seen[plain] = property
		}
		if strings.Contains(name, "Output") || strings.HasSuffix(name, "Body") {
			t.Errorf("a schema is called %s", name)
		}
	}
}

// TestAnswersAreOpen: a member that an answer gets must not break a client that was generated before.
func TestAnswersAreOpen(t *testing.T) {
	t.Parallel()
	d := described()
	for _, name := range []string{"Task", "TodoItem", "Problem", "TaskProblem", "TaskChange", "Tombstone", "SyncPage", "Me", "ExportDocument"} {
		schema, _ := d.at("components", "schemas", name)
		if schema == nil || schema["additionalProperties"] != nil {
			t.Errorf("%s: %v", name, schema["additionalProperties"])
		}
	}
	for _, name := range []string{"NewTask", "TaskPatch", "BatchRequest", "BatchCreate", "UndoRequest", "ProfilePatch"} {
		if schema, _ := d.at("components", "schemas", name); schema["additionalProperties"] != false {
			t.Errorf("%s takes anything", name)
		}
	}
}

// TestTheOlderDocumentIsOpenAPI30: nothing in it is of 3.1 only.
func TestTheOlderDocumentIsOpenAPI30(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	var tree any
	if err := json.Unmarshal([]byte(s.do(t, request{method: "GET", path: "/openapi-3.0.json"}).want(t, http.StatusOK).body), &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(node any, where string)
	walk = func(node any, where string) {
		switch node := node.(type) {
		case []any:
			for _, v := range node {
				walk(v, where)
			}
		case map[string]any:
			if _, isList := node["type"].([]any); isList {
				t.Errorf("%s has several types", where)
			}
			if _, isList := node["examples"].([]any); isList {
				t.Errorf("%s has examples", where)
			}
			if node["$ref"] != nil && len(node) > 1 {
				t.Errorf("%s has something beside a reference", where)
			}
			for name, v := range node {
				walk(v, where+"/"+name)
			}
		}
	}
	walk(tree, "")
}
