package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
)

// Claims are what todod puts into a token it mints. Times are cut to whole seconds.
type Claims struct {
	Subject, Email, Name, SessionID, Issuer, Audience string
	IssuedAt, ExpiresAt                               time.Time
}

// mintedHeader is {"alg":"HS256","typ":"JWT"}, encoded.
const mintedHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

// payload is the JSON of a minted token.
type payload struct {
	Subject   string `json:"sub"`
	Email     string `json:"email,omitzero"`
	Name      string `json:"name,omitzero"`
	SessionID string `json:"sid,omitzero"`
	Issuer    string `json:"iss,omitzero"`
	Audience  string `json:"aud,omitzero"`
	IssuedAt  int64  `json:"iat,omitzero"`
	ExpiresAt int64  `json:"exp"`
}

// Mint signs an HS256 access token with secret. Its payload segment has neither '-' nor '_', so that a browser's atob
// reads it. Optional claims that are empty are left out, and so are e-mail, name and session id where Verify would
// ignore them. It is an error if Verify would refuse the token whatever its rules: for an empty secret, a bad subject,
// an issuer or audience that is not UTF-8, times that are no dates, or more than 8192 bytes.
func Mint(secret []byte, c Claims) (string, error) {
	if isEmpty(secret) {
		return "", errors.New("mint token: the secret is empty")
	}
	if !validSubject(c.Subject) {
		return "", errors.New("mint token: the subject is not text of 1 to 255 bytes without NUL")
	}
	p := payload{
		Subject:   c.Subject,
		Email:     storable(c.Email),
		Name:      storable(c.Name),
		SessionID: storable(c.SessionID),
		Issuer:    c.Issuer,
		Audience:  c.Audience,
		ExpiresAt: c.ExpiresAt.Unix(),
	}
	if !c.IssuedAt.IsZero() {
		p.IssuedAt = c.IssuedAt.Unix()
	}
	for _, seconds := range []int64{p.IssuedAt, p.ExpiresAt} {
		if _, ok := unixTime(float64(seconds)); !ok {
			return "", errors.New("mint token: a time is not between 1970 and 9999")
		}
	}
	doc, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	signed := mintedHeader + "." + canonical.EncodeToString(escape(doc))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	token := signed + "." + canonical.EncodeToString(mac.Sum(nil))
	if len(token) > defaultMaxTokenBytes {
		return "", fmt.Errorf("mint token: the token would be longer than %d bytes", defaultMaxTokenBytes)
	}
	return token, nil
}

// escape returns the same JSON with '>', '?', '~', DEL and everything beyond ASCII written as \uXXXX. Those are the
// characters whose bytes, wherever they fall, can give a sextet of 62 or 63, which base64url writes as '-' and '_' and
// atob doesn't read. None of them occurs in JSON but inside a string.
func escape(doc []byte) []byte {
	ascii := make([]byte, 0, len(doc))
	for _, r := range string(doc) {
		if r < 0x7f && r != '>' && r != '?' && r != '~' {
			ascii = append(ascii, byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			ascii = fmt.Appendf(ascii, `\u%04x`, unit)
		}
	}
	return ascii
}
