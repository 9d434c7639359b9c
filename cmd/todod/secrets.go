package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"todod/internal/audit"
	"todod/internal/auth"
	"todod/internal/config"
	"todod/internal/observe"
)

// secrets are the secrets in use and where they come from.
type secrets struct {
	cfg      config.Config // with them
	getenv   func(string) string
	verifier *auth.Verifier // whose Secrets everybody else asks for
	log      *slog.Logger
	security *slog.Logger

	orphaned func() bool // the terminal that todod was started at has been closed
	end      func()      // what happens then
}

// followSecrets has verifier use the secrets as they change: it reads them again at SIGHUP, and when one of the files
// changes that hold them, until the function it returns is called. From the first call on, SIGHUP doesn't end the process
// by itself. It also comes when the terminal is closed at which somebody runs todod: then end is called.
func followSecrets(
	cfg config.Config, getenv func(string) string, verifier *auth.Verifier, end func(), o observer,
) (stop func()) {
	s := &secrets{
		cfg: cfg, getenv: getenv, verifier: verifier, log: observe.For(o.log, "todod.secrets"), security: o.security,
		orphaned: closedTerminal(os.Stdin, os.Stdout), end: end,
	}
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		s.follow(hangUps, stopping)
	}()
	return func() {
		signal.Stop(hangUps)
		close(stopping)
		<-stopped
	}
}

// follow reads the secrets again at each of hangUps and at each change of their files, until stopping is closed.
func (s *secrets) follow(hangUps <-chan os.Signal, stopping <-chan struct{}) {
	// It begins with a look, as they may have changed since they were read for the first time.
	var files watch
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		look := ticker.C
		if len(s.cfg.Auth.SecretFiles) == 0 {
			look = nil
		}
		select {
		case <-stopping:
			return
		case <-hangUps:
			if s.orphaned() {
				s.log.Info("the terminal has been closed")
				s.end()
				return
			}
			files.skip(s.cfg.Auth.SecretFiles...)
			if !s.readAgain() {
				s.log.Info("secrets.unchanged", "in_use", len(s.cfg.Auth.Secrets()))
			}
		case <-look:
			if files.changed(s.cfg.Auth.SecretFiles...) {
				s.readAgain()
			}
		}
	}
}

// readAgain reads the secrets again, uses them if they are others than before, and logs what came of it, without a word
// about the secrets themselves but how many. It reports whether there was something to log. Secrets that can't be used
// leave the ones before in use.
func (s *secrets) readAgain() (said bool) {
	before := s.cfg.Auth.Secrets()
	cfg, err := s.cfg.ReadSecrets(s.getenv)
	if err == nil {
		err = cfg.EnsureDevSecret()
	}
	if err != nil {
		audit.SecretsRefused.Log(context.Background(), s.security, slog.String("error", inOneLine(err)), slog.Int("in_use", len(before)))
		return true
	}
	s.cfg = cfg
	now := cfg.Auth.Secrets()
	if slices.Equal(before, now) {
		return false
	}
	s.verifier.SetSecrets(secretBytes(cfg.Auth))
	for _, warning := range cfg.Warnings {
		s.log.Warn(warning)
	}
	audit.SecretsChanged.Log(context.Background(), s.security, slog.Int("in_use", len(now)),
		slog.Int("added", len(without(now, before))), slog.Int("removed", len(without(before, now))))
	return true
}

// without returns those of list that are not in others.
func without(list, others []config.Secret) []config.Secret {
	return slices.DeleteFunc(slices.Clone(list), func(s config.Secret) bool { return slices.Contains(others, s) })
}

// inOneLine returns the problems of err, or err itself, as one line.
func inOneLine(err error) string {
	var problems *config.Problems
	if !errors.As(err, &problems) {
		return err.Error()
	}
	return strings.ReplaceAll(problems.Error(), "\n", "; ")
}

// closedTerminal returns what reports whether one of files was a terminal at the time of this call and is none any more.
func closedTerminal(files ...*os.File) func() bool {
	isTerminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	terminals := slices.DeleteFunc(files, func(f *os.File) bool { return !isTerminal(f) })
	return func() bool {
		return slices.ContainsFunc(terminals, func(f *os.File) bool { return !isTerminal(f) })
	}
}
