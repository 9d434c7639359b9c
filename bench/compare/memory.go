package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// mostStreams is how many event streams a user may have.
const mostStreams = 10

// calm is how long todod is left alone before its memory counts.
const calm = 3 * time.Second

// A memory is what a todod on SQLite held, in bytes.
type memory struct {
	idle    uint64 // when it has started and says that it is ready
	streams uint64 // with all event streams open, which have nothing to say
	listing uint64 // at most, while all connections ask for a page
	after   uint64 // when they are closed again
}

// measureMemory looks in each round at two todods that have just been started.
func (b *bench) measureMemory(ctx context.Context) (all []memory, err error) {
	folder, err := b.subfolder(onSQLite)
	if err != nil {
		return nil, err
	}
	variables, err := b.prepareSQLite(ctx, b.binaries[0], folder)
	if err != nil {
		return nil, err
	}
	for round := range b.rounds {
		var m memory
		if err := errors.Join(
			b.withTodod(ctx, folder, variables, func(s *server) error { return b.measureStreams(ctx, s, &m) }),
			b.withTodod(ctx, folder, variables, func(s *server) error { return b.measureListing(ctx, s, &m) }),
		); err != nil {
			return all, err
		}
		all = append(all, m)
		progress("round %d: idle %s MiB, with streams %s, listing %s, after that %s",
			round+1, mebibytes(m.idle), mebibytes(m.streams), mebibytes(m.listing), mebibytes(m.after))
	}
	return all, nil
}

// withTodod starts a todod on a database that is there, for as long as use works with it.
func (b *bench) withTodod(ctx context.Context, folder string, variables []string, use func(*server) error) error {
	s, err := b.binaries[0].serve(ctx, folder, variables)
	if err != nil {
		return err
	}
	s.data, s.tokens = b.data, b.tokens
	return errors.Join(use(s), s.process.stop())
}

// measureStreams looks at s before and after the event streams are opened.
func (b *bench) measureStreams(ctx context.Context, s *server, m *memory) (err error) {
	if m.idle, err = s.calmMemory(ctx); err != nil {
		return err
	}
	closeStreams, err := s.openStreams(ctx, b.connections)
	defer closeStreams()
	if err != nil {
		return err
	}
	m.streams, err = s.calmMemory(ctx)
	return err
}

// measureListing looks at s while all connections list, and afterwards.
func (b *bench) measureListing(ctx context.Context, s *server, m *memory) error {
	list, err := s.sample(ctx, b.operations[0], b.connections, b.length)
	if err == nil && list.failed > 0 {
		err = fmt.Errorf("%d requests failed; the log of todod:\n%s", list.failed, s.process.tail())
	}
	if err != nil {
		return err
	}
	m.listing = list.peak
	m.after, err = s.calmMemory(ctx)
	return err
}

// calmMemory returns what s holds when it has been left alone for a while.
func (s *server) calmMemory(ctx context.Context) (uint64, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(calm):
		return memoryOf(s.process.id, "VmRSS")
	}
}

// openStreams opens so many event streams, the users in turn, and returns what closes them, also with an error.
func (s *server) openStreams(ctx context.Context, n int) (closeStreams func(), err error) {
	listener := &http.Client{Transport: &http.Transport{}} // without a time-out, as they shall stay open
	var open []io.Closer
	closeStreams = func() {
		for _, body := range open {
			_ = body.Close() // nothing more is read
		}
	}
	for i := range n {
		body, err := s.openStream(ctx, listener, 1+i%s.data.users)
		if err != nil {
			return closeStreams, fmt.Errorf("event stream %d: %w", i+1, err)
		}
		open = append(open, body)
	}
	return closeStreams, nil
}

// openStream opens an event stream of a user's and returns it when it has begun.
func (s *server) openStream(ctx context.Context, listener *http.Client, user int) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/events", nil)
	if err != nil {
		return nil, err
	}
	req.Header = s.bearer(user)
	resp, err := listener.Do(req)
	if err != nil {
		return nil, err
	}
	if _, err = resp.Body.Read(make([]byte, 1)); err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	return resp.Body, nil
}
