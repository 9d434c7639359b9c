package todo

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// tidyRows is how many rows of somebody who was erased go in one transaction.
const tidyRows = 1000

// TidyOf removes what is left of these people's former lives, in small steps that hold nobody up. It goes on where another
// call was cut short. What can't be removed of one person doesn't keep the others waiting.
func (s *Service) TidyOf(ctx context.Context, owners ...UserID) (swept Swept, err error) {
	var failed []error
	for _, owner := range owners {
		err := s.store.Tidy(ctx, owner, tidyRows, func(rows int) { swept.Others += rows })
		failed = append(failed, err)
	}
	return swept, errors.Join(failed...)
}

// GoOnTidying does that for everybody of whom something is left, unless another process is sweeping.
func (s *Service) GoOnTidying(ctx context.Context) (swept Swept, err error) {
	err = s.store.Alone(ctx, func(ctx context.Context) error { return s.tidyAll(ctx, &swept) })
	return swept, err
}

// tidyAll does that for everybody of whom something is left, and adds to swept how much it was.
func (s *Service) tidyAll(ctx context.Context, swept *Swept) error {
	var failed []error
	for after := UserID(""); ctx.Err() == nil; {
		owners, err := s.store.Untidy(ctx, after, sweepOwners)
		if err == nil && len(owners) > 0 {
			after = owners[len(owners)-1]
			var n Swept
			n, err = s.TidyOf(ctx, owners...)
			swept.Others += n.Others
		}
		if failed = append(failed, err); len(owners) < sweepOwners {
			return errors.Join(failed...)
		}
	}
	return errors.Join(append(failed, ctx.Err())...)
}

// note has TidyNoted look at owner.
func (s *Service) note(owner UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted[owner] = true
}

// noteLog has TidyNoted look at the log of owner, whose changes from first to last have been made, if it can be too long
// now. Not each of them leads to a look, but each hundredth part of what the log may have.
func (s *Service) noteLog(owner UserID, first, last Rev) {
	most := Rev(s.rules.Logged)
	if part := max(1, most/100); most > 0 && last > most && last/part > (first-1)/part {
		s.note(owner)
	}
}

// Noted reports whether there is something for TidyNoted.
func (s *Service) Noted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.noted) > 0
}

// TidyNoted forgets what is too old or too much of those of whom this process has noticed that there may be such since it
// was called last.
func (s *Service) TidyNoted(ctx context.Context) (swept Swept, err error) {
	s.mu.Lock()
	owners := slices.Sorted(maps.Keys(s.noted))
	clear(s.noted)
	s.mu.Unlock()
	var failed []error
	for _, owner := range owners {
		err := ListPassed(ctx, s.store, owner, s.moment())
		if err == nil {
			var n int
			n, err = s.store.Forget(ctx, owner, s.cutoffs(), tidyRows)
			swept.Others += n
		}
		failed = append(failed, err)
	}
	return swept, errors.Join(failed...)
}

// keysAgain is when it makes sense to come with a key again after too many: until then those are forgotten that are old.
const keysAgain = time.Minute

// tooManyKeys says that no more keys are remembered of somebody.
func tooManyKeys() error {
	return &Error{
		Code: Limited, Message: "Too many idempotency keys are remembered; try again later, or without one", RetryAfter: keysAgain,
	}
}
