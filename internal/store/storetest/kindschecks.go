package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// number returns the number of the change that happened at a time, 0 for none.
func (m *kindModel) number(at *time.Time) int {
	if at == nil {
		return 0
	}
	if n, known := m.numbers[at.UnixMilli()]; known {
		return n + int(at.Sub(noon)%time.Millisecond/time.Microsecond)*laterInChange
	}
	return -1
}

// worldTask returns a task as worlds have it.
func (m *kindModel) worldTask(t todo.Task) worldTask {
	w := worldTask{id: t.ID, title: t.Title, done: m.number(t.CompletedAt), labels: slices.Clone(t.LabelIDs), trash: m.number(t.DeletedAt)}
	if t.Completed != (t.CompletedAt != nil) {
		w.done = -2
	}
	if t.ListID != nil {
		w.list = *t.ListID
	}
	if t.ParentID != nil {
		w.parent = *t.ParentID
	}
	if t.Position != nil {
		w.position = *t.Position
	}
	w.due, w.start, w.recurs = worldDateOf(t.Due), worldDateOf(t.Start), worldSeriesOf(t.Recurrence)
	if t.DueZone != nil {
		w.zone = *t.DueZone
	}
	if t.DueLocal != nil {
		w.wall = t.DueLocal.UTC()
	}
	return w
}

// worldThing returns a list or label as worlds have it.
func (m *kindModel) worldThing(o todo.Object) worldThing {
	w := worldThing{kind: o.Kind, id: o.ID, name: o.Name, archived: o.Archived, trash: m.number(o.DeletedAt), position: o.Position}
	if o.Color != nil {
		w.color = *o.Color
	}
	return w
}

// read returns what the store has of p.
func (m *kindModel) read(t rapid.TB, p *kindPerson) (*world, todo.Rev) {
	t.Helper()
	w, rev := m.readKept(t, p)
	m.readPassed(t, p, w)
	return w, rev
}

// readKept is read but for the occurrences that have passed.
func (m *kindModel) readKept(t rapid.TB, p *kindPerson) (*world, todo.Rev) {
	t.Helper()
	w := &world{tasks: map[int64]worldTask{}, things: map[int64]worldThing{}}
	p.tasks, p.things = map[int64]todo.Task{}, map[int64]todo.Object{}
	var rev todo.Rev
	for _, trash := range []bool{false, true} {
		page := todo.Page{More: true}
		for offset := 0; page.More; offset += todo.MaxLimit {
			page = mustList(t, m.store, p.user.ID, todo.Filter{Trash: trash, Offset: offset})
			rev = page.State.Rev
			for _, task := range page.Tasks {
				p.tasks[task.ID], w.tasks[task.ID] = task, m.worldTask(task)
			}
		}
	}
	objects, _, err := m.store.Objects(context.Background(), p.user.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		p.things[o.ID], w.things[o.ID] = o, m.worldThing(o)
	}
	if p.world != nil {
		w.zone = p.world.zone // which has no part in the log
	}
	return w, rev
}

// settle fails the test unless p has what next says, in an order that follows from the one before, and the log tells how it
// came to that. Then next is what p has.
func (m *kindModel) settle(t *rapid.T, p *kindPerson, name string, next *world, moved int64) {
	t.Helper()
	got, rev := m.readKept(t, p)
	if m.rarely {
		got.passed = next.passed
	} else {
		m.readPassed(t, p, got)
	}
	if wrong := got.broken(); wrong != "" {
		t.Fatalf("%s: %s\nbefore\n%safter\n%s", name, wrong, p.world, got)
	}
	if next == p.world && rev != p.rev {
		t.Fatalf("%s wrote something: revision %d after %d", name, rev, p.rev)
	}
	positions(next, got)
	if got.String() != next.String() {
		t.Fatalf("%s: there was\n%sgot\n%swant\n%s", name, p.world, got, next)
	}
	m.wantOrder(t, p, name, got, moved)
	m.took(t, p, name, got, rev)
}

