package todo

import "context"

// NewsLimit is how many changes one reading of News returns at most.
const NewsLimit = 100

// A Place is where a reader of somebody's log stands, who knows of everything up to Rev.
type Place struct {
	Epoch int64 // the life that Rev belongs to; 0 when the reader can't tell
	Rev   Rev
}

// News is what comes after a place.
type News struct {
	Changes []Change // every one, in the order of their revisions, without a gap
	At      Place    // where the reader stands then
	More    bool     // there is more already
	Reset   bool     // the log doesn't tell what comes after the place: there are no Changes, and At is where it ends
}

// Here returns where by's log ends.
func (s *Service) Here(ctx context.Context, by User) (Place, error) {
	state, err := s.store.State(ctx, by.ID)
	switch {
	case err != nil:
		return Place{}, err
	case state.former(by):
		return Place{}, NobodyAnymore()
	}
	return state.place(), nil
}

// News returns what happened to by's tasks after a place. The log can't tell when it begins later, ends earlier, or is of
// another life.
func (s *Service) News(ctx context.Context, by User, since Place) (News, error) {
	log, state, err := s.store.Changes(ctx, by.ID, since.Rev, NewsLimit)
	switch {
	case err != nil:
		return News{}, err
	case state.former(by):
		return News{}, NobodyAnymore()
	case since.Epoch != 0 && since.Epoch != state.Epoch, since.Rev > state.Rev, !follows(log, since.Rev, state.Rev):
		return News{At: state.place(), Reset: true}, nil
	}
	at := Place{Epoch: state.Epoch, Rev: since.Rev}
	if len(log) > 0 {
		at.Rev = log[len(log)-1].Rev
	}
	return News{Changes: log, At: at, More: at.Rev < state.Rev}, nil
}

// place returns where the log ends in this state.
func (s State) place() Place { return Place{Epoch: s.Epoch, Rev: s.Rev} }
