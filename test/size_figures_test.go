//go:build heavy && figures

package test

import "time"

// mixedRequests is how many requests the isolation test sends.
const mixedRequests = 100_000

// How long readers follow writers, and how often their listeners' connections are killed meanwhile.
const (
	eventsFor = 30 * time.Second
	killEvery = 3 * time.Second
)

// floodAddresses is from how many addresses the flood comes: more than todod keeps count of.
const floodAddresses = 120_000

// How many tasks a hostile neighbour has, and how long they do each of the things they do.
const (
	neighbourTasks = 5_000
	disturbed      = 10 * time.Second
)

// What a thousand connections do: streams stay for as long as stay, in which their memory is looked at, and slow ones slow
// somebody down for as long as slowFor.
const (
	stay    = 20 * time.Second
	slowFor = 20 * time.Second
)

// rotations is how often a secret is put in the place of another.
const rotations = 9

// How many backups are made under load, of how many tasks to begin with, and how much is written before each.
const (
	backups     = 20
	backupTasks = 100_000
	backupEvery = 2 * time.Second
)
