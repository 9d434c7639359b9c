package todo

import (
	"context"
	"fmt"
)

// HistoryPage is a part of what happened to an object, the newest first.
type HistoryPage struct {
	Changes []Change
	Next    string // the cursor for what happened before; "" when that is all
}

// maxHistoryPage is how many changes a page has at most, whatever its limit is. Each has two texts of each field, and no page
// shall be longer than 8 MiB when it goes out.
const maxHistoryPage = 500

// History returns what happened to one of by's tasks, or lists, or labels, as far as it is remembered: up to limit changes, and no more than a page
// holds, from where cursor says on. An empty one begins with the newest.
func (s *Service) History(ctx context.Context, by User, k Kind, id int64, limit int, cursor string) (HistoryPage, error) {
	if limit < 1 || limit > MaxLimit {
		return HistoryPage{}, InvalidFields(FieldError{"limit", fmt.Sprintf("must be a whole number from 1 to %d", MaxLimit)})
	}
	limit = min(limit, maxHistoryPage)
	var before Rev
	query := fmt.Sprintf("history %d", id)
	if cursor != "" {
		if err := s.openCursor(ctx, by, cursor, query, &before); err != nil {
			return HistoryPage{}, err
		}
	}
	changes, err := s.store.History(ctx, by.ID, k, id, before, limit+1)
	if err == nil || CodeOf(err) == NotFound {
		err = s.orNobody(ctx, by, err)
	}
	switch {
	case err != nil:
		return HistoryPage{}, err
	case len(changes) <= limit:
		return HistoryPage{Changes: changes}, nil
	}
	page := HistoryPage{Changes: changes[:limit]}
	page.Next, err = s.cursor(ctx, by, query, changes[limit-1].Rev)
	return page, err
}
