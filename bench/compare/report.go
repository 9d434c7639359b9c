package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A report is all that was measured.
type report struct {
	options
	machine, versions []fact
	sections          []section // of rates, peers and growth
	memory            []memory
	startups          []startups
	soaks             []soaking
}

// publish prints the tables and writes the whole into the file.
func (r *report) publish() error {
	var summary, all strings.Builder
	fmt.Fprintf(&summary, "\n## In short\n\n")
	r.writeShort(&summary)
	r.writeTables(&summary)
	fmt.Print(summary.String())
	r.writeHead(&all)
	all.WriteString(summary.String())
	r.writeSamples(&all)
	r.writeStandings(&all)
	if err := os.MkdirAll(filepath.Dir(r.path), 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(r.path, []byte(all.String()), 0o600); err != nil {
		return err
	}
	progress("the report is %s", r.path)
	return nil
}

// failed tells whether any request failed.
func (r *report) failed() bool {
	if slices.ContainsFunc(r.soaks, func(s soaking) bool { return s.load.failed > 0 }) {
		return true
	}
	return slices.ContainsFunc(r.sections, func(s section) bool {
		return slices.ContainsFunc(s.rows, func(row row) bool { return row.failures() > 0 })
	})
}

// failures returns how many requests of all samples failed.
func (r row) failures() int {
	sum := 0
	for _, s := range r.samples {
		sum += s.failed
	}
	return sum
}

// writeHead writes where, when and how it was measured.
func (r *report) writeHead(w *strings.Builder) {
	fmt.Fprintf(w, "# todod measured: %s\n\n%s, by `%s`\n\n", r.kind, time.Now().UTC().Format(time.RFC3339), r.command)
	if r.kind == ofStart {
		fmt.Fprintf(w, "nobody in the database, %d starts of each kind", r.starts)
	} else {
		fmt.Fprintf(w, "%d users with %d tasks each, %s, login %s", r.data.users, r.data.tasks, r.howLong(), r.login)
	}
	for _, variable := range r.environment {
		fmt.Fprintf(w, ", %s", variable)
	}
	fmt.Fprint(w, "\n\n| | |\n| --- | --- |\n")
	for _, f := range slices.Concat(r.machine, r.versions) {
		fmt.Fprintf(w, "| %s | %s |\n", f.name, f.value)
	}
	fmt.Fprint(w, explanation)
}

// howLong says how much was measured.
func (r *report) howLong() string {
	if r.kind == ofSoak {
		return fmt.Sprintf("%s with %d connections", r.soak, r.clients[0])
	}
	return fmt.Sprintf("%d rounds of %s", r.rounds, r.length)
}

// explanation says what the columns are.
const explanation = `
Medians of all rounds. "of pgbench" is the rate as a part of pgbench's in the same round: its median. "server µs" and
"database µs" are processor time for each request, of all of the server and of all processes of the database (and of
PgBouncer); "client µs" is pgbench's own or wrk's, on the same cores. "peak MiB" is the most memory that the server held,
of all its processes together.
"allocs" and "alloc bytes" are of todod's heap, for each request; "answer bytes" with headers. pgbench sends the bare
statement, without row-level security, revisions or a log of changes, to a table of its own; for an unchanged list it
reads the whole list. Times include requests that a slow one has kept from being sent, as wrk 4.1 counts them, for
pgbench too.
`

// writeTables writes a table for each engine.
func (r *report) writeTables(w *strings.Builder) {
	for _, s := range r.sections {
		fmt.Fprintf(w, "\n## %s\n\n", s.title)
		writeTable(w, slices.Concat(
			[]string{"operation", "clients", "who", "requests/s", "least–most", "p50 ms", "p99 ms", "of pgbench"},
			r.againstHead(),
			[]string{"server µs", "database µs", "client µs", "peak MiB", "allocs", "alloc bytes", "answer bytes", "failed"},
		), len(s.rows), func(i int) []string { return r.cells(s.rows[i]) })
	}
}

// againstHead returns the head of the column with the ratio to the other revision, if there is one.
func (r *report) againstHead() []string {
	if r.against == "" {
		return nil
	}
	return []string{"of " + r.against}
}

// cells returns the cells of a row.
func (r *report) cells(row row) []string {
	least, most := spread(row.samples)
	cells := []string{
		row.operation.name, fmt.Sprint(row.clients), row.contestant,
		fmt.Sprintf("%.0f", median(row.samples, func(s sample) float64 { return s.rate })),
		fmt.Sprintf("%.0f–%.0f", least, most),
		milliseconds(median(row.samples, func(s sample) time.Duration { return s.p50 })),
		milliseconds(median(row.samples, func(s sample) time.Duration { return s.p99 })),
		ratio(row.ofLimit),
	}
	if r.against != "" {
		cells = append(cells, ratio(row.ofAgainst))
	}
	failed := "0"
	if n := row.failures(); n > 0 {
		failed = fmt.Sprintf("**%d**", n)
	}
	return append(cells, usageCells(row.samples, failed)...)
}

// usageCells returns the cells that say what a request took.
func usageCells(samples []sample, failed string) []string {
	micros := func(get func(sample) time.Duration) string {
		return number(median(samples, func(s sample) float64 { return s.microsPerRequest(get(s)) }))
	}
	each := func(get func(sample) float64) string {
		return number(median(samples, func(s sample) float64 { return get(s) / float64(max(1, s.requests)) }))
	}
	return []string{
		micros(func(s sample) time.Duration { return s.serverCPU }),
		micros(func(s sample) time.Duration { return s.databaseCPU }),
		micros(func(s sample) time.Duration { return s.clientCPU }),
		number(median(samples, func(s sample) float64 { return float64(s.peak) / (1 << 20) })),
		each(func(s sample) float64 { return s.allocations }),
		each(func(s sample) float64 { return s.allocated }),
		number(median(samples, func(s sample) float64 { return s.bytesPerAnswer })),
		failed,
	}
}

// writeSamples writes every sample.
func (r *report) writeSamples(w *strings.Builder) {
	for _, s := range r.sections {
		fmt.Fprintf(w, "\n## Every sample: %s\n\n", s.title)
		var lines [][]string
		for _, row := range s.rows {
			for i, sample := range row.samples {
				lines = append(lines, append([]string{
					row.operation.name, fmt.Sprint(row.clients), row.contestant, fmt.Sprint(i + 1), fmt.Sprint(sample.requests),
					fmt.Sprintf("%.0f", sample.rate), milliseconds(sample.p50), milliseconds(sample.p99),
				}, usageCells(row.samples[i:i+1], fmt.Sprint(sample.failed))...))
			}
		}
		writeTable(w, []string{
			"operation", "clients", "who", "round", "requests", "requests/s", "p50 ms", "p99 ms", "server µs", "database µs",
			"client µs", "peak MiB", "allocs", "alloc bytes", "answer bytes", "failed",
		}, len(lines), func(i int) []string { return lines[i] })
	}
}
