package config

import (
	"fmt"
	"regexp"
	"strings"
)

// A Description is what a person reads about a variable.
type Description struct {
	Name    string
	Default string // as it could be set, "" for none
	Unset   string // what holds without it, in words, where that depends on others; "" where Default says it
	Must    string // how the sentence goes on that begins "NAME must"; "" if it may be anything
	Doc     string // what it means

	// Unset and Doc have code in single quotes, and links as Markdown has them: see Plain and Markdown.
}

// Describe lists the variables in the order in which they are told of.
func Describe() []Description {
	var all []Description
	for _, v := range variables(new(Config)) {
		all = append(all, Description{
			Name: v.name, Default: v.tag.Get("envDefault"), Unset: v.tag.Get("unset"), Must: v.must, Doc: v.tag.Get("doc"),
		})
	}
	return all
}

var (
	quoted = regexp.MustCompile(`(^|[^\pL\d])'([^']+)'`)   // not an apostrophe
	link   = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`) // [text](target)
)

// Plain returns a text of a Description for a terminal, without quotes around code and with the texts of links.
func Plain(text string) string {
	return quoted.ReplaceAllString(link.ReplaceAllString(text, "$1"), "$1$2")
}

// Markdown returns a text of a Description as it stands in a page of the folder docs.
func Markdown(text string) string {
	return quoted.ReplaceAllString(text, "$1`$2`")
}

// Table returns the table of all variables, in Markdown, for a page of the folder docs.
func Table() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n| --- | --- | --- |\n")
	for _, d := range Describe() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.Name, d.defaultMarkdown(), strings.ReplaceAll(Markdown(d.Doc), "|", `\|`))
	}
	return b.String()
}

// defaultMarkdown returns what holds without the variable, in Markdown.
func (d Description) defaultMarkdown() string {
	switch {
	case d.Unset != "":
		return Markdown(d.Unset)
	case d.Default != "":
		return "`" + d.Default + "`"
	}
	return "–"
}

// The lines between which a page has the table.
const (
	tableBegin = "<!-- generated: begin -->\n"
	tableEnd   = "<!-- generated: end -->\n"
)

// PutTable returns the page with the table of all variables between its two marks. A page without them is an error.
func PutTable(page string) (string, error) {
	before, rest, begins := strings.Cut(page, tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		return "", fmt.Errorf("the page must have the lines %q and %q", strings.TrimSpace(tableBegin), strings.TrimSpace(tableEnd))
	}
	return before + tableBegin + Table() + tableEnd + after, nil
}
