//go:build !heavy

package httpapi_test

import "testing"

// everyStore are the stores that the API is tested over.
var everyStore = map[string]func(*testing.T) store{"sqlite": openSQLite, "postgres": openPostgres}
