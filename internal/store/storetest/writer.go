package storetest

import (
	"context"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// A Store is a database with the domain's use cases for changes of one task, each at the time and as the person that a
// Write names.
type Store struct {
	account.FullStore

	Remembered time.Duration // for how long keys are; 0 is an hour
}

// Of returns the use cases over db.
func Of(db account.FullStore) Store { return Store{FullStore: db} }

// service returns the use cases at the time of w.
func (s Store) service(w todo.Write, quota int) *todo.Service {
	rules := todo.Rules{Quota: quota, KeysRemembered: s.Remembered}
	if rules.KeysRemembered == 0 {
		rules.KeysRemembered = time.Hour
	}
	return todo.NewService(s.FullStore, func() time.Time { return w.At }, rules)
}

// as returns the person of w, who is owner.
func as(owner todo.UserID, w todo.Write) todo.User {
	w.By.ID = owner
	return w.By
}

// Create makes the task that p starts.
func (s Store) Create(ctx context.Context, owner todo.UserID, p todo.Patch, quota int, w todo.Write) (todo.WriteResult, error) {
	return s.service(w, quota).Create(ctx, as(owner, w), p, w.WriteOptions)
}

// Update applies p to a task.
func (s Store) Update(ctx context.Context, owner todo.UserID, id int64, p todo.Patch, w todo.Write) (todo.WriteResult, error) {
	return s.service(w, plenty).Update(ctx, as(owner, w), id, p, w.WriteOptions)
}

// Toggle flips whether a task is completed.
func (s Store) Toggle(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	return s.service(w, plenty).Toggle(ctx, as(owner, w), id, w.WriteOptions)
}

// Delete moves a task to the trash.
func (s Store) Delete(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	return s.service(w, plenty).Delete(ctx, as(owner, w), id, w.WriteOptions)
}

// Restore takes a task out of the trash.
func (s Store) Restore(ctx context.Context, owner todo.UserID, id int64, quota int, w todo.Write) (todo.WriteResult, error) {
	return s.service(w, quota).Restore(ctx, as(owner, w), id, w.WriteOptions)
}

// Purge removes a task in the trash for good.
func (s Store) Purge(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	return s.service(w, plenty).Purge(ctx, as(owner, w), id, w.WriteOptions)
}

// ImportTasks takes over tasks of another system.
func (s Store) ImportTasks(
	ctx context.Context, owner todo.UserID, source string, tasks []todo.ImportedTask, w todo.Write,
) (int, error) {
	return todo.ImportTasks(ctx, s.FullStore, owner, source, tasks, w.At)
}

// Operation returns what came of the change with a key, with its task.
func (s Store) Operation(ctx context.Context, owner todo.UserID, key string, since time.Time) (todo.Operation, error) {
	service := todo.NewService(s.FullStore, func() time.Time { return since.Add(time.Hour) }, todo.Rules{KeysRemembered: time.Hour})
	return service.Operation(ctx, todo.User{ID: owner, AsOf: since.AddDate(100, 0, 0)}, key)
}
