package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"todod/internal/todo"
)

// A Row is a row of a table as text, by the names of all its columns; null is "<null>".
type Row map[string]string

// mayStay are the columns that may tell one change of a task from another once the task is gone for good, and one key
// from another. What a person wrote of the task is in none of them.
var mayStay = map[string][]string{
	"changes": {
		"user_id", "rev", "prev_rev", "set_rev", "op", "task_id", "request_id", "at", "created_at", "updated_at",
		"deleted_at", "actor",
	},
	"idempotency_keys": {"user_id", "key", "fingerprint", "status", "rev", "rev_to", "result", "created_at"},
}

// RunPurgedRows fails the test unless all that is left of tasks that are gone for good is the same for each of them, but
// for columns that may stay. It asks for all columns there are, so that one of tomorrow is not forgotten. rows returns
// owner's rows of a table.
func RunPurgedRows(t *testing.T, s Store, rows func(table string, owner todo.UserID) []Row) {
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	refs := MakeRefs(t, service, ada)
	ofTasks := func(table string) []Row { // what objects of other kinds leave, TestObjects sees to
		return slices.DeleteFunc(rows(table, ada.ID), func(r Row) bool {
			isParent := slices.ContainsFunc(refs.Parents[:], func(id int64) bool { return r["task_id"] == fmt.Sprint(id) })
			return isParent || r["kind"] != "" && r["kind"] != "1"
		})
	}
	one, other := liveThrough(t, service, ada, false, refs), liveThrough(t, service, ada, true, refs)
	for table, stay := range mayStay {
		for column, values := range valuesOf(ofTasks(table)) {
			if len(values) < 2 && !slices.Contains(stay, column) && column != "kind" && column != "image" && column != "task_id" {
				t.Errorf("%s.%s is %s in every row: have this test write it, or say that it may stay", table, column, values)
			}
		}
	}
	if n := len(rows("tasks", ada.ID)); n != 4 { // with the parents
		t.Fatalf("there are %d tasks", n)
	}
	for _, id := range []int64{one, other} {
		if _, err := service.Purge(t.Context(), ada, id, keyed(fmt.Sprint("purge ", id))); err != nil {
			t.Fatal(err)
		}
	}
	for table, stay := range mayStay {
		left := ofTasks(table)
		if len(left) < 10 {
			t.Fatalf("%s has %d rows: that something happened is not forgotten", table, len(left))
		}
		for column, values := range valuesOf(left) {
			if len(values) > 1 && !slices.Contains(stay, column) {
				t.Errorf("%s.%s still tells what there was: %q", table, column, values)
			}
			for _, second := range []bool{false, true} {
				full := FullPatch(t, second, refs)
				for _, text := range []string{full.Title.V, full.Description.V} {
					if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, text) }) {
						t.Errorf("%s.%s has %q: %q", table, column, text, values)
					}
				}
			}
		}
	}
	if left := rows("tasks", ada.ID); len(left) != 2 {
		t.Errorf("the tasks are left: %v", left)
	}
}

// liveThrough has a task live through all that can be done with it, until it is in the trash, and returns its id.
func liveThrough(t *testing.T, service *todo.Service, ada todo.User, second bool, refs Refs) int64 {
	t.Helper()
	ctx, must := t.Context(), must(t)
	full, name := FullPatch(t, second, refs), map[bool]string{false: "one ", true: "other "}[second]
	task := must(taskOf(service.Create(ctx, ada, full, keyed(name+"create"))))
	must(taskOf(service.Update(ctx, ada, task.ID, full, keyed(name+"unchanged"))))
	stale := todo.Step{Op: todo.Updated, ID: task.ID, Version: task.Version + 1, Patch: full} // the answer has the task
	if _, err := service.Batch(ctx, ada, []todo.Step{stale}, false, keyed(name+"stale")); err != nil {
		t.Fatal(err)
	}
	for _, f := range FieldPatches(t, refs) {
		if f.Field.Name == "list_id" { // which that of the parent would be
			f.Patch.ParentID = todo.Null[int64]()
		}
		for _, p := range []todo.Patch{f.Patch, full} {
			must(taskOf(service.Update(ctx, ada, task.ID, p, todo.WriteOptions{})))
		}
	}
	must(taskOf(service.MoveTask(ctx, ada, task.ID, todo.Move{After: todo.Some(refs.Parents[0]), ParentID: todo.Null[int64]()}, keyed(name+"move"))))
	must(taskOf(service.Toggle(ctx, ada, task.ID, keyed(name+"toggle"))))
	steps := []todo.Step{{Op: todo.Deleted, ID: task.ID}, {Op: todo.Restored, ID: task.ID}}
	if _, err := service.Batch(ctx, ada, steps, true, keyed(name+"batch")); err != nil {
		t.Fatal(err)
	}
	must(taskOf(service.Delete(ctx, ada, task.ID, keyed(name+"delete"))))
	return task.ID
}

// valuesOf returns the values that each column has, sorted, each once.
func valuesOf(rows []Row) map[string][]string {
	all := map[string][]string{}
	for _, row := range rows {
		for column, value := range row {
			all[column] = append(all[column], value)
		}
	}
	for column, values := range all {
		slices.Sort(values)
		all[column] = slices.Compact(values)
	}
	return all
}
