package todo

import (
	"context"
	"slices"
	"time"
)

// ImportedTask is a task that comes from another system, with the id it had there.
type ImportedTask struct {
	OldID string // a ValidID
	Task         // without id and version, which it gets here; all else is kept
}

// Imports are what has been taken over from other systems. What Store says of owners and errors holds here, too. A source
// is the name of such a system, a ValidID, too; old ids are unique in it.
type Imports interface {
	// Imported returns those of oldIDs that have been imported for owner from source, each with the CreatedAt that its task
	// was given. It doesn't matter what became of the task since. An owner whose data was erased is Erased: nobody can undo
	// that by an import.
	Imported(ctx context.Context, owner UserID, source string, oldIDs []string) (map[string]time.Time, error)

	// Imports returns up to limit notes of what was imported for owner, after the given one, by source and old id. The
	// empty Import comes before all. To this method an erased owner is one for whom nothing was imported.
	Imports(ctx context.Context, owner UserID, after Import, limit int) ([]Import, error)
}

// Import notes that a task, or another object, came from another system. It outlives that.
type Import struct {
	Source, OldID string
	TaskID        int64     // what it became here
	CreatedAt     time.Time // of the task
}

// ImportTasks stores those of tasks whose old ids have not been imported for owner from source before, in their order: each
// raises the owner's revision by one and has the next as its version. It returns how many it stored, all of them in one
// transaction. No quota applies. The old ids must differ from each other; there may be some hundreds. An owner whose data
// was erased is Erased.
func ImportTasks(ctx context.Context, s Store, owner UserID, source string, tasks []ImportedTask, at time.Time) (n int, err error) {
	at = at.UTC().Truncate(time.Microsecond)
	need := ReadSet{At: at, New: len(tasks), Source: source, AllObjects: true, Alone: true}
	for _, t := range tasks {
		need.OldIDs = append(need.OldIDs, t.OldID)
		if t.ParentID != nil {
			need.Tasks, need.Families = append(need.Tasks, *t.ParentID), true
		}
	}
	err = s.Change(ctx, owner, need, func(known *Snapshot) (WriteSet, error) {
		if !known.ErasedAt.IsZero() {
			return WriteSet{}, Erased()
		}
		b := newBuilder(known, Write{At: at, By: User{ID: owner}}, unlimited)
		b.allObjects, b.families = true, true
		for _, t := range tasks {
			if _, there := known.Imported[t.OldID]; !there {
				if err := b.take(source, t); err != nil {
					return WriteSet{}, err
				}
			}
		}
		n = len(b.changes)
		return b.writeSet(), nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// take adds an imported task, in a change set of its own.
func (b *builder) take(source string, t ImportedTask) error {
	t.Owner = b.write.By.ID
	made, err := b.create(t.Task, true)
	if err != nil {
		return err
	}
	b.changes[len(b.changes)-1].SetRev = made.Version
	b.imports = append(b.imports, Import{Source: source, OldID: t.OldID, TaskID: made.ID, CreatedAt: made.CreatedAt})
	return nil
}

// Erased says that this person had everything of theirs erased.
func Erased() error {
	return &Error{Code: Forbidden, Message: "Everything of this person was erased at their request"}
}

// ImportedObject is a list or label that comes from another system, with the id it had there.
type ImportedObject struct {
	OldID string // a ValidID
	Kind  Kind
	Patch ObjectPatch // what it starts with
}

// ImportObjects makes those of objects whose old ids have not been imported for owner from source before, in their order, and
// returns for each what it is here. A label that is called like one that is there is that one. The old ids must differ from
// each other. An owner whose data was erased is Erased.
func ImportObjects(
	ctx context.Context, s Database, owner UserID, source string, objects []ImportedObject, at time.Time,
) (ids []int64, err error) {
	at = at.UTC().Truncate(time.Microsecond)
	need := ReadSet{At: at, New: len(objects), Source: source, AllObjects: true, Alone: true}
	objects = slices.Clone(objects)
	for i := range objects {
		if objects[i].Patch, err = objects[i].Patch.Normalise(objects[i].Kind); err != nil {
			return nil, err
		}
		need.OldIDs = append(need.OldIDs, objects[i].OldID)
	}
	err = s.Change(ctx, owner, need, func(known *Snapshot) (WriteSet, error) {
		if !known.ErasedAt.IsZero() {
			return WriteSet{}, Erased()
		}
		b := newBuilder(known, Write{At: at, By: User{ID: owner}}, unlimited)
		b.allObjects, b.alike = true, s.Alike
		ids = make([]int64, len(objects))
		for i, o := range objects {
			if _, there := known.Imported[o.OldID]; there {
				continue
			}
			if ids[i], err = b.takeObject(source, o); err != nil {
				return WriteSet{}, err
			}
		}
		return b.writeSet(), nil
	})
	return ids, err
}

// takeObject adds an imported list or label, in a change set of its own, or finds the label that it is; and returns its id.
func (b *builder) takeObject(source string, o ImportedObject) (int64, error) {
	name := b.alike(o.Patch.Name.V)
	for _, label := range b.all(KindLabel, false) {
		if o.Kind == KindLabel && b.alike(label.Name) == name {
			b.imports = append(b.imports, Import{Source: source, OldID: o.OldID, TaskID: label.ID, CreatedAt: label.CreatedAt})
			return label.ID, nil
		}
	}
	made, err := b.createObject(o.Kind, o.Patch)
	if err != nil {
		return 0, err
	}
	b.changes[len(b.changes)-1].SetRev = made.Version
	b.imports = append(b.imports, Import{Source: source, OldID: o.OldID, TaskID: made.ID, CreatedAt: made.CreatedAt})
	return made.ID, nil
}
