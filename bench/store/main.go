// Command store puts load on a store without HTTP in front, as the use cases call it, and prints how many operations a
// second it has carried out and how long they took. A PostgreSQL must have been migrated already (todod migrate). People
// and tasks it makes itself, and leaves them there.
//
//	go run ./bench/store -url postgres://… -op toggle -clients 64 -for 3s
//	go run ./bench/store -url /tmp/bench.db -op toggle
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"

	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// options are what is asked for.
type options struct {
	url, op, profile string
	users, clients   int
	pool             int
	duration         time.Duration
}

// result is what is printed, as JSON.
type result struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Failed    int     `json:"failed"`
}

// main puts the load on that the flags ask for.
func main() {
	var o options
	flag.StringVar(&o.url, "url", "", "a PostgreSQL, migrated, or the file of an SQLite database")
	flag.StringVar(&o.op, "op", "create", "create, toggle, update, get or list")
	flag.StringVar(&o.profile, "profile", "", "where to write a CPU profile")
	flag.IntVar(&o.users, "users", 200, "how many people take part")
	flag.IntVar(&o.clients, "clients", 64, "how many operations are under way at a time")
	flag.IntVar(&o.pool, "pool", 20, "connections at most")
	flag.DurationVar(&o.duration, "for", 3*time.Second, "how long it takes")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "store:", err)
		os.Exit(1)
	}
}

// run puts the load on and prints what came of it.
func run(ctx context.Context, o options) error {
	s, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	l := &load{
		options: o, ctx: ctx,
		tasks: todo.NewService(s, time.Now, todo.Rules{Quota: 1 << 30, KeysRemembered: 24 * time.Hour}),
	}
	if err := l.prepare(s); err != nil {
		return err
	}
	l.spend(300 * time.Millisecond) // connects and prepares statements
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	return json.NewEncoder(os.Stdout).Encode(l.spend(o.duration))
}

// A store is what load is put on.
type store interface {
	todo.Database
	io.Closer
}

// open opens the store that o.url names.
func open(ctx context.Context, o options) (store, error) {
	if !strings.HasPrefix(o.url, "postgres") {
		return sqlite.Open(ctx, o.url)
	}
	return postgres.Connect(ctx, postgres.Config{URL: o.url, AsIs: true, PoolSize: o.pool, PoolTimeout: 30 * time.Second})
}

// A load is people with tasks.
type load struct {
	options
	ctx    context.Context //nolint:containedctx // of the whole program
	tasks  *todo.Service
	people []todo.User
	ids    [][]int64 // of each person's tasks
}

// tasksEach is how many tasks of each person take part.
const tasksEach = 20

// prepare finds people's tasks, and makes those that are missing.
func (l *load) prepare(s todo.Store) error {
	for i := range l.users {
		by := todo.User{ID: todo.UserID(fmt.Sprintf("bench-user-%d", i+1)), AsOf: time.Now()}
		var ids []int64
		page, err := s.Tasks(l.ctx, by.ID, todo.Filter{Limit: tasksEach, Order: todo.NewestFirst()})
		if err != nil {
			return err
		}
		for _, t := range page.Tasks {
			ids = append(ids, t.ID)
		}
		for len(ids) < tasksEach {
			out, err := l.tasks.Create(l.ctx, by, todo.Patch{Title: todo.Some("a task")}, todo.WriteOptions{})
			if err != nil {
				return err
			}
			ids = append(ids, out.Task.ID)
		}
		l.people, l.ids = append(l.people, by), append(l.ids, ids)
	}
	return nil
}

// spend carries out operations for that long.
func (l *load) spend(duration time.Duration) (r result) {
	took := make([][]time.Duration, l.clients)
	failed := make([]int, l.clients)
	var all sync.WaitGroup
	start := time.Now()
	for c := range l.clients {
		all.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(c), 1)) //nolint:gosec // no secret
			for time.Since(start) < duration {
				begun := time.Now()
				if err := l.one(rnd); err != nil {
					failed[c]++
				}
				took[c] = append(took[c], time.Since(begun))
			}
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	times := slices.Concat(took...)
	slices.Sort(times)
	for _, n := range failed {
		r.Failed += n
	}
	r.PerSecond = float64(len(times)) / elapsed.Seconds()
	if n := len(times); n > 0 {
		r.P50, r.P99 = times[n/2].Seconds()*1000, times[n*99/100].Seconds()*1000
	}
	return r
}

// one carries out an operation of some person.
func (l *load) one(rnd *rand.Rand) (err error) {
	i := rnd.IntN(len(l.people))
	by, id := l.people[i], l.ids[i][rnd.IntN(len(l.ids[i]))]
	switch l.op {
	case "create":
		_, err = l.tasks.Create(l.ctx, by, todo.Patch{Title: todo.Some("a new task of the benchmark")}, todo.WriteOptions{})
	case "toggle":
		_, err = l.tasks.Toggle(l.ctx, by, id, todo.WriteOptions{})
	case "update":
		title := fmt.Sprintf("title %d", rnd.Int64())
		_, err = l.tasks.Update(l.ctx, by, id, todo.Patch{Title: todo.Some(title)}, todo.WriteOptions{})
	case "get":
		_, err = l.tasks.Task(l.ctx, by, id)
	case "list":
		_, err = l.tasks.Tasks(l.ctx, by, todo.Filter{Limit: 50})
	default:
		err = fmt.Errorf("unknown operation %q", l.op)
	}
	return err
}
