package config

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/caarlos0/env/v11"
	"golang.org/x/net/idna"
)

// errMalformed is what parsers return; the operator reads the field's must tag instead.
var errMalformed = errors.New("malformed")

// parsers reads the types that package env can't read, or reads too generously.
var parsers = map[reflect.Type]env.ParserFunc{
	reflect.TypeFor[Env]():            parser(oneOf(Development, Staging, Production)),
	reflect.TypeFor[Provider]():       parser(oneOf(Local, BetterAuth)),
	reflect.TypeFor[int]():            parser(parseCount),
	reflect.TypeFor[time.Duration]():  parser(parseDuration),
	reflect.TypeFor[Level]():          parser(parseLevel),
	reflect.TypeFor[Rate]():           parser(parseRate),
	reflect.TypeFor[[]string]():       parser(parseList),
	reflect.TypeFor[[]Secret]():       parser(parseSecrets),
	reflect.TypeFor[[]netip.Prefix](): parser(parsePrefixes),
}

// parser makes parse fit package env.
func parser[T any](parse func(string) (T, error)) env.ParserFunc {
	return func(s string) (any, error) { return parse(s) }
}

// oneOf returns a parser of the allowed words.
func oneOf[T ~string](allowed ...T) func(string) (T, error) {
	return func(s string) (T, error) {
		if !slices.Contains(allowed, T(s)) {
			return "", errMalformed
		}
		return T(s), nil
	}
}

// parseCount reads a number from 1.
func parseCount(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return 0, errMalformed
	}
	return int(n), nil
}

// day is the unit d of durations, which time.ParseDuration doesn't know.
const day = 24 * time.Hour

// parseDuration reads 1m30s, 30d, or 90 for as many seconds; nothing negative.
func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 64)
		if err != nil || n > uint64(math.MaxInt64/day) {
			return 0, errMalformed
		}
		return time.Duration(n) * day, nil
	}
	if n, err := strconv.ParseUint(s, 10, 64); err == nil && n <= uint64(math.MaxInt64/time.Second) {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errMalformed
	}
	return d, nil
}

// parseLevel reads the name of a level in any case.
func parseLevel(s string) (Level, error) {
	if strings.EqualFold(s, "WARN") {
		s = "WARNING"
	}
	for level, name := range levelNames {
		if strings.EqualFold(s, name) {
			return level, nil
		}
	}
	return 0, errMalformed
}

// parseRate reads 600/m: so many a second (s), a minute (m) or an hour (h).
func parseRate(s string) (Rate, error) {
	quota, unit, _ := strings.Cut(s, "/")
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := parseCount(quota)
	if err != nil || n > 1_000_000 || per == 0 {
		return Rate{}, errMalformed
	}
	return Rate{Quota: n, Per: per}, nil
}

// parseList reads a list with commas between its items, of which there must be one. White space around them and empty
// ones don't count.
func parseList(s string) ([]string, error) {
	var list []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	if list == nil {
		return nil, errMalformed
	}
	return list, nil
}

// parseSecrets reads Better Auth's format for several secrets: 2:new,1:old. Versions must differ.
func parseSecrets(s string) ([]Secret, error) {
	var secrets []Secret
	seen := map[uint64]bool{}
	for item := range strings.SplitSeq(s, ",") {
		number, secret, _ := strings.Cut(strings.TrimSpace(item), ":")
		version, err := strconv.ParseUint(number, 10, 32)
		secret = strings.TrimSpace(secret)
		if err != nil || seen[version] || secret == "" {
			return nil, errMalformed
		}
		seen[version] = true
		secrets = append(secrets, Secret(secret))
	}
	return secrets, nil
}

// parsePrefixes reads a list of CIDRs and of addresses, which stand for themselves alone.
func parsePrefixes(s string) ([]netip.Prefix, error) {
	items, err := parseList(s)
	if err != nil {
		return nil, err
	}
	var prefixes []netip.Prefix
	for _, item := range items {
		if addr, err := netip.ParseAddr(item); err == nil {
			addr = addr.Unmap()
			item = netip.PrefixFrom(addr, addr.BitLen()).String()
		}
		prefix, err := netip.ParsePrefix(item)
		if err != nil {
			return nil, errMalformed
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// parseURL reads an absolute URL, with a host and without credentials. An @ anywhere may end some. Domains come out as
// browsers and certificates have them, in punycode.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil || strings.Contains(s, "@") {
		return nil, errMalformed
	}
	if isASCII(u.Host) {
		return u, nil
	}
	host, err := domains.ToASCII(u.Hostname())
	if err != nil {
		return nil, errMalformed
	}
	if u.Port() != "" {
		host = net.JoinHostPort(host, u.Port())
	}
	u.Host = host
	return u, nil
}

// domains are read as browsers read them: IDNA 2008 by the rules of UTS 46, without its transitional ones.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.BidiRule())

// isASCII reports whether s is nothing else.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII })
}

// Origin returns the origin that a person wrote as browsers send it. An error says that it is none.
func Origin(raw string) (string, error) {
	u, err := parseURL(raw)
	if err != nil || strings.Contains(u.Host, "*") || strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" {
		return "", errMalformed
	}
	return origin(u), nil
}

// origin returns scheme://host[:port] of u as browsers write it: in lower case, without the scheme's own port.
func origin(u *url.URL) string {
	host := strings.TrimSuffix(strings.ToLower(u.Host), ":")
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}
