package todo

import "context"

// LogPageLimit is how many changes one reading of ChangesSince returns at most.
const LogPageLimit = 100

// A LogPosition is where a reader of somebody's log stands, who knows of everything up to Rev.
type LogPosition struct {
	Epoch int64 // the life that Rev belongs to; 0 when the reader can't tell
	Rev   Rev
}

// LogPage is what comes after a position.
type LogPage struct {
	Changes []Change    // every one, in the order of their revisions, without a gap
	At      LogPosition // where the reader stands then
	More    bool        // there is more already
	Reset   bool        // the log doesn't tell what comes after the position: no Changes, and At is where it ends
}

// Head returns where by's log ends.
func (s *Service) Head(ctx context.Context, by User) (LogPosition, error) {
	state, err := s.store.State(ctx, by.ID)
	switch {
	case err != nil:
		return LogPosition{}, err
	case state.revoked(by):
		return LogPosition{}, TokenRevoked()
	}
	return state.logPosition(), nil
}

// ChangesSince returns what happened to by's tasks after a position. The log can't tell when it begins later, ends
// earlier, or is of another life.
func (s *Service) ChangesSince(ctx context.Context, by User, since LogPosition) (LogPage, error) {
	log, state, err := s.store.Changes(ctx, by.ID, since.Rev, LogPageLimit)
	switch {
	case err != nil:
		return LogPage{}, err
	case state.revoked(by):
		return LogPage{}, TokenRevoked()
	case since.Epoch != 0 && since.Epoch != state.Epoch, since.Rev > state.Rev, !follows(log, since.Rev, state.Rev):
		return LogPage{At: state.logPosition(), Reset: true}, nil
	}
	at := LogPosition{Epoch: state.Epoch, Rev: since.Rev}
	if len(log) > 0 {
		at.Rev = log[len(log)-1].Rev
	}
	return LogPage{Changes: log, At: at, More: at.Rev < state.Rev}, nil
}

// logPosition returns where the log ends in this state.
func (s State) logPosition() LogPosition { return LogPosition{Epoch: s.Epoch, Rev: s.Rev} }
