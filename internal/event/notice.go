package event

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"todod/internal/todo"
)

// A digest stands for a person or a session. Whoever doesn't have the key learns nothing from it but that it is the same
// one again.
type digest [16]byte

// digestLength is how many characters a digest is written with.
const digestLength = 22

// A key makes digests.
type key struct{ secret []byte }

// newKey returns the key that is derived from what all processes on a database share (RFC 5869).
func newKey(shared []byte) (*key, error) {
	secret, err := hkdf.Key(sha256.New, shared, nil, "todod events 1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of notifications: %w", err)
	}
	return &key{secret}, nil
}

// person returns what stands for a person.
func (k *key) person(owner todo.UserID) digest { return k.digest("person", string(owner)) }

// session returns what stands for a session of owner's.
func (k *key) session(owner todo.UserID, session string) digest {
	return k.digest("session", string(owner), session)
}

// digest returns what stands for these words. The lengths in front keep apart what stands side by side.
func (k *key) digest(words ...string) digest {
	mac := hmac.New(sha256.New, k.secret)
	for _, word := range words {
		_, _ = fmt.Fprintf(mac, "%d.%s", len(word), word) // a hash takes everything
	}
	return digest(mac.Sum(nil))
}

// A notice is a hint as it goes to other processes.
type notice struct {
	kind    kind
	owner   digest
	rev     todo.Rev // of changed
	session digest   // of sessionEnded and othersEnded
}

// notice returns what other processes are told of a hint about owner.
func (k *key) notice(owner todo.UserID, told hint) notice {
	n := notice{kind: told.kind, owner: k.person(owner), rev: told.rev}
	if told.kind == sessionEnded || told.kind == othersEnded {
		n.session = k.session(owner, told.session)
	}
	return n
}

// append writes n: a letter, the digest of its owner, and then a revision in decimal or the digest of a session.
func (n notice) append(b []byte) []byte {
	b = append(b, byte(n.kind))
	b = base64.RawURLEncoding.AppendEncode(b, n.owner[:])
	switch n.kind {
	case changed:
		b = strconv.AppendInt(b, int64(n.rev), 10)
	case sessionEnded, othersEnded:
		b = base64.RawURLEncoding.AppendEncode(b, n.session[:])
	case anything:
	}
	return b
}

// parseNotice reads what append has written, false if it is something else: any program can notify.
func parseNotice(s string) (n notice, ok bool) {
	if len(s) < 1+digestLength || !n.owner.parse(s[1:1+digestLength]) {
		return notice{}, false
	}
	n.kind = kind(s[0])
	rest := s[1+digestLength:]
	switch n.kind {
	case changed:
		rev, err := strconv.ParseInt(rest, 10, 64)
		n.rev = todo.Rev(rev)
		return n, err == nil && rev > 0
	case anything:
		return n, rest == ""
	case sessionEnded, othersEnded:
		return n, n.session.parse(rest)
	}
	return notice{}, false
}

// parse reads a digest.
func (d *digest) parse(s string) bool {
	if len(s) != digestLength {
		return false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(d[:], []byte(s))
	return err == nil && n == len(d)
}

// maxPayload is how many bytes one notification carries at most: PostgreSQL takes less than 8000.
const maxPayload = 7900

// payloads writes notices with spaces between them, in as few payloads as they fit in.
func payloads(notices []notice) []string {
	var all []string
	var b []byte
	for _, n := range notices {
		before := len(b)
		if before > 0 {
			b = append(b, ' ')
		}
		if b = n.append(b); len(b) > maxPayload {
			all = append(all, string(b[:before]))
			b = n.append(nil)
		}
	}
	if len(b) > 0 {
		all = append(all, string(b))
	}
	return all
}

// parsePayload returns the notices in a payload; what isn't one is passed over.
func parsePayload(payload string) []notice {
	var all []notice
	for word := range strings.SplitSeq(payload, " ") {
		if n, ok := parseNotice(word); ok {
			all = append(all, n)
		}
	}
	return all
}
