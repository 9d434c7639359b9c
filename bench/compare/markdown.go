package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// writeTable writes a table of Markdown with columns as wide as they have to be, so that it can be read as it is.
func writeTable(w *strings.Builder, head []string, rows int, cells func(row int) []string) {
	lines := [][]string{head, nil}
	for i := range rows {
		lines = append(lines, cells(i))
	}
	widths := make([]int, len(head))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		for i, width := range widths {
			if line == nil {
				fmt.Fprintf(w, "| %s ", strings.Repeat("-", width))
				continue
			}
			fmt.Fprintf(w, "| %s%s ", line[i], strings.Repeat(" ", width-utf8.RuneCountInString(line[i])))
		}
		fmt.Fprint(w, "|\n")
	}
}

// number writes a number that is for people to compare, or nothing for 0.
func number(f float64) string {
	switch {
	case f == 0:
		return ""
	case f < 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.0f", f)
}

// milliseconds writes a time in milliseconds.
func milliseconds(t time.Duration) string {
	return fmt.Sprintf("%.2f", float64(t)/float64(time.Millisecond))
}

// ratio writes the median of ratios, or nothing if there are none.
func ratio(all []float64) string {
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", median(all, func(f float64) float64 { return f }))
}

// mebibytes writes a number of bytes as MiB.
func mebibytes(bytes uint64) string { return fmt.Sprintf("%.1f", float64(bytes)/(1<<20)) }
