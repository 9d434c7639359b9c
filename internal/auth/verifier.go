// Package auth turns a bearer token into a Principal.
//
// A token passes three doors, each of which can only refuse it. The gate (gate.go) accepts one spelling of a JWS and
// strict JSON inside, so that nothing behind it meets two readings of the same bytes. The signature is checked with a
// key that follows from the class of the algorithm, never from the token: HS256 takes the configured secrets,
// everything else the entry of the key server's JWKS (jwks.go) that carries the token's kid. The claims (claims.go)
// then say whom the token speaks for, and whether it was made for this purpose at all: Better Auth signs e-mail links,
// session caches and access tokens with the same secret.
//
// Whatever is refused is refused with a reason for the log and none for the caller.
package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
)

const (
	hs256 = "HS256"

	// defaultMaxTokenBytes is the longest token accepted unless configured otherwise, and the longest one minted.
	defaultMaxTokenBytes = 8192
)

// defaultAlgs are allowed unless Config.AllowedAlgs says otherwise; optionalAlgs may be added to them. There is no
// third list: "none", HS384 and HS512 can't be configured.
var (
	defaultAlgs  = []string{hs256, "EdDSA", "ES256", "RS256", "PS256"}
	optionalAlgs = []string{"ES512"}
)

// Principal is who a verified token speaks for.
type Principal struct {
	Subject   string    // sub: opaque, 1–255 bytes
	Email     string    // "" when the token has none
	Name      string    // "" when the token has none
	SessionID string    // sid, "" when none
	IssuedAt  time.Time // zero when the token has no iat
	ExpiresAt time.Time
}

// Config says which tokens a Verifier accepts.
type Config struct {
	Secrets          [][]byte         // HS256: every one verifies
	JWKSURL          string           // "": no asymmetric tokens
	Issuer           string           // expected iss; "": not checked
	Audience         string           // expected aud; "": not checked
	AllowedAlgs      []string         // empty: HS256, EdDSA, ES256, RS256, PS256; ES512 can be added
	RequireIssAud    bool             // HS256 tokens must carry iss and aud too
	AcceptSessionJWT bool             // also accept Better Auth's cookie-cache JWT
	MaxTokenBytes    int              // 0: 8192
	Leeway           time.Duration    // how far the issuer's clock may be off
	Client           *http.Client     // for the JWKS; nil: one of its own. Redirects are never followed
	Now              func() time.Time // nil: time.Now
	Logger           *slog.Logger     // for failing JWKS fetches; nil: discard
}

// Verifier verifies tokens. It is safe for concurrent use, and must be closed.
type Verifier struct {
	algs      map[string]jws.Verifier2 // by allowed alg
	maxBytes  int
	rules     rules
	jwks      *jwks // nil: no asymmetric tokens
	now       func() time.Time
	secretSet atomic.Pointer[secretSet]
	changing  sync.Mutex // held while one set follows another
}

// secretSet is one set of secrets, as long as it is in use. A change of secrets begins a new one with an empty memory,
// and what is still being verified under the old secrets is remembered, if at all, in a memory that says no more than
// that a token was good once.
type secretSet struct {
	secrets [][]byte
	memory  *memory
	before  *memory       // of the set before, nil in the first
	retired chan struct{} // closed when one of the secrets is no longer used
}

// New returns a Verifier of cfg, or an error that says which setting can't be meant. It does not touch the network:
// the JWKS is fetched when first needed.
func New(cfg Config) (*Verifier, error) {
	algs, err := verifiers(cfg.AllowedAlgs)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.MaxTokenBytes < 0:
		return nil, errors.New("auth: the longest token can't be negative")
	case cfg.Leeway < 0:
		return nil, errors.New("auth: the leeway can't be negative")
	case cfg.RequireIssAud && (cfg.Issuer == "" || cfg.Audience == ""):
		return nil, errors.New("auth: iss and aud are required, but what to expect in them is not configured")
	case slices.ContainsFunc(cfg.Secrets, isEmpty):
		return nil, errors.New("auth: a secret is empty")
	}
	v := &Verifier{
		algs:     algs,
		maxBytes: cfg.MaxTokenBytes,
		rules: rules{
			issuer:           cfg.Issuer,
			audience:         cfg.Audience,
			requireIssAud:    cfg.RequireIssAud,
			acceptSessionJWT: cfg.AcceptSessionJWT,
			leeway:           cfg.Leeway,
		},
		now: cfg.Now,
	}
	if v.maxBytes == 0 {
		v.maxBytes = defaultMaxTokenBytes
	}
	if v.now == nil {
		v.now = time.Now
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if cfg.JWKSURL != "" {
		if v.jwks, err = newJWKS(cfg.JWKSURL, cfg.Client, v.now, log); err != nil {
			return nil, err
		}
	}
	v.SetSecrets(cfg.Secrets)
	return v, nil
}

// Close ends what v has begun: a fetch of keys, which whoever waits for it hears of as ErrUnavailable.
func (v *Verifier) Close() {
	if v.jwks != nil {
		v.jwks.close()
	}
}

// verifiers returns what checks a signature for each of the named algorithms, or of the default ones if none is named.
func verifiers(names []string) (map[string]jws.Verifier2, error) {
	if len(names) == 0 {
		names = defaultAlgs
	}
	algs := make(map[string]jws.Verifier2, len(names))
	for _, name := range names {
		if !slices.Contains(defaultAlgs, name) && !slices.Contains(optionalAlgs, name) {
			return nil, fmt.Errorf("auth: algorithm %q can't be allowed", name)
		}
		alg, _ := jwa.LookupSignatureAlgorithm(name)
		verifier, err := jws.VerifierFor(alg)
		if err != nil {
			return nil, fmt.Errorf("auth: algorithm %q: %w", name, err)
		}
		algs[name] = verifier
	}
	return algs, nil
}

