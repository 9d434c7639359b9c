package todo

import "fmt"

// placeByAge returns where an object stands that was never moved: the newest first.
func placeByAge(id int64) string { return fmt.Sprintf("m%016x", 1<<63-1-id) }

// Place returns where t stands among the tasks of its list, or beside its parent's others, compared by bytes.
func (t *Task) Place() string {
	if t.Position != nil {
		return *t.Position
	}
	return placeByAge(t.ID)
}

// lastPlace returns where a new list stands: behind all others, those in the trash included.
func (b *builder) lastPlace() string { return fmt.Sprintf("n%016x", b.ids[0]) }
