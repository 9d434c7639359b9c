package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"todod/internal/config"
)

// defaultWidth is how many characters a line may have where nobody knows how wide the terminal is.
const defaultWidth = 80

// printHelp prints how a command is used, and for serve all that can be configured. It is a kong.HelpPrinter.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	if selected := ctx.Selected(); selected == nil || selected.Name != "serve" {
		return nil
	}
	return printVariables(ctx.Stdout, widthOf(ctx.Stdout))
}

// widthOf returns how many characters a line may have that is written to w.
func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return defaultWidth
}

// printVariables prints every variable with its default, its meaning and what it must be, in lines of width characters.
func printVariables(w io.Writer, width int) error {
	var b strings.Builder
	b.WriteString("\n" + wrapped("Variables, from the environment, else from .env or --env-file, else as said here. "+
		"Each can also be given as NAME_FILE, the path of a file with the value.", "", width))
	for _, d := range config.Describe() {
		fmt.Fprintf(&b, "\n%s", wrapped(d.Name+otherwise(d), "  ", width))
		text := config.Plain(d.Doc) + "."
		if d.Must != "" {
			text += " Must " + d.Must + "."
		}
		b.WriteString(wrapped(text, "      ", width))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// otherwise says what holds without a variable.
func otherwise(d config.Description) string {
	switch {
	case d.Unset != "":
		return " (default: " + config.Plain(d.Unset) + ")"
	case d.Default != "":
		return " (default: " + d.Default + ")"
	}
	return ""
}

// wrapped returns text in lines of at most width characters, each after indent, broken between words.
func wrapped(text, indent string, width int) string {
	var b strings.Builder
	line := indent
	for word := range strings.FieldsSeq(text) {
		if line != indent && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
