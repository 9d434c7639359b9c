package todo

import (
	"slices"
	"strings"
	"testing"
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
