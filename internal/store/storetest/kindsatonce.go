package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/todo"
)

// busyService returns the use cases over s, for many at once: its clock goes on by a millisecond each time.
func busyService(s Store) *todo.Service {
	var ticks atomic.Int64
	now := func() time.Time { return noon.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
	return todo.NewService(s, now, todo.Rules{Quota: plenty, KeysRemembered: 24 * time.Hour})
}

// A device is somebody's, and changes what they have.
type device struct {
	t testing.TB
	s *todo.Service
	todo.User
}

// task makes a task and returns its id.
func (d device) task(p todo.Patch) int64 {
	d.t.Helper()
	p.Title = todo.Some("x")
	out, err := d.s.Create(context.Background(), d.User, p, todo.WriteOptions{})
	if err != nil {
		d.t.Fatal(err)
	}
	return out.Task.ID
}

// thing makes a list or label and returns its id.
func (d device) thing(k todo.Kind, name string) int64 {
	d.t.Helper()
	out, err := d.named(k, name)
	if err != nil {
		d.t.Fatal(err)
	}
	return out.Object.ID
}

// named makes a list or label.
func (d device) named(k todo.Kind, name string) (todo.WriteResult, error) {
	return d.s.CreateObject(context.Background(), d.User, k, todo.ObjectPatch{Name: todo.Some(name)}, todo.WriteOptions{})
}

// update patches a task.
func (d device) update(id int64, p todo.Patch) error {
	return errOf(d.s.Update(context.Background(), d.User, id, p, todo.WriteOptions{}))
}

// create makes a task.
func (d device) create(p todo.Patch) error {
	p.Title = todo.Some("y")
	return errOf(d.s.Create(context.Background(), d.User, p, todo.WriteOptions{}))
}

// delete moves a task to the trash.
func (d device) delete(id int64) error {
	return errOf(d.s.Delete(context.Background(), d.User, id, todo.WriteOptions{}))
}

// deleteThing moves a list or label to the trash.
func (d device) deleteThing(k todo.Kind, id int64) error {
	return errOf(d.s.DeleteObject(context.Background(), d.User, k, id, todo.WriteOptions{}))
}

// restore takes something out of the trash.
func (d device) restore(id int64) error {
	return errOf(d.s.Restore(context.Background(), d.User, id, todo.WriteOptions{}))
}

// purge removes something in the trash for good.
func (d device) purge(id int64) error {
	return errOf(d.s.Purge(context.Background(), d.User, id, todo.WriteOptions{}))
}

// move has a task stand elsewhere.
func (d device) move(id int64, m todo.Move) error {
	return errOf(d.s.MoveTask(context.Background(), d.User, id, m, todo.WriteOptions{}))
}

// undoLatest takes back the latest change that was made until now, whatever others do meanwhile.
func (d device) undoLatest(s Store) func() error {
	d.t.Helper()
	state, err := s.State(context.Background(), d.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	return func() error {
		_, err := d.s.Undo(context.Background(), d.User, state.Rev, "", todo.WriteOptions{})
		return err
	}
}

// must fails the test for an error.
func (d device) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// encounters are what two devices of one person do at the same time, after what each of these functions prepares, and how
// many of the two have to succeed, 0 for any number.
var encounters = []struct {
	name    string
	succeed int
	prepare func(device, Store) (one, other func() error)
}{
	{"completing a parent, adding a child", 2, func(d device, _ Store) (one, other func() error) {
		parent := d.task(todo.Patch{})
		return func() error { return d.update(parent, todo.Patch{Completed: todo.Some(true)}) },
			func() error { return d.create(todo.Patch{ParentID: todo.Some(parent)}) }
	}},
	{"moving a task into a list, deleting that", 0, func(d device, _ Store) (one, other func() error) {
		list, task := d.thing(todo.KindList, "l"), d.task(todo.Patch{})
		return func() error { return d.update(task, todo.Patch{ListID: todo.Some(list)}) },
			func() error { return d.deleteThing(todo.KindList, list) }
	}},
	{"adding a child in a list, deleting that", 0, func(d device, _ Store) (one, other func() error) {
		list := d.thing(todo.KindList, "l")
		parent := d.task(todo.Patch{ListID: todo.Some(list)})
		return func() error { return d.create(todo.Patch{ParentID: todo.Some(parent)}) },
			func() error { return d.deleteThing(todo.KindList, list) }
	}},
	{"a cycle from two sides", 1, func(d device, _ Store) (one, other func() error) {
		a, b := d.task(todo.Patch{}), d.task(todo.Patch{})
		return func() error { return d.update(a, todo.Patch{ParentID: todo.Some(b)}) },
			func() error { return d.update(b, todo.Patch{ParentID: todo.Some(a)}) }
	}},
	{"deleting a parent, moving a child away", 0, func(d device, _ Store) (one, other func() error) {
		parent := d.task(todo.Patch{})
		child := d.task(todo.Patch{ParentID: todo.Some(parent)})
		return func() error { return d.delete(parent) },
			func() error {
				return d.move(child, todo.Move{After: todo.Null[int64](), ParentID: todo.Null[int64]()})
			}
	}},
	{"deleting a parent, moving a task under it", 0, func(d device, _ Store) (one, other func() error) {
		parent, task := d.task(todo.Patch{}), d.task(todo.Patch{})
		return func() error { return d.delete(parent) },
			func() error { return d.update(task, todo.Patch{ParentID: todo.Some(parent)}) }
	}},
	{"moving two to one place", 2, func(d device, _ Store) (one, other func() error) {
		a, b, c := d.task(todo.Patch{}), d.task(todo.Patch{}), d.task(todo.Patch{})
		return func() error { return d.move(a, todo.Move{After: todo.Some(c)}) },
			func() error { return d.move(b, todo.Move{After: todo.Some(c)}) }
	}},
	{"two labels of one name", 1, func(d device, _ Store) (one, other func() error) {
		return func() error { return errOf(d.named(todo.KindLabel, "work")) },
			func() error { return errOf(d.named(todo.KindLabel, "WORK")) }
	}},
	{"restoring a label, making one of its name", 1, func(d device, _ Store) (one, other func() error) {
		label := d.thing(todo.KindLabel, "work")
		d.must(d.deleteThing(todo.KindLabel, label))
		return func() error { return d.restore(label) }, func() error { return errOf(d.named(todo.KindLabel, "Work")) }
	}},
	{"removing a label for good, bringing back a task that has it", 2, func(d device, _ Store) (one, other func() error) {
		label := d.thing(todo.KindLabel, "work")
		task := d.task(todo.Patch{LabelIDs: todo.Some(todo.IDs{label})})
		d.must(d.delete(task))
		d.must(d.deleteThing(todo.KindLabel, label))
		return func() error { return d.purge(label) }, func() error { return d.restore(task) }
	}},
	{"restoring a child, completing its parent", 2, func(d device, _ Store) (one, other func() error) {
		parent := d.task(todo.Patch{})
		child := d.task(todo.Patch{ParentID: todo.Some(parent)})
		d.must(d.delete(child))
		return func() error { return d.restore(child) },
			func() error { return d.update(parent, todo.Patch{Completed: todo.Some(true)}) }
	}},
	{"undoing a move to a list, adding a child", 0, func(d device, s Store) (one, other func() error) {
		parent := d.task(todo.Patch{})
		d.task(todo.Patch{ParentID: todo.Some(parent)})
		d.must(d.update(parent, todo.Patch{ListID: todo.Some(d.thing(todo.KindList, "l"))}))
		return d.undoLatest(s), func() error { return d.create(todo.Patch{ParentID: todo.Some(parent)}) }
	}},
	{"undoing a creation, putting a task under it", 1, func(d device, s Store) (one, other func() error) {
		task, parent := d.task(todo.Patch{}), d.task(todo.Patch{})
		return d.undoLatest(s), func() error { return d.update(task, todo.Patch{ParentID: todo.Some(parent)}) }
	}},
}

// testDevicesAtOnce: whatever two devices do at the same time, what must never be never is, and each is told why if it
// comes too late.
func testDevicesAtOnce(t *testing.T, s Store) {
	service := busyService(s)
	for _, e := range encounters {
		t.Run(e.name, func(t *testing.T) {
			for range kindRounds {
				d := device{t, service, todo.User{ID: newUser(), AsOf: noon}}
				one, other := e.prepare(d, s)
				var errs [2]error
				var both sync.WaitGroup
				both.Go(func() { errs[0] = one() })
				both.Go(func() { errs[1] = other() })
				both.Wait()
				succeeded := 0
				for _, err := range errs {
					if err == nil {
						succeeded++
					}
					wantRefusal(t, err)
				}
				if e.succeed != 0 && succeeded != e.succeed {
					t.Fatalf("%d succeeded: %v", succeeded, errs)
				}
				wantWhole(t, s, d.ID)
			}
		})
	}
}

// wantRefusal fails the test if err is one that nobody who asks for what can't be should get.
func wantRefusal(t testing.TB, err error) {
	t.Helper()
	if err != nil && !isRefusal(err) {
		t.Fatalf("an error of another kind: %v", err)
	}
}

// isRefusal reports whether err says that something can't be, as things stand.
func isRefusal(err error) bool {
	return slices.Contains([]todo.Code{todo.Invalid, todo.NotFound, todo.Conflict, todo.Changed}, todo.CodeOf(err))
}

// wantWhole fails the test unless what somebody has is as it must be, the log says the same, and the counts are right. It
// returns what there is.
func wantWhole(t testing.TB, s Store, owner todo.UserID) *kindPerson {
	t.Helper()
	m := &kindModel{store: s}
	p := &kindPerson{user: todo.User{ID: owner, AsOf: noon}}
	got, rev := m.read(t, p)
	if wrong := got.broken(); wrong != "" {
		t.Fatalf("%s\n%s", wrong, got)
	}
	copied := &world{tasks: map[int64]worldTask{}, things: map[int64]worldThing{}}
	log := mustLog(t, s, owner)
	for i, c := range log {
		if c.Rev != todo.Rev(i)+1 {
			t.Fatalf("revision %d is the entry %d of the log", c.Rev, i)
		}
		m.copyOf(copied, c)
	}
	if todo.Rev(len(log)) != rev || copied.String() != got.String() {
		t.Fatalf("at revision %d the log of %d says\n%sand there is\n%s", rev, len(log), copied, got)
	}
	m.checkCounts(t, p)
	return p
}

// testReadersOfKindsConverge: whoever copies all kinds, or tasks alone, while others write, ends with exactly what there is.
func testReadersOfKindsConverge(t *testing.T, s Store) {
	const writers = 3
	service, ada := busyService(s), todo.User{ID: newUser(), AsOf: noon}
	for i := range 3 {
		d := device{t, service, ada}
		d.thing(todo.KindList, fmt.Sprint("list ", i))
		d.task(todo.Patch{LabelIDs: todo.Some(todo.IDs{d.thing(todo.KindLabel, fmt.Sprint("label ", i))})})
	}
	var writing sync.WaitGroup
	var done atomic.Bool
	errs := make([]error, writers)
	for i := range writers {
		writing.Go(func() {
			for range kindWrites {
				if err := changeAnything(s, service, ada); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	go func() { writing.Wait(); done.Store(true) }()
	clients := make([]*kindClient, kindReaders)
	atOnce(t, kindReaders, func(i int) (err error) {
		clients[i], err = copyUntil(service, ada, i, &done)
		return err
	})
	writing.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	p := wantWhole(t, s, ada.ID)
	for _, c := range clients {
		if difference := c.differs(p.tasks, p.things); difference != "" {
			t.Error(difference)
		}
	}
}

// copyUntil copies what somebody has, again and again from the beginning, until nothing is written any more and all is
// known. Every other client asks for tasks alone.
func copyUntil(s *todo.Service, by todo.User, i int, done *atomic.Bool) (*kindClient, error) {
	begin := func() *kindClient {
		c := &kindClient{tasks: map[int64]todo.Task{}, things: map[int64]todo.Object{}}
		if i%2 == 0 {
			c.kinds = new(allKinds)
		}
		return c
	}
	for c, pages := begin(), 1; ; pages++ {
		finished := done.Load()
		more, err := c.page(s, by)
		if err != nil {
			return nil, err
		}
		if finished && !more {
			return c, nil
		}
		if !finished && i > 1 && pages%50 == 0 {
			c = begin()
		}
	}
}

// changeAnything makes one random change to what owner has. One that meets another's is no error.
func changeAnything(s Store, service *todo.Service, owner todo.User) error {
	ctx, none := context.Background(), todo.WriteOptions{}
	pick := rand.IntN
	tasks, err := s.Tasks(ctx, owner.ID, todo.Filter{Order: todo.NewestFirst(), Limit: 50, Trash: pick(4) == 0})
	if err != nil {
		return err
	}
	things, _, err := s.Objects(ctx, owner.ID, 0)
	if err != nil {
		return err
	}
	task := func() int64 {
		if len(tasks.Tasks) == 0 {
			return 1
		}
		return tasks.Tasks[pick(len(tasks.Tasks))].ID
	}
	of := func(k todo.Kind) int64 {
		some := slices.DeleteFunc(slices.Clone(things), func(o todo.Object) bool { return o.Kind != k })
		if len(some) == 0 {
			return 1
		}
		return some[pick(len(some))].ID
	}
	d := device{s: service, User: owner}
	name := fmt.Sprint("name ", pick(9))
	kind := []todo.Kind{todo.KindList, todo.KindLabel}[pick(2)]
	err = func() error {
		switch pick(15) {
		case 0, 1:
			return d.create(todo.Patch{ListID: todo.Some(of(todo.KindList))})
		case 2:
			return d.create(todo.Patch{ParentID: todo.Some(task())})
		case 3:
			return d.update(task(), todo.Patch{ParentID: todo.Null[int64](), ListID: todo.Some(of(todo.KindList))})
		case 4:
			return d.update(task(), todo.Patch{ParentID: todo.Some(task())})
		case 5:
			return d.update(task(), todo.Patch{LabelIDs: todo.Some(todo.IDs{of(todo.KindLabel)})})
		case 6:
			return errOf(service.Toggle(ctx, owner, task(), none))
		case 7:
			return d.delete(task())
		case 8:
			return d.restore([]int64{task(), of(kind)}[pick(2)])
		case 9:
			return d.purge([]int64{task(), of(kind)}[pick(2)])
		case 10:
			return errOf(d.named(kind, name))
		case 11:
			p := todo.ObjectPatch{Name: todo.Some(name), Color: todo.Some("#123456")}
			return errOf(service.UpdateObject(ctx, owner, kind, of(kind), p, none))
		case 12:
			return d.deleteThing(kind, of(kind))
		case 13:
			if id := of(todo.KindList); pick(2) == 0 {
				return errOf(service.MoveList(ctx, owner, id, todo.Move{After: todo.Null[int64]()}, none))
			}
			return d.move(task(), todo.Move{Before: todo.Null[int64]()})
		}
		_, err := service.Undo(ctx, owner, max(1, tasks.State.Rev-todo.Rev(pick(3))), "", none)
		return err
	}()
	if isRefusal(err) {
		return nil
	}
	return err
}

// testMovesToOnePlace: a thousand moves to one place leave the order that a plain slice has.
func testMovesToOnePlace(t *testing.T, s Store) { RunMoves(t, s, 1000) }

// RunMoves fails the test unless so many moves of tasks to one place, half of them after a task and half of them before one,
// give the order that they give in a slice, with keys that aren't too long.
func RunMoves(t *testing.T, s Store, moves int) {
	t.Helper()
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	list := d.thing(todo.KindList, "l")
	var order []int64
	for range 40 {
		order = slices.Insert(order, 0, d.task(todo.Patch{ListID: todo.Some(list)}))
	}
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // chance, no secret
	for _, after := range []bool{true, false} {
		anchor := order[20]
		for range moves / 2 {
			i := chance.IntN(len(order))
			id := order[i]
			if id == anchor {
				continue
			}
			order = slices.Delete(order, i, i+1)
			at := slices.Index(order, anchor)
			m := todo.Move{Before: todo.Some(anchor)}
			if after {
				m, at = todo.Move{After: todo.Some(anchor)}, at+1
			}
			order = slices.Insert(order, at, id)
			d.must(d.move(id, m))
		}
		page := mustList(t, s, d.ID, todo.Filter{List: &list, Order: []todo.Order{{By: todo.ByPosition}}})
		places := map[string]bool{}
		for i, task := range page.Tasks {
			if place := task.Place(); task.ID != order[i] || places[place] || len(place) > 128 {
				t.Fatalf("%d tasks, at %d stands %d at %q, want %d", len(page.Tasks), i, task.ID, place, order[i])
			}
			places[task.Place()] = true
		}
	}
}

// testMovesFromDevices: tasks that several devices move at once stand where the moves, one after the other, put them in a slice:
// in the order of the revisions that they made.
func testMovesFromDevices(t *testing.T, s Store) {
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	var order []int64
	for range 30 {
		order = slices.Insert(order, 0, d.task(todo.Patch{}))
	}
	type moved struct {
		rev        todo.Rev
		id, beside int64
		after      bool
	}
	const devices = 4
	var all [devices][]moved
	var at sync.WaitGroup
	for i := range devices {
		chance := rand.New(rand.NewPCG(3, uint64(i))) //nolint:gosec // chance, no secret
		at.Go(func() {
			for range deviceMoves {
				m := moved{id: order[chance.IntN(len(order))], beside: order[chance.IntN(4)], after: chance.IntN(2) == 0}
				if m.id == m.beside {
					continue
				}
				where := todo.Move{Before: todo.Some(m.beside)}
				if m.after {
					where = todo.Move{After: todo.Some(m.beside)}
				}
				out, err := d.s.MoveTask(context.Background(), d.User, m.id, where, todo.WriteOptions{})
				if err != nil {
					t.Errorf("%+v: %v", m, err)
					return
				}
				if m.rev = out.Task.Version; out.Total > 0 { // else it stood there
					all[i] = append(all[i], m)
				}
			}
		})
	}
	at.Wait()
	moves := slices.Concat(all[:]...)
	slices.SortFunc(moves, func(a, b moved) int { return cmp.Compare(a.rev, b.rev) })
	for _, m := range moves {
		order = slices.DeleteFunc(order, func(id int64) bool { return id == m.id })
		to := slices.Index(order, m.beside)
		if m.after {
			to++
		}
		order = slices.Insert(order, to, m.id)
	}
	page := mustList(t, s, d.ID, todo.Filter{Order: []todo.Order{{By: todo.ByPosition}}})
	places := map[string]bool{}
	for i, task := range page.Tasks {
		if place := task.Place(); task.ID != order[i] || places[place] {
			t.Fatalf("after %d moves %d stands at %d, at %q; want %d", len(moves), task.ID, i, place, order[i])
		}
		places[task.Place()] = true
	}
}
