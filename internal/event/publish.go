package event

import "todod/internal/todo"

// Changed tells that owner's data are at revision rev, or beyond: the streams of this process now, other processes soon.
func (h *Hub) Changed(owner todo.UserID, rev todo.Rev) {
	h.publish(owner, hint{kind: changed, rev: rev})
}

// Erased tells that nothing is left of owner; it implements account.Observer, as do the two below.
func (h *Hub) Erased(owner todo.UserID) { h.publish(owner, hint{kind: anything}) }

// SessionEnded ends the streams that were opened in a session, here and in other processes.
func (h *Hub) SessionEnded(owner todo.UserID, session string) {
	h.publish(owner, hint{kind: sessionEnded, session: session})
}

// OthersEnded ends the streams that were opened in another session than the one named keep, here and in other processes.
// Those that were opened outside any session go on.
func (h *Hub) OthersEnded(owner todo.UserID, keep string) {
	h.publish(owner, hint{kind: othersEnded, session: keep})
}

// A kind is what a hint is about.
type kind byte

// The kinds of hints there are; as bytes they go to other processes.
const (
	changed      kind = 'c' // there is a revision
	anything     kind = 'a' // something happened that has no revision
	sessionEnded kind = 's'
	othersEnded  kind = 'o'
)

// A hint is what is told about one person.
type hint struct {
	kind    kind
	rev     todo.Rev
	session string
}

// publish passes a hint about owner on, here and to other processes.
func (h *Hub) publish(owner todo.UserID, told hint) {
	if h.out != nil {
		h.out.add(owner, told)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.people[owner]; p != nil {
		p.take(told, func(s *Stream) bool { return s.session == told.session })
	}
}

// receive takes a hint of another process. One about somebody who has no streams here is none of ours.
func (h *Hub) receive(m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.digests[m.owner]
	if p == nil || h.key == nil {
		return
	}
	p.take(hint{kind: m.kind, rev: m.rev}, func(s *Stream) bool { return h.key.session(p.owner, s.session) == m.session })
}

// take has p's streams know what they are told. named says which of them are of the session that it is about. The caller
// holds the hub's mu.
func (p *person) take(told hint, named func(*Stream) bool) {
	for _, s := range p.streams {
		switch told.kind {
		case changed:
			if int64(told.rev) > s.rev.Load() {
				signal(s.news)
			}
		case anything:
			signal(s.news)
		case sessionEnded, othersEnded:
			if s.session != "" && named(s) == (told.kind == sessionEnded) {
				s.end(LoggedOut)
			}
		}
	}
}

// compare tells the streams of those whose data are not where the streams are.
func (h *Hub) compare(states map[todo.UserID]todo.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for owner, state := range states {
		p := h.people[owner]
		if p == nil {
			continue
		}
		for _, s := range p.streams {
			if int64(state.Rev) != s.rev.Load() || state.Epoch != s.epoch.Load() {
				signal(s.news)
			}
		}
	}
}
