package main

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

// A bar is how many requests a second one contestant answered.
type bar struct {
	who  string
	rate float64
}

// A group is all bars of an operation.
type group struct {
	operation string
	bars      []bar
}

// A panel is all groups of an engine.
type panel struct {
	title  string
	groups []group
}

// everySample begins the headings below which a report has its samples.
const everySample = "Every sample: "

// panels returns what a report's samples say: for each engine, operation and contestant the median of the rates, with
// as many clients as the first sample has.
func panels(report string) (all []panel) {
	for _, engine := range headings(report, everySample) {
		t := readTable(section(report, everySample+engine))
		p := panel{title: engine}
		for _, line := range t.lines {
			if t.cell(line, "clients") == t.cell(t.lines[0], "clients") && t.cell(line, "round") == "1" {
				p.add(t.cell(line, "operation"), bar{who: t.cell(line, "who"), rate: medianRate(t, line)})
			}
		}
		all = append(all, p)
	}
	return all
}

// add adds a bar to the group of an operation.
func (p *panel) add(operation string, b bar) {
	i := slices.IndexFunc(p.groups, func(g group) bool { return g.operation == operation })
	if i < 0 {
		i = len(p.groups)
		p.groups = append(p.groups, group{operation: operation})
	}
	p.groups[i].bars = append(p.groups[i].bars, b)
}

// medianRate returns the median of the rates in those lines of t that are of the same as this one.
func medianRate(t table, of []string) float64 {
	var rates []float64
	for _, line := range t.lines {
		same := !slices.ContainsFunc([]string{"operation", "clients", "who"}, func(column string) bool {
			return t.cell(line, column) != t.cell(of, column)
		})
		if rate, err := strconv.ParseFloat(t.cell(line, "requests/s"), 64); err == nil && same {
			rates = append(rates, rate)
		}
	}
	slices.Sort(rates)
	if len(rates) == 0 {
		return 0
	}
	return (rates[(len(rates)-1)/2] + rates[len(rates)/2]) / 2
}

// What the chart measures, in pixels.
const (
	width     = 760
	margin    = 16
	nameWidth = 210 // of operation and contestant, left of the bars
	rateWidth = 90  // of the figures right of them
	barHeight = 16
	barStep   = 20
	groupGap  = 10
	headStep  = 34
)

// style colours the chart for light and for dark pages.
const style = `text{font:13px system-ui,sans-serif;fill:#1f2328}.head{font-weight:600}.faint{fill:#59636e}
.limit{fill:#afb8c1}.todod{fill:#0969da}.peer{fill:#bc4c00}
@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.faint{fill:#9198a1}.limit{fill:#656c76}.todod{fill:#4493f8}.peer{fill:#db6d28}}`

// draw returns the chart as SVG: for each operation a bar for each contestant, as long as its rate is of the greatest.
func draw(all []panel) string {
	var body strings.Builder
	y := margin
	for _, p := range all {
		y += headStep / 2
		fmt.Fprintf(&body, `<text class="head" x="%d" y="%d">%s: requests a second</text>`+"\n", margin, y, html.EscapeString(p.title))
		y += headStep / 2
		for _, g := range p.groups {
			y = g.draw(&body, y)
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">
<title>Requests a second of todod and of what it is compared with, operation by operation; each has a scale of its own</title>
<style>%s</style>
%s</svg>
`, width, y+margin, width, y+margin, style, body.String())
}

// draw draws the bars of an operation from y on and returns where the next ones go.
func (g group) draw(body *strings.Builder, y int) int {
	most := 0.0
	for _, b := range g.bars {
		most = max(most, b.rate)
	}
	for i, b := range g.bars {
		if i == 0 {
			fmt.Fprintf(body, `<text x="%d" y="%d">%s</text>`+"\n", margin, y+barHeight-4, html.EscapeString(g.operation))
		}
		fmt.Fprintf(body, `<text class="faint" x="%d" y="%d" text-anchor="end">%s</text>`, margin+nameWidth-8, y+barHeight-4,
			html.EscapeString(b.who))
		length := b.length(most)
		fmt.Fprintf(body, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class(b.who), margin+nameWidth, y,
			length, barHeight)
		fmt.Fprintf(body, `<text x="%.1f" y="%d">%.0f</text>`+"\n", margin+nameWidth+length+6, y+barHeight-4, b.rate)
		y += barStep
	}
	return y + groupGap
}

// length returns how long a bar is if the longest has that rate: at least so that it can be seen.
func (b bar) length(most float64) float64 {
	if most <= 0 {
		return 1
	}
	return max(1, b.rate/most*(width-2*margin-nameWidth-rateWidth))
}

// class returns how the bar of a contestant is coloured.
func class(who string) string {
	switch who {
	case "pgbench":
		return "limit"
	case "todod":
		return "todod"
	}
	return "peer"
}
