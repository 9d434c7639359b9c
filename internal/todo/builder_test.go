package todo

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// eight is when changes happen in these tests.
var eight = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// knownOf returns what is known of somebody at revision 40 who has these tasks, with ids for new ones from 100 on.
func knownOf(tasks ...Task) *Snapshot {
	o := &Owner{ID: "ada", State: State{Epoch: 7, Rev: 40}, Tasks: map[int64]Task{}, ChangedAt: eight}
	for _, t := range tasks {
		if o.Tasks[t.ID] = t; t.DeletedAt == nil {
			o.Count++
		}
	}
	return snapshotOf(o, 100)
}

// snapshotOf returns a snapshot of o with ids for new tasks from this one on.
func snapshotOf(o *Owner, ids int64) *Snapshot {
	s := &Snapshot{Owner: o}
	for id := range int64(20) {
		s.NewIDs = append(s.NewIDs, ids+id)
	}
	return s
}

// taskAt returns a task of ada's that was last changed by this revision.
func taskAt(id int64, version Rev, trashed bool) Task {
	t := Task{
		ID: id, Owner: "ada", Version: version, Title: fmt.Sprint("task ", id), Priority: Medium,
		CreatedAt: eight, UpdatedAt: eight,
	}
	if trashed {
		t.DeletedAt = &eight
	}
	return t
}

func TestABuilderRefuses(t *testing.T) {
	t.Parallel()
	known := knownOf(taskAt(1, 3, false), taskAt(2, 4, true))
	b := newBuilder(known, Write{At: eight, WriteOptions: WriteOptions{If: []Rev{5}}}, 1)
	_, full := b.create(Task{Title: "x"}, false)
	_, fullToo := b.restore(known.Tasks[2])
	_, trashed := b.find(2, false)
	_, notTrashed := b.find(1, true)
	_, unknown := b.find(3, false)
	_, other := b.required(1, false)
	for i, c := range []struct {
		err  error
		want Code
	}{
		{full, Conflict}, {fullToo, Conflict}, {trashed, NotFound}, {notTrashed, NotFound}, {unknown, NotFound},
		{other, Changed},
	} {
		if CodeOf(c.err) != c.want {
			t.Errorf("%d: %v", i, c.err)
		}
	}
	if same := b.edit(known.Tasks[1], known.Tasks[1]); !reflect.DeepEqual(same, known.Tasks[1]) {
		t.Errorf("an edit that changes nothing made %+v", same)
	}
	set := b.writeSet()
	if !set.Empty() {
		t.Errorf("it writes %+v", set)
	}
	owner := *known.Owner
	if set.Apply(&owner); !reflect.DeepEqual(owner, *known.Owner) {
		t.Errorf("nothing was written, and of the owner became %+v", owner)
	}
}

// TestAPurgeKeepsNothing: neither in the log nor in what follows in the same change.
func TestAPurgeKeepsNothing(t *testing.T) {
	t.Parallel()
	text := "secret"
	secret := taskAt(1, 3, true)
	secret.Description, secret.Completed, secret.CompletedAt, secret.Due = &text, true, &eight, &Date{At: eight}
	secret.Priority = High
	b := newBuilder(knownOf(secret), Write{At: eight}, 5)

	got := b.purge(secret)

	if want := (Task{ID: 1, Owner: "ada", Version: 41}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	left := Task{
		ID: 1, Owner: "ada", Version: 41, Priority: Medium, CreatedAt: eight, UpdatedAt: eight, DeletedAt: secret.DeletedAt,
	}
	if c := b.changes[0]; !reflect.DeepEqual(c.Task, left) || c.Before != nil || c.PrevRev != 3 {
		t.Errorf("the log gets %+v", c)
	}
	if _, err := b.find(1, true); CodeOf(err) != NotFound {
		t.Errorf("it is found: %v", err)
	}
}

// A holding is what a store would hold of ada's, made of the changes alone.
type holding struct {
	tasks map[int64]Task
	rev   Rev
}

// write writes changes that are one set, as a store does.
func (l *holding) write(t *rapid.T, changes []Change) {
	set := l.rev + 1
	for _, c := range changes {
		l.rev++
		before, there := l.tasks[c.Task.ID]
		if c.Rev != l.rev || c.Task.Version != l.rev || c.SetRev != set || c.PrevRev != before.Version {
			t.Fatalf("revision %d of version %d, set %d, after %d; want %d, %d, %d",
				c.Rev, c.Task.Version, c.SetRev, c.PrevRev, l.rev, set, before.Version)
		}
		if there == (c.Op == Created) || c.Task.Owner != "ada" || c.RequestID != "req" || !c.At.Equal(eight) {
			t.Fatalf("there was %+v before %+v", before, c)
		}
		var touched Fields
		if c.Op != Created && c.Op != Purged {
			touched = Touched(&before, &c.Task)
		}
		if !reflect.DeepEqual(c.Before, touched) {
			t.Fatalf("%s touched %v, the change says %v", c.Op, touched, c.Before)
		}
		if c.Op == Purged {
			delete(l.tasks, c.Task.ID)
		} else {
			l.tasks[c.Task.ID] = c.Task
		}
	}
}

// count returns how many tasks are not in the trash.
func (l *holding) count() (n int) {
	for _, task := range l.tasks {
		if task.DeletedAt == nil {
			n++
		}
	}
	return n
}

// TestBuildersLeaveWhatStoresHold: whatever random sets of changes do one after the other, the revisions have no gap,
// each change leads to the one before it, and what WriteSet.Apply makes of the owner is what a store would read back.
func TestBuildersLeaveWhatStoresHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := knownOf(taskAt(1, 3, false), taskAt(2, 4, true), taskAt(3, 40, false))
		owner, held := first.Owner, &holding{tasks: maps.Clone(first.Tasks), rev: first.Rev}
		for round := range rapid.IntRange(1, 4).Draw(t, "sets") {
			before, quota := *owner, rapid.IntRange(1, 6).Draw(t, "quota")
			before.Tasks = maps.Clone(owner.Tasks)
			once := &Idempotency{Key: "k"}
			w := Write{At: eight, By: User{ID: "ada", Email: fmt.Sprint(round), AsOf: eight}}
			w.WriteOptions = WriteOptions{RequestID: "req", Idempotency: once}
			b := newBuilder(snapshotOf(owner, int64(100*(round+1))), w, quota)
			for range rapid.IntRange(0, 8).Draw(t, "changes") {
				step(t, b)
			}
			if !reflect.DeepEqual(*owner, before) {
				t.Fatalf("the builder changed what it knew: %+v, was %+v", *owner, before)
			}
			set := b.writeSet()
			held.write(t, set.Changes)
			if set.Apply(owner); !reflect.DeepEqual(owner.Tasks, held.tasks) {
				t.Fatalf("of the tasks became %+v, want %+v", owner.Tasks, held.tasks)
			}
			if owner.Rev != held.rev || owner.Count != held.count() || owner.Epoch != before.Epoch {
				t.Fatalf("of the owner became %+v; want revision %d, %d tasks", *owner, held.rev, held.count())
			}
			wantKey(t, set, before.Rev)
			if n := len(set.Changes); (n > 0) != (owner.Claims.Email == fmt.Sprint(round)) {
				t.Fatalf("after %d changes the claims are %+v", n, owner.Claims)
			}
		}
	})
}

