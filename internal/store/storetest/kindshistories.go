package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// allKinds are all kinds that a client can be told of.
var allKinds = todo.SetOf(todo.Kinds[:]...)

// testHistoriesOfKinds: whatever two people do with tasks, lists and labels, each has what the contract says, every answer
// is what it says, and so are the log, the trash and what clients copy. What must never be, never is.
func testHistoriesOfKinds(t *testing.T, s Store) {
	rapid.Check(t, func(t *rapid.T) {
		m := &kindModel{store: s, now: noon, numbers: map[int64]int{}, times: map[int]time.Time{}}
		m.service = todo.NewService(s, func() time.Time { return m.now }, todo.Rules{Quota: plenty, KeysRemembered: time.Hour * 1000})
		m.rarely = rapid.Bool().Draw(t, "completions are read only now and then")
		for range 2 {
			p := &kindPerson{user: todo.User{ID: newUser(), AsOf: noon}}
			p.world = &world{tasks: map[int64]worldTask{}, things: map[int64]worldThing{}}
			p.copied = p.world.clone()
			m.people = append(m.people, p)
		}
		t.Repeat(map[string]func(*rapid.T){
			"create": m.create, "create again": m.create, "update": m.update, "update again": m.update, "toggle": m.toggle,
			"delete": m.delete, "restore": m.restore, "purge": m.purge, "move": m.move, "move again": m.move, "move list": m.moveList,
			"create thing": m.createThing, "update thing": m.updateThing, "delete thing": m.deleteThing, "batch": m.batch,
			"bulk": m.bulk, "merge": m.merge, "merge thing": m.mergeThing, "undo": m.undo, "undo again": m.undo, "sync": m.sync,
			"complete": m.complete, "complete again": m.complete, "skip": m.skip, "completions": m.completions, "time zone": m.timeZone,
			"make it recur": m.makeRecur,
		})
		for _, p := range m.people {
			m.checkAll(t, p)
		}
	})
}

// A kindModel is two people, and what both should have.
type kindModel struct {
	store   Store
	service *todo.Service
	people  []*kindPerson
	now     time.Time
	changes int
	numbers map[int64]int // of the changes, by when they happened in milliseconds
	times   map[int]time.Time
	rarely  bool // what has passed is read only when somebody asks for it, else after each change
}

// A kindPerson is one of them.
type kindPerson struct {
	user    todo.User
	world   *world
	rev     todo.Rev
	log     []todo.Change
	copied  *world // made of the log alone
	sets    []kindSet
	clients []*kindClient

	tasks  map[int64]todo.Task // as they were read last, in the trash or not
	things map[int64]todo.Object
}

// A kindSet is changes that were made together.
type kindSet struct {
	name          string
	first, last   todo.Rev
	before, after *world
}

// A kindClient copies what somebody has, page by page.
type kindClient struct {
	kinds  *todo.KindSet // nil is a client that has never heard of kinds
	token  string
	tasks  map[int64]todo.Task
	things map[int64]todo.Object
}

// pick chooses somebody, and lets time go by: no two changes happen at the same.
func (m *kindModel) pick(t *rapid.T) *kindPerson {
	m.changes++
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "seconds")) * time.Second)
	if rapid.IntRange(0, 5).Draw(t, "later") == 5 {
		m.now = m.now.Add(time.Duration(rapid.IntRange(1, 40*24).Draw(t, "hours")) * time.Hour)
	}
	m.numbers[m.now.UnixMilli()] = m.changes
	m.times[m.changes] = m.now
	return m.people[max(0, rapid.IntRange(-4, 1).Draw(t, "who"))]
}

