package sqlstore

import (
	"slices"

	"todod/internal/todo"
)

// TaskOf returns the columns of a task, the owner first, as ReadTask reads them. alias is the table's name.
func TaskOf(alias string) string { return alias + ".user_id, " + Tasks.Names(alias) }

// ReadTask reads the columns of TaskOf, which must be of a task of owner, into t.
func ReadTask(r Row, owner todo.UserID, t *todo.Task) {
	r.Owner(owner)
	t.Owner = owner
	Tasks.read(r, t)
}

// ObjectOf returns the columns of a list or label, the owner first, as ReadObject reads them. alias is the table's name.
func ObjectOf(alias string) string { return alias + ".user_id, " + Objects.Names(alias) }

// ReadObject reads the columns of ObjectOf, which must be of an object of owner, into o.
func ReadObject(r Row, owner todo.UserID, o *todo.Object) {
	r.Owner(owner)
	o.Owner = owner
	Objects.read(r, o)
}

// AddTask adds the task that ReadTask reads.
func AddTask(list *[]todo.Task, r Row, owner todo.UserID) { add(list, r, of(owner, ReadTask)) }

// ChangeOf returns the columns of an entry of the log, the owner first, as ReadChange reads them. alias is the
// table's name.
func ChangeOf(alias string) string {
	return alias + ".user_id, " + alias + ".task_id, " + alias + ".rev, " + Logged.Names(alias) + ", " + Log.Names(alias)
}

// ReadChange reads the columns of ChangeOf, which must be of a change of owner's, into c.
func ReadChange(r Row, owner todo.UserID, c *todo.Change) {
	ReadTask(r, owner, &c.Task)
	c.Rev = c.Task.Version
	e := Entry{Change: c}
	Log.read(r, &e)
	r.Fail(c.ReadImage(e.kind, e.image, e.before))
	if e.occurrence != nil {
		c.Occurrence = &todo.Occurrence{}
		r.Fail(c.Occurrence.UnmarshalJSON(e.occurrence))
	}
}

// AddChange adds the change that ReadChange reads.
func AddChange(list *[]todo.Change, r Row, owner todo.UserID) { add(list, r, of(owner, ReadChange)) }

// StateOf are the columns of users that ReadState reads.
const StateOf = `user_id, epoch, rev, erased_at, life_rev`

// ReadState reads the columns of StateOf, all null for someone unknown, else those of owner, into s.
func ReadState(r Row, owner todo.UserID, s *todo.State) {
	if r.Null() {
		r.Skip(5)
		*s = todo.State{}
		return
	}
	r.Owner(owner)
	s.Epoch, s.Rev, s.ErasedAt, s.Began = r.Int64(), todo.Rev(r.Int64()), r.Time(), todo.Rev(r.Int64())
}

// OwnerOf are the columns of users that ReadOwner reads.
var OwnerOf = StateOf + ", " + Raised[1:].Names("") + ", listed, time_zone"

// ReadOwner reads the columns of OwnerOf, which must be those of o, into o.
func ReadOwner(r Row, o *todo.Owner) {
	ReadState(r, o.ID, &o.State)
	Raised[1:].read(r, o)
	o.Listed, o.Zone = todo.Rev(r.Int64()), r.Text()
	o.Claims.ID = o.ID
}

// read reads the columns into row.
func (c Columns[T]) read(r Row, row *T) {
	for i := range c {
		c[i].Read(r, row)
	}
}

// An Entry is a change that was decided, on its way to the log.
type Entry struct {
	*todo.Change
	How        int16  // what becomes of its task
	before     []byte // Before, encoded
	kind       todo.Kind
	occurrence []byte  // Occurrence, encoded; nil for none
	image      []byte  // Object, encoded; nil for a task, and for what is gone for good
	search     *string // what words are searched for in; nil if that stays as it is
}

// What becomes of the task of an entry.
const (
	LogOnly    int16 = iota // nothing: a later entry tells, or it is gone for good
	InsertTask              // it is new
	UpdateTask
)

// Entries appends to entries those of changes.
func Entries(entries []*Entry, changes []todo.Change) ([]*Entry, error) {
	for i := range changes {
		e := &Entry{Change: &changes[i]}
		var err error
		if e.Before != nil {
			if e.before, err = e.Before.Encode(); err != nil {
				return nil, err
			}
		}
		if e.Occurrence != nil {
			if e.occurrence, err = e.Occurrence.MarshalJSON(); err != nil {
				return nil, err
			}
		}
		if e.Object != nil && e.Op != todo.Purged {
			if e.image, err = e.Object.Image(); err != nil {
				return nil, err
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Settle says of each entry what becomes of its task: the last entry of each task writes it.
func Settle(entries []*Entry) {
	last, all := make(map[int64]*Entry, len(entries)), make(map[int64]settled, len(entries))
	for _, e := range entries {
		if e.Object != nil {
			continue
		}
		was := all[e.Task.ID]
		all[e.Task.ID] = settled{isNew: was.isNew || e.Op == todo.Created, text: was.text || e.writesText()}
		last[e.Task.ID] = e
	}
	for id, e := range last {
		switch {
		case e.Op == todo.Purged:
			continue
		case all[id].isNew:
			e.How = InsertTask
		default:
			e.How = UpdateTask
		}
		if all[id].text {
			text := searchText(e.Task.Title, e.Task.Description)
			e.search = &text
		}
	}
}

// LeftObjects returns the lists and labels that entries leave, as the last entry of each does, but for what is gone for good.
func LeftObjects(entries []*Entry) (left []*todo.Object) {
	seen := map[int64]bool{}
	for _, e := range slices.Backward(entries) {
		if e.Object == nil || seen[e.Object.ID] {
			continue
		}
		if seen[e.Object.ID] = true; e.Op != todo.Purged {
			left = append(left, e.Object)
		}
	}
	return left
}

// NewParents returns the ids of tasks that entries make others a part of, with whose they are.
func NewParents(entries []*Entry) (owners []string, ids []int64) {
	for _, e := range entries {
		if _, moved := e.Before["parent_id"]; e.Object == nil && e.Task.ParentID != nil && (moved || e.Op == todo.Created) {
			owners, ids = append(owners, string(e.Task.Owner)), append(ids, *e.Task.ParentID)
		}
	}
	return owners, ids
}

// settled is what all entries of one task do to it: whether they make it, and whether they write its text.
type settled struct{ isNew, text bool }

// writesText reports whether e writes what words are searched for in.
func (e *Entry) writesText() bool {
	if e.Op == todo.Created {
		return true
	}
	for _, name := range searched {
		if _, touched := e.Before[name]; touched {
			return true
		}
	}
	return false
}
