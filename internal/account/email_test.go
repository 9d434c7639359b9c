package account

import (
	"strings"
	"testing"
	"unicode"

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
		"J\u00d6RG@B\u00dcCHER.example":      "j\u00f6rg@b\u00fccher.example",
		"jo\u0308rg@example.com":             "j\u00f6rg@example.com",
		"\u039f\u0394\u039f\u03a3@x.gr":      "\u03bf\u03b4\u03bf\u03c3@x.gr",
		"\u03bf\u03b4\u03bf\u03c2@x.gr":      "\u03bf\u03b4\u03bf\u03c3@x.gr",
		"\u212aate@example.com":              "kate@example.com",
		"stra\u00dfe@example.com":            "stra\u00dfe@example.com",
		"用户@例子.广告":                           "用户@例子.广告",
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
	return rapid.Custom(func(t *rapid.T) string {
		return part.Draw(t, "local") + "@" + part.Draw(t, "domain") + ".example"
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

// TestNormalisingTwiceIsNormalisingOnce, for every code point that can be seen.
func TestNormalisingTwiceIsNormalisingOnce(t *testing.T) {
	t.Parallel()
	for r := range unicode.MaxRune + 1 {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S) {
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
