package main

import (
	"fmt"
	"strconv"
)

// firstUser comes before the number of the first user. Ids are digits, because pgbench calculates them, and as many of
// them as it can, because real ids are long.
const firstUser = 1_000_000_000_000_000_000

// busiest is how many tasks of each user are read and written.
const busiest = 16

// A dataset is so many users with so many tasks each. Users have the numbers 1 to users. The first task of every user
// comes before the second of any, as if all of them had used todod at the same time: a user's tasks are spread over the
// table.
type dataset struct{ users, tasks int }

// user returns the id of the user of that number.
func (d dataset) user(number int) string { return strconv.Itoa(firstUser + number) }

// busy returns how many tasks of each user are read and written.
func (d dataset) busy() int { return min(busiest, d.tasks) }

// stride returns how many tasks lie from one of a user's busy tasks to the next.
func (d dataset) stride() int { return d.tasks / d.busy() }

// busyTask returns the id of one of a user's busy tasks; k counts from 0.
func (d dataset) busyTask(user, k int) int { return k*d.stride()*d.users + user }

// recurs returns the condition in SQL that the jth task of a user recurs: that behind each busy one, every day.
func (d dataset) recurs() string { return fmt.Sprintf("j %% %d = 2 %% %[1]d", d.stride()) }