// idOf chooses an id of a task or thing of p's for which want holds, or now and then another.
func (m *kindModel) idOf(t *rapid.T, p *kindPerson, what string, task func(worldTask) bool, thing func(worldThing) bool) int64 {
	var wanted, others []int64
	for _, owner := range m.people {
		for _, id := range slices.Sorted(maps.Keys(owner.world.tasks)) {
			if owner == p && task != nil && task(owner.world.tasks[id]) {
				wanted = append(wanted, id)
			} else {
				others = append(others, id)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(owner.world.things)) {
			if owner == p && thing != nil && thing(owner.world.things[id]) {
				wanted = append(wanted, id)
			} else {
				others = append(others, id)
			}
		}
	}
	if len(wanted) == 0 || rapid.IntRange(0, 11).Draw(t, what+": another") == 11 {
		wanted = slices.Concat(others, []int64{1 << 60})
	}
	return rapid.SampledFrom(wanted).Draw(t, what)
}

// trashed holds for tasks in the trash, isThing and discarded for things of a kind outside and inside of it.
func trashed(t worldTask) bool { return t.trash != 0 }

// isThing returns what holds for things of a kind outside the trash.
func isThing(k todo.Kind) func(worldThing) bool {
	return func(o worldThing) bool { return o.kind == k && o.trash == 0 }
}

// discarded holds for things in the trash.
func discarded(o worldThing) bool { return o.trash != 0 }

// liveTask chooses a task outside the trash.
func (m *kindModel) liveTask(t *rapid.T, p *kindPerson, what string) int64 {
	return m.idOf(t, p, what, isUp, nil)
}

// orNull returns an id that choose chooses, or null.
func orNull(t *rapid.T, what string, choose func() int64) todo.Opt[int64] {
	if rapid.IntRange(0, 3).Draw(t, what+" null") == 0 {
		return todo.Null[int64]()
	}
	return todo.Some(choose())
}

// patch draws a patch of a task.
func (m *kindModel) patch(t *rapid.T, p *kindPerson) (patch todo.Patch) {
	draw := func(name string) int { return rapid.IntRange(0, 3).Draw(t, name) }
	if draw("title") == 0 {
		patch.Title = todo.Some(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "text"))
	}
	if n := draw("completed"); n > 1 {
		patch.Completed = todo.Some(n == 2)
	}
	if draw("list") == 0 {
		patch.ListID = orNull(t, "list", func() int64 { return m.idOf(t, p, "list", nil, isThing(todo.KindList)) })
	}
	if draw("parent") < 2 {
		patch.ParentID = orNull(t, "parent", func() int64 { return m.liveTask(t, p, "parent") })
	}
	if draw("labels") == 0 {
		patch.LabelIDs = todo.Some(todo.IDs{})
		for range draw("how many labels") {
			patch.LabelIDs.V = append(patch.LabelIDs.V, m.idOf(t, p, "label", nil, isThing(todo.KindLabel)))
		}
	}
	m.datePatch(t, &patch)
	return patch
}

// objectPatch draws a patch of a list or label.
func objectPatch(t *rapid.T, k todo.Kind, named bool) (patch todo.ObjectPatch) {
	if named || rapid.Bool().Draw(t, "named") {
		patch.Name = todo.Some(rapid.SampledFrom(slices.Sorted(maps.Keys(names))).Draw(t, "name"))
	}
	switch rapid.IntRange(0, 3).Draw(t, "color") {
	case 0:
		patch.Color = todo.Null[string]()
	case 1:
		patch.Color = todo.Some("#00ff00")
	}
	if k == todo.KindList && rapid.IntRange(0, 3).Draw(t, "archive") == 0 {
		patch.Archived = todo.Some(rapid.Bool().Draw(t, "archived"))
	}
	return patch
}

// A kindCall is a change of one thing.
type kindCall struct {
	name    string
	call    func(todo.WriteOptions) (todo.WriteResult, error)
	predict func(*world) todo.Code
	staled  bool // it may ask for a version that there isn't
	moved   int64
}

