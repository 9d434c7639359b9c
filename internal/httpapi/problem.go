package httpapi

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"

	"todod/internal/todo"
)

// statuses is the only place where the domain's errors become HTTP statuses. Whatever is not here is a 500.
var statuses = map[todo.Code]int{
	todo.Invalid:     http.StatusBadRequest,
	todo.NotFound:    http.StatusNotFound,
	todo.Conflict:    http.StatusConflict,
	todo.Forbidden:   http.StatusForbidden,
	todo.Unavailable: http.StatusServiceUnavailable,

	todo.Changed:         http.StatusPreconditionFailed,
	todo.KeyReused:       http.StatusUnprocessableEntity,
	todo.Outdated:        http.StatusGone,
	todo.Dependent:       http.StatusFailedDependency,
	todo.Unauthenticated: http.StatusUnauthorized,
	todo.Limited:         http.StatusTooManyRequests,
}

// An errorCode is what happened, in a word for programs.
type errorCode string

// errorCodes are the error_code of each status that we answer.
var errorCodes = map[int]errorCode{
	http.StatusBadRequest:            "INVALID_REQUEST",
	http.StatusUnauthorized:          "INVALID_CREDENTIALS",
	http.StatusForbidden:             "INSUFFICIENT_PERMISSIONS",
	http.StatusNotFound:              "RESOURCE_NOT_FOUND",
	http.StatusMethodNotAllowed:      "METHOD_NOT_ALLOWED",
	http.StatusRequestTimeout:        "REQUEST_TIMEOUT",
	http.StatusConflict:              "CONFLICT_DETECTED",
	http.StatusGone:                  "SYNC_TOKEN_EXPIRED",
	http.StatusPreconditionFailed:    "PRECONDITION_FAILED",
	http.StatusFailedDependency:      "FAILED_DEPENDENCY",
	http.StatusUnprocessableEntity:   "IDEMPOTENCY_KEY_REUSED",
	http.StatusRequestEntityTooLarge: "PAYLOAD_TOO_LARGE",
	http.StatusUnsupportedMediaType:  "UNSUPPORTED_MEDIA_TYPE",
	http.StatusTooManyRequests:       "RATE_LIMIT_EXCEEDED",
	http.StatusInternalServerError:   "INTERNAL_ERROR",
	http.StatusServiceUnavailable:    "SERVICE_UNAVAILABLE",
}

// A refusal is an error of HTTP's own, outside the domain: no such route, no good token, too much of something.
type refusal struct {
	status int
	detail string
	fields []todo.FieldError
	header map[string]string // goes out with the answer
	reason string            // for the log only
}

// Error returns what the caller is told.
func (r *refusal) Error() string { return r.detail }

// problem is the body of every 4xx and 5xx: ours, and a problem detail of RFC 9457 at once.
type problem struct {
	Type      string         `json:"type" doc:"about:blank (RFC 9457)"`
	Title     string         `json:"title" doc:"What the status means"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail" doc:"What happened, in words for people"`
	ErrorCode errorCode      `json:"error_code" doc:"What happened, in a word for programs"`
	Timestamp timestamp      `json:"timestamp"`
	RequestID string         `json:"request_id" doc:"What to name when asking about it"`
	Errors    []fieldProblem `json:"errors,omitempty" doc:"Every field at fault"`
	Current   *currentTask   `json:"current,omitempty" doc:"For a 412, or a merge that failed: what there is as it is"`

	Conflicts map[string]mergeConflict `json:"conflicts,omitempty" doc:"For a merge that failed: the fields that were changed since"`
	Results   []batchResult            `json:"results,omitempty" doc:"For an atomic batch that failed: what is wrong with each operation"`

	Message string `json:"message,omitempty" doc:"The detail once more, on the routes of /api/todos and /api/auth"`

	mediaType string
}

// fieldProblem is a field and the rule it breaks.
type fieldProblem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// currentTask is a task, or a list or label, in a problem, in the shape of the route it answers.
type currentTask struct {
	task        todo.Task
	object      *todo.Object
	forFrontend bool
}

// MarshalJSON implements json.Marshaler.
func (c currentTask) MarshalJSON() ([]byte, error) {
	if c.object != nil {
		return appendObject(nil, c.object), nil
	}
	if c.forFrontend {
		return json.Marshal(wireTodo(c.task))
	}
	return json.Marshal(wire(c.task))
}

