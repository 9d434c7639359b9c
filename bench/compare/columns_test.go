package main

import (
	"slices"
	"testing"
)

func TestInsertTakesTheColumnsThatThereAre(t *testing.T) {
	t.Parallel()
	of := table{
		name: "notes", from: "generate_series(1, 9) as n", values: map[string]string{"id": "n", "text": "'a note'"},
	}
	got, err := of.insert([]column{{"text", true}, {"new", false}})
	if want := "insert into notes (text) select 'a note' from generate_series(1, 9) as n"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if _, err := of.insert([]column{{"owner", true}}); err == nil {
		t.Error("a column that must be filled was left out")
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	got := shown([]column{{"title", true}, {"user_id", true}, {"id", true}})
	if want := []string{"id", "title"}; !slices.Equal(got, want) {
		t.Errorf("%v are shown, want %v", got, want)
	}
}