// run has p make a change, holds what comes of it against what is predicted, and says whether it was carried out.
func (m *kindModel) run(t *rapid.T, p *kindPerson, c kindCall) (ok bool) {
	t.Helper()
	opts := todo.WriteOptions{RequestID: fmt.Sprint("req", m.changes)}
	stale := c.staled && rapid.IntRange(0, 9).Draw(t, "stale") == 9
	if stale {
		opts.If = []todo.Rev{p.rev + 7}
	}
	again := rapid.IntRange(0, 7).Draw(t, "again") == 7
	if again {
		opts.Idempotency = &todo.Idempotency{Key: fmt.Sprint("key", m.changes), Fingerprint: []byte(c.name), Status: 200}
	}
	out, err := c.call(opts)
	next := p.world.clone()
	next.change, next.at, next.ids = m.changes, m.now, []int64{out.Task.ID}
	if out.Object != nil {
		next.ids[0] = out.Object.ID
	}
	if err != nil {
		next.ids = nil
	}
	want := c.predict(next)
	if stale && want != todo.NotFound {
		want = todo.Changed
	}
	if todo.CodeOf(err) != want || (err != nil) != (want != 0) {
		t.Fatalf("%s: %v, want code %d; there was\n%s", c.name, err, want, p.world)
	}
	if want != 0 {
		next = p.world
	}
	m.settle(t, p, c.name, next, c.moved)
	if err != nil {
		return false
	}
	m.wantShown(t, p, c.name, out)
	if again {
		second, err := c.call(opts)
		if gone := strings.HasPrefix(c.name, "purge"); err != nil && !gone || !second.Replayed {
			t.Fatalf("%s again: %+v, %v", c.name, second, err)
		}
		m.wantShown(t, p, c.name+" again", second)
		m.settle(t, p, c.name+" again", p.world, 0)
	}
	return true
}

// wantShown fails the test unless an answer shows what there is.
func (m *kindModel) wantShown(t *rapid.T, p *kindPerson, name string, out todo.WriteResult) {
	t.Helper()
	switch {
	case strings.HasPrefix(name, "purge"):
	case out.Object != nil:
		wantObject(t, name, *out.Object, p.things[out.Object.ID])
	default:
		wantTask(t, out.Task, p.tasks[out.Task.ID])
	}
}

// wantObject fails the test unless got is want.
func wantObject(t rapid.TB, what string, got, want todo.Object) {
	t.Helper()
	if showObject(got) != showObject(want) {
		t.Fatalf("%s:\n got %s\nwant %s", what, showObject(got), showObject(want))
	}
}

// showObject returns an object with what its pointers point to, its times in UTC.
func showObject(o todo.Object) string {
	utc := func(at *time.Time) string {
		if at == nil {
			return "-"
		}
		return at.UTC().Format(time.RFC3339Nano)
	}
	color := ""
	if o.Color != nil {
		color = *o.Color
	}
	return fmt.Sprintf("%s %d of %s, version %d, %q %q archived %v at %q, %s, %s, %s",
		o.Kind, o.ID, o.Owner, o.Version, o.Name, color, o.Archived, o.Position, utc(&o.CreatedAt), utc(&o.UpdatedAt), utc(o.DeletedAt))
}

// create makes a task.
func (m *kindModel) create(t *rapid.T) {
	p := m.pick(t)
	patch := m.patch(t, p)
	patch.Title = todo.Some("new")
	m.run(t, p, kindCall{
		name: fmt.Sprintf("create %+v", patch),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Create(context.Background(), p.user, patch, o)
		},
		predict: func(w *world) todo.Code { return w.create(patch) },
	})
}

// update patches a task.
func (m *kindModel) update(t *rapid.T) {
	p := m.pick(t)
	id, patch := m.liveTask(t, p, "task"), m.patch(t, p)
	m.run(t, p, kindCall{
		name: fmt.Sprintf("update %d %+v", id, patch),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Update(context.Background(), p.user, id, patch, o)
		},
		predict: func(w *world) todo.Code { return w.update(id, patch) },
	})
}

// toggle flips a task.
func (m *kindModel) toggle(t *rapid.T) {
	p := m.pick(t)
	id := m.liveTask(t, p, "task")
	m.run(t, p, kindCall{
		name: fmt.Sprint("toggle ", id),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Toggle(context.Background(), p.user, id, o)
		},
		predict: func(w *world) todo.Code { return w.toggle(id) }, staled: true,
	})
}

// delete moves a task to the trash.
func (m *kindModel) delete(t *rapid.T) {
	p := m.pick(t)
	id := m.liveTask(t, p, "task")
	m.run(t, p, kindCall{
		name: fmt.Sprint("delete ", id),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Delete(context.Background(), p.user, id, o)
		},
		predict: func(w *world) todo.Code { return w.delete(id) }, staled: true,
	})
}

