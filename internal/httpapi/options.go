package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/todo"
)

// keyHeader is the header of the IETF draft "The Idempotency-Key HTTP Header Field".
const keyHeader = "Idempotency-Key"

// maxKey is the length of a key at most.
const maxKey = 255

// A requestOptions is what a request says besides what it is about. It belongs to the request's goroutine.
type requestOptions struct {
	w    http.ResponseWriter
	r    *http.Request
	hash hash.Hash // of the body as far as it has been read; nil without a key
}

// newRequestOptions returns the options of r, which w answers. With a key, the body is hashed as it is read.
func newRequestOptions(w http.ResponseWriter, r *http.Request) requestOptions {
	o := requestOptions{w: w, r: r}
	if len(r.Header.Values(keyHeader)) > 0 {
		o.hash = sha256.New()
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, o.hash), r.Body}
	}
	return o
}

// requestOptionsOf returns the options of the request that ctx belongs to.
func requestOptionsOf(ctx context.Context) *requestOptions {
	o := &recordOf(ctx).options
	if o.r == nil {
		panic("httpapi: options of a route that is not secured") // a mistake in routes, never a request's doing
	}
	return o
}

// withOptions has do make a change with the options of the request. Done, it is answered with status.
func withOptions(
	ctx context.Context, status int, do func(todo.WriteOptions) (todo.WriteResult, error),
) (todo.WriteResult, error) {
	opts, err := requestOptionsOf(ctx).writeOptions(status)
	if err != nil {
		return todo.WriteResult{}, err
	}
	return do(opts)
}

// writeOptions returns the options that the request's headers name.
func (o *requestOptions) writeOptions(status int) (todo.WriteOptions, error) {
	opts := todo.WriteOptions{RequestID: recordOf(o.r.Context()).requestID}
	var err error
	if opts.If, err = wantedVersions(o.r.Header); err != nil || o.hash == nil {
		return opts, err
	}
	keys := o.r.Header.Values(keyHeader)
	if len(keys) != 1 || !isKey(keys[0]) {
		return opts, todo.InvalidFields(todo.FieldError{
			Field: keyHeader, Message: "must be one text of 1 to 255 visible ASCII characters",
		})
	}
	if err := o.readRest(); err != nil {
		return opts, fromBody(err)
	}
	opts.Idempotency = &todo.Idempotency{Key: keys[0], Fingerprint: o.fingerprint(), Status: status}
	return opts, nil
}

// readRest reads what the route has left of the body, because what it has no use for counts, too. It may take as long as
// the body of any other route.
func (o *requestOptions) readRest() error {
	_ = huma.SetReadDeadline(o.w, time.Now().Add(bodyTimeout)) // without one, the server's is left
	if _, err := io.Copy(io.Discard, o.r.Body); err != nil {
		return err
	}
	_ = huma.SetReadDeadline(o.w, time.Time{}) // the connection is watched from now on, for as long as it takes to answer
	return nil
}

// keySchema describes a key.
func keySchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(maxKey), Pattern: "^[!-~]*$"}
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

// fingerprint tells the request from any other that could come with the same key. The lengths keep apart what stands
// side by side.
func (o *requestOptions) fingerprint() []byte {
	sum := sha256.New()
	part := func(p []byte) {
		_ = binary.Write(sum, binary.BigEndian, uint64(len(p))) // a hash takes everything
		sum.Write(p)
	}
	part([]byte(o.r.Method))
	part([]byte(o.r.URL.Path))
	part([]byte(o.r.URL.RawQuery))
	for _, name := range []string{"If-Match", "Prefer"} {
		values := o.r.Header.Values(name)
		part([]byte{byte(len(values))})
		for _, v := range values {
			part([]byte(v))
		}
	}
	part(o.hash.Sum(nil))
	return sum.Sum(nil)
}
