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
	ID      int64  `json:"id,omitempty"` // of the task, or of the error's current one
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
			bare.Current, bare.Cause = nil, nil
			kept.Error = &bare
		}
		if t := r.mentioned(); t != nil {
			kept.ID, kept.Version = t.ID, t.Version
		}
		a.Results[i] = kept
	}
	return json.Marshal(a)
}

// mentioned returns the task that r tells of, nil for none.
func (r *Result) mentioned() *Task {
	if failed := (*Error)(nil); errors.As(r.Err, &failed) {
		return failed.Current
	}
	return r.Task
}

// decodeAnswer returns the results that are kept, with tasks of owner of which only ID and Version are set. NoTask if
// nothing is kept.
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
		if kept.ID != 0 {
			r.Task = &Task{ID: kept.ID, Owner: owner, Version: kept.Version}
		}
		if kept.Error != nil {
			kept.Error.Current, r.Task = r.Task, nil
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
		if t := results[i].mentioned(); t != nil && told[t.Version] == nil {
			others = append(others, t.Version)
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
		if t := results[i].mentioned(); t != nil {
			if err := s.fill(ctx, by, t, told[t.Version]); err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

// fill makes t what the change that led to it says, or what the task is now if there is none. NoTask if it has gone for good.
func (s *Service) fill(ctx context.Context, by User, t *Task, led *Change) (err error) {
	switch {
	case led == nil:
		*t, err = s.store.Task(ctx, by.ID, t.ID, by.AsOf)
		return err
	case led.Task.ID != t.ID || led.Blank():
		return NoTask()
	}
	*t = led.Task
	return nil
}
