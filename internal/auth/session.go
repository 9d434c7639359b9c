package auth

import "time"

// sessionPrincipal returns whom Better Auth's cookie-cache JWT speaks for: {session, user} under the shared secret, the
// user being the session's. The session's own end needs no leeway, since exp has it, and may come before exp.
func sessionPrincipal(claims object, issued, expires, now time.Time) (Principal, error) {
	session, ok := claims.child("session")
	if !ok {
		return Principal{}, refuse("sub is missing and so is a session object")
	}
	user, ok := claims.child("user")
	if !ok {
		return Principal{}, refuse("sub is missing and so is a user object")
	}
	subject, ok := user.text("id")
	if !ok || !validSubject(subject) {
		return Principal{}, refuse("user.id is missing or not a string of 1 to 255 bytes without NUL")
	}
	if owner, ok := session.text("userId"); !ok || owner != subject {
		return Principal{}, refuse("session.userId is not user.id")
	}
	ends, ok := session.instant("expiresAt")
	if !ok {
		return Principal{}, refuse("session.expiresAt is missing or not a date")
	}
	if !ends.After(now) {
		return Principal{}, refuse("the session has expired")
	}
	if ends.Before(expires) {
		expires = ends
	}
	return Principal{
		Subject:   subject,
		Email:     user.optional("email"),
		Name:      user.optional("name"),
		IssuedAt:  issued,
		ExpiresAt: expires,
	}, nil
}

// instant returns the named member if it is a date as JavaScript writes one: an ISO 8601 string or a number of
// milliseconds since 1970.
func (o object) instant(name string) (time.Time, bool) {
	if milliseconds, ok := o.number(name); ok {
		return unixTime(milliseconds / 1000)
	}
	s, _ := o.text(name)
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err == nil
}
