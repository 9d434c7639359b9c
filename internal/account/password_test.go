package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"todod/internal/todo"
)

// cheap are the least costs there are.
var cheap = argon2Params{memory: 8, time: 1, threads: 1}

// foreign are hashes that others made, with their passwords: better-auth 1.7.25 (hashPassword of better-auth/crypto),
// passlib 1.7.4 over bcrypt 3.2.2, that bcrypt itself, and argon2-cffi.
var foreign = []struct{ by, password, hash string }{
	{
		"better-auth", "correct horse",
		"8f00b3523ac356fbb7bf4c8879bf73b2:94b4b87cb4b5e8bdc893eacddef04234398f3614c7a8016d54448dd90d01a4fc1e6600a4b724d0d2faa93a27f60a2614c51867ca85e86c1de643b214d88ac7ca",
	},
	{
		"better-auth, normalising", "pa\u0308ssw\uff4frd \u2163",
		"7e57a3b7586d59813a0be2073367a5a0:ed547eb019097f3f14de02fc7cab7d7131e33d7d60b7514e80da0ae8c6a6089ed31228a891a5413808969f65960080588005fccca581f22d9240f7ebda14fbef",
	},
	{
		"better-auth, beyond the BMP", strings.Repeat("🔑", 8),
		"9e5a6666bc6435b77c5364e89a72aede:38fe42685209701cbaad77eda6ef6b3737676ac3cff12105b3b39f2027830f113cde2742d9880519ba357d0203cba92bcb9876a7aae8252c02a5addcd706cb69",
	},
	{"passlib", "correct horse", "$2b$04$xAInVcRLHgBQHQ29skrN7.KfBOiMUdyCk7DLhdb8K1BaVKGraYiPu"},
	{"passlib, beyond ASCII", "p\u00e4ssw\u00f6rd", "$2b$04$5wpfx6Q7hCx0bVN2lYRC8e1eTWfbeaTE9s1v./.9qBiu8L3tPYnUG"},
	{"passlib, cut off", strings.Repeat("\u00e9", 36) + "tail", "$2b$04$RQRGjAUTvRp7yFBboG6owORuJJgiqUwIPvIy7TGI1sMUopOR5c/Om"},
	{"passlib, 2y", "correct horse", "$2y$04$eBTQ9jZ8S8zJro2oIJjVluyz6bSO/bUrEI9uzMEhvTrBnNS6oxDRW"},
	{"bcrypt, 2a", "correct horse", "$2a$04$vwLikl6QMz4kdjAuhYu./eQxTqx8muxKz8CNIu2QRi1jeu8ZcRYbG"},
	{"argon2-cffi", "correct horse", "$argon2id$v=19$m=64,t=1,p=2$Q1/g0Q69ij5xzj1we4Jjyw$Z4tSnObGfkJEL9km+ug04w"},
}

func TestHashesOfOthersAreVerified(t *testing.T) {
	t.Parallel()
	p := newPasswords(cheap, 2)
	for _, f := range foreign {
		if !KnownHash(f.hash) || !p.NeedsUpgrade(f.hash) {
			t.Errorf("%s: known %v, needs upgrade %v", f.by, KnownHash(f.hash), p.NeedsUpgrade(f.hash))
		}
		for password, want := range map[string]bool{f.password: true, f.password[:len(f.password)/2]: false, "Correct horse": false, "": false} {
			if ok, err := p.Verify(t.Context(), f.hash, password, Client{}); ok != want || err != nil {
				t.Errorf("%s: %q gives %v, %v; want %v", f.by, password, ok, err, want)
			}
		}
	}
}

// TestBcryptForgetsWhatIsBeyond72Bytes, as the backend did that made such hashes: even in the middle of a letter.
func TestBcryptForgetsWhatIsBeyond72Bytes(t *testing.T) {
	t.Parallel()
	p := newPasswords(cheap, 2)
	const hash = "$2b$04$RQRGjAUTvRp7yFBboG6owORuJJgiqUwIPvIy7TGI1sMUopOR5c/Om"
	for password, want := range map[string]bool{
		strings.Repeat("\u00e9", 36): true, strings.Repeat("\u00e9", 36) + "another tail": true, strings.Repeat("\u00e9", 35) + "\u00c3": false,
		strings.Repeat("\u00e9", 35): false,
	} {
		if ok, err := p.Verify(t.Context(), hash, password, Client{}); ok != want || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
	}
}

func TestOurHashes(t *testing.T) {
	t.Parallel()
	p := newPasswords(cheap, 2)
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.String().Draw(t, "password")
		other := rapid.String().Filter(func(s string) bool { return norm.NFKC.String(s) != norm.NFKC.String(password) }).Draw(t, "other")
		hash, err := p.Hash(context.Background(), password, Client{})
		if err != nil || !KnownHash(hash) || p.NeedsUpgrade(hash) {
			t.Fatalf("%s, %v", hash, err)
		}
		for attempt, want := range map[string]bool{password: true, norm.NFD.String(password): true, other: false} {
			if ok, err := p.Verify(context.Background(), hash, attempt, Client{}); ok != want || err != nil {
				t.Fatalf("%q for %q: %v, %v", attempt, password, ok, err)
			}
		}
	})
	first, _ := p.Hash(t.Context(), "x", Client{})
	if second, _ := p.Hash(t.Context(), "x", Client{}); first == second {
		t.Error("two hashes have one salt")
	}
}

