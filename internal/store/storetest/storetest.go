// Package storetest is the behaviour that every store has, as one suite of tests that each of them passes.
package storetest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/account"
	"todod/internal/todo"
)

// Run runs the suite. open returns an empty store that is closed when its test ends; the tests of the suite run in
// parallel, each on a store of its own.
func Run(t *testing.T, open func(t *testing.T) account.FullStore) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, Of(open(t)))
		})
	}
}

// cases is the suite.
var cases = []struct {
	name string
	test func(*testing.T, Store)
}{
	{"a created task is read back as it is", testCreatedTaskIsReadBack},
	{"any text comes back byte for byte", testTextComesBack},
	{"an update keeps what it does not name and clears what it nulls", testUpdateKeepsAndClears},
	{"an update that changes nothing leaves no trace", testSameUpdateLeavesNoTrace},
	{"due dates follow the domain's rules", testDueDates},
	{"a toggle sets and clears the time of completion", testToggle},
	{"time never runs backwards on a task", testTimeNeverRunsBackwards},
	{"a deleted task is gone and its id is not given out again", testDeletedTaskIsGone},
	{"an owner never sees or changes another's task", testOwnersAreApart},
	{"a missing task and another's task get the same answer", testMissingAndForeignAreAlike},
	{"nobody gets more tasks than the quota", testQuota},
	{"a quota holds against many at once", testQuotaAtOnce},
	{"any history gives what the domain's rules give", testHistories},
	{"the log says what each change touched", testLog},
	{"what changes nothing is not in the log", testNothingToLog},
	{"a history has all changes of one task", testHistory},
	{"a key makes a change once, however many ask at once", testOnceAtOnce},
	{"a key is its owner's alone", testKeysAreTheOwners},
	{"a key is compared as it is", testKeysAreText},
	{"a refused change leaves its key free", testRefusalsAreForgotten},
	{"a task that comes back counts against the quota", testQuotaAtRestore},
	{"pages of the log and of a snapshot are what they say", testChangesAndSnapshot},
	{"readers end with what is there while others write", testReadersConverge},
	{"a list is read unless its state is known", testUnless},
	{"a walk by cursor meets each task once", testWalks},
	{"sixty-four toggles at once all count", testTogglesAtOnce},
	{"first writes at once get revisions without gaps", testFirstWritesAtOnce},
	{"owners who write at once keep their own revisions", testOwnersAtOnce},
	{"filters let through what they say", testFilters},
	{"a day is compared with the day of a bound", testDays},
	{"start dates are bounds and an order of their own", testStartDates},
	{"overdue is a matter of the day", testOverdueIsAMatterOfTheDay},
	{"any order is the domain's order", testOrders},
	{"pages join up and say what follows", testPages},
	{"words are found in any case, with and without accents", testWords},
	{"words are found in the text that a task has now", testFoundAsItIs},
	{"any word is found by the domain's rule", testAnyWord},
	{"a batch does what its operations say, each once", testBatch},
	{"a batch forgets what has gone for good", testBatchForgets},
	{"an undo takes back what was done together", testUndo},
	{"an undo of an edit looks at what was edited since", testUndoOfAnEdit},
	{"the latest of any batches can be undone and redone", testUndoAll},
	{"a due date is taken back as a whole", testUndoOfADueDate},
	{"what an undo leaves counts against the quota", testUndoAndTheQuota},
	{"half a set can't be taken back", testUndoOfHalfASet},
	{"a log that is too long loses its beginning", testLogBudget},
	{"nobody has more keys remembered than may be", testKeyBudget},
	{"a full trash loses what has been there the longest", testTrashBudget},
	{"a trash that is far too full is emptied little by little", testOverfullTrash},
	{"what went from a full trash stands beside what was asked for", testTrimmedSets},
	{"a conflict of many tasks names a few fields", testUndoNamesAFew},
	{"changes of several tasks reach nobody else's data", testSetsAreApart},
	{"a merge goes over other fields", testMerge},
	{"bulk changes are one set each", testBulk},
	{"the states of many are those of each", testStates},
	{"a caller who has gone away changes nothing", testCancelledCallerChangesNothing},
	{"a change that fails spoils nobody else's", testPoison},
	{"changes that travel together reach their own tasks alone", testGroupsAreApart},
	{"many changes of one person leave no gap", testManyOfOne},
	{"a store that is there is ready", testReady},
	{"any history of all kinds gives what the contract says", testHistoriesOfKinds},
	{"what two devices do at once leaves all whole", testDevicesAtOnce},
	{"readers of all kinds end with what is there while others write", testReadersOfKindsConverge},
	{"moves to one place give the order of a slice", testMovesToOnePlace},
	{"moves from several devices come one after the other", testMovesFromDevices},
	{"a list of more than goes in one step is a list as any other", testLargeList},
	{"an undo of a large set meets what was changed since", testUndoOfALargeSetMeetsChanges},
	{"an undo leaves no task that recurs without a date", testUndoOfADateThatRecurs},
	{"trees that recur are taken back exactly", testUndoOfTreesThatRecur},
	{"all of many trees that recur is one set", testLargeTreesThatRecur},
	{"of two devices one has an occurrence pass", testOneOccurrenceAtOnce},
	{"the last occurrence passes once", testTheLastOccurrenceAtOnce},
	{"an occurrence that passes while others change it is told once", testPassingAndPostponingAtOnce},
	{"what has passed is listed late", testListedLate},
	{"what is taken back is listed no more", testListedAndTakenBack},
	{"listings at once list each occurrence once", testListedAtOnce},
	{"an export has what has passed", testListedInExports},
	{"a listing that is interrupted is gone on with", testListingIsInterrupted},
	{"no tree becomes too deep or too large", testTreeLimits},
	{"every field that people write is stored, remembered, merged and taken back", testEveryField},
}

