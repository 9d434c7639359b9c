package auth

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// resigned puts another header in front of a good payload and signs both with the shared secret, so that nothing but
// the header can be what is refused.
func resigned(t *testing.T, header string) string {
	t.Helper()
	return sign(t, "HS256", secret, header, claimsOf(nil))
}

func TestATokenIsThreePartsOfCanonicalBase64URL(t *testing.T) {
	v := newVerifier(t, Config{})
	good := shared(t, claimsOf(nil))
	wantAccepted(t, v, good)
	header, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")

	const parts, canonical = "not three parts", "not canonical base64url"
	for name, test := range map[string]struct{ token, reason string }{
		"nothing":                    {"", parts},
		"one part":                   {header, parts},
		"two parts":                  {header + "." + payload, parts},
		"four parts":                 {good + ".", parts},
		"five parts, as a JWE has":   {good + ".a.b", parts},
		"a dot in front":             {"." + good, parts},
		"no header":                  {"." + payload + "." + signature, canonical},
		"no payload":                 {header + ".." + signature, canonical},
		"no signature":               {header + "." + payload + ".", canonical},
		"only dots":                  {"..", canonical},
		"padding":                    {good + "=", canonical},
		"padded payload":             {header + "." + payload + "=." + signature, canonical},
		"space in front":             {" " + good, canonical},
		"space behind":               {good + " ", canonical},
		"line break behind":          {good + "\n", canonical},
		"carriage return inside":     {good[:10] + "\r" + good[10:], canonical},
		"line break in the payload":  {header + "." + payload[:4] + "\n" + payload[4:] + "." + signature, canonical},
		"tab inside":                 {good[:10] + "\t" + good[10:], canonical},
		"NUL behind":                 {good + "\x00", canonical},
		"invalid UTF-8":              {good + "\xff", canonical},
		"alphabet of plain base64":   {header + "." + payload + "." + strings.Repeat("+", 42) + "A", canonical},
		"slash of plain base64":      {header + "." + payload + "." + strings.Repeat("/", 42) + "A", canonical},
		"trailing bits in signature": {header + "." + payload + "." + withTrailingBits(signature), canonical},
		"a length no bytes have":     {header + "." + payload + "." + signature + "AA", canonical},
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, v, test.token, test.reason) })
	}
}

// withTrailingBits spells the 32 bytes of a signature in another way: its last character has two bits to spare.
func withTrailingBits(signature string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, signature[len(signature)-1])
	return signature[:len(signature)-1] + alphabet[last+1:last+2]
}

func TestALooserDecoderWouldTakeTrailingBits(t *testing.T) {
	good := shared(t, claimsOf(nil))
	signature := good[strings.LastIndex(good, ".")+1:]
	one, err1 := base64.RawURLEncoding.DecodeString(signature)
	two, err2 := base64.RawURLEncoding.DecodeString(withTrailingBits(signature))
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Fatalf("the test above tests nothing: %v, %v", err1, err2)
	}
}

func TestTheLongestTokenIsConfigured(t *testing.T) {
	token := shared(t, claimsOf(nil))
	wantAccepted(t, newVerifier(t, Config{MaxTokenBytes: len(token)}), token)
	wantRefused(t, newVerifier(t, Config{MaxTokenBytes: len(token) - 1}), token, "too long")
}

func TestTheLongestTokenIs8KiBByDefault(t *testing.T) {
	v := newVerifier(t, Config{})
	// Four characters of base64 hold three of the payload.
	token := func(padding int) string { return shared(t, claimsOf(members{"x": strings.Repeat("x", padding)})) }
	padding := (8192 - len(token(0))) / 4 * 3
	for len(token(padding)) < 8192 {
		padding++
	}
	if got := len(token(padding)); got != 8192 {
		t.Fatalf("built a token of %d bytes", got)
	}
	wantAccepted(t, v, token(padding))
	wantRefused(t, v, token(padding+1), "too long")
	wantRefused(t, v, strings.Repeat("a", 1<<20), "too long")
}

func TestHeaderAndPayloadAreOneStrictJSONObject(t *testing.T) {
	v := newVerifier(t, Config{})
	deep := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	for name, members := range map[string]string{
		"duplicate name":                `"x":1,"x":1`,
		"duplicate name, escaped":       `"x":1,"\u0078":1`,
		"duplicate name further inside": `"x":{"y":1,"y":2}`,
		"duplicate name in an array":    `"x":[{"y":1,"y":2}]`,
		"invalid UTF-8":                 "\"x\":\"\xff\"",
		"half a surrogate pair":         `"x":"\ud800"`,
		"control character":             "\"x\":\"\x01\"",
		"NUL":                           "\"x\":1\x00",
		"trailing comma":                `"x":1,`,
		"single quotes":                 `'x':1`,
		"no quotes":                     `x:1`,
		"comment":                       `"x":1/**/`,
		"leading zero":                  `"x":01`,
		"NaN":                           `"x":NaN`,
		"too deep":                      `"x":` + deep(maxDepth),
		"much too deep":                 `"x":` + deep(2000),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, v, resigned(t, `{"alg":"HS256",`+members+`}`), "header is not one strict JSON object")
			wantRefused(t, v, shared(t, `{"sub":"ada","exp":4000000000,`+members+`}`), "payload is not one strict JSON object")
		})
	}
	for name, payload := range map[string]string{
		"space alone":      ` `,
		"null":             `null`,
		"a string":         `"ada"`,
		"a number":         `1`,
		"an array":         `[{"sub":"ada","exp":4000000000}]`,
		"trailing bracket": claimsOf(nil) + `}`,
		"trailing object":  claimsOf(nil) + `{}`,
		"trailing text":    claimsOf(nil) + `x`,
		"cut short":        strings.TrimSuffix(claimsOf(nil), "}"),
		"byte order mark":  "\ufeff" + claimsOf(nil),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, v, shared(t, payload), "payload is not one strict JSON object")
		})
	}
	wantAccepted(t, v, shared(t, `{"sub":"ada","exp":4000000000,"x":`+deep(maxDepth-1)+`}`))
	// White space within JSON is the issuer's taste: the examples of RFC 7515 have it.
	wantAccepted(t, v, sign(t, "HS256", secret, "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", " { \"sub\" : \"ada\" ,\n\"exp\" : 4000000000 } "))
}

