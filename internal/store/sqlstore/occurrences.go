package sqlstore

import (
	"context"
	"iter"
	"time"

	"todod/internal/todo"
)

// Occurrences are the columns of occurrences, of the change by which each passed.
var Occurrences = Columns[todo.Change]{
	number("rev", bigint, func(c *todo.Change) *todo.Rev { return &c.Occurrence.Rev }),
	number("task_id", bigint, func(c *todo.Change) *int64 { return &c.Task.ID }),
	at("slot", moment, func(c *todo.Change) *time.Time { return &c.Occurrence.Slot }),
	at("due_date", moment, func(c *todo.Change) *time.Time { return &c.Occurrence.Due.At }),
	at("due_all_day", boolean, func(c *todo.Change) *bool { return &c.Occurrence.Due.AllDay }),
	at("skipped", boolean, func(c *todo.Change) *bool { return &c.Occurrence.Skipped }),
	at("at", moment, func(c *todo.Change) *time.Time { return &c.Occurrence.At }),
}

// recurrence is the column of how a task recurs, null if it doesn't.
var recurrence = func() Column[todo.Task] {
	c := Holding("recurrence", "jsonb", func(t *todo.Task) []byte {
		if t.Recurrence == nil {
			return nil
		}
		text, _ := t.Recurrence.MarshalJSON() // texts, numbers and truths can always be written
		return text
	})
	c.Read = func(r Row, t *todo.Task) { t.Recurrence = readRecurrence(r) }
	return c
}()

// readRecurrence reads how a task recurs, nil for null.
func readRecurrence(r Row) *todo.Recurrence {
	if r.Null() {
		r.Skip(1)
		return nil
	}
	var recurs todo.Recurrence
	r.Fail(recurs.UnmarshalJSON(r.JSON()))
	return &recurs
}

// completions reads what was completed from $2 on, behind what was at $3 by the change $4, 0 for none, of the task $5: the tasks
// that are completed, which are all looked at, and the occurrences that have passed, in the order of an index.
var completions = besideState(`select * from (
		select * from (select t.user_id, t.id, t.title, t.completed_at as at, t.due_date, t.due_all_day, ` + never + ` as slot, t.recurrence,
				` + no + ` as skipped, 0 as rev
			from todod.tasks t where t.user_id = $1 and t.completed and t.version > ` + began + ` and t.completed_at >= $2
				and (t.completed_at < $3 or t.completed_at = $3 and ($4 > 0 or t.id < $5))
			order by t.completed_at desc, t.id desc limit $6) t
		union all
		select * from (select * from (select o.user_id, o.task_id,
				(select t.title from todod.tasks t where t.user_id = $1 and t.id = o.task_id) as title,
				o.at, o.due_date, o.due_all_day, o.slot, ` + nothing + `, o.skipped, o.rev
			from todod.occurrences o where o.user_id = $1 and o.rev > ` + began + ` and o.at >= $2 and o.at <= $3
				and (o.at < $3 or o.rev < $4)
			order by o.at desc, o.rev desc) o where o.title is not null order by o.at desc, o.rev desc limit $6) o
	) c order by at desc, rev desc, id desc limit $6`)

// No slot, no recurrence, and false, as both engines write them, of the types that stand beside them.
const (
	never   = `case when true then null else t.completed_at end`
	nothing = `(select t.recurrence from todod.tasks t where false)`
	no      = `not t.completed`
)

// Completions implements todo.Store.
func (b *Base) Completions(
	ctx context.Context, owner todo.UserID, since, until time.Time, before *todo.Completion, limit int,
) ([]todo.Completion, todo.State, error) {
	if before == nil {
		before = &todo.Completion{At: until}
	}
	return readBesideState(ctx, b, owner, readCompletion, completions,
		owner, since, before.At, before.Rev, before.Task, limit)
}

// readCompletion reads a row of completions.
func readCompletion(r Row, owner todo.UserID, c *todo.Completion) {
	r.Owner(owner)
	c.Task, c.Title, c.At = r.Int64(), r.Text(), r.Time()
	due, day := NullTime(r), r.Bool()
	if due != nil {
		c.Due = &todo.Date{At: *due, AllDay: day}
	}
	c.Slot = NullTime(r)
	if recurs := readRecurrence(r); recurs != nil {
		c.Slot = &recurs.Slot.At
	}
	c.Skipped, c.Rev = r.Bool(), todo.Rev(r.Int64())
}

