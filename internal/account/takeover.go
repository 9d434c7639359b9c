package account

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"todod/internal/todo"
)

// A Takeout is what an export holds that can be taken over: the lists, labels and tasks that aren't in the trash. What an older
// program has exported has no lists and labels.
type Takeout struct {
	Format  string `json:"format"`
	Profile struct {
		ID       todo.UserID `json:"id"`
		TimeZone string      `json:"time_zone"`
	} `json:"profile"`
	Tasks    []takenTask   `json:"tasks"`
	Objects  []takenObject `json:"lists_and_labels"`
	Complete bool          `json:"complete"`
}

// takenTask is a task of an export.
type takenTask struct {
	ID          int64      `json:"id"`
	Version     int64      `json:"version"`
	Title       string     `json:"title"`
	Description *string    `json:"description"`
	Completed   bool       `json:"completed"`
	Priority    string     `json:"priority"`
	Due         *time.Time `json:"due_date"`
	AllDay      bool       `json:"due_all_day"`
	DueZone     *string    `json:"due_zone"`
	Start       *time.Time `json:"start_date"`
	StartAllDay bool       `json:"start_all_day"`
	CompletedAt *time.Time `json:"completed_at"`
	ListID      *int64     `json:"list_id"`
	ParentID    *int64     `json:"parent_id"`
	LabelIDs    []int64    `json:"label_ids"`
	Position    string     `json:"position"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	DeletedAt   *time.Time `json:"deleted_at"`

	Recurrence *takenRecurrence `json:"recurrence"`
}

// takenRecurrence is how a task of an export recurs, and where its series stands.
type takenRecurrence struct {
	Rule            string        `json:"rule"`
	From            todo.From     `json:"from"`
	Late            todo.Late     `json:"late"`
	MonthEnd        todo.MonthEnd `json:"month_end"`
	Anchor          time.Time     `json:"anchor"`
	Slot            time.Time     `json:"slot"`
	Done            int           `json:"done"`
	LastCompletedAt *time.Time    `json:"last_completed_at"`
}

// takenObject is a list or label of an export: a list has a position.
type takenObject struct {
	ID        int64      `json:"id"`
	Name      string     `json:"name"`
	Color     *string    `json:"color"`
	Archived  bool       `json:"archived"`
	Position  string     `json:"position"`
	DeletedAt *time.Time `json:"deleted_at"`
}

// exportFormat is the form of the exports that can be read.
const exportFormat = "todod export 1"

// ReadTakeout reads an export, which must be whole.
func ReadTakeout(r io.Reader) (*Takeout, error) {
	var t Takeout
	dec := json.NewDecoder(r)
	if err := dec.Decode(&t); err != nil {
		return nil, fmt.Errorf("not an export: %w", err)
	}
	switch {
	case t.Format != exportFormat:
		return nil, fmt.Errorf("not an export of todod: its format is %q, not %q", t.Format, exportFormat)
	case !t.Complete:
		return nil, errors.New("the export was cut off: its last member is missing")
	}
	t.Objects = slices.DeleteFunc(t.Objects, func(o takenObject) bool { return o.DeletedAt != nil })
	t.settle()
	return &t, nil
}

// settle leaves each task once, as its highest version is, and none of the trash.
func (t *Takeout) settle() {
	last := map[int64]takenTask{}
	for _, task := range t.Tasks {
		if known, there := last[task.ID]; !there || task.Version > known.Version {
			last[task.ID] = task
		}
	}
	t.Tasks = t.Tasks[:0]
	for _, task := range last {
		if task.DeletedAt == nil {
			t.Tasks = append(t.Tasks, task)
		}
	}
}

// Taken is how much was taken over, and how much was there from an earlier time.
type Taken struct{ Lists, Labels, Tasks, Known int }

// takeoverStep is how many tasks are taken over in one transaction.
const takeoverStep = 200

// TakeOver takes over for owner what an export holds, in the order in which people have it, with new ids; what came from this
// source before does not come again, whatever has become of it, nor does a label that is called like one that is there: that one
// is taken for it. Times stay what they were. An owner who hasn't said where they are is in the time zone that the export says. It
// can be called again after an error.
func TakeOver(ctx context.Context, db FullStore, owner todo.UserID, source string, t *Takeout, now func() time.Time) (taken Taken, err error) {
	ids, err := imported(ctx, db, owner, source)
	if err != nil {
		return taken, err
	}
	slices.SortFunc(t.Objects, func(a, b takenObject) int {
		return cmp.Or(strings.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
	var objects []todo.ImportedObject
	for _, o := range t.Objects {
		kind := todo.KindLabel
		if o.Position != "" {
			kind = todo.KindList
		}
		objects = append(objects, todo.ImportedObject{
			OldID: kind.String() + " " + strconv.FormatInt(o.ID, 10), Kind: kind,
			Patch: todo.ObjectPatch{Name: todo.Some(o.Name), Color: orNull(o.Color), Archived: archivedIf(o.Archived)},
		})
	}
	made, err := todo.ImportObjects(ctx, db, owner, source, objects, now())
	if err != nil {
		return taken, err
	}
	if err := t.takeTimeZone(ctx, db, owner, now()); err != nil {
		return taken, err
	}
	for i, o := range objects {
		if _, known := ids[o.OldID]; known {
			taken.Known++
			continue
		}
		switch ids[o.OldID] = made[i]; {
		case o.Kind == todo.KindList:
			taken.Lists++
		default:
			taken.Labels++
		}
	}
	for _, level := range t.levels() {
		for step := range slices.Chunk(level, takeoverStep) {
			tasks := make([]todo.ImportedTask, len(step))
			for i := range step {
				if tasks[i], err = step[i].imported(ids); err != nil {
					return taken, err
				}
			}
			n, err := todo.ImportTasks(ctx, db, owner, source, tasks, now())
			if err != nil {
				return taken, err
			}
			taken.Tasks, taken.Known = taken.Tasks+n, taken.Known+len(step)-n
		}
		if ids, err = imported(ctx, db, owner, source); err != nil { // what the next level is a part of
			return taken, err
		}
	}
	return taken, nil
}

// takeTimeZone has an owner who hasn't said where they are be in the time zone of the export: tasks recur there.
func (t *Takeout) takeTimeZone(ctx context.Context, db FullStore, owner todo.UserID, at time.Time) error {
	said, err := db.TimeZone(ctx, owner)
	if _, known := todo.Location(t.Profile.TimeZone); err != nil || said != "" || !known {
		return err
	}
	return db.SetTimeZone(ctx, owner, t.Profile.TimeZone, at.UTC().Truncate(time.Microsecond))
}

// imported returns what has become of the old ids of a source.
func imported(ctx context.Context, db FullStore, owner todo.UserID, source string) (map[string]int64, error) {
	ids := map[string]int64{}
	after := todo.Import{Source: source}
	for {
		notes, err := db.Imports(ctx, owner, after, exportStep)
		if err != nil {
			return nil, err
		}
		for _, n := range notes {
			if n.Source == source {
				ids[n.OldID] = n.TaskID
			}
			after = n
		}
		if len(notes) < exportStep {
			return ids, nil
		}
	}
}

// levels returns the tasks that are a part of none, then those that are a part of these, and so on; within a level the last
// comes first: a task that was never moved stands before those that were made before it.
func (t *Takeout) levels() (levels [][]takenTask) {
	slices.SortFunc(t.Tasks, func(a, b takenTask) int {
		return cmp.Or(strings.Compare(b.Position, a.Position), cmp.Compare(a.ID, b.ID))
	})
	done := map[int64]bool{}
	for left := t.Tasks; len(left) > 0; {
		var level, later []takenTask
		for _, task := range left {
			if task.ParentID == nil || done[*task.ParentID] {
				level = append(level, task)
			} else {
				later = append(later, task)
			}
		}
		if len(level) == 0 { // their parents aren't in the export: it was made while they changed
			for i := range later {
				later[i].ParentID = nil
			}
			level, later = later, nil
		}
		for _, task := range level {
			done[task.ID] = true
		}
		levels, left = append(levels, level), later
	}
	return levels
}

// imported returns t with the ids that there are now. What it refers to that isn't there it loses. Its error says what is wrong
// with it.
func (t *takenTask) imported(ids map[string]int64) (todo.ImportedTask, error) {
	p := todo.Patch{Title: todo.Some(t.Title), Description: orNull(t.Description), Completed: todo.Some(t.Completed)}
	priority, _ := todo.ParsePriority(t.Priority)
	p.Priority, p.Due, p.Start = todo.Some(priority), date(t.Due, t.AllDay), date(t.Start, t.StartAllDay)
	p.DueZone, p.Recurrence = orNull(t.DueZone), t.Recurrence.patch()
	p, err := p.Normalise()
	if err != nil {
		return todo.ImportedTask{}, fmt.Errorf("task %d: %w", t.ID, err)
	}
	task := p.NewTask("", t.CreatedAt.UTC())
	if t.Recurrence != nil {
		task = t.Recurrence.resumed(task, p.DueZone)
	}
	if t.Completed && t.CompletedAt != nil {
		task.CompletedAt = new(t.CompletedAt.UTC())
	}
	task.UpdatedAt = t.UpdatedAt.UTC()
	if task.UpdatedAt.Before(task.CreatedAt) {
		task.UpdatedAt = task.CreatedAt
	}
	find := func(kind string, id *int64) *int64 {
		if id == nil {
			return nil
		}
		if is, there := ids[kind+strconv.FormatInt(*id, 10)]; there {
			return &is
		}
		return nil
	}
	task.ListID, task.ParentID = find("list ", t.ListID), find("", t.ParentID)
	for _, id := range t.LabelIDs {
		if is := find("label ", &id); is != nil {
			task.LabelIDs = append(task.LabelIDs, *is)
		}
	}
	slices.Sort(task.LabelIDs)
	task.LabelIDs = slices.Compact(task.LabelIDs)
	return todo.ImportedTask{OldID: strconv.FormatInt(t.ID, 10), Task: task}, nil
}

// patch returns a field that has a task recur like this, or null for nil.
func (r *takenRecurrence) patch() todo.Opt[todo.RecurrencePatch] {
	if r == nil {
		return todo.Null[todo.RecurrencePatch]()
	}
	return todo.Some(todo.RecurrencePatch{
		Rule: todo.Some(r.Rule), From: todo.Some(r.From), Late: todo.Some(r.Late), MonthEnd: todo.Some(r.MonthEnd),
	})
}

// resumed returns t, which recurs by the same rule in this zone, with its series where that of r stands. An export doesn't say
// whether the series is one of days, as its present date may have been postponed to another kind: it is as that date is, unless its
// own dates can't be days.
func (r *takenRecurrence) resumed(t todo.Task, zone todo.Opt[string]) todo.Task {
	is := *t.Recurrence
	midnight := func(at time.Time) bool { return at.UTC().Equal(todo.DayOf(at.UTC())) }
	is.AllDay = is.AllDay && midnight(r.Anchor) && midnight(r.Slot)
	is.Anchor, is.Slot = todo.Slot{At: r.Anchor.UTC()}, todo.Slot{At: r.Slot.UTC()}
	is.Done, is.Passed = r.Done, r.Done // for a COUNT; what was skipped, an export doesn't say
	if t.Completed {
		is.Passed = max(0, r.Done-1) // the present one was the last
	}
	if r.LastCompletedAt != nil {
		is.LastCompletedAt = r.LastCompletedAt.UTC()
	}
	t.Recurrence = &is
	return todo.Patch{DueZone: zone}.Apply(t, t.UpdatedAt) // which has the wall times of the series kept
}

// date returns a date of an export, or null for nil.
func date(at *time.Time, allDay bool) todo.Opt[todo.Date] {
	if at == nil {
		return todo.Null[todo.Date]()
	}
	return todo.Some(todo.Date{At: at.UTC(), AllDay: allDay})
}

// orNull returns a field that is text, or null for nil.
func orNull(text *string) todo.Opt[string] {
	if text == nil {
		return todo.Null[string]()
	}
	return todo.Some(*text)
}

// archivedIf returns a field that puts a list away, or none.
func archivedIf(yes bool) (field todo.Opt[bool]) {
	if yes {
		field = todo.Some(true)
	}
	return field
}
