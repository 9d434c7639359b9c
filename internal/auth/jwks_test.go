package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stubServer is a key server without a network, for tests in a bubble of synctest, where time passes only when everyone
// sleeps.
type stubServer struct {
	mu    sync.Mutex
	set   string
	err   error
	delay time.Duration
	hits  int
}

// RoundTrip answers after delay with set or err, or when the request's context ends.
func (s *stubServer) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.hits++
	set, err, delay := s.set, s.err, s.delay
	s.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(set))}, nil
}

func (s *stubServer) publish(keys ...members) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set, s.err = setOf(keys...), nil
}

func (s *stubServer) fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errors.New("connection refused")
}

func (s *stubServer) slow(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = delay
}

// wantHits waits for whatever is still under way.
func (s *stubServer) wantHits(t *testing.T, want int) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hits != want {
		t.Errorf("the key server was asked %d times, want %d", s.hits, want)
	}
}

func (s *stubServer) verifier(t *testing.T) *Verifier {
	t.Helper()
	v := newVerifier(t, Config{JWKSURL: "https://keys.example.com/jwks", Client: &http.Client{Transport: s}, Now: time.Now})
	t.Cleanup(v.Close)
	return v
}

// wantAtOnce is wantAccepted without a wait.
func wantAtOnce(t *testing.T, v *Verifier, token string) {
	t.Helper()
	start := time.Now()
	wantAccepted(t, v, token)
	if waited := time.Since(start); waited != 0 {
		t.Errorf("waited %v", waited)
	}
}

// token returns an EdDSA token that is good for a day.
func (s *stubServer) token(t *testing.T, kid string, key any) string {
	t.Helper()
	return sign(t, "EdDSA", key, toJSON(members{"alg": "EdDSA", "kid": kid}), toJSON(members{
		"sub": "ada", "exp": time.Now().Add(24 * time.Hour).Unix(), "iss": origin, "aud": origin,
	}))
}

// wantAcceptedAside is wantAccepted for goroutines besides the test's own, which can't end it.
func wantAcceptedAside(t *testing.T, v *Verifier, token string) {
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("Verify: %v, want it accepted", err)
	}
}

// inBubble runs a story with a key server that publishes one key, known as k.
func inBubble(t *testing.T, story func(t *testing.T, server *stubServer, v *Verifier)) {
	key := publicJWK(t, "k", ed25519Key())
	synctest.Test(t, func(t *testing.T) {
		server := new(stubServer)
		server.publish(key)
		story(t, server, server.verifier(t))
	})
}

func TestKeysAreFetchedWhenFirstNeeded(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		wantRefused(t, v, "no.token.", "canonical")
		server.wantHits(t, 0)
		wantAccepted(t, v, server.token(t, "k", ed25519Key()))
		wantAccepted(t, v, server.token(t, "k", ed25519Key()))
		server.wantHits(t, 1)
	})
}

func TestAtMostOneFetchIsUnderWay(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		server.slow(time.Second)
		token := server.token(t, "k", ed25519Key())
		var crowd sync.WaitGroup
		for range 50 {
			crowd.Go(func() { wantAcceptedAside(t, v, token) })
		}
		crowd.Wait()
		server.wantHits(t, 1)
	})
}

// TestKeysAreKeptForTenMinutes: no key that has gone is good for longer, where nobody has asked in between.
func TestKeysAreKeptForTenMinutes(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		token := server.token(t, "k", ed25519Key())
		wantAccepted(t, v, token)
		server.publish()
		time.Sleep(10 * time.Minute)
		_, err := v.Verify(t.Context(), token)
		wantRefusal(t, err, "no usable key")
	})
}

// TestNobodyWaitsForKeysToBeRenewed: from the fifth minute on they are asked for behind tokens whose keys are known, once
// at a time, however slow the key server is.
func TestNobodyWaitsForKeysToBeRenewed(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		token := server.token(t, "k", ed25519Key())
		wantAccepted(t, v, token)
		time.Sleep(5*time.Minute - time.Nanosecond)
		wantAtOnce(t, v, token)
		server.wantHits(t, 1)

		time.Sleep(time.Nanosecond)
		server.slow(4 * time.Second)
		for range 3 {
			wantAtOnce(t, v, token)
		}
		server.wantHits(t, 2)
		time.Sleep(4 * time.Second)
		wantAtOnce(t, v, token)
		time.Sleep(5*time.Minute - time.Nanosecond)
		wantAtOnce(t, v, token)
		server.wantHits(t, 2)

		server.slow(time.Hour)
		for range 600 { // ten minutes, in which it hangs
			time.Sleep(time.Second)
			wantAtOnce(t, v, token)
		}
	})
}

