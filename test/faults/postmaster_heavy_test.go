//go:build heavy

package faults

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/test/tododtest"
)

// TestPostmasterSIGKILL kills PostgreSQL under load again and again. Meanwhile todod says 503 and stays alive; it is back
// within the promised time after the database is, and nothing acknowledged is lost or done twice.
func TestPostmasterSIGKILL(t *testing.T) {
	t.Parallel()
	database := pgtest.Start(t)
	p := tododtest.Start(t, t.TempDir(), environment(database.URL)...)
	url := func() string { return p.URL }
	l := startLoad(t, url)
	probe := newClient(t, "probe", url)
	var back []time.Duration
	for range postmasters {
		l.wait(t, 20)
		time.Sleep(rand.N(100 * time.Millisecond))
		database.Kill(t)
		probe.get(t, "/health/liveness")
		untilLater(t, probe)
		database.Restart(t)
		there := time.Now()
		probe.untilAnswered(t, request{method: http.MethodPost, path: "/api/v1/tasks", body: `{"title":"back"}`, key: there.Format("150405.000000")})
		back = append(back, time.Since(there))
	}
	l.wait(t, 20)
	l.stopAndCheck(t)
	if made := len(probe.all(t)); made != postmasters {
		t.Errorf("the probe has %d tasks", made)
	}
	t.Logf("back after %v", back)
	if slices.Max(back) > 5*time.Second {
		t.Errorf("back only after %v", slices.Max(back))
	}
	for line := range strings.Lines(p.Out.String()) {
		if strings.Contains(line, `"status_code":500`) {
			t.Errorf("todod logged %s", line)
		}
	}
}

// untilLater reads until todod says that the database is away: the processes of a killed PostgreSQL go on for a moment.
func untilLater(t *testing.T, c *client) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		a, err := c.send(request{method: http.MethodGet, path: "/api/v1/tasks"})
		if a.later() {
			return
		}
		if err != nil || a.status != http.StatusOK || time.Now().After(deadline) {
			t.Fatalf("without a database, status %d, %v: %s", a.status, err, a.body)
		}
	}
}
