package todo

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseOrder(t *testing.T) {
	t.Parallel()
	got, err := ParseOrder("-priority,due_date,-created_at,updated_at,title,completed")
	want := []Order{{ByPriority, true}, {ByDue, false}, {ByCreated, true}, {ByUpdated, false}, {ByTitle, false}, {ByCompleted, false}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"", ",", "title,", "colour", "--title", "+title", " title", "Title", "id", "title,-title", "title desc"} {
		if order, err := ParseOrder(s); err == nil {
			t.Errorf("%q gives %v", s, order)
		}
	}
}

func TestFiltersThatNoStoreCanAnswer(t *testing.T) {
	t.Parallel()
	good := Filter{Limit: MaxLimit, Words: []string{strings.Repeat("a", MaxQuery)}}
	if err := good.validate(); err != nil {
		t.Error(err)
	}
	bad := Filter{Limit: 0, Offset: -1, Words: []string{"a\x00", strings.Repeat("a", MaxQuery)}}
	if got := faults(bad.validate()); len(got) != 4 {
		t.Errorf("got %q", got)
	}
}

func TestPriorityNames(t *testing.T) {
	t.Parallel()
	for _, p := range []Priority{Low, Medium, High} {
		if got, ok := ParsePriority(p.String()); !ok || got != p {
			t.Errorf("%d: %q, %v", p, p, ok)
		}
	}
	for _, name := range []string{"", "Low", "urgent"} {
		if p, ok := ParsePriority(name); ok {
			t.Errorf("%q is %d", name, p)
		}
	}
	if s := Priority(0).String() + Priority(4).String() + Priority(-1).String(); s != "" {
		t.Errorf("no priorities are called %q", s)
	}
}

// TestQueriesTellFiltersApart: two filters that differ in what they ask for never pass for the same, whatever the words.
func TestQueriesTellFiltersApart(t *testing.T) {
	t.Parallel()
	draw := func(t *rapid.T, name string) Filter {
		flag := func(what string) *bool {
			return rapid.SampledFrom([]*bool{nil, new(bool), func() *bool { b := true; return &b }()}).Draw(t, name+what)
		}
		f := Filter{Completed: flag("completed"), Trash: rapid.Bool().Draw(t, name+"trash")}
		if n := rapid.Int16Range(0, 3).Draw(t, name+"priority"); n > 0 {
			p := Priority(n)
			f.Priority = &p
		}
		for _, at := range []**time.Time{&f.DueBefore, &f.DueAfter} {
			if hours := rapid.IntRange(-1, 25).Draw(t, name+"due"); hours >= 0 {
				bound := time.Unix(0, 0).Add(time.Duration(hours) * time.Hour).In(time.FixedZone("", 3600*rapid.IntRange(-11, 14).Draw(t, name+"zone")))
				*at = &bound
			}
		}
		f.Words = rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune(`a"[] -\é`))), 0, 3).Draw(t, name+"words")
		for _, k := range rapid.Permutation(Keys[:]).Draw(t, name+"keys")[:rapid.IntRange(1, 2).Draw(t, name+"n")] {
			f.Order = append(f.Order, Order{k, rapid.Bool().Draw(t, name+"desc")})
		}
		return f
	}
	equal := func(a, b *time.Time) bool {
		return a == b || a != nil && b != nil && a.Equal(*b) && DayOf(*a).Equal(DayOf(*b))
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a "), draw(t, "b ")
		if rapid.Bool().Draw(t, "alike") { // so that they often differ in one thing only
			b.Words, b.Order, b.Completed, b.Trash, b.Priority, b.DueAfter = a.Words, a.Order, a.Completed, a.Trash, a.Priority, a.DueAfter
		}
		same := a.Trash == b.Trash && reflect.DeepEqual(a.Completed, b.Completed) && reflect.DeepEqual(a.Priority, b.Priority) &&
			equal(a.DueBefore, b.DueBefore) && equal(a.DueAfter, b.DueAfter) && slices.Equal(a.Words, b.Words) &&
			slices.Equal(a.Order, b.Order)
		if (a.Query() == b.Query()) != same {
			t.Fatalf("%q and %q", a.Query(), b.Query())
		}
		if want := formatted(a); a.Query() != want {
			t.Fatalf("%q, and was once %q", a.Query(), want)
		}
		c := a
		c.Limit, c.Offset, c.Count, c.Cursor, c.Unless, c.After = 7, 7, true, "x", &State{}, &Task{}
		if c.Query() != a.Query() {
			t.Fatalf("another page is another query: %q and %q", a.Query(), c.Query())
		}
	})
}

// formatted returns what fmt makes of a filter, which is how Query came to look as it does; bounds have their day behind
// them since days are compared by it, unless it begins at the bound in UTC, too.
func formatted(f Filter) string {
	orNone := func(there bool, v func() any) any {
		if !there {
			return "-"
		}
		return v()
	}
	return fmt.Sprintf("%t %v %q %v %v %v %v", f.Trash, f.Order, f.Words,
		orNone(f.Completed != nil, func() any { return *f.Completed }), orNone(f.Priority != nil, func() any { return *f.Priority }),
		orNone(f.DueBefore != nil, func() any { return formattedBound(*f.DueBefore) }),
		orNone(f.DueAfter != nil, func() any { return formattedBound(*f.DueAfter) }))
}

// formattedBound is what formatted does with a bound.
func formattedBound(at time.Time) string {
	if y, m, d := at.Date(); !time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Equal(at) {
		return fmt.Sprintf("%d on %04d-%02d-%02d", at.UnixMicro(), y, m, d)
	}
	return fmt.Sprint(at.UnixMicro())
}
