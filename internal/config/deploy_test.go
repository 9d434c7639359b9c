package config

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// deployed are the files that say what todod runs with, and which of their lines do: the first group is the name, the
// second the value.
var deployed = map[string]*regexp.Regexp{
	"Dockerfile":                        regexp.MustCompile(`(?m)^ENV ([A-Z_]+)=(.*)$`),
	"compose.yaml":                      regexp.MustCompile(`(?m)^      ([A-Z_]+): "?([^"#\n]*?)"?(?: #.*)?$`),
	"deploy/compose/development.yaml":   regexp.MustCompile(`(?m)^      ([A-Z_]+): (.*)$`),
	"deploy/kubernetes/deployment.yaml": regexp.MustCompile(`(?m)- \{name: ([A-Z_]+), value: ([^}]+)\}`),
	"deploy/kubernetes/todod.env":       regexp.MustCompile(`(?m)^([A-Z_]+)=(.*)$`),
	"deploy/systemd/todod.service":      regexp.MustCompile(`(?m)^Environment=([A-Z_]+)=(.*)$`),
	"deploy/systemd/todod.env":          regexp.MustCompile(`(?m)^([A-Z_]+)='(.*)'$`),
}

// foreign are the variables in those files that others read: Go, and SQLite.
var foreign = []string{"GOMEMLIMIT", "SQLITE_TMPDIR"}

// withDefault is how compose.yaml takes a variable of its own, with a default.
var withDefault = regexp.MustCompile(`\$\{[A-Z_]+:-([^}]*)\}`)

// deployment returns the variables that the file at path, from the module's folder, sets for todod.
func deployment(t *testing.T, path string) with {
	t.Helper()
	section := mustRead(t, filepath.Join("..", "..", filepath.FromSlash(path)))
	if path == "compose.yaml" { // other services have an environment, too
		_, section, _ = strings.Cut(section, "\n  todod:\n")
		section, _, _ = strings.Cut(section, "\n    secrets:")
	}
	found := with{}
	for _, m := range deployed[path].FindAllStringSubmatch(section, -1) {
		found[m[1]] = withDefault.ReplaceAllString(m[2], "$1")
	}
	if len(found) == 0 {
		t.Fatalf("%s sets nothing", path)
	}
	return found
}

func TestDeploymentsSetVariablesThatExist(t *testing.T) {
	t.Parallel()
	known := slices.Clone(foreign)
	for _, v := range variables(new(Config)) {
		known = append(known, v.name, v.name+"_FILE")
	}
	for path := range deployed {
		for name := range deployment(t, path) {
			if !slices.Contains(known, name) {
				t.Errorf("%s sets %s, which is no variable of todod", path, name)
			}
		}
	}
}

func TestDeploymentsStart(t *testing.T) {
	t.Parallel()
	for name, paths := range map[string][]string{
		"compose":    {"Dockerfile", "compose.yaml"},
		"kubernetes": {"Dockerfile", "deploy/kubernetes/todod.env", "deploy/kubernetes/deployment.yaml"},
		"systemd":    {"deploy/systemd/todod.env", "deploy/systemd/todod.service"},
	} {
		vars := with{}
		for _, path := range paths {
			maps.Copy(vars, deployment(t, path))
		}
		query := ""
		if name == "kubernetes" { // whose database is elsewhere
			query = "?sslmode=verify-full"
		}
		secrets := map[string]string{
			"DATABASE_URL":        "postgres://todod:0123456789abcdef@postgres:5432/todod" + query,
			"DATABASE_DIRECT_URL": "postgres://todod_owner:0123456789abcdef@postgres:5432/todod" + query,
			"REDIS_URL":           "redis://:0123456789abcdef@redis:6379/0",
			"BETTER_AUTH_SECRETS": "1:" + goodSecret,
		}
		for variable := range vars {
			if kept, ok := strings.CutSuffix(variable, "_FILE"); ok {
				if secrets[kept] == "" {
					t.Fatalf("%s: no example of %s", name, kept)
				}
				vars[variable] = write(t, kept, secrets[kept]+"\n")
			}
		}
		c, err := loadWith(t, vars)
		if err != nil || len(c.Warnings) > 0 {
			t.Errorf("%s: %v, warnings %q", name, err, c.Warnings)
		}
		if c.Env != Production {
			t.Errorf("%s runs in %s", name, c.Env)
		}
	}
}
