package recur

import "testing"

// plain are rules as most people have them, and one that is as hard as they come.
var plain = []string{
	"FREQ=DAILY",
	"FREQ=WEEKLY;BYDAY=MO,WE,FR",
	"FREQ=MONTHLY",
	"FREQ=MONTHLY;BYDAY=-1FR",
	"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
	"FREQ=YEARLY",
}

func TestNextDoesNotAllocate(t *testing.T) { // not in parallel, as all allocations are counted
	for _, text := range plain {
		r, anchor := mustParse(t, text), date(t, "2026-01-31")
		if n := testing.AllocsPerRun(100, func() { r.Next(anchor, anchor+400, false) }); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	for _, text := range append(plain, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYDAY=MO;INTERVAL=7") {
		r, anchor := mustParse(b, text), date(b, "2026-01-31")
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Next(anchor, anchor+4000, true)
			}
		})
	}
}

func BenchmarkAt(b *testing.B) {
	zone, _ := Zone("Europe/Berlin")
	for b.Loop() {
		At(20_000, 0, zone)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mustParse(b, "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1")
	}
}
