package todo

import (
	"fmt"
	"strconv"
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

	// DueBefore and DueAfter are bounds of due dates: what is due earlier, and at this or later. A task without a date is
	// neither. One that is due on a day is compared by the day that the bound has where it was written, which is its location.
	DueBefore, DueAfter *time.Time
	// StartBefore and StartAfter are the same of start dates.
	StartBefore, StartAfter *time.Time

	List   *int64  // only those in this list; 0 is the inbox
	Parent *int64  // only those that are a part of this task; 0 is of none
	Labels []int64 // only those that have all of these

	Words  []string // each is in the title or in the description, whatever its case and accents
	Order  []Order  // empty: newest first
	Limit  int      // 1–MaxLimit
	Offset int      // ≥ 0
	Count  bool     // also count all that match
	Trash  bool     // tasks in the trash, instead of those that are not
	Cursor string   // go on where the page ended that came with it; not with Offset

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
	ByStart     Key = "start_date"
	ByPriority  Key = "priority"
	ByTitle     Key = "title"
	ByPosition  Key = "position"
	ByCompleted Key = "completed"
	ByDeleted   Key = "deleted_at" // of tasks in the trash
)

// Keys are those that people can choose, in the order in which they are told of them.
var Keys = [...]Key{ByCreated, ByUpdated, ByDue, ByStart, ByPriority, ByTitle, ByCompleted, ByPosition}

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
// page of them. It stays what it is: it is in cursors and in entity tags that clients have.
func (f Filter) Query() string {
	b := strconv.AppendBool(make([]byte, 0, 96), f.Trash)
	b = append(b, " ["...)
	for i, o := range f.Order {
		b = append(append(appendSpace(b, i), '{'), o.By...)
		b = append(strconv.AppendBool(append(b, ' '), o.Desc), '}')
	}
	b = append(b, "] ["...)
	for i, word := range f.Words {
		b = strconv.AppendQuote(appendSpace(b, i), word)
	}
	b = appendOr(append(b, "] "...), f.Completed, strconv.AppendBool)
	b = appendOr(append(b, ' '), f.Priority, func(b []byte, p Priority) []byte { return append(b, p.String()...) })
	for _, at := range []*time.Time{f.DueBefore, f.DueAfter} {
		b = appendOr(append(b, ' '), at, appendBound)
	}
	if f.StartBefore != nil || f.StartAfter != nil {
		b = appendOr(append(b, " start "...), f.StartBefore, appendBound)
		b = appendOr(append(b, ' '), f.StartAfter, appendBound)
	}
	if f.List != nil {
		b = strconv.AppendInt(append(b, " list "...), *f.List, 10)
	}
	if f.Parent != nil {
		b = strconv.AppendInt(append(b, " parent "...), *f.Parent, 10)
	}
	for i, id := range f.Labels {
		if i == 0 {
			b = append(b, " labels"...)
		}
		b = strconv.AppendInt(append(b, ' '), id, 10)
	}
	return string(b)
}

// appendSpace appends what stands before the i-th element of a list.
func appendSpace(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ' ')
	}
	return b
}

// appendOr appends the value of p, or "-" for nil.
func appendOr[T any](b []byte, p *T, appendTo func([]byte, T) []byte) []byte {
	if p == nil {
		return append(b, '-')
	}
	return appendTo(b, *p)
}

// appendBound appends a bound of due dates: its instant and, where that isn't the beginning of its day in UTC, its day.
func appendBound(b []byte, at time.Time) []byte {
	b = strconv.AppendInt(b, at.UnixMicro(), 10)
	if DayOf(at).Equal(at) {
		return b
	}
	return at.AppendFormat(append(b, " on "...), time.DateOnly)
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
