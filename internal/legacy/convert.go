package legacy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// A conversion is a row on its way from the old database's text to todod's types, and what has to be said of it.
type conversion struct {
	faults  []todo.FieldError // rules that the row breaks: it is refused
	altered []todo.FieldError // what does not come over as it was
	days    int               // due dates at midnight that were taken for days
}

// refuse notes a rule that the row breaks.
func (c *conversion) refuse(field, format string, args ...any) {
	c.faults = append(c.faults, todo.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

// alter notes that a field does not come over as it was.
func (c *conversion) alter(field, message string) {
	c.altered = append(c.altered, todo.FieldError{Field: field, Message: message})
}

// check notes the faults that err, an error of the domain's rules, names.
func (c *conversion) check(err error) {
	var e *todo.Error
	if errors.As(err, &e) {
		c.faults = append(c.faults, e.Fields...)
	}
}

// sentences returns what was noted, a sentence each.
func sentences(fields []todo.FieldError) []string {
	said := make([]string, len(fields))
	for i, f := range fields {
		said[i] = f.Field + " " + f.Message
	}
	return said
}

// task returns what becomes of an old row; from is its table. It means nothing if there are faults.
func (c *conversion) task(from table, old oldTask, now time.Time) todo.ImportedTask {
	p, err := todo.Patch{
		Title: some(old.title), Description: some(old.description), Priority: todo.Some(c.priority(from, old.priority)),
		Due: c.due(old.due),
	}.Normalise()
	c.check(err)
	if p.Title.V != old.title.String {
		c.alter("title", "was trimmed of white space")
	}
	t := p.NewTask(todo.UserID(from.id("user_id", old.owner.String)), now)
	c.times(from, old, &t, now)
	c.completion(from, old, &t)
	id := from.id("id", old.id.String)
	c.checkID("id", id)
	return todo.ImportedTask{OldID: id, Task: t}
}

// some returns a field of a patch; null is null.
func some(f field) todo.Opt[string] {
	if !f.Valid {
		return todo.Null[string]()
	}
	return todo.Some(f.String)
}

// priority reads a priority by its name in any case: SQLAlchemy writes the names of an enumeration's members, which
// are often in capitals. None is the one that new tasks have.
func (c *conversion) priority(from table, f field) todo.Priority {
	p, ok := todo.ParsePriority(strings.ToLower(f.String))
	switch {
	case ok:
		return p
	case f.Valid:
		c.refuse("priority", "must be low, medium or high, got %s", quoted(f))
	case from.has("priority"):
		c.alter("priority", "was none, became medium")
	}
	return todo.Medium
}

// due reads a due date. The old backend had one type for days and instants; people chose days, which it kept as midnight.
// So a bare date or midnight in UTC is a day, anything else an instant.
func (c *conversion) due(f field) todo.Opt[todo.Date] {
	if !f.Valid {
		return todo.Null[todo.Date]()
	}
	d, ok := parseTime(f.String)
	if !ok {
		c.refuse("due_date", "must be a date or a time from the years 1 to 9999, got %s", quoted(f))
		return todo.Null[todo.Date]()
	}
	if !d.AllDay && d.At.Equal(d.At.Truncate(24*time.Hour)) {
		d.AllDay = true
		c.days++
	}
	return todo.Some(d)
}

// times reads when the task was made and last changed.
func (c *conversion) times(from table, old oldTask, t *todo.Task, now time.Time) {
	created, updated := c.time("created_at", old.createdAt), c.time("updated_at", old.updatedAt)
	switch {
	case created != nil:
		t.CreatedAt = *created
	case updated != nil:
		t.CreatedAt = *updated
		c.alter("created_at", "was unknown, became updated_at")
	default:
		t.CreatedAt = now
		c.alter("created_at", "was unknown, became the time of the import")
	}
	switch {
	case updated == nil:
		t.UpdatedAt = t.CreatedAt
		if from.has("updated_at") {
			c.alter("updated_at", "was unknown, became created_at")
		}
	case updated.Before(t.CreatedAt):
		t.UpdatedAt = t.CreatedAt
		c.alter("updated_at", "was before created_at, became the same")
	default:
		t.UpdatedAt = *updated
	}
}

// completion reads whether the task is completed, and since when: by default since its last change.
func (c *conversion) completion(from table, old oldTask, t *todo.Task) {
	done, err := strconv.ParseBool(old.completed.String) // PostgreSQL writes true, SQLite 1
	switch {
	case !old.completed.Valid:
		c.alter("completed", "was unknown, became false")
	case err != nil:
		c.refuse("completed", "must be true or false, got %s", quoted(old.completed))
	}
	at := c.time("completed_at", old.completedAt)
	switch {
	case !done && at != nil:
		c.alter("completed_at", "was dropped, as the task is open")
	case done && at != nil:
		t.CompletedAt = at
	case done:
		last := t.UpdatedAt
		t.CompletedAt = &last
		if from.has("completed_at") {
			c.alter("completed_at", "was unknown, became updated_at")
		}
	}
	t.Completed = done
}

// time reads a time, nil if there is none.
func (c *conversion) time(name string, f field) *time.Time {
	if !f.Valid {
		return nil
	}
	d, ok := parseTime(f.String)
	if !ok {
		c.refuse(name, "must be a time from the years 1 to 9999, got %s", quoted(f))
	}
	return &d.At
}

// written is how both databases write dates and times.
var written = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d(?::?\d\d)?)?)?$`)

// parseTime reads a bare date, which is a day, or a date and time. Without an offset it is UTC: that is what the old
// backend meant and SQLAlchemy doesn't write.
func parseTime(s string) (todo.Date, bool) {
	parts := written.FindStringSubmatch(s)
	if parts == nil {
		return todo.Date{}, false
	}
	date, clock, offset := parts[1], parts[2], strings.ReplaceAll(parts[3], ":", "")
	switch {
	case clock == "":
		return todo.ParseDue(date)
	case offset == "":
		offset = "Z"
	case len(offset) == len("+00"):
		offset += ":00"
	case offset != "Z":
		offset = offset[:3] + ":" + offset[3:]
	}
	d, ok := todo.ParseDue(date + "T" + clock + offset)
	d.At = d.At.UTC()
	return d, ok
}

// quoted returns the beginning of what a field holds, for the report.
func quoted(f field) string {
	const enough = 40
	s := f.String
	if len(s) > enough {
		s = strings.ToValidUTF8(s[:enough], "") + "…"
	}
	return strconv.Quote(s)
}

// account returns what becomes of an old row of users; from is its table. It means nothing if there are faults.
func (c *conversion) account(from table, old oldUser, now time.Time) account.Account {
	a := account.Account{
		Person: account.Person{
			ID: todo.UserID(from.id("id", old.id.String)), Email: old.email.String, Name: old.name.String, CreatedAt: now,
		},
		PasswordHash: old.hash.String,
	}
	c.checkID("id", string(a.ID))
	if created := c.time("created_at", old.createdAt); created != nil {
		a.CreatedAt = *created
	} else if from.has("created_at") {
		c.alter("created_at", "was unknown, became the time of the import")
	}
	if active, err := strconv.ParseBool(old.active.String); from.has("is_active") && (err != nil || !active) {
		c.refuse("is_active", "is not true: the account was switched off")
	}
	normalised, err := account.NormaliseForeign(a)
	c.check(err)
	if normalised.Email != old.email.String {
		c.alter("email", "was brought to the spelling that accounts have: lower case, without white space")
	}
	switch {
	case old.name.String == "":
		c.alter("name", "was none, became what stands before the @ of the email")
	case normalised.Name != old.name.String:
		c.alter("name", "was trimmed of white space")
	}
	return normalised
}

// checkID notes if no database could keep id, and reports whether one could.
func (c *conversion) checkID(name, id string) bool {
	fit := todo.ValidID(id)
	if !fit {
		c.refuse(name, "must have 1 to %d bytes, of UTF-8 without NUL characters", todo.MaxID)
	}
	return fit
}
