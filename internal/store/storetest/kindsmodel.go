package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"todod/internal/recur"
	"todod/internal/todo"
)

// A world is what somebody should have: a second, plainer telling of the rules, from the contract's words. It knows
// nothing of revisions, and of times only which change something happened in: by its number, as the test counts them.
type world struct {
	tasks  map[int64]worldTask
	things map[int64]worldThing

	change int  // the number of the change that is being made
	thrown bool // it has moved something to the trash, the latest of it at latest
	latest int
	ids    []int64 // of what it makes; a made-up one if the store has made nothing

	zone   string        // the person's time zone; "" is UTC
	at     time.Time     // when the change that is being made happens
	passed []worldPassed // the occurrences of recurring tasks that have passed
}

// A worldTask is a task in a world. 0 is none, and for the numbers of changes never.
type worldTask struct {
	id           int64
	title        string
	done         int // the change that completed it
	list, parent int64
	labels       []int64
	trash        int    // the change that it went to the trash in
	position     string // as the store has it: the world doesn't make keys
	due, start   worldDate
	zone         string    // the one that due is meant in
	wall         time.Time // what the clock shows there then
	recurs       worldSeries
}

// A worldThing is a list or a label in a world.
type worldThing struct {
	kind     todo.Kind
	id       int64
	name     string
	color    string
	archived bool
	trash    int
	position string // as that of a task
}

// A todoList is a list whose tasks are to follow it: to the trash, or out of it if they went there in a change.
type todoList struct {
	id   int64
	from int
}

// clone returns a copy of w that nothing done to w reaches.
func (w *world) clone() *world {
	return &world{
		tasks: maps.Clone(w.tasks), things: maps.Clone(w.things), change: w.change, zone: w.zone, at: w.at, passed: slices.Clone(w.passed),
	}
}

// newID returns the id of what is made next.
func (w *world) newID() int64 {
	if len(w.ids) == 0 {
		return 1<<61 + int64(len(w.tasks)+len(w.things))
	}
	return w.ids[0]
}

// made notes that the next id is taken.
func (w *world) made() todo.Code {
	w.ids = w.ids[min(1, len(w.ids)):]
	return 0
}

// live returns a task that is not in the trash.
func (w *world) live(id int64) (worldTask, bool) {
	t, there := w.tasks[id]
	return t, there && t.trash == 0
}

// has reports whether there is a thing of a kind outside the trash.
func (w *world) has(k todo.Kind, id int64) bool {
	o, there := w.things[id]
	return there && o.kind == k && o.trash == 0
}

// under returns the ids of what is under a task and of which keep holds, and of all between.
func (w *world) under(id int64, keep func(worldTask) bool) (all []int64) {
	for _, other := range slices.Sorted(maps.Keys(w.tasks)) {
		if t := w.tasks[other]; t.parent == id && keep(t) {
			all = append(append(all, other), w.under(other, keep)...)
		}
	}
	return all
}

// isUp holds for what is not in the trash.
func isUp(t worldTask) bool { return t.trash == 0 }

// depth returns on which level a task stands, the root on the first.
func (w *world) depth(id int64) (n int) {
	for ; id != 0 && n <= 2*todo.MaxDepth; id = w.tasks[id].parent {
		n++
	}
	return n
}

// height returns how many levels there are under and with a task, of those of which keep holds.
func (w *world) height(id int64, keep func(worldTask) bool) (n int) {
	for other, t := range w.tasks {
		if t.parent == id && keep(t) {
			n = max(n, w.height(other, keep))
		}
	}
	return n + 1
}

// root returns the root of a task's tree.
func (w *world) root(id int64) int64 {
	for n := 0; w.tasks[id].parent != 0 && n < todo.MaxTree; n++ { // a circle is no tree
		id = w.tasks[id].parent
	}
	return id
}

// fits reports whether so many tasks on so many levels can be put under a parent, beside what is there but for one.
func (w *world) fits(parent, but int64, levels, tasks int) bool {
	others := w.under(w.root(parent), func(t worldTask) bool { return t.trash == 0 && t.id != but })
	return w.depth(parent)+levels <= todo.MaxDepth && 1+len(others)+tasks <= todo.MaxTree
}

