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
		patches := []todo.Patch{f.Patch, full}
		if f.Field.Name == "recurrence" || f.Field.Name == "due_zone" {
			patches = []todo.Patch{f.Full, {Completed: todo.Some(true)}, f.Patch, Untimed, full}
		}
		for _, p := range patches {
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

// RunPurgedObjects fails the test unless nothing that a person wrote of lists and labels that are gone for good is left
// anywhere, in whatever column, and no task has such a label. What is left of them is the same for each, but for columns
// that may stay. rows returns owner's rows of a table, which has to be one of tables.
func RunPurgedObjects(t *testing.T, s Store, tables []string, rows func(table string, owner todo.UserID) []Row) {
	t.Helper()
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	kept := device{t, service, ada}.thing(todo.KindLabel, "kept")
	for _, k := range []todo.Kind{todo.KindList, todo.KindLabel} {
		ids := []int64{objectLivesThrough(t, service, ada, k, "secret one", kept), objectLivesThrough(t, service, ada, k, "geheim", kept)}
		wantWritten(t, tables, rows, ada.ID, "secret one", "geheim", "#5ec7e7", "another secret")
		for _, id := range ids {
			if _, err := service.Purge(t.Context(), ada, id, keyed(fmt.Sprint("purge ", id))); err != nil {
				t.Fatal(err)
			}
		}
		wantNothingWritten(t, tables, rows, ada.ID, "secret", "geheim", "5ec7e7")
		left := slices.DeleteFunc(rows("changes", ada.ID), func(r Row) bool {
			return r["kind"] != fmt.Sprint(int(k)) || r["task_id"] == fmt.Sprint(kept)
		})
		if len(left) < 12 {
			t.Fatalf("%d changes are left: that something happened is not forgotten", len(left))
		}
		for column, values := range valuesOf(left) {
			if len(values) > 1 && !slices.Contains(mayStay["changes"], column) {
				t.Errorf("changes.%s still tells what there was: %q", column, values)
			}
		}
	}
	if left := rows("objects", ada.ID); len(left) != 1 {
		t.Errorf("objects are left: %v", left)
	}
	for _, trash := range []bool{false, true} {
		for _, task := range mustList(t, s, ada.ID, todo.Filter{Trash: trash}).Tasks {
			if !trash && !slices.Equal(task.LabelIDs, todo.IDs{kept}) {
				t.Errorf("a task has the labels %v", task.LabelIDs)
			}
		}
	}
	wantWhole(t, s, ada.ID)
}

// objectLivesThrough has a list or label live through all that can be done with it, until it is in the trash, and returns its
// id. A task that stays has it, and another label.
func objectLivesThrough(t *testing.T, service *todo.Service, ada todo.User, k todo.Kind, name string, kept int64) int64 {
	t.Helper()
	ctx := t.Context()
	patch := func(name string) todo.ObjectPatch {
		return todo.ObjectPatch{Name: todo.Some(name), Color: todo.Some("#5ec7e7")}
	}
	must := func(out todo.WriteResult, err error) *todo.Object {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out.Object
	}
	key := func(what string) todo.WriteOptions { return keyed(fmt.Sprint(what, len(name), k)) }
	made := must(service.CreateObject(ctx, ada, k, patch(name), key("create")))
	task := todo.Patch{Title: todo.Some("task"), LabelIDs: todo.Some(todo.IDs{kept})}
	if k == todo.KindLabel {
		task.LabelIDs.V = append(task.LabelIDs.V, made.ID)
	} else {
		task.ListID = todo.Some(made.ID)
	}
	if _, err := service.Create(ctx, ada, task, todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	must(service.UpdateObject(ctx, ada, k, made.ID, patch(name), key("unchanged")))
	stale := []todo.Step{
		{Kind: k, Op: todo.Updated, ID: made.ID, Version: made.Version + 100, Object: patch(name)}, // the answer has the object
		{Kind: k, Op: todo.Updated, ID: made.ID, Object: todo.ObjectPatch{Name: todo.Some(name + ", another secret")}},
	}
	if _, err := service.Batch(ctx, ada, stale, false, key("stale")); err != nil {
		t.Fatal(err)
	}
	must(service.UpdateObject(ctx, ada, k, made.ID, patch(name), key("back")))
	if k == todo.KindList {
		must(service.MoveList(ctx, ada, made.ID, todo.Move{After: todo.Null[int64]()}, key("move")))
		must(service.UpdateObject(ctx, ada, k, made.ID, todo.ObjectPatch{Archived: todo.Some(true)}, key("archive")))
	}
	for _, name := range []string{"delete", "delete again"} {
		must(service.DeleteObject(ctx, ada, k, made.ID, key(name)))
		if name == "delete" {
			must(service.Restore(ctx, ada, made.ID, key("restore")))
		}
	}
	return made.ID
}

// wantWritten fails the test unless all texts are somewhere in the tables, so that it would be seen if they stayed.
func wantWritten(t *testing.T, tables []string, rows func(string, todo.UserID) []Row, owner todo.UserID, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !slices.ContainsFunc(tables, func(table string) bool { return whereWritten(rows(table, owner), text) != "" }) {
			t.Errorf("%q is nowhere", text)
		}
	}
}

// wantNothingWritten fails the test if one of the texts is anywhere in the tables, in either case.
func wantNothingWritten(t *testing.T, tables []string, rows func(string, todo.UserID) []Row, owner todo.UserID, texts ...string) {
	t.Helper()
	for _, table := range tables {
		for _, text := range texts {
			if where := whereWritten(rows(table, owner), text); where != "" {
				t.Errorf("%q is in %s: %s", text, table, where)
			}
		}
	}
}

// whereWritten returns the column and the value that a text is in, in either case; "" for none.
func whereWritten(rows []Row, text string) string {
	for _, row := range rows {
		for column, value := range row {
			if strings.Contains(strings.ToLower(value), text) {
				return column + ": " + value
			}
		}
	}
	return ""
}
