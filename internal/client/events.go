package client

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxEvent is how long a line of an event stream may be, in bytes.
const maxEvent = 1 << 20

// An Event is one event of a stream.
type Event struct {
	Name string // created, updated, …; reset if what was before must be read anew
	ID   string // where the stream goes on from
	Data []byte // JSON
}

// Watch calls yield with each event as it happens, until yield returns an error, which it returns, or ctx ends. A stream that
// ends is opened again where it ended, so that nothing is missed and nothing comes twice.
func (c *Client) Watch(ctx context.Context, yield func(Event) error) error {
	s := stream{client: c, wait: time.Second, yield: yield}
	for {
		if err := s.follow(ctx); err != nil {
			return err
		}
		if err := c.pause(ctx, s.wait); err != nil {
			return err
		}
	}
}

// A stream is where somebody is who watches.
type stream struct {
	client *Client
	last   string        // the id of the last event, "" before the first
	wait   time.Duration // before the stream is opened again
	yield  func(Event) error
	failed error // what yield returned
}

// follow opens the stream and reads it until it ends. Its error is one after which opening it again is of no use.
func (s *stream) follow(ctx context.Context) error {
	r, err := newRequest(http.MethodGet, "/api/v1/events", nil)
	if err != nil {
		return err
	}
	r.header.Set("Accept", "text/event-stream")
	if s.last != "" {
		r.header.Set("Last-Event-ID", s.last)
	}
	resp, err := s.client.signedIn(ctx, r)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = read(resp, nil)
	}
	if err != nil {
		return s.unlessAway(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxEvent)
	var e Event
	for lines.Scan() && s.failed == nil {
		s.line(lines.Text(), &e)
	}
	switch {
	case s.failed != nil:
		return s.failed
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(lines.Err(), bufio.ErrTooLong):
		return lines.Err()
	}
	return nil
}

// unlessAway returns err unless it says that a server is away that was there before: it may come back.
func (s *stream) unlessAway(ctx context.Context, err error) error {
	_, answered := errors.AsType[*Error](err)
	away := !answered && !errors.Is(err, ErrNotSignedIn) || hasStatus(err, http.StatusServiceUnavailable)
	if away && s.last != "" && ctx.Err() == nil {
		return nil
	}
	return err
}

// line reads one line of a stream into e, and tells of e at its end.
func (s *stream) line(line string, e *Event) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch {
	case line == "":
		s.tell(*e)
		*e = Event{}
	case name == "event":
		e.Name = value
	case name == "id":
		e.ID = value
	case name == "data":
		e.Data = append(e.Data, value...)
	case name == "retry":
		if ms, err := strconv.ParseUint(value, 10, 20); err == nil {
			s.wait = time.Duration(ms) * time.Millisecond
		}
	}
}

// tell calls yield with an event that is news. One that says that the token has expired is followed by the end of the
// stream, and opening it again gets another.
func (s *stream) tell(e Event) {
	if e.ID != "" {
		s.last = e.ID
	}
	if e.Data != nil && e.Name != "hello" && e.Name != "expired" {
		s.failed = s.yield(e)
	}
}
