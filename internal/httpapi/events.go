package httpapi

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/event"
	"todod/internal/todo"
)

// eventsInput says from where on a client wants to know. What a browser sends when it comes back counts more than the
// URL that it was given once.
type eventsInput struct {
	LastEventID string   `header:"Last-Event-ID" doc:"The id of the last event that the client has seen: go on from there"`
	InQuery     string   `query:"lastEventId" doc:"The same, as event-source-polyfill sends it"`
	Since       revision `query:"since" doc:"The same, where the header can't be set; absent for what happens from now on"`
	Kinds       kindSet  `query:"kinds" doc:"What is told of, comma-separated: task, list, label; tasks only if absent. Each change says its kind then"`
	Ticket      string   `query:"ticket" doc:"Instead of the Authorization header, where that can't be set"`
}

// revision is a revision in a query, if there is one.
type revision struct {
	rev todo.Rev
	set bool
}

// UnmarshalText reads decimal digits. A number too large is a revision that nobody reaches.
func (r *revision) UnmarshalText(text []byte) error {
	n, ok := parseDigits(string(text))
	if !ok || len(text) == 0 {
		return errors.New("must be a whole number, 0 or more")
	}
	*r = revision{todo.Rev(n), true}
	return nil
}

// Schema implements huma.SchemaProvider.
func (revision) Schema(huma.Registry) *huma.Schema {
	return integer(0)
}

// position returns where the client stands, false if it only wants to know what happens from now on. An id that we
// didn't send is a place that nobody reaches.
func (in *eventsInput) position() (todo.LogPosition, bool) {
	id := cmp.Or(in.LastEventID, in.InQuery)
	if id == "" {
		return todo.LogPosition{Rev: in.Since.rev}, in.Since.set
	}
	var r revision
	if r.UnmarshalText([]byte(id)) != nil {
		r.rev = math.MaxInt64
	}
	return todo.LogPosition{Rev: r.rev}, true
}

// start returns the revision from which a stream begins that has this news first: the client's, where it has one, so that
// one that loses the connection before it has read them asks for them again. Instead of a place that nobody reaches it is
// the beginning.
func (in *eventsInput) start(first todo.LogPage) todo.Rev {
	switch at, known := in.position(); {
	case !known:
		return first.At.Rev
	case at.Rev == math.MaxInt64:
		return 0
	default:
		return at.Rev
	}
}

// eventStreamType is the media type of server-sent events (HTML standard, section 9.2).
const eventStreamType = "text/event-stream"

// streaming documents a route that answers with a stream of events.
func streaming(op *huma.Operation) {
	mark(op, lastingTag, true)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A stream of server-sent events, one for each change: `event` is its op, `id` its rev, `data` what " +
			"`/api/v1/sync` tells of it. Besides: `hello`, always the first, with the `rev` from which the stream begins in its " +
			"data; `reset` when the client can't go on from where it stands and has to read " +
			"everything anew, with the present `rev` in its data; `expired` before the stream ends because the token has " +
			"expired or is no longer good, its session or account has ended, or it gives way to newer streams, with the " +
			"`reason` in its data (of the last, `too_many_streams`, with `retry`: come back later). A comment comes every 15 seconds.",
		Content: map[string]*huma.MediaType{eventStreamType: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
}

// streamEvents answers with a stream of what happens to the caller's tasks.
func (a *resources) streamEvents(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	p, by := principal(ctx), caller(ctx)
	heard, err := a.hub.Open(by.ID, p.SessionID, addressKey(ctx))
	if err != nil {
		return nil, todo.ServiceUnavailable(err)
	}
	s := &eventStream{
		heard: heard, by: by, expires: p.ExpiresAt, tasks: a.streamed, now: a.now, readers: a.logReaders,
		verifier: a.verifier, ticket: in.Ticket, kinds: in.Kinds.set, retired: recordOf(ctx).retired,
	}
	// The stream hears of everything from here on, so nothing falls between what is read now and what it is told of later.
	first, err := s.fetch(ctx, in.news)
	if err != nil {
		heard.Close()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer heard.Close()
		r, w := humago.Unwrap(ctx)
		s.token, _, _ = auth.Bearer(r.Header)
		s.out = newEventWriter(w)
		s.out.open()
		if r.Method != http.MethodHead {
			rec := recordOf(r.Context())
			rec.reason = s.run(r.Context(), in.start(first.news), first)
			if s.failure != nil {
				rec.cutOff(s.failure)
			}
		}
	}}, nil
}

// news returns what a stream begins with: what the client has missed, or only where things stand.
func (in *eventsInput) news(ctx context.Context, s *eventStream) (todo.LogPage, error) {
	if since, known := in.position(); known {
		return s.tasks.ChangesSince(ctx, s.by, since)
	}
	here, err := s.tasks.Head(ctx, s.by)
	return todo.LogPage{At: here}, err
}

// How a stream keeps time.
const (
	heartbeat   = 15 * time.Second // between two signs of life, at most
	readTimeout = 5 * time.Second  // for one reading of the log
	retryPace   = time.Second      // between two tries to read it while the database is away
)

