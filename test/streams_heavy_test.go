//go:build heavy && linux

package test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"todod/test/tododtest"
)

// residentPages finds how much memory a process has, in kB.
var residentPages = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// resident returns how many bytes of memory p has.
func resident(t *testing.T, p *tododtest.Process) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	kB, err := strconv.Atoi(string(residentPages.FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kB << 10
}

// TestAThousandStreams: a change reaches all streams of its user and nobody else, and they take little memory, which is
// printed.
func TestAThousandStreams(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		const users, each = 100, 10
		p := tododtest.Start(t, folder, append(env, "BETTER_AUTH_SECRET="+manysSecret)...)
		tokens := make([]string, users)
		for i := range tokens {
			tokens[i] = signed(manysSecret, fmt.Sprintf("user%d", i))
		}
		create := func(user int) {
			t.Helper()
			resp, err := send(http.DefaultClient, http.MethodPost, p.URL+"/api/v1/tasks", tokens[user], `{"title":"x"}`)
			if err != nil || resp.StatusCode != http.StatusCreated {
				t.Fatal(resp, err)
			}
		}
		create(0)
		idle := resident(t, p)
		streams := make([][]*tododtest.Listener, users)
		for i := range streams {
			for range each {
				streams[i] = append(streams[i], mustListen(t, p.URL, tokens[i]))
			}
		}
		for range 4 { // heartbeats and collections of garbage: how it stays
			time.Sleep(stay / 4)
			t.Logf("%d streams: %.1f MiB over idle (%.1f MiB), %.1f KiB each", users*each, float64(resident(t, p)-idle)/(1<<20),
				float64(idle)/(1<<20), float64(resident(t, p)-idle)/(users*each)/(1<<10))
		}

		create(7)
		var all sync.WaitGroup
		for i, ofOne := range streams {
			if i != 7 {
				create(i) // the first that each hears of is their own
			}
			for _, l := range ofOne {
				all.Go(func() {
					want := "1"
					if i == 0 {
						want = "2"
					}
					if e, err := l.Next(); err != nil || e.ID != want || e.Name != "created" {
						t.Errorf("user%d: %+v, %v", i, e, err)
					}
				})
			}
		}
		all.Wait()
		t.Logf("after a change for each: %.1f MiB over idle", float64(resident(t, p)-idle)/(1<<20))
	})
}
