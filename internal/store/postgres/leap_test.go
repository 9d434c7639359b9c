package postgres

import (
	"context"
	"strings"
	"testing"

	"todod/internal/pgtest"
	"todod/internal/store/storetest"
)

// TestLeap: as the owner, upon whom the policies are forced, which they are again afterwards.
func TestLeap(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	owner, ownerURL := newLogin(t, url, "")
	giveTables(t, connect(t, url), owner)
	storetest.Leap(t, openURL(t, url), func(ctx context.Context) (int, error) { return Leap(ctx, ownerURL) })
	var forced bool
	err := connect(t, url).QueryRow(t.Context(),
		"select relforcerowsecurity from pg_class where oid = 'todod.users'::regclass").Scan(&forced)
	if err != nil || !forced {
		t.Errorf("forced %t, %v", forced, err)
	}
}

// TestALeapIsForTheOwner: the login that works may not.
func TestALeapIsForTheOwner(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	if _, err := Leap(t.Context(), restrictedURL(t, url)); err == nil || !strings.Contains(err.Error(), "must own") {
		t.Errorf("got %v", err)
	}
}
