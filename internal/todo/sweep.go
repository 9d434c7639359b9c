package todo

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Cutoffs are the times before which something is no longer kept.
type Cutoffs struct {
	Trash   time.Time // tasks that went to the trash
	Changes time.Time // entries of the log
	Keys    time.Time // changes that were to happen once
	Logged  int       // how many entries of a log are kept at most, however young; 0 for any number

	Sessions   time.Time // sessions that could be refreshed until then
	Networks   time.Time // where somebody last signed in from then
	Tombstones time.Time // what says of somebody that everything of theirs was erased then, and nothing else
}

// tombstonesKept is for how long a tombstone refuses the tokens of an ended life: far longer than tokens are good.
const tombstonesKept = 30 * 24 * time.Hour

// networksKept is for how long it is known where somebody signed in from, as package account has it.
const networksKept = 30 * 24 * time.Hour

// Swept is how much was removed, and moved.
type Swept struct {
	Tasks  int // from the trash, for good
	Moved  int // due dates that have followed the rules of their time zones
	Others int // entries of the log, keys, sessions, known networks and tombstones, and what was left of former lives
}

// How much is done in one step, so that nobody's writes wait for long and no snapshot is held.
const (
	sweepOwners = 200
	sweepRows   = 500
)

// Sweep removes what is left of former lives and what is no longer kept, one person after the other in small steps, until
// nothing is left or ctx ends; and has due dates follow the rules of their time zones where these have changed.
// Only one process on a database does so at a time; for the others there is nothing to do. What can't be removed of one
// person doesn't keep the others waiting: it is reported with all that went wrong, in the end.
func (s *Service) Sweep(ctx context.Context) (swept Swept, err error) {
	before := s.cutoffs()
	err = s.store.Alone(ctx, func(ctx context.Context) error {
		err := errors.Join(s.tidyAll(ctx, &swept), s.sweepOverdue(ctx, before, &swept))
		moved, failed := s.followZones(ctx)
		swept.Moved = moved
		return errors.Join(err, failed)
	})
	return swept, err
}

// cutoffs returns the times before which nothing is kept now.
func (s *Service) cutoffs() Cutoffs {
	now := s.moment()
	return Cutoffs{
		Trash: now.Add(-s.rules.TrashRemembered), Changes: now.Add(-s.rules.LogRemembered), Keys: now.Add(-s.rules.KeysRemembered),
		Logged: s.rules.Logged, Sessions: now, Tombstones: now.Add(-tombstonesKept),
		Networks: now.Add(-networksKept),
	}
}

// sweepOverdue removes what is no longer kept, and adds to swept how much that was.
func (s *Service) sweepOverdue(ctx context.Context, before Cutoffs, swept *Swept) error {
	for ctx.Err() == nil {
		owners, err := s.store.Overdue(ctx, before, sweepOwners)
		if err != nil || len(owners) == 0 {
			return err
		}
		was := *swept
		var failed []error
		for _, owner := range owners {
			n, err := s.sweepOwner(ctx, owner, before)
			swept.Tasks += n.Tasks
			swept.Others += n.Others
			failed = append(failed, err)
		}
		// The same ones would come again, for ever. An old entry can stand behind a young one where clocks differ.
		if err := errors.Join(failed...); err != nil || *swept == was {
			return err
		}
	}
	return ctx.Err()
}

// sweepOwner removes what is no longer kept of owner's: first from the trash, because that adds to the log.
func (s *Service) sweepOwner(ctx context.Context, owner UserID, before Cutoffs) (swept Swept, err error) {
	for {
		n, err := s.emptyTrash(ctx, owner, before.Trash)
		swept.Tasks += n
		if err != nil {
			return swept, err
		}
		if n < sweepRows {
			break
		}
	}
	if err := ListPassed(ctx, s.store, owner, s.moment()); err != nil { // of what the log is about to lose
		return swept, err
	}
	swept.Others, err = s.store.Forget(ctx, owner, before, tidyRows)
	return swept, err
}

// emptyTrash removes up to sweepRows of what of owner's went to the trash before the given time, and returns how many. What is
// restored meanwhile stays.
func (s *Service) emptyTrash(ctx context.Context, owner UserID, before time.Time) (n int, err error) {
	page, err := s.store.Tasks(ctx, owner, Filter{Trash: true, Order: []Order{{By: ByDeleted}}, Limit: sweepRows})
	if err != nil {
		return 0, err
	}
	objects, _, err := s.store.Objects(ctx, owner, 0)
	if err != nil {
		return 0, err
	}
	old := page.Tasks
	for _, o := range objects {
		if o.DeletedAt != nil {
			old = append(old, o.common())
		}
	}
	old = slices.DeleteFunc(old, func(t Task) bool { return !t.DeletedAt.Before(before) })
	// As of the beginning of the owner's life, so that it neither belongs to a former one nor outdates what a token says.
	by := User{ID: owner, AsOf: page.State.ErasedAt.Add(time.Microsecond)}
	for _, t := range old[:min(len(old), sweepRows)] {
		_, err := s.Purge(ctx, by, t.ID, WriteOptions{If: []Rev{t.Version}})
		if code := CodeOf(err); code == NotFound || code == Changed {
			continue
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
