package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// theVersion is where the version is written by hand; all else agrees with it.
const theVersion = "internal/version/VERSION"

// versions are the files that name the version, too, and where in them. The API's description is made from it, and held to
// it by `make check` once more.
var versions = map[string]*regexp.Regexp{
	"CHANGELOG.md":                         regexp.MustCompile(`(?m)^## (\d\S*) - \d{4}-\d{2}-\d{2}$`), // the newest
	"Dockerfile":                           regexp.MustCompile(`image\.version="([^"]*)"`),
	"compose.yaml":                         regexp.MustCompile(`(?m)^    image: todod:(\S+)$`),
	"deploy/kubernetes/kustomization.yaml": regexp.MustCompile(`name: todod, newName: .*, newTag: "?([^"}]*)`),
	"clients/typescript/package.json":      regexp.MustCompile(`(?m)^  "version": "([^"]*)"`),
	"clients/typescript/package-lock.json": regexp.MustCompile(`(?m)^  "version": "([^"]*)"`),
	"api/openapi.json":                     regexp.MustCompile(`"info": \{[^}]*\}[^}]*"version": "([^"]*)"`),
}

// semantic is the form of a version, by the rules of Semantic Versioning.
var semantic = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

// TestOneVersion: whatever names the version of todod names the same one.
func TestOneVersion(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	want := strings.TrimSpace(read(theVersion))
	if !semantic.MatchString(want) {
		t.Fatalf("%s: %q is no semantic version", theVersion, want)
	}
	for path, where := range versions {
		found := where.FindStringSubmatch(read(path))
		if found == nil {
			t.Errorf("%s names no version where it should", path)
		} else if found[1] != want {
			t.Errorf("%s says %s, and %s says %s", path, found[1], theVersion, want)
		}
	}
}
