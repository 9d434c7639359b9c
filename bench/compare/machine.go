package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// A fact is something that the report says of the machine or of a program.
type fact struct{ name, value string }

// describeMachine returns what there is to know of this machine; folder is where the databases are.
func describeMachine(folder string) []fact {
	facts := []fact{
		{"cores", strconv.Itoa(runtime.NumCPU())},
		{"processor", lineOf("/proc/cpuinfo", "model name")},
		{"memory", gibibytes(lineOf("/proc/meminfo", "MemTotal"))},
		{"kernel", strings.TrimSpace(contents("/proc/sys/kernel/osrelease"))},
		{"load average at the start", strings.TrimSpace(contents("/proc/loadavg"))},
	}
	if inMemory(folder) {
		facts = append(facts, fact{"databases", "**in memory, where a sync costs nothing: set TMPDIR to a disk**"})
	}
	return facts
}

// versions returns the versions of all programs in use.
func (b *bench) versions(ctx context.Context) []fact {
	facts := []fact{{"Go", runtime.Version()}, {"wrk", firstLine(ctx, "wrk", "-v")}}
	for _, bin := range b.binaries {
		facts = append(facts, fact{bin.name, bin.revision})
	}
	if b.cluster != nil {
		facts = append(facts, fact{"PostgreSQL", firstLine(ctx, b.cluster.bin+"/postgres", "--version")})
	}
	if slices.Contains(b.engines, onPgBouncer) {
		if bin, err := findPgBouncer(); err == nil {
			facts = append(facts, fact{"PgBouncer", firstLine(ctx, bin, "--version")})
		}
	}
	if b.kind == ofPeers {
		facts = append(facts, peerVersions(ctx)...)
	}
	return facts
}

// firstLine returns the first line that a program prints. wrk ends with an error after its version.
func firstLine(ctx context.Context, program string, args ...string) string {
	out, _ := exec.CommandContext(ctx, program, args...).CombinedOutput() //nolint:gosec // our own choice of program
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// lineOf returns the value in the line of a file that begins with name, as in "MemTotal:  16384 kB".
func lineOf(path, name string) string {
	for line := range strings.Lines(contents(path)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// contents returns what a file holds, or nothing.
func contents(path string) string {
	text, err := os.ReadFile(path) //nolint:gosec // our own choice of path
	if err != nil {
		return ""
	}
	return string(text)
}

// gibibytes writes a number of kB as GiB.
func gibibytes(text string) string {
	kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(text, " kB"), 64)
	if err != nil {
		return text
	}
	return fmt.Sprintf("%.1f GiB", kilobytes/(1<<20))
}
