package config

import (
	"fmt"
	"log/slog"
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
		}
		attrs = append(attrs, slog.String(v.name, text))
	}
	return slog.GroupValue(attrs...)
}
