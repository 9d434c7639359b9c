package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageHasOneComment(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		names := p.code()
		if len(names) == 0 {
			names = p.tests()
		}
		var comments []string
		for _, file := range parse(t, p, names) {
			if text := file.Doc.Text(); text != "" && file.Name.Name == p.Name {
				comments = append(comments, file.at(file.Doc))
				if p.Name != "main" && !strings.HasPrefix(text, "Package "+p.Name+" ") {
					t.Errorf("%s: the comment does not begin with %q", file.at(file.Doc), "Package "+p.Name)
				}
			}
		}
		if len(comments) != 1 {
			t.Errorf("%s has %d package comments %v, want 1", p.path(), len(comments), comments)
		}
	}
}

func TestEveryFunctionAndExportedNameHasAComment(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, file := range parse(t, p, p.code()) {
			for _, complaint := range complaints(file) {
				t.Error(complaint)
			}
		}
	}
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	const code = `package p

func bare() {}

// Does something.
func misnamed() {}

// fine, in short, is.
func fine() {}

// fine is generic.
func (s *S[T]) fine() {}

func (s *S[T]) bareMethod() {}

//go:noinline
func directive() {}

type S[T any] struct{}

// An A is commented.
type A struct{}

// Something else.
type B struct{}

type unexported struct{}

// Weekdays.
const (
	Monday = iota
	Tuesday
)

var (
	Bare int
	Trailing int // is commented
	_ = Bare
)
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "/module/p.go", code, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	got := complaints(source{File: file, fset: fset, root: "/module"})
	want := []string{
		"p.go:3: bare has no comment",
		`p.go:6: the comment on misnamed does not begin with "misnamed"`,
		"p.go:14: bareMethod has no comment",
		"p.go:17: directive has no comment",
		"p.go:19: S has no comment",
		`p.go:25: the comment on B does not begin with "B", "A B" or "An B"`,
		"p.go:36: Bare has no comment",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// complaints returns what file's comments lack: functions and methods need one that begins with their name, exported
// types one that begins with theirs, other exported names any.
func complaints(file source) []string {
	var found []string
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			found = append(found, checkFunc(file, decl)...)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				found = append(found, checkSpec(file, decl, spec)...)
			}
		}
	}
	return found
}

// checkFunc returns the complaint about a function, if there is one.
func checkFunc(file source, f *ast.FuncDecl) []string {
	switch text := f.Doc.Text(); {
	case text == "":
		return []string{file.at(f.Name) + ": " + f.Name.Name + " has no comment"}
	case !begins(text, f.Name.Name):
		return []string{file.at(f.Name) + ": the comment on " + f.Name.Name + ` does not begin with "` + f.Name.Name + `"`}
	}
	return nil
}

// checkSpec returns the complaints about the exported names in one line or group of decl. The comment of a whole group
// of constants or variables is enough for each of them.
func checkSpec(file source, decl *ast.GenDecl, spec ast.Spec) []string {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		name := spec.Name.Name
		text := spec.Doc.Text()
		if text == "" && !decl.Lparen.IsValid() {
			text = decl.Doc.Text()
		}
		switch {
		case !spec.Name.IsExported():
		case text == "":
			return []string{file.at(spec.Name) + ": " + name + " has no comment"}
		case !begins(text, name) && !begins(text, "A", name) && !begins(text, "An", name):
			return []string{file.at(spec.Name) + ": the comment on " + name +
				` does not begin with "` + name + `", "A ` + name + `" or "An ` + name + `"`}
		}
	case *ast.ValueSpec:
		var found []string
		for _, name := range spec.Names {
			if name.IsExported() && decl.Doc.Text()+spec.Doc.Text()+spec.Comment.Text() == "" {
				found = append(found, file.at(name)+": "+name.Name+" has no comment")
			}
		}
		return found
	}
	return nil
}

// begins tells whether text begins with the given words; punctuation may follow each.
func begins(text string, words ...string) bool {
	fields := strings.Fields(text)
	if len(fields) < len(words) {
		return false
	}
	for i, word := range words {
		if strings.TrimRight(fields[i], ",.:;") != word {
			return false
		}
	}
	return true
}
