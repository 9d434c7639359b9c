//go:build heavy && figures

package postgres

// places are all that differ from TestStore's.
var places = map[string]place{
	"partitioned":                     {partitioned: true},
	"restricted":                      {restricted: true},
	"pooled":                          {pooled: true},
	"partitioned, restricted":         {partitioned: true, restricted: true},
	"partitioned, pooled":             {partitioned: true, pooled: true},
	"restricted, pooled":              {restricted: true, pooled: true},
	"partitioned, restricted, pooled": {partitioned: true, restricted: true, pooled: true},
}
