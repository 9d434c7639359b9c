package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"todod/internal/auth"
	"todod/internal/observe"
	"todod/internal/ratelimit"
	"todod/internal/todo"
)

// A record is what becomes known of a request on its way, for the log and for the answer. It belongs to the request's
// goroutine.
type record struct {
	requestID     string
	correlationID string
	client        netip.Addr
	scheme        string      // that the client came by: http, https, "" if it isn't known
	agent         string      // what the client calls itself
	user          todo.UserID // "" until a token was found good

	// principal and options are there once a secured route lets the request in.
	principal auth.Principal
	options   requestOptions

	// retired is closed when one of the secrets is no longer used under which its token was found good.
	retired  <-chan struct{}
	endpoint string // the route's pattern
	// acceptsProblem: errors go out under the media type of RFC 9457.
	acceptsProblem bool
	// frontend: its path is one of frontendPath, where errors carry a message and unknown parameters don't matter.
	frontend bool
	reason   string        // why it was refused or failed
	stack    string        // of a failure
	cut      bool          // the answer broke off after its first byte, whatever its status says
	status   int           // of the answer; it and took are there when it has been logged
	took     time.Duration // from the first layer to the last byte
	now      func() time.Time
	header   http.Header // of the answer
}

// cutOff notes that the answer broke off because of err.
func (rec *record) cutOff(err error) {
	rec.cut, rec.reason, rec.stack = true, "the answer was cut off: "+err.Error(), stackOf(err)
}

// stackOf returns the stack on which err happened, "" unless it was a panic.
func stackOf(err error) string {
	var p panicError
	errors.As(err, &p)
	return p.stack
}

// noRoute is the endpoint of requests that no route takes.
const noRoute = "unmatched"

// recordKey is the context key of a request's record.
type recordKey struct{}

// recordOf returns the record of the request that ctx belongs to.
func recordOf(ctx context.Context) *record {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		return rec
	}
	return &record{now: time.Now, header: http.Header{}} // outside wrap, in a test
}

// saneID is what a request id may look like if a caller brings one: nothing that could harm a log or a header. Nor is one
// taken that looks like something that must not be in a log.
var saneID = regexp.MustCompile(`^[A-Za-z0-9._:@/+=-]{1,128}$`)

// traceParent is the form of a traceparent header in W3C Trace Context, version 00.
var traceParent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// traceID returns the trace id of a traceparent header, "" if it has none.
func traceID(header string) string {
	if !traceParent.MatchString(header) {
		return ""
	}
	id := header[3:35]
	if strings.Trim(id, "0") == "" {
		return "" // all zeros mean none
	}
	return id
}

// requestIDHeader is X-Request-ID as http.Header spells it, which spares it to do so.
const requestIDHeader = "X-Request-Id"

// identified gives a request its id, which always goes back, and its record.
func (e *edge) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &record{
			requestID: r.Header.Get(requestIDHeader), client: ratelimit.ClientAddr(r, e.proxies),
			scheme: ratelimit.ClientScheme(r, e.proxies), agent: r.UserAgent(), now: e.now, header: w.Header(), endpoint: noRoute, acceptsProblem: acceptsProblem(r),
		}
		if rec.requestID == "" || !saneID.MatchString(rec.requestID) || observe.Scrub(rec.requestID) != rec.requestID {
			rec.requestID = "req_" + rand.Text()
		}
		rec.correlationID = rec.requestID
		if trace := traceID(r.Header.Get("Traceparent")); trace != "" {
			rec.correlationID = trace
		}
		w.Header().Set(requestIDHeader, rec.requestID)
		if e.draining.Load() {
			w.Header().Set("Connection", "close") // the next request of this client is for another process
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), recordKey{}, rec)))
	})
}

// logged writes one line for each request when it has been answered: refusals as WARNING, failures as ERROR, answers that
// broke off included.
func (e *edge) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			rec := recordOf(r.Context())
			rec.status, rec.took = seen.status, time.Since(start)
			line := observe.Access{
				RequestID: rec.requestID, CorrelationID: rec.correlationID, UserID: string(rec.user), Endpoint: rec.endpoint,
				Method: observe.MethodOr(r.Method, "OTHER"), Client: rec.client, Reason: rec.reason, Stack: rec.stack,
				Status: rec.status, Duration: rec.took,
			}
			level := levelOf(seen.status)
			switch {
			case gaveUp(r.Context(), rec):
				level = slog.LevelInfo
			case rec.cut:
				level = slog.LevelError
			}
			line.Log(r.Context(), e.accessLog, level)
		}()
		next.ServeHTTP(seen, r)
	})
}

// gaveUp reports whether a request that is answered with a 503, or whose answer broke off, has no client any more. That is
// what becomes of one whose client goes away while it waits for the database or, on SQLite, reads, and while it is sent an
// answer. A panic is never the client's doing.
func gaveUp(ctx context.Context, rec *record) bool {
	return (rec.status == http.StatusServiceUnavailable || rec.cut && rec.stack == "") && ctx.Err() != nil
}

// levelOf returns the level that an answer of this status is logged at.
func levelOf(status int) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusTooManyRequests:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// statusWriter notes the status that is written.
type statusWriter struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if !w.wrote && status >= 200 {
		w.status, w.wrote = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(p []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recovered answers a panic with a 500 if nothing has been written yet, else cuts the connection, so that nobody takes
// half an answer for a whole one.
func (e *edge) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this, too
				panic(p)
			}
			err := caught(p)
			if seen.wrote {
				recordOf(r.Context()).cutOff(err)
				panic(http.ErrAbortHandler)
			}
			writeProblem(seen, r, err)
		}()
		next.ServeHTTP(seen, r)
	})
}
