package httpapi

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"todod/internal/todo"
)

// etagOf returns the entity tag of a task: its version, which no two states of a task share.
func etagOf(t todo.Task) string { return fmt.Sprintf(`"v%d"`, t.Version) }

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
		if err == nil && t.is(etagOf(todo.Task{Version: version})) {
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
	tasksShape shape = "tasks 1"
	todosShape shape = "todos 1"
	trashShape shape = "trash 1"
)

// listTag returns the entity tag of a page in a state of its owner's data, and how it ends whatever the state.
func listTag(s todo.State, f todo.Filter, as shape) (etag, ending string) {
	asked := fmt.Sprintf("%s %s %d %d %t %s", as, f.Query(), f.Limit, f.Offset, f.Count, f.Cursor)
	sum := sha256.Sum256([]byte(asked))
	ending = fmt.Sprintf("-%x", sum[:12]) // no base64, which can end like what compression adds
	return fmt.Sprintf(`"l%x-%x%s"`, s.Epoch, s.Rev, ending), ending
}

// knownState returns the state of which the client has this very page, by its If-None-Match header; nil for none.
func knownState(h http.Header, f todo.Filter, as shape) (*todo.State, error) {
	tags, _, err := parseTags(h, "If-None-Match")
	if err != nil {
		return nil, err
	}
	_, ending := listTag(todo.State{}, f, as)
	for _, t := range tags {
		var s todo.State
		rest, ok := strings.CutSuffix(t.opaque, ending)
		if _, err := fmt.Sscanf(rest, "l%x-%x", &s.Epoch, &s.Rev); !ok || err != nil {
			continue
		}
		if etag, _ := listTag(s, f, as); t.is(etag) { // Sscanf reads other ways of writing it, too
			return &s, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none, and that is no error
}