// validPatch reports whether p can be a patch at all.
func validPatch(p todo.Patch) bool {
	if p.ListID.Set && !p.ListID.Null && p.ListID.V <= 0 || p.ParentID.Set && !p.ParentID.Null && p.ParentID.V <= 0 {
		return false
	}
	if _, known := recur.Zone(p.DueZone.V); p.DueZone.Set && !p.DueZone.Null && !known {
		return false
	}
	if _, known := ruleOf(p.Recurrence.V.Rule.V); p.Recurrence.V.Rule.Set && !known {
		return false
	}
	seen := map[int64]bool{}
	for _, id := range p.LabelIDs.V {
		if id <= 0 || seen[id] {
			return false
		}
		seen[id] = true
	}
	return len(seen) <= todo.MaxTaskLabels
}

// patched returns t as p writes it, with nothing that follows from that.
func (w *world) patched(t worldTask, p todo.Patch) worldTask {
	if p.Title.Set {
		t.title = p.Title.V
	}
	if p.Completed.Set && p.Completed.V != (t.done != 0) {
		t.done = 0
		if p.Completed.V {
			t.done = w.change
		}
	}
	if p.ListID.Set {
		t.list = p.ListID.V
	}
	if p.ParentID.Set {
		t.parent = p.ParentID.V
	}
	if p.LabelIDs.Set {
		t.labels = slices.Sorted(slices.Values(p.LabelIDs.V))
	}
	return w.dated(t, p)
}

// create makes a task.
func (w *world) create(p todo.Patch) todo.Code {
	if !validPatch(p) {
		return todo.Invalid
	}
	return w.createFrom(p)
}

// createFrom is create for a patch that is known to be one.
func (w *world) createFrom(p todo.Patch) todo.Code {
	after := w.patched(worldTask{id: w.newID()}, p)
	if code := w.become(worldTask{}, after, p.ListID.Set); code != 0 {
		return code
	}
	return w.made()
}

// update patches a task.
func (w *world) update(id int64, p todo.Patch) todo.Code {
	before, there := w.live(id)
	switch {
	case !validPatch(p):
		return todo.Invalid
	case !there:
		return todo.NotFound
	}
	return w.become(before, w.patched(before, p), p.ListID.Set)
}

// become makes after of before, which is the zero task for a new one, with all that follows; inList says that its list was
// named.
func (w *world) become(before, after worldTask, inList bool) todo.Code {
	if code := w.placed(before, &after, inList); code != 0 {
		return code
	}
	for _, id := range after.labels {
		if !slices.Contains(before.labels, id) && !w.has(todo.KindLabel, id) {
			return todo.Invalid
		}
	}
	if len(after.labels) > todo.MaxTaskLabels && len(after.labels) > len(before.labels) {
		return todo.Invalid
	}
	if !w.datesFit(before, after) {
		return todo.Invalid
	}
	w.tasks[after.id] = after
	goesOn := false
	switch {
	case after.recurs.rule == "" || before.id == 0:
	case after.done != 0 && before.done == 0:
		goesOn = w.finish(after.id)
	case after.done == 0 && before.done != 0:
		after.recurs.done = max(0, after.recurs.done-1)
		w.tasks[after.id] = after
	}
	for _, id := range w.under(after.id, isUp) {
		t := w.tasks[id]
		t.list = after.list
		w.tasks[id] = t
		if after.done != 0 && before.done == 0 {
			w.close(id, !goesOn)
		}
	}
	w.reopenAbove(after.id)
	return 0
}

// placed puts after where its parent is, if it has got another one, or says that it can't be there.
func (w *world) placed(before worldTask, after *worldTask, inList bool) todo.Code {
	if after.parent != 0 {
		parent, there := w.live(after.parent)
		if moved := after.parent != before.parent; moved {
			below := w.under(before.id, isUp)
			switch {
			case !there, before.id != 0 && (after.parent == before.id || slices.Contains(below, after.parent)):
				return todo.Invalid
			case before.id == 0 && !w.fits(after.parent, 0, 1, 1):
				return todo.Invalid
			case before.id != 0 && !w.fits(after.parent, before.id, w.height(before.id, isUp), 1+len(below)):
				return todo.Invalid
			case !inList:
				after.list = parent.list
			}
		}
		if after.list != parent.list {
			return todo.Invalid
		}
	}
	if after.list != 0 && after.list != before.list && !w.has(todo.KindList, after.list) {
		return todo.Invalid
	}
	return 0
}

