package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

func TestAPrincipalIsWhatTheClaimsSay(t *testing.T) {
	v := newVerifier(t, Config{})
	got := wantAccepted(t, v, shared(t, claimsOf(members{
		"email": "ada@example.com", "name": "Ada \u00e9 \U0001f600", "sid": "s-1", "iat": noon.Unix() - 5, "userId": "bob", "id": "eve",
	})))
	want := Principal{
		Subject: "ada", Email: "ada@example.com", Name: "Ada \u00e9 \U0001f600", SessionID: "s-1",
		IssuedAt: noon.Add(-5 * time.Second), ExpiresAt: noon.Add(time.Hour),
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	least := wantAccepted(t, v, shared(t, toJSON(members{"sub": "1", "exp": noon.Unix() + 1})))
	if (least != Principal{Subject: "1", ExpiresAt: noon.Add(time.Second)}) {
		t.Errorf("of the least claims, got %+v", least)
	}
}

func TestTheSubjectIsAnOpaqueString(t *testing.T) {
	v := newVerifier(t, Config{})
	for _, sub := range []string{
		"1", "KtuE43PEa1b2c3d4e5f6g7h8i9j0k1l2", "0b0d6b0e-6b8e-4f7e-9d0a-2f6f0f0f0f0f", " ", "ada@example.com", "\u00e9\U0001f600",
		strings.Repeat("x", 255), "\x01", "null",
	} {
		if p := wantAccepted(t, v, shared(t, claimsOf(members{"sub": sub}))); p.Subject != sub {
			t.Errorf("sub %q became %q", sub, p.Subject)
		}
	}
	for name, sub := range map[string]any{
		"absent": absent, "null": nil, "empty": "", "a number": 1, "true": true, "an array": []string{"ada"},
		"an object": members{"id": "ada"}, "NUL": "a\x00da", "256 bytes": strings.Repeat("x", 256),
		"256 bytes in 128 letters": strings.Repeat("\u00e9", 128),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, v, shared(t, claimsOf(members{"sub": sub})), "sub is missing")
		})
	}
}

func TestNothingStandsInForTheSubject(t *testing.T) {
	v := newVerifier(t, Config{})
	for _, name := range []string{"id", "userId", "user_id", "uid", "email", "username", "name", "sid"} {
		wantRefused(t, v, shared(t, claimsOf(members{"sub": absent, name: "ada"})), "sub is missing")
	}
	wantRefused(t, v, shared(t, claimsOf(members{"sub": absent, "user": members{"id": "ada"}, "session": members{"userId": "ada"}})), "sub is missing")
}

func TestTokensForAnotherPurposeAreRefused(t *testing.T) {
	v := newVerifier(t, Config{})
	for name, test := range map[string]struct {
		changes members
		reason  string
	}{
		"e-mail verification":       {members{"sub": absent, "email": "ada@example.com", "userId": "ada"}, "sub is missing"},
		"change of e-mail":          {members{"updateTo": "eve@example.com"}, "updateTo"},
		"change of e-mail, null":    {members{"updateTo": nil}, "updateTo"},
		"request type":              {members{"requestType": "change-email-verification"}, "requestType"},
		"request type, null":        {members{"requestType": nil}, "requestType"},
		"refresh token":             {members{"type": "refresh"}, "type is not access"},
		"another type":              {members{"type": "Access"}, "type is not access"},
		"empty type":                {members{"type": ""}, "type is not access"},
		"type null":                 {members{"type": nil}, "type is not access"},
		"type list":                 {members{"type": []string{"access"}}, "type is not access"},
		"session cache":             {members{"aud": "better-auth:session-cache"}, "session cache"},
		"session cache, among more": {members{"aud": []string{origin, "better-auth:session-cache"}}, "session cache"},
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, v, shared(t, claimsOf(test.changes)), test.reason) })
	}
	wantAccepted(t, v, shared(t, claimsOf(members{"type": "access"})))

	anyAudience := newVerifier(t, Config{Issuer: origin})
	wantRefused(t, anyAudience, shared(t, claimsOf(members{"aud": []string{"x", "better-auth:session-cache"}})), "session cache")
	wantRefused(t, anyAudience, shared(t, claimsOf(members{"aud": []any{"better-auth:session-cache", 1}})), "aud is neither")
}

