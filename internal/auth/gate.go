package auth

import (
	"encoding/base64"
	"strings"
)

// unverified is a token that has passed the gate and nothing more.
type unverified struct {
	alg       string
	kid       string // "" when there is none, or none that is a string
	claims    object
	signed    []byte // what the signature covers: header, dot and payload as they were sent
	signature []byte
}

// parse is the gate. It accepts a JWS in compact serialization (RFC 7515 section 7.1) of at most maxBytes bytes, in the
// one canonical spelling that its three parts have, whose header and payload are each one strict JSON object, and whose
// header asks for nothing that would change how it must be read. Every error is a *Refusal.
//
// jku, jwk, x5u and x5c are not refused but never looked at: a token doesn't say which key to trust.
func parse(token string, maxBytes int) (unverified, error) {
	if len(token) > maxBytes {
		return unverified{}, refuse("the token is too long")
	}
	parts := strings.SplitN(token, ".", 4)
	if len(parts) != 3 {
		return unverified{}, refuse("the token has not three parts")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var ok bool
		if decoded[i], ok = decode(part); !ok {
			return unverified{}, refuse("a part of the token is not canonical base64url")
		}
	}
	header, ok := parseObject(decoded[0])
	if !ok {
		return unverified{}, refuse("the header is not one strict JSON object")
	}
	claims, ok := parseObject(decoded[1])
	if !ok {
		return unverified{}, refuse("the payload is not one strict JSON object")
	}
	if err := checkHeader(header); err != nil {
		return unverified{}, err
	}
	alg, ok := header.text("alg")
	if !ok {
		return unverified{}, refuse("alg is missing or not a string")
	}
	kid, _ := header.text("kid")
	return unverified{
		alg:       alg,
		kid:       kid,
		claims:    claims,
		signed:    []byte(token[:len(token)-len(parts[2])-len(".")]),
		signature: decoded[2],
	}, nil
}

// checkHeader refuses a header that declares an extension, an unencoded payload (RFC 7797), or another kind of token
// than an access token of RFC 7519.
func checkHeader(header object) error {
	if header.has("crit") {
		return refuse("the header has crit")
	}
	if header.has("b64") {
		return refuse("the header has b64")
	}
	if typ, ok := header.text("typ"); header.has("typ") && (!ok || typ != "JWT") {
		return refuse("typ is not JWT")
	}
	return nil
}

// canonical refuses padding, the alphabet of plain base64, and trailing bits that are not zero.
var canonical = base64.RawURLEncoding.Strict()

// decode returns the bytes of one part of a token, or false if it is empty or not their canonical base64url spelling.
func decode(part string) ([]byte, bool) {
	// Even the strict decoder skips line breaks.
	if part == "" || strings.ContainsAny(part, "\r\n") {
		return nil, false
	}
	b, err := canonical.DecodeString(part)
	return b, err == nil
}
