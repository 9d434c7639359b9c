package audit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// chain returns n lines, each with its newline, that go on after the link before.
func chain(n int, before link) [][]byte {
	var lines [][]byte
	for i := range n {
		e := entry{at: time.Unix(int64(i), 0), event: TokenRefused, fields: fmt.Appendf(nil, `{"n":%d}`, i)}
		if i == 0 {
			e.event = Opened
		}
		var text []byte
		text, before = appendLine(nil, e, before)
		lines = append(lines, text)
	}
	return lines
}

// linkOf returns the link of a line.
func linkOf(t testing.TB, text []byte) link {
	t.Helper()
	l, err := parseLine(bytes.TrimSuffix(text, []byte("\n")))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return l.link()
}

// verify returns what is found in these files.
func verify(t testing.TB, files ...[]byte) Report {
	t.Helper()
	var v Verifier
	for i, data := range files {
		if err := v.Read(fmt.Sprint("file", i), bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	return v.Report()
}

// kinds returns the faults of r as line and kind.
func kinds(r Report) string {
	var all []string
	for _, f := range r.Faults {
		all = append(all, fmt.Sprintf("%d %s", f.Line, f.Kind))
	}
	return strings.Join(all, ", ")
}

// TestAnythingThatWasDoneToAChainIsFound: one random change of a random chain.
func TestAnythingThatWasDoneToAChainIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(t, "lines")
		before := link{}
		if rapid.Bool().Draw(t, "after a rotation") {
			before = link{seq: 41, hash: Hash{1}}
		}
		lines := chain(n, before)
		good := bytes.Join(lines, nil)
		var v Verifier
		if err := v.Read("", bytes.NewReader(good)); err != nil || v.Report().FaultCount != 0 || v.Report().Lines != n {
			t.Fatalf("untouched: %+v, %v", v.Report(), err)
		}
		var bad []byte
		switch rapid.SampledFrom([]string{"edit", "insert", "delete", "removal", "swap", "double"}).Draw(t, "what") {
		case "edit":
			at := rapid.IntRange(0, len(good)-1).Draw(t, "at")
			bad = slices.Clone(good)
			bad[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		case "insert":
			at := rapid.IntRange(0, len(good)).Draw(t, "at")
			bad = slices.Insert(slices.Clone(good), at, rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "bytes")...)
		case "delete":
			at := rapid.IntRange(0, len(good)-2).Draw(t, "at")
			bad = slices.Delete(slices.Clone(good), at, at+1)
		case "removal": // the end of a chain is known to its Expect alone
			at := rapid.IntRange(0, n-2).Draw(t, "at")
			bad = bytes.Join(slices.Delete(slices.Clone(lines), at, at+rapid.IntRange(1, n-1-at).Draw(t, "many")), nil)
		case "swap":
			a := rapid.IntRange(0, n-2).Draw(t, "a")
			b := rapid.IntRange(a+1, n-1).Draw(t, "b")
			lines[a], lines[b] = lines[b], lines[a]
			bad = bytes.Join(lines, nil)
		case "double":
			from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n).Draw(t, "to")
			bad = bytes.Join(slices.Insert(slices.Clone(lines), to, lines[from]), nil)
		}
		v = Verifier{}
		if err := v.Read("", bytes.NewReader(bad)); err != nil || v.Report().FaultCount == 0 {
			t.Fatalf("not found (%v):\n%s", err, bad)
		}
	})
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	lines := chain(9, link{})
	join := func(lines ...[]byte) []byte { return bytes.Join(lines, nil) }
	edited := bytes.Replace(lines[3], []byte(`"n":3`), []byte(`"n":4`), 1)
	forged, _ := appendLine(nil, entry{at: time.Unix(3, 0), event: SignedIn, fields: []byte(`{}`)}, linkOf(t, lines[2]))
	long := append(bytes.Repeat([]byte("x"), 3*maxLine), '\n')
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":                    {nil, "1 missing"},
		"an edit":                    {slices.Concat(join(lines[:3]...), edited, join(lines[4:]...)), "4 changed"},
		"one with a hash that fits":  {slices.Concat(join(lines[:3]...), forged, join(lines[4:]...)), "4 changed"},
		"two lines gone":             {slices.Concat(join(lines[:3]...), join(lines[5:]...)), "4 missing"},
		"the beginning gone":         {join(lines[2:]...), "1 missing"},
		"two lines swapped":          {join(lines[0], lines[2], lines[1], lines[3]), "2 missing, 3 reordered, 4 missing"},
		"the last cut":               {slices.Concat(join(lines[:3]...), lines[3][:40]), "4 torn"},
		"the last newline gone":      {bytes.TrimSuffix(join(lines...), []byte("\n")), "9 torn"},
		"a cut one without an end":   {slices.Concat(join(lines[:3]...), bytes.Repeat([]byte("x"), 2*maxLine)), "4 torn"},
		"a line that is no line":     {slices.Concat(join(lines[:3]...), []byte("hello\n"), join(lines[3:]...)), "4 changed"},
		"a line that is far to long": {slices.Concat(join(lines[:3]...), long, join(lines[4:]...)), "4 changed"},
		"the same begun again":       {slices.Concat(join(lines...), join(chain(1, linkOf(t, lines[8]))...)), "10 reordered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := kinds(verify(t, c.data)); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestFilesThatGoOnOneAfterTheOther(t *testing.T) {
	t.Parallel()
	first := chain(5, link{})
	second := chain(5, linkOf(t, first[4]))
	third := chain(5, linkOf(t, second[4]))
	all := func(lines [][]byte) []byte { return bytes.Join(lines, nil) }
	r := verify(t, all(first), all(second), all(third))
	if r.FaultCount != 0 || r.Lines != 15 || r.First != 1 || r.Last != 15 {
		t.Errorf("%+v", r)
	}
	if r := verify(t, all(second)); r.FaultCount != 0 || r.First != 6 {
		t.Errorf("one alone: %+v", r)
	}
	for name, files := range map[string][][]byte{
		"one is missing":        {all(first), all(third)},
		"the other way round":   {all(second), all(first)},
		"one without its end":   {all(first[:4]), all(second)},
		"one without beginning": {all(first), all(second[1:])},
	} {
		if r := verify(t, files...); r.FaultCount != 1 || r.Faults[0].File != "file1" || r.Faults[0].Line != 1 {
			t.Errorf("%s: %+v", name, r.Faults)
		}
	}
}

