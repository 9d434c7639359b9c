package sqlstore

import (
	"fmt"
	"strings"
	"time"

	"todod/internal/todo"
)

// A List is the conditions and the order of a list of tasks in SQL, and their arguments. The conditions hold only
// what is asked for, so that each kind of list has the best plan of its own.
type List struct {
	Args    []any
	dialect *Dialect
	where   []string
	order   string
}

// NewList returns the list of f for owner. f.After, f.Limit and f.Offset are not in it.
func NewList(d *Dialect, owner todo.UserID, f todo.Filter) *List {
	l := &List{dialect: d, order: d.orderBy(f.Order)}
	l.And("user_id = " + l.Arg(owner))
	l.And(map[bool]string{false: "deleted_at is null", true: "deleted_at is not null"}[f.Trash])
	if f.Completed != nil {
		l.And("completed = " + l.Arg(*f.Completed))
	}
	if f.Priority != nil {
		l.And("priority = " + l.Arg(*f.Priority))
	}
	l.date("due", f.DueBefore, f.DueAfter)
	l.date("start", f.StartBefore, f.StartAfter)
	l.place(f)
	for _, word := range f.Words {
		if word = Fold(word); word != "" {
			l.And(fmt.Sprintf("%s(search, %s) > 0", d.Position, l.Arg(word)))
		}
	}
	return l
}

// place adds which list the tasks are in, and which labels they have.
func (l *List) place(f todo.Filter) {
	for column, id := range map[string]*int64{"list_id": f.List, "parent_id": f.Parent} {
		switch {
		case id != nil && *id == 0:
			l.And(column + " is null")
		case id != nil:
			l.And(column + " = " + l.Arg(*id))
		}
	}
	for _, id := range f.Labels {
		l.And(fmt.Sprintf(l.dialect.Contains, "label_ids", l.Arg(id)))
	}
}

// date adds the bounds of a date, due or start, that are not nil.
func (l *List) date(of string, before, after *time.Time) {
	if before != nil {
		l.bound(of, "<", *before)
	}
	if after != nil {
		l.bound(of, ">=", *after)
	}
}

// bound adds a bound of a date, "<" or ">=": days are compared by the bound's day, instants by its instant. The one of
// the two that lets more through holds for all, and comes first and alone, so that the index can begin or end at it.
func (l *List) bound(of, comparison string, bound time.Time) {
	wide, narrow, exempt := todo.DayOf(bound), bound, of+"_all_day"
	if (comparison == "<") == wide.Before(narrow) {
		wide, narrow, exempt = narrow, wide, "not "+exempt
	}
	l.And(of + "_date " + comparison + " " + l.Arg(wide))
	if !wide.Equal(narrow) {
		l.And("(" + exempt + " or " + of + "_date " + comparison + " " + l.Arg(narrow) + ")")
	}
}

// nullable reports whether tasks may have nothing to sort by under a key.
func nullable(by todo.Key) bool { return by == todo.ByDue || by == todo.ByStart }

// column returns what tasks are sorted by under a key.
func (d *Dialect) column(by todo.Key) string {
	if by == todo.ByPosition {
		return d.Place
	}
	return string(by)
}

// Arg adds an argument and returns what stands for it.
func (l *List) Arg(v any) string {
	l.Args = append(l.Args, v)
	return fmt.Sprintf("%s%d", l.dialect.Placeholder, len(l.Args))
}

// And adds a condition.
func (l *List) And(condition string) { l.where = append(l.where, condition) }

// Where returns all conditions.
func (l *List) Where() string { return strings.Join(l.where, " and ") }

// OrderBy returns the keys of the order, ending in id.
func (l *List) OrderBy() string { return l.order }

// orderBy returns the sort keys of order with id as the last one, in the direction of the one before it.
func (d *Dialect) orderBy(order []todo.Order) string {
	var b strings.Builder
	direction := ""
	for _, o := range order {
		direction = ""
		if o.Desc {
			direction = " desc"
		}
		b.WriteString(d.column(o.By) + direction)
		if nullable(o.By) {
			b.WriteString(" nulls last")
		}
		b.WriteString(", ")
	}
	return b.String() + "id" + direction
}

// After adds the condition that a task comes after f.After in f.Order, unless that is nil: the keyset method. Where all
// keys have one direction it is one comparison of rows, which an index can begin at.
func (l *List) After(f todo.Filter) {
	if f.After == nil {
		return
	}
	keys := l.keys(f)
	if columns, values, ok := alike(keys); ok {
		l.And(fmt.Sprintf("(%s) %s (%s)", columns, keys[0].beyond(), values))
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
	l.And("(" + strings.Join(ways, " or ") + ")")
}

// A key is one column of an order, and what the last task of the page before has there; "" for null.
type key struct {
	column, value  string
	desc, nullable bool
}

// keys returns the keys of f.Order and the id, with the values of f.After.
func (l *List) keys(f todo.Filter) []key {
	var keys []key
	desc := false
	for _, o := range f.Order {
		desc = o.Desc
		k := key{column: l.dialect.column(o.By), desc: desc, nullable: nullable(o.By)}
		if v := l.valueOf(f.After, o.By); v != nil {
			k.value = l.Arg(v)
		}
		keys = append(keys, k)
	}
	return append(keys, key{column: "id", value: l.Arg(f.After.ID), desc: desc})
}

// valueOf returns what t has under a key, nil for nothing.
func (l *List) valueOf(t *todo.Task, by todo.Key) any {
	switch by {
	case todo.ByCreated:
		return t.CreatedAt
	case todo.ByUpdated:
		return t.UpdatedAt
	case todo.ByDeleted:
		return *t.DeletedAt
	case todo.ByPriority:
		return t.Priority
	case todo.ByTitle:
		return t.Title
	case todo.ByPosition:
		return t.Place()
	case todo.ByCompleted:
		return t.Completed
	case todo.ByDue:
		if t.Due != nil {
			return t.Due.At
		}
	case todo.ByStart:
		if t.Start != nil {
			return t.Start.At
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
