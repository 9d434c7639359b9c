package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// newDocument returns the description of an API without routes, which huma and register fill in.
func newDocument(version string) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "todod", Version: version, Description: introduction,
			License: &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "Where this document comes from"}},
		Tags:    documentTags(),
		Components: &huma.Components{
			Schemas:   huma.NewMapRegistry(schemaPrefix, schemaName),
			Responses: map[string]*huma.Response{},
			Headers:   commonHeaders(),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				bearer: {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A token that you have: `token` of a sign-in"},
				password: {
					Type: "oauth2", Description: "Sign in: `username` is your e-mail address",
					Flows: &huma.OAuthFlows{Password: &huma.OAuthFlow{TokenURL: grantPath, Scopes: map[string]string{}}},
				},
				ticketTag: {Type: "apiKey", In: "query", Name: "ticket", Description: "For `EventSource`, which can't send a header"},
			},
		},
	}
}

// introduction is what the documentation begins with.
const introduction = "Tasks of many people, each of whom sees their own.\n\n" +
	"To try it here: make an account with `POST /api/auth/register`, then press **Authorize** and sign in with its e-mail " +
	"address and password.\n\n" +
	"Every error has the same body, a `Problem`; its `error_code` says what happened in a word for programs. " +
	"Answers may get more members: clients pass over those that they don't know."

// The groups that operations are in.
const (
	tasksTag    = "Tasks"
	listsTag    = "Lists and labels"
	severalTag  = "Several at once"
	trashTag    = "Trash"
	syncTag     = "Sync and events"
	accountsTag = "Accounts"
	healthTag   = "Health"
	frontendTag = "Frontend"
)

// documentTags returns the groups, in the order in which the documentation shows them.
func documentTags() []*huma.Tag {
	return []*huma.Tag{
		{Name: tasksTag, Description: "What people mean to do"},
		{Name: listsTag, Description: "What people order their tasks by. Ids are of one kind of number: no task has the id of a list"},
		{Name: severalTag, Description: "Many tasks in one request, and back"},
		{Name: trashTag, Description: "Deleted tasks, which can come back for a while"},
		{Name: syncTag, Description: "For clients that keep a copy, and for what happened to a write whose answer was lost"},
		{Name: accountsTag, Description: "Those of todod itself, or of the Better Auth service behind it. The routes of " +
			"`/api/auth` answer without `/api`, too, and with a slash at the end. They pass over names that they don't know"},
		{Name: healthTag, Description: "For load balancers. Needs no token and counts against no limit"},
		{Name: frontendTag, Description: "The same tasks for frontends that were built for another back end. The routes answer " +
			"without `/api`, too, and with a slash at the end. Names go out and come in as camelCase, as described, and as " +
			"snake_case; unknown ones are passed over"},
	}
}

// tagged are the groups by how paths begin, the longest before what they begin with.
var tagged = []struct{ prefix, tag string }{
	{"/api/v1/tasks/batch", severalTag},
	{"/api/v1/tasks/complete-all", severalTag},
	{"/api/v1/tasks/clear-completed", severalTag},
	{"/api/v1/lists", listsTag},
	{"/api/v1/labels", listsTag},
	{"/api/v1/undo", severalTag},
	{"/api/v1/trash", trashTag},
	{"/api/v1/sync", syncTag},
	{"/api/v1/events", syncTag},
	{"/api/v1/operations", syncTag},
	{"/api/v1/me", accountsTag},
	{"/api/auth", accountsTag},
	{"/api/todos", frontendTag},
	{"/", tasksTag},
}

// tagOf returns the group of a path.
func tagOf(path string) string {
	i := slices.IndexFunc(tagged, func(t struct{ prefix, tag string }) bool { return strings.HasPrefix(path, t.prefix) })
	return tagged[i].tag
}

// handlerName returns the name of a method of resources, which is the operationId of its route: what generated clients call it.
func handlerName(handler any) string {
	name := runtime.FuncForPC(reflect.ValueOf(handler).Pointer()).Name() // todod/internal/httpapi.(*resources).createTask-fm
	return strings.TrimSuffix(name[strings.LastIndex(name, ".")+1:], "-fm")
}

