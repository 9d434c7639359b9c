package config

import (
	"cmp"
	"slices"
	"strings"
)

// algorithms are those that can be allowed.
var algorithms = []string{"HS256", "EdDSA", "ES256", "RS256", "PS256", "ES512"}

// resolveAuth checks who signs people in and which tokens are good, and fills in what follows from BETTER_AUTH_URL.
func (l *loader) resolveAuth() {
	auth := &l.config.Auth
	auth.BetterAuthURL = l.webOrigin("BETTER_AUTH_URL", auth.BetterAuthURL)
	auth.Issuer = cmp.Or(auth.Issuer, auth.BetterAuthURL)
	auth.Audience = cmp.Or(auth.Audience, auth.BetterAuthURL)
	if l.webOrigin("AUTH_JWKS_URL", auth.JWKSURL) == "" {
		auth.JWKSURL = ""
	}
	if auth.JWKSURL == "" && auth.BetterAuthURL != "" {
		auth.JWKSURL = auth.BetterAuthURL + "/api/auth/jwks"
	}

	switch {
	case auth.Provider == BetterAuth && auth.BetterAuthURL == "":
		l.fault("BETTER_AUTH_URL", "BETTER_AUTH_URL must be set for AUTH_PROVIDER=better-auth")
	case auth.Provider == "" && auth.BetterAuthURL == "":
		auth.Provider = Local
	case auth.Provider == "":
		auth.Provider = BetterAuth
	}

	if auth.JWKSURL != "" && (auth.Issuer == "" || auth.Audience == "") {
		l.fault("AUTH_JWKS_URL", "AUTH_JWKS_URL needs BETTER_AUTH_URL, or AUTH_ISSUER and AUTH_AUDIENCE: the keys may sign for others, too")
	}
	if auth.RequireIssAud && (auth.Issuer == "" || auth.Audience == "") {
		l.fault("AUTH_REQUIRE_ISS_AUD", "AUTH_REQUIRE_ISS_AUD needs BETTER_AUTH_URL, or AUTH_ISSUER and AUTH_AUDIENCE, to compare with")
	}
	if slices.ContainsFunc(auth.AllowedAlgs, func(alg string) bool { return !slices.Contains(algorithms, alg) }) {
		l.reject("AUTH_ALLOWED_ALGS")
	}
	if auth.Provider == Local && !slices.Contains(auth.AllowedAlgs, "HS256") {
		l.warn("AUTH_ALLOWED_ALGS lacks HS256, which AUTH_PROVIDER=local is about")
	}
}

// webOrigin returns the origin of what the variable of that name holds, which must be an http or https URL; "" of "".
func (l *loader) webOrigin(name, raw string) string {
	if raw == "" {
		return ""
	}
	u, err := parseURL(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		cause := ""
		if strings.Contains(raw, "@") {
			cause = "there is an @ in it, and it must not say who logs in"
		}
		l.rejectFor(name, cause)
		return ""
	}
	return origin(u)
}

// resolveOrigins checks CORS_ALLOWED_HEADERS and ALLOWED_ORIGINS, and writes each origin as browsers send it.
func (l *loader) resolveOrigins() {
	var origins []string
	for i, allowed := range l.config.AllowedOrigins {
		origin := allowed
		if allowed != "*" {
			var err error
			if origin, err = Origin(allowed); err != nil {
				l.rejectFor("ALLOWED_ORIGINS", "the "+ordinal(i+1)+" is none")
				continue
			}
		}
		origins = append(origins, origin)
	}
	l.config.AllowedOrigins = origins
	if slices.ContainsFunc(l.config.AllowedHeaders, func(name string) bool { return !headerName.MatchString(name) || name == "*" }) {
		l.reject("CORS_ALLOWED_HEADERS")
	}
}
