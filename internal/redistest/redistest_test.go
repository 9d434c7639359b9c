package redistest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"todod/internal/redistest"
)

func TestAServerIsItsTestsOwnAndComesBackEmpty(t *testing.T) {
	t.Parallel()
	one, other := redistest.Start(t), redistest.Start(t)
	if _, err := one.Do(t, "SET", "k", "v"); err != nil {
		t.Fatal(err)
	}
	if n, err := redis.Int(other.Do(t, "EXISTS", "k")); err != nil || n != 0 {
		t.Errorf("another server has the key, %v", err)
	}
	url := one.URL

	one.Kill(t)
	if _, err := one.Do(t, "PING"); err == nil {
		t.Error("a killed server answers")
	}
	one.Restart(t)

	if n, err := redis.Int(one.Do(t, "EXISTS", "k")); err != nil || n != 0 || one.URL != url {
		t.Errorf("after a restart: %d keys, %v, at %s", n, err, one.URL)
	}
}

func TestAFrozenServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	client, err := redis.DialURL(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	s.Freeze(t)
	if _, err := redis.DoWithTimeout(client, 50*time.Millisecond, "PING"); err == nil {
		t.Error("it answers")
	}
	s.Thaw(t)
	if _, err := s.Do(t, "PING"); err != nil {
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