func TestTheHashThatIsExpected(t *testing.T) {
	t.Parallel()
	lines := chain(9, link{})
	for cut, want := range map[int]bool{9: true, 6: true, 5: false} {
		v := Verifier{Expect: linkOf(t, lines[5]).hash}
		if err := v.Read("", bytes.NewReader(bytes.Join(lines[:cut], nil))); err != nil || v.Report().Expected != want {
			t.Errorf("the first %d lines: %v, %v", cut, v.Report().Expected, err)
		}
	}
}

// TestAMarkerExcusesNothingButATear: whoever changes the last line and waits for the next start has gained nothing.
func TestAMarkerExcusesNothingButATear(t *testing.T) {
	t.Parallel()
	lines := chain(5, link{})
	head := bytes.Join(lines[:4], nil)
	after := func(rest []byte) []byte {
		n := notice{Torn, nil}.entry()
		sum := newTear(rest)
		n.fields = fmt.Appendf(nil, `{"bytes":%d,"sha256":%q}`, sum.Bytes, sum.Hash)
		marker, _ := appendLine(nil, n, linkOf(t, lines[3]))
		if !bytes.HasSuffix(rest, []byte("\n")) {
			rest = append(slices.Clone(rest), '\n')
		}
		return slices.Concat(head, rest, marker)
	}
	for name, c := range map[string]struct {
		data  []byte
		tears int
		want  string
	}{
		"a tear":               {after(lines[4][:50]), 1, ""},
		"a tear of zeros":      {after(make([]byte, 30)), 1, ""},
		"two tears":            {after(slices.Concat(lines[4][:50], []byte("\n"), lines[4][:20])), 1, ""},
		"a changed tear":       {bytes.Replace(after(lines[4][:50]), lines[4][:50], bytes.ToUpper(lines[4][:50]), 1), 0, "5 changed"},
		"a changed line":       {after(bytes.Replace(lines[4], []byte(`"n":4`), []byte(`"n":5`), 1)), 0, "5 changed"},
		"a line that was good": {after(lines[4]), 0, "6 reordered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := verify(t, c.data)
			if got := kinds(r); got != c.want || r.Tears != c.tears {
				t.Errorf("found %q and %d tears, want %q and %d", got, r.Tears, c.want, c.tears)
			}
		})
	}
}

