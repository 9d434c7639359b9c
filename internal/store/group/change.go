package group

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"todod/internal/todo"
)

// A Change is something that a person wants to change, on its way through a store.
type Change struct {
	Owner todo.UserID
	Need  todo.ReadSet

	// Write is what was decided, nothing if Err says why not, or if Locked.
	Write todo.WriteSet
	Err   error
	// Locked says that somebody else holds the owner's lock, so that nothing was decided.
	Locked bool

	// Context is that of whoever wants the change, but for its end: it says which trace the statements belong to.
	Context context.Context //nolint:containedctx // it travels with the change

	decide func(*todo.Snapshot) (todo.WriteSet, error)
}

// errNotCarriedOut is the error of a change until something becomes of it.
var errNotCarriedOut = errors.New("the change was not carried out")

// NewChange returns a change of owner's that nothing has become of yet.
func NewChange(
	ctx context.Context, owner todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) *Change {
	return &Change{Context: context.WithoutCancel(ctx), Owner: owner, Need: need, decide: decide, Err: errNotCarriedOut}
}

// Fail gives all changes this error.
func Fail(changes []*Change, err error) {
	for _, c := range changes {
		c.Write, c.Err, c.Locked = todo.WriteSet{}, err, false
	}
}

// Decide lets changes decide in their order, from what is known of each; nil is known of one whose owner's lock somebody
// else holds. Those of one person see what the ones before them decided: they share an Owner.
func Decide(changes []*Change, known []*todo.Snapshot) {
	type ownKey struct {
		owner todo.UserID
		key   string
	}
	var keys map[ownKey]*todo.StoredAnswer // that were written before
	for i, c := range changes {
		c.Write, c.Err = todo.WriteSet{}, nil
		if c.Locked = known[i] == nil; c.Locked {
			continue
		}
		if c.Need.Key != "" && known[i].Stored == nil {
			known[i].Stored = keys[ownKey{c.Owner, c.Need.Key}]
		}
		c.DecideFrom(known[i])
		if k := c.Write.Key; k != nil {
			if keys == nil {
				keys = map[ownKey]*todo.StoredAnswer{}
			}
			keys[ownKey{c.Owner, k.Key}] = &todo.StoredAnswer{
				Fingerprint: k.Fingerprint, At: k.At, Changes: c.Write.Changes, Total: len(c.Write.Changes), Answer: k.Answer,
			}
		}
	}
}

// DecideFrom lets c decide from what is known, and makes the owner in it what they are then. A panic is c's error.
func (c *Change) DecideFrom(known *todo.Snapshot) {
	defer func() {
		if v := recover(); v != nil {
			c.Write, c.Err = todo.WriteSet{}, fmt.Errorf("panic while deciding: %v\n%s", v, debug.Stack())
		}
	}()
	if c.Write, c.Err = c.decide(known); c.Err != nil {
		c.Write = todo.WriteSet{}
		return
	}
	for i := range c.Write.Changes {
		if c.Write.Changes[i].Task.Owner != c.Owner {
			c.Write, c.Err = todo.WriteSet{}, errForeignTask
			return
		}
	}
	c.Write.Apply(known.Owner)
}

// errForeignTask is the error of a change that would write a task of somebody else: a fault of whoever decided it.
var errForeignTask = errors.New("a change was decided of somebody else's task")
