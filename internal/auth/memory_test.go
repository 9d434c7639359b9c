package auth

import (
	"bytes"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func wantRemembered(t *testing.T, v *Verifier, token string, want bool) {
	t.Helper()
	if p, ok := v.Remembered(token); ok != want || !ok && p != (Principal{}) {
		t.Errorf("remembered: %v, %+v, want %v", ok, p, want)
	}
}

func TestAVerifiedTokenIsRememberedForAMinute(t *testing.T) {
	clock := newClock()
	v := newVerifier(t, Config{Now: clock.now})
	token := shared(t, claimsOf(members{"email": "ada@example.com"}))
	wantRemembered(t, v, token, false)

	verified := wantAccepted(t, v, token)

	if p, ok := v.Remembered(token); !ok || p != verified {
		t.Errorf("got %+v, %v, want %+v", p, ok, verified)
	}
	wantRemembered(t, v, shared(t, claimsOf(members{"email": "bob@example.com"})), false)
	clock.advance(time.Minute - 1)
	wantRemembered(t, v, token, true)
	clock.advance(1)
	wantRemembered(t, v, token, false)
	wantAccepted(t, v, token)
	wantRemembered(t, v, token, true)
}

func TestATokenThatWasGoodIsKnownUntilItExpires(t *testing.T) {
	t.Parallel()
	clock := newClock()
	v := newVerifier(t, Config{Now: clock.now})
	token := shared(t, claimsOf(nil))
	if v.Knows(token) {
		t.Error("known before it was verified")
	}
	wantAccepted(t, v, token)
	clock.advance(rememberFor)
	wantRemembered(t, v, token, false)
	if !v.Knows(token) {
		t.Error("no longer known after a minute")
	}
	clock.advance(24 * time.Hour)
	if v.Knows(token) {
		t.Error("known after it has expired")
	}
}

func TestATokenIsNotRememberedPastExp(t *testing.T) {
	clock := newClock()
	v := newVerifier(t, Config{Now: clock.now, Leeway: 30 * time.Second})
	token := shared(t, claimsOf(members{"exp": noon.Unix() + 20}))
	wantAccepted(t, v, token)
	clock.advance(20*time.Second - 1)
	wantRemembered(t, v, token, true)
	clock.advance(1)
	wantRemembered(t, v, token, false)
	wantAccepted(t, v, token) // within the leeway, but every time anew
	wantRemembered(t, v, token, false)
}

func TestAChangeOfSecretsForgetsEveryToken(t *testing.T) {
	v := newVerifier(t, Config{})
	token := shared(t, claimsOf(nil))
	wantAccepted(t, v, token)
	v.SetSecrets([][]byte{[]byte("another secret"), secret})
	wantRemembered(t, v, token, false)
	wantAccepted(t, v, token)
	v.SetSecrets([][]byte{[]byte("another secret")})
	wantRefused(t, v, token, "fits no secret")
	v.SetSecrets(nil)
	wantRefused(t, v, token, "fits no secret")
}

// closed reports whether c is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestRetiredTellsWhenASecretGoes(t *testing.T) {
	a, b, c := []byte("secret a"), []byte("secret b"), []byte("secret c")
	v := newVerifier(t, Config{Secrets: [][]byte{a}})
	first := v.Retired()
	for _, more := range [][][]byte{{a}, {a, b}, {b, a}, {c, b, a}} {
		v.SetSecrets(more)
		if closed(first) || closed(v.Retired()) {
			t.Errorf("told of %q", more)
		}
	}
	v.SetSecrets([][]byte{c, b})
	second := v.Retired()
	if !closed(first) || closed(second) {
		t.Errorf("told %v of the one that has gone, %v of none", closed(first), closed(second))
	}
	v.SetSecrets([][]byte{a, c})
	if !closed(second) {
		t.Error("not told of one that was replaced")
	}
	if got := v.Secrets(); len(got) != 2 || !bytes.Equal(got[0], a) {
		t.Errorf("in use are %q", got)
	}
}

