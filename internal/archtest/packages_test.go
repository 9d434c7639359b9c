package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// module is the path of ours, with which every import of our own begins.
const module = "todod"

// A pkg is a package of the module, as `go list` tells.
type pkg struct {
	ImportPath, Name, Dir              string
	GoFiles, CgoFiles, IgnoredGoFiles  []string
	TestGoFiles, XTestGoFiles          []string
	Imports, TestImports, XTestImports []string
	Module                             struct{ Dir string }
}

// path returns p's folder in the module, with slashes: internal/todo.
func (p pkg) path() string {
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

// code returns the names of p's files that are not tests, for every platform.
func (p pkg) code() []string {
	var names []string
	for _, name := range append(append(p.GoFiles[:len(p.GoFiles):len(p.GoFiles)], p.CgoFiles...), p.IgnoredGoFiles...) {
		if !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	return names
}

// tests returns the names of p's test files for this platform.
func (p pkg) tests() []string {
	return append(p.TestGoFiles[:len(p.TestGoFiles):len(p.TestGoFiles)], p.XTestGoFiles...)
}

// listed runs `go list` once for all tests.
var listed = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-json", module+"/...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(stderr.String()))
	}
	var packages []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(output))); decoder.More(); {
		var p pkg
		if err := decoder.Decode(&p); err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
})

// packages returns all packages of the module.
func packages(t *testing.T) []pkg {
	t.Helper()
	packages, err := listed()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(packages) == 0 {
		t.Fatal("go list found no package")
	}
	return packages
}

// A source is a parsed file.
type source struct {
	*ast.File
	fset *token.FileSet
	root string // the module's folder
}

// parse returns the named files of p, without generated ones.
func parse(t *testing.T, p pkg, names []string) []source {
	t.Helper()
	var sources []source
	for _, name := range names {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if !ast.IsGenerated(file) {
			sources = append(sources, source{File: file, fset: fset, root: p.Module.Dir})
		}
	}
	return sources
}

// at returns where n stands, as file:line from the module's folder.
func (s source) at(n ast.Node) string {
	position := s.fset.Position(n.Pos())
	position.Column = 0
	if name, err := filepath.Rel(s.root, position.Filename); err == nil {
		position.Filename = name
	}
	return position.String()
}