// TestAKeyThatHasGoneIsRefusedOnceThatIsKnown: by the one token that had them renewed it is not.
func TestAKeyThatHasGoneIsRefusedOnceThatIsKnown(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		token := server.token(t, "k", ed25519Key())
		wantAccepted(t, v, token)
		server.publish()
		time.Sleep(5 * time.Minute)
		wantAtOnce(t, v, token)
		server.wantHits(t, 2)
		_, err := v.Verify(t.Context(), token)
		wantRefusal(t, err, "no usable key")
	})
}

// TestClosingEndsTheFetch that is under way, and whatever would begin after it.
func TestClosingEndsTheFetch(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		token := server.token(t, "k", ed25519Key())
		wantAccepted(t, v, token)
		time.Sleep(5 * time.Minute)
		server.slow(time.Hour)
		wantAtOnce(t, v, token)
		start := time.Now()
		v.Close()
		_, err := v.Verify(t.Context(), server.token(t, "another", ed25519Key()))
		wantUnavailable(t, err)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAnUnknownKidIsAskedForOnceAndThenNotForTenSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		wantAccepted(t, v, server.token(t, "k", ed25519Key()))
		invented := server.token(t, "invented", ed25519Key())
		for range 3 {
			wantRefused(t, v, invented, "no usable key")
		}
		server.wantHits(t, 2)
		wantAccepted(t, v, server.token(t, "k", ed25519Key()))

		time.Sleep(10*time.Second - time.Nanosecond)
		wantRefused(t, v, invented, "no usable key")
		server.wantHits(t, 2)

		time.Sleep(time.Nanosecond)
		wantRefused(t, v, invented, "no usable key")
		server.wantHits(t, 3)
	})
}

func TestAKeyMadeAMomentLaterIsFound(t *testing.T) {
	first, second := publicJWK(t, "k", ed25519Key()), publicJWK(t, "second", ed25519Other())
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		wantAccepted(t, v, server.token(t, "k", ed25519Key()))
		server.publish(first, second)
		wantAccepted(t, v, server.token(t, "second", ed25519Other()))
		wantAccepted(t, v, server.token(t, "k", ed25519Key()))
		server.wantHits(t, 2)
	})
}

// Better Auth may take a second to make its first keys, and it may rotate them faster than every ten seconds.
func TestAFetchThatBringsANewKeyIsFollowedByNoPause(t *testing.T) {
	first, second, third := publicJWK(t, "k", ed25519Key()), publicJWK(t, "second", ed25519Other()), publicJWK(t, "third", ed25519Key())
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		wantAccepted(t, v, server.token(t, "k", ed25519Key()))
		server.publish(first, second)
		wantAccepted(t, v, server.token(t, "second", ed25519Other()))
		server.publish(first, second, third)
		wantAccepted(t, v, server.token(t, "third", ed25519Key()))
		server.wantHits(t, 3)

		invented := server.token(t, "invented", ed25519Key())
		for range 3 {
			wantRefused(t, v, invented, "no usable key")
		}
		server.wantHits(t, 4)
	})
}

// A key that goes, or a kid that names another key, is nothing that an unknown kid can be due to.
func TestAFetchThatBringsNoNewKidIsFollowedByAPause(t *testing.T) {
	first, second := publicJWK(t, "k", ed25519Key()), publicJWK(t, "second", ed25519Other())
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		server.publish(first, second)
		wantAccepted(t, v, server.token(t, "k", ed25519Key()))
		server.publish(publicJWK(t, "second", ed25519Key()))
		invented := server.token(t, "invented", ed25519Key())
		for range 3 {
			wantRefused(t, v, invented, "no usable key")
		}
		server.wantHits(t, 2)
	})
}

func TestKeysRotate(t *testing.T) {
	next := publicJWK(t, "next", ed25519Other())
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		old := server.token(t, "k", ed25519Key())
		wantAccepted(t, v, old)
		server.publish(next)
		wantAccepted(t, v, server.token(t, "next", ed25519Other()))
		_, err := v.Verify(t.Context(), old)
		wantRefusal(t, err, "no usable key")
	})
}

