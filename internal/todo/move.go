package todo

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sort"
	"strings"
)

// A Move says where something is to stand: after or before a neighbour, one of the two. Null is no neighbour: after nothing is
// first, before nothing is last.
type Move struct {
	After, Before    Opt[int64]
	ListID, ParentID Opt[int64] // for tasks: what it is put into
}

// check returns an Error of code Invalid for members that don't go together, or that name the moved one.
func (m *Move) check(id int64) error {
	if m.After.Set == m.Before.Set {
		return InvalidFields(FieldError{"after", "or before must come, and not both"})
	}
	switch n := m.neighbour(); {
	case n < 0 || n == 0 && !m.After.Null && !m.Before.Null:
		return m.fault("must be an id, or null")
	case n == id:
		return m.fault("must not be what is moved")
	}
	return nil
}

// neighbour returns the id that m names, 0 for none.
func (m *Move) neighbour() int64 {
	if m.After.Set {
		return m.After.V
	}
	return m.Before.V
}

// fault returns an Error of code Invalid about the neighbour.
func (m *Move) fault(message string) error {
	if m.After.Set {
		return InvalidFields(FieldError{"after", message})
	}
	return InvalidFields(FieldError{"before", message})
}

// Around asks for the tasks, none of the trash, that stand next to a place among those of a list and a parent, on either side.
type Around struct {
	List, Parent int64  // 0 for none
	Place        string // of which nothing is asked for; beforeAll and afterAll are the ends
	N            int    // how many on either side
	Without      int64  // the id of a task that isn't asked for

	// Of the tasks that were never moved, those with ids from Younger on stand before Place, those up to Older behind it.
	Younger, Older int64
}

// by sets what a's place means for tasks that were never moved.
func (a *Around) by(place string) {
	a.Place = place
	// The lowest id whose place is before: higher ids stand before lower ones.
	a.Younger = int64(sort.Search(math.MaxInt64, func(id int) bool { return placeByAge(int64(id)) < place }))
	if a.Older = a.Younger - 1; a.Older >= 0 && placeByAge(a.Older) == place {
		a.Older--
	}
}

// What stands before, and after, every key.
const (
	beforeAll = ""
	afterAll  = "~"
)

// neighbours is how many are read on either side unless more are needed.
const neighbours = 26

// idOf returns the id at p, 0 for nil.
func idOf(p *int64) int64 {
	if p == nil {
		return 0
	}
	return *p
}

// MoveTask has a task stand where m says. Others may have to get another position for that: in the same set.
func (s *Service) MoveTask(ctx context.Context, by User, id int64, m Move, opts WriteOptions) (WriteResult, error) {
	p, err := Patch{ListID: m.ListID, ParentID: m.ParentID}.Normalise()
	if err == nil {
		err = m.check(id)
	}
	if err != nil {
		return WriteResult{}, err
	}
	need := ReadSet{}
	need.refer(&p)
	if n := m.neighbour(); n > 0 {
		need.Tasks = append(need.Tasks, n)
	}
	return stillThere(s.changeTask(ctx, by, id, need, opts, func(b *builder, t Task) (Task, error) {
		return b.move(t, p, &m)
	}))
}

// move has a task stand where m says, changed by p.
func (b *builder) move(t Task, p Patch, m *Move) (Task, error) {
	after := p.Apply(t, b.write.At)
	if err := b.join(&t, &after, p.ListID.Set); err != nil {
		return Task{}, err
	}
	around := Around{List: idOf(after.ListID), Parent: idOf(after.ParentID), N: neighbours, Without: t.ID}
	var neighbour Task
	place := beforeAll
	if m.Before.Set {
		place = afterAll
	}
	if n := m.neighbour(); n != 0 {
		if neighbour = b.task(n); neighbour.ID == 0 || idOf(neighbour.ListID) != around.List || idOf(neighbour.ParentID) != around.Parent {
			return Task{}, m.fault("must be one of your tasks in the same list and under the same parent, or null")
		}
		place = neighbour.Place()
	}
	around.by(place)
	known := b.known.Around
	if known == nil || known.Place != around.Place || known.List != around.List || known.Parent != around.Parent {
		return Task{}, &needMore{func(r *ReadSet) { r.Around, r.Alone = &around, true }}
	}
	before, behind := known.sides()
	enough := known.N // else there are more
	switch {
	case neighbour.ID == 0 || !isLive(&neighbour):
	case m.After.Set:
		before = slices.Insert(slices.Clone(before), 0, neighbour)
	default:
		behind = slices.Insert(slices.Clone(behind), 0, neighbour)
	}
	if stays := idOf(t.ListID) == around.List && idOf(t.ParentID) == around.Parent; stays && between(t.Place(), before, behind) {
		return t, nil
	}
	anchor := front
	if m.Before.Set {
		anchor = back
	}
	arranged, more := rearrange(surroundings{
		before: placesOf(before), after: placesOf(behind),
		moreBefore: len(known.Before) >= enough, moreAfter: len(known.After) >= enough,
	}, anchor, b.rev+1)
	if more > 0 {
		around.N = max(more, 2*known.N)
		return Task{}, &needMore{func(r *ReadSet) { r.Around, r.Alone = &around, true }}
	}
	moved, err := b.changeTo(t, after, p.ListID.Set, &arranged.key)
	if err != nil {
		return Task{}, err
	}
	for i, key := range arranged.before {
		b.put(before[i], key)
	}
	for i, key := range arranged.after {
		b.put(behind[i], key)
	}
	return moved, nil
}