// noon is when things happen in tests that don't care when.
var noon = time.Date(2026, 1, 15, 12, 0, 0, 123456000, time.UTC)

// plenty is a quota that no test reaches.
const plenty = 1 << 30

// newUser returns someone nobody has heard of.
func newUser() todo.UserID { return todo.UserID("user-" + rand.Text()) }

// by returns a write by owner at noon.
func by(owner todo.UserID) todo.Write { return at(owner, noon) }

// at returns a write by owner at the time now.
func at(owner todo.UserID, now time.Time) todo.Write {
	return todo.Write{At: now, By: todo.User{ID: owner, AsOf: noon}}
}

// titled returns the patch that sets a title.
func titled(title string) todo.Patch { return todo.Patch{Title: todo.Some(title)} }

// mustNormalise returns p normalised.
func mustNormalise(t rapid.TB, p todo.Patch) todo.Patch {
	t.Helper()
	p, err := p.Normalise()
	if err != nil {
		t.Fatalf("normalise %+v: %v", p, err)
	}
	return p
}

// create stores the task that p starts.
func create(t rapid.TB, s Store, owner todo.UserID, p todo.Patch) (todo.Task, error) {
	t.Helper()
	w := by(owner)
	return taskOf(s.Create(context.Background(), owner, mustNormalise(t, p), plenty, w))
}

// taskOf returns the task that came of a change.
func taskOf(out todo.WriteResult, err error) (todo.Task, error) { return out.Task, err }

// errOf returns the error of a change.
func errOf(_ todo.WriteResult, err error) error { return err }

// mustCreate stores the task that p starts and returns it.
func mustCreate(t rapid.TB, s Store, owner todo.UserID, p todo.Patch) todo.Task {
	t.Helper()
	task, err := create(t, s, owner, p)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return task
}

// mustUpdate applies p to a task and returns it.
func mustUpdate(t rapid.TB, s Store, owner todo.UserID, id int64, p todo.Patch) todo.Task {
	t.Helper()
	task, err := taskOf(s.Update(context.Background(), owner, id, mustNormalise(t, p), at(owner, noon.Add(time.Hour))))
	if err != nil {
		t.Fatalf("update %d: %v", id, err)
	}
	return task
}

// mustRead returns a task.
func mustRead(t rapid.TB, s Store, owner todo.UserID, id int64) todo.Task {
	t.Helper()
	task, err := s.Task(context.Background(), owner, id, noon)
	if err != nil {
		t.Fatalf("read %d: %v", id, err)
	}
	return task
}

// mustList returns a page; a limit of 0 is the highest, no order the newest first.
func mustList(t rapid.TB, s Store, owner todo.UserID, f todo.Filter) todo.Page {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = todo.MaxLimit
	}
	if f.Order == nil {
		f.Order = todo.NewestFirst()
	}
	page, err := s.Tasks(context.Background(), owner, f)
	if err != nil {
		t.Fatalf("list %+v: %v", f, err)
	}
	return page
}

// titles returns the titles of tasks, in their order.
func titles(tasks []todo.Task) []string {
	names := make([]string, len(tasks))
	for i, task := range tasks {
		names[i] = task.Title
	}
	return names
}

// wantCode fails the test unless err is an Error of this code.
func wantCode(t rapid.TB, err error, code todo.Code) {
	t.Helper()
	if got := todo.CodeOf(err); got != code {
		t.Fatalf("error code: got %d (%v), want %d", got, err, code)
	}
}

// show returns a task with what its pointers point to.
func show(t todo.Task) string {
	text, err := json.Marshal(t)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// wantTask fails the test unless got is want in every field.
func wantTask(t rapid.TB, got, want todo.Task) {
	t.Helper()
	if !got.Same(&want) || got.ID != want.ID || got.Owner != want.Owner || got.Version != want.Version ||
		!got.CreatedAt.Equal(want.CreatedAt) || !got.UpdatedAt.Equal(want.UpdatedAt) ||
		(got.CompletedAt == nil) != (want.CompletedAt == nil) ||
		got.CompletedAt != nil && !got.CompletedAt.Equal(*want.CompletedAt) ||
		(got.DeletedAt == nil) != (want.DeletedAt == nil) ||
		got.DeletedAt != nil && !got.DeletedAt.Equal(*want.DeletedAt) {
		t.Fatalf("task:\n got %s\nwant %s", show(got), show(want))
	}
}
