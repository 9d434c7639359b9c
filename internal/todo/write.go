package todo

import "time"

// WriteOptions say on what terms a change is wanted.
type WriteOptions struct {
	RequestID   string
	If          []Rev        // the task must be at one of these versions; nil lets every version pass
	Idempotency *Idempotency // nil for a change that is carried out as often as it is asked for
}

// Idempotency makes a change happen once: whoever asks for it again with the same key gets the answer of the first time.
type Idempotency struct {
	Key         string // 1–255 visible ASCII characters, the owner's choice
	Fingerprint []byte // of the whole request: another request with the same key is refused
	Status      int    // of the answer if the change is carried out; kept for whoever asks later
}

// Write is what every change carries.
type Write struct {
	At time.Time // when it happens, in whole microseconds of UTC
	By User      // the owner, as their token describes them
	WriteOptions
}

// WriteResult is what became of a change that was carried out.
type WriteResult struct {
	Task     Task    // as it is afterwards; with DeletedAt after a deletion, ID and Version alone when it is gone for good
	Object   *Object // the list or label, likewise, if it was one; Task means nothing then
	Total    int     // how many changes were made, one of each object
	Replayed bool    // nothing was done now: this is what came of the first request with the same key
}

// A ReadSet is what a use case has to know under the owner's lock before it decides. The zero value asks for nothing but
// the owner.
type ReadSet struct {
	At    time.Time // when the change happens: who is not known yet is known since then
	Key   string    // what is remembered of this idempotency key; "" for none
	Since time.Time // how old that, and what SetOf names, may be at most

	Tasks      []int64  // tasks by id, in the trash or not
	Objects    []int64  // lists and labels by id, in the trash or not
	AllObjects bool     // all lists and labels, in the trash or not
	Families   bool     // all tasks of the trees that Tasks are in: their ancestors, and what is under these or went to the trash with them
	Around     *Around  // tasks around a place
	New        int      // how many ids of new objects of any kind
	Walk       *Walk    // tasks that are walked over: among the first StepSize with ids above After
	After      int64    // see Walk
	Set        Rev      // the changes that were made together with this one, the last StepSize of them, and their tasks
	SetOf      string   // the same for the change that was made with this key
	Until      Rev      // of the set that begins with Set only the changes before this one; 0 for all
	Base       Rev      // this change
	Source     string   // the system that OldIDs are of
	OldIDs     []string // which of these have been imported
	Oldest     int      // up to so many tasks of the trash, those that have been there the longest
	Unlisted   bool     // what among the next StepSize changes is still to be listed (Owner.Listed)

	// Alone says that what is decided costs more than a few rows: nobody else's change shall wait for it.
	Alone bool
}

// A Walk is over the tasks of which something holds, by id.
type Walk struct {
	Completed *bool      // whether they are completed; none of the trash
	Label     int64      // one of their labels; none of the trash
	List      int64      // the list they are in; none of the trash, or, if DeletedAt is not nil, those that went there then
	DeletedAt *time.Time // see List
}

// StepSize is how many tasks, or changes of a set, one step of a change is about at most.
const StepSize = 1000

// maxShared is how many objects a change may read or make that shares a transaction with others.
const maxShared = 8

// Shareable reports whether the change reads and writes so little that those of others can travel with it.
func (r *ReadSet) Shareable() bool {
	return !r.Alone && r.Walk == nil && r.Set == 0 && r.SetOf == "" && r.Base == 0 && r.OldIDs == nil && r.Oldest == 0 &&
		!r.Unlisted && !r.AllObjects && !r.Families && r.Around == nil && len(r.Tasks)+len(r.Objects)+r.New <= maxShared
}

// A Snapshot is what was found of one person under their lock, as the decisions before this one leave it. Whoever decides
// reads it and changes nothing of it.
type Snapshot struct {
	*Owner

	NewIDs   []int64
	Stored   *StoredAnswer // what is remembered of the key; nil for nothing
	Step     int           // how many steps of this change have been written already
	Looked   int64         // up to which id tasks were walked over; 0 when there are no others behind it
	Set      []Change      // in the order of their revisions; none if the set's first is forgotten, or never was
	Base     *Change       // nil if it is forgotten
	Around   *Beside
	Oldest   []Task               // of the trash, the oldest first
	Unlisted []Change             // in the order of their revisions, those by which an occurrence passes or comes back
	ListedTo Rev                  // that of the last change that was looked at for Unlisted; 0 when there are no others behind it
	Imported map[string]time.Time // the old ids that have been imported, with the CreatedAt that their tasks were given
}

// Beside is what was found for an Around: on either side up to N of those that were moved, and as many of those that weren't,
// the nearest, in any order.
type Beside struct {
	Around
	Before, After []Task
}

// An Owner is a person whose lock is held, and those of their tasks and other objects that somebody asked for.
type Owner struct {
	ID UserID
	State
	Count     int  // the tasks that are not in the trash
	Trashed   int  // those that are
	Keys      int  // the idempotency keys that are remembered, and those that are still to be forgotten
	Claims    User // what the newest of their tokens that wrote something said of them, and when it was issued
	ChangedAt time.Time
	Listed    Rev              // up to which the changes are listed by which occurrences have passed (Store.Completions)
	Zone      string           // the IANA name of the time zone they are in; "" for one who hasn't said
	Tasks     map[int64]Task   // by id, in the trash or not
	Objects   map[int64]Object // lists and labels, likewise
	Kin       map[int64]Kin    // what relatives those of Tasks have that have any
}

