package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// someZones are time zones that tests use: with clocks that are changed on both sides of UTC, and at both edges of the day.
var someZones = []string{"Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"}

// date draws a date around now: a day, or an instant.
func (m *kindModel) date(t *rapid.T) todo.Date {
	day := m.now.Truncate(24*time.Hour).AddDate(0, 0, rapid.IntRange(-20, 20).Draw(t, "day"))
	if rapid.IntRange(0, 4).Draw(t, "month end") == 0 {
		day = time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC)
	}
	if rapid.Bool().Draw(t, "all day") {
		return todo.Date{At: day, AllDay: true}
	}
	return todo.Date{At: day.Add(time.Duration(rapid.SampledFrom([]int{1, 6, 8, 11, 22}).Draw(t, "hour"))*time.Hour + 10*time.Minute)}
}

// datePatch draws what a patch does to the dates of a task and to how it recurs: mostly nothing.
func (m *kindModel) datePatch(t *rapid.T, p *todo.Patch) {
	if rapid.IntRange(0, 2).Draw(t, "dates") > 0 {
		return
	}
	draw := func(name string) int { return rapid.IntRange(0, 7).Draw(t, name) }
	switch draw("due") {
	case 0:
		p.Due = todo.Null[todo.Date]()
	case 1, 2, 3:
		p.Due = todo.Some(m.date(t))
	}
	switch draw("start") {
	case 0:
		p.Start = todo.Null[todo.Date]()
	case 1:
		p.Start = todo.Some(m.date(t))
	}
	switch draw("zone") {
	case 0:
		p.DueZone = todo.Null[string]()
	case 1:
		p.DueZone = todo.Some(rapid.SampledFrom(someZones).Draw(t, "due zone"))
	case 2:
		p.DueZone = todo.Some(rapid.SampledFrom([]string{"Mars/Base", "Local", "europe/berlin"}).Draw(t, "no zone"))
	}
	switch draw("recurrence") {
	case 0:
		p.Recurrence = todo.Null[todo.RecurrencePatch]()
	case 1, 2:
		p.Recurrence = todo.Some(m.series(t))
	}
}

// series draws what is written of how a task recurs.
func (m *kindModel) series(t *rapid.T) (p todo.RecurrencePatch) {
	some := func(name string) bool { return rapid.IntRange(0, 2).Draw(t, name) == 0 }
	if !some("no rule") {
		p.Rule = todo.Some(rapid.SampledFrom(worldRules).Draw(t, "rule").text)
	}
	if rapid.IntRange(0, 19).Draw(t, "wrong") == 0 {
		p.Rule = todo.Some("FREQ=HOURLY")
	}
	if some("from") {
		p.From = todo.Some(rapid.SampledFrom([]todo.From{todo.FromDue, todo.FromCompletion}).Draw(t, "which from"))
	}
	if some("late") {
		p.Late = todo.Some(rapid.SampledFrom([]todo.Late{todo.LateSkip, todo.LateEach}).Draw(t, "which late"))
	}
	if some("month end") {
		p.MonthEnd = todo.Some(rapid.SampledFrom([]todo.MonthEnd{todo.MonthEndLast, todo.MonthEndOmit}).Draw(t, "which end"))
	}
	return p
}

// makeRecur has a task recur, which most patches don't.
func (m *kindModel) makeRecur(t *rapid.T) {
	p := m.pick(t)
	id := m.liveTask(t, p, "task")
	patch := todo.Patch{Due: todo.Some(m.date(t)), Recurrence: todo.Some(m.series(t))}
	patch.Recurrence.V.Rule = todo.Some(rapid.SampledFrom(worldRules).Draw(t, "its rule").text)
	if rapid.Bool().Draw(t, "zoned") {
		patch.DueZone = todo.Some(rapid.SampledFrom(someZones).Draw(t, "its zone"))
	}
	if rapid.Bool().Draw(t, "starts") {
		patch.Start = todo.Some(m.date(t))
	}
	m.run(t, p, kindCall{
		name: fmt.Sprintf("recur %d %+v", id, patch),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Update(context.Background(), p.user, id, patch, o)
		},
		predict: func(w *world) todo.Code { return w.update(id, patch) },
	})
}

