//go:build !heavy

package test

import "time"

// mixedRequests is how many requests the isolation test sends; make test sends many more.
const mixedRequests = 3_000

// How long readers follow writers, and how often their listeners' connections are killed meanwhile; longer in make test.
const (
	eventsFor = 3 * time.Second
	killEvery = time.Second
)

// How many backups are made under load, of how many tasks to begin with, and how much is written before each.
const (
	backups     = 3
	backupTasks = 1_600
	backupEvery = 200 * time.Millisecond
)
