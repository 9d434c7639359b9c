package todo

import "time"

// keyset is where a page ended, as a cursor holds it: the id of its last task and what the list's order sorts by. Times
// are in microseconds.
type keyset struct {
	ID        int64    `json:"i"`
	Created   *int64   `json:"c,omitempty"`
	Updated   *int64   `json:"u,omitempty"`
	Due       *int64   `json:"d,omitempty"` // absent for a task without a due date, too
	Start     *int64   `json:"s,omitempty"` // the same
	Deleted   *int64   `json:"x,omitempty"`
	Priority  Priority `json:"p,omitempty"`
	Title     string   `json:"t,omitempty"`
	Completed bool     `json:"o,omitempty"`
	Place     string   `json:"w,omitempty"`
}

// keysetOf returns where t stands in order.
func keysetOf(t Task, order []Order) keyset {
	p := keyset{ID: t.ID}
	for _, o := range order {
		switch o.By {
		case ByCreated:
			p.Created = micros(&t.CreatedAt)
		case ByUpdated:
			p.Updated = micros(&t.UpdatedAt)
		case ByDue:
			at, _ := t.Due.parts()
			p.Due = micros(at)
		case ByStart:
			at, _ := t.Start.parts()
			p.Start = micros(at)
		case ByDeleted:
			p.Deleted = micros(t.DeletedAt)
		case ByPriority:
			p.Priority = t.Priority
		case ByTitle:
			p.Title = t.Title
		case ByPosition:
			p.Place = t.Place()
		case ByCompleted:
			p.Completed = t.Completed
		}
	}
	return p
}

// task returns a task that stands where p says.
func (p keyset) task() *Task {
	t := &Task{ID: p.ID, Priority: p.Priority, Title: p.Title, Completed: p.Completed, DeletedAt: fromMicros(p.Deleted)}
	if p.Place != "" {
		t.Position = &p.Place
	}
	if at := fromMicros(p.Created); at != nil {
		t.CreatedAt = *at
	}
	if at := fromMicros(p.Updated); at != nil {
		t.UpdatedAt = *at
	}
	if at := fromMicros(p.Due); at != nil {
		t.Due = &Date{At: *at}
	}
	if at := fromMicros(p.Start); at != nil {
		t.Start = &Date{At: *at}
	}
	return t
}

// micros returns t in microseconds since 1970, nil for nil.
func micros(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

// fromMicros is the inverse of micros, in UTC.
func fromMicros(us *int64) *time.Time {
	if us == nil {
		return nil
	}
	t := time.UnixMicro(*us).UTC()
	return &t
}