func TestNamesAreComparedByCase(t *testing.T) {
	v := newVerifier(t, Config{})
	wantRefused(t, v, resigned(t, `{"ALG":"HS256"}`), "alg is missing")
	wantRefused(t, v, shared(t, claimsOf(members{"sub": absent, "SUB": "ada"})), "sub is missing")
	wantRefused(t, v, shared(t, claimsOf(members{"exp": absent, "Exp": 4000000000})), "exp is missing")
	if p := wantAccepted(t, v, shared(t, claimsOf(members{"Sub": "bob", "SUB": "eve", "Email": "bob@example.com"}))); p.Subject != "ada" || p.Email != "" {
		t.Errorf("got %+v, want ada without e-mail", p)
	}
}

func TestTheHeaderAsksForNothingUnusual(t *testing.T) {
	v := newVerifier(t, Config{})
	for header, reason := range map[string]string{
		`{"alg":"HS256","crit":["exp"],"exp":1}`:                "crit",
		`{"alg":"HS256","crit":[]}`:                             "crit",
		`{"alg":"HS256","crit":null}`:                           "crit",
		`{"alg":"HS256","b64":true}`:                            "b64",
		`{"alg":"HS256","b64":false}`:                           "b64",
		`{"alg":"HS256","b64":null}`:                            "b64",
		`{"alg":"HS256","typ":"jwt"}`:                           "typ",
		`{"alg":"HS256","typ":""}`:                              "typ",
		`{"alg":"HS256","typ":null}`:                            "typ",
		`{"alg":"HS256","typ":["JWT"]}`:                         "typ",
		`{"alg":"HS256","typ":"at+jwt"}`:                        "typ",
		`{"alg":"HS256","typ":"better-auth.session-cache+jwt"}`: "typ",
		`{}`:                            "alg is missing",
		`{"alg":null}`:                  "alg is missing",
		`{"alg":["HS256"]}`:             "alg is missing",
		`{"alg":""}`:                    "alg is not allowed",
		`{"alg":"none"}`:                "alg is not allowed",
		`{"alg":"None"}`:                "alg is not allowed",
		`{"alg":"hs256"}`:               "alg is not allowed",
		`{"alg":"HS256 "}`:              "alg is not allowed",
		`{"alg":"HS384"}`:               "alg is not allowed",
		`{"alg":"HS512"}`:               "alg is not allowed",
		`{"alg":"ES384"}`:               "alg is not allowed",
		`{"alg":"RS512"}`:               "alg is not allowed",
		`{"alg":"dir","enc":"A256GCM"}`: "alg is not allowed",
	} {
		t.Run(header, func(t *testing.T) { wantRefused(t, v, resigned(t, header), reason) })
	}
	for _, header := range []string{
		`{"alg":"HS256"}`,
		`{"typ":"JWT","alg":"HS256"}`,
		`{"alg":"HS256","kid":"ignored"}`,
		`{"alg":"HS256","kid":7}`,
	} {
		wantAccepted(t, v, resigned(t, header))
	}
}

func FuzzGate(f *testing.F) {
	f.Add("")
	f.Add("..")
	f.Add(shared(f, claimsOf(nil)))
	f.Add(shared(f, claimsOf(members{"aud": []string{origin}, "nbf": 1.5, "session": members{"expiresAt": 1}})))
	f.Add(encode(`{"alg":"none"}`) + "." + encode(`{}`) + ".AA")
	f.Add(encode(`{"alg":"EdDSA","kid":"a"}`) + "." + encode(`{"sub":"\u0000","exp":1e999}`) + ".AA")
	rules := rules{issuer: origin, audience: origin, acceptSessionJWT: true}
	f.Fuzz(func(t *testing.T, token string) {
		jwt, err := parse(token, defaultMaxTokenBytes)
		if err != nil {
			wantRefusal(t, err, "")
			return
		}
		parts := strings.Split(token, ".")
		for i, part := range parts {
			b, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				t.Fatalf("accepted part %d, which can't be decoded: %v", i, err)
			}
			if again := base64.RawURLEncoding.EncodeToString(b); again != part {
				t.Fatalf("accepted %q, which is spelt %q", part, again)
			}
		}
		if string(jwt.signed)+"."+parts[2] != token {
			t.Fatalf("signed is %q of %q", jwt.signed, token)
		}
		// The claims must not panic either, whoever signed them.
		p, err := rules.principal(jwt, noon)
		if err != nil {
			wantRefusal(t, err, "")
		} else if !validSubject(p.Subject) || !noon.Before(p.ExpiresAt) {
			t.Fatalf("accepted %+v", p)
		}
	})
}
