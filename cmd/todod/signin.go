package main

import (
	"log/slog"
	"slices"
	"time"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/config"
	"todod/internal/observe"
)

// mints reports whether this configuration can make access tokens that it accepts itself.
func mints(a config.Auth) bool {
	return slices.Contains(a.AllowedAlgs, "HS256") && len(a.Secrets()) > 0
}

// servesApp reports whether there is the app: it signs people in with accounts of todod's own.
func servesApp(cfg config.Config) bool {
	return cfg.App && cfg.Auth.Provider == config.Local && mints(cfg.Auth)
}

// newMint returns what makes access tokens, signed with the first of the secrets in use, of which there is one at least.
// Their readers are browsers, so they say who somebody is, and nothing more.
func newMint(a config.Auth, secrets func() [][]byte) account.Mint {
	return func(p account.Person, sessionID string, at time.Time) (string, error) {
		claims := auth.Claims{
			Subject: string(p.ID), Email: p.Email, Name: p.Name, SessionID: sessionID,
			IssuedAt: at, ExpiresAt: at.Add(account.AccessLifetime),
		}
		if a.RequireIssAud {
			claims.Issuer, claims.Audience = a.Issuer, a.Audience
		}
		return auth.Mint(secrets()[0], claims)
	}
}

// newProvider returns who carries out /api/auth with the secrets in use. If it is an io.Closer, it must be closed.
func newProvider(
	cfg config.Config, secrets func() [][]byte, db account.Store, traces *observe.Traces, log *slog.Logger,
) (account.Provider, error) {
	log = observe.For(log, "todod.account")
	if !mints(cfg.Auth) {
		log.Warn("nobody can sign in here: access tokens of todod's own need BETTER_AUTH_SECRET, and HS256 in AUTH_ALLOWED_ALGS")
		return account.Elsewhere{URL: cfg.Auth.BetterAuthURL}, nil
	}
	sessions := account.NewSessions(db, newMint(cfg.Auth, secrets), time.Now, secrets, rotation(cfg.Auth, secrets))
	if cfg.Auth.Provider == config.Local {
		return account.NewLocal(sessions, account.NewPasswords()), nil
	}
	return account.NewBetterAuth(account.BetterAuthConfig{
		URL: cfg.Auth.BetterAuthURL, Secrets: secrets, Sessions: sessions, Now: time.Now, Logger: log,
		Through: traces.Transport,
	})
}

// rotation returns how refresh tokens are replaced, nil for not at all.
func rotation(a config.Auth, secrets func() [][]byte) *account.Rotation {
	if !a.RefreshRotation {
		return nil
	}
	return &account.Rotation{Secrets: secrets, Grace: a.RefreshGrace}
}

// secretBytes returns the secrets in use, the one that signs first.
func secretBytes(a config.Auth) [][]byte {
	var secrets [][]byte
	for _, s := range a.Secrets() {
		secrets = append(secrets, []byte(s))
	}
	return secrets
}

// signInMode says to a person how people sign in.
func signInMode(a config.Auth) string {
	switch {
	case a.Provider == config.BetterAuth && mints(a):
		return "sign-in through Better Auth at " + a.BetterAuthURL
	case a.BetterAuthURL != "" && !mints(a):
		return "sign-in at " + a.BetterAuthURL + " only"
	case !mints(a):
		return "no sign-in"
	case a.BetterAuthURL != "":
		return "sign-in with accounts of its own, or tokens of " + a.BetterAuthURL
	}
	return "sign-in with accounts of its own"
}
