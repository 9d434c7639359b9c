package redistest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"todod/internal/redistest"
)

// connect returns a client of s that ends with t.
func connect(t *testing.T, s *redistest.Server) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	options.ContextTimeoutEnabled = true
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestAServerIsItsTestsOwnAndComesBackEmpty(t *testing.T) {
	t.Parallel()
	one, other := redistest.Start(t), redistest.Start(t)
	if err := connect(t, one).Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n := connect(t, other).Exists(t.Context(), "k").Val(); n != 0 {
		t.Error("another server has the key")
	}
	url := one.URL

	one.Kill(t)
	if err := connect(t, one).Ping(t.Context()).Err(); err == nil {
		t.Error("a killed server answers")
	}
	one.Restart(t)

	if n, err := connect(t, one).Exists(t.Context(), "k").Result(); err != nil || n != 0 || one.URL != url {
		t.Errorf("after a restart: %d keys, %v, at %s", n, err, one.URL)
	}
}

func TestAFrozenServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	client := connect(t, s)
	s.Freeze(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := client.Ping(ctx).Err(); err == nil {
		t.Error("it answers")
	}
	s.Thaw(t)
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

// TestHelperProcess is no test: another runs it, in a process that finds no Redis.
func TestHelperProcess(t *testing.T) {
	if os.Getenv("REDISTEST_HELPER") != "" {
		redistest.Start(t)
	}
}

func TestMachineWithoutRedisSaysWhatToDo(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperProcess$")
	cmd.Env = append(os.Environ(), "REDISTEST_HELPER=1", "PATH=/nowhere")
	output, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("the test passed")
	}
	for _, want := range []string{"no Redis on this machine", "make test", "redis-server"} {
		if !strings.Contains(string(output), want) {
			t.Errorf("output lacks %q:\n%s", want, output)
		}
	}
}
