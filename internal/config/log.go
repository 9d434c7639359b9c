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
		case v.name == "AUTH_JWKS_URL":
			text = withoutQuery(text)
		case v.secret && !v.value.IsZero():
			text = redacted
		case v.secret:
			text = ""
		}
		attrs = append(attrs, slog.String(v.name, text))
	}
	return slog.GroupValue(attrs...)
}

// withoutQuery returns a URL without what its query says, which may be a key.
func withoutQuery(url string) string {
	before, _, has := strings.Cut(url, "?")
	if !has {
		return url
	}
	return before + "?" + redacted
}
