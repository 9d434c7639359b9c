package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNewRefusesWhatCannotBeMeant(t *testing.T) {
	for name, cfg := range map[string]Config{
		"alg none":               {AllowedAlgs: []string{"HS256", "none"}},
		"alg HS384":              {AllowedAlgs: []string{"HS384"}},
		"alg HS512":              {AllowedAlgs: []string{"HS512"}},
		"alg ES384":              {AllowedAlgs: []string{"ES384"}},
		"alg in small letters":   {AllowedAlgs: []string{"hs256"}},
		"empty alg":              {AllowedAlgs: []string{""}},
		"negative size":          {MaxTokenBytes: -1},
		"negative leeway":        {Leeway: -1},
		"empty secret":           {Secrets: [][]byte{secret, {}}},
		"nothing to require":     {RequireIssAud: true},
		"no issuer to require":   {RequireIssAud: true, Audience: origin},
		"no audience to require": {RequireIssAud: true, Issuer: origin},
		"JWKS in a file":         {JWKSURL: "file:///etc/jwks.json"},
		"JWKS without host":      {JWKSURL: "https:///jwks"},
		"JWKS without scheme":    {JWKSURL: "app.example.com/jwks"},
		"JWKS at no URL":         {JWKSURL: "http://\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			if v, err := New(cfg); v != nil || err == nil || !strings.HasPrefix(err.Error(), "auth: ") {
				t.Errorf("got %v, %v", v, err)
			}
		})
	}
}

func TestNewNeedsNothing(t *testing.T) {
	v, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	payload := toJSON(members{"sub": "ada", "exp": time.Now().Add(time.Hour).Unix()})
	wantRefused(t, v, shared(t, payload), "fits no secret")
	v.SetSecrets([][]byte{secret})
	wantAccepted(t, v, shared(t, payload))
}

func TestEveryConfiguredSecretVerifies(t *testing.T) {
	newer, older, other := []byte("newer secret"), []byte("older secret"), []byte("other secret")
	v := newVerifier(t, Config{Secrets: [][]byte{newer, older}})
	for _, key := range [][]byte{newer, older} {
		wantAccepted(t, v, sign(t, "HS256", key, `{"alg":"HS256"}`, claimsOf(nil)))
	}
	wantRefused(t, v, sign(t, "HS256", other, `{"alg":"HS256"}`, claimsOf(nil)), "fits no secret")
}

func TestTheSignatureCoversHeaderAndPayload(t *testing.T) {
	v := newVerifier(t, Config{})
	parts := strings.Split(shared(t, claimsOf(nil)), ".")
	wantRefused(t, v, encode(`{"alg":"HS256"}`)+"."+parts[1]+"."+parts[2], "fits no secret")
	wantRefused(t, v, parts[0]+"."+encode(claimsOf(members{"sub": "eve"}))+"."+parts[2], "fits no secret")
	wantRefused(t, v, parts[0]+"."+parts[1]+"."+encode(strings.Repeat("\x00", 32)), "fits no secret")
	wantRefused(t, v, parts[0]+"."+parts[1]+"."+parts[2][:40], "fits no secret")
}

func TestEveryAlgorithmVerifiesWithItsKey(t *testing.T) {
	keys := map[string]any{
		"EdDSA": ed25519Key(), "ES256": p256Key(), "RS256": rsaKey(), "PS256": rsaKey(), "ES512": p521Key(),
	}
	for alg, key := range keys {
		t.Run(alg, func(t *testing.T) {
			bare, named := publicJWK(t, "bare", key), with(publicJWK(t, "named", key), members{"alg": alg, "use": "sig"})
			server := newKeyServer(t, setOf(bare, named))
			v := newVerifier(t, Config{JWKSURL: server.URL, AllowedAlgs: slices.Concat(defaultAlgs, optionalAlgs)})

			for _, kid := range []string{"bare", "named"} {
				if p := wantAccepted(t, v, asymmetric(t, alg, kid, key)); p.Subject != "ada" {
					t.Errorf("got %+v", p)
				}
			}
			token := asymmetric(t, alg, "bare", key)
			end := strings.LastIndex(token, ".") + 1
			forged := token[:end] + string('A'+(token[end]+1)%26) + token[end+1:]
			wantRefused(t, v, forged, "does not fit the key")
			wantRefused(t, v, token[:end]+"AAAA", "does not fit the key")
			server.wantHits(t, 1)
		})
	}
}

