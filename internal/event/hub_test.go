package event

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// mustOpen opens a stream that is closed when the test ends.
func mustOpen(t *testing.T, h *Hub, owner todo.UserID, session string, at todo.LogPosition) *Stream {
	t.Helper()
	s, err := h.Open(owner, session, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.At(at)
	return s
}

// hasNews reports whether s has been told of something, and takes it.
func hasNews(s *Stream) bool {
	select {
	case <-s.News():
		return true
	default:
		return false
	}
}

// hasEnded reports whether s has ended.
func hasEnded(s *Stream) bool {
	select {
	case <-s.Ended():
		return true
	default:
		return false
	}
}

func TestAStreamHearsOnceHoweverMuchThereIs(t *testing.T) {
	t.Parallel()
	h := New(Config{})
	ada, too, bob := mustOpen(t, h, "ada", "", todo.LogPosition{Rev: 5}), mustOpen(t, h, "ada", "", todo.LogPosition{Rev: 7}), mustOpen(t, h, "bob", "", todo.LogPosition{})
	h.Changed("ada", 5)
	if hasNews(ada) || hasNews(too) {
		t.Error("what a stream knows is news to it")
	}
	for rev := range todo.Rev(8) {
		h.Changed("ada", rev)
	}
	if !hasNews(ada) || hasNews(ada) || hasNews(too) || hasNews(bob) {
		t.Error("it is told to the wrong ones, or more than once")
	}
	h.Changed("ada", 7)
	if !hasNews(ada) {
		t.Error("who has not said that they know it is not told again")
	}
	h.Erased("ada")
	if !hasNews(ada) || !hasNews(too) || hasNews(bob) {
		t.Error("not everybody hears of an end")
	}
	ada.Close()
	ada.Close()
	h.Changed("ada", 9)
	if hasNews(ada) || !hasNews(too) || h.Streams() != 2 {
		t.Errorf("a closed stream hears, or another doesn't; %d streams", h.Streams())
	}
}

func TestSessionsEndTheirStreams(t *testing.T) {
	t.Parallel()
	open := func() (*Hub, map[string]*Stream) {
		h := New(Config{})
		return h, map[string]*Stream{
			"a": mustOpen(t, h, "ada", "a", todo.LogPosition{}), "b": mustOpen(t, h, "ada", "b", todo.LogPosition{}),
			"none": mustOpen(t, h, "ada", "", todo.LogPosition{}), "bob's": mustOpen(t, h, "bob", "a", todo.LogPosition{}),
		}
	}
	for name, c := range map[string]struct {
		tell func(h *Hub)
		want string
	}{
		"one": {func(h *Hub) { h.SessionEnded("ada", "a") }, "a"}, "the others": {func(h *Hub) { h.OthersEnded("ada", "a") }, "b"},
		"all": {func(h *Hub) { h.OthersEnded("ada", "") }, "a b"}, "none": {func(h *Hub) { h.SessionEnded("ada", "") }, ""},
		"an unknown one": {func(h *Hub) { h.SessionEnded("ada", "c") }, ""},
	} {
		for _, elsewhere := range []bool{false, true} {
			h, streams := open()
			if !elsewhere {
				c.tell(h)
			} else {
				k, err := newKey([]byte("shared by all"))
				if err != nil {
					t.Fatal(err)
				}
				h.learn(k)
				other := New(Config{URL: "postgres://nowhere"})
				c.tell(other)
				envelopes, _ := other.out.take()
				for _, e := range envelopes {
					for _, m := range parsePayload(payloads([]message{k.message(e.owner, e.hint)})[0]) {
						h.receive(m)
					}
				}
			}
			var ended []string
			for name, s := range streams {
				if hasEnded(s) {
					ended = append(ended, name)
					if s.Why() != LoggedOut {
						t.Errorf("%s: reason %d", name, s.Why())
					}
				}
			}
			slices.Sort(ended)
			if got := strings.Join(ended, " "); got != c.want {
				t.Errorf("%s, told elsewhere: %v: ended %q, want %q", name, elsewhere, got, c.want)
			}
		}
	}
}

func TestStopEndsAllStreams(t *testing.T) {
	t.Parallel()
	h := New(Config{})
	s := mustOpen(t, h, "ada", "a", todo.LogPosition{})
	h.Stop()
	h.SessionEnded("ada", "a")
	if !hasEnded(s) || s.Why() != Stopped {
		t.Errorf("ended %v, reason %d", hasEnded(s), s.Why())
	}
	if _, err := h.Open("bob", "", ""); !errors.Is(err, ErrStopped) {
		t.Errorf("a stream after the end: %v", err)
	}
}

// TestTheOldestStreamGivesWay: of the person, from the address, or of all.
func TestTheOldestStreamGivesWay(t *testing.T) {
	t.Parallel()
	h := New(Config{Most: 14, MostAt: 3})
	var streams []*Stream
	open := func(owner todo.UserID, from string) *Stream {
		t.Helper()
		s, err := h.Open(owner, "", from)
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
		return s
	}
	gaveWay := func(want ...int) {
		t.Helper()
		for i, s := range streams {
			if hasEnded(s) != slices.Contains(want, i) || hasEnded(s) && s.Why() != GaveWay {
				t.Errorf("stream %d has ended: %v, reason %d; want %v", i, hasEnded(s), s.Why(), want)
			}
		}
	}
	for i := range MaxStreams {
		open("ada", fmt.Sprint(i))
	}
	gaveWay()
	open("ada", "10") // the eleventh of ada
	gaveWay(0)
	streams[0].Close()
	streams[4].Close()
	open("ada", "11")
	gaveWay(0)
	for range 3 {
		open("bob", "here")
	}
	gaveWay(0)
	open("cid", "here") // the fourth from there
	gaveWay(0, 12)
	open("cid", "0")
	open("dan", "0") // the fifteenth of all
	gaveWay(0, 12, 1)
	if h.Streams() != 14 {
		t.Errorf("%d streams", h.Streams())
	}
	for _, s := range streams {
		s.Close()
	}
	if n := h.Streams() + len(h.people) + len(h.places); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// TestManyAtOnce: open, close, tell and stop at the same time; the race detector watches.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	h := New(Config{URL: "postgres://nowhere"})
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			owner := todo.UserID(fmt.Sprint(i % 4))
			for rev := range todo.Rev(200) {
				h.Changed(owner, rev)
				h.SessionEnded(owner, "x")
				s, err := h.Open(owner, "x", fmt.Sprint(rev%3))
				if err != nil {
					continue
				}
				s.At(todo.LogPosition{Rev: rev})
				hasNews(s)
				h.compare(map[todo.UserID]todo.State{owner: {Rev: rev + 1}})
				s.Close()
			}
		})
	}
	all.Wait()
	if h.Streams() != 0 || len(h.people) != 0 {
		t.Errorf("%d streams and %d people are left", h.Streams(), len(h.people))
	}
}

