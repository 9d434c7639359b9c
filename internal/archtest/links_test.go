package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// notOurs are folders of what is fetched, built or measured.
var notOurs = []string{".git", ".next", "bin", "bench/out", "data", "dist", "node_modules", "tools/openapi/generated"}

// files returns the paths of the repository's files with one of these endings, with slashes.
func files(t *testing.T, root string, endings ...string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err = filepath.Rel(root, path)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		if entry.IsDir() && (slices.Contains(notOurs, path) || slices.Contains(notOurs, entry.Name())) {
			return fs.SkipDir
		}
		if !entry.IsDir() && slices.ContainsFunc(endings, func(s string) bool { return strings.HasSuffix(path, s) }) {
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

var (
	// fence matches a block of code in Markdown, and span code in a line.
	fence = regexp.MustCompile("(?s)\n *```.*?\n *```")
	span  = regexp.MustCompile("`[^`\n]*`")

	// link matches where a link, a picture or a reference leads, in Markdown or in HTML inside of it.
	link = regexp.MustCompile(`\]\(([^)\s]+)\)|(?m:^\[[^\]]+\]: (\S+)$)|(?:src|srcset|href)="([^"]+)"`)

	// heading matches a heading of Markdown, and mention a page with an anchor or without one that code speaks of.
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	mention = regexp.MustCompile(`\b((?:docs/[a-z0-9/-]+|README|CONTRIBUTING|SECURITY|CHANGELOG)\.md)(?:#([a-z0-9-]+))?`)
)

// TestLinksLeadSomewhere: every relative link of a Markdown file leads to a file or a heading that is there, and so does every
// page that code and settings speak of.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	root := moduleFolder(t)
	pages := files(t, root, ".md")
	anchors := map[string][]string{}
	texts := map[string]string{}
	for _, page := range pages {
		texts[page] = fence.ReplaceAllString(read(t, root, page), "")
		anchors[page] = anchorsOf(texts[page])
	}
	check := func(from, target string) {
		path, anchor, hasAnchor := strings.Cut(target, "#")
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(path))); err != nil {
			t.Errorf("%s leads to %s, which is not there", from, path)
		} else if hasAnchor && strings.HasSuffix(path, ".md") && !slices.Contains(anchors[path], anchor) {
			t.Errorf("%s leads to %s, which has no heading %s", from, path, anchor)
		}
	}
	links := 0
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(span.ReplaceAllString(texts[page], ""), -1) {
			target := m[1] + m[2] + m[3]
			if strings.Contains(target, ":") { // elsewhere
				continue
			}
			links++
			if strings.HasPrefix(target, "#") {
				target = filepath.Base(page) + target
			}
			check(page, filepath.ToSlash(filepath.Join(filepath.Dir(page), filepath.FromSlash(target))))
		}
	}
	if links < 100 {
		t.Errorf("found %d links in %d pages", links, len(pages))
	}
	for _, file := range files(t, root, ".go", ".sh", ".mjs", ".sql", ".yaml", ".yml", ".env", ".env.example", "Dockerfile", "Makefile") {
		for _, m := range mention.FindAllString(read(t, root, file), -1) {
			if !strings.HasPrefix(file, "bench/page/") && file != "internal/archtest/links_test.go" {
				check(file, m)
			}
		}
	}
}

// TestTheReadmeIsOneScreen: the rest is in docs.
func TestTheReadmeIsOneScreen(t *testing.T) {
	t.Parallel()
	if n := len(strings.Fields(read(t, moduleFolder(t), "README.md"))); n > 800 {
		t.Errorf("README.md has %d words, at most 800 are wanted", n)
	}
}

// moduleFolder returns where the module is.
func moduleFolder(t *testing.T) string {
	t.Helper()
	packages, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return packages[0].Module.Dir
}

// read returns the file at path, from root.
func read(t *testing.T, root, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// anchorsOf returns what leads to the headings of a page: their words in lower case with hyphens between them, as GitHub
// makes them, and a number behind those that come again.
func anchorsOf(page string) (anchors []string) {
	seen := map[string]int{}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		text := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(m[1], "$1")
		anchor := strings.Map(func(c rune) rune {
			switch {
			case c == ' ':
				return '-'
			case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsNumber(c):
				return unicode.ToLower(c)
			}
			return -1
		}, strings.TrimSpace(text))
		n := seen[anchor]
		seen[anchor]++
		if n > 0 {
			anchor += "-" + strconv.Itoa(n)
		}
		anchors = append(anchors, anchor)
	}
	return anchors
}
