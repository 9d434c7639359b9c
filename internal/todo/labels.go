package todo

import (
	"fmt"
	"slices"
)

// MaxTaskLabels is how many labels a task may have.
const MaxTaskLabels = 50

// IDs are ids of objects, ascending, each once. None are nil.
type IDs []int64

// What people are told of an id that isn't one of theirs, and of one that is in the trash: the same.
const (
	notYourList   = "must be the id of one of your lists, or null"
	notYourTask   = "must be the id of one of your tasks, or null"
	notYourLabels = "must be ids of labels of yours"
)

// tooManyLabels is what people are told of a task with more.
var tooManyLabels = fmt.Sprintf("must be at most %d labels", MaxTaskLabels)

// checkReference returns the rule that an id in a field can be one at all. Whether it is there is known under the owner's lock.
func checkReference(field, message string) func(*Opt[int64], fault) {
	return func(id *Opt[int64], fault fault) {
		if id.V <= 0 {
			fault(field, message)
		}
	}
}

// labelsField describes the labels of a task.
func labelsField() *Field {
	f := writable(value[Patch]("label_ids", func(t *Task) *IDs { return &t.LabelIDs }),
		func(p *Patch) *Opt[IDs] { return &p.LabelIDs }, checkLabels)
	f.merge = mergeLabels
	return f
}

// checkLabels sorts the ids of labels and reports the rules that they break.
func checkLabels(ids *Opt[IDs], fault fault) {
	if ids.V = slices.Clone(ids.V); len(ids.V) == 0 {
		ids.V = nil
		return
	}
	slices.Sort(ids.V)
	switch {
	case ids.V[0] <= 0:
		fault("label_ids", notYourLabels)
	case len(ids.V) > MaxTaskLabels:
		fault("label_ids", tooManyLabels)
	case len(slices.Compact(slices.Clone(ids.V))) < len(ids.V):
		fault("label_ids", "must not name a label twice")
	}
}

// mergeLabels adds to current the labels that yours has and base hasn't, and takes away those that only base has.
func mergeLabels(base, yours, current *Task) *Task {
	merged := *current
	merged.LabelIDs = nil
	for _, id := range current.LabelIDs {
		if yours.LabelIDs.has(id) || !base.LabelIDs.has(id) {
			merged.LabelIDs = append(merged.LabelIDs, id)
		}
	}
	for _, id := range yours.LabelIDs {
		if !base.LabelIDs.has(id) && !current.LabelIDs.has(id) {
			merged.LabelIDs = append(merged.LabelIDs, id)
		}
	}
	slices.Sort(merged.LabelIDs)
	return &merged
}

// has reports whether id is one of ids.
func (ids IDs) has(id int64) bool {
	_, there := slices.BinarySearch(ids, id)
	return there
}

// without returns ids without id, which may be absent.
func (ids IDs) without(id int64) IDs {
	rest := slices.DeleteFunc(slices.Clone(ids), func(other int64) bool { return other == id })
	if len(rest) == 0 {
		return nil
	}
	return rest
}
