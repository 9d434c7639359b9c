package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"

	"todod/internal/todo"
)

// A refreshToken is what a client keeps to get access tokens. The first half of its secret stays the same as long as the
// session lives and names it; the second is another one when the token is rotated. So a token that was rotated away, however
// long ago, still tells which session has to end.
type refreshToken struct{ ownedSecret }

// kept is how many bytes of the secret stay the same when it is rotated: 128 bits that nobody can guess.
const kept = 16

// newRefreshToken returns the first token of a new session of owner.
func newRefreshToken(owner todo.UserID) refreshToken {
	t := refreshToken{ownedSecret{owner: owner}}
	_, _ = rand.Read(t.secret[:]) // never fails, says its documentation
	return t
}

// nextPurpose keeps what next makes of a secret apart from everything else that is made of it.
const nextPurpose = "todod: the refresh token after this one, v1"

// next returns the token of the same session that comes after t: always the same one, which nobody can tell who doesn't
// have the secret.
func (t refreshToken) next(secret []byte) refreshToken {
	copy(t.secret[kept:], mac(mac(secret, nextPurpose), t.String()))
	return t
}

// mac returns the HMAC-SHA256 of text.
func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// parseRefreshToken reads a token in the one spelling that String gives it.
func parseRefreshToken(s string) (refreshToken, bool) {
	o, ok := parseOwnedSecret(s)
	return refreshToken{o}, ok
}

// sessionID returns the id of the token's session. It goes into access tokens and logs, so it doesn't tell the half of the
// secret that it is made from.
func (t refreshToken) sessionID() string {
	sum := sha256.Sum256(append([]byte("todod session id\x00"), t.secret[:kept]...))
	return base64url.EncodeToString(sum[:16])
}