// took notes that p has got, and fails the test unless the log says so, too.
func (m *kindModel) took(t *rapid.T, p *kindPerson, name string, got *world, rev todo.Rev) {
	t.Helper()
	m.readLog(t, p, name, rev)
	if p.copied.String() != got.String() {
		t.Fatalf("%s: the log says\n%sand there is\n%s", name, p.copied, got)
	}
	if rev > p.rev {
		p.sets = append(p.sets, kindSet{name, p.rev + 1, rev, p.world, got})
	}
	p.world, p.rev = got, rev
}

// positions gives what is in w the places that the store gave it.
func positions(w, got *world) {
	for id, t := range w.tasks {
		t.position = got.tasks[id].position
		w.tasks[id] = t
	}
	for id, o := range w.things {
		o.position = got.things[id].position
		w.things[id] = o
	}
	for id, t := range w.tasks {
		if rule, _ := ruleOf(t.recurs.rule); rule.count == 0 { // nobody needs to count then
			t.recurs.passed = got.tasks[id].recurs.passed
			w.tasks[id] = t
		}
	}
}

// wantOrder fails the test if what wasn't moved stands in another order than before, or what was never moved not by its age.
func (m *kindModel) wantOrder(t *rapid.T, p *kindPerson, name string, got *world, moved int64) {
	t.Helper()
	before := p.world.orders()
	for at, now := range got.orders() {
		stayed := func(ids, others []int64) []int64 {
			return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return id == moved || !slices.Contains(others, id) })
		}
		if was, is := stayed(before[at], now), stayed(now, before[at]); !slices.Equal(was, is) {
			t.Fatalf("%s: in %+v there stood %v, now %v\nbefore\n%safter\n%s", name, at, was, is, p.world, got)
		}
		var aged []int64
		for _, id := range now {
			if task, there := got.tasks[id]; there && task.position == "" {
				aged = append(aged, -id)
			}
		}
		if !slices.IsSorted(aged) {
			t.Fatalf("%s: by age, %v", name, aged)
		}
	}
}

// readLog reads what is new in p's log, and makes p.copied of it.
func (m *kindModel) readLog(t *rapid.T, p *kindPerson, name string, rev todo.Rev) {
	t.Helper()
	log, state, err := m.store.Changes(context.Background(), p.user.ID, p.rev, plenty)
	if err != nil || state.Rev != rev || len(log) != int(rev-p.rev) {
		t.Fatalf("%s: %d entries of the log after %d, %+v, %v", name, len(log), p.rev, state, err)
	}
	p.copied = p.copied.clone()
	for i, c := range log {
		if c.Rev != p.rev+todo.Rev(i)+1 || c.SetRev != p.rev+1 || !c.At.Equal(m.now) || c.Task.Version != c.Rev {
			t.Fatalf("%s: entry %d after %d is %+v", name, i, p.rev, c)
		}
		m.copyOf(p.copied, c)
	}
	p.log = append(p.log, log...)
}

// copyOf does to w what a change did.
func (m *kindModel) copyOf(w *world, c todo.Change) {
	if o := c.Occurrence; o != nil {
		passed := worldPassed{c.Task.ID, o.Slot.UTC(), worldDateOf(&o.Due), o.At.UTC(), o.Skipped}
		switch {
		case o.Back:
			w.passed = without(w.passed, []worldPassed{passed})
		case !c.Task.Completed: // of one that is completed for real, the task tells
			w.passed = append(w.passed, passed)
		}
	}
	defer w.forget()
	switch {
	case c.Op == todo.Purged && c.Object != nil:
		delete(w.things, c.Object.ID)
	case c.Op == todo.Purged:
		delete(w.tasks, c.Task.ID)
	case c.Blank(): // a later change tells that it is gone
	case c.Object != nil:
		w.things[c.Object.ID] = m.worldThing(*c.Object)
	default:
		w.tasks[c.Task.ID] = m.worldTask(c.Task)
	}
}

