package httpapi

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"testing"

	"todod/internal/todo"
)

// TestTagsOfListsStayWhatTheyWere: clients have them, and ask with them what has changed.
func TestTagsOfListsStayWhatTheyWere(t *testing.T) {
	t.Parallel()
	for _, f := range []todo.Filter{
		{Limit: 50},
		{Limit: 1, Offset: 7, Count: true, Cursor: "x y", Trash: true, Words: []string{`"`}, Order: todo.NewestFirst()},
	} {
		for _, s := range []todo.State{{}, {Epoch: 0x7f00000000000001, Rev: 31}, {Epoch: -2, Rev: 1 << 60}} {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d %d %t %s", todosShape, f.Query(), f.Limit, f.Offset, f.Count, f.Cursor))
			want := fmt.Sprintf(`"l%x-%x-%x"`, s.Epoch, s.Rev, sum[:12])
			ending := listEnding(f, todosShape)
			if got := listTag(s, ending); got != want {
				t.Errorf("%+v of %+v: got %s, want %s", f, s, got, want)
			}
			known, err := knownState(http.Header{"If-None-Match": {`W/"v7"`, want}}, ending)
			if err != nil || known == nil || *known != s {
				t.Errorf("%s stands for %+v, %v", want, known, err)
			}
		}
	}
	ending := listEnding(todo.Filter{}, tasksShape)
	for _, none := range []string{"", "l", "-", "l-", "lx-1", "l1-", "l01-1", "l1-+1", "x1-1", "l1"} {
		if known, err := knownState(http.Header{"If-None-Match": {`"` + none + ending + `"`}}, ending); known != nil || err != nil {
			t.Errorf("%q stands for %+v, %v", none, known, err)
		}
	}
}
