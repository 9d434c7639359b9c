// Package event says when there may be something new for somebody, never what: that is in the log of changes, which every
// listener reads for itself. Streams of this process are told directly. Where several processes share a PostgreSQL
// database they tell each other by its notifications. Both are hints that may get lost, so the hub also polls now and then
// how far everybody is who listens.
package event

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"todod/internal/todo"
)

// MaxStreams is how many streams one person may have open in one process; with one more, the oldest gives way.
const MaxStreams = 10

// ErrStopped is why a stream can't be opened.
var ErrStopped = errors.New("the process is stopping")

// A Reason is why the hub ended a stream.
type Reason int

// The reasons there are.
const (
	Stopped   Reason = iota + 1 // the process stops; another one may go on
	LoggedOut                   // the session that the stream was opened in has ended
	GaveWay                     // another stream took its place
)

// Config says what a Hub works with. Without any of it, it tells the streams of this process what it is told.
type Config struct {
	// States returns where people's data stand. nil: nobody polls.
	States func(ctx context.Context, owners []todo.UserID) (map[todo.UserID]todo.State, error)
	Poll   time.Duration // about how often, where that isn't all there is; 0 is five seconds

	// URL leads to the PostgreSQL database by which processes tell each other, not through a pooler that pools
	// transactions. "": there is no other process.
	URL string

	// Key returns the secret that all processes on the database share. What they tell each other names nobody to those
	// who don't have it.
	Key func(ctx context.Context) ([]byte, error)

	// How many streams there may be, besides MaxStreams of each person; 0 is any number.
	Most   int // in all
	MostAt int // from one client address

	Logger *slog.Logger
}

// Hub knows the streams of this process. It is safe for concurrent use, and nobody who tells it something waits for a
// stream. It works by itself between Start and Close.
type Hub struct {
	cfg Config
	log *slog.Logger
	out *outbox // for other processes; nil when there are none

	mu      sync.Mutex
	people  map[todo.UserID]*person // who has streams
	digests map[digest]*person      // the same people, once the key is known
	all     list.List               // of *Stream, in the order in which they were opened
	places  map[string][]*Stream    // by the client addresses that they were opened from, in the same order
	key     *key                    // nil until it is known
	stopped bool

	somebody  chan struct{} // capacity 1: there is somebody with a stream again
	poll      chan struct{} // capacity 1: something may have been missed
	listening atomic.Bool   // notifications of other processes arrive

	stop context.CancelFunc
	done sync.WaitGroup
}

// person is somebody with streams.
type person struct {
	owner   todo.UserID
	digest  digest    // zero until the key is known
	streams []*Stream // in the order in which they were opened
}

// New returns a Hub that doesn't work by itself yet.
func New(cfg Config) *Hub {
	h := &Hub{
		cfg: cfg, log: cfg.Logger, people: map[todo.UserID]*person{}, digests: map[digest]*person{}, places: map[string][]*Stream{},
		somebody: make(chan struct{}, 1), poll: make(chan struct{}, 1), stop: func() {},
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if cfg.URL != "" {
		h.out = newOutbox()
	}
	return h
}

// Start begins to poll, to tell other processes and to listen to them, in the background.
func (h *Hub) Start() {
	var ctx context.Context
	ctx, h.stop = context.WithCancel(context.Background())
	if h.cfg.States != nil {
		h.done.Go(func() { h.keepPolling(ctx) })
	}
	if h.cfg.URL != "" {
		h.done.Go(func() { h.keepListening(ctx) })
		h.done.Go(func() { h.keepSending(ctx) })
	}
}

// Close ends what Start began. If there is a connection for it at that moment, other processes are told once more what they
// don't know yet; else they find it out by looking.
func (h *Hub) Close() {
	h.stop()
	h.done.Wait()
}

// Stop ends all streams. No new ones can be opened from then on.
func (h *Hub) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	for _, p := range h.people {
		for _, s := range p.streams {
			s.end(Stopped)
		}
	}
}

// A Stream is one listener. Its methods but Close, News and Ended belong to one goroutine.
type Stream struct {
	hub     *Hub
	owner   todo.UserID
	session string
	place   string        // the client address
	listed  *list.Element // in hub.all; nil once it has been taken out
	news    chan struct{} // capacity 1
	ended   chan struct{}
	why     Reason // guarded by hub.mu
	epoch   atomic.Int64
	rev     atomic.Int64
}

