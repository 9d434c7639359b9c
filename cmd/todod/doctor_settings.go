package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"todod/internal/config"
	"todod/internal/httpapi"
)

// examineSettings reports on what the configuration says by itself.
func (r *report) examineSettings(cfg config.Config) {
	r.check = "configuration"
	r.say("ok", "configuration for %s", cfg.Env)
	for _, note := range cfg.Notes {
		r.say("ok", "%s", note)
	}
	for _, warning := range slices.Concat(cfg.Warnings, strangeNames(os.Environ())) {
		r.say("warn", "%s", warning)
	}
	for i, secret := range cfg.Auth.Secrets() {
		if guessable(string(secret)) {
			r.advise("warn", "make one with openssl rand -base64 32", "secret %d of %d has hardly any different characters", i+1, len(cfg.Auth.Secrets()))
		}
	}
	if !cfg.RateLimit.Enabled {
		r.say("warn", "RATE_LIMIT_ENABLED=false: nobody is kept from guessing passwords or asking for too much")
	}
	if cfg.Env.Strict() && len(cfg.TrustedProxies) == 0 && !cfg.TLS.On() {
		r.advise("warn", "set TRUSTED_PROXIES to the address of the proxy that does, or everybody shares one limit; or TLS_CERT_FILE and TLS_KEY_FILE",
			"nothing encrypts")
	}
}

// guessable reports whether a secret can't have come out of a random generator: the half of 32 characters out of 64, or
// of 16, are different.
func guessable(secret string) bool {
	different := map[rune]bool{}
	for _, c := range secret {
		different[c] = true
	}
	return len(different) < 10
}

// examineOrigin reports whether browsers let a frontend at this origin read what the API answers. An origin that is none
// is an error of the arguments.
func (r *report) examineOrigin(cfg config.Config, origin string) error {
	r.check = "origin"
	origin, err := config.Origin(origin)
	if err != nil || !strings.HasPrefix(origin, "http://") && !strings.HasPrefix(origin, "https://") {
		return fmt.Errorf("todod: %w: --origin must be an origin such as https://app.example.com, without a path", errUsage)
	}
	switch {
	case !httpapi.Admits(cfg.AllowedOrigins, origin):
		r.advise("fail", "add it to ALLOWED_ORIGINS, which is "+strings.Join(cfg.AllowedOrigins, ","), "a frontend at %s is kept out by browsers", origin)
	case cfg.Env.Strict() && strings.HasPrefix(origin, "http:"):
		r.say("warn", "a frontend at %s is let in, but its tokens can be read on the way: serve it with https", origin)
	default:
		r.say("ok", "a frontend at %s is let in", origin)
	}
	return nil
}
