package todo

import (
	"context"
	"time"
)

// Service carries out what people ask for: it checks it against the rules, says when it happens, and has the store do it.
type Service struct {
	store Store
	now   func() time.Time
	quota int
}

// NewService returns a Service over store whose clock is now. Nobody gets more than quota tasks.
func NewService(store Store, now func() time.Time, quota int) *Service {
	return &Service{store: store, now: now, quota: quota}
}

// Tasks returns a page of owner's tasks.
func (s *Service) Tasks(ctx context.Context, owner UserID, f Filter) (Page, error) {
	if len(f.Order) == 0 {
		f.Order = NewestFirst()
	}
	if err := f.validate(); err != nil {
		return Page{}, err
	}
	return s.store.Tasks(ctx, owner, f)
}

// Task returns one of owner's tasks.
func (s *Service) Task(ctx context.Context, owner UserID, id int64) (Task, error) {
	return s.store.Task(ctx, owner, id)
}

// Create makes a new task of p, which must have a title.
func (s *Service) Create(ctx context.Context, by User, p Patch) (Task, error) {
	if !p.Title.Set {
		return Task{}, InvalidFields(FieldError{"title", "is required"})
	}
	p, err := p.Normalise()
	if err != nil {
		return Task{}, err
	}
	w := s.write(by)
	return s.store.Create(ctx, by.ID, p.NewTask(by.ID, w.At), s.quota, w)
}

// Update changes what p names of a task and keeps the rest.
func (s *Service) Update(ctx context.Context, by User, id int64, p Patch) (Task, error) {
	p, err := p.Normalise()
	if err != nil {
		return Task{}, err
	}
	return s.store.Update(ctx, by.ID, id, p, s.write(by))
}

// Toggle completes an open task and reopens a completed one.
func (s *Service) Toggle(ctx context.Context, by User, id int64) (Task, error) {
	return s.store.Toggle(ctx, by.ID, id, s.write(by))
}

// Delete moves a task to the trash.
func (s *Service) Delete(ctx context.Context, by User, id int64) error {
	return s.store.Delete(ctx, by.ID, id, s.write(by))
}

// Ready returns nil if tasks can be read and written, else which check failed.
func (s *Service) Ready(ctx context.Context) error { return s.store.Ready(ctx) }

// write returns a change by this user, now.
func (s *Service) write(by User) Write {
	return Write{At: s.now().UTC().Truncate(time.Microsecond), By: by}
}
