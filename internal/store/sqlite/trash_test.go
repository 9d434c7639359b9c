package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"todod/internal/store/storetest"
)

// TestPurgeLeavesNothing looks at every row there is.
func TestPurgeLeavesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	tables := tablesOfPeople(t, s)
	storetest.RunPurge(t, s, func() string {
		var b strings.Builder
		for _, table := range tables {
			rows, err := s.reader.QueryContext(t.Context(), "select * from "+table)
			if err != nil {
				t.Fatal(err)
			}
			columns, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				values, into := make([]any, len(columns)), make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				if err := rows.Scan(into...); err != nil {
					t.Fatal(err)
				}
				for i, v := range values {
					fmt.Fprintf(&b, "%s=%s ", columns[i], fmt.Sprint(v))
				}
				b.WriteByte('\n')
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	})
}
