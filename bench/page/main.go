// Command page puts what bench/compare has measured into docs/performance.md and draws its chart. It takes the reports
// that there are; what they don't tell of stays as it is.
//
//	go run ./bench/page
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// kinds are the measures whose reports have a place on the page.
var kinds = []string{"rates", "peers", "growth", "memory", "start", "soak"}

// main reads the reports and writes the page and the chart.
func main() {
	from := flag.String("from", "bench/out", "folder of the reports")
	page := flag.String("page", "docs/performance.md", "page that they are put into")
	chart := flag.String("chart", "docs/performance.svg", "chart that is drawn of the peers")
	flag.Parse()
	if err := run(*from, *page, *chart); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

// run puts the reports in the folder from into the page, and draws the chart if the peers were measured.
func run(from, page, chart string) error {
	text, err := os.ReadFile(page) //nolint:gosec // the user's own choice
	if err != nil {
		return err
	}
	all := string(text)
	for _, kind := range kinds {
		report, err := os.ReadFile(filepath.Join(from, kind+".md")) //nolint:gosec // as above
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if all, err = put(all, kind, digest(string(report))); err != nil {
			return err
		}
		if kind == "peers" {
			if err := write(chart, draw(panels(string(report)))); err != nil {
				return err
			}
		}
		fmt.Println("took", filepath.Join(from, kind+".md"))
	}
	return write(page, all)
}

// write writes a file that is for everybody to read.
func write(path, text string) error {
	return os.WriteFile(path, []byte(text), 0o644) //nolint:gosec // see above
}
