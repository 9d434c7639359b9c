package todo

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits on a page of tasks.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
	MaxQuery     = 200 // code points
	MaxWords     = 10
)

// Filter says which tasks of an owner, in what order, and which page of them. A nil condition lets every task through.
type Filter struct {
	Completed *bool
	Priority  *Priority
	DueBefore *time.Time // due earlier than this; a task without a date is not
	DueAfter  *time.Time // due at this or later; a task without a date is not
	Words     []string   // each is in the title or in the description, whatever its case and accents
	Order     []Order    // empty: newest first
	Limit     int        // 1–MaxLimit
	Offset    int        // ≥ 0
	Count     bool       // also count all that match
	Trash     bool       // tasks in the trash, instead of those that are not
	Cursor    string     // go on where the page ended that came with it; not with Offset

	// After is what Cursor stands for: only tasks that come after this one in Order. Nothing but its id and what Order
	// sorts by matters.
	After *Task
	// Unless is a state that the caller knows the answer for: if it still holds, no tasks are read.
	Unless *State
}

// validate returns an Error of code Invalid that names every condition of f that no store can answer.
func (f Filter) validate() error {
	var faults []FieldError
	if f.Limit < 1 || f.Limit > MaxLimit {
		faults = append(faults, FieldError{"limit", fmt.Sprintf("must be a whole number from 1 to %d", MaxLimit)})
	}
	if f.Offset < 0 {
		faults = append(faults, FieldError{"offset", "must be a whole number, 0 or more"})
	}
	if f.Cursor != "" && f.Offset > 0 {
		faults = append(faults, FieldError{"cursor", "must not come with offset"})
	}
	q := strings.Join(f.Words, " ")
	if !sound(q) {
		faults = append(faults, FieldError{"q", "must be UTF-8 without NUL characters"})
	}
	if utf8.RuneCountInString(q) > MaxQuery {
		faults = append(faults, FieldError{"q", fmt.Sprintf("must be at most %d characters", MaxQuery)})
	}
	if len(f.Words) > MaxWords {
		faults = append(faults, FieldError{"q", fmt.Sprintf("must be at most %d words", MaxWords)})
	}
	return InvalidFields(faults...)
}

// Order is one key to sort by. Tasks without a value come last in both directions. After the last key, ties are broken
// by id in the direction of that key, so that an order is always total.
type Order struct {
	By   Key
	Desc bool
}

// Key is a field of a task that lists can be sorted by. Its value is its name on the wire.
type Key string

// The keys there are. Titles sort by code point, priorities from low to high, open tasks before completed ones.
const (
	ByCreated   Key = "created_at"
	ByUpdated   Key = "updated_at"
	ByDue       Key = "due_date"
	ByPriority  Key = "priority"
	ByTitle     Key = "title"
	ByCompleted Key = "completed"
	ByDeleted   Key = "deleted_at" // of tasks in the trash
)

// Keys are those that people can choose, in the order in which they are told of them.
var Keys = [...]Key{ByCreated, ByUpdated, ByDue, ByPriority, ByTitle, ByCompleted}

// NewestFirst is the order of a list when nobody asks for another.
func NewestFirst() []Order { return []Order{{By: ByCreated, Desc: true}} }

// LatestDeletedFirst is the order of the trash.
func LatestDeletedFirst() []Order { return []Order{{By: ByDeleted, Desc: true}} }

// Page is one page of a list.
type Page struct {
	Tasks     []Task
	More      bool   // there are tasks after these
	Next      string // the cursor for them
	Total     int    // all that match, when Filter.Count was set
	State     State  // of the owner when the page was read
	Unchanged bool   // the state is that of Filter.Unless, and nothing else was read
}

// CutTo makes p a page of limit tasks, of one for which one more was read, if there was one.
func (p *Page) CutTo(limit int) {
	if p.More = len(p.Tasks) > limit; p.More {
		p.Tasks = p.Tasks[:limit]
	}
}

// Query returns a text that two filters share if and only if they ask for the same tasks in the same order, whichever
// page of them.
func (f Filter) Query() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%t %v %q %v", f.Trash, f.Order, f.Words, show(f.Completed))
	fmt.Fprintf(&b, " %v %v %v", show(f.Priority), show(micros(f.DueBefore)), show(micros(f.DueAfter)))
	return b.String()
}

// show returns the value of p, or "-" for nil.
func show[T any](p *T) any {
	if p == nil {
		return "-"
	}
	return *p
}

// ParseOrder reads a comma-separated list of keys, each with an optional "-" for descending. Its error tells people what
// is wrong with it.
func ParseOrder(s string) ([]Order, error) {
	var order []Order
	seen := map[Key]bool{}
	for part := range strings.SplitSeq(s, ",") {
		name, desc := strings.CutPrefix(part, "-")
		key, ok := parseKey(name)
		if !ok {
			return nil, fmt.Errorf("must be a comma-separated list of %s, each with - in front for descending",
				keyNames())
		}
		if seen[key] {
			return nil, fmt.Errorf("must name %s only once", key)
		}
		seen[key] = true
		order = append(order, Order{By: key, Desc: desc})
	}
	return order, nil
}

// parseKey returns the key of this name.
func parseKey(name string) (Key, bool) {
	for _, k := range Keys {
		if string(k) == name {
			return k, true
		}
	}
	return "", false
}

// keyNames returns the names of all keys, comma-separated.
func keyNames() string {
	names := make([]string, len(Keys))
	for i, k := range Keys {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// Words splits what a person searches for into the words that must all be found.
func Words(q string) []string { return strings.Fields(q) }

// Fold returns s with each code point replaced by the smallest one that differs from it in case only, by Unicode's simple
// case folding: two texts are the same but for case if and only if their folds are equal.
func Fold(s string) string { return strings.Map(foldRune, s) }

// foldRune returns the smallest code point of r's case orbit.
func foldRune(r rune) rune {
	smallest := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		smallest = min(smallest, next)
	}
	return smallest
}
