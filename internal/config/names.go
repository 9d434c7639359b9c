package config

import (
	"regexp"
	"slices"
	"strings"
)

// ours matches the names that look like variables of todod.
var ours = regexp.MustCompile(`^(AUTH|DB|RATE_LIMIT)_`)

// Unknown returns those of names that look like variables of todod and are none, sorted: probably typing errors.
// Other programs may own some.
func Unknown(names []string) []string {
	var known []string
	for _, v := range variables(new(Config)) {
		known = append(known, v.name)
	}
	var unknown []string
	for _, name := range names {
		if ours.MatchString(name) && !slices.Contains(known, strings.TrimSuffix(name, "_FILE")) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

// warnOfNames warns of unknown ones of the variables in a file.
func (l *loader) warnOfNames(file string, inFile []string) {
	for _, name := range Unknown(inFile) {
		l.warn("%s in %s is no variable of todod", name, file)
	}
}
