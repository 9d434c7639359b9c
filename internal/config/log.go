package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// LogValue implements slog.LogValuer: the configuration in effect by the variables' names, without secrets and
// passwords.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, v := range variables(&c) {
		attrs = append(attrs, slog.String(v.name, c.shown(v)))
	}
	return slog.GroupValue(attrs...)
}

// shown returns the value of v, one of c's variables, without secrets and passwords.
func (c Config) shown(v variable) string {
	text := fmt.Sprint(v.value.Interface())
	switch {
	case v.name == "DATABASE_URL":
		return c.Database.String()
	case v.name == "DATABASE_DIRECT_URL" && text != "":
		return describePostgres(text)
	case v.secret && !v.value.IsZero():
		return redacted
	case v.secret:
		return ""
	case hasURL.MatchString(v.name):
		return withoutQuery(text)
	case strings.Contains(text, "://") && strings.Contains(text, "@"): // an issuer can be anything
		return redacted
	}
	return text
}

// Changed returns NAME=value of each variable that somebody has set to something else than its default, in the order of
// the fields and without secrets and passwords. What only follows from other variables is not among them.
func (c Config) Changed() []string {
	defaults, _ := loadFrom(func(string) string { return "" }, envFile{}) // which have no faults
	before := variables(&defaults)
	var changed []string
	for i, v := range variables(&c) {
		if text := c.shown(v); c.given[v.name] && text != defaults.shown(before[i]) {
			changed = append(changed, v.name+"="+written(v, text))
		}
	}
	return changed
}

// written returns the value of v, which is shown as text, as somebody could have set it.
func written(v variable, text string) string {
	switch value := v.value.Interface().(type) {
	case []string:
		if text != redacted {
			return strings.Join(value, ",")
		}
	case []netip.Prefix:
		return strings.ReplaceAll(strings.Trim(text, "[]"), " ", ",")
	case time.Duration:
		return shortDuration(value)
	case Rate:
		return fmt.Sprintf("%d/%s", value.Quota, strings.TrimLeft(value.Per.String()[:2], "1"))
	}
	return text
}

// shortDuration writes d without units of which there are none: 720h, not 720h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// JWKSShown returns the URL of the keys as it may be shown.
func (a Auth) JWKSShown() string { return withoutQuery(a.JWKSURL) }

// withoutQuery returns a URL without what its query or fragment says, which may be a key.
func withoutQuery(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i+1] + redacted
	}
	return url
}
