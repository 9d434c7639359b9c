package storetest

import (
	"cmp"
	"fmt"
	"maps"
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

// testDays: bounds compare what is due on a day by the day that they have where they were written.
func testDays(t *testing.T, s Store) {
	ada := newUser()
	for _, at := range []string{
		"2026-12-24", "2026-12-25", "2026-12-26", "2026-12-25T07:59:59Z", "2026-12-25T08:00:00Z", "2026-12-26T07:59:59Z", "2026-12-26T08:00:00Z",
	} {
		p := titled(at)
		p.Due = todo.Some(due(at))
		mustCreate(t, s, ada, p)
	}
	for _, c := range []struct {
		after, before string
		want          []string
	}{
		{"2026-12-25T00:00:00-08:00", "2026-12-26T00:00:00-08:00", []string{"2026-12-25", "2026-12-25T08:00:00Z", "2026-12-26T07:59:59Z"}},
		{"2026-12-25T00:00:00+14:00", "2026-12-26T00:00:00+14:00", []string{"2026-12-25", "2026-12-25T07:59:59Z", "2026-12-25T08:00:00Z"}},
		{"2026-12-25T00:00:00-11:00", "2026-12-26T00:00:00-11:00", []string{"2026-12-25", "2026-12-26T07:59:59Z", "2026-12-26T08:00:00Z"}},
		{"2026-12-25", "2026-12-26", []string{"2026-12-25", "2026-12-25T07:59:59Z", "2026-12-25T08:00:00Z"}},
		{"2026-12-25T23:00:00-08:00", "2026-12-26T01:00:00-08:00", []string{"2026-12-25", "2026-12-26T07:59:59Z", "2026-12-26T08:00:00Z"}},
	} {
		after, before := due(c.after).At, due(c.before).At
		got := titles(mustList(t, s, ada, todo.Filter{DueAfter: &after, DueBefore: &before}).Tasks)
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("from %s to %s: %q, want %q", c.after, c.before, got, c.want)
		}
	}
}

