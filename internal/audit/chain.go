package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"time"
)

// maxLine is how long a line may be, in bytes, its newline included. Lines of ours are far shorter: see maxFields.
const maxLine = 64 << 10

// A Hash is the SHA-256 of a line.
type Hash [sha256.Size]byte

// String returns h in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It takes what String gives and nothing else.
func (h *Hash) UnmarshalText(text []byte) error {
	var read Hash
	if len(text) != hex.EncodedLen(len(read)) {
		return errors.New("a hash has 64 hex digits")
	}
	if _, err := hex.Decode(read[:], text); err != nil || read.String() != string(text) {
		return errors.New("a hash has 64 lower-case hex digits")
	}
	*h = read
	return nil
}

// An entry is an event on its way into the file.
type entry struct {
	at     time.Time
	event  Event
	fields []byte // a JSON object
}

// A link is what the next line has to know of a line. The zero link is before the first.
type link struct {
	seq  uint64
	hash Hash
}

// Where the hash of a line stands: its end is always `,"hash":"<64 hex digits>"}`. What is hashed is all that stands before.
const (
	hashKey  = `,"hash":"`
	lineEnd  = `"}`
	hashTail = len(hashKey) + 2*sha256.Size + len(lineEnd)
)

// appendLine appends to dst the line of e after the link before it, with its newline, and returns the link to go on from.
func appendLine(dst []byte, e entry, before link) ([]byte, link) {
	start := len(dst)
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendUint(dst, before.seq+1, 10)
	dst = append(dst, `,"timestamp":"`...)
	dst = e.at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
	dst = append(dst, `","level":"`...)
	dst = append(dst, levelName(e.event.Level())...)
	dst = append(dst, `","event":`...)
	name, _ := json.Marshal(string(e.event)) // a string always marshals
	dst = append(dst, name...)
	dst = append(dst, `,"fields":`...)
	dst = append(dst, e.fields...)
	dst = append(dst, `,"prev":"`...)
	dst = hex.AppendEncode(dst, before.hash[:])
	dst = append(dst, '"')
	after := link{seq: before.seq + 1, hash: sha256.Sum256(dst[start:])}
	dst = append(dst, hashKey...)
	dst = hex.AppendEncode(dst, after.hash[:])
	return append(dst, lineEnd+"\n"...), after
}

// levelName returns the name that the level of an event has in our log.
func levelName(l slog.Level) string {
	if l == slog.LevelWarn {
		return "WARNING"
	}
	return l.String()
}

// A line is what is read of a line of the file.
type line struct {
	Seq       uint64          `json:"seq"`
	Timestamp time.Time       `json:"timestamp"`
	Event     Event           `json:"event"`
	Fields    json.RawMessage `json:"fields"`
	Prev      Hash            `json:"prev"`
	Hash      Hash            `json:"hash"`
}

// link returns what the next line has to know of l.
func (l line) link() link { return link{seq: l.Seq, hash: l.Hash} }

// errBroken means that a line is not as it was written.
var errBroken = errors.New("not a line as it was written")

// parseLine reads a line without its newline. The error is errBroken unless its hash is right.
func parseLine(raw []byte) (line, error) {
	body := len(raw) - hashTail
	if body <= 0 || !bytes.HasPrefix(raw[body:], []byte(hashKey)) {
		return line{}, errBroken
	}
	var l line
	if err := json.Unmarshal(raw, &l); err != nil {
		return line{}, errBroken
	}
	if l.Hash != sha256.Sum256(raw[:body]) || l.Seq == 0 {
		return line{}, errBroken
	}
	return l, nil
}

// A tear is what a Torn line says of what stands between it and the last whole line.
type tear struct {
	Bytes int64 `json:"bytes"`
	Hash  Hash  `json:"sha256"`
}

// newTear returns the tear of these bytes, less one newline at their end, which closes them and may have come later.
func newTear(torn []byte) tear {
	torn = bytes.TrimSuffix(torn, []byte("\n"))
	return tear{Bytes: int64(len(torn)), Hash: sha256.Sum256(torn)}
}