func TestATokenIsGoodFromNbfAndIatUntilExp(t *testing.T) {
	const leeway = 30 * time.Second
	at := func(d time.Duration) jsontext.Value {
		return jsontext.AppendFloat(nil, float64(noon.Add(d).UnixMilli())/1000, 64)
	}
	for name, test := range map[string]struct {
		changes members
		reason  string // "" accepted
	}{
		"expires now":                    {members{"exp": at(0)}, ""},
		"expired just less than leeway":  {members{"exp": at(-leeway + time.Millisecond)}, ""},
		"expired leeway ago":             {members{"exp": at(-leeway)}, "has expired"},
		"expired long ago":               {members{"exp": 0}, "has expired"},
		"expires at the end of time":     {members{"exp": jsontext.Value("253402300799.9")}, ""},
		"not before now":                 {members{"nbf": at(0)}, ""},
		"not before leeway ahead":        {members{"nbf": at(leeway)}, ""},
		"not before just more than that": {members{"nbf": at(leeway + time.Millisecond)}, "nbf lies ahead"},
		"issued leeway ahead":            {members{"iat": at(leeway)}, ""},
		"issued just more than that":     {members{"iat": at(leeway + time.Millisecond)}, "iat lies ahead"},
		"issued never":                   {members{"iat": absent}, ""},
		"issued in 1970":                 {members{"iat": 0}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, Config{Leeway: leeway})
			token := shared(t, claimsOf(test.changes))
			if test.reason == "" {
				wantAccepted(t, v, token)
			} else {
				wantRefused(t, v, token, test.reason)
			}
		})
	}
}

func TestNoLeewayMeansNone(t *testing.T) {
	v := newVerifier(t, Config{})
	wantRefused(t, v, shared(t, claimsOf(members{"exp": noon.Unix()})), "has expired")
	wantAccepted(t, v, shared(t, claimsOf(members{"exp": noon.Unix() + 1})))
	wantRefused(t, v, shared(t, claimsOf(members{"nbf": noon.Unix() + 1})), "nbf lies ahead")
	wantRefused(t, v, shared(t, claimsOf(members{"iat": noon.Unix() + 1})), "iat lies ahead")
}

func TestDatesAreNumbersThatMeanADate(t *testing.T) {
	v := newVerifier(t, Config{})
	for _, date := range []string{
		`null`, `""`, `"4000000000"`, `true`, `[4000000000]`, `{}`, `-1`, `-0.001`, `253402300800`, `9223372036854775807`,
		`18446744073709551616`, `1e300`, `-1e300`, `1e400`, `-1e400`, `1` + strings.Repeat("0", 400),
	} {
		for _, name := range []string{"exp", "nbf", "iat"} {
			t.Run(name+" "+date, func(t *testing.T) {
				wantRefused(t, v, shared(t, claimsOf(members{name: jsontext.Value(date)})), name+" is ")
			})
		}
	}
	wantRefused(t, v, shared(t, claimsOf(members{"exp": absent})), "exp is missing")
	for date, want := range map[string]time.Time{
		"1795348800.5": time.Unix(1_795_348_800, 500_000_000).UTC(),
		"4e9":          time.Unix(4_000_000_000, 0).UTC(),
		"4000000000.0": time.Unix(4_000_000_000, 0).UTC(),
	} {
		if p := wantAccepted(t, v, shared(t, claimsOf(members{"exp": jsontext.Value(date)}))); p.ExpiresAt != want {
			t.Errorf("exp %s became %v, want %v", date, p.ExpiresAt, want)
		}
	}
}

