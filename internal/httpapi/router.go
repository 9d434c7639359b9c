package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// The limits on a request body.
const (
	maxBody     = 64 << 10 // bytes
	bodyTimeout = 10 * time.Second
)

// The names of the ways to say who calls, as the documentation sorts them: an e-mail address and a password that get a token,
// and a token.
const (
	password = "account"
	bearer   = "bearer"
)

// bodyTag marks, in an operation's metadata, a route whose bodies may be longer, with their limit as an int64.
const bodyTag = "body"

// upTo lets the bodies of a route have this many bytes.
func upTo(limit int64) func(*huma.Operation) {
	return func(op *huma.Operation) { mark(op, bodyTag, limit) }
}

// exemptTag marks, in an operation's metadata, a route that counts against nobody's limit.
const exemptTag = "exempt"

// secretTag marks, in an operation's metadata, a route whose answers nobody may store.
const secretTag = "secret"

// signInTag marks, in an operation's metadata, a route that counts against the limits of sign-ins.
const signInTag = "sign-in"

// A handler says who asks what and gets which answer.
type handler[I, O any] func(context.Context, *I) (*O, error)

// secured registers a route that only callers with a good token reach.
func secured[I, O any](a *API, route string, h handler[I, O], summary string, options ...func(*huma.Operation)) {
	register(a, route, h, summary, append(options, func(op *huma.Operation) {
		op.Security = append(op.Security, map[string][]string{bearer: {}}, map[string][]string{password: {}})
		op.Errors = append(op.Errors, 400, 401, 429)
		if strings.Contains(op.Path, "{id}") {
			op.Errors = append(op.Errors, 404)
		}
		if op.Method != http.MethodGet {
			op.Errors = append(op.Errors, 409)
		}
	}))
}

// public registers a route that anyone may call; it counts against their address.
func public[I, O any](a *API, route string, h handler[I, O], summary string, options ...func(*huma.Operation)) {
	register(a, route, h, summary, append(options, func(op *huma.Operation) {
		op.Security = []map[string][]string{} // none, said
		op.Errors = append(op.Errors, 400, 429)
	}))
}

// secret keeps a route's answers out of every cache, and uncompressed.
func secret(op *huma.Operation) { mark(op, secretTag, true) }

// signIn marks a route that lets people in.
func signIn(op *huma.Operation) { mark(op, signInTag, true) }

// answering documents further statuses: those of errors, and those of success that answer as the main one does.
func answering(codes ...int) func(*huma.Operation) {
	return func(op *huma.Operation) {
		for _, code := range codes {
			if code < http.StatusBadRequest {
				mark(op, alsoAnswers, strconv.Itoa(code))
			} else {
				op.Errors = append(op.Errors, code)
			}
		}
	}
}

// alsoAnswers is where an operation's metadata holds another status of success.
const alsoAnswers = "also answers"

// exempt registers a route that anyone may call as often as they like.
func exempt[I, O any](a *API, route string, h handler[I, O], summary string) {
	register(a, route, h, summary, []func(*huma.Operation){func(op *huma.Operation) {
		op.Tags = []string{healthTag}
		op.OperationID = healthID(op.Path)
		op.Security = []map[string][]string{}
		mark(op, exemptTag, true)
		if strings.HasSuffix(op.Path, "readiness") {
			op.Errors = []int{503}
		}
	}})
}

// reads registers a secured route whose answers have an entity tag.
func reads[I, O any](a *API, route string, h handler[I, O], summary string, options ...func(*huma.Operation)) {
	secured(a, route, h, summary, append(options, func(op *huma.Operation) {
		header(op, "If-None-Match", `Answer 304 if what there is has one of these entity tags`)
		unmodified := map[string]*huma.Header{"ETag": textHeader("That of what there is")}
		if !strings.Contains(op.Path, "{id}") {
			unmodified["Link"] = textHeader("That of the page")
		}
		op.Responses = map[string]*huma.Response{"304": {Description: "Not Modified: you have it already", Headers: unmodified}}
	})...)
}

// writes registers a secured route that makes a change. It can be retried safely with an Idempotency-Key, and made
// conditional where it is about a task.
func writes[I, O any](a *API, route string, h handler[I, O], summary string, options ...func(*huma.Operation)) {
	secured(a, route, h, summary, append(options, func(op *huma.Operation) {
		header(op, keyHeader, "1–255 visible ASCII characters: a request that comes again with the same key is answered as the first one was, and carried out once")
		op.Parameters[len(op.Parameters)-1].Schema = keySchema()
		op.Errors = append(op.Errors, 404, 422) // a replay may be of a task that has gone
		if strings.Contains(op.Path, "{id}") {
			header(op, "If-Match", "Make the change only if the task has one of these entity tags")
			op.Errors = append(op.Errors, 412)
		}
	})...)
}

