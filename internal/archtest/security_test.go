package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// namedTest matches the name of a test in prose; testFunc where one is.
var (
	namedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)`")
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)\(`)
)

// missing returns the tests that page names and that are not among known, sorted.
func missing(page string, known map[string]bool) []string {
	var names []string
	for _, m := range namedTest.FindAllStringSubmatch(page, -1) {
		if !known[m[1]] {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// everyTest returns the names of all tests of the module, of every platform and behind every build tag.
func everyTest(t *testing.T, root string) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "node_modules":
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			known[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func TestSecurityPageNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	root := packages(t)[0].Module.Dir
	page, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(namedTest.FindAll(page, -1)) == 0 {
		t.Fatal("docs/security.md names no test")
	}
	for _, name := range missing(string(page), everyTest(t, root)) {
		t.Errorf("docs/security.md names %s, which is no test", name)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	got := missing("`TestB`, `FuzzC`, `TestA`, `TestB` and Testing, `todod`", map[string]bool{"TestA": true})
	if want := []string{"FuzzC", "TestB"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
