// Package todo is what todod is about: tasks that belong to people. It holds the rules for them, the use cases that
// change them (Service) and what it needs from a database (Store). It knows nothing of HTTP or SQL.
package todo

import "time"

// UserID names a person. It is the subject of their token: opaque, a ValidID, never interpreted.
type UserID string

// MaxID is how many bytes an id may have that others make: a person's, and one of another system.
const MaxID = 255

// ValidID reports whether id can be such an id: 1–MaxID bytes of UTF-8 without NUL, which every database can keep.
func ValidID(id string) bool { return id != "" && len(id) <= MaxID && sound(id) }

// A Rev is one person's revision: a number that rises by one with every change of their data, without gaps.
type Rev int64

// User is a caller as their token describes them.
type User struct {
	ID    UserID
	Email string // "" when the token has none
	Name  string // "" when the token has none
	// AsOf is when the token was issued: what an older token says never replaces what a newer one said.
	AsOf time.Time
}

// Task is one thing a person means to do. Times are UTC in whole microseconds.
type Task struct {
	ID          int64 // unique among all people, never reused
	Owner       UserID
	Version     Rev    // the owner's revision that last changed this task
	Title       string // 1–200 code points, trimmed
	Description *string
	Completed   bool
	Priority    Priority
	Due         *Date       // nil: no due date
	DueZone     *string     // the time zone that Due, an instant, is meant in, by its IANA name; nil for none
	DueLocal    *time.Time  // what a clock there shows at Due, as if that were UTC; nil without a DueZone
	Recurrence  *Recurrence // how it comes back once it is done; nil if it doesn't. Then there is a Due
	Start       *Date       // before which nobody means to begin it; it hides nothing. nil: none
	ListID      *int64      // the list it is in, which is not in the trash unless the task is; nil: the inbox
	ParentID    *int64      // the task it is a part of, in the same list, and in the trash only if the task is; nil for none
	Position    *string     // where it stands among the others, by bytes; nil: by its age (Place)
	LabelIDs    IDs         // ascending; labels that are in the trash stay here until they are gone for good
	CompletedAt *time.Time  // nil unless Completed
	CreatedAt   time.Time
	UpdatedAt   time.Time  // never earlier than it was
	DeletedAt   *time.Time // when it went to the trash; nil unless it is there
}

// Toggle returns t with Completed flipped at the time now.
func (t Task) Toggle(now time.Time) Task {
	t.complete(!t.Completed, now)
	t.touch(now)
	return t
}

// Same reports whether t and other agree in everything a person can write.
func (t *Task) Same(other *Task) bool { return taskFields.same(t, other) }

// Touched returns those fields of before that differ in after.
func Touched(before, after *Task) Fields { return taskFields.touched(before, after) }

// PutInto sets the fields of t that are in f.
func (f Fields) PutInto(t *Task) { taskFields.put(f, t) }

// touch moves t's UpdatedAt forward to now, but never back.
func (t *Task) touch(now time.Time) {
	if now.After(t.UpdatedAt) {
		t.UpdatedAt = now
	}
}

// complete sets whether t is done. A task that is done already keeps the time it was done at.
func (t *Task) complete(done bool, now time.Time) {
	switch {
	case !done:
		t.CompletedAt = nil
	case !t.Completed:
		t.CompletedAt = &now
	}
	t.Completed = done
}

// Priority is how much a task matters. Its values order from low to high; stores keep the number.
type Priority int16

// The priorities there are. The zero value is none of them.
const (
	Low Priority = iota + 1
	Medium
	High
)

// priorities are the names of Low, Medium and High on the wire.
var priorities = [...]string{Low: "low", Medium: "medium", High: "high"}

// String returns the name of p, or "" when p is not a priority.
func (p Priority) String() string {
	if p < Low || p > High {
		return ""
	}
	return priorities[p]
}

// ParsePriority returns the priority with exactly this name.
func ParsePriority(name string) (Priority, bool) {
	for p := Low; p <= High; p++ {
		if priorities[p] == name {
			return p, true
		}
	}
	return 0, false
}
