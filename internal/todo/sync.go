package todo

import (
	"cmp"
	"context"
	"slices"
)

// SyncLimit is how many entries of the log, or tasks of a snapshot, one page of Sync is made of.
const SyncLimit = 500

// SyncPage is what has changed since another page, or at first everything there is.
type SyncPage struct {
	Changes []Change // the last one of each task; in the order of their revisions but for a snapshot, which goes by id
	Next    string   // the token to go on with
	More    bool     // there is more already
	Kinds   KindSet  // what is told of
}

// syncCursor is how far a client has come, as a sync token holds it.
type syncCursor struct {
	Epoch int64 `json:"e"`
	Rev   Rev   `json:"r"` // everything up to here is known, once the snapshot is complete
	// Task is the last id within a snapshot, above 0; else 0. Other says that it is that of a list or label: they come after
	// the tasks.
	Task  int64   `json:"t,omitempty"`
	Other bool    `json:"o,omitempty"`
	Kinds KindSet `json:"k,omitempty"` // what the client is told of; none are tasks only
}

// A KindSet is kinds of objects. None stand for tasks only.
type KindSet uint

// SetOf returns the set of these kinds.
func SetOf(kinds ...Kind) (set KindSet) {
	for _, k := range kinds {
		set |= 1 << k
	}
	if set == 1<<KindTask {
		return 0
	}
	return set
}

// Has reports whether k is in the set.
func (s KindSet) Has(k Kind) bool {
	if s == 0 {
		return k == KindTask
	}
	return s&(1<<k) != 0
}

// within reports whether all of s is in other.
func (s KindSet) within(other KindSet) bool {
	for _, k := range Kinds {
		if s.Has(k) && !other.Has(k) {
			return false
		}
	}
	return true
}

// Of returns those of changes that are of objects of these kinds, in their order.
func (s KindSet) Of(changes []Change) []Change {
	return slices.DeleteFunc(changes, func(c Change) bool { return !s.Has(c.Kind()) })
}

// Sync returns what by doesn't know yet: with an empty token a snapshot, page by page, and then what the log says. Nothing
// is missed and nothing comes back to life, whatever happens meanwhile: a snapshot leaves out what was changed since it
// began, and the log from where it began tells of that. A token that can't be gone on from is Outdated. kinds are what is told
// of; nil is what the token says, or tasks. A token that was of fewer is Outdated, too.
func (s *Service) Sync(ctx context.Context, by User, token string, kinds *KindSet) (SyncPage, error) {
	signer, err := s.signing(ctx)
	if err != nil {
		return SyncPage{}, err
	}
	var at syncCursor
	if token != "" && !signer.open(token, forSync, by.ID, "", &at) {
		return SyncPage{}, SyncTokenExpired()
	}
	if kinds != nil {
		if token != "" && !kinds.within(at.Kinds) {
			return SyncPage{}, SyncTokenExpired()
		}
		at.Kinds = *kinds
	}
	var page SyncPage
	var next syncCursor
	switch {
	case token == "":
		page, next, err = s.beginSync(ctx, by, at.Kinds)
	case at.Task > 0 || at.Other:
		page, next, err = s.snapshot(ctx, by, at)
	default:
		page, next, err = s.changes(ctx, by, at)
	}
	if err != nil {
		return SyncPage{}, err
	}
	page.Next, err = signer.sign(forSync, by.ID, "", next)
	page.Kinds = next.Kinds
	return page, err
}

// SyncTokenExpired says that a sync token can't be gone on from.
func SyncTokenExpired() error {
	return &Error{Code: Outdated, Message: "This sync token can't be used any more; start again without one"}
}

// beginSync returns the first page of a snapshot of what is there now.
func (s *Service) beginSync(ctx context.Context, by User, kinds KindSet) (SyncPage, syncCursor, error) {
	state, err := s.store.State(ctx, by.ID)
	if err != nil {
		return SyncPage{}, syncCursor{}, err
	}
	return s.snapshot(ctx, by, syncCursor{Epoch: state.Epoch, Rev: state.Rev, Kinds: kinds, Other: !kinds.Has(KindTask)})
}

