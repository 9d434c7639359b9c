package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"strconv"
	"time"
)

// A Kind is what is wrong with a line.
type Kind string

// The four things that can be wrong.
const (
	Changed   Kind = "changed"   // it is not as it was written
	Missing   Kind = "missing"   // there were lines before it that are gone
	Reordered Kind = "reordered" // it stood elsewhere
	Cut       Kind = "torn"      // the file ends in the middle of it
)

// A Fault is something that is wrong with a file.
type Fault struct {
	File   string
	Line   int // from 1
	Kind   Kind
	Detail string
}

// String describes f to a person.
func (f Fault) String() string { return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Kind, f.Detail) }

// maxFaults is how many faults a Report has in full.
const maxFaults = 10

// A Report is what was found in one file or several.
type Report struct {
	Lines       int // that are as they were written
	First, Last uint64
	From, To    time.Time
	End         Hash // of the last of them
	Tears       int  // lines that were cut off by a crash and closed at the next start
	Expected    bool // the hash that was looked for is there
	Faults      []Fault
	FaultCount  int // of all, also those that are not in Faults
}

// A Verifier reads audit files, of any size, and finds what is wrong with them. The zero Verifier is ready.
type Verifier struct {
	Expect Hash // a line with this hash has to be there; the zero Hash is none

	report Report
	last   link
	begun  bool // a line was read, in this file or one before

	// Of the file that is read.
	file   string
	number int
	fresh  bool // no good line was read yet
	region *region
}

// A region is lines, one after the other, that are not as they were written. It may be what a crash left behind.
type region struct {
	first, lines int
	sum          hash.Hash
	head         []byte // its first bytes, headSize at most
	bytes        int64
	newline      bool // it ended in a newline, which is not in sum yet
	whole        bool // one of them is JSON, which a line that is cut off can't be
}

// headSize is how many bytes of a line its number, time, level and name take at most.
const headSize = 128

// add adds some bytes, of a line or its newline.
func (r *region) add(data []byte) {
	if len(data) == 0 {
		return
	}
	if r.newline {
		_, _ = r.sum.Write([]byte("\n"))
		r.bytes++
	}
	text, newline := bytes.CutSuffix(data, []byte("\n"))
	_, _ = r.sum.Write(text)
	r.head = append(r.head, text[:min(len(text), headSize-len(r.head))]...)
	r.bytes, r.newline = r.bytes+int64(len(text)), newline
}

// explains reports whether l says that r is what a crash left behind.
func (r *region) explains(l line) bool {
	var t tear
	return l.Event == Torn && !r.whole && json.Unmarshal(l.Fields, &t) == nil &&
		t == tear{Bytes: r.bytes, Hash: Hash(r.sum.Sum(nil))}
}

// openedLine is the beginning of the first line of a file, with its number.
var openedLine = regexp.MustCompile(`^\{"seq":([0-9]+),"timestamp":"[^"]*","level":"INFO","event":"audit\.opened"`)

// beganFile reports whether r can only be what is left of the first line of a file, which l was written instead of.
func (r *region) beganFile(l line) bool {
	found := openedLine.FindSubmatch(r.head)
	return len(found) == 2 && string(found[1]) == strconv.FormatUint(l.Seq, 10)
}

// Report returns what was found so far.
func (v *Verifier) Report() Report { return v.report }

// Read reads the file of this name from r: the first there is, or the one that goes on where the one before ended. Its
// error is one of reading; what is wrong with the file is in the Report.
func (v *Verifier) Read(name string, r io.Reader) error {
	v.file, v.number, v.fresh, v.region = name, 0, true, nil
	in := bufio.NewReaderSize(r, maxLine)
	for {
		raw, err := in.ReadSlice('\n')
		if len(raw) > 0 {
			v.number++
			long := errors.Is(err, bufio.ErrBufferFull)
			v.line(raw, long)
			for long {
				raw, err = in.ReadSlice('\n')
				v.region.add(raw)
				long = errors.Is(err, bufio.ErrBufferFull)
			}
		}
		if errors.Is(err, io.EOF) {
			v.endOfFile()
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
}

// line looks at one line, with its newline if it has one. A long one is only its beginning.
func (v *Verifier) line(raw []byte, long bool) {
	text := bytes.TrimSuffix(raw, []byte("\n"))
	l, err := parseLine(text)
	if err != nil || long || len(text) == len(raw) {
		if v.region == nil {
			v.region = &region{first: v.number, sum: sha256.New()}
		}
		v.region.lines++
		v.region.add(raw)
		v.region.whole = v.region.whole || json.Valid(text) && len(text) < len(raw)
		return
	}
	v.good(l)
	v.region, v.fresh, v.begun, v.last = nil, false, true, l.link()
	if v.report.Lines == 0 {
		v.report.First, v.report.From = l.Seq, l.Timestamp
	}
	v.report.Lines++
	v.report.Last, v.report.To, v.report.End = l.Seq, l.Timestamp, l.Hash
	v.report.Expected = v.report.Expected || l.Hash == v.Expect
}

// good looks at whether a line that is as it was written stands where it belongs.
func (v *Verifier) good(l line) {
	follows := l.Seq == v.last.seq+1 && l.Prev == v.last.hash
	if v.region != nil {
		if v.region.explains(l) && (follows || !v.begun && v.fresh && v.region.first == 1) {
			v.report.Tears++
			if !follows && !v.region.beganFile(l) {
				v.fault(v.region.first, Missing, "what is left of it does not show that the file begins with it")
			}
			return
		}
		v.changed()
		if follows || l.Seq == v.last.seq+1+uint64(v.region.lines) {
			return // nothing else is wrong
		}
	}
	switch {
	case v.fresh && l.Event != Opened && v.region == nil:
		v.fault(v.number, Missing, "the file does not begin with "+string(Opened))
	case !v.fresh && l.Event == Opened:
		v.fault(v.number, Reordered, "a line that only begins files")
	case v.fresh && !v.begun, follows:
	case v.fresh && l.Event == Opened && l.Seq == 1 && l.Prev == Hash{}:
		v.fault(v.number, Missing, "it begins a chain of its own: nothing says what was between")
	case v.fresh:
		v.fault(v.number, Missing, "it does not go on where the file before ended")
	case l.Seq == v.last.seq+1:
		v.fault(v.number-1, Changed, "it is not the line that the next one was written after")
	case l.Seq > v.last.seq+1:
		v.fault(v.number, Missing, fmt.Sprintf("%d lines before it, seq %d to %d", l.Seq-v.last.seq-1, v.last.seq+1, l.Seq-1))
	default:
		v.fault(v.number, Reordered, fmt.Sprintf("seq %d after %d", l.Seq, v.last.seq))
	}
}

// changed reports the lines of the region.
func (v *Verifier) changed() {
	detail := "not as it was written"
	if v.region.lines > 1 {
		detail = fmt.Sprintf("%d lines are not as they were written", v.region.lines)
	}
	v.fault(v.region.first, Changed, detail)
}

// endOfFile looks at what stands at the end of a file.
func (v *Verifier) endOfFile() {
	switch {
	case v.number == 0:
		v.fault(1, Missing, "the file is empty")
	case v.region == nil:
	case !v.region.newline && v.region.lines == 1:
		v.fault(v.number, Cut, "the file ends in the middle of it")
	default:
		v.changed()
	}
}

// fault notes a fault.
func (v *Verifier) fault(number int, kind Kind, detail string) {
	v.report.FaultCount++
	if len(v.report.Faults) < maxFaults {
		v.report.Faults = append(v.report.Faults, Fault{v.file, number, kind, detail})
	}
}