// restore takes something out of the trash.
func (m *kindModel) restore(t *rapid.T) {
	p := m.pick(t)
	id := m.idOf(t, p, "id", trashed, discarded)
	m.run(t, p, kindCall{
		name: fmt.Sprint("restore ", id),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Restore(context.Background(), p.user, id, o)
		},
		predict: func(w *world) todo.Code { return w.restore(id) }, staled: true,
	})
}

// purge removes something in the trash for good.
func (m *kindModel) purge(t *rapid.T) {
	p := m.pick(t)
	id := m.idOf(t, p, "id", trashed, discarded)
	m.run(t, p, kindCall{
		name: fmt.Sprint("purge ", id),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.Purge(context.Background(), p.user, id, o)
		},
		predict: func(w *world) todo.Code { return w.purge(id) }, staled: true,
	})
}

// place draws where something is to stand.
func place(t *rapid.T, choose func() int64) (move todo.Move) {
	to := orNull(t, "neighbour", choose)
	if rapid.Bool().Draw(t, "after") {
		move.After = to
	} else {
		move.Before = to
	}
	return move
}

// move has a task stand elsewhere.
func (m *kindModel) move(t *rapid.T) {
	p := m.pick(t)
	id, patch := m.liveTask(t, p, "task"), m.patch(t, p)
	move := place(t, func() int64 {
		here := p.world.tasks[id]
		if patch.ParentID.Set {
			here.list, here.parent = p.world.tasks[patch.ParentID.V].list, patch.ParentID.V
		}
		if patch.ListID.Set {
			here.list = patch.ListID.V
		}
		beside := func(other worldTask) bool {
			return other.id != id && other.list == here.list && other.parent == here.parent
		}
		return m.idOf(t, p, "beside", beside, nil)
	})
	move.ListID, move.ParentID = patch.ListID, patch.ParentID
	ok := m.run(t, p, kindCall{
		name: fmt.Sprintf("move %d %+v", id, move),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.MoveTask(context.Background(), p.user, id, move, o)
		},
		predict: func(w *world) todo.Code { return w.move(id, move) }, moved: id,
	})
	if ok {
		m.wantBeside(t, p, spot{p.world.tasks[id].list, p.world.tasks[id].parent}, id, move)
	}
}

// moveList has a list stand elsewhere.
func (m *kindModel) moveList(t *rapid.T) {
	p := m.pick(t)
	id := m.idOf(t, p, "list", nil, isThing(todo.KindList))
	move := place(t, func() int64 {
		return m.idOf(t, p, "beside", nil, func(o worldThing) bool { return o.kind == todo.KindList && o.id != id })
	})
	ok := m.run(t, p, kindCall{
		name: fmt.Sprintf("move list %d %+v", id, move),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.MoveList(context.Background(), p.user, id, move, o)
		},
		predict: func(w *world) todo.Code { return w.moveList(id, move) }, moved: id,
	})
	if ok {
		m.wantBeside(t, p, spot{-1, -1}, id, move)
	}
}

// wantBeside fails the test unless something that was moved stands where it was moved to: behind all that stand before a
// neighbour, or with it, and before all others. A neighbour may be in the trash.
func (m *kindModel) wantBeside(t *rapid.T, p *kindPerson, at spot, id int64, move todo.Move) {
	t.Helper()
	order := p.world.orders()[at]
	beside, want := move.After.V+move.Before.V, 0
	for _, other := range order {
		switch difference := strings.Compare(p.world.placeOf(at, other), p.world.placeOf(at, beside)); {
		case other == id:
		case move.Before.Null, beside != 0 && (difference < 0 || difference == 0 && move.After.Set):
			want++
		}
	}
	if i := slices.Index(order, id); i != want {
		t.Fatalf("%d was moved %+v, and the order is %v\n%s", id, move, order, p.world)
	}
}

