//go:build figures

package account_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"todod/internal/account"
	"todod/internal/todo"
)

// How many sign-ins of each kind TestRefusalsCannotBeToldApart tries, so many of them at once, and how improbable it may be
// that the times of two kinds are of one distribution.
const (
	triesOfEach  = 200
	triesAtOnce  = 4
	alphaOfTries = 0.001

	// refusalOfTries is how long refusals last at the least, which is twice what the dearest of these checks takes: a second
	// would only take longer. On a busy machine they last as long as the longest check at the beginning.
	refusalOfTries = 600 * time.Millisecond
)

// TestRefusalsCannotBeToldApart by the time that they take: a wrong password of an account whose hash is ours, of accounts
// that were imported with bcrypt at a cost of 12 and with Better Auth's scrypt, as they are and wrapped, and an address that
// nobody has. Each two of them are compared by the test of Kolmogorov and Smirnov. That they could be told apart without
// the rule that a refusal lasts as long as any other is shown by the same comparison.
func TestRefusalsCannotBeToldApart(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		passwords := account.NewPasswords()
		local := account.NewLocal(account.NewSessions(store, mint, time.Now, secrets("a secret"), nil), passwords)
		emails := map[string]string{"nobody": "nobody@example.com"}
		add := func(kind, hash string, err error) {
			t.Helper()
			p := account.Person{ID: todo.UserID(kind), Email: fmt.Sprintf("%d@example.com", len(emails)), Name: "x", CreatedAt: time.UnixMicro(0)}
			if err == nil {
				err = store.CreateAccount(t.Context(), account.Account{Person: p, PasswordHash: hash}, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			emails[kind] = p.Email
		}
		ours, err := passwords.Hash(t.Context(), password, account.Client{})
		add("argon2id", ours, err)
		bcrypted, err := bcrypt.GenerateFromPassword([]byte(password), 12)
		add("bcrypt", string(bcrypted), err)
		scrypted, _ := account.ForeignHash("better-auth")
		add("scrypt", scrypted, nil)
		for kind, hash := range map[string]string{"bcrypt, wrapped": string(bcrypted), "scrypt, wrapped": scrypted} {
			wrapped, err := passwords.Wrap(t.Context(), hash)
			add(kind, wrapped, err)
		}

		passwords.RefuseAfter(refusalOfTries)
		for range triesAtOnce {
			timeOf(t, local, emails["bcrypt, wrapped"])
		}
		took := timesOf(t, local, emails)
		kinds := slices.Sorted(maps.Keys(took))
		for i, a := range kinds {
			t.Logf("%-16s median %v, 1st and 99th percentile %v and %v", a, at(took[a], 0.5), at(took[a], 0.01), at(took[a], 0.99))
			for _, b := range kinds[:i] {
				if p := sameDistribution(took[a], took[b]); p < alphaOfTries {
					t.Errorf("%s and %s can be told apart: p = %.2g", a, b, p)
				} else {
					t.Logf("%-16s %-16s p = %.3f", a, b, p)
				}
			}
		}
		if t.Failed() {
			return
		}

		check := map[string][]time.Duration{}
		for range 20 {
			for _, kind := range []string{"argon2id", "bcrypt, wrapped"} {
				passwords.RefuseAfter(0)
				check[kind] = append(check[kind], timeOf(t, local, emails[kind]))
			}
		}
		if p := sameDistribution(check["argon2id"], check["bcrypt, wrapped"]); p >= alphaOfTries {
			t.Errorf("what makes refusals alike is not noticed when it is missing: p = %.2g", p)
		}
	})
}

// timesOf returns how long sign-ins with a wrong password take, by what the accounts are; all kinds come at all times.
func timesOf(t *testing.T, local *account.Local, emails map[string]string) map[string][]time.Duration {
	t.Helper()
	tries := make(chan string, triesOfEach*len(emails))
	for range triesOfEach {
		kinds := slices.Collect(maps.Keys(emails))
		rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, kind := range kinds {
			tries <- kind
		}
	}
	close(tries)
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	var all sync.WaitGroup
	for range triesAtOnce {
		all.Go(func() {
			for kind := range tries {
				d := timeOf(t, local, emails[kind])
				mu.Lock()
				took[kind] = append(took[kind], d)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return took
}

// timeOf returns how long a sign-in with a wrong password takes.
func timeOf(t *testing.T, local *account.Local, email string) time.Duration {
	t.Helper()
	start := time.Now()
	_, err := local.Login(t.Context(), email, "wrong", here)
	took := time.Since(start)
	if todo.CodeOf(err) != todo.Unauthenticated {
		t.Error(err)
	}
	return took
}

// at returns the quantile of times at q, from 0 to 1.
func at(times []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[int(q*float64(len(sorted)-1))]
}

// sameDistribution returns how probable it is, at the least, that two samples of one distribution differ as much as these:
// the p of the two-sample test of Kolmogorov and Smirnov, by its asymptotic form, which is good from some 20 values on.
func sameDistribution(a, b []time.Duration) float64 {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	n, m := float64(len(a)), float64(len(b))
	var i, j int
	var most float64
	for i < len(a) && j < len(b) {
		next := min(a[i], b[j])
		for i < len(a) && a[i] == next {
			i++
		}
		for j < len(b) && b[j] == next {
			j++
		}
		most = max(most, math.Abs(float64(i)/n-float64(j)/m))
	}
	root := math.Sqrt(n * m / (n + m))
	x := (root + 0.12 + 0.11/root) * most // as Stephens (1970) corrects it for small samples
	if x < 0.2 {
		return 1 // where the series doesn't converge
	}
	var p float64
	for k := range 100 {
		sign := float64(1 - 2*(k%2))
		p += 2 * sign * math.Exp(-2*x*x*float64((k+1)*(k+1)))
	}
	return min(max(p, 0), 1)
}

// TestTheTestOfDistributions: it takes samples of one distribution for that nearly always, and others for others.
func TestTheTestOfDistributions(t *testing.T) {
	t.Parallel()
	draw := func(shift float64) (times []time.Duration) {
		for range triesOfEach {
			times = append(times, time.Duration(1e6*(rand.ExpFloat64()+shift)))
		}
		return times
	}
	alike, apart := 0, 0
	const rounds = 2000
	for range rounds {
		if sameDistribution(draw(0), draw(0)) < 0.05 {
			alike++
		}
		if sameDistribution(draw(0), draw(0.5)) < alphaOfTries {
			apart++
		}
	}
	if alike > rounds*7/100 || alike < rounds*3/100 || apart < rounds*99/100 {
		t.Errorf("of %d, %d alike are taken for others at 5 %%, %d others are found", rounds, alike, apart)
	}
}
