package todo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// An answer is what is remembered of a change with its key, beside its revisions: what became of each of its steps. It has
// no texts of tasks, only which they were: the log has them, and forgets them when they go for good.
type answer struct {
	Results []stepAnswer `json:"results"`
}

// stepAnswer is a Result as it is kept.
type stepAnswer struct {
	Ref     string `json:"ref,omitempty"`
	Op      Op     `json:"op"`
	Kind    Kind   `json:"kind,omitempty"` // of the object, or of the error's current one; 0 for a task
	ID      int64  `json:"id,omitempty"`
	Version Rev    `json:"version,omitempty"`
	Error   *Error `json:"error,omitempty"`
}

// encodeAnswer returns results as they are kept.
func encodeAnswer(results []Result) ([]byte, error) {
	a := answer{Results: make([]stepAnswer, len(results))}
	for i, r := range results {
		kept := stepAnswer{Ref: r.Ref, Op: r.Op}
		if failed := (*Error)(nil); errors.As(r.Err, &failed) {
			bare := *failed
			bare.Current, bare.CurrentObject, bare.Cause = nil, nil, nil
			kept.Error = &bare
		}
		if t, o := r.mentioned(); o != nil {
			kept.Kind, kept.ID, kept.Version = o.Kind, o.ID, o.Version
		} else if t != nil {
			kept.ID, kept.Version = t.ID, t.Version
		}
		a.Results[i] = kept
	}
	return json.Marshal(a)
}

// mentioned returns the task or object that r tells of, nil for none.
func (r *Result) mentioned() (*Task, *Object) {
	if failed := (*Error)(nil); errors.As(r.Err, &failed) {
		return failed.Current, failed.CurrentObject
	}
	return r.Task, r.Object
}

// decodeAnswer returns the results that are kept, with tasks and objects of owner of which only ID and Version are set. NoTask
// if nothing is kept.
func decodeAnswer(owner UserID, data []byte) ([]Result, error) {
	if data == nil {
		return nil, NoTask()
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, fmt.Errorf("answer of a change: %w", err)
	}
	results := make([]Result, len(a.Results))
	for i, kept := range a.Results {
		r := Result{Ref: kept.Ref, Op: kept.Op}
		switch {
		case kept.ID != 0 && kept.Kind != 0:
			r.Object = &Object{Kind: kept.Kind, ID: kept.ID, Owner: owner, Version: kept.Version}
		case kept.ID != 0:
			r.Task = &Task{ID: kept.ID, Owner: owner, Version: kept.Version}
		}
		if kept.Error != nil {
			kept.Error.Current, kept.Error.CurrentObject, r.Task, r.Object = r.Task, r.Object, nil, nil
			r.Err = kept.Error
		}
		results[i] = r
	}
	return results, nil
}

// results returns what became of each step of by's change, as is remembered: its tasks as the log has them. Where the log
// has forgotten one, which has not been changed since or not for long, it is taken as it is now. NoTask if one has gone for
// good.
func (s *Service) results(ctx context.Context, by User, stored *StoredAnswer) ([]Result, error) {
	results, err := decodeAnswer(by.ID, stored.Answer)
	if err != nil {
		return nil, err
	}
	told := make(map[Rev]*Change, len(stored.Changes))
	for i := range stored.Changes {
		told[stored.Changes[i].Rev] = &stored.Changes[i]
	}
	var others []Rev
	for i := range results {
		if rev := results[i].left(); rev != 0 && told[rev] == nil {
			others = append(others, rev)
		}
	}
	if len(others) > 0 {
		log, err := s.store.ChangesAt(ctx, by.ID, others)
		if err != nil {
			return nil, err
		}
		for i := range log {
			told[log[i].Rev] = &log[i]
		}
	}
	for i := range results {
		if rev := results[i].left(); rev != 0 {
			if err := s.fill(ctx, by, &results[i], told[rev]); err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

// left returns the version of what r tells of, 0 if it tells of nothing.
func (r *Result) left() Rev {
	switch t, o := r.mentioned(); {
	case o != nil:
		return o.Version
	case t != nil:
		return t.Version
	}
	return 0
}

// fill makes what r tells of what the change that led to it says, or what it is now if there is none. NotFound if it has gone
// for good.
func (s *Service) fill(ctx context.Context, by User, r *Result, led *Change) (err error) {
	t, o := r.mentioned()
	switch {
	case led == nil && o != nil:
		*o, err = s.Object(ctx, by, o.Kind, o.ID)
		return err
	case led == nil:
		*t, err = s.store.Task(ctx, by.ID, t.ID, by.AsOf)
		return err
	case led.Blank(), (led.Object == nil) != (o == nil), o == nil && led.Task.ID != t.ID, o != nil && led.Object.ID != o.ID:
		return NoTask()
	case o != nil:
		*o = *led.Object
	default:
		*t = led.Task
	}
	return nil
}
