package todo

import (
	"context"
	"errors"
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
