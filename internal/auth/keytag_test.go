package auth

import (
	"testing"

	"pgregory.net/rapid"
)

// wantKeyTag returns a new tag for token.
func wantKeyTag(t testing.TB, v *Verifier, token string) KeyTag {
	t.Helper()
	tag, err := v.TagFor(token)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func TestAKeyTagIsGoodAsLongAsItsSecretIsInUse(t *testing.T) {
	t.Parallel()
	another := []byte("another secret")
	v, elsewhere := newVerifier(t, Config{Secrets: [][]byte{another, secret}}), newVerifier(t, Config{Secrets: [][]byte{secret}})
	token := shared(t, claimsOf(nil))
	tag := wantKeyTag(t, v, token)
	if tag == wantKeyTag(t, v, token) {
		t.Error("two are the same")
	}
	if !v.KeyInUse(tag) || !elsewhere.KeyInUse(tag) {
		t.Error("not good where the secret is in use")
	}
	v.SetSecrets([][]byte{another})
	if v.KeyInUse(tag) {
		t.Error("good without the secret")
	}
	_, err := v.TagFor(token)
	wantRefusal(t, err, "fits no secret")
	v.SetSecrets(nil)
	if v.KeyInUse(tag) {
		t.Error("good without any secret")
	}
}

// TestAKeyTagOfAnAsymmetricTokenHasNoSecret: so that no change of them matters to it.
func TestAKeyTagOfAnAsymmetricTokenHasNoSecret(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, Config{})
	tag := wantKeyTag(t, v, asymmetric(t, "EdDSA", "k", ed25519Key()))
	for _, secrets := range [][][]byte{{secret}, {[]byte("another secret")}, nil} {
		v.SetSecrets(secrets)
		if !v.KeyInUse(tag) {
			t.Errorf("not good under %q", secrets)
		}
	}
}

// TestATouchedKeyTagIsNotGood: nor is one of a secret that never was in use.
func TestATouchedKeyTagIsNotGood(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, Config{})
	token := shared(t, claimsOf(nil))
	rapid.Check(t, func(rt *rapid.T) {
		tag := wantKeyTag(t, v, token)
		tag[rapid.IntRange(0, len(tag)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		if v.KeyInUse(tag) {
			rt.Fatalf("%x is in use", tag)
		}
	})
}
