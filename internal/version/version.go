// Package version says which version of todod this is. The file VERSION beside it is the one place where that is written by
// hand; what else names it is made from it, or held to it by a test (internal/archtest).
package version

import (
	_ "embed"
	"runtime/debug"
	"strings"
)

// number is what VERSION says.
//
//go:embed VERSION
var number string

// revision is the commit, set when a release or an image is linked.
var revision string

// Number returns the version, by the rules of Semantic Versioning and without a v: 0.1.0.
func Number() string { return strings.TrimSpace(number) }

// Revision returns the commit that the program was built from, with -dirty at its end if something was changed since, or
// "unknown" if it was built without git.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if revision != "" || !ok {
		return orUnknown(revision)
	}
	said := map[string]string{}
	for _, s := range info.Settings {
		said[s.Key] = s.Value
	}
	if said["vcs.modified"] == "true" {
		return orUnknown(said["vcs.revision"]) + "-dirty"
	}
	return orUnknown(said["vcs.revision"])
}

// orUnknown returns commit, or "unknown" for none.
func orUnknown(commit string) string {
	if commit == "" {
		return "unknown"
	}
	return commit
}
