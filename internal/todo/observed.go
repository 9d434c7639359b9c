package todo

import "context"

// Observed returns db with changed being called after each change that was committed, with the revision that it made. It is
// called by whoever made the change, who waits for it: it must not take long.
func Observed(db Database, changed func(owner UserID, rev Rev)) Database {
	return &observed{db, changed}
}

// observed is a Database that tells of its changes.
type observed struct {
	Database
	changed func(owner UserID, rev Rev)
}

// Change implements Store.
func (o *observed) Change(
	ctx context.Context, owner UserID, need ReadSet, decide func(*Snapshot) (WriteSet, error),
) error {
	var made Rev
	err := o.Database.Change(ctx, owner, need, func(known *Snapshot) (WriteSet, error) {
		w, err := decide(known)
		if known.Step == 0 {
			made = 0
		}
		if len(w.Changes) > 0 {
			made = w.Changes[len(w.Changes)-1].Rev
		}
		return w, err
	})
	if err == nil && made > 0 {
		o.changed(owner, made)
	}
	return err
}
