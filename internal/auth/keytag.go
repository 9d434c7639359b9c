package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// keyTagPurpose keeps marks apart from all else that is signed with the same secrets: no token and no cookie begins so.
const keyTagPurpose = "todod voucher 1\x00"

// nonceSize is how many bytes of a KeyTag are random. The others are its mark.
const nonceSize = 16

// A KeyTag is 16 random bytes and the mark that the secret of a token makes of them, which is all zeros for tokens that
// are signed with a key of the key server. Every process with that secret knows it again. It says no more of the secret
// than a token does. What it was made for is not in it, and anyone can write one with zeros: who takes one back must
// have seen it go out.
type KeyTag [nonceSize + 16]byte

// TagFor returns a new KeyTag for a token that was found good. The error is a *Refusal if no secret in use fits it any
// more.
func (v *Verifier) TagFor(token string) (KeyTag, error) {
	jwt, err := parse(token, v.maxBytes)
	if err != nil {
		return KeyTag{}, err
	}
	if _, allowed := v.algs[jwt.alg]; !allowed {
		return KeyTag{}, refuse("alg is not allowed")
	}
	var tag KeyTag
	_, _ = rand.Read(tag[:nonceSize]) // never fails, says its documentation
	if jwt.alg != hs256 {
		return tag, nil
	}
	secret, err := v.secretOf(jwt, v.Secrets())
	if err != nil {
		return KeyTag{}, err
	}
	copy(tag[nonceSize:], tag.mark(secret))
	return tag, nil
}

// KeyInUse reports whether the secret behind tag is in use, or there was none to begin with.
func (v *Verifier) KeyInUse(tag KeyTag) bool {
	mark := tag[nonceSize:]
	good := hmac.Equal(mark, make([]byte, len(mark)))
	for _, secret := range v.Secrets() {
		good = hmac.Equal(mark, tag.mark(secret)) || good
	}
	return good
}

// mark returns what secret makes of the random bytes: HMAC-SHA256, cut to 128 bits (RFC 2104, section 5).
func (t KeyTag) mark(secret []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(keyTagPurpose))
	mac.Write(t[:nonceSize])
	return mac.Sum(nil)[:len(t)-nonceSize]
}