// TestTheParametersAreOWASPs: argon2id with 19 MiB, two passes, one thread; a hash with less is upgraded.
func TestTheParametersAreOWASPs(t *testing.T) {
	t.Parallel()
	p := NewPasswords()
	hash, err := p.Hash(t.Context(), "correct horse", Client{})
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || p.NeedsUpgrade(hash) {
		t.Errorf("%s, %v", hash, err)
	}
	if ok, err := p.Verify(t.Context(), hash, "correct horse", Client{}); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	for _, weaker := range []string{"m=19455,t=2,p=1", "m=19456,t=1,p=1", "m=19456,t=2,p=2"} {
		if !p.NeedsUpgrade(strings.Replace(hash, "m=19456,t=2,p=1", weaker, 1)) {
			t.Errorf("%s is good enough", weaker)
		}
	}
}

func TestWhatIsNoHash(t *testing.T) {
	t.Parallel()
	p := newPasswords(cheap, 1)
	good, err := p.Hash(t.Context(), "x", Client{})
	if err != nil {
		t.Fatal(err)
	}
	scrypt := foreign[0].hash
	for _, bad := range []string{
		"", "x", "plain text", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$$", strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "m=8", "m=0", 1), strings.Replace(good, "m=8", "m=08", 1),
		strings.Replace(good, "m=8", "m=4294967295", 1), strings.Replace(good, "t=1", "t=1000", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "p=1", "p=257", 1), good + "=", good + "$", good[:len(good)-10] + "!!!!!!!!!!",
		"$2b$31$xAInVcRLHgBQHQ29skrN7.KfBOiMUdyCk7DLhdb8K1BaVKGraYiPu", "$2x$04$xAInVcRLHgBQHQ29skrN7.KfBOiMUdyCk7DLhdb8K1BaVKGraYiPu",
		"$2b$04$short", scrypt[1:], scrypt[:len(scrypt)-2], strings.Replace(scrypt, ":", "", 1), strings.Replace(scrypt, "8f", "zz", 1),
		"pbkdf2_sha256$600000$salt$key",
	} {
		if ok, err := p.Verify(t.Context(), bad, "x", Client{}); ok || err != nil || KnownHash(bad) || !p.NeedsUpgrade(bad) {
			t.Errorf("%q: verified %v, %v; known %v", bad, ok, err, KnownHash(bad))
		}
	}
	if ok, err := p.Verify(t.Context(), p.nobody.String(), "", Client{}); ok || err != nil {
		t.Errorf("nobody has a password: %v, %v", ok, err)
	}
}

// FuzzParseHash: no text makes the parser fail otherwise than by refusing, or cost more than a server can afford.
func FuzzParseHash(f *testing.F) {
	for _, known := range foreign {
		f.Add(known.hash)
		wrapped, err := newPasswords(cheap, 1).Wrap(f.Context(), known.hash)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wrapped)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, ok := parseHash(s)
		a, isArgon2 := h.(argon2Hash)
		if w, ok := h.(wrappedHash); ok {
			if w.String() != s {
				t.Errorf("%q is read as %q", s, w)
			}
			a, isArgon2, s = w.outer, true, w.outer.String()
		}
		if ok && isArgon2 && (a.String() != s || a.params.memory > maxMemory || a.params.time > maxTime || a.params.threads > maxThreads) {
			t.Errorf("%q is read as %+v", s, a)
		}
	})
}

