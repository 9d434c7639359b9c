package recur

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestNextIsWhatTheRuleSays: day by day, a rule has the dates that RFC 5545 gives it in another reading.
func TestNextIsWhatTheRuleSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		choose := drawn(t)
		text, anchor, omit := choose.rule(), choose.anchor(), choose.oneIn(2)
		r, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := newNaive(text, anchor, omit).until(anchor + 3000)
		for after := anchor - 1; ; {
			day, ok := r.Next(anchor, after, omit)
			if !ok || day > anchor+3000 {
				if len(want) > 0 {
					t.Fatalf("%s from %s, omit %v: after %s %s, want %s", text, list([]Day{anchor}), omit, list([]Day{after}),
						list([]Day{day}), list(want[:1]))
				}
				return
			}
			if len(want) == 0 || day != want[0] {
				t.Fatalf("%s from %s, omit %v: after %s %s, want %s", text, list([]Day{anchor}), omit, list([]Day{after}),
					list([]Day{day}), list(want[:min(1, len(want))]))
			}
			after, want = day, want[1:]
		}
	})
}

// TestNextFollows: the date after any day is later than that day, not before the anchor, the same from each day of the gap
// before it, and one that the rule has for itself.
func TestNextFollows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		choose := drawn(t)
		r, err := Parse(choose.rule())
		if err != nil {
			t.Fatal(err)
		}
		anchor, omit := choose.anchor(), choose.oneIn(2)
		after := anchor + Day(choose(100_000)-1_000)
		day, ok := r.Next(anchor, after, omit)
		between := after + Day(choose(400))
		later, laterOK := r.Next(anchor, between, omit)
		switch {
		case ok && (day <= after || day < anchor || day > lastDay):
			t.Errorf("%s from %d: %d comes after %d", r, anchor, day, after)
		case !ok && laterOK:
			t.Errorf("%s from %d: nothing after %d, but %d after %d", r, anchor, after, later, between)
		case ok && between < day && (!laterOK || later != day):
			t.Errorf("%s from %d: %d after %d, but %d (%v) after %d", r, anchor, day, after, later, laterOK, between)
		case ok && laterOK && later < day:
			t.Errorf("%s from %d: %d after %d, but %d after %d", r, anchor, day, after, later, between)
		}
	})
}

// FuzzParse: what is taken is taken again as it is told, and does the same.
func FuzzParse(f *testing.F) {
	for _, text := range append(plain, "freq=monthly;byday=+1mo,-1FR;bysetpos=1,-1;wkst=su;count=3", "FREQ=DAILY;UNTIL=20261231T180000Z", "") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			if r != nil || err.Error() == "" {
				t.Errorf("%q: %v, %v", text, r, err)
			}
			return
		}
		again, err := Parse(r.String())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%q: %+v, then %+v, %v", text, r, again, err)
		}
		if len(text) > maxLength || r.interval < 1 || r.interval > 999 || r.count < 0 || r.count > 9999 {
			t.Errorf("%q: %+v", text, r)
		}
	})
}

// FuzzNext: whatever the rule and wherever it begins, as many periods are looked at as are allowed, and what is found is where
// it may be.
func FuzzNext(f *testing.F) {
	f.Add("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 0, 0, true)
	f.Add("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;INTERVAL=999", int(firstDay), int(firstDay), true)
	f.Add("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=366", int(firstDay), int(firstDay), false)
	f.Add("FREQ=DAILY;INTERVAL=7;BYDAY=MO", int(firstDay), int(lastDay)-7, false)
	f.Add("FREQ=MONTHLY;BYDAY=53MO,-53SU;BYMONTHDAY=-31,31;BYSETPOS=-366", int(lastDay), int(firstDay), false)
	f.Fuzz(func(t *testing.T, text string, anchor, after int, omit bool) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		day, ok, steps := r.next(Day(anchor), Day(after), omit)
		if steps > maxSteps {
			t.Errorf("%s from %d after %d: %d steps", r, anchor, after, steps)
		}
		if ok && (int(day) <= after || int(day) < anchor || day > lastDay) || !ok && day != 0 {
			t.Errorf("%s from %d after %d: %d, %v", r, anchor, after, day, ok)
		}
	})
}
