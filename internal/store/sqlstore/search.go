package sqlstore

import (
	"context"
	"errors"
	"iter"

	"todod/internal/todo"
)

// How much of what an older program has written is looked at in one step, so that nobody's writes wait for long.
const (
	foldPeople = 100
	foldTasks  = 200
)

// What finds texts that an older program has written, and writes what words are searched for in. The tasks are walked
// by id, whether they have it or not, so that no step reads more than it is told to; a task that was written since is
// left as it is. The owner's lock comes first, as in every write of several tasks.
var (
	isUnfolded   = both(`select user_id from todod.users where user_id = $1 and unfolded`)
	findUnfolded = both(`select user_id from todod.users where unfolded and user_id > $1 order by user_id limit $2`)
	readTexts    = both(`select user_id, id, title, description, search is null from todod.tasks
		where user_id = $1 and id > $2 order by id limit $3`)
	lockUser  = both(`select user_id from todod.users where user_id = $1 for no key update`)
	putSearch = both(`update todod.tasks set search = $3 where user_id = $1 and id = $2 and search is null`)
	allFolded = both(`update todod.users set unfolded = null where user_id = $1`)
)

// Searchable lets owner's tasks be searched, if f does that: those that an older program has written first get what
// words are searched for in.
func (b *Base) Searchable(ctx context.Context, owner todo.UserID, f todo.Filter) error {
	if len(f.Words) == 0 {
		return nil
	}
	var unfolded []todo.UserID
	if err := b.engine.ReadTogether(ctx, owner, all(&unfolded, readID, isUnfolded, owner)); err != nil {
		return err
	}
	if len(unfolded) == 0 {
		return nil
	}
	err := b.foldOf(ctx, owner)
	if todo.CodeOf(err) == todo.Conflict { // nobody who searches is told of a lock
		return todo.ServiceUnavailable(err)
	}
	return err
}

// FoldOldTexts implements todo.Maintenance.
func (b *Base) FoldOldTexts(ctx context.Context) (people int, err error) {
	var failed []error
	last := todo.UserID("")
	for ctx.Err() == nil {
		var owners []todo.UserID
		if err := b.engine.Maintain(ctx, all(&owners, readID, findUnfolded, last, foldPeople)); err != nil {
			return people, errors.Join(append(failed, err)...)
		}
		for _, owner := range owners {
			if err := b.foldOf(ctx, owner); err != nil {
				failed = append(failed, err)
				continue
			}
			people++
		}
		if len(owners) < foldPeople {
			return people, errors.Join(failed...)
		}
		last = owners[len(owners)-1]
	}
	return people, errors.Join(append(failed, ctx.Err())...)
}

// foldOf writes what words are searched for in for all of owner's tasks that have none, in short steps.
func (b *Base) foldOf(ctx context.Context, owner todo.UserID) error {
	last := int64(0)
	for {
		step := []Statement{run(lockUser, owner)}
		n := 0
		err := b.engine.Read(ctx, owner, Statement{readTexts, []any{owner, last, foldTasks}, func(rows iter.Seq[Row]) {
			step, n = step[:1], 0
			for r := range rows {
				n++
				r.Owner(owner)
				last = r.Int64()
				if text := searchText(r.Text(), NullText(r)); r.Bool() {
					step = append(step, run(putSearch, owner, last, text))
				}
			}
		}})
		if err != nil {
			return err
		}
		if n < foldTasks {
			step = append(step, run(allFolded, owner))
		}
		if len(step) > 1 {
			err = b.engine.Write(ctx, owner, step...)
		}
		if err != nil || n < foldTasks {
			return err
		}
	}
}
