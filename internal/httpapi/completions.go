package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"todod/internal/todo"
)

// completionsInput says which completions are wanted.
type completionsInput struct {
	Since  moment `query:"since" doc:"Completed at this date or RFC 3339 date-time, or later. A date begins where its day does in the caller's time zone"`
	Until  moment `query:"until" doc:"Completed earlier than this, likewise"`
	Limit  number `query:"limit" minimum:"1" maximum:"1000" doc:"100 if absent"`
	Cursor string `query:"cursor" doc:"Go on where the page ended whose Link had it"`
}

// pastCompletion is a task that was completed, or an occurrence of a recurring one that has passed: every key is always there.
type pastCompletion struct {
	TaskID      int64      `json:"task_id"`
	Title       string     `json:"title" doc:"As it is now"`
	Slot        *timestamp `json:"slot" nullable:"true" doc:"Of an occurrence: its date of the rule; null for a task that doesn't recur"`
	DueDate     *timestamp `json:"due_date" nullable:"true" doc:"When it was due; the midnight of the day if due_all_day"`
	DueAllDay   bool       `json:"due_all_day"`
	CompletedAt timestamp  `json:"completed_at" doc:"When it was completed, or skipped"`
	Skipped     bool       `json:"skipped"`
}

// wireCompletion returns c as it goes out.
func wireCompletion(c todo.Completion) pastCompletion {
	out := pastCompletion{
		TaskID: c.Task, Title: c.Title, Slot: (*timestamp)(c.Slot), CompletedAt: timestamp(c.At), Skipped: c.Skipped,
	}
	if c.Due != nil {
		out.DueDate, out.DueAllDay = (*timestamp)(&c.Due.At), c.Due.AllDay
	}
	return out
}

// completionsOutput answers with a page of completions.
type completionsOutput struct {
	ETag   string `header:"ETag" doc:"For If-None-Match"`
	Link   string `header:"Link" doc:"The path of the next page, rel=\"next\", while there is more"`
	Status int
	Body   []pastCompletion
}

// listCompletions answers with what the caller has completed, the latest first.
func (a *resources) listCompletions(ctx context.Context, in *completionsInput) (*completionsOutput, error) {
	var here zone
	if err := a.settleZone(ctx, &here, in.Since, in.Until); err != nil {
		return nil, err
	}
	since, until, limit := orZero(in.Since.in(here)), orZero(in.Until.in(here)), in.Limit.or(todo.DefaultLimit)
	page, err := a.tasks.Completions(ctx, caller(ctx), since, until, limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &completionsOutput{Body: make([]pastCompletion, len(page.Completions))}
	sum := sha256.Sum256(fmt.Appendf(nil, "completions 1 %d %d %d %s", since.UnixMicro(), until.UnixMicro(), limit, in.Cursor))
	out.ETag = listTag(page.State, "-"+hex.EncodeToString(sum[:12]))
	for i, c := range page.Completions {
		out.Body[i] = wireCompletion(c)
	}
	if page.Next != "" {
		u := requestOptionsOf(ctx).r.URL
		query := u.Query()
		query.Set("limit", strconv.Itoa(limit))
		query.Set("cursor", page.Next)
		out.Link = fmt.Sprintf(`<%s?%s>; rel="next"`, u.Path, query.Encode())
	}
	out.Status, err = statusUnless(ctx, out.ETag)
	return out, err
}

// orZero returns what is at, the zero time for nil.
func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}
