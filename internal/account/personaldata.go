package account

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"todod/internal/todo"
)

// FullStore is a store of all that is kept of people.
type FullStore interface {
	Store
	todo.Database
	todo.Imports
}

// PersonalData does what people may do with all that is kept of them: look at it, take it along, and have it erased. It
// is safe for concurrent use.
type PersonalData struct {
	store    FullStore
	provider Provider
	now      func() time.Time
	log      *slog.Logger
	erased   func(todo.UserID)

	mu        sync.Mutex
	exporting map[todo.UserID]bool
}

// PersonalDataConfig says what a PersonalData works with.
type PersonalDataConfig struct {
	Store    FullStore
	Provider Provider
	Now      func() time.Time
	Logger   *slog.Logger

	// Erased, unless it is nil, is called when this process has just ended somebody's life, before they are told so: it has
	// what is left of it removed. It must not wait for anything. An erasure by another process shows in the epoch of todo.State.
	Erased func(todo.UserID)
}

// NewPersonalData returns a PersonalData.
func NewPersonalData(cfg PersonalDataConfig) *PersonalData {
	d := &PersonalData{
		store: cfg.Store, provider: cfg.Provider, now: cfg.Now, log: cfg.Logger, erased: cfg.Erased,
		exporting: map[todo.UserID]bool{},
	}
	if d.erased == nil {
		d.erased = func(todo.UserID) {}
	}
	return d
}

// moment returns the time as stores keep it.
func (d *PersonalData) moment() time.Time { return moment(d.now) }

// Overview is who somebody is, and how much there is of theirs. Everyone has one who has a good token.
type Overview struct {
	Person          // Email and Name are "" if nobody has said, CreatedAt is zero for somebody who has left no trace yet
	Rev    todo.Rev // where their data stand; 0 for somebody who has written nothing
	Counts
	TimeZone string // that they are in, by its IANA name; UTC for somebody who hasn't said
}

// Overview returns by's. The zone says which day it is; nil for their own.
func (d *PersonalData) Overview(ctx context.Context, by todo.User, zone *time.Location) (Overview, error) {
	o, _, err := d.overview(ctx, by, zone)
	return o, err
}

// overview returns by's overview and the state that it is of.
func (d *PersonalData) overview(ctx context.Context, by todo.User, zone *time.Location) (Overview, todo.State, error) {
	name, err := d.store.TimeZone(ctx, by.ID)
	if err != nil {
		return Overview{}, todo.State{}, err
	}
	name = cmp.Or(name, time.UTC.String())
	if zone == nil {
		zone = locationOf(name)
	}
	h, err := d.store.Summary(ctx, by.ID, d.moment().In(zone))
	if err == nil {
		err = h.State.Admit(by)
	}
	if err != nil {
		return Overview{}, todo.State{}, err
	}
	return Overview{Person: h.person(by), Rev: h.State.Rev, Counts: h.Counts, TimeZone: name}, h.State, nil
}

// locationOf returns the time zone of a name, UTC for one that the zone data of this machine don't have any more.
func locationOf(name string) *time.Location {
	if zone, ok := todo.Location(name); ok {
		return zone
	}
	return time.UTC
}

// person returns who by is: as their account here says, or else as their newest token does.
func (h Summary) person(by todo.User) Person {
	if h.Account != nil {
		return *h.Account
	}
	p := Person{ID: by.ID, Email: by.Email, Name: by.Name}
	if h.State.Rev > h.State.Began {
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

// Admit returns TokenRevoked if by's token belongs to a life of theirs that has ended. It is for what doesn't look at
// their data, which shows that by itself.
func (d *PersonalData) Admit(ctx context.Context, by todo.User) error {
	state, err := d.store.State(ctx, by.ID)
	if err != nil {
		return err
	}
	return state.Admit(by)
}

// Erase ends by's life, as Store.EraseOwn does. Sessions that stand for others at another service
// are ended there, too, as well as that can be done; the account there is not touched.
func (d *PersonalData) Erase(ctx context.Context, by todo.User, from Client) error {
	if err := d.Admit(ctx, by); err != nil { // before anything ends that is of a later life
		return err
	}
	d.signOut(ctx, by.ID, from)
	at := d.moment()
	if by.AsOf.After(at) {
		at = by.AsOf // the issuer's clock is ahead of ours: this token must be refused, too
	}
	if err := d.store.EraseOwn(ctx, by, at); err != nil {
		return err
	}
	d.erased(by.ID)
	return nil
}

// signOutTimeout bounds how long an erasure waits for the service where people sign in.
const signOutTimeout = 5 * time.Second

// signOut ends those sessions of owner that stand for others at another service.
func (d *PersonalData) signOut(ctx context.Context, owner todo.UserID, from Client) {
	ctx, cancel := context.WithTimeout(ctx, signOutTimeout)
	defer cancel()
	for session, err := range paged(func(last *Session) ([]Session, error) {
		return d.store.Sessions(ctx, owner, idOf(last), exportStep)
	}) {
		if err == nil && session.Sealed != nil {
			err = d.provider.Logout(ctx, Caller{ID: owner, SessionID: session.ID}, "", from)
		}
		if err != nil {
			d.log.Warn("not all sessions of somebody who is being erased were ended elsewhere: they will expire there",
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