// reopenAbove reopens what an open task is a part of.
func (w *world) reopenAbove(id int64) {
	if w.tasks[id].done != 0 {
		return
	}
	for id = w.tasks[id].parent; id != 0; id = w.tasks[id].parent {
		w.close(id, false)
	}
}

// toggle flips whether a task is done.
func (w *world) toggle(id int64) todo.Code {
	return w.update(id, todo.Patch{Completed: todo.Some(w.tasks[id].done == 0)})
}

// laterInChange is by how much what a change moves to the trash later counts more than what it moved there before.
const laterInChange = 1 << 40

// moment returns when something goes to the trash. What goes there together does at a time at which nothing else did.
func (w *world) moment(together bool) int {
	n := 0
	if together && w.thrown {
		n = w.latest + 1
	}
	w.thrown, w.latest = true, max(w.latest, n)
	return w.change + n*laterInChange
}

// throw moves tasks to the trash.
func (w *world) throw(at int, ids ...int64) {
	for _, id := range ids {
		t := w.tasks[id]
		t.trash = at
		w.tasks[id] = t
	}
}

// delete moves a task to the trash, with what is under it.
func (w *world) delete(id int64) todo.Code {
	if _, there := w.live(id); !there {
		return todo.NotFound
	}
	under := w.under(id, isUp)
	w.throw(w.moment(len(under) > 0), append(under, id)...)
	return 0
}

// comeBack takes a task out of the trash, into a list if that is there, and without labels that are gone for good.
func (w *world) comeBack(t worldTask, list, parent int64) {
	if t.trash, t.list, t.parent = 0, list, parent; !w.has(todo.KindList, list) {
		t.list = 0
	}
	t.labels = slices.DeleteFunc(slices.Clone(t.labels), func(id int64) bool { return w.things[id].kind != todo.KindLabel })
	w.tasks[t.id] = t
}

// restore takes something out of the trash.
func (w *world) restore(id int64) todo.Code {
	if _, thing := w.things[id]; thing {
		return w.restoreThing(id)
	}
	t, there := w.tasks[id]
	if !there || t.trash == 0 {
		return todo.NotFound
	}
	together := func(other worldTask) bool { return other.trash == t.trash }
	below := w.under(id, together)
	list, parent := t.list, t.parent
	if up, live := w.live(t.parent); !live {
		parent = 0
	} else if list = up.list; !w.fits(t.parent, 0, w.height(id, together), 1+len(below)) {
		return todo.Conflict
	}
	w.comeBack(t, list, parent)
	for _, other := range below {
		w.comeBack(w.tasks[other], list, w.tasks[other].parent)
	}
	w.reopenAbove(id)
	return 0
}

// purge removes something in the trash for good.
func (w *world) purge(id int64) todo.Code {
	o := w.things[id]
	if o.trash == 0 && w.tasks[id].trash == 0 {
		return todo.NotFound
	}
	delete(w.tasks, id)
	delete(w.things, id)
	w.forget()
	for other, t := range w.tasks {
		if t.trash == 0 && slices.Contains(t.labels, id) {
			t.labels = slices.DeleteFunc(slices.Clone(t.labels), func(label int64) bool { return label == id })
			w.tasks[other] = t
		}
	}
	return 0
}

// move puts a task beside another.
func (w *world) move(id int64, m todo.Move) todo.Code {
	before, there := w.live(id)
	p := todo.Patch{ListID: m.ListID, ParentID: m.ParentID}
	beside := m.After.V + m.Before.V
	if !validPatch(p) || m.After.Set == m.Before.Set || beside == id {
		return todo.Invalid
	}
	if !there {
		return todo.NotFound
	}
	after := w.patched(before, p)
	if code := w.placed(before, &after, m.ListID.Set); code != 0 {
		return code
	}
	if neighbour, there := w.tasks[beside]; beside != 0 && (!there || neighbour.list != after.list || neighbour.parent != after.parent) {
		return todo.Invalid
	}
	return w.become(before, after, m.ListID.Set)
}

