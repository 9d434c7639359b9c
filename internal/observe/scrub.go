package observe

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
)

// foreign are the attributes with words of others in them, such as a driver's, or what a panic was about. They may quote
// what they failed on.
var foreign = map[string]bool{"error": true, "reason": true}

// ScrubAttr returns a as it goes into our log: with its text scrubbed, if it is one of those that may quote others. Who
// is called by an e-mail address, as some services that make tokens have it, goes by its digest: the same one each
// time, so that lines can still be put together. Whatever has an @ in it counts as one.
func ScrubAttr(a slog.Attr) slog.Attr {
	if a.Key == "user_id" {
		if id := a.Value.String(); hasAt(id) {
			sum := sha256.Sum256([]byte(id))
			a.Value = slog.StringValue("e-mail:" + hex.EncodeToString(sum[:16]))
		}
		return a
	}
	if !foreign[a.Key] {
		return a
	}
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(Scrub(v))
	case error:
		a.Value = slog.StringValue(Scrub(v.Error()))
	}
	return a
}

// confidential is what is scrubbed, by its form, and what is put in its place. It is looked for where there is an @ only, if
// it has one.
var confidential = []struct {
	form        *regexp.Regexp
	replacement string
	at          bool
}{
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*`), "[token]", false}, // a JWT, or its beginning
	{regexp.MustCompile(`[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}\b`), "[token]", false},       // a refresh token or a ticket
	{regexp.MustCompile(`://[^/\s@"]*@`), "://[redacted]@", true},                       // who logs in to what a URL names
	{regexp.MustCompile(`[\pL\pM\pN._%+-]+(?:@|%40)[\pL\pM\pN-]+(?:\.[\pL\pM\pN-]+)*\.[\pL\pM]{2,}`), "[e-mail]", true},
	{regexp.MustCompile(`\?[^\s"?=]+=[^\s"]*`), "?[query]", false},
}

// hasAt reports whether s has an @ in it, plain or as URLs have it.
func hasAt(s string) bool { return strings.Contains(s, "@") || strings.Contains(s, "%40") }

// Scrub returns s without tokens, e-mail addresses, credentials in URLs, and queries.
func Scrub(s string) string {
	if !strings.ContainsAny(s, ".@%?") && !strings.Contains(s, "eyJ") {
		return s
	}
	at := hasAt(s)
	for _, c := range confidential {
		if c.at && !at {
			continue
		}
		s = c.form.ReplaceAllString(s, c.replacement)
	}
	return s
}

// addresses finds what may be the address of a client: in a text IPv6 addresses with a port stand in brackets.
var addresses = regexp.MustCompile(`(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-fA-F:.]+(?:%[^\]\s]+)?\]`)

// Anonymise returns text with each address in it cut down as AnonymiseAddr does it.
func Anonymise(text string) string {
	if !strings.ContainsAny(text, ".[") {
		return text
	}
	return addresses.ReplaceAllStringFunc(text, func(found string) string {
		addr, err := netip.ParseAddr(strings.Trim(found, "[]"))
		switch network := AnonymiseAddr(addr); {
		case err != nil:
			return found
		case found[0] == '[':
			return "[" + network + "]"
		default:
			return network
		}
	})
}