// TestHashesWaitForTheirTurn: no more run at once than there are slots, and who waits leaves with their context.
func TestHashesWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	p := newPasswords(cheap, 2)
	var mu sync.Mutex
	var running, most int
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			err := p.inTurn(t.Context(), from(fmt.Sprintf("10.0.%d.1", i%2)), func() {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				running--
				mu.Unlock()
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most != 2 || p.line.waits != 0 {
		t.Errorf("%d ran at once, %d wait still", most, p.line.waits)
	}

	release := p.Occupy()
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { _, err := p.Hash(ctx, "x", Client{}); left <- err }()
	cancel()
	if err := <-left; todo.CodeOf(err) != todo.Unavailable || !errors.Is(err, context.Canceled) || p.line.waits != 0 {
		t.Errorf("who left got %v; %d wait still", err, p.line.waits)
	}
}

// from returns a client at an address.
func from(address string) Client { return Client{Address: address} }

// TestALongQueueIsUnavailable: whoever comes then is told when to come again, at once.
func TestALongQueueIsUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords(cheap, 1)
		release := p.Occupy()
		var all sync.WaitGroup
		for i := range maxWaiting {
			all.Go(func() {
				if _, err := p.Verify(t.Context(), "", "x", from(fmt.Sprintf("10.0.%d.1", i%4))); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ok, err := p.Verify(t.Context(), foreign[3].hash, foreign[3].password, from("10.0.0.2"))
		var refused *todo.Error
		if ok || !errors.As(err, &refused) || refused.Code != todo.Unavailable || refused.RetryAfter <= 0 {
			t.Errorf("%v, %v", ok, err)
		}
		release()
		all.Wait()
		if ok, err := p.Verify(t.Context(), foreign[3].hash, foreign[3].password, from("10.0.0.2")); !ok || err != nil {
			t.Errorf("afterwards: %v, %v", ok, err)
		}
	})
}

// TestNeighboursWaitForEachOther: twelve addresses of one network that have very much hashed at once keep nobody else from
// signing in, and have half of all places at most.
func TestNeighboursWaitForEachOther(t *testing.T) {
	t.Parallel()
	for name, neighbour := range map[string]string{"IPv4": "192.0.2.%d", "IPv6": "2001:db8:0:%d::1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPasswords(cheap, 2)
				release := p.Occupy()
				var others, neighbours sync.WaitGroup
				var served, refused atomic.Int32
				for i := range 12 * maxWaiting {
					neighbours.Go(func() {
						_, err := p.Verify(t.Context(), "", "x", from(fmt.Sprintf(neighbour, 1+i%12)))
						if served.Add(1); err != nil {
							refused.Add(1)
						}
					})
				}
				synctest.Wait()
				if want := int32(12*maxWaiting - maxWaiting/2); refused.Load() != want {
					t.Errorf("%d of the neighbours were refused, want %d", refused.Load(), want)
				}
				for i := range maxWaiting - 1 {
					others.Go(func() {
						if _, err := p.Verify(t.Context(), "", "x", from(fmt.Sprintf("198.51.%d.1", i))); err != nil {
							t.Errorf("somebody elsewhere is refused: %v", err)
						}
					})
				}
				synctest.Wait()
				release()
				others.Wait()
				neighbours.Wait()
			})
		})
	}
}

// A slowHash is one of no password that takes so long to compare.
type slowHash time.Duration

// matches implements passwordHash.
func (h slowHash) matches(string) bool {
	time.Sleep(time.Duration(h))
	return false
}

// TestARefusedSignInLastsAsLongAsAnyOther: whoever made the hash, and without any. What a good password gets is not kept
// back.
func TestARefusedSignInLastsAsLongAsAnyOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords(cheap, 1)
		takes := func(hash passwordHash, want time.Duration) {
			t.Helper()
			start := time.Now()
			if ok, err := p.signIn(t.Context(), hash, Try{Password: "wrong", Began: start}); ok || err != nil || time.Since(start) != want {
				t.Errorf("%T: %v, %v after %v, want %v", hash, ok, err, time.Since(start), want)
			}
		}
		for _, by := range []string{"passlib", "better-auth", "argon2-cffi"} {
			hash, password := ForeignHash(by)
			hash, err := p.Wrap(t.Context(), hash)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if ok, err := p.VerifySignIn(t.Context(), hash, Try{Password: password, Began: start}); !ok || err != nil || time.Since(start) != 0 {
				t.Errorf("%s: %v, %v after %v", by, ok, err, time.Since(start))
			}
			if ok, err := p.VerifySignIn(t.Context(), hash, Try{Password: "wrong", Began: start}); ok || err != nil || time.Since(start) != leastRefusal {
				t.Errorf("%s: %v, %v after %v", by, ok, err, time.Since(start))
			}
		}
		takes(p.nobody, leastRefusal)
		takes(noHash{}, leastRefusal)
		takes(slowHash(leastRefusal/2), leastRefusal)
		takes(slowHash(3*time.Second), 3*time.Second)
		takes(p.nobody, 3*time.Second) // as long as what was dearer than all before
		takes(slowHash(time.Minute), time.Minute)
		takes(p.nobody, mostRefusal)
	})
}

// TestARefusedSignInWaitsAside: nobody waits for it, and it ends with its caller, as the refusal that it is.
func TestARefusedSignInWaitsAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords(cheap, 1)
		start := time.Now()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if ok, err := p.VerifySignIn(t.Context(), "", Try{Began: start}); ok || err != nil {
					t.Errorf("%v, %v", ok, err)
				}
			})
		}
		all.Wait()
		if waited := time.Since(start); waited != leastRefusal {
			t.Errorf("20 at once took %v", waited)
		}
		ctx, leave := context.WithTimeout(t.Context(), leastRefusal/4)
		defer leave()
		start = time.Now()
		if ok, err := p.VerifySignIn(ctx, "", Try{Began: start}); ok || err != nil || time.Since(start) != leastRefusal/4 {
			t.Errorf("who left got %v, %v after %v", ok, err, time.Since(start))
		}
	})
}