// header documents a request header that a route heeds.
func header(op *huma.Operation, name, doc string) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: name, In: "header", Description: doc, Schema: &huma.Schema{Type: huma.TypeString},
	})
}

// status makes a route answer success with another status than 200.
func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

// optionalBody makes a route do without a body, too, and documents what that means.
func optionalBody(without string) func(*huma.Operation) {
	return func(op *huma.Operation) { mark(op, withoutBody, without) }
}

// withoutBody is where an operation's metadata holds what no body means.
const withoutBody = "without body"

// mergePatch makes a route take a JSON merge patch (RFC 7396) under its own media type too.
func mergePatch(op *huma.Operation) { mark(op, mergePatchType, true) }

// mark notes something about a route for whoever handles its requests, beside what is noted already.
func mark(op *huma.Operation, key string, value any) {
	if op.Metadata == nil {
		op.Metadata = map[string]any{}
	}
	op.Metadata[key] = value
}

// register makes a route of h. Bodies and parameters are read by this package's own types, which say what is wrong with
// them in our words: huma documents them, and validates nothing.
func register[I, O any](a *API, route string, h handler[I, O], summary string, options []func(*huma.Operation)) {
	method, path, _ := strings.Cut(route, " ")
	op := huma.Operation{
		Method: method, Path: strings.TrimSpace(path), Summary: summary,
		SkipValidateBody: true, SkipValidateParams: true,
		MaxBodyBytes:    -1, // admit has limited it
		BodyReadTimeout: bodyTimeout,
	}
	op.OperationID = handlerName(h)
	op.Tags = []string{tagOf(op.Path)}
	for _, option := range options {
		option(&op)
	}
	if op.Metadata[secretTag] != nil {
		a.mux.asIs[op.Method+" "+op.Path] = true
	}
	if op.Metadata[lastingTag] != nil {
		a.edge.metrics.Streaming(op.Path)
	}
	if op.Metadata[sameOriginTag] != nil {
		huma.Register(a.own, op, h)
		return
	}
	huma.Register(a.huma, op, h)
	for _, documented := range operations(a.huma.OpenAPI().Paths[op.Path]) {
		if documented.Method == op.Method {
			a.document(documented, op.Errors)
		}
	}
}

// document completes what huma has made of an operation, which answers errors with these statuses.
func (a *API) document(op *huma.Operation, errors []int) {
	if without, ok := op.Metadata[withoutBody].(string); ok {
		op.RequestBody.Required = false // huma goes by this, too
		op.RequestBody.Description = without
	}
	if also, ok := op.Metadata[alsoAnswers].(string); ok {
		code, _ := strconv.Atoi(also)
		success := *op.Responses[strconv.Itoa(op.DefaultStatus)]
		success.Description = http.StatusText(code) + ": the same, while something has to be done first; message says what"
		op.Responses[also] = &success
	}
	if op.Metadata[mergePatchType] != nil {
		op.RequestBody.Content[mergePatchType] = op.RequestBody.Content[jsonMediaType]
	}
	a.documentErrors(op, errors)
	slices.SortStableFunc(op.Parameters, func(a, b *huma.Param) int { // the path's, the query's, headers
		places := []string{"path", "query", "header"}
		return slices.Index(places, a.In) - slices.Index(places, b.In)
	})
}

// operations returns the operations of a path.
func operations(item *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{
		item.Get, item.Put, item.Post, item.Delete, item.Options, item.Head, item.Patch, item.Trace,
	}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}

// newHuma returns the huma API on mux, with nothing of what huma would add by itself. transform sees every answer before it
// is marshalled.
func newHuma(mux humago.Mux, version string, transform huma.Transformer) huma.API {
	adjustHuma()
	format := huma.Format{
		Marshal:   marshal,
		Unmarshal: unmarshal,
	}
	cfg := huma.Config{
		OpenAPI:       newDocument(version),
		Formats:       map[string]huma.Format{jsonMediaType: format, "json": format}, // "json" is for +json
		DefaultFormat: jsonMediaType,
		Transformers:  []huma.Transformer{transform},
	}
	return humago.New(mux, cfg)
}

// Route is one route of the API.
type Route struct {
	Method  string
	Path    string // with {name} for what varies
	Secured bool   // needs a token
	Keyed   bool   // heeds an Idempotency-Key
}

// Routes lists every documented route. Tests are generated from it, so that none can be forgotten.
func (a *API) Routes() []Route {
	var routes []Route
	for path, item := range a.huma.OpenAPI().Paths {
		for _, op := range operations(item) {
			keyed := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == keyHeader })
			routes = append(routes, Route{Method: op.Method, Path: path, Secured: len(op.Security) > 0, Keyed: keyed})
		}
	}
	return routes
}

// file registers a route that answers a file as it is, which anybody may have.
func (a *API) file(pattern string, handler http.Handler) {
	a.mux.asIs[pattern] = true // it comes compressed, where that is worth it
	a.mux.Handle(pattern, a.anonymous(handler))
}