// isEmpty reports whether b has no bytes. Anyone can sign with an empty secret.
func isEmpty(b []byte) bool { return len(b) == 0 }

// SetSecrets replaces the HS256 secrets and forgets every remembered token. A verification under way with the old
// secrets may still succeed, but is not remembered. Empty secrets are dropped.
func (v *Verifier) SetSecrets(secrets [][]byte) {
	next := &secretSet{memory: newMemory(), retired: make(chan struct{})}
	for _, secret := range secrets {
		if !isEmpty(secret) {
			next.secrets = append(next.secrets, bytes.Clone(secret))
		}
	}
	v.changing.Lock()
	defer v.changing.Unlock()
	last := v.secretSet.Load()
	if last == nil {
		v.secretSet.Store(next)
		return
	}
	next.before = last.memory
	if next.hasAll(last.secrets) {
		next.retired = last.retired
		v.secretSet.Store(next)
		return
	}
	v.secretSet.Store(next)
	close(last.retired)
}

// hasAll reports whether all of secrets are among those of e.
func (set *secretSet) hasAll(secrets [][]byte) bool {
	return !slices.ContainsFunc(secrets, func(s []byte) bool {
		return !slices.ContainsFunc(set.secrets, func(own []byte) bool { return bytes.Equal(own, s) })
	})
}

// Secrets returns the secrets in use. The first one is there to sign with. Nobody may change them.
func (v *Verifier) Secrets() [][]byte { return v.secretSet.Load().secrets }

// Retired returns a channel that is closed when one of the secrets in use now no longer is: whatever goes on because a
// token was good has to verify it again.
func (v *Verifier) Retired() <-chan struct{} { return v.secretSet.Load().retired }

// Remembered returns the principal of a token verified within the last 60 s, without any cryptography besides the
// hash; ok is false for anything else.
func (v *Verifier) Remembered(token string) (p Principal, ok bool) {
	if len(token) > v.maxBytes {
		return Principal{}, false
	}
	return v.secretSet.Load().memory.recall(token, v.now())
}

// Knows reports whether token was found good once, under these secrets or the ones before, and has not expired since.
// It says nothing of now, but that token is worth verifying again even when it comes from where many bad ones come
// from.
func (v *Verifier) Knows(token string) bool {
	if len(token) > v.maxBytes {
		return false
	}
	set, now := v.secretSet.Load(), v.now()
	return set.memory.knows(token, now) || set.before != nil && set.before.knows(token, now)
}

// Verify checks token in full, whether it is remembered or not, and remembers it. Errors are a *Refusal when the token
// is not good enough, and wrap ErrUnavailable when that could not be found out; the latter also when ctx ends while the
// keys are being fetched.
func (v *Verifier) Verify(ctx context.Context, token string) (Principal, error) {
	current := v.secretSet.Load()
	p, now, err := v.verify(ctx, token, current.secrets, v.rules)
	if err != nil {
		return Principal{}, err
	}
	current.memory.remember(token, p, now)
	return p, nil
}

// VerifyLapsed is Verify for a token whose exp may have passed, however long ago; everything else about it must hold.
// It is for ending what the token belongs to, never for anything that the token would let its bearer do. What passes
// here is not remembered.
func (v *Verifier) VerifyLapsed(ctx context.Context, token string) (Principal, error) {
	lenient := v.rules
	lenient.lapsed = true
	p, _, err := v.verify(ctx, token, v.secretSet.Load().secrets, lenient)
	return p, err
}

// verify returns whom token speaks for under these rules, and the time at which it did.
func (v *Verifier) verify(ctx context.Context, token string, secrets [][]byte, r rules) (Principal, time.Time, error) {
	jwt, err := parse(token, v.maxBytes)
	if err != nil {
		return Principal{}, time.Time{}, err
	}
	if err := v.checkSignature(ctx, jwt, secrets); err != nil {
		return Principal{}, time.Time{}, err
	}
	// The time is taken now because fetching keys may have used some.
	now := v.now()
	p, err := r.principal(jwt, now)
	return p, now, err
}

// secretOf returns the one of secrets that jwt, whose algorithm is an allowed HS256, is signed with.
func (v *Verifier) secretOf(jwt unverified, secrets [][]byte) ([]byte, error) {
	for _, secret := range secrets {
		if v.algs[hs256].Verify(secret, jwt.signed, jwt.signature) == nil {
			return secret, nil
		}
	}
	return nil, refuse("the signature fits no secret")
}

// checkSignature returns nil if jwt is signed with an allowed algorithm and a key of that algorithm's class.
func (v *Verifier) checkSignature(ctx context.Context, jwt unverified, secrets [][]byte) error {
	verifier, allowed := v.algs[jwt.alg]
	if !allowed {
		return refuse("alg is not allowed")
	}
	if jwt.alg == hs256 {
		_, err := v.secretOf(jwt, secrets)
		return err
	}
	if v.jwks == nil {
		return refuse("alg needs a key server and none is configured")
	}
	if jwt.kid == "" {
		return refuse("kid is missing or not a string")
	}
	key, err := v.jwks.key(ctx, jwt.kid)
	if err != nil {
		return err
	}
	if !slices.Contains(key.algs, jwt.alg) {
		return refuse("alg is not the key's")
	}
	if verifier.Verify(key.public, jwt.signed, jwt.signature) != nil {
		return refuse("the signature does not fit the key")
	}
	return nil
}
