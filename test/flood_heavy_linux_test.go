//go:build heavy

package test

import (
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"todod/internal/redistest"
	"todod/test/tododtest"
)

// usedBy says how much a Redis holds.
func usedBy(t *testing.T, server *redistest.Server) string {
	t.Helper()
	info, infoErr := redis.String(server.Do(t, "INFO", "memory"))
	keys, sizeErr := redis.Int(server.Do(t, "DBSIZE"))
	used := regexp.MustCompile(`used_memory_human:(\S+)`).FindStringSubmatch(info)
	if infoErr != nil || sizeErr != nil || used == nil {
		t.Fatalf("%v, %v: %s", infoErr, sizeErr, info)
	}
	return fmt.Sprintf("; Redis has %d keys in %s", keys, used[1])
}

// floodGrowth is the most that a flood may add to a todod's memory, whatever it is made of: what limits remember, 100,000
// callers at most, and garbage that waits to be collected.
const floodGrowth = 80 << 20

// TestAFloodOfAddresses: bad tokens from very many addresses, half of them IPv6, none of which has its quota back before
// the end. Memory is bounded, somebody with a good token notices nothing, and somebody who tried a password before has not
// been forgotten.
func TestAFloodOfAddresses(t *testing.T) {
	for name, shared := range map[string]func(t *testing.T) (url string, used func() string){
		"memory": func(*testing.T) (string, func() string) { return "", func() string { return "" } },
		"redis": func(t *testing.T) (string, func() string) {
			server := redistest.Start(t)
			return server.URL, func() string { return usedBy(t, server) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			url, used := shared(t)
			env := append(limitedEnv(url), "RATE_LIMIT_AUTHENTICATED=600/m")
			p := tododtest.Start(t, folder, env...)
			idle := resident(t, p)
			ada := token(t, folder, env, "ada")
			signIn := visit{
				from: "192.0.2.1", method: "POST", path: "/api/auth/login", body: `{"email":"ada@example.com","password":"a guess"}`,
			}
			first, second := signIn.status(t, http.DefaultClient, p), signIn.status(t, http.DefaultClient, p)
			if first != http.StatusUnauthorized || second != http.StatusTooManyRequests {
				t.Fatalf("two sign-ins: %d and %d", first, second)
			}

			before := resetPeak(t, p.Process.Pid)
			over := make(chan struct{})
			good, began := 0, time.Now()
			var legitimate sync.WaitGroup
			legitimate.Go(func() {
				v := visit{from: "192.0.2.1", method: "GET", path: "/api/v1/tasks", token: ada}
				for {
					select {
					case <-over:
						return
					case <-time.After(150 * time.Millisecond): // a little less than the limit
					}
					if status := v.status(t, http.DefaultClient, p); status != http.StatusOK {
						t.Errorf("the legitimate user is answered with %d", status)
					}
					good++
				}
			})
			got := statuses(t, []*tododtest.Process{p}, floodAddresses, func(i int) visit {
				from := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
				if i%2 == 0 {
					from = fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff)
				}
				return visit{from: from, method: "GET", path: "/api/v1/tasks", token: "x.y.z"}
			})
			close(over)
			legitimate.Wait()

			took := time.Since(began)
			grown, stays := peak(t, p.Process.Pid)-before, resident(t, p)
			t.Logf("%d addresses in %.1f s: %d MB idle, %d MB after a sign-in, then %d MB at most, %d MB at the end; "+
				"%d requests of a legitimate user answered%s; %d decided without Redis", floodAddresses, took.Seconds(),
				idle>>20, before>>20, (before+grown)>>20, stays>>20, good, used(), logged([]*tododtest.Process{p}, redisSkipped))
			if got[http.StatusUnauthorized] != floodAddresses {
				t.Errorf("the flood was answered with %v", got)
			}
			if grown > floodGrowth {
				t.Errorf("todod grew by %d MB", grown>>20)
			}
			if good == 0 {
				t.Error("the legitimate user had no turn")
			}
			undisturbed(t, []*tododtest.Process{p}, func(int) (what string) {
				if status := signIn.status(t, http.DefaultClient, p); status != http.StatusTooManyRequests {
					return fmt.Sprintf("a sign-in after the flood is answered with %d", status)
				}
				return ""
			})
		})
	}
}
