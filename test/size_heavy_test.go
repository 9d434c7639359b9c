//go:build heavy && !figures

package test

import "time"

// mixedRequests is how many requests the isolation test sends.
const mixedRequests = 10_000

// How long readers follow writers, and how often their listeners' connections are killed meanwhile.
const (
	eventsFor = 5 * time.Second
	killEvery = time.Second
)

// floodAddresses is from how many addresses the flood comes.
const floodAddresses = 3_000

// How many tasks a hostile neighbour has, and how long they do each of the things they do.
const (
	neighbourTasks = 1_000
	disturbed      = time.Second
)

// What a thousand connections do: streams stay for as long as stay, in which their memory is looked at, and slow ones slow
// somebody down for as long as slowFor, which is long enough for each to be closed once.
const (
	stay    = 4 * time.Second
	slowFor = 12 * time.Second
)

// rotations is how often a secret is put in the place of another: each time in another way.
const rotations = 3

// How many backups are made under load, of how many tasks to begin with, and how much is written before each.
const (
	backups     = 3
	backupTasks = 10_000
	backupEvery = time.Second
)
