//go:build heavy && !figures

package test

import "time"

// mixedRequests is how many requests the isolation test sends.
const mixedRequests = 30_000

// How long readers follow writers, and how often their listeners' connections are killed meanwhile.
const (
	eventsFor = 8 * time.Second
	killEvery = 2 * time.Second
)

// floodAddresses is from how many addresses the flood comes.
const floodAddresses = 3_000

// How many tasks a hostile neighbour has, and how long they do each of the things they do.
const (
	neighbourTasks = 1_000
	disturbed      = 3 * time.Second
)

// How many backups are made under load, of how many tasks to begin with, and how much is written before each.
const (
	backups     = 4
	backupTasks = 10_000
	backupEvery = time.Second
)
