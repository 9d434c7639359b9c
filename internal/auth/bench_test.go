package auth

import (
	"testing"
	"time"
)

// benchmarkVerify measures a verification in full: the key is known, the token is not.
func benchmarkVerify(b *testing.B, token string, cfg Config) {
	v := newVerifier(b, cfg)
	wantAccepted(b, v, token)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFirstVerify(b *testing.B) {
	b.Run("HS256", func(b *testing.B) { benchmarkVerify(b, shared(b, claimsOf(nil)), Config{}) })
	for alg, key := range map[string]any{"EdDSA": ed25519Key(), "ES256": p256Key(), "RS256": rsaKey(), "PS256": rsaKey()} {
		b.Run(alg, func(b *testing.B) {
			server := newKeyServer(b, setOf(publicJWK(b, "k", key)))
			benchmarkVerify(b, asymmetric(b, alg, "k", key), Config{JWKSURL: server.URL})
		})
	}
}

func BenchmarkRemembered(b *testing.B) {
	v, err := New(Config{Secrets: [][]byte{secret}})
	if err != nil {
		b.Fatal(err)
	}
	token, err := Mint(secret, Claims{
		Subject: "KtuE43PEa1b2c3d4e5f6g7h8i9j0k1l2", Email: "ada@example.com", Name: "Ada Lovelace", SessionID: "KtuE43PEa1b2c3d4",
		Issuer: origin, Audience: origin, IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		b.Fatal(err)
	}
	wantAccepted(b, v, token)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := v.Remembered(token); !ok {
			wantAccepted(b, v, token)
		}
	}
}

func BenchmarkMint(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Mint(secret, Claims{Subject: "ada", Name: "Ada", IssuedAt: noon, ExpiresAt: noon.Add(time.Hour)}); err != nil {
			b.Fatal(err)
		}
	}
}
