package account

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// mustSealer returns a sealer under these secrets.
func mustSealer(t testing.TB, secrets ...string) *sealer {
	t.Helper()
	var all [][]byte
	for _, secret := range secrets {
		all = append(all, []byte(secret))
	}
	s, err := newSealer(all)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASealOpensForItsSessionAlone(t *testing.T) {
	t.Parallel()
	s := mustSealer(t, strings.Repeat("a", 32))
	rapid.Check(t, func(t *rapid.T) {
		owner, session, text := rapid.String().Draw(t, "owner"), rapid.String().Draw(t, "session"), rapid.String().Draw(t, "text")
		sealed := s.seal(todo.UserID(owner), session, text)
		if got, err := s.open(todo.UserID(owner), session, sealed); err != nil || got != text {
			t.Fatalf("got %q, %v", got, err)
		}
		other, another := rapid.String().Draw(t, "other"), rapid.String().Draw(t, "another")
		if other == owner && another == session {
			return
		}
		if got, err := s.open(todo.UserID(other), another, sealed); err == nil {
			t.Fatalf("it opens for another: %q", got)
		}
	})
}

// TestASealBindsWhereOwnerAndSessionMeet: the two are told apart, wherever one ends and the other begins.
func TestASealBindsWhereOwnerAndSessionMeet(t *testing.T) {
	t.Parallel()
	s := mustSealer(t, "secret")
	if _, err := s.open("a", "bc", s.seal("ab", "c", "token")); err == nil {
		t.Error("it opens")
	}
}

func TestASealThatWasTouchedDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := mustSealer(t, "secret")
	sealed := s.seal("ada", "s1", "token")
	for i := range sealed {
		touched := bytes.Clone(sealed)
		touched[i] ^= 1
		if _, err := s.open("ada", "s1", touched); err == nil {
			t.Errorf("byte %d doesn't matter", i)
		}
	}
	for n := range sealed {
		if _, err := s.open("ada", "s1", sealed[:n]); err == nil {
			t.Errorf("%d bytes are enough", n)
		}
	}
	if bytes.Contains(sealed, []byte("token")) || bytes.Equal(sealed, s.seal("ada", "s1", "token")) {
		t.Error("the token can be seen, or that it is the same")
	}
}

func TestSealsSurviveARotationOfSecrets(t *testing.T) {
	t.Parallel()
	old, both, now := mustSealer(t, "old"), mustSealer(t, "new", "old"), mustSealer(t, "new")
	before := old.seal("ada", "s1", "token")
	if got, err := both.open("ada", "s1", before); err != nil || got != "token" {
		t.Errorf("the old secret still counts: %q, %v", got, err)
	}
	if got, err := now.open("ada", "s1", both.seal("ada", "s1", "token")); err != nil || got != "token" {
		t.Errorf("the first secret seals: %q, %v", got, err)
	}
	if _, err := now.open("ada", "s1", before); err == nil {
		t.Error("a secret that is gone still opens")
	}
	if _, err := newSealer(nil); err == nil {
		t.Error("it seals without a secret")
	}
}
