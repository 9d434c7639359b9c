package todo

import "context"

// SyncLimit is how many entries of the log, or tasks of a snapshot, one page of Sync is made of.
const SyncLimit = 500

// SyncPage is what has changed since another page, or at first everything there is.
type SyncPage struct {
	Changes []Change // the last one of each task; in the order of their revisions but for a snapshot, which goes by id
	Next    string   // the token to go on with
	More    bool     // there is more already
}

// syncCursor is how far a client has come, as a sync token holds it.
type syncCursor struct {
	Epoch int64 `json:"e"`
	Rev   Rev   `json:"r"`           // everything up to here is known, once the snapshot is complete
	Task  int64 `json:"t,omitempty"` // within a snapshot: the last id, above 0; else 0
}

// Sync returns what by doesn't know yet: with an empty token a snapshot, page by page, and then what the log says. Nothing
// is missed and nothing comes back to life, whatever happens meanwhile: a snapshot leaves out the tasks that were changed
// since it began, and the log from where it began tells of them. A token that can't be gone on from is Outdated.
func (s *Service) Sync(ctx context.Context, by User, token string) (SyncPage, error) {
	signer, err := s.signing(ctx)
	if err != nil {
		return SyncPage{}, err
	}
	var at syncCursor
	var page SyncPage
	var next syncCursor
	switch {
	case token == "":
		page, next, err = s.beginSync(ctx, by)
	case !signer.open(token, forSync, by.ID, "", &at):
		return SyncPage{}, SyncTokenExpired()
	case at.Task > 0:
		page, next, err = s.snapshot(ctx, by, at)
	default:
		page, next, err = s.changes(ctx, by, at)
	}
	if err != nil {
		return SyncPage{}, err
	}
	page.Next, err = signer.sign(forSync, by.ID, "", next)
	return page, err
}

// SyncTokenExpired says that a sync token can't be gone on from.
func SyncTokenExpired() error {
	return &Error{Code: Outdated, Message: "This sync token can't be used any more; start again without one"}
}

// beginSync returns the first page of a snapshot of what is there now.
func (s *Service) beginSync(ctx context.Context, by User) (SyncPage, syncCursor, error) {
	state, err := s.store.State(ctx, by.ID)
	if err != nil {
		return SyncPage{}, syncCursor{}, err
	}
	return s.snapshot(ctx, by, syncCursor{Epoch: state.Epoch, Rev: state.Rev})
}

// snapshot returns a page of the tasks as they were, or have stayed, at the revision that the snapshot began at.
func (s *Service) snapshot(ctx context.Context, by User, at syncCursor) (SyncPage, syncCursor, error) {
	tasks, state, err := s.store.Snapshot(ctx, by.ID, at.Task, at.Rev, SyncLimit)
	if err = goesOn(state, by, at, err); err != nil {
		return SyncPage{}, at, err
	}
	page := SyncPage{Changes: make([]Change, len(tasks))}
	for i, t := range tasks {
		page.Changes[i] = Change{Rev: t.Version, Op: Created, Task: t}
	}
	if len(tasks) == SyncLimit {
		page.More, at.Task = true, tasks[len(tasks)-1].ID
		return page, at, nil
	}
	page.More, at.Task = state.Rev > at.Rev, 0
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
	return SyncPage{Changes: lastOfEach(log), More: at.Rev < state.Rev}, at, nil
}

// goesOn returns err, or why a client at this position can't go on in this state. Whoever began before they had written
// anything knows that there was nothing, which is so at the beginning of every life.
func goesOn(state State, by User, at syncCursor, err error) error {
	switch {
	case err != nil:
		return err
	case state.revoked(by):
		return TokenRevoked()
	case at.Epoch != state.Epoch && at != (syncCursor{}), at.Rev > state.Rev:
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

// lastOfEach returns the last change of each task, in the order of log.
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
