package account

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"todod/internal/todo"
)

func TestNormaliseEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.com":                    "ada@example.com",
		" Ada@EXAMPLE.com\n":                 "ada@example.com",
		"a@b":                                "a@b",
		"o'brien+todo@sub.example.com":       "o'brien+todo@sub.example.com",
		"J\u00d6RG@B\u00dcCHER.example":      "j\u00f6rg@xn--bcher-kva.example",
		"ada@bu\u0308cher.example":           "ada@xn--bcher-kva.example",
		"ada@XN--BCHER-KVA.example":          "ada@xn--bcher-kva.example",
		"ada@\uff45xample\u3002com":          "ada@example.com",
		"ada@stra\u00dfe.example":            "ada@xn--strae-oqa.example",
		"ada@_x.a--b.example":                "ada@_x.a--b.example",
		"kelv\u0130s@example.com":            "kelvi\u0307s@example.com",
		"KELVI\u0307S@example.com":           "kelvi\u0307s@example.com",
		"ada@kelv\u0130s.example":            "ada@xn--kelvis-tyd.example",
		"ada@xn--a.example":                  "",
		"ada@b\u00fcc\u00adher.example":      "",
		"ada@b\u200dc.example":               "",
		"ada\u3164@example.com":              "",
		"ada\ufe0f@example.com":              "",
		"\u115f\u1160\uffa0@example.com":     "",
		"ada@\u3164.example":                 "",
		"ada@\u2800.example":                 "",
		"ada@\u0301x.example":                "",
		"jo\u0308rg@example.com":             "j\u00f6rg@example.com",
		"\u039f\u0394\u039f\u03a3@x.gr":      "\u03bf\u03b4\u03bf\u03c3@x.gr",
		"\u03bf\u03b4\u03bf\u03c2@x.gr":      "\u03bf\u03b4\u03bf\u03c3@x.gr",
		"\u212aate@example.com":              "kate@example.com",
		"stra\u00dfe@example.com":            "stra\u00dfe@example.com",
		"用户@例子.广告":                           "用户@xn--fsqu00a.xn--4rr70v",
		strings.Repeat("a", 252) + "@b":      strings.Repeat("a", 252) + "@b",
		strings.Repeat("a", 253) + "@b":      "",
		"":                                   "",
		"ada":                                "",
		"@example.com":                       "",
		"ada@":                               "",
		"ada@@example.com":                   "",
		"ada@b@example.com":                  "",
		"ada@.example.com":                   "",
		"ada@example.com.":                   "",
		"ada@example..com":                   "",
		"a da@example.com":                   "",
		"ada@exam\tple.com":                  "",
		"ada\x00@example.com":                "",
		"ada\u200b@example.com":              "",
		"ada\u202e@example.com":              "",
		"ada\xff@example.com":                "",
		"<ada@example.com>":                  "",
		`"ada"@example.com`:                  "",
		"ada@[127.0.0.1]":                    "",
		"Ada <ada@example.com>":              "",
		"ada@example.com, bob@example.com":   "",
		"ada@example.com\r\nBcc: eve@x.test": "",
	} {
		got, ok := NormaliseEmail(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", in, got, ok, want)
		}
	}
}

// anyEmail draws what is an address, of letters that have cases, marks or neither.
func anyEmail() *rapid.Generator[string] {
	part := rapid.StringMatching(`[a-zA-Z0-9µſKſΣσςİıßẞéÉe\x{301}Ωάᾳᾼ用_+'-]{1,12}`)
	domain := rapid.StringMatching(`[a-zA-Z0-9](e\x{301}|[a-zA-Z0-9µſKéÉΩά用_-]){0,11}`) // ς and σ are two letters there
	return rapid.Custom(func(t *rapid.T) string {
		return part.Draw(t, "local") + "@" + domain.Draw(t, "domain") + ".example"
	})
}