// moveList puts a list beside another.
func (w *world) moveList(id int64, m todo.Move) todo.Code {
	beside := m.After.V + m.Before.V
	switch neighbour, there := w.things[beside]; {
	case m.After.Set == m.Before.Set || beside == id:
		return todo.Invalid
	case !w.has(todo.KindList, id):
		return todo.NotFound
	case beside != 0 && (!there || neighbour.kind != todo.KindList):
		return todo.Invalid
	}
	return 0
}

// names are some names of things, with what is the same for those that are the same but for case and ways of writing.
var names = map[string]string{
	"work": "work", "WORK": "work", "ｗork": "work", "home": "home", "Home": "home", "\u00c9t\u00e9": "ete'", "e\u0301te\u0301": "ete'",
}

// sameText reports whether two names are the same but for case and ways of writing. Names that aren't among names are in
// ASCII.
func sameText(a, b string) bool {
	plain := func(name string) string { return cmp.Or(names[name], strings.ToLower(name)) }
	return plain(a) == plain(b)
}

// taken reports whether another label outside the trash is called like o, if that is a label.
func (w *world) taken(o worldThing) bool {
	for id, other := range w.things {
		if o.kind == todo.KindLabel && other.kind == o.kind && id != o.id && other.trash == 0 && sameText(other.name, o.name) {
			return true
		}
	}
	return false
}

// patchedThing returns o as p writes it.
func patchedThing(o worldThing, p todo.ObjectPatch) worldThing {
	if p.Name.Set {
		o.name = p.Name.V
	}
	if p.Color.Set {
		o.color = p.Color.V
	}
	if p.Archived.Set && o.kind == todo.KindList {
		o.archived = p.Archived.V
	}
	return o
}

// createThing makes a list or label.
func (w *world) createThing(k todo.Kind, p todo.ObjectPatch) todo.Code {
	o := patchedThing(worldThing{kind: k, id: w.newID()}, p)
	if w.taken(o) {
		return todo.Conflict
	}
	w.things[o.id] = o
	return w.made()
}

// updateThing patches a list or label.
func (w *world) updateThing(k todo.Kind, id int64, p todo.ObjectPatch) todo.Code {
	if !w.has(k, id) {
		return todo.NotFound
	}
	o := patchedThing(w.things[id], p)
	if w.taken(o) {
		return todo.Conflict
	}
	w.things[id] = o
	return 0
}

// deleteThing moves a list or label to the trash. The tasks of a list follow.
func (w *world) deleteThing(k todo.Kind, id int64) todo.Code {
	if !w.has(k, id) {
		return todo.NotFound
	}
	o := w.things[id]
	o.trash = w.moment(true)
	w.things[id] = o
	if k == todo.KindList {
		w.follow(todoList{id: id})
	}
	return 0
}

// restoreThing takes a list or label out of the trash. The tasks that went there with a list follow.
func (w *world) restoreThing(id int64) todo.Code {
	o := w.things[id]
	if o.trash == 0 {
		return todo.NotFound
	}
	from := o.trash
	if o.trash = 0; w.taken(o) {
		return todo.Conflict
	}
	w.things[id] = o
	if o.kind == todo.KindList {
		w.follow(todoList{id, from})
	}
	return 0
}

// follow has the tasks of a list follow it.
func (w *world) follow(l todoList) {
	for _, id := range slices.Sorted(maps.Keys(w.tasks)) {
		switch t := w.tasks[id]; {
		case t.list != l.id || t.trash != l.from:
		case l.from == 0:
			w.throw(w.things[l.id].trash, id)
		default:
			w.comeBack(t, t.list, w.parentBack(t, l))
		}
	}
}

// parentBack returns the parent of t, which comes back with its list, if the parent does so, too, or has.
func (w *world) parentBack(t worldTask, l todoList) int64 {
	if parent, there := w.tasks[t.parent]; there && parent.list == l.id && (parent.trash == l.from || parent.trash == 0) {
		return t.parent
	}
	return 0
}