// undo takes back a set: the latest one exactly, another if nothing that it touched was changed since.
func (m *kindModel) undo(t *rapid.T) {
	p := m.pick(t)
	if len(p.sets) == 0 {
		t.Skip("nothing to undo")
	}
	i := len(p.sets) - 1
	if rapid.Bool().Draw(t, "an earlier one") {
		i = rapid.IntRange(0, i).Draw(t, "which")
	}
	set := p.sets[i]
	latest := set.last == p.rev
	want, possible := m.takenBack(p, set)
	rev := todo.Rev(rapid.IntRange(int(set.first), int(set.last)).Draw(t, "revision"))
	name := fmt.Sprintf("undo of %d–%d, %s", set.first, set.last, set.name)
	before := p.world
	made, err := m.service.Undo(context.Background(), p.user, rev, "", todo.WriteOptions{RequestID: "undo"})
	if err != nil {
		if todo.CodeOf(err) != todo.Conflict || possible && want.broken() == "" {
			t.Fatalf("%s: %v\nbefore\n%safter\n%snow\n%s", name, err, set.before, set.after, p.world)
		}
		m.settle(t, p, name, p.world, 0)
		return
	}
	if !possible {
		t.Fatalf("%s: what it touched was changed since\nbefore\n%safter\n%snow\n%s", name, set.before, set.after, p.world)
	}
	got, now := m.read(t, p)
	wrong := got.broken()
	if wrong == "" && want.broken() == "" && visible(got, set.before).told(false) != visible(want, set.before).told(false) {
		wrong = "it isn't what it was before"
	}
	if wrong == "" && latest && visible(got, set.before).told(false) != set.before.told(false) {
		wrong = "it isn't what it was before the latest change"
	}
	if made.Total != int(now-p.rev) || wrong != "" {
		t.Fatalf("%s: %d changes, %s\nbefore\n%safter\n%swas\n%sgot\n%swant\n%s",
			name, made.Total, wrong, set.before, set.after, p.world, got, want)
	}
	m.took(t, p, name, got, now)
	if rapid.Bool().Draw(t, "redo") && made.Total > 0 {
		m.redo(t, p, name, made.Rev, before)
	}
}

// redo takes back an undo, which has just been made: then there is what was before.
func (m *kindModel) redo(t *rapid.T, p *kindPerson, name string, rev todo.Rev, before *world) {
	t.Helper()
	m.changes++
	m.now = m.now.Add(time.Second)
	m.numbers[m.now.UnixMilli()] = m.changes
	m.times[m.changes] = m.now
	_, err := m.service.Undo(context.Background(), p.user, rev, "", todo.WriteOptions{RequestID: "undo"})
	if err != nil {
		t.Fatalf("redo after the %s: %v\nbefore the undo\n%snow\n%s", name, err, before, p.world)
	}
	got, now := m.read(t, p)
	if got.told(false) != before.told(false) {
		t.Fatalf("redo after the %s: before the undo\n%sundone\n%snow\n%s", name, before, p.world, got)
	}
	m.took(t, p, "redo after the "+name, got, now)
}

// visible returns w without what the world before didn't have: what was made and is in the trash after an undo.
func visible(w, before *world) *world {
	w = w.clone()
	maps.DeleteFunc(w.tasks, func(id int64, t worldTask) bool { return t.trash != 0 && before.tasks[id].id == 0 })
	maps.DeleteFunc(w.things, func(id int64, o worldThing) bool { return o.trash != 0 && before.things[id].id == 0 })
	w.forget()
	return w
}

// takenBack returns what there would be if each field that a set touched were what it was before, and whether that can be:
// none of them was changed since, and what was changed is still there.
func (m *kindModel) takenBack(p *kindPerson, set kindSet) (*world, bool) {
	w := p.world.clone()
	touched, left := map[int64]map[string]bool{}, map[int64]todo.Change{}
	made := map[int64]bool{}
	for _, c := range p.log[set.first-1 : set.last] {
		id := c.Task.ID
		if c.Op == todo.Purged || p.world.tasks[id].id == 0 && p.world.things[id].id == 0 {
			return w, false
		}
		if touched[id] == nil {
			touched[id] = map[string]bool{}
		}
		for name := range c.Before {
			touched[id][name] = true
		}
		left[id], made[id] = c, made[id] || c.Op == todo.Created
	}
	for id, c := range left {
		if c.Object != nil {
			if !takenThingBack(w, m.worldThing(*c.Object), set.before.things[id], touched[id], made[id], m.changes) {
				return w, false
			}
		} else if !takenTaskBack(w, m.worldTask(c.Task), set.before.tasks[id], touched[id], made[id], m.changes) {
			return w, false
		}
	}
	w.passed = append(without(w.passed, without(set.after.passed, set.before.passed)), without(set.before.passed, set.after.passed)...)
	return w, true
}

