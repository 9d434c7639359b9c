//go:build heavy

package betterauth

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"todod/internal/betterauthtest"
	"todod/test/tododtest"
)

// useAtOnce has a user fetch a token and make a task with it that very moment. It may be called from any goroutine.
func useAtOnce(t *testing.T, todod *tododtest.Process, user *betterauthtest.User) {
	token, err := user.JWT()
	if err != nil {
		t.Errorf("no token: %v", err)
		return
	}
	got, err := send(todod, token, http.MethodPost, "/api/v1/tasks", `{"title":"now"}`)
	if err != nil || got.status != http.StatusCreated {
		t.Errorf("a fresh token: %d %s %v", got.status, got.body, err)
	}
}

// TestTenFirstRequestsAtOnce: an instance that has no key yet makes one for each of those who want a token before the
// first is stored, so that the first tokens ever have several kids, the last of which may come into being after todod has
// asked for the keys once or twice.
func TestTenFirstRequestsAtOnce(t *testing.T) {
	t.Parallel()
	server := betterauthtest.Start(t)
	// A key for RS256 takes so long to make that nobody finds another's; one for EdDSA is sometimes there in time.
	for name, least := range map[string]int{"default": 1, "rs256": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instance := server.Instance(t, name)
			todod := serve(t, instance)
			users := make([]*betterauthtest.User, 10)
			for i := range users {
				users[i] = instance.SignUp(t, address("ada"))
			}
			var first sync.WaitGroup
			for _, user := range users {
				first.Go(func() { useAtOnce(t, todod, user) })
			}
			first.Wait()
			if keys := instance.State(t).Keys; len(keys) < least {
				t.Errorf("this tested nothing: the keys are %v, want %d or more", keys, least)
			}
		})
	}
}

// TestKeysRotateWhileRequestsRun: of those who use their tokens while Better Auth changes its keys, none is refused: not
// the ones with the newest key, nor the ones with an old one.
func TestKeysRotateWhileRequestsRun(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "rotating")
	todod := serve(t, instance)
	oldest, asOld := ofOneKey(t, instance)
	want(t, todod, oldest.token, http.MethodGet, "/api/v1/tasks", "", http.StatusOK, nil)
	const rotations = 5
	done := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		user := instance.SignUp(t, address("ada"))
		clients.Go(func() {
			for !t.Failed() {
				select {
				case <-done:
					return
				default:
					useAtOnce(t, todod, user)
				}
			}
		})
	}
	for deadline := time.Now().Add(time.Minute); !t.Failed() && len(instance.State(t).Keys) <= rotations; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("the keys do not rotate")
			break
		}
	}
	close(done)
	clients.Wait()
	want(t, todod, asOld.token, http.MethodGet, "/api/v1/tasks", "", http.StatusOK, nil)
}

// TestBetterAuthGoesAwayAndComesBack: while it is away, those whose key todod has go on; of a token whose key it can't
// have it says neither yes nor no. Afterwards all is as before.
func TestBetterAuthGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "rotating")
	knowing, fresh := serve(t, instance), serve(t, instance)
	first, second := ofOneKey(t, instance)
	canWork(t, knowing, first.token, first.user.ID)
	newer := must(t, func() (string, error) { return withAnotherKey(first) })

	instance.Stop(t)
	canWork(t, knowing, second.token, second.user.ID)
	away(t, knowing, newer)
	away(t, fresh, first.token)
	want(t, fresh, "no.token.", http.MethodGet, "/api/v1/tasks", "", http.StatusUnauthorized, nil)
	want(t, fresh, "", http.MethodGet, "/health/readiness", "", http.StatusOK, nil)

	instance.Resume(t)
	for _, todod := range []*tododtest.Process{knowing, fresh} {
		back(t, todod, newer)
		canWork(t, todod, newer, first.user.ID)
		canWork(t, todod, second.token, second.user.ID)
	}
}

// A bearer is a user with a token.
type bearer struct {
	user  *betterauthtest.User
	token string
}

// ofOneKey returns two users whose tokens have one key, so that the second's shows that the key is known: todod remembers
// tokens, too, but this one it has not met.
func ofOneKey(t *testing.T, instance *betterauthtest.Instance) (first, second bearer) {
	t.Helper()
	first.user, second.user = instance.SignUp(t, address("ada")), instance.SignUp(t, address("bob"))
	for first.token == "" || kid(first.token) != kid(second.token) {
		first.token, second.token = must(t, first.user.JWT), must(t, second.user.JWT)
	}
	return first, second
}

// withAnotherKey fetches tokens until one has another key than b's.
func withAnotherKey(b bearer) (string, error) {
	for {
		another, err := b.user.JWT()
		if err != nil || kid(another) != kid(b.token) {
			return another, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// away looks whether todod answers that it can't say whether a token is good.
func away(t *testing.T, todod *tododtest.Process, token string) {
	t.Helper()
	var problem struct {
		Code string `json:"error_code"`
	}
	got := must(t, func() (answer, error) { return send(todod, token, http.MethodGet, "/api/v1/tasks", "") })
	decode(t, got.body, &problem)
	if got.status != http.StatusServiceUnavailable || problem.Code != "SERVICE_UNAVAILABLE" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s, want 503 with Retry-After", got.status, got.header, got.body)
	}
}

// back waits until todod takes a token.
func back(t *testing.T, todod *tododtest.Process, token string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		got := must(t, func() (answer, error) { return send(todod, token, http.MethodGet, "/api/v1/tasks", "") })
		if got.status == http.StatusOK {
			return
		}
		if got.status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			t.Fatalf("Better Auth is back and todod answers %d %s", got.status, got.body)
		}
	}
}