// An eventStream is one client that listens.
type eventStream struct {
	out     *eventWriter
	heard   *event.Stream
	by      todo.User
	expires time.Time // when the token does
	tasks   *todo.Service
	kinds   todo.KindSet // that it is told of
	now     func() time.Time
	readers chan struct{} // has room for each stream that may read the log at the same time

	verifier *auth.Verifier
	token    string // that the stream was opened with, "" if it was by ticket
	ticket   string
	retired  <-chan struct{} // closed when either may have become bad

	at     todo.LogPosition // what has been written
	behind bool             // there may be something after it
	pause  time.Duration    // until that can be read

	failure error // why it had to end, if that is a fault of ours
}

// run writes events, the first of which comes after start, until the client goes away or may not listen any more, and
// returns why it ended.
func (s *eventStream) run(ctx context.Context, start todo.Rev, first portion) string {
	s.out.begin(start)
	s.tell(first)
	beat := s.now().Add(heartbeat)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for s.out.err == nil {
		timer.Reset(s.untilNext(beat))
		select {
		case <-ctx.Done():
			return "the client has gone"
		case <-s.heard.Ended():
			return s.ended()
		case <-s.heard.News():
			s.behind, s.pause = true, 0
			continue
		case <-s.retired:
			if !s.stillGood(ctx) {
				s.out.expired("secret_changed")
				return "the secret of the token is no longer used"
			}
			continue
		case <-timer.C:
		}
		if !s.now().Before(s.expires) {
			s.out.expired("token_expired")
			return "the token has expired"
		}
		if s.behind {
			if why := s.read(ctx); why != "" {
				return why
			}
		}
		if !s.now().Before(beat) {
			s.out.comment("")
			beat = s.now().Add(heartbeat)
		}
	}
	return s.out.failure()
}

// stillGood reports whether the stream's token, or the one that bought its ticket, is good now that one of the secrets
// is gone.
func (s *eventStream) stillGood(ctx context.Context) bool {
	s.retired = s.verifier.Retired()
	if s.token == "" {
		_, core, ok := account.ParseTicket(s.ticket)
		return ok && s.verifier.KeyInUse(auth.KeyTag(core))
	}
	_, err := s.verifier.Verify(ctx, s.token)
	var refused *auth.Refusal
	return !errors.As(err, &refused)
}

// untilNext returns how long there is nothing to do unless something happens.
func (s *eventStream) untilNext(beat time.Time) time.Duration {
	wait := min(beat.Sub(s.now()), s.expires.Sub(s.now()))
	if s.behind {
		wait = min(wait, s.pause)
	}
	return max(wait, 0)
}

// ended says goodbye to a client whose stream the hub has ended, and returns why it has.
func (s *eventStream) ended() string {
	switch s.heard.Why() {
	case event.LoggedOut:
		s.out.expired("signed_out")
		return "the session has ended"
	case event.GaveWay:
		s.out.comeBackLater()
		s.out.expired("too_many_streams")
		return "gave way to a newer stream"
	case event.Stopped:
	}
	s.out.comment("the server is stopping: connect again")
	return "the server is stopping"
}

// read writes some of what comes after what has been written, and returns why the stream has to end, "" if it goes on.
// While the database is away the stream stays behind.
func (s *eventStream) read(ctx context.Context) string {
	p, err := s.fetch(ctx, func(ctx context.Context, s *eventStream) (todo.LogPage, error) {
		return s.tasks.ChangesSince(ctx, s.by, s.at)
	})
	switch {
	case todo.CodeOf(err) == todo.Unavailable:
		s.pause = retryPace/2 + rand.N(retryPace) //nolint:gosec // nothing secret: streams shall not come back together
		return ""
	case todo.CodeOf(err) == todo.Unauthenticated:
		s.out.expired("account_gone")
		return "the account has gone"
	case err != nil:
		s.failure = err
		return err.Error()
	}
	s.tell(p)
	return ""
}

// tell writes news.
func (s *eventStream) tell(p portion) {
	s.out.write(p.text)
	s.out.flush()
	s.at, s.behind, s.pause = p.news.At, p.news.More, 0
	s.heard.At(s.at)
}

// logReaders is how many streams of a process read the log at the same time, unless the configuration says so. The database's other connections are for
// requests.
const logReaders = 4

// A portion is news, and the events that tell of them.
type portion struct {
	news todo.LogPage
	text []byte
}

// fetch returns what read reads, when it is this stream's turn. That happens on a goroutine of its own, which gives
// back at once what it took of memory for its stack: that of the stream lives for as long as a token does, and a server
// has thousands.
func (s *eventStream) fetch(
	ctx context.Context, read func(context.Context, *eventStream) (todo.LogPage, error),
) (p portion, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	select {
	case s.readers <- struct{}{}:
	case <-ctx.Done():
		return p, todo.ServiceUnavailable(ctx.Err())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			<-s.readers
			if r := recover(); r != nil {
				err = caught(r)
			}
		}()
		if p.news, err = read(ctx, s); err == nil {
			p.text, err = eventsOf(p.news, s.kinds)
		}
	}()
	<-done
	return p, err
}