// healthID returns the operationId of a route of health, whose handlers have several: getHealthLiveness.
func healthID(path string) string {
	rest, versioned := strings.CutPrefix(path, "/api/v1")
	id := "get"
	for word := range strings.SplitSeq(strings.TrimPrefix(rest, "/"), "/") {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	if versioned {
		id += "V1"
	}
	return id
}

// commonHeaders returns the headers that many answers have.
func commonHeaders() map[string]*huma.Header {
	return map[string]*huma.Header{
		"X-Request-ID":     textHeader("What to name when asking about the request: its own X-Request-ID, or a new one"),
		"RateLimit":        textHeader("Where you stand: how many requests are left (r), and in how many seconds there are more (t)"),
		"RateLimit-Policy": textHeader("The limit: how many requests (q) in how many seconds (w)"),
		"Retry-After": {
			Description: "In how many seconds to try again", Schema: &huma.Schema{Type: huma.TypeInteger},
		},
		"WWW-Authenticate": textHeader("`Bearer`, with `error=\"invalid_token\"` if a token was sent"),
	}
}

// textHeader returns a header whose value is text.
func textHeader(doc string) *huma.Header {
	return &huma.Header{Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
}

// headerRef returns a reference to one of commonHeaders.
func headerRef(name string) *huma.Header { return &huma.Header{Ref: "#/components/headers/" + name} }

// documentHeaders adds to an answer's headers those that every answer has, and if it counts, those of the limits.
func documentHeaders(r *huma.Response, counted bool) {
	if r.Headers == nil {
		r.Headers = map[string]*huma.Header{}
	}
	for name, h := range r.Headers {
		if h.Description == "" && h.Schema != nil { // huma has it in the schema
			plain := described(h.Schema, "")
			r.Headers[name] = &huma.Header{Description: h.Schema.Description, Schema: plain}
		}
	}
	r.Headers["X-Request-ID"] = headerRef("X-Request-ID")
	if counted {
		for _, name := range []string{"RateLimit", "RateLimit-Policy"} {
			r.Headers[name] = headerRef(name)
		}
	}
}

// otherErrors stands for the statuses that any request may be answered with and no client has to tell apart.
const otherErrors = 0

// explanations say when each error comes.
var explanations = map[int]string{
	http.StatusBadRequest:          "Malformed JSON, a bad field or a bad parameter; `errors` names each",
	http.StatusUnauthorized:        "No token, or one that is not good or has expired; at a sign-in, credentials that aren't good",
	http.StatusNotFound:            "There is none, or none of yours",
	http.StatusConflict:            "It can't be done as things are; with `Retry-After`, they may be different then",
	http.StatusGone:                "The token is too old: ask again without `since`",
	http.StatusPreconditionFailed:  "`If-Match` names none of what is there; `current` has it",
	http.StatusUnprocessableEntity: "The `Idempotency-Key` was used for another request",
	http.StatusTooManyRequests:     "A limit is used up",
	http.StatusServiceUnavailable:  "It can't do its work; `errors` names the check that failed",
	otherErrors: "Anything else, such as 403 (the caller may never do this), 408, 413 and 415 (a body that is slow, too long " +
		"or not of its type), 500 (a fault of the server) and 503 (the database or the server of keys is away)",
}

// documentErrors describes the answers of an operation with these statuses instead of what huma has made of them, and the
// headers of the others.
func (a *API) documentErrors(op *huma.Operation, statuses []int) {
	counted := op.Metadata[exemptTag] == nil
	for code, r := range op.Responses {
		if status, err := strconv.Atoi(code); err != nil || status >= http.StatusBadRequest {
			delete(op.Responses, code)
			continue
		}
		documentHeaders(r, counted)
	}
	reference := func(status int) *huma.Response {
		return &huma.Response{Ref: "#/components/responses/" + a.errorResponse(op, status, counted)}
	}
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = reference(status)
	}
	if counted {
		op.Responses["default"] = reference(otherErrors)
	}
}

// errorResponse returns the name of the answer with this status, which it describes if no operation before had it.
func (a *API) errorResponse(op *huma.Operation, status int, counted bool) string {
	variant := problemVariant(op, status)
	name := variant + strings.ReplaceAll(http.StatusText(status), " ", "")
	if status == otherErrors {
		name = "Error"
	}
	if !counted {
		name = healthTag + name
	}
	components := a.huma.OpenAPI().Components
	if components.Responses[name] != nil {
		return name
	}
	schemaOf[problem](components.Schemas)
	body := &huma.MediaType{Schema: &huma.Schema{Ref: schemaPrefix + variant + "Problem"}}
	r := &huma.Response{
		Description: explanations[status], Content: map[string]*huma.MediaType{jsonMediaType: body, problemMediaType: body},
		Headers: map[string]*huma.Header{},
	}
	switch status {
	case http.StatusUnauthorized:
		r.Headers["WWW-Authenticate"] = headerRef("WWW-Authenticate")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusConflict, otherErrors:
		r.Headers["Retry-After"] = headerRef("Retry-After")
	}
	if variant != "" && variant != batchVariant {
		r.Headers["ETag"] = textHeader("Of `current`")
	}
	documentHeaders(r, counted)
	components.Responses[name] = r
	return name
}

// The problems that say more than others.
const (
	taskVariant  = "Task"
	listVariant  = "List"
	labelVariant = "Label"
	anyVariant   = "Trashed"
	todoVariant  = "Todo"
	batchVariant = "Batch"
)

// problemVariant returns which problem answers an operation with this status, "" for one that says no more than all.
func problemVariant(op *huma.Operation, status int) string {
	aboutState := status == http.StatusPreconditionFailed || status == http.StatusConflict
	_, frontend := frontendPath(op.Path)
	switch {
	case strings.HasSuffix(op.Path, "/batch"):
		if aboutState || status == http.StatusBadRequest || status == http.StatusNotFound {
			return batchVariant
		}
	case aboutState && strings.Contains(op.Path, "{id}"):
		if frontend {
			return todoVariant
		}
		for _, v := range []struct{ prefix, variant string }{
			{"/api/v1/lists", listVariant}, {"/api/v1/labels", labelVariant}, {"/api/v1/trash", anyVariant},
		} {
			if strings.HasPrefix(op.Path, v.prefix) {
				return v.variant
			}
		}
		return taskVariant
	}
	return ""
}

// TransformSchema implements huma.SchemaTransformer: a Problem is what all have; what only some say is in those.
func (*problem) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	with := func(variant string, more map[string]*huma.Schema) {
		v := new(*s)
		v.Properties = map[string]*huma.Schema{}
		for name, schema := range s.Properties {
			v.Properties[name] = schema
		}
		for name, schema := range more {
			v.Properties[name] = schema
		}
		v.AdditionalProperties = nil
		r.Map()[variant+"Problem"] = v
	}
	conflicts, results := s.Properties["conflicts"], s.Properties["results"]
	for _, name := range []string{"current", "conflicts", "results"} {
		delete(s.Properties, name)
	}
	with(taskVariant, map[string]*huma.Schema{"current": schemaOf[task](r), "conflicts": conflicts})
	with(listVariant, map[string]*huma.Schema{"current": schemaOf[list](r), "conflicts": conflicts})
	with(labelVariant, map[string]*huma.Schema{"current": schemaOf[label](r), "conflicts": conflicts})
	with(anyVariant, map[string]*huma.Schema{"current": schemaOf[trashed](r)})
	with(todoVariant, map[string]*huma.Schema{"current": schemaOf[todoItem](r)})
	with(batchVariant, map[string]*huma.Schema{"results": results})
	return s
}

