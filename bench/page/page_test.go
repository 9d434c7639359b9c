package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// report is what bench/compare writes, shortened.
const report = "# todod measured: peers\n\n2026-01-02T03:04:05Z, by `go run ./bench/compare -measure peers`\n\n" +
	"1000 users with 1000 tasks each, 3 rounds of 3s, login restricted\n\n" + `| | |
| --- | --- |
| cores | 2 |
| Go | go1.26.8 |

Medians of all rounds.

## In short

| beside     | times |
| ---------- | ----- |
| PocketBase | 9.00  |

## SQLite

| operation | who   |
| --------- | ----- |
| get       | todod |

## Every sample: SQLite

| operation | clients | who            | round | requests/s |
| --------- | ------- | -------------- | ----- | ---------- |
| get       | 64      | todod          | 1     | 100        |
| get       | 64      | todod          | 2     | 900        |
| get       | 64      | todod          | 3     | 300        |
| get       | 64      | Pocket & <Base> | 1     | 30         |
| create    | 64      | todod          | 1     | 50         |
| get       | 256     | todod          | 1     | 7          |
`

// page is a page with a place for the peers.
const page = "# Page\n\n<!-- peers: made by bench/page -->\nold\n<!-- end of peers -->\n\nthe rest\n"

func TestPanelsAreMediansOfTheSamples(t *testing.T) {
	t.Parallel()
	got := panels(report)
	if len(got) != 1 || got[0].title != "SQLite" || len(got[0].groups) != 2 {
		t.Fatalf("%+v", got)
	}
	want := []bar{{"todod", 300}, {"Pocket & <Base>", 30}}
	if g := got[0].groups[0]; g.operation != "get" || !slices.Equal(g.bars, want) {
		t.Errorf("%+v, want get with %+v", g, want)
	}
}

// TestChartIsXML that a browser can read, with a bar for each figure and colours for dark pages.
func TestChartIsXML(t *testing.T) {
	t.Parallel()
	svg := draw(panels(report))
	bars := 0
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	if bars != 3 || !strings.Contains(svg, "prefers-color-scheme:dark") || !strings.Contains(svg, ">300<") {
		t.Errorf("%d bars, want 3, in\n%s", bars, svg)
	}
}

// TestLengths: the longest bar leaves room for its figure, the shortest can be seen.
func TestLengths(t *testing.T) {
	t.Parallel()
	const room = width - 2*margin - nameWidth - rateWidth
	for _, c := range []struct{ rate, most, want float64 }{{500, 500, room}, {250, 500, room / 2}, {0, 500, 1}, {0, 0, 1}} {
		if got := (bar{rate: c.rate}).length(c.most); got != c.want {
			t.Errorf("%v of %v is %v long, want %v", c.rate, c.most, got, c.want)
		}
	}
}

func TestDigestSaysWhatAndWhere(t *testing.T) {
	t.Parallel()
	got := digest(report)
	for _, want := range []string{"| PocketBase | 9.00  |", "2026-01-02", "1000 users", "cores: 2; Go: go1.26.8."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Every sample") || strings.Contains(got, "| operation") {
		t.Errorf("more than what is in short:\n%s", got)
	}
}

// TestRunReplacesWhatIsBetweenTheMarks, and doing it again changes nothing.
func TestRunReplacesWhatIsBetweenTheMarks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, chart := filepath.Join(folder, "page.md"), filepath.Join(folder, "chart.svg")
	for name, text := range map[string]string{"peers.md": report, "page.md": page} {
		if err := write(filepath.Join(folder, name), text); err != nil {
			t.Fatal(err)
		}
	}
	var texts []string
	for range 2 {
		if err := run(folder, path, chart); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] || strings.Contains(texts[0], "old") || !strings.HasSuffix(texts[0], "\n\nthe rest\n") {
		t.Errorf("first\n%s\nthen\n%s", texts[0], texts[1])
	}
	if _, err := os.Stat(chart); err != nil {
		t.Error(err)
	}
}

func TestAPageWithoutAPlaceIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", strings.ReplaceAll(page, "end of peers", "end")} {
		if _, err := put(bad, "peers", "text"); err == nil {
			t.Errorf("%q has a place for the peers", bad)
		}
	}
}

// TestThePageHasAPlaceForEach measure.
func TestThePageHasAPlaceForEach(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if _, err := put(string(text), kind, ""); err != nil {
			t.Error(err)
		}
	}
}
