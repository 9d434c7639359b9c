package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"todod/internal/todo"
)

// A refreshToken is what a client keeps to get access tokens. It names its owner, so that a store knows whose rows to
// look at before it looks. The first half of the secret stays the same as long as the session lives and names it; the
// second is drawn anew when the token is rotated. So a token that was rotated away, however long ago, still tells which
// session has to end.
type refreshToken struct {
	owner  todo.UserID
	secret [32]byte
}

// kept is how many bytes of the secret stay the same when it is rotated: 128 bits that nobody can guess.
const kept = 16

// maxRefreshToken is the length of the longest refresh token, in bytes: that of an owner of 255 bytes.
const maxRefreshToken = 340 + 1 + 43

// base64url is how the parts of a refresh token are written.
var base64url = base64.RawURLEncoding

// newRefreshToken returns the first token of a new session of owner.
func newRefreshToken(owner todo.UserID) refreshToken {
	t := refreshToken{owner: owner}
	_, _ = rand.Read(t.secret[:]) // never fails, says its documentation
	return t
}

// next returns another token of the same session.
func (t refreshToken) next() refreshToken {
	_, _ = rand.Read(t.secret[kept:])
	return t
}

// parseRefreshToken reads a token in the one spelling that String gives it.
func parseRefreshToken(s string) (t refreshToken, ok bool) {
	if len(s) > maxRefreshToken {
		return refreshToken{}, false
	}
	owner, secret, _ := strings.Cut(s, ".")
	ownerBytes, ownerErr := base64url.DecodeString(owner)
	secretBytes, secretErr := base64url.DecodeString(secret)
	if ownerErr != nil || secretErr != nil || len(secretBytes) != len(t.secret) || !todo.ValidID(string(ownerBytes)) {
		return refreshToken{}, false
	}
	t = refreshToken{todo.UserID(ownerBytes), [32]byte(secretBytes)}
	// The decoder passes over line breaks and stray bits at the end.
	return t, t.String() == s
}

// String returns the token as clients get it: <base64url of the owner>.<base64url of the secret>, which has 43 characters.
func (t refreshToken) String() string {
	return base64url.EncodeToString([]byte(t.owner)) + "." + base64url.EncodeToString(t.secret[:])
}

// hash returns what is stored of the token.
func (t refreshToken) hash() []byte {
	sum := sha256.Sum256([]byte(t.String()))
	return sum[:]
}

// sessionID returns the id of the token's session. It goes into access tokens and logs, so it doesn't tell the half of the
// secret that it is made from.
func (t refreshToken) sessionID() string {
	sum := sha256.Sum256(append([]byte("todod session id\x00"), t.secret[:kept]...))
	return base64url.EncodeToString(sum[:16])
}