// step has b do something, or fail to.
func step(t *rapid.T, b *builder) {
	ids := append(slices.Collect(maps.Keys(b.tasks)), slices.Collect(maps.Keys(b.known.Tasks))...)
	slices.Sort(ids)
	ids = append(slices.Compact(ids), 999)
	op := rapid.SampledFrom([]Op{Created, Updated, Completed, Deleted, Restored, Purged}).Draw(t, "op")
	id := rapid.SampledFrom(ids).Draw(t, "id")
	n, count := len(b.changes), b.count
	task, err := b.find(id, op >= Restored)
	switch {
	case op == Created:
		task, err = b.create(Patch{Title: Some("new")}.NewTask("ada", eight), false)
	case err != nil:
	case op == Updated:
		p := Patch{Title: Some(rapid.SampledFrom([]string{task.Title, "a", "b"}).Draw(t, "title"))}
		task = b.edit(task, p.Apply(task, eight))
	case op == Completed:
		task = b.edit(task, task.Toggle(eight))
	case op == Deleted:
		task = b.trash(task)
	case op == Restored:
		task, err = b.restore(task)
	case op == Purged:
		task = b.purge(task)
	}
	if err != nil && (len(b.changes) != n || b.count != count) {
		t.Fatalf("%s failed with %v and left %d changes, %d tasks", op, err, len(b.changes)-n, b.count)
	}
	if err == nil && task.ID == 0 {
		t.Fatalf("%s of %d made %+v", op, id, task)
	}
	if op.Adds() > 0 && (CodeOf(err) == Conflict) != (count >= b.quota && CodeOf(err) != NotFound) {
		t.Fatalf("%s beside %d tasks of %d: %v", op, count, b.quota, err)
	}
}

// wantKey fails the test unless the key names the changes that follow this revision.
func wantKey(t *rapid.T, set WriteSet, rev Rev) {
	first, last := rev+1, rev+Rev(len(set.Changes))
	if last == rev {
		first, last = 0, 0
	}
	if k := set.Key; k == nil || k.Key != "k" || k.Rev != first || k.RevTo != last || !k.At.Equal(eight) {
		t.Fatalf("the key is %+v, want revisions %d to %d", k, first, last)
	}
}

// TestClaimsFollowTheNewestToken: what a token says is kept until a newer one says something else.
func TestClaimsFollowTheNewestToken(t *testing.T) {
	t.Parallel()
	known := User{Email: "a@x", Name: "Ada", AsOf: eight}
	for _, c := range []struct {
		name        string
		newer, want User
	}{
		{"a newer one", User{Email: "b@x", Name: "B", AsOf: eight.Add(1)}, User{Email: "b@x", Name: "B", AsOf: eight.Add(1)}},
		{"one that says little", User{AsOf: eight.Add(1)}, User{Email: "a@x", Name: "Ada", AsOf: eight.Add(1)}},
		{"an older one", User{Email: "b@x", AsOf: eight.Add(-1)}, known},
		{"one of the same moment", User{Name: "B", AsOf: eight}, User{Email: "a@x", Name: "B", AsOf: eight}},
		{"one that doesn't say when", User{Email: "b@x"}, known},
	} {
		if got := known.following(c.newer); got != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if got := (User{}).following(User{Email: "b@x"}); got.Email != "b@x" || !got.AsOf.Equal(time.Unix(0, 0)) {
		t.Errorf("the first: %+v", got)
	}
}
