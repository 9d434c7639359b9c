package auth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestAMintedTokenSaysWhatItWasMintedFor(t *testing.T) {
	v := newVerifier(t, Config{RequireIssAud: true})
	token, err := Mint(secret, Claims{
		Subject: "ada", Email: "ada@example.com", Name: "Ada", SessionID: "s-1", Issuer: origin, Audience: origin,
		IssuedAt: noon.Add(-time.Millisecond), ExpiresAt: noon.Add(15*time.Minute + time.Millisecond),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Principal{
		Subject: "ada", Email: "ada@example.com", Name: "Ada", SessionID: "s-1",
		IssuedAt: noon.Add(-time.Second), ExpiresAt: noon.Add(15 * time.Minute),
	}
	if got := wantAccepted(t, v, token); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	parts := strings.Split(token, ".")
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if got := string(header); got != `{"alg":"HS256","typ":"JWT"}` {
		t.Errorf("header %s", got)
	}
	if got := string(payload); got != `{"sub":"ada","email":"ada@example.com","name":"Ada","sid":"s-1",`+
		`"iss":"https://app.example.com","aud":"https://app.example.com","iat":1795348799,"exp":1795349700}` {
		t.Errorf("payload %s", got)
	}
}

func TestEmptyClaimsAreLeftOut(t *testing.T) {
	token, err := Mint(secret, Claims{Subject: "1", ExpiresAt: noon})
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if got := string(payload); got != `{"sub":"1","exp":1795348800}` {
		t.Errorf("payload %s", got)
	}
}

func TestWhatAtobCannotReadIsEscaped(t *testing.T) {
	got := string(escape([]byte(`{"name":"a>b?c~d` + "\x7f\u00e9\U0001f600 }/<\"}")))
	if want := `{"name":"a\u003eb\u003fc\u007ed\u007f\u00e9\ud83d\ude00 }/<"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOnlyGoodTokensAreMinted(t *testing.T) {
	good := Claims{Subject: "ada", ExpiresAt: noon}
	for name, test := range map[string]struct {
		secret []byte
		change func(*Claims)
	}{
		"no secret":          {nil, func(*Claims) {}},
		"no subject":         {secret, func(c *Claims) { c.Subject = "" }},
		"long subject":       {secret, func(c *Claims) { c.Subject = strings.Repeat("x", 256) }},
		"NUL in the subject": {secret, func(c *Claims) { c.Subject = "a\x00" }},
		"subject not UTF-8":  {secret, func(c *Claims) { c.Subject = "a\xff" }},
		"issuer not UTF-8":   {secret, func(c *Claims) { c.Issuer = "a\xff" }},
		"audience not UTF-8": {secret, func(c *Claims) { c.Audience = "a\xff" }},
		"no expiry":          {secret, func(c *Claims) { c.ExpiresAt = time.Time{} }},
		"expiry in 10000":    {secret, func(c *Claims) { c.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		"issued in 1969":     {secret, func(c *Claims) { c.IssuedAt = time.Unix(-1, 0) }},
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			test.change(&c)
			if token, err := Mint(test.secret, c); token != "" || err == nil || !strings.HasPrefix(err.Error(), "mint token: ") {
				t.Errorf("got %q, %v", token, err)
			}
		})
	}
	good.Subject = strings.Repeat("x", 255)
	if _, err := Mint(secret, good); err != nil {
		t.Error(err)
	}
}

func TestNoTokenIsMintedThatIsTooLong(t *testing.T) {
	v, err := New(Config{Secrets: [][]byte{secret}, Now: newClock().now})
	if err != nil {
		t.Fatal(err)
	}
	mint := func(issuer int) (string, error) {
		return Mint(secret, Claims{Subject: "ada", Issuer: strings.Repeat("x", issuer), ExpiresAt: noon.Add(time.Hour)})
	}
	shortest, err := mint(1)
	if err != nil {
		t.Fatal(err)
	}
	// Three characters of the payload become four of the token.
	longest := 1 + (8192-len(shortest))/4*3
	for {
		if _, err := mint(longest + 1); err != nil {
			if !strings.Contains(err.Error(), "longer than 8192") {
				t.Errorf("got %v", err)
			}
			break
		}
		longest++
	}
	token, err := mint(longest)
	if err != nil || len(token) != 8192 {
		t.Fatalf("the longest is %d bytes, %v", len(token), err)
	}
	wantAccepted(t, v, token)
}

// anyString draws strings that are sometimes not UTF-8 and often hold what needs escaping.
func anyString() *rapid.Generator[string] {
	bytes := rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
	awkward := rapid.StringOf(rapid.SampledFrom([]rune(">?~<&\"\\/\x00\x01\x1f\x7f\u0080\u00e9\u2028\ufffd\uffff\U0001f600\U0010ffffab")))
	return rapid.OneOf(rapid.String(), awkward, bytes)
}

func TestAnyClaimsGiveAPayloadThatAtobReads(t *testing.T) {
	v, err := New(Config{Secrets: [][]byte{secret}, Now: newClock().now})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		c := Claims{
			Subject: anyString().Draw(t, "subject"), Email: anyString().Draw(t, "email"), Name: anyString().Draw(t, "name"),
			SessionID: anyString().Draw(t, "sid"), Issuer: anyString().Draw(t, "issuer"), Audience: anyString().Draw(t, "audience"),
			IssuedAt:  noon.Add(-time.Duration(rapid.IntRange(0, 1e6).Draw(t, "age")) * time.Second),
			ExpiresAt: noon.Add(time.Duration(rapid.IntRange(1, 1e6).Draw(t, "life")) * time.Second),
		}
		token, err := Mint(secret, c)
		if err != nil {
			if validSubject(c.Subject) && utf8.ValidString(c.Issuer) && utf8.ValidString(c.Audience) && !strings.Contains(err.Error(), "longer") {
				t.Fatalf("not minted: %v", err)
			}
			return
		}
		payload := strings.Split(token, ".")[1]
		if i := strings.IndexAny(payload, "-_"); i >= 0 {
			t.Fatalf("the payload segment has %q", payload[i])
		}
		// What follows is what a browser does: atob, which knows plain base64 only, and JSON.parse.
		doc, err := base64.RawStdEncoding.DecodeString(payload)
		if err != nil {
			t.Fatal(err)
		}
		var read struct{ Sub, Email, Name string }
		if err := json.Unmarshal(doc, &read); err != nil {
			t.Fatal(err)
		}
		want := Principal{
			Subject: c.Subject, Email: storable(c.Email), Name: storable(c.Name), SessionID: storable(c.SessionID),
			IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
		}
		if read.Sub != want.Subject || read.Email != want.Email || read.Name != want.Name {
			t.Fatalf("a browser reads %+v", read)
		}
		got, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("verified as %+v, want %+v", got, want)
		}
	})
}

func TestAnyChangeToATokenIsRefused(t *testing.T) {
	v := newVerifier(t, Config{})
	token := shared(t, claimsOf(nil))
	rapid.Check(t, func(t *rapid.T) {
		forged := []byte(token)
		forged[rapid.IntRange(0, len(forged)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		if string(forged) == token {
			return
		}
		var refusal *Refusal
		if _, err := v.Verify(t.Context(), string(forged)); !errors.As(err, &refusal) {
			t.Fatalf("got %v", err)
		}
	})
}
