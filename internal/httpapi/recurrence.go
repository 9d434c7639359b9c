package httpapi

import (
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// recurrenceMembers returns the members that clients may write of how a task recurs, which are read into p.
func recurrenceMembers(p *todo.RecurrencePatch) members {
	return members{
		{
			name: "rule", read: into(&p.Rule, "a string"),
			schema: &huma.Schema{
				Type: huma.TypeString, Examples: []any{"FREQ=MONTHLY;BYDAY=-1FR"},
				Description: "A rule of RFC 5545, section 3.3.10, without RRULE:. It may have FREQ (DAILY, WEEKLY, MONTHLY or YEARLY), INTERVAL, " +
					"BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and COUNT or UNTIL. One that is new, or another one, counts from the due date. " +
					"Required where there is none yet",
			},
		},
		{
			name: "from", read: into(&p.From, "due or completion"),
			schema: oneOfThese("From where on the next date is looked for: from the one that was due, or from the day it was done; due if a new one doesn't say",
				todo.FromDue, todo.FromCompletion),
		},
		{
			name: "late", read: into(&p.Late, "skip or each"),
			schema: oneOfThese("What becomes of dates that were missed: the next one lies ahead, or is the very next; skip if a new one doesn't say",
				todo.LateSkip, todo.LateEach),
		},
		{
			name: "month_end", read: into(&p.MonthEnd, "last or omit"),
			schema: oneOfThese("What becomes of days that a month doesn't have: its last day, or nothing; last if a new one doesn't say",
				todo.MonthEndLast, todo.MonthEndOmit),
		},
	}
}

// oneOfThese returns the schema of one of some words.
func oneOfThese[T ~string](text string, words ...T) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: text}
	for _, word := range words {
		s.Enum = append(s.Enum, string(word))
	}
	return s
}

// readRecurrence returns what reads how a task recurs into p. What is wrong within it goes to inner.
func readRecurrence(p *todo.Patch, inner *faults) func(jsontext.Value) string {
	return func(value jsontext.Value) string {
		switch value.Kind() {
		case 'n':
			p.Recurrence = todo.Null[todo.RecurrencePatch]()
		case '{':
			p.Recurrence = todo.Some(todo.RecurrencePatch{})
			inner.within("recurrence", readObject(value, recurrenceMembers(&p.Recurrence.V), refuse))
		default:
			return "must be an object or null"
		}
		return ""
	}
}

// recurrenceBody describes how a task recurs, in bodies.
func recurrenceBody() *huma.Schema {
	s := nullable(closed(recurrenceMembers(&todo.RecurrencePatch{})))
	s.Description = "How it comes back once it is done: it stays the same task, due at the next date. What is absent stays. It needs a due_date"
	s.Examples = []any{map[string]any{"rule": "FREQ=WEEKLY;BYDAY=MO"}}
	return s
}

// recurrenceAnswer describes how a task recurs, in answers.
func recurrenceAnswer() *huma.Schema {
	s := nullable(open(recurrenceMembers(&todo.RecurrencePatch{}), "rule", "from", "late", "month_end", "anchor", "slot", "done", "last_completed_at"))
	s.Description = "How it comes back once it is done; null if it doesn't"
	s.Properties["anchor"] = described(timestamp{}.Schema(nil), "The date that the rule counts from, its first occurrence; the midnight of a day as in due_date")
	s.Properties["slot"] = described(timestamp{}.Schema(nil), "The date of the rule that the task is now; its due_date may be another, as one occurrence can be postponed")
	s.Properties["done"] = &huma.Schema{Type: huma.TypeInteger, Format: "int64", Description: "How many occurrences were completed"}
	s.Properties["last_completed_at"] = nullable(described(timestamp{}.Schema(nil), "When one was completed last; null for never"))
	return s
}

// recurrence is how a task recurs, on the wire: every key is always there.
type recurrence struct{ of todo.Recurrence }

// MarshalJSON implements json.Marshaler.
func (r recurrence) MarshalJSON() ([]byte, error) { return appendRecurrence(nil, &r.of), nil }

// appendRecurrence appends r to dst.
func appendRecurrence(dst []byte, r *todo.Recurrence) []byte {
	dst = appendText(append(dst, `{"rule":`...), r.Rule)
	dst = appendText(append(dst, `,"from":`...), string(r.From))
	dst = appendText(append(dst, `,"late":`...), string(r.Late))
	dst = appendText(append(dst, `,"month_end":`...), string(r.MonthEnd))
	dst = appendTime(append(dst, `,"anchor":`...), r.Anchor.At)
	dst = appendTime(append(dst, `,"slot":`...), r.Slot.At)
	dst = strconv.AppendInt(append(dst, `,"done":`...), int64(r.Done), 10)
	dst = append(dst, `,"last_completed_at":`...)
	if r.LastCompletedAt.IsZero() {
		return append(dst, `null}`...)
	}
	return append(appendTime(dst, r.LastCompletedAt), '}')
}
