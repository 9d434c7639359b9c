package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"todod/internal/todo"
)

// etagOf returns the entity tag of a task: its version, which no two states of a task share.
func etagOf(t todo.Task) string { return fmt.Sprintf(`"v%d"`, t.Version) }

// entityTag is one entity tag (RFC 9110, section 8.8.3). A compressing proxy may have added to what is inside.
var entityTag = regexp.MustCompile(`^(W/)?"([\x21\x23-\x7E\x{80}-\x{FF}]*?)(-+(?:gzip|zstd|br|deflate))?"$`)

// A tag is an entity tag that a client sent.
type tag struct {
	weak   bool
	opaque string // without quotes, and without what compression adds
}

// parseTags reads the values of an If-Match or If-None-Match header: a list of entity tags, or * for whatever is there.
// Without the header there are none. Its error is Invalid.
func parseTags(h http.Header, name string) (tags []tag, star bool, err error) {
	list := strings.TrimSpace(strings.Join(h.Values(name), ","))
	switch list {
	case "":
		return nil, false, nil
	case "*":
		return nil, true, nil
	}
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue // RFC 9110, section 5.6.1.2
		}
		found := entityTag.FindStringSubmatch(part)
		if found == nil {
			return nil, false, todo.InvalidFields(todo.FieldError{Field: name, Message: `must be * or a list of entity tags such as "v7"`})
		}
		tags = append(tags, tag{weak: found[1] != "", opaque: found[2]})
	}
	return tags, false, nil
}

// wantedVersions returns the versions that an If-Match header names, nil if any will do. It compares strongly, as RFC 9110
// asks for (section 13.1.1), so that a weak tag names none.
func wantedVersions(h http.Header) ([]todo.Rev, error) {
	tags, star, err := parseTags(h, "If-Match")
	if err != nil || star || len(tags) == 0 {
		return nil, err
	}
	versions := []todo.Rev{}
	for _, t := range tags {
		digits, ok := strings.CutPrefix(t.opaque, "v")
		n, err := strconv.ParseInt(digits, 10, 64)
		if ok && err == nil && !t.weak {
			versions = append(versions, todo.Rev(n))
		}
	}
	return versions, nil
}

// unmodified reports whether an If-None-Match header names the entity tag that the answer would have.
func unmodified(h http.Header, etag string) (bool, error) {
	tags, star, err := parseTags(h, "If-None-Match")
	for _, t := range tags {
		star = star || `"`+t.opaque+`"` == etag
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
	ending = "-" + base64.RawURLEncoding.EncodeToString(sum[:12])
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
		if n, err := fmt.Sscanf(rest, "l%x-%x", &s.Epoch, &s.Rev); ok && err == nil && n == 2 {
			return &s, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none, and that is no error
}
