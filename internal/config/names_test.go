package config

import (
	"slices"
	"testing"
)

func TestUnknown(t *testing.T) {
	t.Parallel()
	got := Unknown([]string{
		"PATH", "DATABASE_URL", "AUTH_ISSUER", "AUTH_ISSUER_FILE", "DB_POOL_SIZE", "RATE_LIMIT_ANONYMOUS", "BETTER_AUTH_TRUST_HOST",
		"AUTH_REFRESH_ROTATION", "REDIS_URL", "OAUTH_TOKEN", "DBUS_SESSION_BUS_ADDRESS",
		"RATE_LIMIT_SIGN_IN", "DB_POOLSIZE", "AUTH_ISUER", "AUTH_ISUER", "AUTH_ISUER_FILE",
	})
	want := []string{"AUTH_ISUER", "AUTH_ISUER_FILE", "DB_POOLSIZE", "RATE_LIMIT_SIGN_IN"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
