// Package listsql writes the conditions and the order of a list of tasks in SQL, which both engines read in the same way
// but for how they write an argument, a time and a search.
package listsql

import (
	"fmt"
	"strings"
	"time"

	"todod/internal/todo"
)

// Dialect is what an engine does in its own way.
type Dialect struct {
	Placeholder string              // what stands before an argument's number
	Time        func(time.Time) any // a time as an argument
	NullsLast   func(desc bool) bool
	// Words adds the condition that each of the words is found.
	Words func(q *Query, words []string)
}

// Query is the conditions of a list and their arguments. They hold only what is asked for, so that each kind of list has
// the best plan of its own.
type Query struct {
	Args    []any
	dialect *Dialect
	where   []string
	order   string
}

// New returns the query of f for owner. f.After is in it, f.Limit and f.Offset are not.
func New(d *Dialect, owner todo.UserID, f todo.Filter) *Query {
	q := &Query{dialect: d, order: d.orderBy(f.Order)}
	q.And("user_id = " + q.Arg(owner))
	q.And(map[bool]string{false: "deleted_at is null", true: "deleted_at is not null"}[f.Trash])
	if f.Completed != nil {
		q.And("completed = " + q.Arg(*f.Completed))
	}
	if f.Priority != nil {
		q.And("priority = " + q.Arg(*f.Priority))
	}
	if f.DueBefore != nil {
		q.And("due_date < " + q.Arg(d.Time(*f.DueBefore)))
	}
	if f.DueAfter != nil {
		q.And("due_date >= " + q.Arg(d.Time(*f.DueAfter)))
	}
	if len(f.Words) > 0 {
		d.Words(q, f.Words)
	}
	return q
}

// Arg adds an argument and returns what stands for it.
func (q *Query) Arg(v any) string {
	q.Args = append(q.Args, v)
	return fmt.Sprintf("%s%d", q.dialect.Placeholder, len(q.Args))
}

// And adds a condition.
func (q *Query) And(condition string) { q.where = append(q.where, condition) }

// Where returns all conditions.
func (q *Query) Where() string { return strings.Join(q.where, " and ") }

// OrderBy returns the keys of the order, ending in id.
func (q *Query) OrderBy() string { return q.order }

// orderBy returns the sort keys of order with id as the last one, in the direction of the one before it.
func (d *Dialect) orderBy(order []todo.Order) string {
	var b strings.Builder
	direction := ""
	for _, o := range order {
		direction = ""
		if o.Desc {
			direction = " desc"
		}
		b.WriteString(string(o.By) + direction)
		if o.By == todo.ByDue && !d.NullsLast(o.Desc) {
			b.WriteString(" nulls last")
		}
		b.WriteString(", ")
	}
	return b.String() + "id" + direction
}

// After adds the condition that a task comes after f.After in f.Order, unless that is nil: the keyset method. Where all
// keys have one direction it is one comparison of rows, which an index can begin at.
func (q *Query) After(f todo.Filter) {
	if f.After == nil {
		return
	}
	keys := q.keys(f)
	if columns, values, ok := alike(keys); ok {
		q.And(fmt.Sprintf("(%s) %s (%s)", columns, keys[0].beyond(), values))
		return
	}
	var ways []string // the first key differs, or it is the same and the second differs, and so on
	same := ""
	for _, k := range keys {
		if later := k.later(); later != "" {
			ways = append(ways, same+later)
		}
		same += k.same() + " and "
	}
	q.And("(" + strings.Join(ways, " or ") + ")")
}

// A key is one column of an order, and what the last task of the page before has there; "" for null.
type key struct {
	column, value  string
	desc, nullable bool
}

// keys returns the keys of f.Order and the id, with the values of f.After.
func (q *Query) keys(f todo.Filter) []key {
	var keys []key
	desc := false
	for _, o := range f.Order {
		desc = o.Desc
		k := key{column: string(o.By), desc: desc, nullable: o.By == todo.ByDue}
		if v := q.valueOf(f.After, o.By); v != nil {
			k.value = q.Arg(v)
		}
		keys = append(keys, k)
	}
	return append(keys, key{column: "id", value: q.Arg(f.After.ID), desc: desc})
}

// valueOf returns what t has under a key, nil for no due date.
func (q *Query) valueOf(t *todo.Task, by todo.Key) any {
	switch by {
	case todo.ByCreated:
		return q.dialect.Time(t.CreatedAt)
	case todo.ByUpdated:
		return q.dialect.Time(t.UpdatedAt)
	case todo.ByDeleted:
		return q.dialect.Time(*t.DeletedAt)
	case todo.ByPriority:
		return t.Priority
	case todo.ByTitle:
		return t.Title
	case todo.ByCompleted:
		return t.Completed
	case todo.ByDue:
		if t.Due != nil {
			return q.dialect.Time(t.Due.At)
		}
	}
	return nil
}

// alike returns the columns and values of keys if all have the same direction and none can be null.
func alike(keys []key) (columns, values string, ok bool) {
	var names, args []string
	for _, k := range keys {
		if k.nullable || k.desc != keys[0].desc {
			return "", "", false
		}
		names, args = append(names, k.column), append(args, k.value)
	}
	return strings.Join(names, ", "), strings.Join(args, ", "), true
}

// beyond returns the comparison that holds for what comes later.
func (k key) beyond() string {
	if k.desc {
		return "<"
	}
	return ">"
}

// later returns the condition that a row comes later by this key, "" if none can.
func (k key) later() string {
	switch {
	case k.value == "":
		return "" // nulls are last
	case k.nullable:
		return fmt.Sprintf("(%[1]s %[2]s %[3]s or %[1]s is null)", k.column, k.beyond(), k.value)
	}
	return fmt.Sprintf("%s %s %s", k.column, k.beyond(), k.value)
}

// same returns the condition that a row has the same value.
func (k key) same() string {
	if k.value == "" {
		return k.column + " is null"
	}
	return k.column + " = " + k.value
}
