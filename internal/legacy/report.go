package legacy

import (
	"encoding/json"
	"io"

	"todod/internal/todo"
)

// finding is a line of the report: what has to be said of one row of the old database.
type finding struct {
	Table   string   `json:"table"` // user or task
	ID      string   `json:"id"`
	UserID  string   `json:"user_id,omitempty"` // of a task
	Outcome string   `json:"outcome"`           // refused or altered
	Reasons []string `json:"reasons"`           // sentences; they tell no more of the row than is at fault
}

// The outcomes that are reported. A row that comes over as it was is only counted.
const (
	refused = "refused"
	altered = "altered"
)

// A report is written as the import goes, so that one that ends early has told what it did. A row is reported before it is
// stored: when an import breaks off in between, the next one reports it again.
type report struct{ lines *json.Encoder }

// newReport returns a report of JSON objects, one a line.
func newReport(w io.Writer) report {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	return report{lines}
}

// row writes what has to be said of a row, if there is anything.
func (r report) row(table, id, userID, outcome string, about []todo.FieldError) error {
	if len(about) == 0 {
		return nil
	}
	return r.lines.Encode(finding{table, id, userID, outcome, sentences(about)})
}
