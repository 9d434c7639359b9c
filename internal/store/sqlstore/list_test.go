package sqlstore

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// dialects are two that differ in all that dialects differ in.
var dialects = []*Dialect{{Placeholder: "$", Position: "strpos"}, {Placeholder: "?", Position: "instr"}}

func TestQueries(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0).UTC()
	noon := at.Add(12 * time.Hour)
	east, west := noon.In(time.FixedZone("", 14*3600)), noon.In(time.FixedZone("", -13*3600))
	yes, low := true, todo.Low
	last := &todo.Task{ID: 9, Title: "t", Priority: todo.High, Completed: true, CreatedAt: at, UpdatedAt: at, DeletedAt: &at}
	dated := *last
	dated.Due = &todo.Date{At: at}
	for _, c := range []struct {
		name         string
		filter       todo.Filter
		where, order string // of the second dialect
		args         string
	}{
		{"all", todo.Filter{Order: todo.NewestFirst()}, "user_id = ?1 and deleted_at is null", "created_at desc, id desc", "[ada]"},
		{
			"every condition",
			todo.Filter{
				Completed: &yes, Priority: &low, DueBefore: &at, DueAfter: &at, Words: []string{"a", "b"}, Order: []todo.Order{{By: todo.ByTitle}},
			},
			"user_id = ?1 and deleted_at is null and completed = ?2 and priority = ?3 and due_date < ?4 and due_date >= ?5" +
				" and instr(search, ?6) > 0 and instr(search, ?7) > 0",
			"title, id", "[ada true low @ @ a b]",
		},
		{
			"within a day, days are compared by it", todo.Filter{DueBefore: &noon, DueAfter: &noon},
			"user_id = ?1 and deleted_at is null and due_date < ?2 and (not due_all_day or due_date < ?3)" +
				" and due_date >= ?4 and (due_all_day or due_date >= ?5)",
			"id", fmt.Sprintf("[ada %s @ @ %s]", noon, noon),
		},
		{
			"tomorrow where it was written", todo.Filter{DueBefore: &east},
			"user_id = ?1 and deleted_at is null and due_date < ?2 and (due_all_day or due_date < ?3)",
			"id", fmt.Sprintf("[ada %s %s]", at.AddDate(0, 0, 1), east),
		},
		{
			"yesterday where it was written", todo.Filter{DueAfter: &west},
			"user_id = ?1 and deleted_at is null and due_date >= ?2 and (due_all_day or due_date >= ?3)",
			"id", fmt.Sprintf("[ada %s %s]", at.AddDate(0, 0, -1), west),
		},
		{
			"the trash after a task", todo.Filter{Trash: true, Order: todo.LatestDeletedFirst(), After: last},
			"user_id = ?1 and deleted_at is not null and (deleted_at, id) < (?2, ?3)", "deleted_at desc, id desc", "[ada @ 9]",
		},
		{
			"one direction is one comparison",
			todo.Filter{Order: []todo.Order{{By: todo.ByPriority}, {By: todo.ByTitle}}, After: last},
			"user_id = ?1 and deleted_at is null and (priority, title, id) > (?2, ?3, ?4)", "priority, title, id", "[ada high t 9]",
		},
		{
			"two directions",
			todo.Filter{Order: []todo.Order{{By: todo.ByPriority, Desc: true}, {By: todo.ByCompleted}}, After: last},
			"user_id = ?1 and deleted_at is null and (priority < ?2 or priority = ?2 and completed > ?3 or " +
				"priority = ?2 and completed = ?3 and id > ?4)",
			"priority desc, completed, id", "[ada high true 9]",
		},
		{
			"after a task with a date", todo.Filter{Order: []todo.Order{{By: todo.ByDue}}, After: &dated},
			"user_id = ?1 and deleted_at is null and ((due_date > ?2 or due_date is null) or due_date = ?2 and id > ?3)",
			"due_date nulls last, id", "[ada @ 9]",
		},
		{
			"after one without, only those without come", todo.Filter{Order: []todo.Order{{By: todo.ByDue, Desc: true}}, After: last},
			"user_id = ?1 and deleted_at is null and (due_date is null and id < ?2)", "due_date desc nulls last, id desc", "[ada 9]",
		},
	} {
		q := NewList(dialects[1], "ada", c.filter)
		q.After(c.filter)
		if q.Where() != c.where || q.OrderBy() != c.order || fmt.Sprint(q.Args) != strings.ReplaceAll(c.args, "@", fmt.Sprint(at)) {
			t.Errorf("%s:\n%s\norder by %s\n%v", c.name, q.Where(), q.OrderBy(), q.Args)
		}
	}
}

// argument finds an argument in SQL.
var argument = regexp.MustCompile(`[$?](\d+)`)

// TestEveryArgumentIsUsedAndThere: of any filter; and nothing that a person wrote is in the SQL itself.
func TestEveryArgumentIsUsedAndThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(-1e15, 1e15).Draw(t, "at"))
		const hostile = `x' or 1=1 --`
		f := todo.Filter{Trash: rapid.Bool().Draw(t, "trash")}
		yes, low := true, todo.Low
		optional(t, "completed", &f.Completed, yes)
		optional(t, "priority", &f.Priority, low)
		optional(t, "before", &f.DueBefore, at)
		optional(t, "after", &f.DueAfter, at)
		f.Words = rapid.SliceOfN(rapid.Just(hostile), 0, 3).Draw(t, "words")
		keys := append(append([]todo.Key{}, todo.Keys[:]...), todo.ByDeleted)
		for _, k := range rapid.Permutation(keys).Draw(t, "keys")[:rapid.IntRange(1, len(keys)).Draw(t, "n")] {
			f.Order = append(f.Order, todo.Order{By: k, Desc: rapid.Bool().Draw(t, "desc")})
		}
		if rapid.Bool().Draw(t, "goes on") {
			f.After = &todo.Task{ID: 1, Title: hostile, Priority: todo.Low, CreatedAt: at, UpdatedAt: at, DeletedAt: &at}
			if rapid.Bool().Draw(t, "after one with a date") {
				f.After.Due = &todo.Date{At: at}
			}
		}
		for _, d := range dialects {
			q := NewList(d, hostile, f)
			q.After(f)
			used := map[int]bool{}
			for _, match := range argument.FindAllStringSubmatch(q.Where(), -1) {
				n, err := strconv.Atoi(match[1])
				if err != nil {
					t.Fatal(err)
				}
				used[n] = true
			}
			if len(used) != len(q.Args) || !used[len(q.Args)] || q.Args[0] != any(todo.UserID(hostile)) {
				t.Fatalf("%d of %v are used by %s", len(used), q.Args, q.Where())
			}
			if strings.Contains(q.Where()+q.OrderBy(), "1=1") || !strings.HasPrefix(q.Where(), "user_id = ") {
				t.Fatal(q.Where())
			}
			if depth := strings.Count(q.Where(), "(") - strings.Count(q.Where(), ")"); depth != 0 {
				t.Fatalf("%d parentheses are open in %s", depth, q.Where())
			}
		}
	})
}

// optional sets a condition or leaves it out.
func optional[T any](t *rapid.T, name string, dst **T, v T) {
	if rapid.Bool().Draw(t, name) {
		*dst = &v
	}
}
