package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
)

const origin = "https://app.example.com"

var (
	secret = []byte("a secret of at least thirty-two bytes")
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// clock is a time that passes only when told to.
type clock struct{ unix atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.unix.Store(noon.UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.unix.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.unix.Add(int64(d)) }

// members are the members of a header, a payload or a JWK.
type members = map[string]any

// absent removes a member that would be there by default.
var absent = new(struct{})

// with returns a copy of m with changes made.
func with(m, changes members) members {
	changed := maps.Clone(m)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, v any) bool { return v == absent })
	return changed
}

// claimsOf returns the payload of a good token, changed.
func claimsOf(changes members) string {
	return toJSON(with(members{
		"sub": "ada", "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(), "iss": origin, "aud": origin,
	}, changes))
}

func toJSON(v any) string {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(doc)
}

func encode(part string) string { return base64.RawURLEncoding.EncodeToString([]byte(part)) }

// sign returns a token of exactly that header and payload, with a signature of alg by key.
func sign(t testing.TB, alg string, key any, header, payload string) string {
	t.Helper()
	a, ok := jwa.LookupSignatureAlgorithm(alg)
	if !ok {
		t.Fatalf("no algorithm %s", alg)
	}
	signer, err := jws.SignerFor(a)
	if err != nil {
		t.Fatal(err)
	}
	signed := encode(header) + "." + encode(payload)
	signature, err := signer.Sign(key, []byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(string(signature))
}

// shared returns a token signed with the shared secret.
func shared(t testing.TB, payload string) string {
	t.Helper()
	return sign(t, "HS256", secret, `{"alg":"HS256","typ":"JWT"}`, payload)
}

// asymmetric returns a good token signed by key, which is said to be kid.
func asymmetric(t testing.TB, alg, kid string, key any) string {
	t.Helper()
	return sign(t, alg, key, toJSON(members{"alg": alg, "kid": kid}), claimsOf(nil))
}

var (
	rsaKey       = sync.OnceValue(func() *rsa.PrivateKey { return newRSAKey(2048) })
	p256Key      = sync.OnceValue(func() *ecdsa.PrivateKey { return newECKey(elliptic.P256()) })
	p384Key      = sync.OnceValue(func() *ecdsa.PrivateKey { return newECKey(elliptic.P384()) })
	p521Key      = sync.OnceValue(func() *ecdsa.PrivateKey { return newECKey(elliptic.P521()) })
	ed25519Key   = sync.OnceValue(newEdKey)
	ed25519Other = sync.OnceValue(newEdKey)
)

func newRSAKey(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func newECKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func newEdKey() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// jwkOf returns the JWK of a key, public or private, changed.
func jwkOf(t testing.TB, key any, changes members) members {
	t.Helper()
	k, err := jwk.Import(key)
	if err != nil {
		t.Fatal(err)
	}
	var m members
	if err := json.Unmarshal([]byte(toJSON(k)), &m); err != nil {
		t.Fatal(err)
	}
	return with(m, changes)
}

// publicJWK returns the public JWK of a private key under that kid, without alg, as Better Auth publishes some.
func publicJWK(t testing.TB, kid string, key any) members {
	t.Helper()
	public, err := jwk.PublicRawKeyOf(key)
	if err != nil {
		t.Fatal(err)
	}
	return jwkOf(t, public, members{"kid": kid})
}

// setOf returns a JWK set.
func setOf(keys ...members) string {
	if keys == nil {
		keys = []members{}
	}
	return toJSON(members{"keys": keys})
}

// keyServer publishes a JWK set over HTTP.
type keyServer struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
	hits   atomic.Int32
}

// newKeyServer returns a running key server that publishes set.
func newKeyServer(t testing.TB, set string) *keyServer {
	s := new(keyServer)
	s.publish(set)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		(*s.answer.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *keyServer) handle(h http.HandlerFunc) { s.answer.Store(&h) }

func (s *keyServer) publish(set string) {
	s.handle(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(set)) })
}

func (s *keyServer) wantHits(t testing.TB, want int32) {
	t.Helper()
	if got := s.hits.Load(); got != want {
		t.Errorf("the key server was asked %d times, want %d", got, want)
	}
}

// newVerifier returns a verifier of cfg, completed: the shared secret, the origin as issuer and audience, noon.
func newVerifier(t testing.TB, cfg Config) *Verifier {
	t.Helper()
	if cfg.Secrets == nil {
		cfg.Secrets = [][]byte{secret}
	}
	if cfg.Issuer == "" {
		cfg.Issuer, cfg.Audience = origin, origin
	}
	if cfg.Now == nil {
		cfg.Now = newClock().now
	}
	v, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return v
}

func wantAccepted(t testing.TB, v *Verifier, token string) Principal {
	t.Helper()
	p, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatalf("Verify: %v, want it accepted", err)
	}
	return p
}

// wantRefused fails unless token is refused for a reason that contains reason.
func wantRefused(t testing.TB, v *Verifier, token, reason string) {
	t.Helper()
	p, err := v.Verify(t.Context(), token)
	wantRefusal(t, err, reason)
	if p != (Principal{}) {
		t.Errorf("a refused token gave %+v", p)
	}
	if _, ok := v.Remembered(token); ok {
		t.Error("a refused token is remembered")
	}
}

func wantRefusal(t testing.TB, err error, reason string) {
	t.Helper()
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal because %q", err, reason)
	}
	if !strings.Contains(refusal.Reason, reason) {
		t.Errorf("refused because %q, want %q", refusal.Reason, reason)
	}
	if errors.Is(err, ErrUnavailable) {
		t.Error("a refusal must not be unavailability too")
	}
}

func wantUnavailable(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		t.Error("unavailability must not be a refusal too")
	}
}
