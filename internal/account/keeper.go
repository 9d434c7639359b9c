package account

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"todod/internal/todo"
)

// Everything is a store of all that is kept of people.
type Everything interface {
	Store
	todo.Store
	todo.Importer
}

// Keeper does what people may do with all that is kept of them: look at it, take it along, and have it erased. It is safe
// for concurrent use.
type Keeper struct {
	store    Everything
	provider Provider
	now      func() time.Time
	log      *slog.Logger
	erased   func(todo.UserID)

	mu        sync.Mutex
	exporting map[todo.UserID]bool
}

// KeeperConfig says what a Keeper works with.
type KeeperConfig struct {
	Store    Everything
	Provider Provider
	Now      func() time.Time
	Logger   *slog.Logger

	// Erased, unless it is nil, is called when everything of somebody has just been erased by this process, before they are
	// told so. It must not wait for anything. An erasure by another process shows in the epoch of todo.State.
	Erased func(todo.UserID)
}

// NewKeeper returns a Keeper.
func NewKeeper(cfg KeeperConfig) *Keeper {
	k := &Keeper{
		store: cfg.Store, provider: cfg.Provider, now: cfg.Now, log: cfg.Logger, erased: cfg.Erased,
		exporting: map[todo.UserID]bool{},
	}
	if k.erased == nil {
		k.erased = func(todo.UserID) {}
	}
	return k
}

// moment returns the time as stores keep it.
func (k *Keeper) moment() time.Time { return k.now().UTC().Truncate(time.Microsecond) }

// Overview is who somebody is, and how much there is of theirs. Everyone has one who has a good token.
type Overview struct {
	Person          // Email and Name are "" if nobody has said, CreatedAt is zero for somebody who has left no trace yet
	Rev    todo.Rev // where their data stand; 0 for somebody who has written nothing
	Counts
}

// Overview returns by's.
func (k *Keeper) Overview(ctx context.Context, by todo.User) (Overview, error) {
	o, _, err := k.overview(ctx, by)
	return o, err
}

// overview returns by's overview and the state that it is of.
func (k *Keeper) overview(ctx context.Context, by todo.User) (Overview, todo.State, error) {
	h, err := k.store.Holdings(ctx, by.ID, k.moment())
	if err == nil {
		err = h.State.Admit(by)
	}
	if err != nil {
		return Overview{}, todo.State{}, err
	}
	return Overview{Person: h.person(by), Rev: h.State.Rev, Counts: h.Counts}, h.State, nil
}

// person returns who by is: as their account here says, or else as their newest token does.
func (h Holdings) person(by todo.User) Person {
	if h.Account != nil {
		return *h.Account
	}
	p := Person{ID: by.ID, Email: by.Email, Name: by.Name}
	if h.State.Rev > 0 {
		p.CreatedAt = h.Since
	}
	newer := h.Claims.AsOf.After(by.AsOf)
	if h.Claims.Email != "" && (newer || p.Email == "") {
		p.Email = h.Claims.Email
	}
	if h.Claims.Name != "" && (newer || p.Name == "") {
		p.Name = h.Claims.Name
	}
	return p
}

// Admit returns NobodyAnymore if by's token belongs to a life of theirs that has ended. It is for what doesn't look at
// their data, which shows that by itself.
func (k *Keeper) Admit(ctx context.Context, by todo.User) error {
	state, err := k.store.State(ctx, by.ID)
	if err != nil {
		return err
	}
	return state.Admit(by)
}

// Erase removes by and everything of theirs, as Store.EraseOwn does. Sessions that stand for others at another service are
// ended there, too, as well as that can be done; the account there is not touched.
func (k *Keeper) Erase(ctx context.Context, by todo.User, from Client) error {
	if err := k.Admit(ctx, by); err != nil { // before anything ends that is of a later life
		return err
	}
	k.signOut(ctx, by.ID, from)
	at := k.moment()
	if by.AsOf.After(at) {
		at = by.AsOf // the issuer's clock is ahead of ours: this token must be refused, too
	}
	if err := k.store.EraseOwn(ctx, by, at); err != nil {
		return err
	}
	k.erased(by.ID)
	return nil
}

// signOutTimeout bounds how long an erasure waits for the service where people sign in.
const signOutTimeout = 5 * time.Second

// signOut ends those sessions of owner that stand for others at another service.
func (k *Keeper) signOut(ctx context.Context, owner todo.UserID, from Client) {
	ctx, cancel := context.WithTimeout(ctx, signOutTimeout)
	defer cancel()
	for session, err := range paged(func(last *Session) ([]Session, error) {
		return k.store.Sessions(ctx, owner, idOf(last), exportStep)
	}) {
		if err == nil && session.Sealed != nil {
			err = k.provider.Logout(ctx, Caller{ID: owner, SessionID: session.ID}, "", from)
		}
		if err != nil {
			k.log.Warn("not all sessions of somebody who is being erased were ended elsewhere: they will expire there",
				"user_id", string(owner), "error", err.Error())
			return
		}
	}
}

// idOf returns the id of a session, "" for none.
func idOf(s *Session) string {
	if s == nil {
		return ""
	}
	return s.ID
}
