package main

import (
	"fmt"
	"slices"
	"strings"
)

// section returns what stands below a heading of a report, or "".
func section(report, heading string) string {
	_, after, _ := strings.Cut("\n"+report, "\n## "+heading+"\n")
	text, _, _ := strings.Cut(after, "\n## ")
	return strings.TrimSpace(text)
}

// headings returns the headings of a report that begin with prefix, without it.
func headings(report, prefix string) (all []string) {
	for line := range strings.Lines(report) {
		if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "## "+prefix); ok {
			all = append(all, heading)
		}
	}
	return all
}

// A table is one of Markdown: its head and its lines.
type table struct {
	head  []string
	lines [][]string
}

// readTable reads the first table in text.
func readTable(text string) (t table) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			if t.head != nil {
				return t
			}
		case t.head == nil:
			t.head = cells(line)
		case strings.Trim(line, "|- ") != "": // not the line below the head
			t.lines = append(t.lines, cells(line))
		}
	}
	return t
}

// cells returns the cells of a line.
func cells(line string) []string {
	all := strings.Split(strings.Trim(line, "|"), "|")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// cell returns the cell of a line in a column, "" if there is none.
func (t table) cell(line []string, column string) string {
	i := slices.Index(t.head, column)
	if i < 0 || i >= len(line) {
		return ""
	}
	return line[i]
}

// digest returns what a page shows of a report: when and by which command it was made, where, and what was learnt.
func digest(report string) string {
	paragraphs := strings.Split(report, "\n\n")
	if len(paragraphs) < 4 {
		return ""
	}
	var machine []string
	for _, line := range readTable(paragraphs[3]).lines {
		machine = append(machine, strings.TrimSpace(strings.Join(line, ": ")))
	}
	return fmt.Sprintf("%s\n\n%s, %s.\n%s.",
		section(report, "In short"), strings.TrimSuffix(paragraphs[1], "."), paragraphs[2], strings.Join(machine, "; "))
}

// put replaces what stands between the marks of a kind in a page.
func put(page, kind, text string) (string, error) {
	begin, end := fmt.Sprintf("<!-- %s: made by bench/page -->\n", kind), fmt.Sprintf("<!-- end of %s -->", kind)
	before, rest, okBegin := strings.Cut(page, begin)
	_, after, okEnd := strings.Cut(rest, end)
	if !okBegin || !okEnd {
		return "", fmt.Errorf("the page has no place for %s: %q and %q", kind, strings.TrimSpace(begin), end)
	}
	return before + begin + "\n" + text + "\n\n" + end + after, nil
}
