//go:build figures

package postgres

import (
	"testing"

	"todod/internal/store/storetest"
)

// TestAnHourOfWrites of one person takes up so much room at most, where the server tidies up as it does by itself in an hour.
func TestAnHourOfWrites(t *testing.T) {
	s := open(t)
	minute := 0
	before, most := storetest.AnHour(t, storetest.Of(s), func() (bytes int64) {
		if minute++; minute%5 == 0 {
			for _, table := range []string{"tasks", "changes", "idempotency_keys", "users"} {
				if _, err := s.pool.Exec(t.Context(), "vacuum todod."+table); err != nil {
					t.Fatal(err)
				}
			}
		}
		err := s.pool.QueryRow(t.Context(), `select sum(pg_total_relation_size(c.oid))::bigint from pg_class c
			where c.relnamespace = 'todod'::regnamespace and c.relkind = 'r'`).Scan(&bytes)
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	})
	t.Logf("on disk: %d MB at most, %d at first", most>>20, before>>20)
	if most > storetest.Budget {
		t.Errorf("more than %d MB", storetest.Budget>>20)
	}
}
