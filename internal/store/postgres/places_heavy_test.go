//go:build heavy && !figures

package postgres

// places has the one that differs from TestStore's in everything.
var places = map[string]place{"partitioned, restricted, pooled": {partitioned: true, restricted: true, pooled: true}}
