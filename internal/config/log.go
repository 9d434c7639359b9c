package config

import (
	"fmt"
	"log/slog"
	"strings"
)

// LogValue implements slog.LogValuer: the configuration in effect by the variables' names, without secrets and
// passwords.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, v := range variables(&c) {
		text := fmt.Sprint(v.value.Interface())
		switch {
		case v.name == "DATABASE_URL":
			text = c.Database.String()
		case v.name == "DATABASE_DIRECT_URL" && text != "":
			text = describePostgres(text)
		case v.secret && !v.value.IsZero():
			text = redacted
		case v.secret:
			text = ""
		case hasURL.MatchString(v.name):
			text = withoutQuery(text)
		case strings.Contains(text, "://") && strings.Contains(text, "@"): // an issuer can be anything
			text = redacted
		}
		attrs = append(attrs, slog.String(v.name, text))
	}
	return slog.GroupValue(attrs...)
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
