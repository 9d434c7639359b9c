package todo

import "context"

// Observed returns store with changed being called after each change that was committed, with the revision that it made or
// found. It is called by whoever made the change, who waits for it: it must not take long.
func Observed(store Store, changed func(owner UserID, rev Rev)) Store {
	return &observed{store, changed}
}

// observed is a Store that tells of its changes. Every method that takes a Write has to be here.
type observed struct {
	Store
	changed func(owner UserID, rev Rev)
}

// Create implements Store.
func (o *observed) Create(ctx context.Context, owner UserID, t Task, quota int, w Write) (WriteResult, error) {
	return o.told(owner)(o.Store.Create(ctx, owner, t, quota, w))
}

// Update implements Store.
func (o *observed) Update(ctx context.Context, owner UserID, id int64, p Patch, w Write) (WriteResult, error) {
	return o.told(owner)(o.Store.Update(ctx, owner, id, p, w))
}

// Toggle implements Store.
func (o *observed) Toggle(ctx context.Context, owner UserID, id int64, w Write) (WriteResult, error) {
	return o.told(owner)(o.Store.Toggle(ctx, owner, id, w))
}

// Delete implements Store.
func (o *observed) Delete(ctx context.Context, owner UserID, id int64, w Write) (WriteResult, error) {
	return o.told(owner)(o.Store.Delete(ctx, owner, id, w))
}

// Restore implements Store.
func (o *observed) Restore(ctx context.Context, owner UserID, id int64, quota int, w Write) (WriteResult, error) {
	return o.told(owner)(o.Store.Restore(ctx, owner, id, quota, w))
}

// Purge implements Store.
func (o *observed) Purge(ctx context.Context, owner UserID, id int64, w Write) (WriteResult, error) {
	return o.told(owner)(o.Store.Purge(ctx, owner, id, w))
}

// told returns what passes the outcome of a change of owner's on, having told of it.
func (o *observed) told(owner UserID) func(WriteResult, error) (WriteResult, error) {
	return func(out WriteResult, err error) (WriteResult, error) {
		if err == nil && !out.Replayed {
			o.changed(owner, out.Task.Version)
		}
		return out, err
	}
}

// Compose implements Store.
func (o *observed) Compose(
	ctx context.Context, owner UserID, need Need, w Write, decide func(Known) (Plan, error),
) (Composition, error) {
	done, err := o.Store.Compose(ctx, owner, need, w, decide)
	if n := len(done.Changes); err == nil && !done.Replayed && n > 0 {
		o.changed(owner, done.Changes[n-1].Rev)
	}
	return done, err
}