func TestOnlyAllowedAlgorithmsVerify(t *testing.T) {
	server := newKeyServer(t, setOf(publicJWK(t, "ed", ed25519Key()), publicJWK(t, "p521", p521Key())))
	byDefault := newVerifier(t, Config{JWKSURL: server.URL})
	wantRefused(t, byDefault, asymmetric(t, "ES512", "p521", p521Key()), "alg is not allowed")
	server.wantHits(t, 0)

	only := newVerifier(t, Config{JWKSURL: server.URL, AllowedAlgs: []string{"EdDSA"}})
	wantAccepted(t, only, asymmetric(t, "EdDSA", "ed", ed25519Key()))
	wantRefused(t, only, shared(t, claimsOf(nil)), "alg is not allowed")
}

func TestAlgKidAndKeyMustAgree(t *testing.T) {
	server := newKeyServer(t, setOf(
		publicJWK(t, "ed", ed25519Key()),
		publicJWK(t, "ec", p256Key()),
		with(publicJWK(t, "rs", rsaKey()), members{"alg": "RS256"}),
		with(publicJWK(t, "ps", rsaKey()), members{"alg": "PS256"}),
	))
	v := newVerifier(t, Config{JWKSURL: server.URL})
	wantAccepted(t, v, asymmetric(t, "RS256", "rs", rsaKey()))
	wantAccepted(t, v, asymmetric(t, "PS256", "ps", rsaKey()))
	wantRefused(t, v, asymmetric(t, "PS256", "rs", rsaKey()), "alg is not the key's")
	wantRefused(t, v, asymmetric(t, "RS256", "ps", rsaKey()), "alg is not the key's")
	wantRefused(t, v, asymmetric(t, "EdDSA", "ec", ed25519Key()), "alg is not the key's")
	wantRefused(t, v, asymmetric(t, "ES256", "ed", p256Key()), "alg is not the key's")
	wantRefused(t, v, asymmetric(t, "EdDSA", "ed", ed25519Other()), "does not fit the key")

	for header, reason := range map[string]string{
		`{"alg":"EdDSA"}`:              "kid is missing",
		`{"alg":"EdDSA","kid":""}`:     "kid is missing",
		`{"alg":"EdDSA","kid":null}`:   "kid is missing",
		`{"alg":"EdDSA","kid":["ed"]}`: "kid is missing",
		`{"alg":"EdDSA","KID":"ed"}`:   "kid is missing",
		`{"alg":"EdDSA","kid":"ED"}`:   "no usable key",
		`{"alg":"EdDSA","kid":"ed "}`:  "no usable key",
	} {
		wantRefused(t, v, sign(t, "EdDSA", ed25519Key(), header, claimsOf(nil)), reason)
	}
}

func TestAPublicKeyIsNoSecret(t *testing.T) {
	public := &rsaKey().PublicKey
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	set := setOf(publicJWK(t, "k", rsaKey()))
	server := newKeyServer(t, set)
	v := newVerifier(t, Config{JWKSURL: server.URL})
	wantAccepted(t, v, asymmetric(t, "RS256", "k", rsaKey()))
	for name, bytes := range map[string][]byte{
		"PEM":     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"DER":     der,
		"PKCS #1": x509.MarshalPKCS1PublicKey(public),
		"modulus": public.N.Bytes(),
		"JWK":     []byte(toJSON(publicJWK(t, "k", rsaKey()))),
		"JWKS":    []byte(set),
		"kid":     []byte("k"),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, v, sign(t, "HS256", bytes, `{"alg":"HS256","kid":"k"}`, claimsOf(nil)), "fits no secret")
		})
	}
}

func TestATokenDoesNotSayWhichKeyToTrust(t *testing.T) {
	mallory := newKeyServer(t, setOf(publicJWK(t, "k", ed25519Other())))
	server := newKeyServer(t, setOf(publicJWK(t, "k", ed25519Key())))
	v := newVerifier(t, Config{JWKSURL: server.URL})
	for _, header := range []members{
		{"jku": mallory.URL}, {"x5u": mallory.URL}, {"jwk": publicJWK(t, "k", ed25519Other())}, {"x5c": []string{"AA=="}},
	} {
		header = with(header, members{"alg": "EdDSA", "kid": "k"})
		wantRefused(t, v, sign(t, "EdDSA", ed25519Other(), toJSON(header), claimsOf(nil)), "does not fit the key")
		wantAccepted(t, v, sign(t, "EdDSA", ed25519Key(), toJSON(header), claimsOf(nil)))
	}
	mallory.wantHits(t, 0)
}

func TestWithoutAKeyServerAsymmetricTokensAreRefused(t *testing.T) {
	wantRefused(t, newVerifier(t, Config{}), asymmetric(t, "EdDSA", "k", ed25519Key()), "none is configured")
}

func TestALongLeewayReadsExpiredTokens(t *testing.T) {
	v := newVerifier(t, Config{Leeway: math.MaxInt64})
	wantAccepted(t, v, shared(t, claimsOf(members{"exp": 1_500_000_000})))
	wantAccepted(t, v, shared(t, claimsOf(members{"exp": 253402300799})))
}

