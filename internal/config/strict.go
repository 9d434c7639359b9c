package config

import "slices"

// checkStrict records what stops the start in production and staging.
func (l *loader) checkStrict() {
	c := &l.config
	if !c.Env.Strict() {
		return
	}
	l.require("DATABASE_URL", "say where tasks are kept")
	if !c.Database.Insecure {
		l.requireTLS("DATABASE_URL", c.Database.URL)
		l.requireTLS("DATABASE_DIRECT_URL", c.Database.DirectURL)
	}
	l.requireSecret()
	if l.values["AUTH_PROVIDER"] != string(Local) {
		l.require("BETTER_AUTH_URL", "or AUTH_PROVIDER=local if nothing but the shared secret is to be trusted")
	}
	if !slices.Contains(c.Auth.AllowedAlgs, "HS256") && c.Auth.JWKSURL == "" && !l.faulty["BETTER_AUTH_URL"] {
		l.fault("AUTH_ALLOWED_ALGS", "AUTH_ALLOWED_ALGS allows no token that could be verified: there is no BETTER_AUTH_URL to get keys from")
	}
	l.require("ALLOWED_ORIGINS", "name the origins of your frontends")
	if slices.Contains(c.AllowedOrigins, "*") {
		l.fault("ALLOWED_ORIGINS", "ALLOWED_ORIGINS must not be * in %s: name the origins of your frontends", c.Env)
	}
}

// requireSecret records a problem if HS256 is allowed and there is no secret.
func (l *loader) requireSecret() {
	a := l.config.Auth
	if slices.Contains(a.AllowedAlgs, "HS256") && len(a.Secrets()) == 0 && !l.faulty["BETTER_AUTH_SECRETS"] {
		l.require("BETTER_AUTH_SECRET", "share it with Better Auth, or "+secretHint)
	}
}

// require records a problem if the variable of that name is not set.
func (l *loader) require(name, hint string) {
	if l.values[name] == "" {
		l.fault(name, "%s must be set in %s: %s", name, l.config.Env, hint)
	}
}

// requireTLS records a problem if the URL in the variable of that name leads to another host and not always through TLS.
func (l *loader) requireTLS(name, url string) {
	if host := plaintextHost(url); l.values[name] != "" && host != "" {
		l.fault(name, "%s must use TLS to reach %s in %s: add sslmode=require, or set DB_INSECURE=true", name, host, l.config.Env)
	}
}
