package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
)

// pageSize is how many tasks the list has that is measured.
const pageSize = 50

// deepPage is which page is compared with the first, if there are so many.
const deepPage = 100

// grown returns b for so many times the tasks.
func (b binary) grown(times int) binary {
	b.name, b.database = grownName(times), "todod_grown"
	b.data.tasks *= times
	return b
}

// grownName returns the name in the report of a todod with so many times the tasks.
func grownName(times int) string { return fmt.Sprintf("todod, %d times the tasks", times) }

// deepName returns the name in the report of that todod when it is asked for a page.
func deepName(times, page int) string { return fmt.Sprintf("%s, page %d", grownName(times), page) }

// deep returns which page of a dataset is compared with the first.
func (d dataset) deep() int { return min(deepPage, d.tasks/pageSize) }

// openDeepPage adds the todod with more tasks once again, asked for a page far behind the first by its cursor.
func (b *bench) openDeepPage(ctx context.Context, e *engine) error {
	for _, c := range e.contestants {
		s, ok := c.(*server)
		if !ok || s.name != grownName(b.grow) || s.data.deep() < 2 {
			continue
		}
		progress("walking to page %d", s.data.deep())
		behind := *s
		walk := route{learn: (*server).walk}
		cursors := make([]string, s.data.users+1)
		if err := s.learn(ctx, walk, cursors); err != nil {
			return err
		}
		behind.name = deepName(b.grow, s.data.deep())
		behind.routes = map[string]route{"list50": {
			method: http.MethodGet, path: page + "&cursor=$learned", status: http.StatusOK,
			learn: func(_ *server, _ context.Context, user int) (string, error) { return cursors[user], nil },
		}}
		e.contestants = append(e.contestants, &behind)
		return nil
	}
	return nil
}

// nextCursor finds the cursor in a Link.
var nextCursor = regexp.MustCompile(`[?&]cursor=([^&>]+)`)

// longestPage is how many tasks todod shows at once.
const longestPage = 1000

// walk returns a user's cursor to the deep page. It gets there by the longest steps there are.
func (s *server) walk(ctx context.Context, user int) (cursor string, err error) {
	for left := (s.data.deep() - 1) * pageSize; left > 0; left -= longestPage {
		path := fmt.Sprintf("%s/api/v1/tasks?limit=%d&cursor=%s", s.url, min(left, longestPage), cursor)
		if cursor == "" {
			path = fmt.Sprintf("%s/api/v1/tasks?limit=%d", s.url, min(left, longestPage))
		}
		a, err := ask(ctx, http.MethodGet, path, http.StatusOK, s.bearer(user))
		if err != nil {
			return "", err
		}
		found := nextCursor.FindStringSubmatch(a.header.Get("Link"))
		if found == nil {
			return "", fmt.Errorf("user %d has no more than %d tasks", user, left)
		}
		if cursor, err = url.QueryUnescape(found[1]); err != nil {
			return "", err
		}
		cursor = url.QueryEscape(cursor)
	}
	return cursor, nil
}
