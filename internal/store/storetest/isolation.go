package storetest

import (
	"context"
	"math"
	"testing"

	"todod/internal/todo"
)

// byID are all operations of a store that name a task.
var byID = map[string]func(s Store, owner todo.UserID, id int64) error{
	"read": func(s Store, owner todo.UserID, id int64) error {
		_, err := s.Task(context.Background(), owner, id, noon)
		return err
	},
	"update": func(s Store, owner todo.UserID, id int64) error {
		_, err := s.Update(context.Background(), owner, id, titled("stolen"), by(owner))
		return err
	},
	"update nothing": func(s Store, owner todo.UserID, id int64) error {
		_, err := s.Update(context.Background(), owner, id, todo.Patch{}, by(owner))
		return err
	},
	"toggle": func(s Store, owner todo.UserID, id int64) error {
		_, err := s.Toggle(context.Background(), owner, id, by(owner))
		return err
	},
	"delete": func(s Store, owner todo.UserID, id int64) error {
		return errOf(s.Delete(context.Background(), owner, id, by(owner)))
	},
}

// testOwnersAreApart: neither reads nor changes nor lists reach another's task.
func testOwnersAreApart(t *testing.T, s Store) {
	// Names that differ in case, in a trailing space or by a prefix are different people.
	ada := newUser()
	others := []todo.UserID{newUser(), ada + " ", ada + "x", ada[:len(ada)-1], "USER-" + ada[5:], "%", "' or '1'='1"}
	task := mustCreate(t, s, ada, titled("pay rent"))
	for _, bob := range others {
		mustCreate(t, s, bob, titled("bob's own"))
		for name, op := range byID {
			if err := op(s, bob, task.ID); todo.CodeOf(err) != todo.NotFound {
				t.Errorf("%s of another's task by %q: got %v, want NotFound", name, bob, err)
			}
		}
		page := mustList(t, s, bob, todo.Filter{Count: true})
		if len(page.Tasks) != 1 || page.Total != 1 || page.Tasks[0].Owner != bob {
			t.Errorf("%q sees %v, total %d", bob, titles(page.Tasks), page.Total)
		}
	}
	wantTask(t, mustRead(t, s, ada, task.ID), task)
}

// testMissingAndForeignAreAlike: the error gives nothing away.
func testMissingAndForeignAreAlike(t *testing.T, s Store) {
	ada, bob := newUser(), newUser()
	task := mustCreate(t, s, ada, titled("pay rent"))
	for name, op := range byID {
		foreign, missing := op(s, bob, task.ID), op(s, bob, math.MaxInt64)
		if foreign == nil || missing == nil || foreign.Error() != missing.Error() {
			t.Errorf("%s: another's task gives %v, a missing one %v", name, foreign, missing)
		}
	}
}