// TestNoticesComeBackAsTheyWere: whatever is sent, in payloads that PostgreSQL takes, and naming nobody.
func TestNoticesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k, err := newKey(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		if err != nil {
			t.Fatal(err)
		}
		var messages []message
		for range rapid.IntRange(0, 600).Draw(t, "n") {
			owner := todo.UserID(rapid.StringN(3, 20, -1).Draw(t, "owner"))
			told := hint{
				kind:    rapid.SampledFrom([]kind{changed, anything, sessionEnded, othersEnded}).Draw(t, "kind"),
				session: rapid.String().Draw(t, "session"),
			}
			if told.kind == changed {
				told.rev = todo.Rev(rapid.Int64Min(1).Draw(t, "rev"))
			}
			messages = append(messages, k.message(owner, told))
		}
		var back []message
		for _, payload := range payloads(messages) {
			if len(payload) > maxPayload || len(payload) == 0 {
				t.Fatalf("a payload of %d bytes", len(payload))
			}
			back = append(back, parsePayload(payload)...)
		}
		if !slices.Equal(back, messages) {
			t.Fatalf("%d messages came back as %d others", len(messages), len(back))
		}
	})
}

func TestDigestsNameNobody(t *testing.T) {
	t.Parallel()
	one, err := newKey([]byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := newKey([]byte("two"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := newKey([]byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if one.person("ada") != again.person("ada") || one.person("ada") == two.person("ada") || one.person("ada") == one.person("bob") {
		t.Error("digests don't depend on key and person alone")
	}
	if one.session("ad", "ab") == one.session("ada", "b") || one.session("ada", "") == one.person("ada") {
		t.Error("two things have one digest")
	}
	if s := string(one.message("somebody", hint{kind: sessionEnded, session: "their session"}).append(nil)); strings.Contains(s, "some") || strings.Contains(s, "their") {
		t.Errorf("%s names somebody", s)
	}
}

// FuzzPayload: any program can notify.
func FuzzPayload(f *testing.F) {
	k, err := newKey([]byte("one"))
	if err != nil {
		f.Fatal(err)
	}
	good := k.message("ada", hint{kind: changed, rev: 7})
	for _, seed := range []string{
		"", " ", "t123", string(good.append(nil)), string(good.append(nil)) + "x", "c" + strings.Repeat("A", 22) + "-1",
		"c" + strings.Repeat("A", 22) + "99999999999999999999", "s" + strings.Repeat("A", 44), "a" + strings.Repeat("A", 21) + "B",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		h := New(Config{})
		h.learn(k)
		for _, m := range parsePayload(payload) {
			if again := parsePayload(string(m.append(nil))); len(again) != 1 || again[0] != m {
				t.Errorf("%+v comes back as %+v", m, again)
			}
			h.receive(m)
		}
	})
}

func TestAnOutboxHasBounds(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	for i := range maxWaiting + 5 {
		owner := todo.UserID(fmt.Sprint(i))
		o.add(owner, hint{kind: changed, rev: 3})
		o.add(owner, hint{kind: sessionEnded, session: "x"})
	}
	o.add("7", hint{kind: changed, rev: 9})
	o.add("7", hint{kind: changed, rev: 8})
	envelopes, dropped := o.take()
	if len(envelopes) != 2*maxWaiting || dropped != 10 {
		t.Errorf("%d envelopes, %d dropped", len(envelopes), dropped)
	}
	if !slices.Contains(envelopes, envelope{"7", hint{kind: changed, rev: 9}}) {
		t.Error("the newest revision is not the one that is told")
	}
	o.putBack(envelopes[len(envelopes)-2:])
	if again, dropped := o.take(); len(again) != 2 || dropped != 0 {
		t.Errorf("%d envelopes come back, %d dropped", len(again), dropped)
	}
}

// TestLookingFindsWhatNobodyTold: of those alone who have streams.
func TestLookingFindsWhatNobodyTold(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	rev := todo.Rev(1)
	asked := map[todo.UserID]bool{}
	h := New(Config{Poll: 10 * time.Millisecond, States: func(_ context.Context, owners []todo.UserID) (map[todo.UserID]todo.State, error) {
		mu.Lock()
		defer mu.Unlock()
		if rev == 2 {
			rev++
			return nil, errors.New("away for once")
		}
		states := map[todo.UserID]todo.State{}
		for _, owner := range owners {
			asked[owner], states[owner] = true, todo.State{Epoch: 1, Rev: rev}
		}
		return states, nil
	}})
	h.Start()
	defer h.Close()
	s := mustOpen(t, h, "ada", "", todo.LogPosition{Epoch: 1, Rev: 1})
	time.Sleep(50 * time.Millisecond)
	if hasNews(s) {
		t.Error("it finds news where there is none")
	}
	mu.Lock()
	rev = 2
	mu.Unlock()
	select {
	case <-s.News():
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is found")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 1 {
		t.Errorf("it looks after %v", asked)
	}
}