// Kin is what relatives a task has in the database.
type Kin int8

// The relatives that a task may have.
const (
	HasChildren   Kin = 1 << iota // there may be tasks that are a part of it, in the trash or not
	BesideParent                  // a parent that is where it is: not in the trash, or there since the same time
	ParentIsThere                 // a parent that is not in the trash
	ParentInList                  // such a parent in the same list
	RootRecurs                    // a task at the top of those that it is a part of which recurs, and isn't completed; found out in walks
	Astray                        // some that it doesn't go with, or doesn't go with itself; found out for the tasks of a set
)

// AddKin notes relatives of a task.
func (o *Owner) AddKin(id int64, kin Kin) {
	if kin == 0 {
		return
	}
	if o.Kin == nil {
		o.Kin = map[int64]Kin{}
	}
	o.Kin[id] |= kin
}

// ofThisLife returns s without what is left of former lives, and is being removed. Tasks are left out where they are found.
func (s *Snapshot) ofThisLife() *Snapshot {
	if s.ErasedAt.IsZero() {
		return s
	}
	own := *s
	if own.Stored != nil && s.former(own.Stored.At, own.Stored.Changes) {
		own.Stored = nil
	}
	if len(own.Set) > 0 && own.Set[0].Rev <= s.Began {
		own.Set = nil
	}
	if own.Base != nil && own.Base.Rev <= s.Began {
		own.Base = nil
	}
	return &own
}

// former reports whether what is remembered of a key belongs to a life that has ended.
func (s *State) former(at time.Time, changes []Change) bool {
	return !at.After(s.ErasedAt) || len(changes) > 0 && changes[0].Rev <= s.Began
}

// inThisLife returns at, or the first moment of this life if that is later: clocks differ.
func (s *State) inThisLife(at time.Time) time.Time {
	if first := s.ErasedAt.Add(time.Microsecond); !s.ErasedAt.IsZero() && at.Before(first) {
		return first
	}
	return at
}

// A StoredAnswer is what is remembered of a change that was made with an idempotency key.
type StoredAnswer struct {
	Fingerprint []byte
	At          time.Time
	Changes     []Change // what it did, in the order of their revisions, the first MaxShown of them
	Total       int      // how many it made in all
	Answer      []byte   // what these don't tell; nil for nothing
}

// A WriteSet is what was decided. The zero value writes nothing.
type WriteSet struct {
	Changes []Change   // in the order of their revisions, which follow the owner's without a gap; a task may occur several times
	Key     *StoredKey // what is to be remembered; nil for nothing
	Imports []Import
	Listing *Listing // what is to be listed; nil for nothing

	// Next is what has to be known for the next step, which begins once this one has been written, in the same transaction:
	// then it is decided again. nil if this is the last. Only a change that goes alone has more than one.
	Next *ReadSet

	count   int  // the owner's tasks that are not in the trash, then
	trashed int  // those that are, then
	claims  User // what is known of the owner, then
}

// A Listing is what becomes of the list of occurrences that have passed. That is made of the log, later and for many changes at
// once: to a change itself it would cost as much as the change.
type Listing struct {
	To           Rev      // all changes up to here are listed then
	Passed, Back []Change // those whose occurrences join the list, and those whose occurrences leave it; of each occurrence one
}

// A StoredKey is an idempotency key with what is to be remembered of its change.
type StoredKey struct {
	Idempotency
	Rev, RevTo Rev    // the first and the last of its changes; 0 for none
	Answer     []byte // what these don't tell; nil for nothing
	At         time.Time
}

// Empty reports whether there is nothing to write.
func (w *WriteSet) Empty() bool {
	return len(w.Changes) == 0 && w.Key == nil && len(w.Imports) == 0 && w.Listing == nil
}

// Apply makes o what it is once w has been written. What is gone for good leaves it.
func (w *WriteSet) Apply(o *Owner) {
	if w.Key != nil {
		o.Keys++
	}
	n := len(w.Changes)
	if n == 0 {
		return
	}
	if o.Objects == nil {
		o.Objects = map[int64]Object{}
	}
	for i := range w.Changes {
		c := &w.Changes[i]
		switch {
		case c.Object != nil && c.Op == Purged:
			delete(o.Objects, c.Object.ID)
		case c.Object != nil:
			o.Objects[c.Object.ID] = *c.Object
		case c.Op == Purged:
			delete(o.Tasks, c.Task.ID)
		default:
			o.Tasks[c.Task.ID] = c.Task
			if c.Task.ParentID != nil {
				o.AddKin(*c.Task.ParentID, HasChildren)
			}
		}
	}
	last := &w.Changes[n-1]
	o.Rev, o.ChangedAt, o.Count, o.Trashed, o.Claims = last.Rev, last.At, w.count, w.trashed, w.claims
}
