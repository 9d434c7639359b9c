package faults

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"todod/internal/pgtest"
	"todod/test/tododtest"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// secret is what all tokens here are signed with.
var secret = strings.Repeat("fault", 8)

// environment is what every todod here has in common. Three replicas share a database with those of the tests beside
// them.
func environment(database ...string) []string {
	env := []string{"BETTER_AUTH_SECRET=" + secret, "MAX_TASKS_PER_USER=1000000", "DB_POOL_SIZE=6"}
	for _, url := range database {
		env = append(env, "DATABASE_URL="+url)
	}
	return env
}

// A system is one todod, or several on one database.
type system struct {
	replicas []*tododtest.Process
}

// start starts a system of so many replicas.
func start(t *testing.T, replicas int, env []string) *system {
	t.Helper()
	s := &system{}
	for range replicas {
		s.replicas = append(s.replicas, tododtest.Start(t, pgtest.Folder(t), env...))
	}
	t.Cleanup(func() {
		for _, p := range s.replicas {
			for line := range strings.Lines(p.Out.String()) {
				if strings.Contains(line, `"status_code":500`) {
					t.Errorf("todod logged %s", line)
				}
			}
		}
	})
	return s
}

// anyURL returns where one of the replicas listens.
func (s *system) anyURL() string { return s.replicas[rand.IntN(len(s.replicas))].URL }

// The systems there are.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgres"
	onThree    = "three replicas on postgres"
)

// onSystems runs a test on each of the named systems.
func onSystems(t *testing.T, test func(t *testing.T, s *system), names ...string) {
	t.Helper()
	t.Parallel()
	for name, replicas := range map[string]int{onSQLite: 1, onPostgres: 1, onThree: 3} {
		if !slices.Contains(names, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment()
			if name != onSQLite {
				env = environment(pgtest.Empty(t))
			}
			test(t, start(t, replicas, env))
		})
	}
}
