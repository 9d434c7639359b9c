package todo

import (
	"strings"
	"testing"
)

func TestValidID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"1": true, " ": true, "ada@example.com": true, "é": true, strings.Repeat("x", 255): true, strings.Repeat("x", 256): false,
		strings.Repeat("é", 128): false, "": false, "a\x00b": false, "\xff": false, "\xed\xa0\x80": false,
	} {
		if got := ValidID(id); got != want {
			t.Errorf("%q: %v, want %v", id, got, want)
		}
	}
}