// TestATearAtTheBeginningIsTheFilesFirstLine: or the lines before it are gone. A file that was cut behind some line or other
// that a crash left behind does not pass for one whose first line was torn.
func TestATearAtTheBeginningIsTheFilesFirstLine(t *testing.T) {
	t.Parallel()
	before := link{seq: 229, hash: Hash{1}}
	// torn returns a file that begins with what is left of a line after before, which was closed at the next start.
	torn := func(event Event, fields string, left int) []byte {
		text, _ := appendLine(nil, entry{at: time.Unix(0, 0), event: event, fields: []byte(fields)}, before)
		n := notice{Torn, nil}.entry()
		sum := newTear(text[:left])
		n.fields = fmt.Appendf(nil, `{"bytes":%d,"sha256":%q}`, sum.Bytes, sum.Hash)
		marker, last := appendLine(nil, n, before)
		next, _ := appendLine(nil, entry{at: time.Unix(1, 0), event: SignedIn, fields: []byte(`{}`)}, last)
		return slices.Concat(text[:left], []byte("\n"), marker, next)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"its first line":                 {torn(Opened, `{}`, 110), ""},
		"its first line, up to its name": {torn(Opened, `{}`, 90), ""},
		"another line":                   {torn(TokenRefused, `{}`, 110), "1 missing"},
		"one that speaks of a first":     {torn(TokenRefused, `{"event":"audit.opened","x":{"event":"audit.opened"}}`, 150), "1 missing"},
		"too little to tell":             {torn(Opened, `{}`, 60), "1 missing"},
		"a byte":                         {torn(Opened, `{}`, 1), "1 missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r := verify(t, c.data); kinds(r) != c.want || r.Tears != 1 {
				t.Errorf("found %q and %d tears, want %q", kinds(r), r.Tears, c.want)
			}
		})
	}
	// The first of all has nothing before it.
	before = link{}
	for _, left := range []int{1, 60, 110} {
		if r := verify(t, torn(Opened, `{}`, left)); r.FaultCount != 0 || r.Tears != 1 {
			t.Errorf("%d bytes of the very first: %+v", left, r)
		}
	}
	// With the file before nothing is in doubt.
	older := chain(3, link{})
	before = linkOf(t, older[2])
	if r := verify(t, bytes.Join(older, nil), torn(Opened, `{}`, 60)); r.FaultCount != 0 || r.Tears != 1 {
		t.Errorf("with the file before: %+v", r)
	}
}

// FuzzParseLine: whatever a line says, it is read or it isn't, and one that is read has the hash of what it says.
func FuzzParseLine(f *testing.F) {
	for _, text := range chain(3, link{}) {
		f.Add(bytes.TrimSuffix(text, []byte("\n")))
	}
	f.Add([]byte(`{"seq":1,"hash":"` + strings.Repeat("0", 64) + `"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := parseLine(raw)
		if err != nil {
			return
		}
		if again, err := parseLine(raw); err != nil || again.link() != l.link() || l.Seq == 0 {
			t.Errorf("%q is read as %+v, then %+v, %v", raw, l, again, err)
		}
		for i := range raw {
			other := slices.Clone(raw)
			if other[i] ^= 1; bytes.IndexByte(other, '\n') < 0 {
				if l, err := parseLine(other); err == nil {
					t.Fatalf("%q is read, too: %+v", other, l)
				}
			}
		}
	})
}

// FuzzVerify: no file makes the Verifier fail or takes it long, and its faults are within the file.
func FuzzVerify(f *testing.F) {
	lines := chain(4, link{})
	f.Add(bytes.Join(lines, nil))
	f.Add(slices.Concat(lines[0], lines[1][:30]))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := verify(t, data)
		for _, fault := range r.Faults {
			if fault.Line < 1 || fault.Line > bytes.Count(data, []byte("\n"))+1 {
				t.Errorf("%v in %q", fault, data)
			}
		}
		if r.FaultCount == 0 && r.Lines == 0 {
			t.Errorf("nothing wrong with %q", data)
		}
	})
}
