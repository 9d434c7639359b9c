package auth

import (
	"crypto/ecdh"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestAKeyIsForTheAlgorithmsOfItsKind(t *testing.T) {
	for name, test := range map[string]struct {
		key  members
		algs []string
	}{
		"Ed25519":              {publicJWK(t, "k", ed25519Key()), []string{"EdDSA"}},
		"P-256":                {publicJWK(t, "k", p256Key()), []string{"ES256"}},
		"P-521":                {publicJWK(t, "k", p521Key()), []string{"ES512"}},
		"RSA":                  {publicJWK(t, "k", rsaKey()), []string{"RS256", "PS256"}},
		"RSA, RS256":           {with(publicJWK(t, "k", rsaKey()), members{"alg": "RS256"}), []string{"RS256"}},
		"RSA, PS256":           {with(publicJWK(t, "k", rsaKey()), members{"alg": "PS256"}), []string{"PS256"}},
		"Ed25519, EdDSA":       {with(publicJWK(t, "k", ed25519Key()), members{"alg": "EdDSA"}), []string{"EdDSA"}},
		"for signatures":       {with(publicJWK(t, "k", p256Key()), members{"use": "sig"}), []string{"ES256"}},
		"for verifying":        {with(publicJWK(t, "k", p256Key()), members{"key_ops": []string{"sign", "verify"}}), []string{"ES256"}},
		"of an unknown member": {with(publicJWK(t, "k", p256Key()), members{"expiresAt": 1}), []string{"ES256"}},
	} {
		t.Run(name, func(t *testing.T) {
			keys, ignored, err := parseKeys([]byte(setOf(test.key)))
			if err != nil || ignored != 0 || !slices.Equal(keys["k"].algs, test.algs) {
				t.Errorf("got %v, %d ignored, %v, want %v", keys, ignored, err, test.algs)
			}
		})
	}
}

func TestUnusableKeysArePassedOver(t *testing.T) {
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := publicJWK(t, "good", ed25519Key())
	ed, ec, rs := publicJWK(t, "k", ed25519Key()), publicJWK(t, "k", p256Key()), publicJWK(t, "k", rsaKey())
	for name, bad := range map[string]any{
		"symmetric":              members{"kty": "oct", "kid": "k", "k": "c2VjcmV0"},
		"symmetric, HS256":       members{"kty": "oct", "kid": "k", "k": "c2VjcmV0", "alg": "HS256"},
		"unknown kty":            members{"kty": "AKP", "kid": "k", "alg": "ML-DSA-44", "pub": "AA"},
		"no kty":                 with(ed, members{"kty": absent}),
		"no kid":                 with(ed, members{"kid": absent}),
		"empty kid":              with(ed, members{"kid": ""}),
		"numeric kid":            with(ed, members{"kid": 1}),
		"for encryption":         with(ed, members{"use": "enc"}),
		"for nothing":            with(ed, members{"use": ""}),
		"for signing only":       with(ed, members{"key_ops": []string{"sign"}}),
		"for no operation":       with(ed, members{"key_ops": []string{}}),
		"alg of another kind":    with(ed, members{"alg": "ES256"}),
		"alg of another curve":   with(ec, members{"alg": "ES512"}),
		"alg of another hash":    with(rs, members{"alg": "RS512"}),
		"alg to encrypt":         with(rs, members{"alg": "RSA-OAEP"}),
		"alg HS256":              with(rs, members{"alg": "HS256"}),
		"alg none":               with(ed, members{"alg": "none"}),
		"X25519":                 jwkOf(t, x25519.PublicKey(), members{"kid": "k"}),
		"P-384":                  publicJWK(t, "k", p384Key()),
		"RSA of 2047 bits":       members{"kty": "RSA", "kid": "k", "e": "AQAB", "n": encode(string(newRSAKey(2047).N.Bytes()))},
		"no x":                   with(ed, members{"x": absent}),
		"x too short":            with(ed, members{"x": "AA"}),
		"x is no base64":         with(ed, members{"x": "%"}),
		"a point off the curve":  with(ec, members{"y": ec["x"]}),
		"curve of another point": with(ec, members{"crv": "P-521"}),
		"null":                   nil,
		"a string":               "key",
		"an array":               []any{ed},
		"nothing":                members{},
	} {
		t.Run(name, func(t *testing.T) {
			keys, ignored, err := parseKeys([]byte(toJSON(members{"keys": []any{bad, good}})))
			if err != nil || ignored != 1 || len(keys) != 1 || keys["good"].algs == nil {
				t.Errorf("got %v, %d ignored, %v, want the good one", slices.Collect(maps.Keys(keys)), ignored, err)
			}
		})
	}
}

func TestShortRSAKeysAreForNothing(t *testing.T) {
	if algs := algorithms(&newRSAKey(2047).PublicKey); algs != nil {
		t.Errorf("2047 bits are for %v", algs)
	}
	if algs := algorithms(&newRSAKey(2048).PublicKey); len(algs) != 2 {
		t.Errorf("2048 bits are for %v", algs)
	}
}

func TestAKidMustSayWhichKeyIsMeant(t *testing.T) {
	for name, set := range map[string]string{
		"two of one kind": setOf(publicJWK(t, "k", ed25519Key()), publicJWK(t, "k", ed25519Other()), publicJWK(t, "good", p256Key())),
		"of two kinds":    setOf(publicJWK(t, "k", ed25519Key()), publicJWK(t, "good", p256Key()), publicJWK(t, "k", p256Key())),
	} {
		keys, ignored, err := parseKeys([]byte(set))
		if err != nil || ignored != 2 || len(keys) != 1 || keys["good"].algs == nil {
			t.Errorf("%s: got %v, %d ignored, %v", name, keys, ignored, err)
		}
	}
	three := publicJWK(t, "k", ed25519Key())
	if keys, ignored, _ := parseKeys([]byte(setOf(three, three, three))); len(keys) != 0 || ignored != 3 {
		t.Errorf("of three, got %v", keys)
	}
	symmetric := members{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}
	if keys, _, _ := parseKeys([]byte(setOf(symmetric, publicJWK(t, "k", ed25519Key())))); len(keys) != 1 {
		t.Errorf("beside an unusable one, got %v", keys)
	}
}

func TestOfAPrivateKeyOnlyThePublicPartIsKept(t *testing.T) {
	for name, key := range map[string]any{"ed": ed25519Key(), "ec": p256Key(), "rsa": rsaKey()} {
		private, _, err := parseKeys([]byte(setOf(jwkOf(t, key, members{"kid": "k"}))))
		if err != nil {
			t.Fatal(err)
		}
		public, _, err := parseKeys([]byte(setOf(publicJWK(t, "k", key))))
		if err != nil {
			t.Fatal(err)
		}
		if toJSON(private["k"].public) != toJSON(public["k"].public) {
			t.Errorf("%s: kept %T %v", name, private["k"].public, private["k"].public)
		}
	}
}

func TestWhatIsNoSetIsAnError(t *testing.T) {
	good := setOf(publicJWK(t, "k", ed25519Key()))
	for name, doc := range map[string]string{
		"empty": "", "no JSON": "<html>", "null": "null", "array": "[]", "no keys": "{}", "keys null": `{"keys":null}`,
		"keys object": `{"keys":{}}`, "keys string": `{"keys":"k"}`, "Keys": strings.Replace(good, "keys", "Keys", 1),
		"one key": toJSON(publicJWK(t, "k", ed25519Key())), "cut short": good[:len(good)-1], "twice": good + good,
		"duplicate keys": `{"keys":[],"keys":[]}`,
	} {
		if keys, _, err := parseKeys([]byte(doc)); err == nil {
			t.Errorf("%s: got %v, want an error", name, keys)
		}
	}
	if keys, ignored, err := parseKeys([]byte(setOf())); len(keys) != 0 || keys == nil || ignored != 0 || err != nil {
		t.Errorf("of an empty set, got %v, %d, %v", keys, ignored, err)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add(setOf())
	f.Add(setOf(publicJWK(f, "a", ed25519Key()), publicJWK(f, "b", p256Key()), publicJWK(f, "c", rsaKey())))
	f.Add(setOf(jwkOf(f, ed25519Key(), members{"kid": "a", "use": "sig", "alg": "EdDSA", "key_ops": []string{"verify"}})))
	f.Fuzz(func(t *testing.T, doc string) {
		keys, ignored, err := parseKeys([]byte(doc))
		if err != nil && (keys != nil || ignored != 0) {
			t.Fatalf("got %v beside %v", keys, err)
		}
		for kid, key := range keys {
			if kid == "" || len(key.algs) == 0 || key.public == nil {
				t.Fatalf("got %q: %+v", kid, key)
			}
		}
	})
}