// createThing makes a list or label.
func (m *kindModel) createThing(t *rapid.T) {
	p := m.pick(t)
	k := rapid.SampledFrom([]todo.Kind{todo.KindList, todo.KindLabel}).Draw(t, "kind")
	patch := objectPatch(t, k, true)
	m.run(t, p, kindCall{
		name: fmt.Sprintf("create %s %+v", k, patch),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.CreateObject(context.Background(), p.user, k, patch, o)
		},
		predict: func(w *world) todo.Code { return w.createThing(k, patch) },
	})
}

// updateThing patches a list or label.
func (m *kindModel) updateThing(t *rapid.T) {
	p := m.pick(t)
	k := rapid.SampledFrom([]todo.Kind{todo.KindList, todo.KindLabel}).Draw(t, "kind")
	id, patch := m.idOf(t, p, "thing", nil, isThing(k)), objectPatch(t, k, false)
	m.run(t, p, kindCall{
		name: fmt.Sprintf("update %s %d %+v", k, id, patch),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.UpdateObject(context.Background(), p.user, k, id, patch, o)
		},
		predict: func(w *world) todo.Code { return w.updateThing(k, id, patch) },
	})
}

// deleteThing moves a list or label to the trash.
func (m *kindModel) deleteThing(t *rapid.T) {
	p := m.pick(t)
	k := rapid.SampledFrom([]todo.Kind{todo.KindList, todo.KindLabel}).Draw(t, "kind")
	id := m.idOf(t, p, "thing", nil, isThing(k))
	m.run(t, p, kindCall{
		name: fmt.Sprintf("delete %s %d", k, id),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			return m.service.DeleteObject(context.Background(), p.user, k, id, o)
		},
		predict: func(w *world) todo.Code { return w.deleteThing(k, id) }, staled: true,
	})
}

// merge patches a task at a version that it may have had.
func (m *kindModel) merge(t *rapid.T) {
	p := m.pick(t)
	id, patch := m.liveTask(t, p, "task"), m.patch(t, p)
	versions := []todo.Rev{p.rev + 3}
	for _, c := range p.log {
		if c.Kind() == todo.KindTask && c.Task.ID == id {
			versions = append(versions, c.Rev, c.Rev)
		}
	}
	base := rapid.SampledFrom(versions).Draw(t, "base")
	m.run(t, p, kindCall{
		name: fmt.Sprintf("merge %d %+v at %d", id, patch, base),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			o.If = []todo.Rev{base}
			return m.service.Merge(context.Background(), p.user, id, patch, o)
		},
		predict: func(w *world) todo.Code { return m.predictMerge(p, w, id, patch, base) },
	})
}

// predictMerge does to w what a merge does: it goes over other fields, and in the same field only to the same value.
func (m *kindModel) predictMerge(p *kindPerson, w *world, id int64, patch todo.Patch, base todo.Rev) todo.Code {
	current, there := w.live(id)
	switch {
	case !validPatch(patch):
		return todo.Invalid
	case !there:
		return todo.NotFound
	case p.tasks[id].Version == base:
		return w.update(id, patch)
	case base > p.rev:
		return todo.Changed
	}
	c := p.log[base-1]
	if c.Gone() {
		return todo.Changed
	}
	was := m.worldTask(c.Task)
	if patch.Completed.V && was.recurs.rule != "" && current.recurs.rule != "" && was.recurs.slot.Before(current.recurs.slot) {
		patch.Completed = todo.Opt[bool]{} // that occurrence has passed
	}
	yours, after := w.patched(was, patch), w.patched(current, patch)
	differs := func(set, theirs, same bool) bool { return set && theirs && !same }
	if differs(patch.Title.Set, was.title != current.title, yours.title == current.title) ||
		differs(patch.Completed.Set, (was.done != 0) != (current.done != 0), (yours.done != 0) == (current.done != 0)) ||
		differs(patch.ListID.Set, was.list != current.list, yours.list == current.list) ||
		differs(patch.ParentID.Set, was.parent != current.parent, yours.parent == current.parent) ||
		differs(patch.Due.Set || patch.AllDay.Set, was.due != current.due, yours.due == current.due) ||
		differs(patch.Start.Set || patch.StartAllDay.Set, was.start != current.start, yours.start == current.start) ||
		differs(patch.DueZone.Set, was.zone != current.zone, yours.zone == current.zone) ||
		differs(patch.Recurrence.Set, was.recurs.written() != current.recurs.written(), yours.recurs.written() == current.recurs.written()) {
		return todo.Conflict
	}
	if patch.LabelIDs.Set {
		after.labels = nil
		for _, label := range slices.Concat(current.labels, yours.labels) {
			had, has, mine := slices.Contains(was.labels, label), slices.Contains(current.labels, label), slices.Contains(yours.labels, label)
			if (has && (mine || !had) || mine && !had) && !slices.Contains(after.labels, label) {
				after.labels = append(after.labels, label)
			}
		}
		slices.Sort(after.labels)
	}
	return w.become(current, after, patch.ListID.Set)
}

