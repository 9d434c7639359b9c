//go:build heavy

package postgres

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
	"todod/internal/todo"
)

// The size of the database whose plans are looked at.
const (
	manyUsers = 1000
	tasksEach = 1000
)

// loadMany makes manyUsers × tasksEach tasks in the database: a third without a due date, a tenth in the trash, half of them in
// one of a few lists, some a part of others, some with a label. user7 has the lists 70 to 74; its task 7007 has parts.
func loadMany(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	exec(t, conn, fmt.Sprintf(`insert into todod.tasks
			(user_id, version, title, priority, completed, completed_at, due_date, created_at, updated_at, deleted_at,
			list_id, parent_id, label_ids)
		select 'user' || n %% %d, n, 'task ' || n, n %% 3 + 1, n %% 4 = 0, case when n %% 4 = 0 then created end,
			case when n %% 3 <> 0 then created + n %% 60 * interval '1 day' end, created, created, case when n / 1000 %% 10 = 0 then created end,
			case when n / 1000 %% 2 = 0 then n %% 1000 * 10 + n / 1000 %% 5 end, case when n / 1000 %% 20 = 1 then 7000 + n %% 1000 end,
			case when n / 1000 %% 25 = 1 then '[9]'::jsonb end
		from generate_series(1, %d) as n, lateral (select $1::timestamptz + n * interval '1 second' as created) as c`,
		manyUsers, manyUsers*tasksEach), noon)
	exec(t, conn, "vacuum analyze todod.tasks")
}

// TestPlansAtAMillionRows: every list is served by an index of its user's rows, and nothing is sorted where an index gives
// the order. It looks at the plan for these very arguments and at the one for any, which PostgreSQL may choose either of.
func TestPlansAtAMillionRows(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	loadMany(t, conn)
	exec(t, conn, "set role todod_app")
	exec(t, conn, "set todod.user_id = 'user7'")
	yes, high := true, todo.High
	by := func(key todo.Key, desc bool) []todo.Order { return []todo.Order{{By: key, Desc: desc}} }
	soon := noon.AddDate(0, 0, 30)
	last := &todo.Task{ID: 1 << 40, CreatedAt: noon.Add(500_000 * time.Second)}
	for name, c := range map[string]struct {
		filter todo.Filter
		index  string
		sorts  bool
	}{
		"newest first":              {todo.Filter{Order: todo.NewestFirst()}, "tasks_newest", false},
		"a later page":              {todo.Filter{Order: todo.NewestFirst(), Offset: 500}, "tasks_newest", false},
		"a page by cursor":          {todo.Filter{Order: todo.NewestFirst(), After: last}, "tasks_newest", false},
		"the trash":                 {todo.Filter{Order: todo.LatestDeletedFirst(), Trash: true}, "tasks_trash", false},
		"unless it has changed":     {todo.Filter{Order: todo.NewestFirst(), Unless: &todo.State{Epoch: 1, Rev: 1}}, "tasks_newest", false},
		"oldest first":              {todo.Filter{Order: by(todo.ByCreated, false)}, "tasks_newest", false},
		"completed":                 {todo.Filter{Order: todo.NewestFirst(), Completed: &yes}, "tasks_newest", false},
		"priority":                  {todo.Filter{Order: todo.NewestFirst(), Priority: &high}, "tasks_newest", false},
		"words":                     {todo.Filter{Order: todo.NewestFirst(), Words: []string{"task", "7"}}, "tasks_newest", true}, // few match: they are sorted
		"due from":                  {todo.Filter{Order: by(todo.ByDue, false), DueAfter: &soon}, "tasks_due", false},
		"due until":                 {todo.Filter{Order: by(todo.ByDue, false), DueBefore: &soon}, "tasks_due", false},
		"start from":                {todo.Filter{Order: by(todo.ByStart, false), StartAfter: &soon}, "tasks_start", false},
		"start until":               {todo.Filter{Order: by(todo.ByStart, false), StartBefore: &soon}, "tasks_start", false},
		"a list":                    {todo.Filter{Order: todo.NewestFirst(), List: new(int64(72))}, "", true}, // by age, or the list sorted
		"a list in its order":       {todo.Filter{Order: by(todo.ByPosition, false), List: new(int64(72))}, "tasks_list", true},
		"the inbox in its order":    {todo.Filter{Order: by(todo.ByPosition, false), List: new(int64(0))}, "", true},
		"the parts of a task":       {todo.Filter{Order: by(todo.ByPosition, false), Parent: new(int64(7007))}, "tasks_parent", true},
		"a label":                   {todo.Filter{Order: todo.NewestFirst(), Labels: []int64{9}}, "tasks_newest", true}, // few match: they are sorted
		"all by due date":           {todo.Filter{Order: by(todo.ByDue, false)}, "", true},
		"by due date, latest first": {todo.Filter{Order: by(todo.ByDue, true)}, "", true},
		"by title":                  {todo.Filter{Order: by(todo.ByTitle, false)}, "", true},
		"by priority":               {todo.Filter{Order: by(todo.ByPriority, true)}, "", true},
		"by state":                  {todo.Filter{Order: by(todo.ByCompleted, false)}, "", true},
		"by last change":            {todo.Filter{Order: by(todo.ByUpdated, true)}, "", true},
	} {
		c.filter.Limit = 50
		sql, args := listTasks("user7", c.filter)
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := planOf(t, conn, mode, sql, args)
			if strings.Contains(plan, "Seq Scan on tasks") || !strings.Contains(plan, "Index Cond: ((user_id = ") && !strings.Contains(plan, "Index Cond: (user_id = ") {
				t.Errorf("%s, %s: not by an index of the user's rows:\n%s", name, mode, plan)
			}
			if !strings.Contains(plan, c.index) || strings.Contains(plan, "Sort Key") && !c.sorts {
				t.Errorf("%s, %s: want %q, sorted %v:\n%s", name, mode, c.index, c.sorts, plan)
			}
			counting := c.filter
			counting.Count = true
			sql, args := listTasks("user7", counting)
			if count := planOf(t, conn, mode, sql, args); strings.Contains(count, "Seq Scan on tasks") {
				t.Errorf("counting %s, %s:\n%s", name, mode, count)
			}
		}
	}
}