// TestNothingOfATokenIsTold presents tokens whose every value is recognisable, each refused at another door.
func TestNothingOfATokenIsTold(t *testing.T) {
	server := newKeyServer(t, setOf(publicJWK(t, "known", ed25519Key())))
	var log bytes.Buffer
	v := newVerifier(t, Config{JWKSURL: server.URL, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	down := newVerifier(t, Config{JWKSURL: "http://127.0.0.1:1/jwks", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	told := func(name string) members { return members{"sub": "canary", "email": "canary", name: "canary"} }
	tokens := []string{
		"canary", "canary.canary.canary", strings.Repeat("canary", 2000),
		resigned(t, `{"alg":"canary"}`), resigned(t, `{"alg":"HS256","typ":"canary"}`), resigned(t, `{"alg":"HS256","canary":1,"canary":2}`),
		resigned(t, `{"alg":"HS256","crit":["canary"]}`), resigned(t, `{"alg":"HS256",canary}`),
		sign(t, "HS256", []byte("canary"), `{"alg":"HS256"}`, claimsOf(told("name"))),
		asymmetric(t, "EdDSA", "canary", ed25519Key()), asymmetric(t, "EdDSA", "known", ed25519Other()),
		shared(t, `{"canary":1,"canary":2}`), shared(t, claimsOf(told("exp"))), shared(t, claimsOf(told("nbf"))),
		shared(t, claimsOf(told("iat"))), shared(t, claimsOf(told("iss"))), shared(t, claimsOf(told("aud"))),
		shared(t, claimsOf(told("type"))), shared(t, claimsOf(told("updateTo"))), shared(t, claimsOf(members{"sub": "canary\x00"})),
	}
	for _, token := range tokens {
		for _, v := range []*Verifier{v, down} {
			_, err := v.Verify(t.Context(), token)
			if err == nil {
				t.Fatalf("accepted %q", token)
			}
			if strings.Contains(err.Error(), "canary") || len(token) > 20 && strings.Contains(err.Error(), token[:20]) {
				t.Errorf("told: %v", err)
			}
			if !errors.Is(err, ErrUnavailable) && !strings.HasPrefix(err.Error(), "token refused: ") {
				t.Errorf("reads %q", err)
			}
		}
	}
	_, _, err := Bearer(http.Header{"Authorization": {"canary canary"}})
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("told: %v", err)
	}
	if log.Len() == 0 || strings.Contains(log.String(), "canary") {
		t.Errorf("logged: %s", log.String())
	}
}

// TestALapsedTokenIsGoodForOneThing: whatever is wrong with a token besides its exp is wrong for VerifyLapsed too, and
// nothing that it lets pass is remembered as good.
func TestALapsedTokenIsGoodForOneThing(t *testing.T) {
	v := newVerifier(t, Config{})
	lapsed := shared(t, claimsOf(members{"exp": noon.AddDate(-3, 0, 0).Unix(), "iat": noon.AddDate(-3, 0, -1).Unix(), "sid": "s-1"}))
	p, err := v.VerifyLapsed(t.Context(), lapsed)
	if err != nil || p.Subject != "ada" || p.SessionID != "s-1" {
		t.Errorf("got %+v, %v", p, err)
	}
	if _, ok := v.Remembered(lapsed); ok || v.Knows(lapsed) {
		t.Error("the token is remembered")
	}
	wantRefused(t, v, lapsed, "expired")

	for name, token := range map[string]string{
		"another key":     sign(t, "HS256", []byte(strings.Repeat("x", 32)), `{"alg":"HS256"}`, claimsOf(nil)),
		"no exp":          shared(t, claimsOf(members{"exp": absent})),
		"no sub":          shared(t, claimsOf(members{"sub": absent})),
		"a refresh token": shared(t, claimsOf(members{"type": "refresh"})),
		"an e-mail link":  shared(t, claimsOf(members{"updateTo": "eve@example.com"})),
		"another issuer":  shared(t, claimsOf(members{"iss": "https://evil.example.com"})),
		"nbf ahead":       shared(t, claimsOf(members{"nbf": noon.Add(time.Hour).Unix()})),
		"iat ahead":       shared(t, claimsOf(members{"iat": noon.Add(time.Hour).Unix()})),
		"alg none":        encode(`{"alg":"none"}`) + "." + encode(claimsOf(nil)) + "." + encode("x"),
		"nonsense":        "nonsense",
	} {
		var refused *Refusal
		if p, err := v.VerifyLapsed(t.Context(), token); !errors.As(err, &refused) || p != (Principal{}) {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
	}
}
