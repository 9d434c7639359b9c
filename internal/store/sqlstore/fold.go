package sqlstore

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Fold returns what a text is compared by where words are searched for: ways of writing the same are the same
// (NFKC), case is folded, and marks that people leave out are off. Folding what was folded changes nothing. It is one
// rule for all stores, because what a database takes for the same letter depends on its version, its libraries and
// its locale.
func Fold(text string) string {
	if isASCII(text) {
		return strings.ToLower(text) // what the rest would come to
	}
	// Taking marks off can leave what is composed of other things than before.
	text = foldCase(text)
	text, _, _ = transform.String(runes.Remove(runes.Predicate(isLeftOut)), norm.NFKD.String(text)) // it can't fail
	return norm.NFKC.String(text)
}

// foldCase returns what two texts share that are the same but for case and for ways of writing the same (NFKC): marks count.
func foldCase(text string) string {
	if isASCII(text) {
		return strings.ToLower(text)
	}
	// Folding a case can make what is not normalised.
	return norm.NFKC.String(strings.Map(capitalCherokee, cases.Fold().String(norm.NFKC.String(text))))
}

// capitalCherokee returns the capital of a small letter of Cherokee, which is what its case folds to (CaseFolding.txt of
// Unicode), and any other r. The library makes small ones of capitals and capitals of small ones.
func capitalCherokee(r rune) rune {
	if r >= 0x13f8 && r <= 0x13fd || r >= 0xab70 && r <= 0xabbf {
		return unicode.ToUpper(r)
	}
	return r
}

// isASCII reports whether text has no other characters.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isLeftOut reports whether r doesn't count in a search: it shows nothing, or is an accent or the like, which Unicode
// gives a class of its place at the letter (200 and above), or a vowel point of Hebrew, Arabic or Syriac (10 to 36).
// Marks of other classes are letters in their scripts: vowels of India and Thailand, the two strokes of が.
func isLeftOut(r rune) bool {
	if r < utf8.RuneSelf {
		return false
	}
	if class := norm.NFD.PropertiesString(string(r)).CCC(); class > 0 {
		return class >= 200 || class >= 10 && class <= 36
	}
	return unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) ||
		unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// searched are the fields of a task that words are searched for in.
var searched = [...]string{"title", "description"}

// searchText returns what the column search holds of a task: one line for each of its texts, so that no word, which
// has no white space, is found half in one and half in the other.
func searchText(title string, description *string) string {
	if description == nil {
		return Fold(title)
	}
	return Fold(title) + "\n" + Fold(*description)
}
