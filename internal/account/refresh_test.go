package account

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// anyOwner draws a user id.
func anyOwner() *rapid.Generator[todo.UserID] {
	return rapid.Map(rapid.StringN(1, 255, 255).Filter(todo.ValidID),
		func(s string) todo.UserID { return todo.UserID(s) })
}

func TestARefreshTokenIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		token := newRefreshToken(anyOwner().Draw(t, "owner"))
		got, ok := parseRefreshToken(token.String())
		if !ok || got != token {
			t.Fatalf("%s: got %+v, %v; want %+v", token, got, ok, token)
		}
		next := token.next([]byte("a secret"))
		if next != token.next([]byte("a secret")) || next == token.next([]byte("another secret")) {
			t.Fatal("what comes next does not follow from the token and the secret")
		}
		if next.sessionID() != token.sessionID() || next.String() == token.String() || bytes.Equal(next.hash(), token.hash()) {
			t.Fatalf("after %s comes %s", token, next)
		}
		if other := newRefreshToken(token.owner); other.sessionID() == token.sessionID() {
			t.Fatalf("two sessions are called %s", other.sessionID())
		}
	})
}

// TestARefreshTokenHasOneSpelling, and so has a ticket.
func TestARefreshTokenHasOneSpelling(t *testing.T) {
	t.Parallel()
	good := newRefreshToken("ada").String()
	secret := strings.TrimPrefix(good, "YWRh.")
	if len(secret) != 43 || len(newRefreshToken(todo.UserID(strings.Repeat("x", 255))).String()) != maxOwnedSecret {
		t.Fatalf("%s has another form than it is said to have", good)
	}
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", good[len(good)-1])
	for name, bad := range map[string]string{
		"nothing":                   "",
		"no owner":                  "." + secret,
		"no secret":                 "YWRh.",
		"no dot":                    "YWRh" + secret,
		"two dots":                  good + ".",
		"a line break":              "YW\nRh." + secret,
		"a line break at the end":   good + "\n",
		"padding":                   good + "=",
		"a space":                   " " + good,
		"stray bits in the secret":  good[:len(good)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last|1]),
		"stray bits in the owner":   "YWR=." + secret,
		"a short secret":            good[:len(good)-1],
		"a long secret":             good + "A",
		"the other base64 alphabet": "YWRh." + strings.Repeat("+", 43),
		"an owner with a NUL":       "AA." + secret,
		"an owner that is not text": "_w." + secret,
		"an owner of 256 bytes":     base64url.EncodeToString(bytes.Repeat([]byte("x"), 256)) + "." + secret,
	} {
		if got, ok := parseRefreshToken(bad); ok {
			t.Errorf("%s: %q is read as %+v", name, bad, got)
		}
		if owner, _, ok := ParseTicket(bad); ok {
			t.Errorf("%s: %q is read as a ticket of %s", name, bad, owner)
		}
	}
}

// FuzzParseRefreshToken: what is read at all is written the same way again.
func FuzzParseRefreshToken(f *testing.F) {
	f.Add(newRefreshToken("ada").String())
	f.Add("YWRh." + strings.Repeat("A", 43))
	f.Add("YWRh\n." + strings.Repeat("A", 43))
	f.Add(strings.Repeat("A", 340) + "." + strings.Repeat("_", 43))
	f.Fuzz(func(t *testing.T, s string) {
		token, ok := parseRefreshToken(s)
		if ok && (token.String() != s || !todo.ValidID(string(token.owner))) {
			t.Errorf("%q is read as %+v", s, token)
		}
	})
}
