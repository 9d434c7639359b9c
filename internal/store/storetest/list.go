package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// testFilters: each condition and all of them together.
func testFilters(t *testing.T, s Store) {
	ada := newUser()
	for _, p := range []todo.Patch{
		{Title: todo.Some("low"), Priority: todo.Some(todo.Low), Due: todo.Some(due("2026-01-01"))},
		{Title: todo.Some("done"), Completed: todo.Some(true), Due: todo.Some(due("2026-01-02T12:00:00Z"))},
		{Title: todo.Some("high"), Priority: todo.Some(todo.High), Due: todo.Some(due("2026-01-03"))},
		{Title: todo.Some("dateless"), Description: todo.Some("buy Milk and 50% more_of it")},
	} {
		mustCreate(t, s, ada, p)
	}
	yes, no, low := true, false, todo.Low
	second, third := due("2026-01-02T12:00:00Z").At, due("2026-01-03").At
	for _, c := range []struct {
		name   string
		filter todo.Filter
		want   []string
	}{
		{"all", todo.Filter{}, []string{"dateless", "high", "done", "low"}},
		{"completed", todo.Filter{Completed: &yes}, []string{"done"}},
		{"open", todo.Filter{Completed: &no}, []string{"dateless", "high", "low"}},
		{"priority", todo.Filter{Priority: &low}, []string{"low"}},
		{"before excludes its instant", todo.Filter{DueBefore: &second}, []string{"low"}},
		{"after includes its instant", todo.Filter{DueAfter: &second}, []string{"high", "done"}},
		{"between", todo.Filter{DueAfter: &second, DueBefore: &third}, []string{"done"}},
		{"a word of the title", todo.Filter{Words: []string{"HIGH"}}, []string{"high"}},
		{"words of the description", todo.Filter{Words: []string{"milk", "BUY"}}, []string{"dateless"}},
		{"words in both", todo.Filter{Words: []string{"dateless", "milk"}}, []string{"dateless"}},
		{"a word that isn't there", todo.Filter{Words: []string{"milk", "bread"}}, nil},
		{"no wildcards", todo.Filter{Words: []string{"m_lk"}}, nil},
		{"per cent is itself", todo.Filter{Words: []string{"50%"}}, []string{"dateless"}},
		{"an underscore is itself", todo.Filter{Words: []string{"more_of"}}, []string{"dateless"}},
		{"no regular expressions", todo.Filter{Words: []string{"m.lk"}}, nil},
		{"all at once", todo.Filter{Completed: &no, Priority: &low, DueBefore: &third, Words: []string{"o"}}, []string{"low"}},
	} {
		c.filter.Count = true
		page := mustList(t, s, ada, c.filter)
		if got := titles(page.Tasks); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if page.Total != len(c.want) || page.More {
			t.Errorf("%s: total %d, more %v; want %d, false", c.name, page.Total, page.More, len(c.want))
		}
	}
}

// testOrders: random tasks in random orders come as the reference below sorts them.
func testOrders(t *testing.T, s Store) {
	title := rapid.SampledFrom([]string{"a", "A", "b", "É", "é", "z", "Z", "😀", "\uffff", "aa", "a b", "0"})
	rapid.Check(t, func(t *rapid.T) {
		ada := newUser()
		var all []todo.Task
		for range rapid.IntRange(0, 8).Draw(t, "tasks") {
			p := todo.Patch{
				Title: todo.Some(title.Draw(t, "title")), Completed: todo.Some(rapid.Bool().Draw(t, "completed")),
				Priority: todo.Some(todo.Priority(rapid.Int16Range(1, 3).Draw(t, "priority"))),
			}
			if rapid.Bool().Draw(t, "has a due date") {
				p.Due = todo.Some(todo.Due{At: noon.AddDate(0, 0, rapid.IntRange(0, 2).Draw(t, "day"))})
			}
			all = append(all, mustCreate(t, s, ada, p))
		}
		keys := rapid.Permutation(todo.Keys[:]).Draw(t, "keys")[:rapid.IntRange(1, len(todo.Keys)).Draw(t, "n")]
		var order []todo.Order
		for _, k := range keys {
			order = append(order, todo.Order{By: k, Desc: rapid.Bool().Draw(t, "desc")})
		}

		got := mustList(t, s, ada, todo.Filter{Order: order}).Tasks

		slices.SortFunc(all, func(a, b todo.Task) int { return compare(a, b, order) })
		if !slices.EqualFunc(got, all, func(a, b todo.Task) bool { return a.ID == b.ID }) {
			t.Fatalf("order %v: got %v, want %v", order, describe(got), describe(all))
		}
	})
}

// compare orders a and b as todo.Order says.
func compare(a, b todo.Task, order []todo.Order) int {
	sign := 1
	for _, o := range order {
		if sign = 1; o.Desc {
			sign = -1
		}
		if o.By == todo.ByDue && (a.Due == nil || b.Due == nil) {
			if (a.Due == nil) != (b.Due == nil) {
				return map[bool]int{true: 1, false: -1}[a.Due == nil]
			}
			continue
		}
		if c := compareBy(a, b, o.By); c != 0 {
			return sign * c
		}
	}
	return sign * cmp.Compare(a.ID, b.ID)
}