// Schema implements huma.SchemaProvider: which of the two it is, problem describes.
func (currentTask) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// Error implements huma.StatusError.
func (p *problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string {
	if p.mediaType == "" {
		return "application/json" // asked at registration, for the documentation
	}
	return p.mediaType
}

// problemMediaType is the media type of RFC 9457.
const problemMediaType = "application/problem+json"

// problemFor returns what answers err, puts the headers that go with it into header, and tells the request's record.
func problemFor(r *http.Request, header http.Header, err error) *problem {
	rec := recordOf(r.Context())
	p := &problem{
		Type: "about:blank", Timestamp: timestamp(rec.now()), RequestID: rec.requestID, mediaType: "application/json",
	}
	if rec.acceptsProblem {
		p.mediaType = problemMediaType
	}
	header.Add("Vary", "Accept")
	var refused *refusal
	var domain *todo.Error
	switch {
	case errors.As(err, &refused):
		p.Status, p.Detail, p.Errors = refused.status, refused.detail, fieldProblems(refused.fields)
		for name, value := range refused.header {
			header.Set(name, value)
		}
		rec.reason = refused.reason
	case errors.As(err, &domain) && statuses[domain.Code] != 0:
		p.Status, p.Detail, p.Errors = statuses[domain.Code], domain.Message, fieldProblems(domain.Fields)
		if domain.RetryAfter > 0 {
			header.Set("Retry-After", strconv.Itoa(int((domain.RetryAfter+time.Second-1)/time.Second)))
		}
		if domain.Cause != nil {
			rec.reason = domain.Error()
		}
		if domain.Current != nil {
			p.show(*domain.Current, nil, header, rec)
		}
		if domain.CurrentObject != nil {
			p.show(todo.Task{}, domain.CurrentObject, header, rec)
		}
		if domain.Code == todo.Unauthenticated && rec.user != "" { // the fault is the token's, not a password's
			header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		}
	default:
		p.Status, p.Detail = http.StatusInternalServerError, "An unexpected error occurred"
		rec.reason = err.Error()
		if rec.stack = stackOf(err); rec.stack == "" {
			rec.stack = string(debug.Stack())
		}
	}
	if p.Status == http.StatusUnauthorized && header.Get("WWW-Authenticate") == "" {
		header.Set("WWW-Authenticate", "Bearer") // RFC 9110 section 15.5.2
	}
	p.explain(err, header, rec)
	p.Title, p.ErrorCode = http.StatusText(p.Status), errorCodes[p.Status]
	if rec.frontend {
		p.Message = p.Detail
	}
	return p
}

// show adds the task as it is, or the object, if that isn't nil.
func (p *problem) show(t todo.Task, o *todo.Object, header http.Header, rec *record) {
	version := t.Version
	if o != nil {
		version = o.Version
	}
	header.Set("ETag", etagOf(version))
	p.Current = &currentTask{task: t, object: o, forFrontend: rec.frontend}
}

// explain adds what only some errors have to say.
func (p *problem) explain(err error, header http.Header, rec *record) {
	var conflict *todo.ConflictError
	var batch *todo.BatchError
	switch {
	case errors.As(err, &conflict):
		p.show(conflict.Current, conflict.CurrentObject, header, rec)
		p.Conflicts = mergeConflicts(conflict.Conflicts)
	case errors.As(err, &batch):
		p.Results = wireResults(batch.Results)
		p.Current = nil // it stands beside its operation
		header.Del("ETag")
	}
}

// acceptsProblem reports whether r names the media type of RFC 9457 among those it takes.
func acceptsProblem(r *http.Request) bool {
	for _, accepted := range r.Header.Values("Accept") {
		if !strings.Contains(strings.ToLower(accepted), problemMediaType) {
			continue // as almost always
		}
		for part := range strings.SplitSeq(accepted, ",") {
			if mediaType, params, err := mime.ParseMediaType(part); err == nil && mediaType == problemMediaType {
				quality, err := strconv.ParseFloat(params["q"], 64)
				return err != nil || quality > 0
			}
		}
	}
	return false
}

// fieldProblems returns the faults as they go out.
func fieldProblems(fields []todo.FieldError) []fieldProblem {
	var all []fieldProblem
	for _, f := range fields {
		all = append(all, fieldProblem(f))
	}
	return all
}

// writeProblem answers err outside huma.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemFor(r, w.Header(), err)
	body, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("problem: %v", err)) // its fields always marshal
	}
	w.Header().Set("Content-Type", p.mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) //nolint:gosec // JSON, sent as such and with nosniff; whoever has gone away needs no answer
}

// adjustHuma makes huma answer errors as problems. These are variables of huma's package, for all APIs of a program.
var adjustHuma = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false                                                  // our lists may be empty, never null
	huma.NewError = func(int, string, ...error) huma.StatusError { return &problem{} } // documents the type; answers nothing
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		r, w := humago.Unwrap(ctx)
		return problemFor(r, w.Header(), fromHuma(status, errs))
	}
})

// fromHuma returns the error behind what huma reports: the one that a handler or one of our types returned, or what huma
// itself found wrong with a request.
func fromHuma(status int, errs []error) error {
	if status == http.StatusInternalServerError && len(errs) > 0 {
		return fromBody(errs[0]) // a handler's, or that of reading the body: whole, with its message and its cause
	}
	var fields []todo.FieldError
	for _, err := range errs {
		var domain *todo.Error
		var detail *huma.ErrorDetail
		switch {
		case errors.As(err, &domain) && domain.Code == todo.Invalid:
			fields = append(fields, domain.Fields...)
		case errors.As(err, &detail):
			// The value is dropped: it may be anything a client has sent.
			_, field, _ := strings.Cut(detail.Location, ".")
			fields = append(fields, todo.FieldError{
				Field: field, Message: strings.TrimPrefix(detail.Message, "invalid value: "),
			})
		}
	}
	if len(fields) > 0 {
		return todo.InvalidFields(fields...)
	}
	if status == http.StatusRequestTimeout {
		return lateBody()
	}
	return todo.InvalidFields(todo.FieldError{Field: "body", Message: "is required"})
}

// lateBody is the answer to a body that did not come within bodyTimeout.
func lateBody() error {
	return &refusal{status: http.StatusRequestTimeout, detail: "The body took too long to arrive"}
}

// fromBody returns err, or what it means if it comes from reading the body.
func fromBody(err error) error {
	var tooLong *http.MaxBytesError
	var broken bodyError
	switch {
	case errors.As(err, &tooLong):
		return &refusal{
			status: http.StatusRequestEntityTooLarge, detail: fmt.Sprintf("The body must be at most %d bytes", tooLong.Limit),
			header: map[string]string{"Connection": "close"}, // nobody wants to read the rest
		}
	case errors.As(err, &broken) && errors.Is(err, os.ErrDeadlineExceeded):
		return lateBody()
	case errors.As(err, &broken):
		return todo.InvalidFields(todo.FieldError{Field: "body", Message: "can't be read to its end"})
	}
	return err
}