// thrownSince reports whether something that a change left in the trash or not is in the trash since another.
func thrownSince(now, left int) bool { return now != 0 && now != left }

// takenTaskBack is takenBack for a task that a set left like this; before is what it was before.
func takenTaskBack(w *world, left, before worldTask, touched map[string]bool, made bool, change int) bool {
	t := w.tasks[left.id]
	changed := map[string]bool{
		"title": t.title != left.title, "completed": t.done != left.done, "list_id": t.list != left.list, "parent_id": t.parent != left.parent,
		"label_ids": !slices.Equal(t.labels, left.labels), "position": t.position != left.position, "deleted_at": t.trash != left.trash,
		"due_date": t.due != left.due || t.wall != left.wall, "due_zone": t.zone != left.zone, "recurrence": t.recurs != left.recurs,
		"start_date": t.start != left.start,
	}
	for part, whole := range map[string]string{
		"completed_at": "completed", "due_all_day": "due_date", "due_local": "due_date", "start_all_day": "start_date",
	} {
		touched[whole] = touched[whole] || touched[part]
	}
	for name := range changed {
		if changed[name] && (touched[name] || made) {
			return false
		}
	}
	if thrownSince(t.trash, left.trash) {
		return false
	}
	if made {
		t.trash = change
		w.tasks[t.id] = t
		return true
	}
	if touched["title"] {
		t.title = before.title
	}
	if touched["completed"] {
		t.done = before.done
	}
	if touched["list_id"] {
		t.list = before.list
	}
	if touched["parent_id"] {
		t.parent = before.parent
	}
	if touched["label_ids"] {
		t.labels = before.labels
	}
	if touched["position"] {
		t.position = before.position
	}
	if touched["due_date"] {
		t.due, t.wall = before.due, before.wall
	}
	if touched["due_zone"] {
		t.zone = before.zone
	}
	if touched["recurrence"] {
		t.recurs = before.recurs
	}
	if touched["start_date"] {
		t.start = before.start
	}
	if touched["deleted_at"] {
		if t.trash = before.trash; t.trash != 0 {
			t.trash = change
		}
	}
	w.tasks[t.id] = t
	return true
}

// takenThingBack is takenTaskBack for a list or label.
func takenThingBack(w *world, left, before worldThing, touched map[string]bool, made bool, change int) bool {
	o := w.things[left.id]
	changed := map[string]bool{
		"name": o.name != left.name, "color": o.color != left.color, "archived": o.archived != left.archived,
		"position": o.position != left.position, "deleted_at": o.trash != left.trash,
	}
	for name := range changed {
		if changed[name] && (touched[name] || made) {
			return false
		}
	}
	if thrownSince(o.trash, left.trash) {
		return false
	}
	if made {
		o.trash = change
		w.things[o.id] = o
		return true
	}
	if touched["name"] {
		o.name = before.name
	}
	if touched["color"] {
		o.color = before.color
	}
	if touched["archived"] {
		o.archived = before.archived
	}
	if touched["position"] {
		o.position = before.position
	}
	if touched["deleted_at"] {
		if o.trash = before.trash; o.trash != 0 {
			o.trash = change
		}
	}
	w.things[o.id] = o
	return true
}

// sync has a client go on by a page, or begin.
func (m *kindModel) sync(t *rapid.T) {
	p := m.people[rapid.IntRange(0, 1).Draw(t, "who")]
	if len(p.clients) < 4 && rapid.Bool().Draw(t, "begin") {
		c := &kindClient{tasks: map[int64]todo.Task{}, things: map[int64]todo.Object{}}
		c.kinds = rapid.SampledFrom([]*todo.KindSet{nil, new(allKinds)}).Draw(t, "kinds")
		p.clients = append(p.clients, c)
	}
	if len(p.clients) == 0 {
		t.Skip("no clients")
	}
	if _, err := rapid.SampledFrom(p.clients).Draw(t, "client").page(m.service, p.user); err != nil {
		t.Fatal(err)
	}
}