// TestCompletionsAtAMillionRows: a page of completions is read in the order of an index, from where it begins to where it ends,
// whichever plan PostgreSQL chooses.
func TestCompletionsAtAMillionRows(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	loadMany(t, conn)
	exec(t, conn, fmt.Sprintf(`insert into todod.users (user_id, rev, listed, changed_at, created_at)
		select 'user' || n, 2000000, 2000000, $1, $1 from generate_series(0, %d) as n`, manyUsers-1), noon)
	exec(t, conn, fmt.Sprintf(`insert into todod.occurrences (user_id, rev, task_id, slot, due_date, due_all_day, skipped, at)
		select t.user_id, t.version, t.id, $1, $1, true, false, t.created_at from todod.tasks t where t.version <= %d`, manyUsers*tasksEach), noon)
	exec(t, conn, "vacuum analyze todod.occurrences")
	const page = 50
	last := &todo.Completion{At: noon.Add(manyUsers * tasksEach / 2 * time.Second), Rev: manyUsers * tasksEach / 2}
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		exec(t, conn, "do $$ begin execute format('alter database %I set plan_cache_mode = "+mode+"', current_database()); end $$")
		s, plans := explained(t, url)
		for name, c := range map[string]struct {
			since, until time.Time
			before       *todo.Completion
		}{
			"the first page": {until: todo.EndOfTime},
			"a page within":  {until: todo.EndOfTime, before: last},
			"from a time on": {since: noon.Add(manyUsers * (tasksEach - 100) * time.Second), until: todo.EndOfTime},
			"until a time":   {until: last.At},
		} {
			plans.take()
			found, _, err := s.Completions(t.Context(), "user7", c.since, c.until, c.before, page)
			if err != nil || len(found) != page {
				t.Fatalf("%s, %s: %d completions, %v", name, mode, len(found), err)
			}
			told := strings.Join(plans.plans, "\n")
			if !strings.Contains(told, `"Index Name": "occurrences_at"`) {
				t.Errorf("%s, %s: not by the index:\n%s", name, mode, told)
			}
			// Of the person's tasks those are all looked at that are completed; of occurrences, and their tasks, a page.
			if rows := plans.rowsRead(t); rows > tasksEach+3*page+10 {
				t.Errorf("%s, %s: %d rows were read:\n%s", name, mode, rows, told)
			}
		}
	}
}

// planOf returns the plan of a prepared statement under a plan_cache_mode.
func planOf(t *testing.T, conn *pgx.Conn, mode, sql string, args []any) string {
	t.Helper()
	exec(t, conn, "set plan_cache_mode = "+mode)
	exec(t, conn, "prepare q as "+sql)
	defer exec(t, conn, "deallocate q")
	placeholders := make([]string, len(args))
	for i := range args {
		placeholders[i] = fmt.Sprintf("$%d", i+1)
	}
	rows, err := conn.Query(t.Context(), "explain execute q ("+strings.Join(placeholders, ", ")+")",
		append([]any{pgx.QueryExecModeSimpleProtocol}, plain(args)...)...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(lines, "\n")
}

// plain returns args as types that can be written into a statement's text.
func plain(args []any) []any {
	all := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case todo.UserID:
			all[i] = string(v)
		case todo.Priority:
			all[i] = int(v)
		default:
			all[i] = v
		}
	}
	return all
}
