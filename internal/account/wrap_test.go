package account

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
	"pgregory.net/rapid"
)

// TestHashesOfOthersAreWrapped: what is stored has nothing any more that a password can be tried with more cheaply than
// before, and the password that was good still is.
func TestHashesOfOthersAreWrapped(t *testing.T) {
	t.Parallel()
	p := newPasswords(cheap, 2)
	for _, f := range foreign {
		wrapped, err := p.Wrap(t.Context(), f.hash)
		if err != nil || !KnownHash(wrapped) || !p.NeedsUpgrade(wrapped) || len(wrapped) > 512 {
			t.Errorf("%s: %s, %v", f.by, wrapped, err)
		}
		if f.by == "argon2-cffi" {
			if wrapped != f.hash {
				t.Errorf("argon2id was wrapped: %s", wrapped)
			}
			continue
		}
		if key := f.hash[len(f.hash)-31:]; strings.Contains(wrapped, key) {
			t.Errorf("%s: %s has the old key", f.by, wrapped)
		}
		for password, want := range map[string]bool{f.password: true, f.password[:len(f.password)/2]: false, "Correct horse": false, "": false} {
			if ok, err := p.Verify(t.Context(), wrapped, password, Client{}); ok != want || err != nil {
				t.Errorf("%s: %q gives %v, %v; want %v", f.by, password, ok, err, want)
			}
		}
		if again, err := p.Wrap(t.Context(), wrapped); again != wrapped || err != nil {
			t.Errorf("%s: wrapped twice: %s, %v", f.by, again, err)
		}
		other, _ := p.Wrap(t.Context(), f.hash)
		if other == wrapped {
			t.Errorf("%s: two have one salt", f.by)
		}
		for _, bad := range []string{
			wrapped + "0", wrapped[:len(wrapped)-1], wrapped[1:], strings.Replace(wrapped, "m=8", "m=08", 1),
			strings.Replace(wrapped, "m=8", "m=4294967295", 1), strings.Replace(wrapped, "-bcrypt", "-scrypt", 1) + "x",
			strings.Replace(wrapped, "-bcrypt", "-md5", 1) + "$", wrapped[:strings.LastIndexByte(wrapped, '$')+1],
			strings.Replace(wrapped, "$2b$04$", "$2b$31$", 1) + ".",
		} {
			if ok, err := p.Verify(t.Context(), bad, f.password, Client{}); ok || err != nil || KnownHash(bad) {
				t.Errorf("%s: %q is known: %v, %v", f.by, bad, ok, err)
			}
		}
	}
	if same, err := p.Wrap(t.Context(), "no hash"); same != "no hash" || err != nil {
		t.Errorf("%q, %v", same, err)
	}
}

// TestOurBcryptIsBcrypt: the key that is made of a password is the one that package bcrypt makes.
func TestOurBcryptIsBcrypt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.String().Draw(t, "password")
		hash, err := bcrypt.GenerateFromPassword([]byte(cutForBcrypt(password)), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		h := bcryptHash(hash)
		settings, key := h.split()
		if got := h.derive(password); !bytes.Equal(got, key) {
			t.Fatalf("%q: %s, want %s", password, got, key)
		}
		inner, ok := parseBcryptSettings(settings)
		if !ok || !bytes.Equal(inner.derive(password), key) {
			t.Fatalf("%q is not gone on from", settings)
		}
	})
	dear, err := bcrypt.GenerateFromPassword([]byte("x"), 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, key := bcryptHash(dear).split(); !bytes.Equal(bcryptHash(dear).derive("x"), key) {
		t.Error("another cost gives another key")
	}
	for range 100 {
		if h, ok := parseBcryptSettings(rand.Text()); ok {
			t.Errorf("%v is read", h)
		}
	}
}
