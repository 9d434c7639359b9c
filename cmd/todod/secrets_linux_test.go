package main

import (
	"os"
	"syscall"
	"testing"
	"time"

	"todod/internal/auth"
	"todod/internal/config"
	"todod/internal/logtest"
	"todod/internal/observe"
)

// TestAClosedTerminalEndsTheServer: SIGHUP means that the terminal has gone, and not that secrets are to be read, when it
// has.
func TestAClosedTerminalEndsTheServer(t *testing.T) {
	t.Parallel()
	person, terminal := newTerminal(t)
	secret := []byte("a secret for the tests of SIGHUP")
	verifier, err := auth.New(auth.Config{Secrets: [][]byte{secret}})
	must(t, err)
	out, ended := &logtest.Output{}, make(chan struct{})
	env := environment{"BETTER_AUTH_SECRET": string(secret)}
	s := &secrets{
		cfg: config.Config{Auth: config.Auth{Secret: config.Secret(secret)}}, getenv: env.get, verifier: verifier,
		log: observe.NewLogger(out, config.Level(0)), orphaned: closedTerminal(terminal), end: func() { close(ended) },
	}
	hangUps, stopping := make(chan os.Signal, 1), make(chan struct{})
	defer close(stopping)
	go s.follow(hangUps, stopping)

	hangUps <- syscall.SIGHUP
	waitFor(t, "the reading", func() bool { return len(told(out, "secrets.unchanged")) == 1 })
	must(t, person.Close())
	hangUps <- syscall.SIGHUP
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatalf("it goes on: %s", out)
	}
}
