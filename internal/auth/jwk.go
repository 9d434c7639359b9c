package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jwk"
)

// minRSABits is what RFC 7518 sections 3.3 and 3.5 demand.
const minRSABits = 2048

// publicKey verifies signatures of algs, and of nothing else.
type publicKey struct {
	algs   []string
	public any // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// parseKeys returns the usable keys of a JWK set (RFC 7517 section 5) by kid, and how many entries it passed over: what
// is broken, symmetric, without kid, or not for verifying, doesn't spoil its neighbours. Two usable entries with one kid
// are both passed over, because a kid must say which key is meant. A set without usable keys is no error, a document
// that is no set is one.
func parseKeys(doc []byte) (keys map[string]publicKey, ignored int, err error) {
	// Of what is no object, the nil map has no keys either.
	set, _ := parseObject(doc)
	entries, ok := set.array("keys")
	if !ok {
		return nil, 0, errors.New("not a JWK set")
	}
	keys = make(map[string]publicKey, len(entries))
	seen := make(map[string]bool, len(entries))
	for _, entry := range entries {
		kid, key, ok := parseKey(entry)
		if !ok {
			continue
		}
		if seen[kid] {
			delete(keys, kid)
			continue
		}
		seen[kid] = true
		keys[kid] = key
	}
	return keys, len(entries) - len(keys), nil
}

// parseKey returns one JWK's public part and its kid, or false if it can't verify signatures here. Errors are not told
// apart: they might quote a private key that someone published by mistake.
func parseKey(entry []byte) (kid string, key publicKey, ok bool) {
	parsed, err := jwk.ParseKey(entry)
	if err != nil {
		return "", publicKey{}, false
	}
	kid, _ = parsed.KeyID()
	if kid == "" || !verifies(parsed) {
		return "", publicKey{}, false
	}
	public, err := jwk.PublicRawKeyOf(parsed)
	if err != nil {
		return "", publicKey{}, false
	}
	algs := algorithms(public)
	if alg, declared := parsed.Algorithm(); declared {
		if !slices.Contains(algs, alg.String()) {
			return "", publicKey{}, false
		}
		algs = []string{alg.String()}
	}
	return kid, publicKey{algs: algs, public: public}, len(algs) > 0
}

// verifies reports whether use and key_ops (RFC 7517 sections 4.2 and 4.3), where present, allow verifying signatures.
func verifies(key jwk.Key) bool {
	if use, declared := key.KeyUsage(); declared && use != string(jwk.ForSignature) {
		return false
	}
	ops, declared := key.KeyOps()
	return !declared || slices.Contains(ops, jwk.KeyOpVerify)
}

// algorithms returns the algorithms that a public key is for, judged by its type, curve and size. Symmetric keys, other
// curves and short RSA keys are for none.
func algorithms(public any) []string {
	switch key := public.(type) {
	case ed25519.PublicKey:
		return []string{"EdDSA"}
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P521():
			return []string{"ES512"}
		}
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSABits {
			return []string{"RS256", "PS256"}
		}
	}
	return nil
}
