package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// TestEndedConnectionsCostNoRead: an administrator, or a database that goes to sleep, ends every connection again and
// again. Reads go on; a write answers only what happened; nothing is done twice.
func TestEndedConnectionsCostNoRead(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s := openURL(t, url)
	task := mustCreate(t, s, "ada")
	admin := connect(t, url)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()

	var reads, answered, unknown atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				if _, err := s.Task(context.Background(), "ada", task.ID, noon); err != nil {
					t.Errorf("a read failed: %v", err)
				}
				reads.Add(1)
			}
		})
		clients.Go(func() {
			for ctx.Err() == nil {
				p := todo.Patch{Title: todo.Some("x")}
				_, err := storetest.Of(s).Create(context.Background(), "bob", p, 1<<30, by("bob"))
				switch todo.CodeOf(err) {
				case 0:
					if err != nil {
						t.Errorf("a write failed: %v", err)
						return
					}
					answered.Add(1)
				case todo.Unavailable:
					unknown.Add(1)
				default:
					t.Errorf("a write answers %v", err)
				}
			}
		})
	}
	for range 20 {
		// Not before some have got through: on a busy machine it takes longer than this to connect.
		for read, wrote := reads.Load(), answered.Load(); ctx.Err() == nil && (reads.Load() < read+10 || answered.Load() == wrote); {
			time.Sleep(100 * time.Millisecond)
		}
		exec(t, admin, `select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`)
	}
	stop()
	clients.Wait()

	var made int64
	if err := admin.QueryRow(t.Context(), "select count(*) from todod.tasks where user_id = 'bob'").Scan(&made); err != nil {
		t.Fatal(err)
	}
	if made < answered.Load() || made > answered.Load()+unknown.Load() {
		t.Errorf("%d writes were answered, %d not, %d made", answered.Load(), unknown.Load(), made)
	}
	if reads.Load() < 100 || answered.Load() < 20 {
		t.Errorf("only %d reads and %d writes", reads.Load(), answered.Load())
	}
	t.Logf("%d reads, %d writes answered, %d not, %d made", reads.Load(), answered.Load(), unknown.Load(), made)
}
