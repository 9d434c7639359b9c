//go:build heavy

package recur

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"todod/internal/recur"
)

// most is how many dates of a series are compared.
const most = 30

// A judge is a process that answers each line with a line.
type judge struct {
	in  io.Writer
	out *bufio.Reader
	err *bytes.Buffer
}

// start runs a judge until the test ends.
func start(t *testing.T, env []string, name string, args ...string) *judge {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	j := &judge{err: new(bytes.Buffer)}
	cmd.Stderr = j.err
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (make test installs what judges recurrences)", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // what is wrong with it was told by whoever asked
	})
	j.in, j.out = in, bufio.NewReader(out)
	return j
}

// A fataler is a test, or a check of rapid.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// line returns the next line that the judge says.
func (j *judge) line(t fataler) string {
	t.Helper()
	line, err := j.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the judge ended: %v: %s", err, j.err)
	}
	return strings.TrimSuffix(line, "\n")
}

// ask returns the first dates that q's rule has for the judge, number of them at most and none later than the year last.
func (j *judge) ask(t fataler, q question, last, number int) []string {
	t.Helper()
	if _, err := fmt.Fprintf(j.in, "%s\t%s\t%s\t%d\t%d\n", q.rule, q.start(), q.zoneName(), last, number); err != nil {
		t.Fatalf("%v: %s", err, j.err)
	}
	answer := j.line(t)
	if strings.HasPrefix(answer, "error: ") {
		t.Fatalf("%s: %s", q, answer)
	}
	return strings.Fields(answer)
}

// dates returns what todod makes of q's rule: its first dates, most at most and none later than the year last. They are
// those of a task that is completed again and again (internal/todo): the anchor is the first, also if the rule doesn't
// name it, and counts for COUNT.
func dates(t fataler, q question, omit bool, last int) []string {
	t.Helper()
	r, err := recur.Parse(q.rule.String())
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	days := []string{written(q.anchor)}
	for day := q.anchor; len(days) < most && (r.Count() == 0 || len(days) < r.Count()); {
		next, ok := r.Next(q.anchor, day, omit)
		if !ok || next.Time().Year() > last || r.Over(next, q.clock, recur.At(next, q.clock, q.where()), q.allDay) {
			break
		}
		days, day = append(days, written(next)), next
	}
	return days
}

// written returns a day as iCalendar has it.
func written(day recur.Day) string { return day.Time().Format("20060102") }

// counted makes the judge's dates what they would be if DTSTART always counted. RFC 5545 says so (3.3.10, 3.8.5.3), and
// also that a DTSTART that the rule doesn't name gives an undefined set: neither judge counts it. It is put before the
// others, and takes the place of the last for COUNT.
func counted(q question, judged []string) []string {
	first := written(q.anchor)
	if len(judged) > 0 && judged[0] == first {
		return judged
	}
	judged = append([]string{first}, judged...)
	return judged[:min(len(judged), q.rule.number("COUNT", most), most)]
}

// lastYear returns the year until which a series is compared: as far as its rule can come in so many periods, all of which
// recur looks at, and not beyond the year bound.
func lastYear(q question, bound int) int {
	days := map[string]int{"DAILY": 1500, "WEEKLY": 600 * 7, "MONTHLY": 400 * 30, "YEARLY": 120 * 365}[q.rule.get("FREQ")]
	return min(q.anchor.Time().Year()+2+days*q.rule.number("INTERVAL", 1)/365, bound)
}

// commandLine returns the flags that the test binary was given, before any is set here.
var commandLine = sync.OnceValue(func() map[string]bool {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return given
})

// checks has rapid try so many rules from one seed, which it says, unless flags say otherwise.
func checks(t *testing.T, rules int) {
	t.Helper()
	given := commandLine()
	for name, value := range map[string]string{"rapid.checks": strconv.Itoa(rules), "rapid.seed": "5545", "rapid.nofailfile": "true"} {
		if given[name] {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("-rapid.checks=%s -rapid.seed=%s", flag.Lookup("rapid.checks").Value, flag.Lookup("rapid.seed").Value)
}