func TestAReusedKidNamesTheNewKey(t *testing.T) {
	again := publicJWK(t, "k", ed25519Other())
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		old := server.token(t, "k", ed25519Key())
		wantAccepted(t, v, old)
		server.publish(again)
		time.Sleep(10 * time.Minute)
		wantAccepted(t, v, server.token(t, "k", ed25519Other()))
		wantRefused(t, v, old, "does not fit the key")
	})
}

func TestWithoutAnyKeyNothingCanBeSaid(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		server.fail()
		token := server.token(t, "k", ed25519Key())
		for range 3 {
			_, err := v.Verify(t.Context(), token)
			wantUnavailable(t, err)
		}
		server.wantHits(t, 1)
		wantAccepted(t, v, shared(t, toJSON(members{"sub": "ada", "exp": time.Now().Unix() + 1})))

		time.Sleep(time.Second - time.Nanosecond)
		_, err := v.Verify(t.Context(), token)
		wantUnavailable(t, err)
		server.wantHits(t, 1)

		server.publish(publicJWK(t, "k", ed25519Key()))
		time.Sleep(time.Nanosecond)
		wantAccepted(t, v, token)
		server.wantHits(t, 2)
	})
}

func TestOldKeysServeWhileFetchingFails(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		token, invented := server.token(t, "k", ed25519Key()), server.token(t, "invented", ed25519Key())
		wantAccepted(t, v, token)
		server.fail()
		server.slow(time.Second)

		time.Sleep(time.Hour)
		start := time.Now()
		wantAccepted(t, v, token)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v for the first fetch that failed, want 1s", waited)
		}
		server.wantHits(t, 2)

		// From now on nobody waits, and a fetch starts every ten seconds.
		for range 21 {
			start := time.Now()
			wantAccepted(t, v, token)
			if waited := time.Since(start); waited != 0 {
				t.Errorf("waited %v while fetching fails", waited)
			}
			time.Sleep(time.Second)
		}
		server.wantHits(t, 3)

		_, err := v.Verify(t.Context(), invented)
		wantUnavailable(t, err)

		server.publish(publicJWK(t, "k", ed25519Key()))
		time.Sleep(11 * time.Second)
		wantAccepted(t, v, token)
		synctest.Wait()
		time.Sleep(time.Second)
		wantRefused(t, v, invented, "no usable key")
	})
}

func TestAnUnknownKidIsNotRefusedWhileFetchingFails(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		token, invented := server.token(t, "k", ed25519Key()), server.token(t, "invented", ed25519Key())
		wantAccepted(t, v, token)
		server.fail()
		for range 3 {
			_, err := v.Verify(t.Context(), invented)
			wantUnavailable(t, err)
			wantAccepted(t, v, token)
		}
		server.wantHits(t, 2)
		server.publish()
		time.Sleep(10*time.Second - time.Nanosecond)
		_, err := v.Verify(t.Context(), invented)
		wantUnavailable(t, err)
		time.Sleep(time.Nanosecond)
		wantRefused(t, v, invented, "no usable key")
	})
}

func TestAServerThatHangsIsGivenFiveSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		server.slow(time.Hour)
		start := time.Now()
		_, err := v.Verify(t.Context(), server.token(t, "k", ed25519Key()))
		wantUnavailable(t, err)
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("waited %v, want 5s", waited)
		}
	})
}

func TestWhoeverLeavesDoesNotEndTheFetchOfTheOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		server.slow(2 * time.Second)
		token := server.token(t, "k", ed25519Key())
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		var stayed sync.WaitGroup
		stayed.Go(func() {
			time.Sleep(500 * time.Millisecond)
			wantAcceptedAside(t, v, token)
		})

		_, err := v.Verify(ctx, token)

		wantUnavailable(t, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want it to say whose deadline it was", err)
		}
		stayed.Wait()
		server.wantHits(t, 1)
	})
}

func TestTheTimeThatFetchingTookCounts(t *testing.T) {
	inBubble(t, func(t *testing.T, server *stubServer, v *Verifier) {
		server.slow(2 * time.Second)
		token := sign(t, "EdDSA", ed25519Key(), `{"alg":"EdDSA","kid":"k"}`, toJSON(members{
			"sub": "ada", "exp": time.Now().Unix() + 1, "iss": origin, "aud": origin,
		}))
		wantRefused(t, v, token, "has expired")
	})
}
