package todo

import (
	"context"
	"time"
)

// MaxImportID is how many bytes the id of an imported task, or the name of its source, may have.
const MaxImportID = 255

// ImportedTask is a task that comes from another system, with the id it had there.
type ImportedTask struct {
	OldID string // 1–MaxImportID bytes, sound text
	Task         // without id and version, which it gets here; all else is kept
}

// An Importer takes over tasks of another system. What the Store says of owners, writes and errors holds here, too. A
// source is the name of that system, 1–MaxImportID bytes; old ids are unique in it. Both methods answer Erased for an owner
// whose data was erased: nobody can undo that by an import.
type Importer interface {
	// ImportTasks stores those of tasks whose old ids have not been imported for owner from source before, in their order:
	// each raises the owner's revision by one and has the next as its version. It returns how many it stored, all of them
	// in one transaction. No quota applies. The old ids must differ from each other; there may be some hundreds.
	ImportTasks(ctx context.Context, owner UserID, source string, tasks []ImportedTask, w Write) (int, error)

	// Imported returns those of oldIDs that have been imported for owner from source, each with the CreatedAt that its task
	// was given. It doesn't matter what became of the task since.
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

// Erased says that this person had everything of theirs erased.
func Erased() error {
	return &Error{Code: Forbidden, Message: "Everything of this person was erased at their request"}
}