// mergeThing patches a list or label at a version that it may have had.
func (m *kindModel) mergeThing(t *rapid.T) {
	p := m.pick(t)
	k := rapid.SampledFrom([]todo.Kind{todo.KindList, todo.KindLabel}).Draw(t, "kind")
	id, patch := m.idOf(t, p, "thing", nil, isThing(k)), objectPatch(t, k, false)
	versions := []todo.Rev{p.rev + 3}
	for _, c := range p.log {
		if c.Kind() == k && c.Object.ID == id {
			versions = append(versions, c.Rev, c.Rev)
		}
	}
	base := rapid.SampledFrom(versions).Draw(t, "base")
	m.run(t, p, kindCall{
		name: fmt.Sprintf("merge %s %d %+v at %d", k, id, patch, base),
		call: func(o todo.WriteOptions) (todo.WriteResult, error) {
			o.If = []todo.Rev{base}
			return m.service.MergeObject(context.Background(), p.user, k, id, patch, o)
		},
		predict: func(w *world) todo.Code {
			current := w.things[id]
			switch {
			case !w.has(k, id):
				return todo.NotFound
			case p.things[id].Version == base:
				return w.updateThing(k, id, patch)
			case base > p.rev || p.log[base-1].Gone():
				return todo.Changed
			}
			was := m.worldThing(*p.log[base-1].Object)
			yours := patchedThing(was, patch)
			if patch.Name.Set && was.name != current.name && yours.name != current.name ||
				patch.Color.Set && was.color != current.color && yours.color != current.color ||
				patch.Archived.Set && k == todo.KindList && was.archived != current.archived && yours.archived != current.archived {
				return todo.Conflict
			}
			return w.updateThing(k, id, patch)
		},
	})
}

// batch carries out several steps of any kinds.
func (m *kindModel) batch(t *rapid.T) {
	p := m.pick(t)
	var steps []todo.Step
	for range rapid.IntRange(1, 6).Draw(t, "steps") {
		steps = append(steps, m.step(t, p))
	}
	atomic := rapid.Bool().Draw(t, "atomic")
	opts := keyed(fmt.Sprint("batch ", m.changes))
	got, err := m.service.Batch(context.Background(), p.user, steps, atomic, opts)
	results := got.Results
	if failed := (*todo.BatchError)(nil); errors.As(err, &failed) {
		results = failed.Results
	} else if err != nil {
		t.Fatalf("batch: %v", err)
	}
	next := p.world.clone()
	next.change, next.at = m.changes, m.now
	for _, r := range results {
		switch {
		case r.Op == todo.Created && r.Task != nil:
			next.ids = append(next.ids, r.Task.ID)
		case r.Op == todo.Created && r.Object != nil:
			next.ids = append(next.ids, r.Object.ID)
		}
	}
	want := next.batch(steps)
	first := slices.IndexFunc(want, func(c todo.Code) bool { return c != 0 })
	if failed := first >= 0 && atomic; failed != (err != nil) || failed && todo.CodeOf(err) != want[first] {
		t.Fatalf("batch %+v: %v, want codes %v", steps, err, want)
	} else if failed {
		next = p.world
		for i := range want {
			if want[i] == 0 {
				want[i] = todo.Dependent
			}
		}
	}
	if !slices.Equal(codes(results), want) {
		t.Fatalf("batch %+v: codes %v, want %v; there was\n%s", steps, codes(results), want, p.world)
	}
	m.settle(t, p, fmt.Sprintf("batch %+v", steps), next, 0)
	if err == nil && rapid.IntRange(0, 3).Draw(t, "again") == 3 {
		again, err := m.service.Batch(context.Background(), p.user, steps, atomic, opts)
		if err != nil || !again.Replayed {
			t.Fatalf("batch %+v again: %+v, %v", steps, again, err)
		}
		wantSameResults(t, again.Results, results)
		m.settle(t, p, "batch again", p.world, 0)
	}
}

