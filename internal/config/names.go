package config

import (
	"regexp"
	"slices"
	"strings"
)

// unbuilt lists variables that have a meaning which this version does not act on yet.
var unbuilt = []string{
	"METRICS_PORT",
	"OTEL_EXPORTER_OTLP_ENDPOINT",
}

// ours matches the names that look like variables of todod.
var ours = regexp.MustCompile(`^(AUTH|DB|RATE_LIMIT)_`)

// Unknown returns those of names that look like variables of todod and are none, sorted: probably typing errors.
// Other programs may own some.
func Unknown(names []string) []string {
	known := slices.Clone(unbuilt)
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

// warnOfNames warns of unknown variables in .env and of set ones that this version does not act on.
func (l *loader) warnOfNames(inDotenv []string, sources ...func(string) string) {
	for _, name := range Unknown(inDotenv) {
		l.warn("%s in .env is no variable of todod", name)
	}
	for _, name := range unbuilt {
		isSet := func(source func(string) string) bool { return source(name)+source(name+"_FILE") != "" }
		if slices.ContainsFunc(sources, isSet) {
			l.warn("%s is set, but this version does not act on it yet", name)
		}
	}
}
