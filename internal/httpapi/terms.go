package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"net/http"

	"todod/internal/todo"
)

// keyHeader is the header of the IETF draft "The Idempotency-Key HTTP Header Field".
const keyHeader = "Idempotency-Key"

// maxKey is the length of a key at most.
const maxKey = 255

// A wish is what a request says besides what it is about. It belongs to the request's goroutine.
type wish struct {
	r    *http.Request
	hash hash.Hash // of the body as far as it has been read; nil without a key
}

// wishKey is the context key of a request's wish.
type wishKey struct{}

// newWish returns the wish of r. With a key, the body is hashed as it is read.
func newWish(r *http.Request) *wish {
	w := &wish{r: r}
	if len(r.Header.Values(keyHeader)) > 0 {
		w.hash = sha256.New()
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, w.hash), r.Body}
	}
	return w
}

// wishOf returns the wish of the request that ctx belongs to.
func wishOf(ctx context.Context) *wish {
	w, ok := ctx.Value(wishKey{}).(*wish)
	if !ok {
		panic("httpapi: wish of a route that is not secured") // a mistake in routes, never a request's doing
	}
	return w
}

// carryOut has do make a change on the terms of the request. Done, it is answered with status.
func carryOut(ctx context.Context, status int, do func(todo.Terms) (todo.Outcome, error)) (todo.Outcome, error) {
	terms, err := wishOf(ctx).terms(status)
	if err != nil {
		return todo.Outcome{}, err
	}
	return do(terms)
}

// terms returns the terms that the request's headers name.
func (w *wish) terms(status int) (todo.Terms, error) {
	terms := todo.Terms{RequestID: recordOf(w.r.Context()).requestID}
	var err error
	if terms.If, err = wantedVersions(w.r.Header); err != nil || w.hash == nil {
		return terms, err
	}
	keys := w.r.Header.Values(keyHeader)
	if len(keys) != 1 || !isKey(keys[0]) {
		return terms, todo.InvalidFields(todo.FieldError{Field: keyHeader, Message: "must be one text of 1 to 255 visible ASCII characters"})
	}
	if _, err := io.Copy(io.Discard, w.r.Body); err != nil { // a body that the route has no use for counts, too
		return terms, fromBody(err)
	}
	terms.Once = &todo.Once{Key: keys[0], Fingerprint: w.fingerprint(), Status: status}
	return terms, nil
}

// isKey reports whether s can be an idempotency key.
func isKey(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7E {
			return false
		}
	}
	return s != "" && len(s) <= maxKey
}

// fingerprint tells the request from any other that could come with the same key. The lengths keep apart what stands side
// by side.
func (w *wish) fingerprint() []byte {
	sum := sha256.New()
	part := func(p []byte) {
		_ = binary.Write(sum, binary.BigEndian, uint64(len(p))) // a hash takes everything
		sum.Write(p)
	}
	part([]byte(w.r.Method))
	part([]byte(w.r.URL.Path))
	part([]byte(w.r.URL.RawQuery))
	for _, name := range []string{"If-Match", "Prefer"} {
		values := w.r.Header.Values(name)
		part([]byte{byte(len(values))})
		for _, v := range values {
			part([]byte(v))
		}
	}
	part(w.hash.Sum(nil))
	return sum.Sum(nil)
}