// wantSameResults fails the test unless two answers to a batch are the same.
func wantSameResults(t *rapid.T, got, want []todo.Result) {
	t.Helper()
	for i, r := range got {
		switch w := want[i]; {
		case todo.CodeOf(r.Err) != todo.CodeOf(w.Err), r.Op != w.Op, r.Ref != w.Ref, (r.Task == nil) != (w.Task == nil),
			(r.Object == nil) != (w.Object == nil):
			t.Fatalf("result %d: %+v, then %+v", i, w, r)
		case r.Task != nil:
			wantTask(t, *r.Task, *w.Task)
		case r.Object != nil:
			wantObject(t, "a result again", *r.Object, *w.Object)
		}
	}
}

// step draws a step of a batch.
func (m *kindModel) step(t *rapid.T, p *kindPerson) todo.Step {
	ref := func(what string) string { return rapid.SampledFrom([]string{"", "", "a", "b", "c"}).Draw(t, what) }
	step := todo.Step{Kind: rapid.SampledFrom([]todo.Kind{todo.KindTask, todo.KindTask, todo.KindList, todo.KindLabel}).Draw(t, "kind")}
	ops := []todo.Op{todo.Created, todo.Created, todo.Updated, todo.Deleted, todo.Restored}
	if step.Kind == todo.KindTask {
		ops = append(ops, todo.Updated, todo.Completed, todo.Reopened)
	}
	step.Op, step.Ref = rapid.SampledFrom(ops).Draw(t, "op"), ref("ref")
	if step.Op != todo.Created && step.Ref == "" {
		isIn := func(trash int) bool { return (trash != 0) == (step.Op == todo.Restored) }
		if step.Kind == todo.KindTask {
			step.ID = m.idOf(t, p, "id", func(t worldTask) bool { return isIn(t.trash) }, nil)
		} else {
			step.ID = m.idOf(t, p, "id", nil, func(o worldThing) bool { return o.kind == step.Kind && isIn(o.trash) })
		}
	}
	if step.Kind != todo.KindTask {
		if step.Op == todo.Created || step.Op == todo.Updated {
			step.Object = objectPatch(t, step.Kind, step.Op == todo.Created)
		}
		return step
	}
	if step.Op != todo.Created && step.Op != todo.Updated {
		return step
	}
	step.Patch = m.patch(t, p)
	if step.Op == todo.Created {
		step.Patch.Title = todo.Some("of a batch")
	}
	if rapid.IntRange(0, 2).Draw(t, "refs") == 0 {
		step.Refs = todo.Refs{List: ref("list ref"), Parent: ref("parent ref")}
		if label := ref("label ref"); label != "" {
			step.Refs.Labels = []string{label}
		}
	}
	return step
}

// bulk completes all, or clears what is completed.
func (m *kindModel) bulk(t *rapid.T) {
	p := m.pick(t)
	if rapid.IntRange(0, 2).Draw(t, "rarely") > 0 {
		t.Skip("it would leave too little")
	}
	next, do := p.world.clone(), m.service.CompleteAll
	next.change, next.at = m.changes, m.now
	if rapid.Bool().Draw(t, "clear") {
		do = m.service.ClearCompleted
		next.clearCompleted()
	} else {
		next.completeAll()
	}
	if _, err := do(context.Background(), p.user, todo.WriteOptions{RequestID: "bulk"}); err != nil {
		t.Fatalf("bulk: %v", err)
	}
	m.settle(t, p, "bulk", next, 0)
}
