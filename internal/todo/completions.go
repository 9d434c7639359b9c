package todo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Completion is a task that was completed, or an occurrence of a recurring one that has passed.
type Completion struct {
	Task  int64
	Title string
	Slot  *time.Time // the date of an occurrence in its series; nil for a task that doesn't recur
	Due   *Date
	At    time.Time // when it was completed, or skipped

	Skipped bool
	// Rev is the change by which an occurrence passed, 0 for a task that is completed.
	Rev Rev
}

// CompletionPage is a part of somebody's completions, the latest first.
type CompletionPage struct {
	Completions []Completion
	Next        string // the cursor for what was completed before; "" when that is all
	State       State  // where their data stood
}

// completionKey is where a page of completions ends, as a cursor holds it.
type completionKey struct {
	At   int64 `json:"at"` // in microseconds since 1970
	Rev  Rev   `json:"rev,omitempty"`
	Task int64 `json:"task"`
}

// Completions returns what by completed from since on and before until, zero for any time: up to limit, from where cursor says on.
func (s *Service) Completions(
	ctx context.Context, by User, since, until time.Time, limit int, cursor string,
) (CompletionPage, error) {
	if limit < 1 || limit > MaxLimit {
		return CompletionPage{}, InvalidFields(FieldError{"limit", fmt.Sprintf("must be a whole number from 1 to %d", MaxLimit)})
	}
	query := fmt.Sprintf("completions %d %d", since.UnixMicro(), until.UnixMicro())
	var before *Completion
	if cursor != "" {
		var key completionKey
		if err := s.openCursor(ctx, by, cursor, query, &key); err != nil {
			return CompletionPage{}, err
		}
		before = &Completion{At: time.UnixMicro(key.At).UTC(), Rev: key.Rev, Task: key.Task}
	}
	if until.IsZero() {
		until = EndOfTime
	}
	if err := ListPassed(ctx, s.store, by.ID, s.moment()); err != nil {
		return CompletionPage{}, err
	}
	found, state, err := s.store.Completions(ctx, by.ID, since, until, before, limit+1)
	switch {
	case err != nil:
		return CompletionPage{}, err
	case state.revoked(by):
		return CompletionPage{}, TokenRevoked()
	case len(found) <= limit:
		return CompletionPage{Completions: found, State: state}, nil
	}
	page := CompletionPage{Completions: found[:limit], State: state}
	last := found[limit-1]
	page.Next, err = s.cursor(ctx, by, query, completionKey{last.At.UnixMicro(), last.Rev, last.Task})
	return page, err
}

// EndOfTime is later than everything that is stored.
var EndOfTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// ListPassed makes the list of occurrences that have passed, of which Store.Completions tells, what the log says, in short steps.
// It must come before the log forgets something.
func ListPassed(ctx context.Context, s Store, owner UserID, at time.Time) error {
	unlisted, err := s.Unlisted(ctx, owner)
	if err != nil || !unlisted {
		return err
	}
	for more := true; more && err == nil; { // each in a transaction of its own: the whole may be more than one has time for
		err = s.Change(ctx, owner, ReadSet{At: at, Unlisted: true}, func(known *Snapshot) (WriteSet, error) {
			more = known.ListedTo != 0
			return WriteSet{Listing: listingOf(known)}, nil
		})
	}
	return err
}

// listingOf returns what becomes of the list by the changes that are to be listed next.
func listingOf(known *Snapshot) *Listing {
	l := &Listing{To: known.Rev}
	if known.ListedTo != 0 {
		l.To = known.ListedTo
	}
	last := map[Rev]Change{}
	for _, c := range known.Unlisted {
		if c.Rev > known.Began && c.Occurrence != nil {
			last[c.Occurrence.Rev] = c
		}
	}
	for _, rev := range slices.Sorted(maps.Keys(last)) {
		switch c := last[rev]; {
		case c.Occurrence.Back:
			l.Back = append(l.Back, c)
		case !c.Task.Completed: // of a task that is completed for real, the task itself tells
			l.Passed = append(l.Passed, c)
		}
	}
	return l
}
