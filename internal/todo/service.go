package todo

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Service carries out what people ask for: it checks it against the rules, says when it happens, and has the store do
// it.
type Service struct {
	store  Database
	now    func() time.Time
	rules  Rules
	signer atomic.Pointer[signer] // nil until it was needed

	mu    sync.Mutex
	noted map[UserID]bool // of whom more is kept than may be
}

// Rules are what an operator decides.
type Rules struct {
	Quota           int           // how many tasks a person may have
	KeysRemembered  time.Duration // for how long a change with a key is remembered
	TrashRemembered time.Duration // for how long a task stays in the trash
	LogRemembered   time.Duration // for how long a change stays in the log
	Logged          int           // how many changes of a person stay in the log; 0 for any number
	Keys            int           // how many keys of a person are remembered; 0 for any number
}

// unlimited is the quota of changes that none applies to.
const unlimited = math.MaxInt

// NewService returns a Service over store whose clock is now.
func NewService(store Database, now func() time.Time, rules Rules) *Service {
	return &Service{store: store, now: now, rules: rules, noted: map[UserID]bool{}}
}

// Tasks returns a page of by's tasks.
func (s *Service) Tasks(ctx context.Context, by User, f Filter) (Page, error) {
	if len(f.Order) == 0 {
		f.Order = NewestFirst()
	}
	if err := f.validate(); err != nil {
		return Page{}, err
	}
	if f.Cursor != "" {
		var p keyset
		if err := s.openCursor(ctx, by, f.Cursor, f.Query(), &p); err != nil {
			return Page{}, err
		}
		f.After = p.task()
	}
	page, err := s.store.Tasks(ctx, by.ID, f)
	switch {
	case err != nil:
		return Page{}, err
	case page.State.revoked(by):
		return Page{}, TokenRevoked()
	case page.More:
		page.Next, err = s.cursor(ctx, by, f.Query(), keysetOf(page.Tasks[len(page.Tasks)-1], f.Order))
	}
	return page, err
}

// cursor returns a cursor that holds v, good for this person and query.
func (s *Service) cursor(ctx context.Context, by User, query string, v any) (string, error) {
	signer, err := s.signing(ctx)
	if err != nil {
		return "", err
	}
	return signer.sign(forCursor, by.ID, query, v)
}

// openCursor reads into v what cursor has made of it for the same person and query.
func (s *Service) openCursor(ctx context.Context, by User, cursor, query string, v any) error {
	signer, err := s.signing(ctx)
	if err == nil && !signer.open(cursor, forCursor, by.ID, query, v) {
		err = InvalidFields(FieldError{"cursor", "must be one that came with the same query"})
	}
	return err
}

// revoked reports whether by's token belongs to a life of the account that has ended.
func (s State) revoked(by User) bool { return !by.AsOf.After(s.ErasedAt) && !s.ErasedAt.IsZero() }

// signing returns the signer, made of the store's key when it is first needed.
func (s *Service) signing(ctx context.Context) (*signer, error) {
	if made := s.signer.Load(); made != nil {
		return made, nil
	}
	key, err := s.store.SigningKey(ctx)
	if err != nil {
		return nil, err
	}
	made, err := newSigner(key)
	if err == nil {
		s.signer.Store(made)
	}
	return made, err
}

// Task returns one of by's tasks.
func (s *Service) Task(ctx context.Context, by User, id int64) (Task, error) {
	t, err := s.store.Task(ctx, by.ID, id, by.AsOf)
	if CodeOf(err) == NotFound {
		err = s.orNobody(ctx, by, err)
	}
	return t, err
}

// orNobody returns err unless by's token belongs to a life of the account that has ended: then that.
func (s *Service) orNobody(ctx context.Context, by User, err error) error {
	_, err = s.admit(ctx, by, err)
	return err
}

// admit is orNobody, and returns where by's data stand.
func (s *Service) admit(ctx context.Context, by User, err error) (State, error) {
	state, failed := s.store.State(ctx, by.ID)
	switch {
	case failed != nil:
		return State{}, failed
	case state.revoked(by):
		return State{}, TokenRevoked()
	}
	return state, err
}

// Operation returns what came of the change that by made with this key.
func (s *Service) Operation(ctx context.Context, by User, key string) (Operation, error) {
	op, err := s.operation(ctx, by, key)
	if err == nil {
		err = s.showTask(ctx, by, &op)
	}
	if err != nil {
		return Operation{}, err
	}
	return op, nil
}

// showTask sets op.Task or op.Object from the one change there is, or from what is known instead.
func (s *Service) showTask(ctx context.Context, by User, op *Operation) error {
	one, ok := theOne(op.Changes)
	switch {
	case ok:
		op.Task, op.Object = one.Task, one.Object
	case op.Answer != nil:
		results, err := s.results(ctx, by, &op.StoredAnswer)
		if err == nil && len(results) == 1 {
			if op.Object = results[0].Object; results[0].Task != nil {
				op.Task = *results[0].Task
			}
		}
		if CodeOf(err) == NotFound {
			err = nil // the task has gone for good, not what came of the change
		}
		return err
	}
	return nil
}

// operation is Operation without the task.
func (s *Service) operation(ctx context.Context, by User, key string) (Operation, error) {
	op, err := s.store.Operation(ctx, by.ID, key, s.rememberedSince())
	if err == nil || CodeOf(err) == NotFound {
		var state State
		if state, err = s.admit(ctx, by, err); err == nil && state.former(op.At, op.Changes) {
			err = NoOperation()
		}
	}
	return op, err
}

// Ready returns nil if tasks can be read and written, else which check failed.
func (s *Service) Ready(ctx context.Context) error { return s.store.Ready(ctx) }

// moment returns the time it is, as stores keep times.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// rememberedSince returns since when changes with keys are remembered.
func (s *Service) rememberedSince() time.Time { return s.moment().Add(-s.rules.KeysRemembered) }
