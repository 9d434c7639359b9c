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

// A message is a hint as it goes to other processes.
type message struct {
	kind    kind
	owner   digest
	rev     todo.Rev // of changed
	session digest   // of sessionEnded and othersEnded
}

// message returns what other processes are told of a hint about owner.
func (k *key) message(owner todo.UserID, told hint) message {
	m := message{kind: told.kind, owner: k.person(owner), rev: told.rev}
	if told.kind == sessionEnded || told.kind == othersEnded {
		m.session = k.session(owner, told.session)
	}
	return m
}

// append writes n: a letter, the digest of its owner, and then a revision in decimal or the digest of a session.
func (m message) append(b []byte) []byte {
	b = append(b, byte(m.kind))
	b = base64.RawURLEncoding.AppendEncode(b, m.owner[:])
	switch m.kind {
	case changed:
		b = strconv.AppendInt(b, int64(m.rev), 10)
	case sessionEnded, othersEnded:
		b = base64.RawURLEncoding.AppendEncode(b, m.session[:])
	case anything:
	}
	return b
}

// parseMessage reads what append has written, false if it is something else: any program can notify.
func parseMessage(s string) (m message, ok bool) {
	if len(s) < 1+digestLength || !m.owner.parse(s[1:1+digestLength]) {
		return message{}, false
	}
	m.kind = kind(s[0])
	rest := s[1+digestLength:]
	switch m.kind {
	case changed:
		rev, err := strconv.ParseInt(rest, 10, 64)
		m.rev = todo.Rev(rev)
		return m, err == nil && rev > 0
	case anything:
		return m, rest == ""
	case sessionEnded, othersEnded:
		return m, m.session.parse(rest)
	}
	return message{}, false
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

// payloads writes messages with spaces between them, in as few payloads as they fit in.
func payloads(messages []message) []string {
	var all []string
	var b []byte
	for _, m := range messages {
		before := len(b)
		if before > 0 {
			b = append(b, ' ')
		}
		if b = m.append(b); len(b) > maxPayload {
			all = append(all, string(b[:before]))
			b = m.append(nil)
		}
	}
	if len(b) > 0 {
		all = append(all, string(b))
	}
	return all
}

// parsePayload returns the messages in a payload; what isn't one is passed over.
func parsePayload(payload string) []message {
	var all []message
	for word := range strings.SplitSeq(payload, " ") {
		if m, ok := parseMessage(word); ok {
			all = append(all, m)
		}
	}
	return all
}
