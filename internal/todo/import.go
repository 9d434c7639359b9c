package todo

import (
	"context"
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

// Import notes that a task came from another system. It outlives the task.
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