// testStartDates: they are bounds and an order of their own, with the same rules, and nothing to due dates.
func testStartDates(t *testing.T, s Store) {
	ada := newUser()
	for _, at := range []string{"2026-12-24T12:00:00Z", "2026-12-25", "2026-12-26", ""} {
		p := titled(strings.TrimSpace("from " + at))
		if at != "" {
			p.Start = todo.Some(due(at))
		}
		p.Due = todo.Some(due("2027-01-01"))
		made := mustCreate(t, s, ada, p)
		if got := made.Start != nil && made.Start.AllDay; got != (len(at) == len("2026-12-25")) {
			t.Errorf("%q: %+v", at, made.Start)
		}
	}
	after, before := due("2026-12-25T00:00:00-08:00").At, due("2026-12-26T00:00:00-08:00").At
	for _, c := range []struct {
		name   string
		filter todo.Filter
		want   []string
	}{
		{"from a day to the next", todo.Filter{StartAfter: &after, StartBefore: &before}, []string{"from 2026-12-25"}},
		{"before", todo.Filter{StartBefore: &before}, []string{"from 2026-12-25", "from 2026-12-24T12:00:00Z"}},
		{"due before", todo.Filter{DueBefore: &before}, nil},
		{"in order", todo.Filter{Order: []todo.Order{{By: todo.ByStart}}}, []string{
			"from 2026-12-24T12:00:00Z", "from 2026-12-25", "from 2026-12-26", "from",
		}},
		{"the other way round", todo.Filter{Order: []todo.Order{{By: todo.ByStart, Desc: true}}}, []string{
			"from 2026-12-26", "from 2026-12-25", "from 2026-12-24T12:00:00Z", "from",
		}},
	} {
		if got := titles(mustList(t, s, ada, c.filter).Tasks); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// testOverdueIsAMatterOfTheDay: what is due today isn't overdue as long as it is today where the person is.
func testOverdueIsAMatterOfTheDay(t *testing.T, s Store) {
	ada := newUser()
	p := titled("on the 25th")
	p.Due = todo.Some(due("2026-12-25"))
	mustCreate(t, s, ada, p)
	for _, c := range []struct {
		now  string
		want int
	}{
		{"2026-12-25T23:59:59-11:00", 0}, {"2026-12-26T00:00:00-11:00", 1}, {"2026-12-25T23:59:59+14:00", 0}, {"2026-12-26T00:00:00+14:00", 1},
		{"2026-12-25T23:59:59Z", 0}, {"2026-12-26T00:00:00Z", 1},
	} {
		h, err := s.Summary(t.Context(), ada, due(c.now).At)
		if err != nil || h.Overdue != c.want {
			t.Errorf("at %s: %d overdue, %v; want %d", c.now, h.Overdue, err, c.want)
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
				p.Due = todo.Some(todo.Date{At: noon.AddDate(0, 0, rapid.IntRange(0, 2).Draw(t, "day"))})
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
		if x, y := has(a, o.By), has(b, o.By); !x || !y {
			if x != y {
				return map[bool]int{true: -1, false: 1}[x]
			}
			continue
		}
		if c := compareBy(a, b, o.By); c != 0 {
			return sign * c
		}
	}
	return sign * cmp.Compare(a.ID, b.ID)
}

// has reports whether a task has a value under a key.
func has(t todo.Task, key todo.Key) bool {
	return (key != todo.ByDue || t.Due != nil) && (key != todo.ByStart || t.Start != nil)
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
	case todo.ByStart:
		return a.Start.At.Compare(b.Start.At)
	case todo.ByPriority:
		return cmp.Compare(a.Priority, b.Priority)
	case todo.ByDeleted:
		return a.DeletedAt.Compare(*b.DeletedAt)
	case todo.ByPosition:
		return strings.Compare(a.Place(), b.Place())
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
		all = append(all, fmt.Sprintf("%d %q %s %v %v %v", t.ID, t.Title, t.Priority, t.Completed, t.Due, t.Start))
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

// testWords: case, accents and ways of writing the same are ignored; what is found is shown as it was written.
func testWords(t *testing.T, s Store) {
	ada := newUser()
	for _, title := range []string{
		"CAFÉ crème", "straße", "ΟΔΥΣΣΕΥΣ", "ПРИВЕТ", "Kelvin 5\u212a", "[a-z]+(x)", `back\slash`, "cre\u0300me bru\u0302le\u0301e",
		"ﬁn ½", "ドア",
	} {
		mustCreate(t, s, ada, titled(title))
	}
	for word, want := range map[string]string{
		"café": "CAFÉ crème", "cafe": "CAFÉ crème", "AFE\u0301": "CAFÉ crème", "STRAßE": "straße", "STRAẞE": "straße",
		"strasse": "straße", "οδυσσευς": "ΟΔΥΣΣΕΥΣ", "ΟΔΥΣΣΕΎΣ": "ΟΔΥΣΣΕΥΣ",
		"CRÈME": "cre\u0300me bru\u0302le\u0301e|CAFÉ crème", "brûlée": "cre\u0300me bru\u0302le\u0301e",
		"привет": "ПРИВЕТ", "5k": "Kelvin 5\u212a", "[A-Z]+(": "[a-z]+(x)", `K\S`: `back\slash`, "fin": "ﬁn ½", "1⁄2": "ﬁn ½",
		"ドア": "ドア", "トア": "", "^": "", ".*": "", "***=a": "", "(?i)a": "", `\d`: "", "%": "",
	} {
		got := titles(mustList(t, s, ada, todo.Filter{Words: []string{word}}).Tasks)
		if strings.Join(got, "|") != want {
			t.Errorf("%q finds %q, want %q", word, got, want)
		}
	}
	if all := mustList(t, s, ada, todo.Filter{Words: []string{"\u0301"}}).Tasks; len(all) != 10 {
		t.Errorf("a word of which nothing is left finds %q", titles(all))
	}
}

// testFoundAsItIs: a task is found by the text that it has now, whichever way it got that.
func testFoundAsItIs(t *testing.T, s Store) {
	ctx, service, ada := t.Context(), serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	finds := func(what string, want int, words ...string) {
		t.Helper()
		for _, trash := range []bool{false, true} {
			f := todo.Filter{Words: words, Trash: trash, Count: true}
			if trash {
				f.Order = todo.LatestDeletedFirst()
			}
			if page := mustList(t, s, ada.ID, f); page.Total != want && !trash || page.Total != 0 && trash {
				t.Errorf("%s: %q finds %d, in the trash: %v", what, words, page.Total, trash)
			}
		}
	}
	task := mustCreate(t, s, ada.ID, todo.Patch{Title: todo.Some("Erste"), Description: todo.Some("Zweite")})
	finds("created", 1, "erste", "zweite")
	finds("not over the end of a text", 0, "erstezweite")
	mustUpdate(t, s, ada.ID, task.ID, titled("Dritte"))
	finds("edited", 1, "dritte", "zweite")
	finds("as it was", 0, "erste")
	must(t)(taskOf(service.Toggle(ctx, ada, task.ID, todo.WriteOptions{})))
	finds("toggled", 1, "dritte", "zweite")
	steps := []todo.Step{
		{Op: todo.Updated, ID: task.ID, Patch: todo.Patch{Title: todo.Some("Fünfte"), Description: todo.Null[string]()}},
		{Op: todo.Reopened, ID: task.ID}, {Op: todo.Created, Patch: titled("Sechste")},
	}
	batch, err := service.Batch(ctx, ada, steps, true, todo.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	finds("edited in a batch, and changed again in it", 1, "funfte")
	finds("a text that was taken away", 0, "zweite")
	finds("made in a batch", 1, "sechste")
	if _, err := service.Undo(ctx, ada, batch.Results[0].Task.Version, "", todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	finds("taken back", 1, "dritte", "zweite")
	finds("taken back, as it was", 0, "funfte")
}

// letters are characters with what is left of each where words are compared.
var letters = map[string]string{
	"a": "a", "A": "a", "k": "k", "\u212a": "k", "s": "s", "S": "s", "ſ": "s", "ß": "ss", "ẞ": "ss", "é": "e", "É": "e", "e\u0301": "e",
	"e": "e", "Ç": "c", "ﬁ": "fi", "σ": "σ", "ς": "σ", "Σ": "σ", "i": "i", "I": "i", "İ": "i", "ı": "ı", "ǅ": "dz", "Ǆ": "dz", "が": "が",
	"か\u3099": "が", "か": "か", "\u0301": "", "\u200d": "", "ж": "ж", "Ж": "ж", "😀": "😀", "５": "5", "5": "5", "_": "_", "%": "%", "'": "'",
	".": ".", "*": "*", "+": "+", "?": "?", "[": "[", "]": "]", "(": "(", ")": ")", "{": "{", "|": "|", "^": "^", "$": "$", `\`: `\`, "-": "-",
}

// testAnyWord: a store finds exactly what is there once both sides are folded.
func testAnyWord(t *testing.T, s Store) {
	some := rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(letters))), 1, 6)
	folded := func(text []string) (all string) {
		for _, letter := range text {
			all += letters[letter]
		}
		return all
	}
	rapid.Check(t, func(t *rapid.T) {
		ada := newUser()
		title, description := append([]string{"a"}, some.Draw(t, "title")...), some.Draw(t, "description")
		mustCreate(t, s, ada, todo.Patch{
			Title: todo.Some(strings.Join(title, "")), Description: todo.Some(strings.Join(description, "")),
		})
		var words []string
		want := true
		for range rapid.IntRange(0, 2).Draw(t, "words") {
			word := rapid.OneOf(some, rapid.Just(title[len(title)/2:]), rapid.Just(description[:1])).Draw(t, "word")
			words = append(words, strings.Join(word, ""))
			want = want && (strings.Contains(folded(title), folded(word)) || strings.Contains(folded(description), folded(word)))
		}

		page := mustList(t, s, ada, todo.Filter{Words: words})

		if found := len(page.Tasks) == 1; found != want {
			t.Fatalf("words %q in %q and %q: found %v, want %v", words, title, description, found, want)
		}
	})
}
