package account

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"todod/internal/todo"
)

// An ownedSecret is what a client holds of something that is known here by hash: a refresh token or a ticket. It names its
// owner, so that a store knows whose rows to look at before it looks.
type ownedSecret struct {
	owner  todo.UserID
	secret [32]byte
}

// maxOwnedSecret is the length of the longest one, in bytes: that of an owner of todo.MaxID bytes.
const maxOwnedSecret = 340 + 1 + 43

// base64url is how the parts of an ownedSecret are written.
var base64url = base64.RawURLEncoding

// parseOwnedSecret reads one in the spelling that String gives it, and in no other.
func parseOwnedSecret(s string) (o ownedSecret, ok bool) {
	if len(s) > maxOwnedSecret {
		return ownedSecret{}, false
	}
	owner, secret, _ := strings.Cut(s, ".")
	ownerBytes, ownerErr := base64url.DecodeString(owner)
	secretBytes, secretErr := base64url.DecodeString(secret)
	if ownerErr != nil || secretErr != nil || len(secretBytes) != len(o.secret) || !todo.ValidID(string(ownerBytes)) {
		return ownedSecret{}, false
	}
	o = ownedSecret{todo.UserID(ownerBytes), [32]byte(secretBytes)}
	// The decoder passes over line breaks and stray bits at the end.
	return o, o.String() == s
}

// String returns it as clients get it: <base64url of the owner>.<base64url of the secret>, which has 43 characters.
func (o ownedSecret) String() string {
	return base64url.EncodeToString([]byte(o.owner)) + "." + base64url.EncodeToString(o.secret[:])
}

// hash returns what is stored of it.
func (o ownedSecret) hash() []byte {
	sum := sha256.Sum256([]byte(o.String()))
	return sum[:]
}
