package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/width"

	"todod/internal/observe"
)

// The colours of a table in a terminal.
const (
	noColour = "\x1b[0m"
	faint    = "\x1b[2m"
	red      = "\x1b[31m"
)

// printTasks prints a table of tasks: in a terminal no wider than that, and in colour if colours says so.
func printTasks(w io.Writer, tasks []taskView, now time.Time, colours bool) error {
	limit, terminal := 0, observe.IsTerminal(w)
	if terminal {
		limit = widthOf(w)
	}
	_, err := io.WriteString(w, taskTable(tasks, now, limit, terminal && colours))
	return err
}

// taskTable returns a table whose lines are at most limit characters wide, 0 for any number: titles are cut. What is overdue
// is red and what is done faint, if colours says so.
func taskTable(tasks []taskView, now time.Time, limit int, colours bool) string {
	rows := [][]string{{"ID", "DONE", "PRIORITY", "DUE", "TITLE"}}
	paint := []string{faint}
	for _, t := range tasks {
		due, overdue := t.due(now)
		done, colour := "", ""
		switch {
		case t.Completed:
			done, colour = "✓", faint
		case overdue:
			colour = red
		}
		rows = append(rows, []string{fmt.Sprint(t.ID), done, t.Priority, due, visible(t.Title)})
		paint = append(paint, colour)
	}
	widths := columnWidths(rows)
	var b strings.Builder
	for i, row := range rows {
		line := cut(aligned(row, widths), limit)
		if colours && paint[i] != "" {
			line = paint[i] + line + noColour
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// due returns when t is due, as a person here writes it, and whether that is over.
func (t taskView) due(now time.Time) (text string, overdue bool) {
	if t.DueDate == nil {
		return "", false
	}
	at, err := time.Parse(time.RFC3339, *t.DueDate)
	switch {
	case err != nil:
		return visible(*t.DueDate), false
	case t.AllDay:
		day := at.UTC().Format(time.DateOnly)
		return day, day < now.Format(time.DateOnly)
	}
	return at.In(now.Location()).Format("2006-01-02 15:04"), at.Before(now)
}

// columnWidths returns how wide each column is.
func columnWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], cells(cell))
		}
	}
	return widths
}

// aligned returns a row as a line, two spaces between its columns: numbers to the right, the others to the left, the last one
// as it is.
func aligned(row []string, widths []int) string {
	var b strings.Builder
	for i, cell := range row {
		space := strings.Repeat(" ", widths[i]-cells(cell))
		switch {
		case i == 0:
			b.WriteString(space + cell)
		case i == len(row)-1:
			b.WriteString("  " + cell)
		default:
			b.WriteString("  " + cell + space)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// cells returns how many cells of a terminal text takes: ideographs take two.
func cells(text string) (n int) {
	for _, r := range text {
		n += cellsOf(r)
	}
	return n
}

// cellsOf returns how many cells of a terminal a character takes.
func cellsOf(r rune) int {
	if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// cut returns text with at most limit cells, and with … at the end of what was cut; 0 for any number.
func cut(text string, limit int) string {
	if limit <= 0 || cells(text) <= limit {
		return text
	}
	n := 1 // for …
	for i, r := range text {
		if n += cellsOf(r); n > limit {
			return text[:i] + "…"
		}
	}
	return text
}