// Open returns a stream of owner's that was opened in a session, "" for none, from a client address. From then on it hears of
// everything; whoever opens it finds out after that where it stands, and says so with At. It must be closed. Where there are
// as many streams as there may be, of the person, from the address or in all, the oldest of them gives way. The error is
// ErrStopped.
func (h *Hub) Open(owner todo.UserID, session, from string) (*Stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return nil, ErrStopped
	}
	h.makeRoom(owner, from)
	p := h.people[owner]
	if p == nil {
		p = &person{owner: owner}
		h.people[owner] = p
		h.name(p)
	}
	s := &Stream{
		hub: h, owner: owner, session: session, place: from, news: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	p.streams = append(p.streams, s)
	h.places[from] = append(h.places[from], s)
	s.listed = h.all.PushBack(s)
	signal(h.somebody)
	return s, nil
}

// makeRoom has the oldest streams give way that one more of owner's from an address would be too many with. The caller holds
// h.mu.
func (h *Hub) makeRoom(owner todo.UserID, from string) {
	if p := h.people[owner]; p != nil && len(p.streams) >= MaxStreams {
		h.giveWay(p.streams[0])
	}
	if at := h.places[from]; h.cfg.MostAt > 0 && len(at) >= h.cfg.MostAt {
		h.giveWay(at[0])
	}
	if h.cfg.Most > 0 && h.all.Len() >= h.cfg.Most {
		h.giveWay(h.all.Front().Value.(*Stream))
	}
}

// giveWay ends s, whose place is free from then on. The caller holds h.mu.
func (h *Hub) giveWay(s *Stream) {
	s.end(GaveWay)
	h.remove(s)
}

// remove takes s out of the hub, unless it is out. The caller holds h.mu.
func (h *Hub) remove(s *Stream) {
	if s.listed == nil {
		return
	}
	h.all.Remove(s.listed)
	s.listed = nil
	if h.places[s.place] = without(h.places[s.place], s); len(h.places[s.place]) == 0 {
		delete(h.places, s.place)
	}
	p := h.people[s.owner]
	if p.streams = without(p.streams, s); len(p.streams) == 0 {
		delete(h.people, p.owner)
		delete(h.digests, p.digest)
	}
}

// without returns streams without s.
func without(streams []*Stream, s *Stream) []*Stream {
	return slices.DeleteFunc(streams, func(other *Stream) bool { return other == s })
}

// name files p under its digest, if the key is known. The caller holds h.mu.
func (h *Hub) name(p *person) {
	if h.key != nil {
		p.digest = h.key.person(p.owner)
		h.digests[p.digest] = p
	}
}

// learn takes the key that others are told by.
func (h *Hub) learn(k *key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.key = k
	for _, p := range h.people {
		h.name(p)
	}
}

// Close takes the stream out of the hub. It can be closed twice.
func (s *Stream) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.remove(s)
}

// At says where the reader of the stream stands.
func (s *Stream) At(at todo.LogPosition) {
	s.epoch.Store(at.Epoch)
	s.rev.Store(int64(at.Rev))
}

// News receives when there may be something after the position that At said. However much that is, it comes once.
func (s *Stream) News() <-chan struct{} { return s.news }

// Ended is closed when the hub has ended the stream; Why says for what reason.
func (s *Stream) Ended() <-chan struct{} { return s.ended }

// Why returns why the hub has ended the stream, 0 as long as it hasn't.
func (s *Stream) Why() Reason {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.why
}

// end ends the stream unless it has ended. The caller holds hub.mu.
func (s *Stream) end(why Reason) {
	if s.why == 0 {
		s.why = why
		close(s.ended)
	}
}

// Streams returns how many streams are open.
func (h *Hub) Streams() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.Len()
}

// Listening reports whether changes made by other processes are heard of at once. As long as nobody has a stream, nobody
// listens.
func (h *Hub) Listening() bool { return h.listening.Load() }

// owners returns who has streams.
func (h *Hub) owners() []todo.UserID {
	h.mu.Lock()
	defer h.mu.Unlock()
	owners := make([]todo.UserID, 0, len(h.people))
	for owner := range h.people {
		owners = append(owners, owner)
	}
	return owners
}

// signal puts something into a channel of capacity 1 unless there is something already.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
