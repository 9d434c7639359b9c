package todo_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// morning is when tasks are made here.
var morning = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// TestEveryFieldOfAPatchIsNoticed: by all that follows from the table of fields. What stores and use cases make of each
// is a case of storetest.
func TestEveryFieldOfAPatchIsNoticed(t *testing.T) {
	t.Parallel()
	for _, f := range storetest.FieldPatches(t, storetest.SomeRefs) {
		before := f.Full.NewTask("ada", morning)
		after := f.Patch.Apply(before, morning.Add(time.Hour))
		if same := before; after.Same(&before) || after.UpdatedAt.Equal(same.UpdatedAt) {
			t.Errorf("%s: %+v is the same as before", f.Name, after)
		}
		touched := todo.Touched(&before, &after)
		if was, there := touched[f.Field.Name]; !there || !reflect.DeepEqual(was, f.Field.Value(&before)) {
			t.Errorf("%s: of what it was before, the change has %v", f.Name, touched)
		}
		if read := encodedAndRead(t, touched); !reflect.DeepEqual(read, touched) {
			t.Errorf("%s: %v is stored and read as %v", f.Name, touched, read)
		}
		back := after
		touched.PutInto(&back)
		back.UpdatedAt = before.UpdatedAt
		if !reflect.DeepEqual(back, before) {
			t.Errorf("%s: put back it is %+v, was %+v", f.Name, back, before)
		}
	}
}

// encodedAndRead returns fields as they are read again.
func encodedAndRead(t *testing.T, f todo.Fields) todo.Fields {
	t.Helper()
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := todo.DecodeFields(data)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// heads are what each task has beside its fields.
var heads = []string{"ID", "Owner", "Version", "CreatedAt", "UpdatedAt"}

// TestEveryFieldOfATaskIsInTheTable: what changes of a task, the log keeps and an undo puts back. A new field belongs
// in the table; few belong to the heads.
func TestEveryFieldOfATaskIsInTheTable(t *testing.T) {
	t.Parallel()
	touched := map[string]bool{}
	for field := range reflect.TypeFor[todo.Task]().Fields() {
		values := variants(t, field.Type)
		for i, j := range pairs(len(values)) {
			var before, after todo.Task
			reflect.ValueOf(&before).Elem().FieldByIndex(field.Index).Set(values[i])
			reflect.ValueOf(&after).Elem().FieldByIndex(field.Index).Set(values[j])
			fields := todo.Touched(&before, &after)
			if isHead := slices.Contains(heads, field.Name); isHead != (len(fields) == 0) {
				t.Errorf("%s: of %v become %v the log has %v", field.Name, values[i], values[j], fields)
			} else if isHead {
				continue
			}
			for name := range maps.Keys(fields) {
				touched[name] = true
			}
			if fields.PutInto(&after); !reflect.DeepEqual(after, before) {
				t.Errorf("%s: put back it is %+v, was %+v", field.Name, after, before)
			}
		}
	}
	for _, f := range todo.TaskFields() {
		if !touched[f.Name] {
			t.Errorf("the field %s is nowhere in a task", f.Name)
		}
	}
}

// pairs iterates over all pairs of different numbers below n.
func pairs(n int) func(func(i, j int) bool) {
	return func(yield func(i, j int) bool) {
		for i := range n * n {
			if i/n != i%n && !yield(i/n, i%n) {
				return
			}
		}
	}
}

// variants returns values of a type that differ in everything there is to it.
func variants(t *testing.T, typ reflect.Type) (all []reflect.Value) {
	t.Helper()
	zero := reflect.New(typ).Elem()
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return []reflect.Value{zero, reflect.ValueOf(morning)}
	case typ.Kind() == reflect.Pointer:
		for _, v := range variants(t, typ.Elem()) {
			p := reflect.New(typ.Elem())
			p.Elem().Set(v)
			all = append(all, p)
		}
		return append(all, zero)
	case typ.Kind() == reflect.Struct:
		return variantsOfStruct(t, typ)
	case zero.CanInt():
		other := reflect.New(typ).Elem()
		other.SetInt(2)
		return []reflect.Value{zero, other}
	case typ.Kind() == reflect.String:
		return []reflect.Value{zero, reflect.ValueOf("x").Convert(typ)}
	case typ == reflect.TypeFor[todo.IDs]():
		return []reflect.Value{zero, reflect.ValueOf(todo.IDs{1, 2}), reflect.ValueOf(todo.IDs{1, 3})}
	case typ.Kind() == reflect.Bool:
		return []reflect.Value{zero, reflect.ValueOf(true).Convert(typ)}
	}
	t.Fatalf("a task has the type %s: say here what values there are", typ)
	return nil
}

// variantsOfStruct returns a struct in which nothing is zero, and others that are zero in one field each.
func variantsOfStruct(t *testing.T, typ reflect.Type) []reflect.Value {
	t.Helper()
	full := reflect.New(typ).Elem()
	for i := range typ.NumField() {
		full.Field(i).Set(variants(t, typ.Field(i).Type)[1])
	}
	all := []reflect.Value{full}
	for i := range typ.NumField() {
		v := reflect.New(typ).Elem()
		v.Set(full)
		v.Field(i).SetZero()
		all = append(all, v)
	}
	return all
}

// TestFieldsAreToldApart: by names that differ, each of which is its own or that of another field.
func TestFieldsAreToldApart(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, f := range todo.TaskFields() {
		if names[f.Name] {
			t.Errorf("two fields are called %s", f.Name)
		}
		names[f.Name] = true
	}
	for _, f := range todo.TaskFields() {
		if !names[f.Of] {
			t.Errorf("%s is a part of %s, which is no field", f.Name, f.Of)
		}
	}
}
