package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// voucherPurpose keeps marks apart from all else that is signed with the same secrets: no token and no cookie begins so.
const voucherPurpose = "todod voucher 1\x00"

// nonceSize is how many bytes of a Voucher are random. The others are its mark.
const nonceSize = 16

// A Voucher is 16 random bytes and the mark that the secret of a token makes of them, which is all zeros for tokens that
// are signed with a key of the key server. Every process with that secret knows it again. It says no more of the secret than
// a token does. What was vouched for is not in it, and anyone can write one with zeros: who takes one back must have seen it
// go out.
type Voucher [nonceSize + 16]byte

// Vouch returns a new Voucher for a token that was found good. The error is a *Refusal if no secret in use fits it any more.
func (v *Verifier) Vouch(token string) (Voucher, error) {
	jwt, err := parse(token, v.maxBytes)
	if err != nil {
		return Voucher{}, err
	}
	if _, allowed := v.algs[jwt.alg]; !allowed {
		return Voucher{}, refuse("alg is not allowed")
	}
	var voucher Voucher
	_, _ = rand.Read(voucher[:nonceSize]) // never fails, says its documentation
	if jwt.alg != hs256 {
		return voucher, nil
	}
	secret, err := v.secretOf(jwt, v.Secrets())
	if err != nil {
		return Voucher{}, err
	}
	copy(voucher[nonceSize:], voucher.mark(secret))
	return voucher, nil
}

// Honours reports whether the secret behind voucher is in use, or there was none to begin with.
func (v *Verifier) Honours(voucher Voucher) bool {
	mark := voucher[nonceSize:]
	good := hmac.Equal(mark, make([]byte, len(mark)))
	for _, secret := range v.Secrets() {
		good = hmac.Equal(mark, voucher.mark(secret)) || good
	}
	return good
}

// mark returns what secret makes of the random bytes: HMAC-SHA256, cut to 128 bits (RFC 2104, section 5).
func (w Voucher) mark(secret []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(voucherPurpose))
	mac.Write(w[:nonceSize])
	return mac.Sum(nil)[:len(w)-nonceSize]
}
