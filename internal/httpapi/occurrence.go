package httpapi

import "todod/internal/todo"

// occurrence is a time of a recurring task that has passed, in the change by which it did.
type occurrence struct {
	Slot        timestamp `json:"slot" doc:"Its date of the rule; the midnight of a day as in due_date"`
	DueDate     timestamp `json:"due_date" doc:"When it was due: it may have been postponed"`
	DueAllDay   bool      `json:"due_all_day"`
	CompletedAt timestamp `json:"completed_at" doc:"When it was completed, or skipped"`
	Skipped     bool      `json:"skipped,omitzero" required:"false" doc:"true if it was skipped; else absent"`
}

// occurrenceOf returns the occurrence that passed by c, nil for none: one that c takes back hasn't passed, and of a task that is
// gone for good nothing is told.
func occurrenceOf(c *todo.Change) *occurrence {
	o := c.Occurrence
	if o == nil || o.Back || c.Blank() {
		return nil
	}
	return &occurrence{
		Slot: timestamp(o.Slot), DueDate: timestamp(o.Due.At), DueAllDay: o.Due.AllDay, CompletedAt: timestamp(o.At), Skipped: o.Skipped,
	}
}
