package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"todod/internal/audit"
	"todod/internal/auth"
	"todod/internal/config"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// migrate runs the migrations of the database that is configured.
func migrate(ctx context.Context, cfg config.Config, stdout io.Writer) (err error) {
	var n int
	if cfg.Database.Engine == config.SQLite {
		n, err = sqlite.Migrate(ctx, cfg.Database.Path)
	} else {
		n, err = postgres.Migrate(ctx, cfg.Database.DirectURL, cfg.Database.BetterAuthFK)
	}
	if err != nil {
		return withAdvice(err)
	}
	_, err = fmt.Fprintf(stdout, "%s: %d migrations run, schema is current\n", cfg.Database, n)
	return err
}

// withAdvice returns an error of a database with what to do about it in a line of its own, if that can be said.
func withAdvice(err error) error {
	if advice := postgres.Advice(err); advice != "" {
		return fmt.Errorf("%w\n%s", err, advice)
	}
	return err
}

// tokenFlags say what a token says.
type tokenFlags struct {
	User  string        `required:"" help:"The user's id: sub."`
	Email string        `help:"The user's e-mail address."`
	Name  string        `help:"The user's name."`
	TTL   time.Duration `default:"1h" help:"How long the token is good."`
}

// Validate implements kong's check of the flags.
func (f tokenFlags) Validate() error {
	if f.User == "" || len(f.User) > 255 {
		return errors.New("--user must have 1 to 255 bytes")
	}
	if f.TTL <= 0 {
		return errors.New("--ttl must be above 0")
	}
	return nil
}

// printToken prints an access token. It is as good as any that todod accepts: whoever has the secret can make one.
func printToken(ctx context.Context, cfg config.Config, flags tokenFlags, stdout io.Writer) (err error) {
	if err := cfg.EnsureDevSecret(); err != nil {
		return err
	}
	security, closeAudit, err := openSecurity(cfg, discard)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	defer func() { err = errors.Join(err, closeAudit()) }()
	token, err := mintToken(cfg, flags)
	if err != nil {
		return err
	}
	tellOfOperator(ctx, security, audit.UserTokenMinted, todo.UserID(flags.User))
	_, err = fmt.Fprintln(stdout, token)
	return err
}

// mintToken returns an access token.
func mintToken(cfg config.Config, flags tokenFlags) (string, error) {
	secrets := cfg.Auth.Secrets()
	if len(secrets) == 0 {
		return "", errors.New("token: there is no BETTER_AUTH_SECRET to sign with")
	}
	now := time.Now()
	token, err := auth.Mint([]byte(secrets[0]), auth.Claims{
		Subject: flags.User, Email: flags.Email, Name: flags.Name, Issuer: cfg.Auth.Issuer, Audience: cfg.Auth.Audience,
		IssuedAt: now, ExpiresAt: now.Add(flags.TTL),
	})
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return token, nil
}

// healthcheckTimeout is how long the server may take to say that it is ready.
const healthcheckTimeout = 3 * time.Second

// asksAnyone is a client that doesn't check certificates. The server that healthcheck asks is on this machine, under a name
// that its certificate needn't have; nothing secret is sent, and a certificate that is wrong or has expired is nothing that
// the restart would cure that a failed check leads to.
var asksAnyone = &http.Client{Transport: &http.Transport{
	TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
}}

// healthcheck returns nil if the server that this configuration starts is ready.
func healthcheck(ctx context.Context, cfg config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	url := scheme(cfg) + "://" + reachable(net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))) + "/health/readiness"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	resp, err := asksAnyone.Do(req)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s answers %s", url, resp.Status)
	}
	return nil
}
