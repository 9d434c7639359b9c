package ratelimit_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"todod/internal/ratelimit"
	"todod/internal/ratelimit/ratelimittest"
	"todod/internal/redistest"
)

// newRedis returns a source in the Redis at url that ends with t. A nil now is Redis's own clock.
func newRedis(t *testing.T, url string, now func() time.Time) *ratelimit.Redis {
	t.Helper()
	r, err := ratelimit.NewRedis(url)
	if err != nil {
		t.Fatal(err)
	}
	r.SetNow(now)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// mustTake takes n under key and ends the test when the source can't decide.
func mustTake(t *testing.T, s ratelimit.Source, key string, rate ratelimit.Rate, n int) ratelimit.Decision {
	t.Helper()
	d, err := s.Take(t.Context(), key, rate, n)
	if err != nil {
		t.Fatalf("take %d of %q: %v", n, key, err)
	}
	return d
}

func TestRedis(t *testing.T) {
	t.Parallel()
	ratelimittest.Run(t, func(t *testing.T, now func() time.Time) ratelimit.Source {
		return newRedis(t, redistest.Start(t).URL, now)
	})
}

// TestRedisDecidesAsRateTakeDoes: to the nanosecond, for rates whose quota does not divide the window, whatever the time.
func TestRedisDecidesAsRateTakeDoes(t *testing.T) {
	t.Parallel()
	at := start
	r := newRedis(t, redistest.Start(t).URL, func() time.Time { return at })
	for i, rate := range []ratelimit.Rate{
		{Quota: 7, Window: time.Second}, {Quota: 1, Window: time.Hour}, {Quota: 1_000_000, Window: time.Second},
		{Quota: 999_999, Window: time.Hour}, {Quota: 600, Window: time.Minute},
	} {
		var tat time.Time
		key := fmt.Sprint(i)
		for step, n := range []int{1, 0, rate.Quota, rate.Quota - 1, 1, 1, rate.Quota + 1, 2, 0} {
			at = at.Add(time.Duration(step*step) * 1_234_567)
			var want ratelimit.Decision
			tat, want = rate.Take(tat, at, n)
			if got := mustTake(t, r, key, rate, n); got != want {
				t.Errorf("%+v, step %d: got %+v, want %+v", rate, step, got, want)
			}
		}
	}
}

// TestRedisClockSetBackShutsNobodyOutForLongerThanTheWindow: Redis's clock knows no other, unlike a process's.
func TestRedisClockSetBackShutsNobodyOutForLongerThanTheWindow(t *testing.T) {
	t.Parallel()
	at := start
	r := newRedis(t, redistest.Start(t).URL, func() time.Time { return at })
	rate := ratelimit.Rate{Quota: 3, Window: 30 * time.Second}
	for _, n := range []int{0, 1} {
		key := fmt.Sprint("asking for ", n)
		at = start
		mustTake(t, r, key, rate, 3)
		at = start.Add(-24 * time.Hour)
		if d := mustTake(t, r, key, rate, n); d.Allowed || d.RetryAfter != rate.Window {
			t.Errorf("%s: a day earlier: %+v", key, d)
		}
		at = at.Add(rate.Window)
		if d := mustTake(t, r, key, rate, 1); !d.Allowed {
			t.Errorf("%s: a window later: %+v", key, d)
		}
	}
}

// TestRedisKeysEndWhenTheQuotaIsBack: by Redis's own clock, and they tell nothing.
func TestRedisKeysEndWhenTheQuotaIsBack(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	r := newRedis(t, server.URL, nil)
	size := func() int {
		t.Helper()
		n, err := redis.Int(server.Do(t, "DBSIZE"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	rate := ratelimit.Rate{Quota: 100, Window: time.Hour}

	if d := mustTake(t, r, "user:ada", rate, 0); d.Remaining != 100 || size() != 0 {
		t.Errorf("asking: %+v, %d keys", d, size())
	}
	if d := mustTake(t, r, "user:ada", rate, 3); d.Remaining != 97 || d.Reset != 108*time.Second {
		t.Errorf("taking: %+v", d)
	}

	keys, err := redis.Strings(server.Do(t, "KEYS", "*"))
	if err != nil || len(keys) != 1 || !strings.HasPrefix(keys[0], "todod:limit:") || strings.ContainsAny(keys[0], "{}") || strings.Contains(keys[0], "ada") {
		t.Fatalf("keys %q", keys)
	}
	if ttl, err := redis.Int(server.Do(t, "PTTL", keys[0])); err != nil || ttl <= 0 || ttl > 108_000 {
		t.Errorf("the key lasts for %d ms, %v", ttl, err)
	}
	rate = ratelimit.Rate{Quota: 100, Window: time.Second}
	mustTake(t, r, "user:bob", rate, 1)
	for size() > 1 { // until go test's time-out
		time.Sleep(time.Millisecond)
	}
}

// TestRedisForgetsItsScripts: as after a restart; the script is sent again.
func TestRedisForgetsItsScripts(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	r := newRedis(t, server.URL, nil)
	rate := ratelimit.Rate{Quota: 10, Window: time.Hour}
	mustTake(t, r, "ada", rate, 1)
	if _, err := server.Do(t, "SCRIPT", "FLUSH"); err != nil {
		t.Fatal(err)
	}
	if d := mustTake(t, r, "ada", rate, 1); d.Remaining != 8 {
		t.Errorf("%+v", d)
	}
}

// TestRedisURLs: with a password, another database, over a Unix socket.
func TestRedisURLs(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "p@ss/word", "--unixsocketperm", "700")
	tcp := strings.Replace(server.URL, "redis://", "redis://:p%40ss%2Fword@", 1)
	rate := ratelimit.Rate{Quota: 10, Window: time.Hour}
	for i, url := range []string{tcp, strings.TrimSuffix(tcp, "0") + "3", "unix://:p%40ss%2Fword@" + server.Socket + "?db=4"} {
		if d := mustTake(t, newRedis(t, url, nil), "ada", rate, 1); d.Remaining != 9 {
			t.Errorf("%d: %+v", i, d)
		}
	}
	if _, err := newRedis(t, server.URL, nil).Take(t.Context(), "ada", rate, 1); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("without the password: %v", err)
	}
	for _, url := range []string{"http://localhost:6379", "redis://:hunter2@localhost:port", "redis://localhost/x", "unix://", "localhost:6379"} {
		if _, err := ratelimit.NewRedis(url); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestRedisKeepsToTheDeadline: neither a frozen Redis nor one that nobody reaches holds anybody longer.
func TestRedisKeepsToTheDeadline(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	r := newRedis(t, server.URL, nil)
	rate := ratelimit.Rate{Quota: 10, Window: time.Hour}
	mustTake(t, r, "ada", rate, 1)
	server.Freeze(t)
	for range 3 { // over the connection that there is, and over new ones
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := r.Take(ctx, "ada", rate, 1); err == nil {
			t.Error("a frozen Redis answered")
		}
		cancel()
	}
	server.Thaw(t)
	if d := mustTake(t, r, "ada", rate, 0); d.Remaining < 6 {
		t.Errorf("%+v", d)
	}
}

// TestRedisIsMetAgainAtOnce: after a restart all connections that were idle are broken, and one request notices, not each.
func TestRedisIsMetAgainAtOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	r := newRedis(t, server.URL, nil)
	rate := ratelimit.Rate{Quota: 1000, Window: time.Hour}
	var wait sync.WaitGroup
	for range 8 { // as many connections, nearly
		wait.Go(func() { _, _ = r.Take(t.Context(), "ada", rate, 1) })
	}
	wait.Wait()
	server.Kill(t)
	server.Restart(t)
	failed := 0
	for range 8 {
		if _, err := r.Take(t.Context(), "ada", rate, 1); err != nil {
			failed++
		}
	}
	if failed > 1 {
		t.Errorf("%d of 8 requests failed after a restart", failed)
	}
}

// TestRedisIsSlowToReach: a connection that takes longer than a request has is made all the same, for the next one.
func TestRedisIsSlowToReach(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "secret") // a connection asks it something, so it has to be awake
	r := newRedis(t, strings.Replace(server.URL, "redis://", "redis://:secret@", 1), nil)
	rate := ratelimit.Rate{Quota: 10, Window: time.Hour}
	take := func(patience time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := r.Take(ctx, "ada", rate, 1)
		return err
	}
	server.Freeze(t)
	if err := take(20 * time.Millisecond); err == nil {
		t.Error("a frozen Redis answered")
	}
	server.Thaw(t)
	for range 100 { // the connection comes back into the pool when it is made
		if err := take(time.Second); err != nil {
			t.Fatal(err)
		}
	}
	clients, err := redis.String(server.Do(t, "CLIENT", "LIST"))
	if n := strings.Count(clients, "\n"); err == nil && n > 3 {
		t.Errorf("%d clients", n)
	}
}

// TestRedisByTLS: the certificate is checked, unless the URL says not to.
func TestRedisByTLS(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	_, port, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(server.URL, "redis://"), "/0"), ":")
	front := httptest.NewUnstartedServer(nil)
	front.StartTLS()
	defer front.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: front.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	rate := ratelimit.Rate{Quota: 10, Window: time.Hour}
	url := "rediss://" + listener.Addr().String() + "/2"
	if d := mustTake(t, newRedis(t, url+"?skip_verify=true", nil), "ada", rate, 1); d.Remaining != 9 {
		t.Errorf("%+v", d)
	}
	if _, err := newRedis(t, url, nil).Take(t.Context(), "ada", rate, 1); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with a certificate that nobody knows: %v", err)
	}
}
