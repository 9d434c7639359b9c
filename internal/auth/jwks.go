package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	maxJWKSBytes = 64 << 10

	// keepKeys is how long keys are used without having asked again, and renewKeys after how long that is asked behind a
	// token whose key is known: as long as tokens come, nobody waits for it.
	keepKeys  = 10 * time.Minute
	renewKeys = 5 * time.Minute

	// refetchPause follows every fetch made because keys in hand did not suffice, if it brings no new one, and, while
	// there are keys, every failed one: it is all that tokens with invented kids can cost.
	refetchPause = 10 * time.Second

	// firstPause follows a failed fetch while there are no keys at all. It is short, because nobody can sign in until one
	// succeeds: most likely the key server is only starting, as todod is.
	firstPause = time.Second
)

// jwks knows the public keys that a key server publishes. It asks when first needed and again when they are older than
// renewKeys or when a token names a kid that is not among them: Better Auth may make several keys in its first second, one
// after the other. It asks at most once at a time. While asking fails, old keys are as good as new ones. It is safe for
// concurrent use, and must be closed.
type jwks struct {
	url    string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	life context.Context // of all fetches
	end  context.CancelFunc

	mu       sync.Mutex
	keys     map[string]publicKey // nil until the first successful fetch
	fetched  time.Time            // when keys were
	failure  error                // of the last fetch, nil if it succeeded
	resume   time.Time            // no fetch starts earlier
	fetching chan struct{}        // closed when the fetch under way ends; nil when there is none
}

// newJWKS returns the key set at rawURL, not fetched yet. The client is copied, and the copy follows no redirects: a key
// server that can be made to redirect must not choose whose keys count.
func newJWKS(rawURL string, client *http.Client, now func() time.Time, log *slog.Logger) (*jwks, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("auth: the JWKS URL is not an http or https URL")
	}
	var own http.Client
	if client != nil {
		own = *client
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s := &jwks{url: rawURL, client: &own, now: now, log: log}
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

// close ends the fetch under way. Any later one fails at once.
func (s *jwks) close() {
	s.end()
	s.mu.Lock()
	fetching := s.fetching
	s.mu.Unlock()
	if fetching != nil {
		<-fetching
	}
}

// key returns the key with that kid. It waits for a fetch where it can't do without, or until ctx ends. Errors are a *Refusal
// when the server has no such key, and wrap ErrUnavailable when that could not be found out.
func (s *jwks) key(ctx context.Context, kid string) (publicKey, error) {
	for {
		key, fetching, err := s.lookUp(ctx, kid)
		if fetching == nil {
			return key, err
		}
		select {
		case <-fetching:
		case <-ctx.Done():
			return publicKey{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
	}
}

// lookUp returns what is known of kid now, or the fetch to wait for before asking again. It starts that fetch if none is
// under way and none was lately.
func (s *jwks) lookUp(ctx context.Context, kid string) (publicKey, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	age := now.Sub(s.fetched)
	fresh := s.keys != nil && age < keepKeys
	key, known := s.keys[kid]
	if known && age < renewKeys {
		return key, nil, nil
	}
	if s.fetching == nil && !now.Before(s.resume) {
		s.fetching = make(chan struct{})
		// The fetch is everyone's, so it must not end with the request that happened to start it. It ends by itself after
		// fetchTimeout.
		go s.refresh(context.WithoutCancel(ctx), fresh && !known)
	}
	switch {
	case known && (fresh || s.failure != nil):
		return key, nil, nil
	case s.fetching != nil:
		return publicKey{}, s.fetching, nil
	case s.failure != nil:
		return publicKey{}, nil, fmt.Errorf("%w: %w", ErrUnavailable, s.failure)
	default:
		return publicKey{}, nil, refuse("the key server has no usable key with this kid")
	}
}

// refresh fetches the keys, keeps them, and wakes those who wait. again says that keys in hand were fresh but lacked the
// one wanted. When others have come instead, theirs may yet come, so the next fetch need not wait.
func (s *jwks) refresh(ctx context.Context, again bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	keys, err := s.fetch(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "auth.jwks_failed", "error", err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.failure = err
	switch {
	case err != nil && s.keys == nil:
		s.resume = now.Add(firstPause)
	case err != nil, again && !bringsNew(keys, s.keys):
		s.resume = now.Add(refetchPause)
	}
	if err == nil {
		s.keys, s.fetched = keys, now
	}
	close(s.fetching)
	s.fetching = nil
}

// bringsNew reports whether keys has a kid that known lacks.
func bringsNew(keys, known map[string]publicKey) bool {
	for kid := range keys {
		if _, ok := known[kid]; !ok {
			return true
		}
	}
	return false
}

// fetch asks the key server once, for at most fetchTimeout. Anything but a 200 with a JWK set of at most maxJWKSBytes is
// an error.
func (s *jwks) fetch(ctx context.Context) (map[string]publicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	// The next request is minutes away: there is no point in keeping the connection.
	req.Close = true
	res, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch keys: the key server answered %d", res.StatusCode)
	}
	doc, err := io.ReadAll(io.LimitReader(res.Body, maxJWKSBytes+1))
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	if len(doc) > maxJWKSBytes {
		return nil, fmt.Errorf("fetch keys: the answer is longer than %d bytes", maxJWKSBytes)
	}
	keys, ignored, err := parseKeys(doc)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	s.log.InfoContext(ctx, "auth.jwks_fetched", "keys", len(keys), "ignored", ignored)
	return keys, nil
}