func TestIssuerAndAudienceOfSharedSecretTokensMustMatchWhenPresent(t *testing.T) {
	v := newVerifier(t, Config{})
	for name, test := range map[string]struct {
		changes members
		reason  string // "" accepted
	}{
		"both":                  {members{}, ""},
		"neither":               {members{"iss": absent, "aud": absent}, ""},
		"aud only":              {members{"iss": absent}, ""},
		"iss only":              {members{"aud": absent}, ""},
		"aud among others":      {members{"aud": []string{"https://other.example.com", origin}}, ""},
		"aud alone in an array": {members{"aud": []string{origin}}, ""},
		"other iss":             {members{"iss": "https://other.example.com"}, "iss is not"},
		"iss with a slash":      {members{"iss": origin + "/"}, "iss is not"},
		"iss in capitals":       {members{"iss": strings.ToUpper(origin)}, "iss is not"},
		"empty iss":             {members{"iss": ""}, "iss is not"},
		"null iss":              {members{"iss": nil}, "iss is not"},
		"iss array":             {members{"iss": []string{origin}}, "iss is not"},
		"other aud":             {members{"aud": "https://other.example.com"}, "aud does not name"},
		"aud with a path":       {members{"aud": origin + "/x"}, "aud does not name"},
		"empty aud":             {members{"aud": ""}, "aud does not name"},
		"empty aud array":       {members{"aud": []string{}}, "aud does not name"},
		"null aud":              {members{"aud": nil}, "aud is neither"},
		"aud object":            {members{"aud": members{origin: origin}}, "aud is neither"},
		"aud of mixed kinds":    {members{"aud": []any{origin, 1}}, "aud is neither"},
		"aud with null":         {members{"aud": []any{origin, nil}}, "aud is neither"},
		"nested aud":            {members{"aud": []any{[]string{origin}}}, "aud is neither"},
	} {
		t.Run(name, func(t *testing.T) {
			token := shared(t, claimsOf(test.changes))
			if test.reason == "" {
				wantAccepted(t, v, token)
			} else {
				wantRefused(t, v, token, test.reason)
			}
		})
	}
}

func TestIssuerAndAudienceCanBeRequiredOfSharedSecretTokens(t *testing.T) {
	v := newVerifier(t, Config{RequireIssAud: true})
	wantAccepted(t, v, shared(t, claimsOf(nil)))
	wantRefused(t, v, shared(t, claimsOf(members{"iss": absent})), "iss is missing")
	wantRefused(t, v, shared(t, claimsOf(members{"aud": absent})), "aud is missing")
}

func TestIssuerAndAudienceAreRequiredOfAsymmetricTokens(t *testing.T) {
	server := newKeyServer(t, setOf(publicJWK(t, "k", ed25519Key())))
	v := newVerifier(t, Config{JWKSURL: server.URL})
	token := func(changes members) string {
		return sign(t, "EdDSA", ed25519Key(), `{"alg":"EdDSA","kid":"k"}`, claimsOf(changes))
	}
	wantAccepted(t, v, token(nil))
	wantAccepted(t, v, token(members{"aud": []string{"x", origin}}))
	wantRefused(t, v, token(members{"iss": absent}), "iss is missing")
	wantRefused(t, v, token(members{"aud": absent}), "aud is missing")
	wantRefused(t, v, token(members{"iss": "x"}), "iss is not")
	wantRefused(t, v, token(members{"aud": "x"}), "aud does not name")
}

func TestIssuerAndAudienceThatAreNotConfiguredAreNotChecked(t *testing.T) {
	server := newKeyServer(t, setOf(publicJWK(t, "k", ed25519Key())))
	v, err := New(Config{Secrets: [][]byte{secret}, JWKSURL: server.URL, Now: newClock().now})
	if err != nil {
		t.Fatal(err)
	}
	for _, changes := range []members{{}, {"iss": absent, "aud": absent}, {"iss": "x", "aud": "y"}, {"iss": 1}} {
		wantAccepted(t, v, shared(t, claimsOf(changes)))
		wantAccepted(t, v, sign(t, "EdDSA", ed25519Key(), `{"alg":"EdDSA","kid":"k"}`, claimsOf(changes)))
	}
}

func TestWhatOnlyDecoratesAnIdentityIsIgnoredWhenUnusable(t *testing.T) {
	v := newVerifier(t, Config{})
	longest := strings.Repeat("x", 1000)
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"longest": {longest, longest}, "too long": {longest + "x", ""}, "NUL": {"a\x00", ""}, "number": {1, ""},
		"null": {nil, ""}, "array": {[]string{"x"}, ""}, "object": {members{"x": "y"}, ""}, "empty": {"", ""}, "absent": {absent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := wantAccepted(t, v, shared(t, claimsOf(members{"email": test.value, "name": test.value, "sid": test.value})))
			if p.Email != test.want || p.Name != test.want || p.SessionID != test.want {
				t.Errorf("got %+v", p)
			}
		})
	}
}