// snapshot returns a page of what was there, and has stayed as it was, at the revision that the snapshot began at: first the
// tasks, then everything else.
func (s *Service) snapshot(ctx context.Context, by User, at syncCursor) (SyncPage, syncCursor, error) {
	if at.Other {
		return s.snapshotOfObjects(ctx, by, at)
	}
	tasks, state, err := s.store.Snapshot(ctx, by.ID, at.Task, at.Rev, SyncLimit)
	if err = goesOn(state, by, at, err); err != nil {
		return SyncPage{}, at, err
	}
	page := SyncPage{Changes: make([]Change, len(tasks))}
	for i, t := range tasks {
		page.Changes[i] = Change{Rev: t.Version, Op: Created, Task: t}
	}
	switch {
	case len(tasks) == SyncLimit:
		page.More, at.Task = true, tasks[len(tasks)-1].ID
	case at.Kinds != 0:
		page.More, at.Task, at.Other = true, 0, true
	default:
		page.More, at.Task = state.Rev > at.Rev, 0
	}
	return page, at, nil
}

// snapshotOfObjects is snapshot for what isn't a task.
func (s *Service) snapshotOfObjects(ctx context.Context, by User, at syncCursor) (SyncPage, syncCursor, error) {
	objects, state, err := s.store.Objects(ctx, by.ID, 0)
	if err = goesOn(state, by, at, err); err != nil {
		return SyncPage{}, at, err
	}
	objects = slices.DeleteFunc(objects, func(o Object) bool {
		return !at.Kinds.Has(o.Kind) || o.ID <= at.Task || o.Version > at.Rev || o.DeletedAt != nil
	})
	slices.SortFunc(objects, func(a, b Object) int { return cmp.Compare(a.ID, b.ID) })
	page := SyncPage{More: len(objects) > SyncLimit}
	for _, o := range objects[:min(len(objects), SyncLimit)] {
		page.Changes = append(page.Changes, Change{Rev: o.Version, Op: Created, Task: o.common(), Object: &o})
		at.Task = o.ID
	}
	if !page.More {
		page.More, at.Task, at.Other = state.Rev > at.Rev, 0, false
	}
	return page, at, nil
}

// changes returns a page of the log.
func (s *Service) changes(ctx context.Context, by User, at syncCursor) (SyncPage, syncCursor, error) {
	log, state, err := s.store.Changes(ctx, by.ID, at.Rev, SyncLimit)
	if err = goesOn(state, by, at, err); err != nil {
		return SyncPage{}, at, err
	}
	if !follows(log, at.Rev, state.Rev) {
		return SyncPage{}, at, SyncTokenExpired()
	}
	at.Epoch = state.Epoch
	if len(log) > 0 {
		at.Rev = log[len(log)-1].Rev
	}
	return SyncPage{Changes: at.Kinds.Of(lastOfEach(log)), More: at.Rev < state.Rev}, at, nil
}

// goesOn returns err, or why a client at this position can't go on in this state. Whoever began before they had written
// anything knows that there was nothing, which is so at the beginning of every life.
func goesOn(state State, by User, at syncCursor, err error) error {
	switch {
	case err != nil:
		return err
	case state.revoked(by):
		return TokenRevoked()
	case at.Epoch != state.Epoch && at != (syncCursor{Kinds: at.Kinds, Other: at.Other}), at.Rev > state.Rev:
		return SyncTokenExpired()
	}
	return nil
}

// follows reports whether log is what comes after since, without a gap, and is there at all unless there is nothing.
func follows(log []Change, since, rev Rev) bool {
	for _, c := range log {
		if c.Rev != since+1 {
			return false
		}
		since = c.Rev
	}
	return len(log) > 0 || since == rev
}

// lastOfEach returns the last change of each object, in the order of log.
func lastOfEach(log []Change) []Change {
	last := make(map[int64]Rev, len(log))
	for _, c := range log {
		last[c.Task.ID] = c.Rev
	}
	var kept []Change
	for _, c := range log {
		if last[c.Task.ID] == c.Rev {
			kept = append(kept, c)
		}
	}
	return kept
}