// What is to be listed: unlistedEnd finds where a page of up to $2 changes ends that aren't listed, and unlisted reads those of them
// by which occurrences pass or come back.
var (
	isUnlisted  = both(`select rev > listed from todod.users where user_id = $1`)
	unlistedEnd = both(`select max(rev), count(*) from (select c.rev from todod.changes c where c.user_id = $1 and c.rev > ` + listed + `
		order by c.rev limit $2) as p`)
	unlisted = both(`select ` + ChangeOf("c") + ` from todod.changes c where c.user_id = $1 and c.rev > ` + listed + ` and c.rev <= $2
		and c.occurrence is not null order by c.rev`)
)

// listed is the revision up to which the changes of $1 are listed.
const listed = `(select u.listed from todod.users u where u.user_id = $1)`

// Unlisted implements todo.Store.
func (b *Base) Unlisted(ctx context.Context, owner todo.UserID) (is bool, err error) {
	err = b.engine.ReadTogether(ctx, owner, Statement{isUnlisted, []any{owner}, func(rows iter.Seq[Row]) {
		for r := range rows {
			is = r.Bool()
		}
	}})
	return is, err
}

// What is known of time zones: that of a person, those that open tasks are due in, with their rules, and these tasks.
var (
	getTimeZone = both(`select coalesce(time_zone, '') from todod.users where user_id = $1`)
	setTimeZone = both(`insert into todod.users (user_id, created_at, changed_at, time_zone) values ($1, $3, $3, $2)
		on conflict (user_id) do update set time_zone = excluded.time_zone`)

	// zonesInUse goes from one zone to the next in the index, past all the tasks in it.
	zonesInUse = both(`with recursive z (zone) as (
			select min(due_zone) from todod.tasks where due_zone is not null
			union all
			select (select min(t.due_zone) from todod.tasks t where t.due_zone > z.zone) from z where z.zone is not null
		) select zone from z where zone is not null`)
	getRules    = both(`select zone, rules from todod.zone_rules`)
	tasksInZone = both(`select user_id, id from todod.tasks where due_zone = $1 and (user_id, id) > ($2, $3) and not completed
		order by user_id, id limit $4`)
	rememberRules = both(`insert into todod.zone_rules (zone, rules) values ($1, $2)
		on conflict (zone) do update set rules = excluded.rules`)
)

// TimeZone implements todo.Store.
func (b *Base) TimeZone(ctx context.Context, owner todo.UserID) (zone string, err error) {
	err = b.engine.ReadTogether(ctx, owner, Statement{getTimeZone, []any{owner}, func(rows iter.Seq[Row]) {
		for r := range rows {
			zone = r.Text()
		}
	}})
	return zone, err
}

// SetTimeZone implements todo.Store.
func (b *Base) SetTimeZone(ctx context.Context, owner todo.UserID, zone string, at time.Time) error {
	return b.engine.Write(ctx, owner, run(setTimeZone, owner, zone, at))
}

// ZonesInUse implements todo.Maintenance.
func (b *Base) ZonesInUse(ctx context.Context) (map[string]string, error) {
	zones := map[string]string{}
	err := b.engine.Maintain(ctx, Statement{zonesInUse, nil, func(rows iter.Seq[Row]) {
		clear(zones)
		for r := range rows {
			zones[r.Text()] = ""
		}
	}})
	if err != nil || len(zones) == 0 {
		return nil, err
	}
	err = b.engine.Read(ctx, "", Statement{getRules, nil, func(rows iter.Seq[Row]) {
		for r := range rows {
			if zone, rules := r.Text(), r.Text(); rules != "" {
				if _, used := zones[zone]; used {
					zones[zone] = rules
				}
			}
		}
	}})
	return zones, err
}

// InZone implements todo.Maintenance.
func (b *Base) InZone(ctx context.Context, zone string, after todo.TaskRef, limit int) (tasks []todo.TaskRef, err error) {
	err = b.engine.Maintain(ctx, all(&tasks, func(r Row, t *todo.TaskRef) {
		t.Owner = todo.UserID(r.Text())
		t.ID = r.Int64()
	}, tasksInZone, zone, after.Owner, after.ID, limit))
	return tasks, err
}

// RememberRules implements todo.Maintenance.
func (b *Base) RememberRules(ctx context.Context, zone, rules string) error {
	return b.engine.Write(ctx, "", run(rememberRules, zone, rules))
}
