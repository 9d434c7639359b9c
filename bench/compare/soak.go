package main

import (
	"context"
	"errors"
	"os"
	"time"
)

// A standing is how a todod stands under load that goes on.
type standing struct {
	at         time.Duration // since the load began
	memory     uint64        // in bytes
	goroutines float64
	files      float64 // open
}

// A soaking is how a todod fared under mixed load that went on for long.
type soaking struct {
	title     string
	load      sample
	standings []standing
}

// settling is the part of a soak that doesn't count for the slopes: caches and pools fill.
const settling = 5 // a fifth

// measureSoak has wrk send all operations, mixed, for long, and looks at todod meanwhile.
func (b *bench) measureSoak(ctx context.Context, name string) (result soaking, err error) {
	e, err := b.open(ctx, name)
	defer func() { err = errors.Join(err, e.close()) }()
	if err != nil {
		return soaking{}, err
	}
	result.title = e.title
	s := e.contestants[0].(*server) // a soak has no pgbench and nobody else
	requests, err := s.writeMixed(ctx, b.operations, threads(b.clients[0]))
	if err != nil {
		return result, err
	}
	defer requests.remove()
	watching, stop := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- b.watch(watching, s, &result.standings) }()
	progress("%s: %d clients for %s", e.title, b.clients[0], b.soak)
	result.load, err = requests.send(ctx, s.url, b.clients[0], b.soak)
	stop()
	return result, errors.Join(err, <-watched)
}

// watch looks at s again and again until ctx ends. The log of s is emptied each time, as a long one fills the disk.
func (b *bench) watch(ctx context.Context, s *server, all *[]standing) error {
	began := time.Now()
	ticks := time.NewTicker(b.every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		now, err := s.stands(context.WithoutCancel(ctx))
		if err = errors.Join(err, s.process.forget()); err != nil {
			return err
		}
		now.at = time.Since(began)
		*all = append(*all, now)
		progress("%s: %s MiB, %.0f goroutines, %.0f files",
			now.at.Round(time.Second), mebibytes(now.memory), now.goroutines, now.files)
	}
}

// stands looks at s.
func (s *server) stands(ctx context.Context) (now standing, err error) {
	if now.memory, err = memoryOf(s.process.id, "VmRSS"); err != nil {
		return standing{}, err
	}
	files, err := os.ReadDir(procFile(s.process.id, "fd"))
	if err != nil {
		return standing{}, err
	}
	now.files = float64(len(files))
	goroutines, err := scrapeMetrics(ctx, s.metrics, "go_goroutines")
	if err != nil {
		return standing{}, err
	}
	now.goroutines = goroutines[0]
	return now, nil
}

// counted returns the standings that count for the slopes.
func (r soaking) counted() []standing {
	return r.standings[len(r.standings)/settling:]
}

// slope returns by how much a number rises in an hour, by the straight line that fits best, 0 for less than two.
func slope(all []standing, get func(standing) float64) float64 {
	var meanX, meanY, xy, xx float64
	for _, s := range all {
		meanX += s.at.Hours() / float64(len(all))
		meanY += get(s) / float64(len(all))
	}
	for _, s := range all {
		x := s.at.Hours() - meanX
		xy += x * (get(s) - meanY)
		xx += x * x
	}
	if xx == 0 {
		return 0
	}
	return xy / xx
}

// shares is how often each operation comes in a mix, for one create.
var shares = map[string]int{"get": 8, "list50": 4, "list50-unchanged": 4, "create": 1, "toggle": 2, "update": 2}

// writeMixed writes what wrk sends for operations, mixed: each user has all of them in turn, reads more often.
func (s *server) writeMixed(ctx context.Context, operations []operation, parts int) (requests, error) {
	var mixed []script
	for _, op := range operations {
		one, err := s.script(ctx, op)
		if err != nil {
			return requests{}, err
		}
		for range shares[op.name] {
			mixed = append(mixed, one)
		}
	}
	return s.write(mixed, 2, s.data.busy(), parts) // two, so that each title is followed by another
}