func TestAddressesAreComparedWithoutCase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		email := anyEmail().Draw(t, "email")
		want, ok := NormaliseEmail(email)
		if !ok {
			t.Fatalf("%q is refused", email)
		}
		swap := func(r rune) rune {
			if rapid.Bool().Draw(t, "swap") {
				return unicode.SimpleFold(r)
			}
			return r
		}
		for _, spelling := range []string{want, norm.NFD.String(want), "  " + email + "\t", strings.Map(swap, norm.NFC.String(email))} {
			if got, ok := NormaliseEmail(spelling); got != want || !ok {
				t.Fatalf("%q gives %q, %v; %q gives %q", spelling, got, ok, email, want)
			}
		}
	})
}

// TestOnlyCaseIsPassedOver: what stands before the @ passes for another one only if they fold to the same.
func TestOnlyCaseIsPassedOver(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for r := range unicode.MaxRune + 1 {
		s := norm.NFC.String(string(r))
		email, ok := NormaliseEmail(s + "@x")
		if !ok {
			continue
		}
		if other, there := seen[email]; there && todo.Fold(other) != todo.Fold(s) {
			t.Errorf("%q passes for %q", s, other)
		}
		seen[email] = s
	}
	if len(seen) < 100_000 {
		t.Errorf("only %d addresses", len(seen))
	}
}

// TestADomainHasOneSpelling: in Unicode, in punycode, in any case and composed or not.
func TestADomainHasOneSpelling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		domain := rapid.StringMatching(`[a-zäöüéд用][a-z0-9äöüßéд用]{0,10}\.[a-z用]{2,5}`).Draw(t, "domain")
		want, ok := NormaliseEmail("ada@" + domain)
		if !ok || !isASCII(want) {
			t.Fatalf("%q gives %q, %v", domain, want, ok)
		}
		shown, err := idna.ToUnicode(strings.TrimPrefix(want, "ada@"))
		if err != nil {
			t.Fatal(err)
		}
		for _, spelling := range []string{shown, norm.NFD.String(domain), strings.TrimPrefix(strings.ToUpper(want), "ADA@")} {
			if got, ok := NormaliseEmail("ada@" + spelling); got != want || !ok {
				t.Fatalf("%q gives %q, %v; %q gives %q", spelling, got, ok, domain, want)
			}
		}
	})
}

// isASCII reports whether s is.
func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// TestNormalisingTwiceIsNormalisingOnce, for every code point that has cases, parts or a base.
func TestNormalisingTwiceIsNormalisingOnce(t *testing.T) {
	t.Parallel()
	for r := range unicode.MaxRune + 1 {
		if r == utf8.RuneError || !unicode.Is(unicode.M, r) && unicode.SimpleFold(r) == r && unicode.ToLower(r) == r && norm.NFD.String(string(r)) == string(r) {
			continue
		}
		for _, s := range []string{string(r), "e" + string(r), string(r) + "\u0301"} {
			once, ok := NormaliseEmail(s + "@x")
			if !ok {
				continue
			}
			if twice, ok := NormaliseEmail(once); twice != once || !ok {
				t.Errorf("%q gives %q, and that %q, %v", s, once, twice, ok)
			}
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ada": "Ada", "  Ada Lovelace ": "Ada Lovelace", "👩‍🚀": "👩‍🚀", strings.Repeat("é", 200): strings.Repeat("é", 200),
		strings.Repeat("é", 201): "", "": "", " \t": "", "A\nda": "", "A\x00": "", "\u200b\u2060": "", "\xff": "",
	} {
		got, faults := normaliseName(in)
		if got != want || (len(faults) == 0) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", in, got, faults, want)
		}
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]bool{
		"1234567": false, "12345678": true, "  8 gaps": true, strings.Repeat("é", 128): true, strings.Repeat("é", 129): false,
		"": false, "1234567\xff": false,
	} {
		faults := checkPassword("password", password)
		if (len(faults) == 0) != want {
			t.Errorf("%q: %v, want good: %v", password, faults, want)
		}
		if err := todo.InvalidFields(faults...); err != nil && password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("%v repeats the password", err)
		}
	}
}
