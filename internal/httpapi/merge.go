package httpapi

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/todo"
)

// wantsMerge reports whether a request prefers (RFC 7240) that its patch be merged into what was changed since the one
// version that its If-Match names.
func wantsMerge(r *http.Request, opts todo.WriteOptions) bool {
	if len(opts.If) != 1 {
		return false
	}
	unquoted := quoted.ReplaceAllString(strings.Join(r.Header.Values("Prefer"), ","), "")
	for preference := range strings.SplitSeq(unquoted, ",") {
		name, _, _ := strings.Cut(preference, ";")
		if strings.EqualFold(strings.TrimSpace(name), "merge") {
			return true
		}
	}
	return false
}

// quoted is a quoted-string of RFC 9110, section 5.6.4. In one, a comma separates nothing.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// mergedOutput answers with a task and whether a patch was merged into it.
type mergedOutput struct {
	AnswerHeaders
	Applied string `header:"Preference-Applied" doc:"merge, if that was preferred"`
	Body    task
}

// patchTask changes what the body names and keeps the rest. If that is preferred, it goes over what was changed since in
// other fields.
func (a *resources) patchTask(ctx context.Context, in *updateInput) (*mergedOutput, error) {
	merged := false
	out, err := a.paidAlong(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		if merged = wantsMerge(requestOptionsOf(ctx).r, opts); merged {
			return a.tasks.Merge(ctx, caller(ctx), in.ID.n, in.Body.patch, opts)
		}
		return a.tasks.Update(ctx, caller(ctx), in.ID.n, in.Body.patch, opts)
	})
	if err != nil {
		return nil, err
	}
	answer := &mergedOutput{AnswerHeaders: headersOf(out), Body: wire(out.Task)}
	if merged {
		answer.Applied = "merge"
	}
	return answer, nil
}

// merging documents a route that merges if that is preferred.
func merging(op *huma.Operation) {
	header(op, "Prefer", "`merge`, beside an `If-Match` with one entity tag: go over what was changed since then in other fields (RFC 7240)")
}

// mergeConflict is a field that two changed.
type mergeConflict struct {
	Base    any `json:"base" doc:"As it was at the version of If-Match"`
	Yours   any `json:"yours"`
	Current any `json:"current"`
}

// mergeConflicts returns conflicts as they go out, by field.
func mergeConflicts(conflicts []todo.MergeConflict) map[string]mergeConflict {
	all := map[string]mergeConflict{}
	for _, c := range conflicts {
		all[c.Field] = mergeConflict{wireValue(c.Base), wireValue(c.Yours), wireValue(c.Current)}
	}
	return all
}

// wireValue returns the value of a field as it goes out; a whole due date as clients write it, a day as a bare date.
func wireValue(v any) any {
	switch v := v.(type) {
	case todo.IDs:
		if v == nil {
			return []int64{}
		}
		return []int64(v)
	case todo.Priority:
		return v.String()
	case time.Time:
		return timestamp(v)
	case todo.Recurrence:
		return recurrence{v}
	case todo.Date:
		if v.AllDay {
			return v.At.Format(time.DateOnly)
		}
		return timestamp(v.At)
	}
	return v
}
