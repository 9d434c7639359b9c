package archtest

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// arrows says which rooms' code (tests are free) may import which others. A room is a folder with all below it; the
// longest that holds a package is the package's own. Inside a room everything may import everything.
var arrows = map[string][]string{
	"cmd": {"internal"}, // only cmd sees everything

	"internal/recur":   {},
	"internal/todo":    {"internal/recur"},
	"internal/account": {"internal/todo"},
	"internal/event":   {"internal/todo"},
	"internal/legacy":  {"internal/todo", "internal/account"},
	"internal/turn":    {"internal/todo", "internal/account"},

	"internal/store":           {"internal/todo", "internal/account"},
	"internal/store/postgres":  {"internal/todo", "internal/account", "internal/store/sqlstore", "internal/store/group"},
	"internal/store/sqlite":    {"internal/todo", "internal/account", "internal/store/sqlstore", "internal/store/group"},
	"internal/store/sqlstore":  {"internal/todo", "internal/account"}, // what the stores write alike
	"internal/store/group":     {"internal/todo"},
	"internal/store/storetest": {"internal/todo", "internal/account", "internal/recur"},

	"internal/audit":     {},
	"internal/auth":      {},
	"internal/client":    {},
	"internal/config":    {"internal/redisurl"},
	"internal/observe":   {},
	"internal/ratelimit": {"internal/redisurl"},
	"internal/redisurl":  {},
	"internal/version":   {},

	"internal/httpapi": { // never a store
		"internal/todo", "internal/account", "internal/audit", "internal/auth", "internal/ratelimit", "internal/event",
		"internal/observe",
	},

	"internal/server": {"internal/observe", "internal/ratelimit", "internal/audit"}, // an http.Handler, not the API

	"internal/archtest":       {},
	"internal/certtest":       {},
	"internal/betterauthtest": {"internal/nodetest"},
	"internal/nodetest":       {},
	"internal/pgtest":         {},
	"internal/redistest":      {},
	"internal/logtest":        {},
	"test":                    {"internal/logtest"},                // black box: the built binary
	"bench":                   {"internal/todo", "internal/store"}, // a store without HTTP in front is measured, too
}

// standardOnly are the rooms that may import nothing of others but the standard library.
var standardOnly = []string{"internal/todo", "internal/recur"}

// roomOf returns the room of the package at path, or "".
func roomOf(path string) string {
	var longest string
	for room := range arrows {
		if within(path, room) && len(room) > len(longest) {
			longest = room
		}
	}
	return longest
}

// within tells whether path is folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// forTests tells whether the package at path is there for tests only, which its name says: pgtest, storetest.
func forTests(packagePath string) bool {
	return strings.HasSuffix(path.Base(packagePath), "test")
}

// ours returns the path in the module of an imported package, and whether it is one of the module's at all.
func ours(imported string) (string, bool) {
	return strings.CutPrefix(imported, module+"/")
}

// standard tells whether an imported package belongs to the standard library, whose paths begin with no host name.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && first != module
}

// objection returns what is wrong with p's code importing imported, or "".
func objection(p, imported string) string {
	room := roomOf(p)
	target, isOurs := ours(imported)
	switch {
	case !isOurs && slices.Contains(standardOnly, room) && !standard(imported):
		return "may import the standard library only"
	case !isOurs:
		return ""
	case forTests(target) && !forTests(p):
		return "may import it in tests only"
	case room == roomOf(target):
		return ""
	case slices.ContainsFunc(arrows[room], func(allowed string) bool { return within(target, allowed) }):
		return ""
	}
	return "may not import it; room " + room + " may import " + strings.Join(append([]string{"itself"}, arrows[room]...), ", ")
}

func TestImportsFollowTheArrows(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if roomOf(p.path()) == "" {
			t.Errorf("%s is in no room: say in arrows what it may import", p.path())
			continue
		}
		for _, imported := range p.Imports {
			if why := objection(p.path(), imported); why != "" {
				t.Errorf("%s imports %s: %s", p.path(), imported, why)
			}
		}
	}
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"internal/todo", "time", true},
		{"internal/todo", "golang.org/x/text", false},
		{"internal/todo", "todod/internal/recur", true},
		{"internal/recur", "golang.org/x/text", false},
		{"internal/recur", "todod/internal/todo", false},
		{"internal/todo", "todod/internal/account", false},
		{"internal/account", "todod/internal/todo", true},
		{"internal/account", "golang.org/x/crypto/argon2", true},
		{"internal/auth", "todod/internal/todo", false},
		{"internal/ratelimit/redis", "todod/internal/ratelimit", true},
		{"internal/store/sqlite", "todod/internal/store/postgres", false},
		{"internal/store/sqlite", "todod/internal/store/storetest", false},
		{"internal/store/storetest", "todod/internal/todo", true},
		{"internal/httpapi", "todod/internal/httpapi/docsui", true},
		{"internal/httpapi", "todod/internal/store/sqlite", false},
		{"internal/httpapi", "todod/internal/storage", false},
		{"cmd/todod", "todod/internal/store/sqlite", true},
		{"cmd/todod", "todod/internal/pgtest", false},
		{"test/contract", "todod/internal/todo", false},
	} {
		if why := objection(c.from, c.to); (why == "") != c.allowed {
			t.Errorf("%s imports %s: %q, want allowed %v", c.from, c.to, why, c.allowed)
		}
	}
}