// completeAll completes what is open: what is a part of others, with these.
func (w *world) completeAll() {
	for _, id := range slices.Sorted(maps.Keys(w.tasks)) {
		t := w.tasks[id]
		if t.trash != 0 || t.done != 0 || t.parent != 0 {
			continue
		}
		goesOn := false
		if t.recurs.rule != "" {
			goesOn = w.finish(id)
		} else {
			w.close(id, true)
		}
		for _, below := range w.under(id, isUp) {
			w.close(below, !goesOn)
		}
	}
}

// clearCompleted throws away what is done.
func (w *world) clearCompleted() {
	for id, t := range w.tasks {
		if t.trash == 0 && t.done != 0 {
			w.throw(w.moment(false), id)
		}
	}
}

// batch carries out steps and returns what became of each. One that is atomic and fails leaves nothing.
func (w *world) batch(steps []todo.Step) (codes []todo.Code) {
	refs := map[string]int64{}
	for _, step := range steps {
		next := w.newID()
		code := w.step(step, refs)
		if code == 0 && step.Op == todo.Created && step.Ref != "" {
			refs[step.Ref] = next
		}
		codes = append(codes, code)
	}
	return codes
}

// step carries out a step of a batch.
func (w *world) step(step todo.Step, refs map[string]int64) todo.Code {
	id := step.ID
	if step.Op != todo.Created && step.Ref != "" {
		id = refs[step.Ref]
	}
	if step.Kind != todo.KindTask {
		return w.thingStep(id, step)
	}
	return w.taskStep(id, step, refs)
}

// thingStep is step for a list or label.
func (w *world) thingStep(id int64, step todo.Step) todo.Code {
	switch {
	case step.Op == todo.Created:
		return w.createThing(step.Kind, step.Object)
	case step.Op == todo.Updated:
		return w.updateThing(step.Kind, id, step.Object)
	case step.Op == todo.Deleted:
		return w.deleteThing(step.Kind, id)
	case w.things[id].kind != step.Kind:
		return todo.NotFound
	}
	return w.restoreThing(id)
}

// taskStep is step for a task.
func (w *world) taskStep(id int64, step todo.Step, refs map[string]int64) todo.Code {
	if !validPatch(step.Patch) {
		return todo.Invalid
	}
	p := withRefs(step, refs)
	before, there := w.live(id)
	_, thing := w.things[id]
	switch {
	case step.Op == todo.Created:
		return w.createFrom(p)
	case step.Op == todo.Restored && !thing:
		return w.restore(id)
	case step.Op == todo.Restored || !there:
		return todo.NotFound
	case step.Op == todo.Deleted:
		return w.delete(id)
	case step.Op == todo.Updated:
		return w.become(before, w.patched(before, p), p.ListID.Set)
	}
	return w.update(id, todo.Patch{Completed: todo.Some(step.Op == todo.Completed)})
}

// withRefs returns the patch of a step with ids for names.
func withRefs(step todo.Step, refs map[string]int64) todo.Patch {
	p := step.Patch
	of := func(name string) int64 {
		if id := refs[name]; id != 0 {
			return id
		}
		return -1
	}
	if step.Refs.List != "" {
		p.ListID = todo.Some(of(step.Refs.List))
	}
	if step.Refs.Parent != "" {
		p.ParentID = todo.Some(of(step.Refs.Parent))
	}
	if len(step.Refs.Labels) > 0 {
		p.LabelIDs = todo.Some(slices.Clone(p.LabelIDs.V))
	}
	for _, name := range step.Refs.Labels {
		if id := of(name); !slices.Contains(p.LabelIDs.V, id) {
			p.LabelIDs.V = append(p.LabelIDs.V, id)
		}
	}
	return p
}

// String tells all of w, for comparing and for people.
func (w *world) String() string { return w.told(true) }