// slot draws an occurrence of a task: none, the present one, one before or one behind it.
func (m *kindModel) slot(t *rapid.T, p *kindPerson, id int64) *todo.Date {
	s := p.world.tasks[id].recurs
	by := map[int]time.Duration{2: 0, 3: 0, 4: -24 * time.Hour, 5: 24 * time.Hour, 6: 0}
	n := rapid.IntRange(0, 6).Draw(t, "slot")
	if n < 2 {
		return nil
	}
	at := s.slot
	if s.rule == "" {
		at = noon
	}
	slot := &todo.Date{At: at.Add(by[n]), AllDay: s.days}
	if n == 6 && s.days { // as an instant of the day
		slot = &todo.Date{At: at.Add(5 * time.Hour)}
	}
	return slot
}

// recurring chooses a task outside the trash, one that recurs if there is one.
func (m *kindModel) recurring(t *rapid.T, p *kindPerson) int64 {
	return m.idOf(t, p, "recurring", func(t worldTask) bool { return isUp(t) && t.recurs.rule != "" }, nil)
}

// complete completes an occurrence of a task.
func (m *kindModel) complete(t *rapid.T) {
	p := m.pick(t)
	id := m.recurring(t, p)
	slot := m.slot(t, p, id)
	m.run(t, p, kindCall{
		name: fmt.Sprintf("complete %d %v", id, slot),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Complete(context.Background(), p.user, id, slot, o)
		},
		predict: func(w *world) todo.Code { return w.complete(id, slot) }, staled: true,
	})
}

// skip has an occurrence of a task pass without being done.
func (m *kindModel) skip(t *rapid.T) {
	p := m.pick(t)
	id := m.recurring(t, p)
	slot := m.slot(t, p, id)
	m.run(t, p, kindCall{
		name: fmt.Sprintf("skip %d %v", id, slot),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Skip(context.Background(), p.user, id, slot, o)
		},
		predict: func(w *world) todo.Code { return w.skip(id, slot) }, staled: true,
	})
}

// timeZone has somebody be in another time zone, which changes none of their tasks.
func (m *kindModel) timeZone(t *rapid.T) {
	p := m.pick(t)
	name := rapid.SampledFrom(append([]string{"Mars/Base"}, someZones...)).Draw(t, "zone of theirs")
	switch err := m.service.SetTimeZone(context.Background(), p.user, name); {
	case name == "Mars/Base":
		wantCode(t, err, todo.Invalid)
	case err != nil:
		t.Fatal(err)
	default:
		p.world.zone = name
	}
	zone, err := m.service.TimeZone(context.Background(), p.user)
	if want := p.world.zone; err != nil || zone != want && (want != "" || zone != "UTC") {
		t.Fatalf("they are in %q, %v; want %q", zone, err, want)
	}
	m.settle(t, p, "time zone", p.world, 0)
}

// readPassed reads the occurrences of p's tasks that have passed, into w.
func (m *kindModel) readPassed(t rapid.TB, p *kindPerson, w *world) {
	t.Helper()
	for _, c := range m.allCompletions(t, p, plenty) {
		if c.Rev > 0 {
			w.passed = append(w.passed, worldPassed{c.Task, c.Slot.UTC(), worldDateOf(c.Due), c.At.UTC(), c.Skipped})
		}
	}
}

