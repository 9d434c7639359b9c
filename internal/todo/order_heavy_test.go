//go:build heavy

package todo

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"todod/internal/nodetest"
)

// TestTheOrderIsThatOfFractionalIndexing: the same moves lead to the same order with the package of npm that has this
// name, whose keys are made otherwise.
func TestTheOrderIsThatOfFractionalIndexing(t *testing.T) {
	t.Parallel()
	type move struct {
		ID int64 `json:"id"`
		At int   `json:"at"`
	}
	s, r, moves := newShelf(60), rand.New(rand.NewPCG(1, 2)), make([]move, 2_000)
	first, want := slices.Clone(s.order), make([][]int64, len(moves))
	at := 0
	for i := range moves {
		if r.IntN(4) == 0 { // else to where the one before went
			at = r.IntN(len(s.order))
		}
		moves[i] = move{s.other(r), at}
		s.move(t, moves[i].ID, at, end(r.IntN(2)))
		slices.SortFunc(s.order, func(a, b int64) int { return strings.Compare(s.keys[a], s.keys[b]) })
		want[i] = slices.Clone(s.order)
	}
	input, err := json.Marshal(map[string]any{"order": first, "moves": moves})
	if err != nil {
		t.Fatal(err)
	}
	const folder = "../../test/order"
	nodetest.Install(t, folder)
	cmd := exec.CommandContext(t.Context(), "node", "order.mjs")
	cmd.Dir, cmd.Stdin = folder, bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	var got [][]int64
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatal(err)
	}
	for i := range moves {
		if !slices.Equal(got[i], want[i]) {
			t.Fatalf("after %d moves: %v\nwant %v", i+1, got[i], want[i])
		}
	}
}