// told is String; exactly says whether it tells when things went to the trash, which an undo does anew.
func (w *world) told(exactly bool) string {
	var b strings.Builder
	trash := func(n int) int {
		if n != 0 && !exactly {
			return -1
		}
		return n
	}
	for _, id := range slices.Sorted(maps.Keys(w.things)) {
		o := w.things[id]
		fmt.Fprintf(&b, "%s %d %q %q archived %v trash %d at %q\n", o.kind, id, o.name, o.color, o.archived, trash(o.trash), o.position)
	}
	for _, id := range slices.Sorted(maps.Keys(w.tasks)) {
		t := w.tasks[id]
		fmt.Fprintf(&b, "task %d %q done %d in %d under %d with %v trash %d at %q\n",
			id, t.title, t.done, t.list, t.parent, t.labels, trash(t.trash), t.position)
		if !t.due.none() || !t.start.none() || t.zone != "" || t.recurs.is {
			fmt.Fprintf(&b, "\tdue %s in %q at %s, from %s, %s\n", t.due, t.zone, wallText(t.wall), t.start, t.recurs)
		}
	}
	var passed []string
	for _, p := range w.passed {
		passed = append(passed, p.String()+"\n")
	}
	slices.Sort(passed)
	b.WriteString(strings.Join(passed, ""))
	return b.String()
}

// place returns where a task stands.
func (t *worldTask) place() string {
	if t.position != "" {
		return t.position
	}
	return fmt.Sprintf("m%016x", math.MaxInt64-t.id)
}

// A spot is what tasks stand in, in an order of their own.
type spot struct{ list, parent int64 }

// orders returns the ids of the tasks in each spot, in their order; those of the lists are in the spot of -1.
func (w *world) orders() map[spot][]int64 {
	all := map[spot][]int64{}
	for id, t := range w.tasks {
		if t.trash == 0 {
			all[spot{t.list, t.parent}] = append(all[spot{t.list, t.parent}], id)
		}
	}
	for id, o := range w.things {
		if o.kind == todo.KindList && o.trash == 0 {
			all[spot{-1, -1}] = append(all[spot{-1, -1}], id)
		}
	}
	for at, ids := range all {
		slices.SortFunc(ids, func(a, b int64) int { return strings.Compare(w.placeOf(at, a), w.placeOf(at, b)) })
	}
	return all
}

// placeOf returns where what is in a spot stands there.
func (w *world) placeOf(at spot, id int64) string {
	if at.list == -1 {
		return w.things[id].position
	}
	t := w.tasks[id]
	return t.place()
}

// broken returns what is wrong with w that must never be, "" for nothing.
func (w *world) broken() string {
	trees := map[int64]int{} // how many tasks there are in each, by its root
	for id, t := range w.tasks {
		if t.trash != 0 {
			continue
		}
		parent, there := w.live(t.parent)
		switch {
		case t.parent != 0 && (!there || parent.list != t.list):
			return fmt.Sprintf("task %d is under %d, which isn't there", id, t.parent)
		case t.parent != 0 && parent.done != 0 && t.done == 0:
			return fmt.Sprintf("task %d is open under %d, which is done", id, t.parent)
		case t.list != 0 && !w.has(todo.KindList, t.list):
			return fmt.Sprintf("task %d is in %d, which isn't there", id, t.list)
		case w.depth(id) > todo.MaxDepth:
			return fmt.Sprintf("task %d is on level %d", id, w.depth(id))
		case t.brokenDates() != "":
			return t.brokenDates()
		case len(t.position) > 128:
			return fmt.Sprintf("task %d has a key of %d", id, len(t.position))
		}
		if trees[w.root(id)]++; trees[w.root(id)] > todo.MaxTree {
			return fmt.Sprintf("the tree of %d is too large", w.root(id))
		}
		for _, label := range t.labels {
			if w.things[label].kind != todo.KindLabel {
				return fmt.Sprintf("task %d has the label %d, which is gone for good", id, label)
			}
		}
	}
	for _, o := range w.things {
		if o.trash == 0 && w.taken(o) {
			return fmt.Sprintf("the label %d is called like another", o.id)
		}
	}
	for at, ids := range w.orders() {
		for i := range ids[1:] {
			if w.placeOf(at, ids[i]) == w.placeOf(at, ids[i+1]) {
				return fmt.Sprintf("%d and %d stand at one place", ids[i], ids[i+1])
			}
		}
	}
	return ""
}