// sides returns the N tasks, or fewer if there are no more, that are the nearest to the place on either side, the nearest
// first.
func (b *Beside) sides() (before, after []Task) {
	nearest := func(tasks []Task, compare func(a, b string) int) []Task {
		tasks = slices.Clone(tasks)
		slices.SortFunc(tasks, func(a, b Task) int { return compare(a.Place(), b.Place()) })
		return tasks[:min(len(tasks), b.N)]
	}
	return nearest(b.Before, func(a, b string) int { return strings.Compare(b, a) }), nearest(b.After, strings.Compare)
}

// put gives a task another position.
func (b *builder) put(t Task, key string) {
	after := t
	after.Position = &key
	after.touch(b.write.At)
	b.add(Updated, &t, &after)
}

// placesOf returns where tasks stand.
func placesOf(tasks []Task) []string {
	places := make([]string, len(tasks))
	for i := range tasks {
		places[i] = tasks[i].Place()
	}
	return places
}

// between reports whether a place is behind the first of before, and before the first of behind.
func between(place string, before, behind []Task) bool {
	return (len(before) == 0 || before[0].Place() < place) && (len(behind) == 0 || place < behind[0].Place())
}

// MoveList has a list stand where m says. Others may have to get another position for that: in the same set.
func (s *Service) MoveList(ctx context.Context, by User, id int64, m Move, opts WriteOptions) (WriteResult, error) {
	if err := m.check(id); err != nil {
		return WriteResult{}, err
	}
	need := ReadSet{AllObjects: true, Alone: true}
	return stillThere(s.changeThing(ctx, by, need, opts, func(b *builder) (WriteResult, error) {
		o, err := b.requiredObject(KindList, id, false)
		if err == nil {
			o, err = b.moveList(o, &m)
		}
		return WriteResult{Object: &o}, err
	}))
}

// moveList has a list stand where m says.
func (b *builder) moveList(o Object, m *Move) (Object, error) {
	others := slices.DeleteFunc(b.all(KindList, false), func(other Object) bool { return other.ID == o.ID })
	slices.SortFunc(others, func(a, b Object) int { return cmp.Or(strings.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID)) })
	at := 0 // how many stand before the place
	if m.Before.Set {
		at = len(others)
	}
	if n := m.neighbour(); n != 0 {
		neighbour := b.object(n)
		if neighbour.Kind != KindList {
			return Object{}, m.fault(notYourList)
		}
		at, _ = slices.BinarySearchFunc(others, neighbour.Position, func(a Object, place string) int { return strings.Compare(a.Position, place) })
		if m.After.Set && neighbour.DeletedAt == nil {
			at++
		}
	}
	places := make([]string, len(others))
	for i := range others {
		places[i] = others[i].Position
	}
	if (at == 0 || places[at-1] < o.Position) && (at == len(places) || o.Position < places[at]) {
		return o, nil
	}
	nearest := slices.Clone(places[:at])
	slices.Reverse(nearest)
	anchor := front
	if m.Before.Set {
		anchor = back
	}
	arranged, _ := rearrange(surroundings{before: nearest, after: places[at:]}, anchor, b.rev+1)
	o = b.putList(o, arranged.key)
	for i, key := range arranged.before {
		b.putList(others[at-1-i], key)
	}
	for i, key := range arranged.after {
		b.putList(others[at+i], key)
	}
	return o, nil
}

// putList gives a list another position.
func (b *builder) putList(o Object, key string) Object {
	after := o
	after.Position = key
	after.touch(b.write.At)
	return b.addObject(Updated, &o, &after)
}