// TestAKnownTokenStaysKnownWhenSecretsChange: whoever has it is not taken for a stranger because of that.
func TestAKnownTokenStaysKnownWhenSecretsChange(t *testing.T) {
	v := newVerifier(t, Config{})
	token := shared(t, claimsOf(nil))
	wantAccepted(t, v, token)
	v.SetSecrets([][]byte{[]byte("another secret"), secret})
	wantRemembered(t, v, token, false)
	if !v.Knows(token) {
		t.Error("not known")
	}
	v.SetSecrets([][]byte{[]byte("another secret")})
	v.SetSecrets([][]byte{[]byte("another secret"), []byte("one more")})
	if v.Knows(token) {
		t.Error("known for ever")
	}
}

func TestAnEmptySecretIsNeverOne(t *testing.T) {
	v := newVerifier(t, Config{})
	v.SetSecrets([][]byte{{}, nil, secret})
	wantAccepted(t, v, shared(t, claimsOf(nil)))
	if got := len(v.secretSet.Load().secrets); got != 1 {
		t.Errorf("kept %d secrets, want 1", got)
	}
}

func TestSecretsAreTheVerifiersOwn(t *testing.T) {
	mine := []byte("a secret that is wiped later")
	v := newVerifier(t, Config{Secrets: [][]byte{mine}})
	token := sign(t, "HS256", mine, `{"alg":"HS256"}`, claimsOf(nil))
	clear(mine)
	wantAccepted(t, v, token)
}

func TestAVerificationUnderWayWithOldSecretsIsNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &stubServer{set: setOf(publicJWK(t, "k", ed25519Key())), delay: time.Second}
		v := server.verifier(t)
		token := server.token(t, "k", ed25519Key())
		done := make(chan error)
		go func() {
			_, err := v.Verify(t.Context(), token)
			done <- err
		}()
		synctest.Wait()

		v.SetSecrets([][]byte{[]byte("another secret")})

		if err := <-done; err != nil {
			t.Fatal(err)
		}
		wantRemembered(t, v, token, false)
	})
}

func TestTheMemoryIsBounded(t *testing.T) {
	m := newMemory()
	p := Principal{Subject: "ada", ExpiresAt: noon.Add(time.Hour)}
	for i := range rememberAtMost + 1 {
		m.remember(strconv.Itoa(i), p, noon)
	}
	if got := m.entries.Len(); got != rememberAtMost {
		t.Errorf("remembers %d tokens, want %d", got, rememberAtMost)
	}
	if _, ok := m.recall("0", noon); ok {
		t.Error("the oldest is still remembered")
	}
	if got, ok := m.recall("1", noon); !ok || got != p {
		t.Errorf("the next is %+v, %v", got, ok)
	}
}

func TestATokenTooLongIsNotEvenLookedFor(t *testing.T) {
	token := shared(t, claimsOf(nil))
	v := newVerifier(t, Config{MaxTokenBytes: len(token)})
	wantAccepted(t, v, token)
	wantRemembered(t, v, token, true)
	long := token + "A"
	v.secretSet.Load().memory.remember(long, Principal{Subject: "eve", ExpiresAt: noon.Add(time.Hour)}, noon)
	wantRemembered(t, v, long, false)
}

func TestSafeForConcurrentUse(t *testing.T) {
	server := newKeyServer(t, setOf(publicJWK(t, "k", ed25519Key())))
	v := newVerifier(t, Config{JWKSURL: server.URL})
	tokens := []string{shared(t, claimsOf(nil)), asymmetric(t, "EdDSA", "k", ed25519Key())}
	t.Run("crowd", func(t *testing.T) {
		for i := range 16 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for range 20 {
					wantAccepted(t, v, tokens[i%2])
					v.Remembered(tokens[i%2])
					if i == 0 {
						v.SetSecrets([][]byte{secret})
					}
				}
			})
		}
	})
	server.wantHits(t, 1)
}
