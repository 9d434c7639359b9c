package auth

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// sessionCacheAudience marks the JWT in which Better Auth's jwt plugin caches a session for its own use. It is signed
	// with the same keys as access tokens and even carries a sub.
	sessionCacheAudience = "better-auth:session-cache"

	maxSubjectBytes = 255
	maxTextBytes    = 1000
)

// rules are what a token's claims must fulfil.
type rules struct {
	issuer           string // "": not checked
	audience         string // "": not checked
	requireIssAud    bool
	acceptSessionJWT bool
	leeway           time.Duration
	lapsed           bool // exp may have passed
}

// principal returns whom a token with a good signature speaks for at the time now. Every error is a *Refusal.
func (r rules) principal(jwt unverified, now time.Time) (Principal, error) {
	claims := jwt.claims
	if err := checkPurpose(claims); err != nil {
		return Principal{}, err
	}
	// A private key may sign for many services, so its tokens must say for whom. A secret is shared with us alone.
	mustSay := jwt.alg != hs256 || r.requireIssAud
	if err := r.checkIssuer(claims, mustSay); err != nil {
		return Principal{}, err
	}
	if err := r.checkAudience(claims, mustSay); err != nil {
		return Principal{}, err
	}
	issued, expires, err := r.checkTimes(claims, now)
	if err != nil {
		return Principal{}, err
	}
	if r.acceptSessionJWT && jwt.alg == hs256 && !claims.has("sub") {
		return sessionPrincipal(claims, issued, expires, now)
	}
	subject, ok := claims.text("sub")
	if !ok || !validSubject(subject) {
		return Principal{}, refuse("sub is missing or not a string of 1 to 255 bytes without NUL")
	}
	return Principal{
		Subject:   subject,
		Email:     claims.optional("email"),
		Name:      claims.optional("name"),
		SessionID: claims.optional("sid"),
		IssuedAt:  issued,
		ExpiresAt: expires,
	}, nil
}

// checkPurpose refuses what is signed with the same key for another purpose: Better Auth's links to verify or change an
// e-mail address, and the refresh tokens of the backend that todod replaces.
func checkPurpose(claims object) error {
	if claims.has("updateTo") {
		return refuse("the token has updateTo: it belongs into an e-mail link")
	}
	if claims.has("requestType") {
		return refuse("the token has requestType: it belongs into an e-mail link")
	}
	if typ, ok := claims.text("type"); claims.has("type") && (!ok || typ != "access") {
		return refuse("type is not access")
	}
	return nil
}

// checkIssuer refuses an iss (RFC 7519 section 4.1.1) that is not the expected one, and if required, its absence.
func (r rules) checkIssuer(claims object, required bool) error {
	if r.issuer == "" {
		return nil
	}
	if !claims.has("iss") {
		if required {
			return refuse("iss is missing")
		}
		return nil
	}
	if iss, ok := claims.text("iss"); !ok || iss != r.issuer {
		return refuse("iss is not the expected issuer")
	}
	return nil
}

// checkAudience refuses an aud (RFC 7519 section 4.1.3) that neither is nor contains the expected one, and if required,
// its absence. Better Auth's session cache is an audience that is never expected.
func (r rules) checkAudience(claims object, required bool) error {
	if !claims.has("aud") {
		if required && r.audience != "" {
			return refuse("aud is missing")
		}
		return nil
	}
	audiences, ok := claims.list("aud")
	if !ok {
		return refuse("aud is neither a string nor an array of strings")
	}
	if slices.Contains(audiences, sessionCacheAudience) {
		return refuse("aud is Better Auth's session cache")
	}
	if r.audience != "" && !slices.Contains(audiences, r.audience) {
		return refuse("aud does not name the expected audience")
	}
	return nil
}

// checkTimes returns when the token was issued, zero if it doesn't say, and when it expires. A token is good from the
// instant leeway before nbf and iat, that instant included, to the instant leeway after exp, that instant excluded
// (RFC 7519 sections 4.1.4 to 4.1.6: "on or after" exp it must not be accepted).
func (r rules) checkTimes(claims object, now time.Time) (issued, expires time.Time, err error) {
	expires, ok := claims.date("exp")
	if !ok {
		return issued, expires, refuse("exp is missing or not a date")
	}
	if !r.lapsed && !now.Before(expires.Add(r.leeway)) {
		return issued, expires, refuse("the token has expired")
	}
	if claims.has("nbf") {
		notBefore, ok := claims.date("nbf")
		if !ok {
			return issued, expires, refuse("nbf is not a date")
		}
		if notBefore.After(now.Add(r.leeway)) {
			return issued, expires, refuse("nbf lies ahead")
		}
	}
	if claims.has("iat") {
		if issued, ok = claims.date("iat"); !ok {
			return issued, expires, refuse("iat is not a date")
		}
		if issued.After(now.Add(r.leeway)) {
			return issued, expires, refuse("iat lies ahead")
		}
	}
	return issued, expires, nil
}

// optional returns the named member, or "" if there is none that is worth having: what only decorates an identity is no
// reason to refuse it.
func (o object) optional(name string) string {
	s, _ := o.text(name)
	return storable(s)
}

// storable returns s, or "" if it is not text that a database can hold (PostgreSQL has no NUL) or longer than any name.
func storable(s string) string {
	if len(s) > maxTextBytes || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return ""
	}
	return s
}

// validSubject reports whether s can be an identity: text of 1 to 255 bytes without NUL, and otherwise opaque.
func validSubject(s string) bool {
	return s != "" && len(s) <= maxSubjectBytes && storable(s) == s
}
