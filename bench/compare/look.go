package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A look is what a server and its database have used until a moment.
type look struct {
	server, database time.Duration // processor time
	heap             heap          // of todod: peers don't say
	scrape           heap          // what asking for the heap takes by itself
}

// A heap is what was ever allocated on a heap.
type heap struct{ allocations, bytes float64 }

// minus returns h without what other had.
func (h heap) minus(other heap) heap {
	return heap{h.allocations - other.allocations, h.bytes - other.bytes}
}

// look looks at s.
func (s *server) look(ctx context.Context) (l look, err error) {
	if s.metrics != "" {
		if err := l.scrapeTwice(ctx, s.metrics); err != nil {
			return look{}, err
		}
	}
	if l.server, err = cpuOf(s.process.id); err != nil {
		return look{}, err
	}
	for _, p := range s.database {
		used, err := cpuOf(p.id)
		if err != nil {
			return look{}, err
		}
		l.database += used
	}
	return l, nil
}

// scrapeTwice asks for the metrics at url twice, to learn what asking costs.
func (l *look) scrapeTwice(ctx context.Context, url string) error {
	first, err := scrape(ctx, url)
	if err != nil {
		return err
	}
	l.heap, err = scrape(ctx, url)
	l.scrape = l.heap.minus(first)
	return err
}

// addUsage adds to s what was used between two looks, without what the looks took.
func (s *sample) addUsage(before, after look) {
	used := after.heap.minus(before.heap).minus(after.scrape).minus(after.scrape)
	s.allocations, s.allocated = max(0, used.allocations), max(0, used.bytes)
	s.serverCPU, s.databaseCPU = after.server-before.server, after.database-before.database
}

// scrape asks for the metrics at url.
func scrape(ctx context.Context, url string) (h heap, err error) {
	values, err := scrapeMetrics(ctx, url, "go_memstats_mallocs_total", "go_memstats_alloc_bytes_total")
	if err != nil {
		return heap{}, err
	}
	return heap{values[0], values[1]}, nil
}

// scrapeMetrics asks for the metrics at url and returns the values of those without labels.
func scrapeMetrics(ctx context.Context, url string, names ...string) ([]float64, error) {
	answer, err := ask(ctx, http.MethodGet, url, http.StatusOK, nil)
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(names))
	for i, name := range names {
		var errMetric error
		values[i], errMetric = metric(answer.body, name)
		err = errors.Join(err, errMetric)
	}
	return values, err
}

// metric returns the value of a metric without labels.
func metric(text []byte, name string) (float64, error) {
	for line := range bytes.Lines(text) {
		if value, ok := strings.CutPrefix(string(line), name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("todod has no metric %s", name)
}
