package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"todod/internal/todo"
)

// etagOf returns the entity tag of a task of this version, which no two states of a task share.
func etagOf(version todo.Rev) string { return `"v` + strconv.FormatInt(int64(version), 10) + `"` }

// entityTag is an entity tag (RFC 9110, section 8.8.3) at the beginning of a list. A comma may be part of it.
var entityTag = regexp.MustCompile(`^(?:W/)?"([^\x00-\x20"\x7F]*)"[ \t]*(?:,|$)`)

// compressed is what a proxy may add to an entity tag when it compresses. None of our tags ends like that.
var compressed = regexp.MustCompile(`-+(?:gzip|zstd|br|deflate)$`)

// A tag is an entity tag that a client sent, weak or not.
type tag struct {
	opaque string // without quotes, and without what compression adds
}

// parseTags reads the values of an If-Match or If-None-Match header: a list of entity tags, or * for whatever is there.
// Without the header, or when it is empty, there are none. Its error is Invalid.
func parseTags(h http.Header, name string) (tags []tag, star bool, err error) {
	const between = " \t," // lists may have empty places (RFC 9110, section 5.6.1.2)
	rest := strings.Trim(strings.Join(h.Values(name), ","), between)
	if rest == "*" {
		return nil, true, nil
	}
	for rest != "" {
		found := entityTag.FindStringSubmatch(rest)
		if found == nil {
			return nil, false, notTags(name)
		}
		tags = append(tags, tag{opaque: compressed.ReplaceAllString(found[1], "")})
		rest = strings.TrimLeft(rest[len(found[0]):], between)
	}
	return tags, false, nil
}

// notTags says that a header is no list of entity tags.
func notTags(name string) error {
	return todo.InvalidFields(todo.FieldError{Field: name, Message: `must be * or a list of entity tags such as "v7"`})
}

// wantedVersions returns the versions that an If-Match header names, nil if any will do. RFC 9110 asks for a strong
// comparison (section 13.1.1), in which a weak tag names none. But ours name a version, whoever made them weak: proxies do
// when they compress, and would have refused every careful change of their clients for ever. A header that names nothing at
// all is Invalid: whoever sends it meant to be careful, and must not be answered by a change of whatever is there.
func wantedVersions(h http.Header) ([]todo.Rev, error) {
	tags, star, err := parseTags(h, "If-Match")
	switch {
	case err != nil || star || len(h.Values("If-Match")) == 0:
		return nil, err
	case len(tags) == 0:
		return nil, notTags("If-Match")
	}
	versions := []todo.Rev{}
	for _, t := range tags {
		n, err := strconv.ParseInt(strings.TrimPrefix(t.opaque, "v"), 10, 64)
		version := todo.Rev(n)
		if err == nil && t.is(etagOf(version)) {
			versions = append(versions, version)
		}
	}
	return versions, nil
}

// is reports whether t and an entity tag of ours have the same opaque part.
func (t tag) is(etag string) bool { return `"`+t.opaque+`"` == etag }

// unmodified reports whether an If-None-Match header names the entity tag that the answer would have.
func unmodified(h http.Header, etag string) (bool, error) {
	tags, star, err := parseTags(h, "If-None-Match")
	for _, t := range tags {
		star = star || t.is(etag)
	}
	return star, err
}

// A shape is how a list goes out; whoever changes that gives it another number, so that no old copy passes for new.
type shape string

// The shapes there are.
const (
	tasksShape shape = "tasks 4"
	todosShape shape = "todos 1"
	trashShape shape = "trash 3"
)

// listEnding returns how the entity tag of a page ends, whatever the state of its owner's data: it tells which page that is,
// and its shape.
func listEnding(f todo.Filter, as shape) string {
	b := append(make([]byte, 0, 128), as...)
	b = append(append(append(b, ' '), f.Query()...), ' ')
	b = append(strconv.AppendInt(b, int64(f.Limit), 10), ' ')
	b = append(strconv.AppendInt(b, int64(f.Offset), 10), ' ')
	b = append(strconv.AppendBool(b, f.Count), ' ')
	sum := sha256.Sum256(append(b, f.Cursor...))
	return "-" + hex.EncodeToString(sum[:12]) // no base64, which can end like what compression adds
}

// listTag returns the entity tag of a page that ends so, in a state of its owner's data.
func listTag(s todo.State, ending string) string {
	b := strconv.AppendInt(append(make([]byte, 0, 64), `"l`...), s.Epoch, 16)
	b = strconv.AppendInt(append(b, '-'), int64(s.Rev), 16)
	return string(append(append(b, ending...), '"'))
}

// knownState returns the state of which the client has the page whose entity tags end so, by its If-None-Match header; nil
// for none.
func knownState(h http.Header, ending string) (*todo.State, error) {
	tags, _, err := parseTags(h, "If-None-Match")
	if err != nil {
		return nil, err
	}
	for _, t := range tags {
		rest, ok := strings.CutSuffix(t.opaque, ending)
		dash := strings.LastIndexByte(rest, '-')
		if !ok || dash < 1 {
			continue
		}
		epoch, _ := strconv.ParseInt(rest[1:dash], 16, 64) // what is no number doesn't give the tag again
		rev, _ := strconv.ParseInt(rest[dash+1:], 16, 64)
		if s := (todo.State{Epoch: epoch, Rev: todo.Rev(rev)}); t.is(listTag(s, ending)) {
			return &s, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none, and that is no error
}
