package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// writeShort writes what was learnt in one table. bench/page puts it into docs/performance.md.
func (r *report) writeShort(w *strings.Builder) {
	switch r.kind {
	case ofRates:
		r.writeRates(w)
	case ofPeers:
		r.writePeers(w)
	case ofGrowth:
		r.writeGrowth(w)
	case ofMemory:
		r.writeMemory(w)
	case ofSoak:
		r.writeSoaks(w)
	case ofStart:
		r.writeStarts(w)
	}
}

// find returns the row of a contestant for an operation, with the first number of clients.
func (r *report) find(s section, op operation, contestant string) (row, bool) {
	i := slices.IndexFunc(s.rows, func(row row) bool {
		return row.operation.name == op.name && row.contestant == contestant && row.clients == r.clients[0]
	})
	if i < 0 {
		return row{}, false
	}
	return s.rows[i], true
}

// writeRates writes what todod reaches on each engine, and what part of pgbench's rate that is.
func (r *report) writeRates(w *strings.Builder) {
	var lines [][]string
	for _, s := range r.sections {
		for _, op := range r.operations {
			if todod, ok := r.find(s, op, tododName); ok {
				lines = append(lines, append([]string{s.title, op.name, ratio(todod.ofLimit)}, todod.figures()...))
			}
		}
	}
	writeTable(w, append([]string{"on", "operation", "of pgbench"}, figureHead("")...), len(lines),
		func(i int) []string { return lines[i] })
}

// peers are those that an engine may have.
var peers = []string{peerFastAPI, peerPocketBase}

// writePeers writes how many times a peer's rate todod's is, and the figures of both.
func (r *report) writePeers(w *strings.Builder) {
	var lines [][]string
	for _, s := range r.sections {
		for _, op := range r.operations {
			for _, name := range peers {
				todod, _ := r.find(s, op, tododName)
				if peer, ok := r.find(s, op, name); ok {
					times := between(ratios(todod.samples, peer.samples))
					lines = append(lines, slices.Concat([]string{name, op.name, times}, todod.figures(), peer.figures()))
				}
			}
		}
	}
	head := slices.Concat([]string{"beside", "operation", "times"}, figureHead("todod "), figureHead("peer "))
	writeTable(w, head, len(lines), func(i int) []string { return lines[i] })
}

// writeGrowth writes what more tasks cost, and what it costs to be far behind the first page.
func (r *report) writeGrowth(w *strings.Builder) {
	var lines [][]string
	grown := grownName(r.grow)
	deep := dataset{r.data.users, r.data.tasks * r.grow}.deep()
	line := func(s section, name string, few, many row) {
		lines = append(lines, []string{
			s.title, name, between(ratios(few.samples, many.samples)), number(few.rate()), number(many.rate()),
			number(few.processorTime()), number(many.processorTime()),
		})
	}
	for _, s := range r.sections {
		for _, op := range r.operations {
			few, okFew := r.find(s, op, tododName)
			many, okMany := r.find(s, op, grown)
			if okFew && okMany {
				line(s, op.name, few, many)
			}
			if behind, ok := r.find(s, op, deepName(r.grow, deep)); ok {
				line(s, fmt.Sprintf("%s, page %d to page 1 of the larger", op.name, deep), many, behind)
			}
		}
	}
	writeTable(w, []string{"on", "operation", "cost", "before /s", "after /s", "before CPU µs", "after CPU µs"}, len(lines),
		func(i int) []string { return lines[i] })
}

// writeMemory writes what todod held.
func (r *report) writeMemory(w *strings.Builder) {
	held := func(get func(memory) uint64) float64 {
		return median(r.memory, func(m memory) float64 { return float64(get(m)) / (1 << 20) })
	}
	idle := held(func(m memory) uint64 { return m.idle })
	states := []struct {
		name string
		size float64
	}{
		{"idle", idle},
		{fmt.Sprintf("%d event streams open", r.connections), held(func(m memory) uint64 { return m.streams })},
		{fmt.Sprintf("%d connections listing, at most", r.connections), held(func(m memory) uint64 { return m.listing })},
		{"after that", held(func(m memory) uint64 { return m.after })},
	}
	writeTable(w, []string{"todod on SQLite", "MiB", "over idle"}, len(states), func(i int) []string {
		return []string{states[i].name, fmt.Sprintf("%.1f", states[i].size), fmt.Sprintf("%+.1f", states[i].size-idle)}
	})
}

// writeSoaks writes what todod held at first and at last, and how it rose.
func (r *report) writeSoaks(w *strings.Builder) {
	kinds := []struct {
		name string
		get  func(standing) float64
	}{
		{"memory, MiB", func(s standing) float64 { return float64(s.memory) / (1 << 20) }},
		{"goroutines", func(s standing) float64 { return s.goroutines }},
		{"open files", func(s standing) float64 { return s.files }},
	}
	for _, one := range r.soaks {
		counted := one.counted()
		part := (len(counted) + 3) / 4
		fmt.Fprintf(w, "%s: %d requests, %.0f a second, %d failed.\n\n", one.title, one.load.requests, one.load.rate, one.load.failed)
		writeTable(w, []string{"median of", "first quarter", "last quarter", "slope an hour"}, len(kinds), func(i int) []string {
			get := kinds[i].get
			return []string{
				kinds[i].name, fmt.Sprintf("%.1f", median(counted[:part], get)),
				fmt.Sprintf("%.1f", median(counted[len(counted)-part:], get)), fmt.Sprintf("%+.1f", slope(counted, get)),
			}
		})
	}
}

// writeStandings writes all that was seen of soaked todods.
func (r *report) writeStandings(w *strings.Builder) {
	for _, one := range r.soaks {
		fmt.Fprintf(w, "\n## Every look: %s\n\n", one.title)
		writeTable(w, []string{"after", "MiB", "goroutines", "files"}, len(one.standings), func(i int) []string {
			s := one.standings[i]
			return []string{
				s.at.Round(time.Second).String(), mebibytes(s.memory), fmt.Sprintf("%.0f", s.goroutines), fmt.Sprintf("%.0f", s.files),
			}
		})
	}
}

// figureHead returns the heads of figures, each beginning with whose.
func figureHead(whose string) []string {
	return []string{whose + "/s", whose + "p50 ms", whose + "p99 ms", whose + "CPU µs", whose + "MiB"}
}

// figures returns the rate of r, its times, the processor time of a request in server and database, and the memory.
func (r row) figures() []string {
	return []string{
		number(r.rate()),
		milliseconds(median(r.samples, func(s sample) time.Duration { return s.p50 })),
		milliseconds(median(r.samples, func(s sample) time.Duration { return s.p99 })),
		number(r.processorTime()),
		number(median(r.samples, func(s sample) float64 { return float64(s.peak) / (1 << 20) })),
	}
}

// rate returns the median of the rates of r.
func (r row) rate() float64 { return median(r.samples, func(s sample) float64 { return s.rate }) }

// processorTime returns the median of how many microseconds of server and database a request took.
func (r row) processorTime() float64 {
	return median(r.samples, func(s sample) float64 { return s.microsPerRequest(s.serverCPU + s.databaseCPU) })
}

// between writes the median of ratios, with the least and the greatest if there are several.
func between(all []float64) string {
	if len(all) < 2 {
		return ratio(all)
	}
	return fmt.Sprintf("%s (%.2f–%.2f)", ratio(all), slices.Min(all), slices.Max(all))
}
