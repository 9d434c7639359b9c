package todo

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// An answer is what is remembered of a change with its key, beside its revisions: what became of each of its steps.
type answer struct {
	Tasks   []int64      `json:"tasks"` // whose texts are in it
	Results []stepAnswer `json:"results"`
}

// stepAnswer is a Result as it is kept.
type stepAnswer struct {
	Ref   string    `json:"ref,omitempty"`
	Op    Op        `json:"op"`
	Task  *keptTask `json:"task,omitempty"`
	Error *Error    `json:"error,omitempty"`
}

// encodeAnswer returns results as they are kept.
func encodeAnswer(results []Result) ([]byte, error) {
	a := answer{Results: make([]stepAnswer, len(results))}
	for i, r := range results {
		kept := stepAnswer{Ref: r.Ref, Op: r.Op, Task: (*keptTask)(r.Task)}
		if r.Task != nil {
			a.Tasks = append(a.Tasks, r.Task.ID)
		}
		if errors.As(r.Err, &kept.Error) && kept.Error.Current != nil {
			a.Tasks = append(a.Tasks, kept.Error.Current.ID)
		}
		a.Results[i] = kept
	}
	return json.Marshal(a)
}

// decodeAnswer returns the results that are kept as tasks of owner, or NoTask if nothing is: a task among them has gone for
// good since.
func decodeAnswer(owner UserID, data []byte) ([]Result, error) {
	if data == nil {
		return nil, NoTask()
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, fmt.Errorf("answer of a change: %w", err)
	}
	if a.Results == nil { // the task alone, as it was once kept where a change of one task changed nothing
		var t keptTask
		if err := json.Unmarshal(data, &t); err != nil {
			return nil, fmt.Errorf("answer of a change: %w", err)
		}
		a.Results = []stepAnswer{{Op: Updated, Task: &t}}
	}
	results := make([]Result, len(a.Results))
	for i, kept := range a.Results {
		results[i] = Result{Ref: kept.Ref, Op: kept.Op, Task: (*Task)(kept.Task)}
		if kept.Task != nil {
			kept.Task.Owner = owner
		}
		if kept.Error != nil {
			results[i].Err = kept.Error
		}
	}
	return results, nil
}

// keptTask is a task in an answer: its fields in the JSON of the log, without its owner.
type keptTask Task

// keptHead is what each task has beside its fields.
type keptHead struct {
	ID        int64 `json:"id"`
	Version   Rev   `json:"version"`
	CreatedAt int64 `json:"created_at"` // in microseconds since 1970
	UpdatedAt int64 `json:"updated_at"`
}

// MarshalJSON implements json.Marshaler.
func (k *keptTask) MarshalJSON() ([]byte, error) {
	t := (*Task)(k)
	head := keptHead{ID: t.ID, Version: t.Version, CreatedAt: t.CreatedAt.UnixMicro(), UpdatedAt: t.UpdatedAt.UnixMicro()}
	out, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	out = out[:len(out)-1]
	for _, f := range fields {
		if out, err = appendMember(append(out, ','), f.Name, f.Value(t)); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// UnmarshalJSON implements json.Unmarshaler. It also reads a task as batches once kept it, which began with its ID.
func (k *keptTask) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	var head keptHead
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	if _, old := members["ID"]; old {
		return json.Unmarshal(data, (*Task)(k))
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	*k = keptTask{
		ID: head.ID, Version: head.Version,
		CreatedAt: time.UnixMicro(head.CreatedAt).UTC(), UpdatedAt: time.UnixMicro(head.UpdatedAt).UTC(),
	}
	for _, f := range fields {
		if data, there := members[f.Name]; there {
			v, err := f.read(data)
			if err != nil {
				return err
			}
			f.set((*Task)(k), v)
		}
	}
	return nil
}
