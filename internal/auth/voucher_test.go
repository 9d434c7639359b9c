package auth

import (
	"testing"

	"pgregory.net/rapid"
)

// wantVoucher returns a new voucher for token.
func wantVoucher(t testing.TB, v *Verifier, token string) Voucher {
	t.Helper()
	voucher, err := v.Vouch(token)
	if err != nil {
		t.Fatal(err)
	}
	return voucher
}

func TestAVoucherIsGoodAsLongAsItsSecretIsInUse(t *testing.T) {
	t.Parallel()
	another := []byte("another secret")
	v, elsewhere := newVerifier(t, Config{Secrets: [][]byte{another, secret}}), newVerifier(t, Config{Secrets: [][]byte{secret}})
	token := shared(t, claimsOf(nil))
	voucher := wantVoucher(t, v, token)
	if voucher == wantVoucher(t, v, token) {
		t.Error("two are the same")
	}
	if !v.Honours(voucher) || !elsewhere.Honours(voucher) {
		t.Error("not good where the secret is in use")
	}
	v.SetSecrets([][]byte{another})
	if v.Honours(voucher) {
		t.Error("good without the secret")
	}
	_, err := v.Vouch(token)
	wantRefusal(t, err, "fits no secret")
	v.SetSecrets(nil)
	if v.Honours(voucher) {
		t.Error("good without any secret")
	}
}

// TestAVoucherOfAnAsymmetricTokenHasNoSecret: so that no change of them matters to it.
func TestAVoucherOfAnAsymmetricTokenHasNoSecret(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, Config{})
	voucher := wantVoucher(t, v, asymmetric(t, "EdDSA", "k", ed25519Key()))
	for _, secrets := range [][][]byte{{secret}, {[]byte("another secret")}, nil} {
		v.SetSecrets(secrets)
		if !v.Honours(voucher) {
			t.Errorf("not good under %q", secrets)
		}
	}
}

// TestATouchedVoucherIsNotHonoured: nor is one of a secret that never was in use.
func TestATouchedVoucherIsNotHonoured(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, Config{})
	token := shared(t, claimsOf(nil))
	rapid.Check(t, func(rt *rapid.T) {
		voucher := wantVoucher(t, v, token)
		voucher[rapid.IntRange(0, len(voucher)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		if v.Honours(voucher) {
			rt.Fatalf("%x is honoured", voucher)
		}
	})
}
