package postgres

import (
	"context"
	"strings"
	"testing"

	"todod/internal/pgtest"
	"todod/internal/store/storetest"
)

// TestBumpRevisions: as the owner, upon whom the policies are forced, which they are again afterwards.
func TestBumpRevisions(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	owner, ownerURL := newLogin(t, url, "")
	giveTables(t, connect(t, url), owner)
	s := openURL(t, url)
	storetest.BumpRevisions(t, storetest.Of(s), func(ctx context.Context) (int, error) {
		s.ids.take(len(s.ids.ids)) // as a process that has just started, which has none in stock
		return BumpRevisions(ctx, ownerURL)
	})
	var forced bool
	err := connect(t, url).QueryRow(t.Context(),
		"select relforcerowsecurity from pg_class where oid = 'todod.users'::regclass").Scan(&forced)
	if err != nil || !forced {
		t.Errorf("forced %t, %v", forced, err)
	}
}

// TestBumpRevisionsIsForTheOwner: the login that works may not.
func TestBumpRevisionsIsForTheOwner(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	_, err := BumpRevisions(t.Context(), restrictedURL(t, url))
	if err == nil || !strings.Contains(err.Error(), "must own") {
		t.Errorf("got %v", err)
	}
}