// Schema implements huma.SchemaProvider.
func (errorCode) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "What happened, in a word for programs"}
	for _, code := range errorCodes {
		s.Enum = append(s.Enum, string(code))
	}
	slices.SortFunc(s.Enum, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return s
}

// OpenAPI returns the API's description in OpenAPI 3.1, as indented JSON.
func (a *API) OpenAPI() []byte { return a.openAPI() }

// describe has the API's description marshalled once, when somebody asks for it first: that takes as long as the rest of a
// start. Huma's own handler would do so unguarded. Both versions are made together, as marshalling isn't only reading.
func (a *API) describe() {
	document := a.huma.OpenAPI()
	openAnswers(document.Components.Schemas)
	both := sync.OnceValues(func() (newer, older []byte) { return indented(document), indented(downgraded(document)) })
	a.openAPI = func() []byte {
		newer, _ := both()
		return newer
	}
	a.openAPI30 = func() []byte {
		_, older := both()
		return older
	}
}

// downgraded returns document as OpenAPI 3.0 has it.
func downgraded(document *huma.OpenAPI) map[string]any {
	data, err := document.Downgrade()
	if err != nil {
		panic(fmt.Sprintf("OpenAPI 3.0: %v", err))
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		panic(fmt.Sprintf("OpenAPI 3.0: %v", err))
	}
	bareReferences(tree)
	return tree
}

// indented returns a document as JSON.
func indented(document any) []byte {
	data, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("OpenAPI: %v", err))
	}
	return append(data, '\n')
}

// bareReferences drops what stands beside references, which OpenAPI 3.0 doesn't allow.
func bareReferences(tree any) {
	switch tree := tree.(type) {
	case map[string]any:
		if ref, ok := tree["$ref"].(string); ok {
			clear(tree)
			tree["$ref"] = ref
		}
		for _, v := range tree {
			bareReferences(v)
		}
	case []any:
		for _, v := range tree {
			bareReferences(v)
		}
	}
}
