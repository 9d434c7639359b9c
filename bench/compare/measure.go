package main

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A contestant answers an operation: PostgreSQL by itself, a todod, or a peer.
type contestant interface {
	// label returns its name in the report.
	label() string
	// plays tells whether it answers op at all.
	plays(op operation) bool
	// sample has so many clients ask for op for that long.
	sample(ctx context.Context, op operation, clients int, length time.Duration) (sample, error)
}

// A row is what came of one operation for one contestant.
type row struct {
	operation  operation
	clients    int
	contestant string
	samples    []sample // one for each round
	ofLimit    []float64
	ofAgainst  []float64
}

// A section is all rows of an engine.
type section struct {
	title string
	rows  []row
}

// warmUp is how long each contestant works before it is measured: connections, statements and pages are there then.
const warmUp = time.Second

// measure measures all that was asked for on an engine.
func (b *bench) measure(ctx context.Context, name string) (s section, err error) {
	e, err := b.open(ctx, name)
	defer func() { err = errors.Join(err, e.close()) }()
	s.title = e.title
	if err != nil {
		return s, err
	}
	for _, c := range e.contestants {
		if !c.plays(b.operations[0]) {
			continue
		}
		if _, err := c.sample(ctx, b.operations[0], b.clients[0], warmUp); err != nil {
			return s, err
		}
	}
	for _, clients := range b.clients {
		for _, op := range b.operations {
			rows, err := b.compare(ctx, e, op, clients)
			if err != nil {
				return s, err
			}
			s.rows = append(s.rows, rows...)
		}
	}
	return s, nil
}

// compare measures one operation for all contestants in turn. Each round begins with another one of them, so that none
// always has to pay for what another leaves behind.
func (b *bench) compare(ctx context.Context, e *engine, op operation, clients int) ([]row, error) {
	players := slices.DeleteFunc(slices.Clone(e.contestants), func(c contestant) bool { return !c.plays(op) })
	rows := make([]row, len(players))
	for i, c := range players {
		rows[i] = row{operation: op, clients: clients, contestant: c.label()}
	}
	for round := range b.rounds {
		for turn := range players {
			i := (turn + round) % len(players)
			s, err := players[i].sample(ctx, op, clients, b.length)
			if err != nil {
				return nil, err
			}
			rows[i].samples = append(rows[i].samples, s)
			progress("%s, %s, %d clients, round %d: %s %.0f/s", e.title, op.name, clients, round+1, rows[i].contestant, s.rate)
		}
	}
	b.relate(rows)
	return rows, nil
}

// relate calculates what part of pgbench's rate the servers reach, and this tree's todod of each other's.
func (b *bench) relate(rows []row) {
	byName := map[string][]sample{}
	for _, r := range rows {
		byName[r.contestant] = r.samples
	}
	pgbench, tree := (*limit)(nil).label(), b.binaries[0].name
	for i, r := range rows {
		if r.contestant != pgbench {
			rows[i].ofLimit = ratios(r.samples, byName[pgbench])
		}
		if r.contestant == tree && b.against != "" {
			rows[i].ofAgainst = ratios(r.samples, byName[b.against])
		}
	}
}
