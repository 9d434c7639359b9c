package todo

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// A purpose is what a signed text is for. One that was signed for another purpose is not accepted.
type purpose string

// The purposes there are.
const (
	forCursor purpose = "todod cursor 1"
	forSync   purpose = "todod sync token 1"
)

// signatureSize is how many bytes of HMAC-SHA256 a signed text carries: 128 bits, the least that RFC 2104 advises.
const signatureSize = 16

// A signer signs what clients carry from one request to the next and must not make up. Its keys are derived from the one
// in the database (RFC 5869), so that every process on it accepts what another has signed.
type signer struct{ keys map[purpose][]byte }

// newSigner returns the signer with this secret.
func newSigner(secret []byte) (*signer, error) {
	s := &signer{keys: map[purpose][]byte{}}
	for _, p := range []purpose{forCursor, forSync} {
		key, err := hkdf.Key(sha256.New, secret, nil, string(p), sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive the key of %s: %w", p, err)
		}
		s.keys[p] = key
	}
	return s, nil
}

// sign returns v as a text for this purpose and this owner. bound is what else it is good for only.
func (s *signer) sign(p purpose, owner UserID, bound string, v any) (string, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(s.signature(p, owner, bound, payload), payload...)), nil
}

// open reads into v what sign has made of it for the same purpose, owner and bound, and reports whether it was that.
func (s *signer) open(text string, p purpose, owner UserID, bound string, v any) bool {
	signed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(signed) < signatureSize || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return false
	}
	signature, payload := signed[:signatureSize], signed[signatureSize:]
	return hmac.Equal(signature, s.signature(p, owner, bound, payload)) && json.Unmarshal(payload, v) == nil
}

// signature returns the signature of payload. The lengths in front keep apart what stands side by side.
func (s *signer) signature(p purpose, owner UserID, bound string, payload []byte) []byte {
	mac := hmac.New(sha256.New, s.keys[p])
	_, _ = fmt.Fprintf(mac, "%d.%d.%s%s", len(owner), len(bound), owner, bound) // a hash takes everything
	mac.Write(payload)
	return mac.Sum(nil)[:signatureSize]
}