// allCompletions reads p's completions, the latest first, so many at once.
func (m *kindModel) allCompletions(t rapid.TB, p *kindPerson, limit int) (all []todo.Completion) {
	t.Helper()
	if err := todo.ListPassed(context.Background(), m.store, p.user.ID, noon); err != nil {
		t.Fatal(err)
	}
	var before *todo.Completion
	for {
		page, _, err := m.store.Completions(context.Background(), p.user.ID, time.Time{}, far, before, limit)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, page...); len(page) < limit {
			return all
		}
		before = &page[len(page)-1]
	}
}

// far is later than all that tests do.
var far = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)

// tellCompletion tells a completion but for its revision.
func tellCompletion(c todo.Completion) string {
	slot := "-"
	if c.Slot != nil {
		slot = wallText(c.Slot.UTC())
	}
	return fmt.Sprintf("%s: %d %q at %s due %s skipped %v", c.At.UTC().Format(time.RFC3339Nano), c.Task, c.Title, slot,
		worldDateOf(c.Due), c.Skipped)
}

// completed returns what w says was completed, each told like this, sorted.
func (m *kindModel) completed(w *world) (all []string) {
	for id, t := range w.tasks {
		if t.done == 0 {
			continue
		}
		c := todo.Completion{Task: id, Title: t.title, At: m.times[t.done]}
		if !t.due.none() {
			c.Due = &todo.Date{At: t.due.at, AllDay: t.due.day}
		}
		if t.recurs.rule != "" {
			c.Slot = &t.recurs.slot
		}
		all = append(all, tellCompletion(c))
	}
	for _, p := range w.passed {
		c := todo.Completion{Task: p.task, Title: w.tasks[p.task].title, Slot: &p.slot, At: p.at, Skipped: p.skipped}
		if !p.due.none() {
			c.Due = &todo.Date{At: p.due.at, AllDay: p.due.day}
		}
		all = append(all, tellCompletion(c))
	}
	slices.Sort(all)
	return all
}

// completions reads what somebody has completed.
func (m *kindModel) completions(t *rapid.T) {
	m.wantCompletions(t, m.people[rapid.IntRange(0, 1).Draw(t, "who")])
}

// wantCompletions fails the test unless p's completions are what there is, the latest first, the same one by one as all at once,
// and those between two times are those.
func (m *kindModel) wantCompletions(t *rapid.T, p *kindPerson) {
	t.Helper()
	whole := m.allCompletions(t, p, plenty)
	got := make([]string, len(whole))
	for i, c := range whole {
		got[i] = tellCompletion(c)
		if i > 0 && c.At.After(whole[i-1].At) {
			t.Fatalf("%s comes behind %s", got[i], got[i-1])
		}
	}
	inOrder := slices.Clone(got)
	slices.Sort(got)
	if want := m.completed(p.world); !slices.Equal(got, want) {
		t.Fatalf("completions\n got %q\nwant %q\nof\n%s", got, want, p.world)
	}
	limit := rapid.IntRange(1, 3).Draw(t, "limit")
	var paged []string
	for cursor := ""; ; {
		page, err := m.service.Completions(context.Background(), p.user, time.Time{}, time.Time{}, limit, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Completions {
			paged = append(paged, tellCompletion(c))
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(paged, inOrder) {
		t.Fatalf("completions by %d\n got %q\nwant %q", limit, paged, inOrder)
	}
	if len(whole) == 0 {
		return
	}
	since := rapid.SampledFrom(whole).Draw(t, "since").At
	until := rapid.SampledFrom(whole).Draw(t, "until").At
	page, err := m.service.Completions(context.Background(), p.user, since, until, todo.MaxLimit, "")
	if err != nil {
		t.Fatal(err)
	}
	var between []string
	for i, c := range whole {
		if !c.At.Before(since) && c.At.Before(until) {
			between = append(between, inOrder[i])
		}
	}
	var found []string
	for _, c := range page.Completions {
		found = append(found, tellCompletion(c))
	}
	if !slices.Equal(found, between) {
		t.Fatalf("from %s until %s\n got %q\nwant %q", since, until, found, between)
	}
}
