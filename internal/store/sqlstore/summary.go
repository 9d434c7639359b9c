package sqlstore

import (
	"context"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// getSummary counts in one pass over the owner's tasks. $3 is the day of $2.
var getSummary = both(`
	with counts as (
		select count(*) filter (where deleted_at is null and not completed) as open,
			count(*) filter (where deleted_at is null and completed) as completed,
			count(*) filter (where deleted_at is null and not completed
				and (not due_all_day and due_date < $2 or due_all_day and due_date < $3)) as overdue,
			count(*) filter (where deleted_at is not null) as trash
		from todod.tasks where user_id = $1 and version > ` + began + `
	)
	select u.user_id, u.epoch, u.rev, u.erased_at, u.life_rev, u.email, u.name, u.claims_at, u.created_at,
		a.user_id, a.email, a.name, a.created_at, counts.*
	from counts left join todod.users u on u.user_id = $1 left join todod.accounts a on a.user_id = $1`)

// Summary implements account.Store.
func (b *Base) Summary(ctx context.Context, owner todo.UserID, now time.Time) (account.Summary, error) {
	var h *account.Summary
	err := b.engine.Read(ctx, owner, one(&h, func(r Row, h *account.Summary) {
		ReadState(r, owner, &h.State)
		h.Claims = todo.User{ID: owner, Email: r.Text(), Name: r.Text(), AsOf: r.Time()}
		if h.Since = r.Time(); r.Null() {
			r.Skip(4)
		} else {
			h.Account = &account.Person{}
			readPerson(r, h.Account)
		}
		h.Open, h.Completed, h.Overdue, h.Trash = int(r.Int64()), int(r.Int64()), int(r.Int64()), int(r.Int64())
	}, getSummary, owner, now, todo.DayOf(now)))
	return found(h, err, noRow)
}