// page has a client go on by a page, and says whether there is more.
func (c *kindClient) page(s *todo.Service, by todo.User) (more bool, err error) {
	page, err := s.Sync(context.Background(), by, c.token, c.kinds)
	if err != nil {
		return false, err
	}
	for _, change := range page.Changes {
		switch {
		case change.Object != nil && c.kinds == nil:
			return false, fmt.Errorf("a client that asked for tasks is told of %+v", change)
		case change.Object != nil && change.Gone():
			delete(c.things, change.Object.ID)
		case change.Object != nil:
			c.things[change.Object.ID] = *change.Object
		case change.Gone():
			delete(c.tasks, change.Task.ID)
		default:
			c.tasks[change.Task.ID] = change.Task
		}
	}
	c.token = page.Next
	return page.More, nil
}

// checkAll holds a person's copies, counts and whole log against what there is.
func (m *kindModel) checkAll(t *rapid.T, p *kindPerson) {
	got, rev := m.read(t, p)
	if got.String() != p.world.String() || rev != p.rev {
		t.Fatalf("of somebody else's doing:\n%swas\n%s", got, p.world)
	}
	full := world{tasks: map[int64]worldTask{}, things: map[int64]worldThing{}}
	log, _, err := m.store.Changes(context.Background(), p.user.ID, 0, plenty)
	if err != nil || len(log) != int(rev) {
		t.Fatalf("%d entries of the log at %d, %v", len(log), rev, err)
	}
	for _, c := range log {
		m.copyOf(&full, c)
	}
	if full.String() != got.String() {
		t.Fatalf("the log says\n%sand there is\n%s", &full, got)
	}
	m.checkCounts(t, p)
	m.wantCompletions(t, p)
	for _, kinds := range []*todo.KindSet{nil, new(allKinds)} {
		p.clients = append(p.clients, &kindClient{kinds: kinds, tasks: map[int64]todo.Task{}, things: map[int64]todo.Object{}})
	}
	for _, c := range p.clients {
		for more := true; more; {
			if more, err = c.page(m.service, p.user); err != nil {
				t.Fatal(err)
			}
		}
		if difference := c.differs(p.tasks, p.things); difference != "" {
			t.Fatal(difference)
		}
	}
}

// checkCounts fails the test unless the counts of a person's tasks are right.
func (m *kindModel) checkCounts(t rapid.TB, p *kindPerson) {
	live := 0
	for _, task := range p.tasks {
		if task.DeletedAt == nil {
			live++
		}
	}
	wantCounts(t, m.store, p.user.ID, live, len(p.tasks)-live)
}

// wantCounts fails the test unless so many tasks of somebody are counted, outside and inside the trash.
func wantCounts(t rapid.TB, s Store, owner todo.UserID, live, trash int) {
	t.Helper()
	err := s.Change(context.Background(), owner, todo.ReadSet{At: noon}, func(known *todo.Snapshot) (todo.WriteSet, error) {
		if known.Count != live || known.Trashed != trash {
			return todo.WriteSet{}, fmt.Errorf("%d and %d tasks are counted, there are %d and %d", known.Count, known.Trashed, live, trash)
		}
		return todo.WriteSet{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// differs returns in what a client's copy isn't what there is, "" for nothing.
func (c *kindClient) differs(tasks map[int64]todo.Task, things map[int64]todo.Object) string {
	live := 0
	for id, task := range tasks {
		if task.DeletedAt == nil {
			live++
			if show(c.tasks[id]) != show(task) {
				return fmt.Sprintf("a client has\n%s, there is\n%s", show(c.tasks[id]), show(task))
			}
		}
	}
	if live != len(c.tasks) {
		return fmt.Sprintf("a client has %d tasks, there are %d", len(c.tasks), live)
	}
	if c.kinds == nil {
		return ""
	}
	live = 0
	for id, o := range things {
		if o.DeletedAt == nil {
			live++
			if showObject(c.things[id]) != showObject(o) {
				return fmt.Sprintf("a client has\n%s, there is\n%s", showObject(c.things[id]), showObject(o))
			}
		}
	}
	if live != len(c.things) {
		return fmt.Sprintf("a client has %d things, there are %d", len(c.things), live)
	}
	return ""
}