// compareBy orders a and b, which both have a value, by one key.
func compareBy(a, b todo.Task, key todo.Key) int {
	switch key {
	case todo.ByCreated:
		return a.CreatedAt.Compare(b.CreatedAt)
	case todo.ByUpdated:
		return a.UpdatedAt.Compare(b.UpdatedAt)
	case todo.ByDue:
		return a.Due.At.Compare(b.Due.At)
	case todo.ByPriority:
		return cmp.Compare(a.Priority, b.Priority)
	case todo.ByDeleted:
		return a.DeletedAt.Compare(*b.DeletedAt)
	case todo.ByTitle:
		return slices.Compare([]rune(a.Title), []rune(b.Title))
	default:
		return map[[2]bool]int{{false, true}: -1, {true, false}: 1}[[2]bool{a.Completed, b.Completed}]
	}
}

// describe returns what tasks are sorted by, for a failure's message.
func describe(tasks []todo.Task) []string {
	var all []string
	for _, t := range tasks {
		all = append(all, fmt.Sprintf("%d %q %s %v %v", t.ID, t.Title, t.Priority, t.Completed, t.Due))
	}
	return all
}

// testPages: every page size walks over all tasks once, newest first.
func testPages(t *testing.T, s Store) {
	ada := newUser()
	var want []string
	for i := range 10 {
		w := at(ada, noon.Add(time.Duration(i/2)*time.Second)) // pairs share their time: the id decides
		task, err := taskOf(s.Create(t.Context(), ada, titled(fmt.Sprint(i)), plenty, w))
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{task.Title}, want...)
	}
	for size := 1; size <= 11; size++ {
		var got []string
		for offset := 0; ; offset += size {
			page := mustList(t, s, ada, todo.Filter{Limit: size, Offset: offset, Count: true})
			got = append(got, titles(page.Tasks)...)
			if page.Total != 10 {
				t.Errorf("total %d on the page at %d, want 10", page.Total, offset)
			}
			if !page.More {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: got %q, want %q", size, got, want)
		}
	}
	if page := mustList(t, s, ada, todo.Filter{Offset: 99, Count: true}); len(page.Tasks) != 0 || page.Total != 10 || page.More {
		t.Errorf("behind the end: %+v", page)
	}
}

// testWords: case is ignored beyond ASCII; accents are not.
func testWords(t *testing.T, s Store) {
	ada := newUser()
	for _, title := range []string{"CAFÉ crème", "straße", "ΟΔΥΣΣΕΥΣ", "ПРИВЕТ", "Kelvin 5\u212a", "[a-z]+(x)", `back\slash`} {
		mustCreate(t, s, ada, titled(title))
	}
	for word, want := range map[string]string{
		"café": "CAFÉ crème", "CRÈME": "CAFÉ crème", "STRAßE": "straße", "STRAẞE": "straße", "οδυσσευς": "ΟΔΥΣΣΕΥΣ",
		"привет": "ПРИВЕТ", "5k": "Kelvin 5\u212a", "[A-Z]+(": "[a-z]+(x)", `K\S`: `back\slash`, "cafe": "", "strasse": "",
		"^": "", ".*": "", "***=a": "", "(?i)a": "", `\d`: "",
	} {
		got := titles(mustList(t, s, ada, todo.Filter{Words: []string{word}}).Tasks)
		if strings.Join(got, "|") != want {
			t.Errorf("%q finds %q, want %q", word, got, want)
		}
	}
}

// testAnyWord: a store finds exactly what folding both sides finds.
func testAnyWord(t *testing.T, s Store) {
	text := rapid.StringOf(rapid.OneOf(
		rapid.SampledFrom([]rune("aAkK\u212asSſßẞéÉσςΣiIİıǅǆǄ.*+?[]{}()|^$\\-&~#/:=!<> 019_%")), rapid.Rune(),
	))
	text = text.Filter(func(s string) bool { return !strings.ContainsRune(s, 0) })
	rapid.Check(t, func(t *rapid.T) {
		ada := newUser()
		words := todo.Words(text.Draw(t, "q"))
		task := mustCreate(t, s, ada, todo.Patch{
			Title: todo.Some("x" + text.Draw(t, "title")), Description: todo.Some(text.Draw(t, "description")),
		})

		page := mustList(t, s, ada, todo.Filter{Words: words})

		want := true
		for _, w := range words {
			w = todo.Fold(w)
			want = want && (strings.Contains(todo.Fold(task.Title), w) || strings.Contains(todo.Fold(*task.Description), w))
		}
		if found := len(page.Tasks) == 1; found != want {
			t.Fatalf("words %q in %q and %q: found %v, want %v", words, task.Title, *task.Description, found, want)
		}
	})
}
