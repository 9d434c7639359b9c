package postgres

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/pgtest"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// TestBounded: on tables that were never analysed, as they are right after much was written.
func TestBounded(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	for _, sql := range []string{
		"alter table todod.tasks set (autovacuum_enabled = off)", "alter table todod.changes set (autovacuum_enabled = off)",
		"alter table todod.users set (autovacuum_enabled = off)",
		fmt.Sprintf(`insert into todod.users (user_id, rev, task_count, changed_at, created_at) values ('%s', %d, %d, $1, $1)`,
			storetest.BoundedOwner, storetest.BoundedLog, storetest.BoundedTasks),
		fmt.Sprintf(`insert into todod.tasks (user_id, id, version, title, description, search, created_at, updated_at)
			select '%s', id, %s, 'title', case when id = 1 then '%d' end, 'title', $1, $1 from generate_series(1, %d) as id`,
			storetest.BoundedOwner, storetest.BoundedVersion, 3*storetest.BoundedTasks+storetest.BoundedEdits, storetest.BoundedTasks),
		fmt.Sprintf(`insert into todod.changes (user_id, rev, prev_rev, set_rev, op, task_id, before, description, title, completed, priority,
				due_all_day, completed_at, created_at, updated_at, at)
			select '%s', rev, prev_rev, set_rev, op, task_id, before::jsonb, description, 'title', op = 3, 2, false, case when op = 3 then $1::timestamptz end,
				$1, $1, $1 from (with n as (select generate_series(1, %d) as rev) %s) as l`,
			storetest.BoundedOwner, storetest.BoundedLog, storetest.BoundedLogRows),
	} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{noon}
		}
		exec(t, conn, sql, args...)
	}
	exec(t, conn, fmt.Sprintf("select setval('todod.task_ids', %d)", storetest.BoundedTasks))
	s, plans := explained(t, url)
	storetest.RunBounded(t, storetest.Of(s), func(do func()) int {
		plans.take()
		do()
		return plans.rowsRead(t)
	})
}

// TestBoundedPassed: the same of tables with a task that has come back very often.
func TestBoundedPassed(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	for _, table := range []string{"tasks", "changes", "users", "occurrences"} {
		exec(t, conn, "alter table todod."+table+" set (autovacuum_enabled = off)")
	}
	n := storetest.PassedTimes + 1
	exec(t, conn, `insert into todod.users (user_id, rev, task_count, changed_at, created_at) values ($1, $2, 1, $3, $3)`,
		storetest.BoundedOwner, n, noon)
	exec(t, conn, `insert into todod.tasks (user_id, id, version, title, due_date, due_all_day, recurrence, search, created_at, updated_at)
		values ($1, 1, $2, 'title', $3, true, $4, 'title', $5, $5)`,
		storetest.BoundedOwner, n, storetest.PassedDue, storetest.PassedRecurrence, noon)
	exec(t, conn, `insert into todod.changes (user_id, rev, prev_rev, set_rev, op, task_id, title, completed, priority, due_date, due_all_day,
			recurrence, occurrence, created_at, updated_at, at)
		select $1, rev, rev - 1, rev, case when rev = 1 then 1 else 3 end, 1, 'title', false, 2, $3, true, $4,
			case when rev > 1 then (`+storetest.PassedOccurrence+`)::jsonb end, $5, $5, $5 from generate_series(1::bigint, $2) as rev`,
		storetest.BoundedOwner, n, storetest.PassedDue, storetest.PassedRecurrence, noon)
	exec(t, conn, "select setval('todod.task_ids', 1)")
	s, plans := explained(t, url)
	storetest.RunPassedBounded(t, storetest.Of(s), func(do func()) int {
		plans.take()
		do()
		return plans.rowsRead(t)
	})
}

// TestAPurgeReadsNothingOfOtherTasks: beside a task with a long log, on tables that were never analysed.
func TestAPurgeReadsNothingOfOtherTasks(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	exec(t, conn, `insert into todod.users (user_id, rev, trash_count, changed_at, created_at) values ('ada', 60000, 1, $1, $1)`, noon)
	exec(t, conn, `insert into todod.tasks (user_id, id, version, title, created_at, updated_at, deleted_at)
		values ('ada', 1, 60000, 'title', $1, $1, null), ('ada', 2, 2, 'title', $1, $1, $1)`, noon)
	exec(t, conn, `insert into todod.changes (user_id, rev, prev_rev, set_rev, op, task_id, title, completed, priority, due_all_day,
			created_at, updated_at, at)
		select 'ada', n, case when n < 4 then 0 else n - 1 end, n, case n when 2 then 5 else 2 end, case n when 2 then 2 else 1 end,
			'title', false, 2, false, $1, $1, $1 from generate_series(1, 60000) as n`, noon)
	s, plans := explained(t, url)
	service := todo.NewService(s, func() time.Time { return noon }, todo.Rules{Quota: 10})
	plans.take()
	if _, err := service.Purge(t.Context(), todo.User{ID: "ada", AsOf: noon}, 2, todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if rows := plans.rowsRead(t); rows > 30 {
		t.Errorf("%d rows were read", rows)
	}
}

// planLog collects the plans of what a store has carried out, as the server tells them.
type planLog struct {
	mu    sync.Mutex
	plans []string
}

// explained returns a store whose statements the server explains, with what they really read.
func explained(t *testing.T, url string) (*Store, *planLog) {
	t.Helper()
	s := openURL(t, url)
	plans, cfg := &planLog{}, s.pool.Config()
	s.pool.Close()
	for name, value := range map[string]string{
		"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_analyze": "on",
		"auto_explain.log_timing": "off", "auto_explain.log_format": "json", "auto_explain.log_level": "notice",
	} {
		cfg.ConnConfig.RuntimeParams[name] = value
	}
	cfg.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if _, plan, found := strings.Cut(n.Message, "plan:\n"); found {
			plans.mu.Lock()
			defer plans.mu.Unlock()
			plans.plans = append(plans.plans, plan)
		}
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.pool = pool
	return s, plans
}

// take returns the plans that have come since it was last called.
func (l *planLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	plans := l.plans
	l.plans = nil
	return plans
}

// A planNode is a step of a plan, as the server describes it.
type planNode struct {
	Relation string     `json:"Relation Name"`
	Rows     float64    `json:"Actual Rows"`
	Filtered float64    `json:"Rows Removed by Filter"`
	Recheck  float64    `json:"Rows Removed by Index Recheck"`
	Loops    float64    `json:"Actual Loops"`
	Type     string     `json:"Node Type"`
	Plans    []planNode `json:"Plans"`
}

// read returns how many rows of tables n and what is below it have read.
func (n *planNode) read() float64 {
	rows := 0.0
	if n.Relation != "" && strings.HasSuffix(n.Type, "Scan") {
		rows = (n.Rows + n.Filtered + n.Recheck) * n.Loops
	}
	for i := range n.Plans {
		rows += n.Plans[i].read()
	}
	return rows
}

// rowsRead returns how many rows the statements have read whose plans have come.
func (l *planLog) rowsRead(t *testing.T) int {
	t.Helper()
	rows := 0.0
	for _, text := range l.take() {
		var explained struct{ Plan planNode }
		if err := json.Unmarshal([]byte(text), &explained); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		rows += explained.Plan.read()
	}
	return int(rows)
}
