package sqlstore

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, alike := range [][]string{
		{"cafe", "CAFE", "café", "cafe\u0301", "CAFE\u0301", "ｃａｆｅ"},
		{"strasse", "straße", "STRAẞE", "STRASSE"},
		{"fix", "ﬁx", "FIX"},
		{"οδυσσευσ", "ΟΔΥΣΣΕΎΣ", "οδυσσεύς"},
		{"istanbul", "İstanbul", "I\u0307STANBUL"},
		{"5k", "5\u212a", "５Ｋ"},
		{"שלום", "שָׁלוֹם"},
		{"محمد", "مُحَمَّد"},
		{"가", "\u1100\u1161"},
		{"❤", "❤\ufe0f"},
		{"softhyphen", "soft\u00adhyphen", "soft\u200bhyphen"},
		{"", "\u0301", "\u200d"},
		{"a b", "a\u00a0b"},
	} {
		for _, text := range alike {
			if got := Fold(text); got != alike[0] {
				t.Errorf("Fold(%q) = %q, want %q", text, got, alike[0])
			}
		}
	}
	for _, apart := range [][2]string{
		{"か", "が"}, {"ดี", "ดู"}, {"कि", "कु"}, {"l", "ł"}, {"i", "ı"}, {"a\nb", "a b"},
	} {
		if Fold(apart[0]) == Fold(apart[1]) {
			t.Errorf("%q and %q are taken for the same: %q", apart[0], apart[1], Fold(apart[0]))
		}
	}
}

// TestFoldOfEachCharacter: what differs in case only is the same, and folding twice is folding once.
func TestFoldOfEachCharacter(t *testing.T) {
	t.Parallel()
	for r := range rune(unicode.MaxRune + 1) {
		once := Fold(string(r))
		if twice := Fold(once); twice != once {
			t.Errorf("%U: once %q, twice %q", r, once, twice)
		}
		if other := unicode.ToUpper(r); other != r && unicode.ToLower(other) == r && Fold(string(other)) != once {
			t.Errorf("%U is folded to %q, and %U to %q", r, once, other, Fold(string(other)))
		}
	}
}

// TestFoldOfAnyText: folding twice is folding once, ways of writing the same are the same, nothing is long beyond
// measure, and lines stay lines.
func TestFoldOfAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		once := Fold(text)
		if Fold(once) != once {
			t.Fatalf("%q: once %q, twice %q", text, once, Fold(once))
		}
		for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
			if got := Fold(form.String(text)); got != once {
				t.Fatalf("%q is folded to %q, and %q to %q", text, once, form.String(text), got)
			}
		}
		if len(once) > 11*len(text) || !utf8.ValidString(once) {
			t.Fatalf("%d bytes become %d: %q", len(text), len(once), once)
		}
		if strings.Count(once, "\n") != strings.Count(text, "\n") {
			t.Fatalf("%q has other lines than %q", once, text)
		}
	})
}
