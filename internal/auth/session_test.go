package auth

import (
	"testing"
	"time"
)

// cached returns the payload of Better Auth's cookie-cache JWT, its session and user changed.
func cached(session, user, changes members) string {
	return toJSON(with(members{
		"session": with(members{
			"id": "s1", "token": "opaque", "userId": "ada", "expiresAt": "2026-11-29T12:00:00.000Z",
		}, session),
		"user": with(members{
			"id": "ada", "email": "ada@example.com", "name": "Ada", "emailVerified": true, "image": nil,
		}, user),
		"updatedAt": noon.UnixMilli(), "version": "1", "iat": noon.Unix(), "exp": noon.Unix() + 300,
	}, changes))
}

func TestACachedSessionIsNoTokenUnlessConfigured(t *testing.T) {
	wantRefused(t, newVerifier(t, Config{}), shared(t, cached(nil, nil, nil)), "sub is missing")
}

func TestACachedSessionSpeaksForItsUser(t *testing.T) {
	v := newVerifier(t, Config{AcceptSessionJWT: true})
	want := Principal{
		Subject: "ada", Email: "ada@example.com", Name: "Ada", IssuedAt: noon, ExpiresAt: noon.Add(5 * time.Minute),
	}
	if got := wantAccepted(t, v, shared(t, cached(nil, nil, nil))); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want.ExpiresAt = noon.Add(1500 * time.Millisecond)
	for _, ends := range []any{"2026-11-22T12:00:01.500Z", "2026-11-22T14:00:01.5+02:00", noon.UnixMilli() + 1500} {
		if got := wantAccepted(t, v, shared(t, cached(members{"expiresAt": ends}, nil, nil))); got != want {
			t.Errorf("of a session that ends at %v, got %+v, want %+v", ends, got, want)
		}
	}
}

func TestACachedSessionMustBeItsUsersAndLive(t *testing.T) {
	v := newVerifier(t, Config{AcceptSessionJWT: true, Leeway: 30 * time.Second})
	const id, owner, ends = "user.id is missing", "session.userId is not user.id", "session.expiresAt is missing"
	for name, test := range map[string]struct {
		session, user, changes members
		reason                 string
	}{
		"no session":            {nil, nil, members{"session": absent}, "session object"},
		"null session":          {nil, nil, members{"session": nil}, "session object"},
		"session in a string":   {nil, nil, members{"session": "{}"}, "session object"},
		"no user":               {nil, nil, members{"user": absent}, "user object"},
		"user array":            {nil, nil, members{"user": []any{}}, "user object"},
		"another's session":     {members{"userId": "bob"}, nil, nil, owner},
		"nobody's session":      {members{"userId": absent}, nil, nil, owner},
		"numeric owner":         {members{"userId": 1}, members{"id": "1"}, nil, owner},
		"owner in capitals":     {members{"userId": "ADA"}, nil, nil, owner},
		"no user id":            {nil, members{"id": absent}, nil, id},
		"numeric ids":           {members{"userId": 1}, members{"id": 1}, nil, id},
		"empty ids":             {members{"userId": ""}, members{"id": ""}, nil, id},
		"NUL in the ids":        {members{"userId": "a\x00"}, members{"id": "a\x00"}, nil, id},
		"ends now":              {members{"expiresAt": noon.UnixMilli()}, nil, nil, "session has expired"},
		"ended":                 {members{"expiresAt": "2026-11-22T11:59:59.999Z"}, nil, nil, "session has expired"},
		"no end":                {members{"expiresAt": absent}, nil, nil, ends},
		"null end":              {members{"expiresAt": nil}, nil, nil, ends},
		"an end without a zone": {members{"expiresAt": "2026-11-29T12:00:00"}, nil, nil, ends},
		"an end like no date":   {members{"expiresAt": "tomorrow"}, nil, nil, ends},
		"an end out of reach":   {members{"expiresAt": 1e300}, nil, nil, ends},
		"expired":               {nil, nil, members{"exp": noon.Unix() - 30}, "token has expired"},
		"no exp":                {nil, nil, members{"exp": absent}, "exp is missing"},
		"null sub":              {nil, nil, members{"sub": nil}, "sub is missing"},
		"empty sub":             {nil, nil, members{"sub": ""}, "sub is missing"},
		"refresh token":         {nil, nil, members{"type": "refresh"}, "type is not access"},
		"session cache":         {nil, nil, members{"aud": "better-auth:session-cache"}, "session cache"},
		"another audience":      {nil, nil, members{"aud": "x"}, "aud does not name"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, v, shared(t, cached(test.session, test.user, test.changes)), test.reason)
		})
	}
}

func TestASubjectComesBeforeACachedSession(t *testing.T) {
	v := newVerifier(t, Config{AcceptSessionJWT: true})
	if p := wantAccepted(t, v, shared(t, cached(nil, nil, members{"sub": "bob"}))); p.Subject != "bob" || p.Email != "" {
		t.Errorf("got %+v, want bob", p)
	}
}

func TestACachedSessionIsSignedWithTheSharedSecret(t *testing.T) {
	server := newKeyServer(t, setOf(publicJWK(t, "k", ed25519Key())))
	v := newVerifier(t, Config{AcceptSessionJWT: true, JWKSURL: server.URL})
	payload := cached(nil, nil, members{"iss": origin, "aud": origin})
	wantRefused(t, v, sign(t, "EdDSA", ed25519Key(), `{"alg":"EdDSA","kid":"k"}`, payload), "sub is missing")
}
