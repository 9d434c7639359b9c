package httpapi

import (
	"context"
	"maps"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/todo"
)

// listInput is what a list can be asked for. An empty parameter counts as absent.
type listInput struct {
	Completed   flag   `query:"completed" doc:"Only those that are completed, or are not"`
	Priority    string `query:"priority" enum:"low,medium,high"`
	DueBefore   moment `query:"due_before" doc:"Due earlier than this date or RFC 3339 date-time; all-day tasks are compared by its day"`
	DueAfter    moment `query:"due_after" doc:"Due at this or later, likewise"`
	StartBefore moment `query:"start_before" doc:"As due_before, of start dates"`
	StartAfter  moment `query:"start_after" doc:"As due_after, of start dates"`
	List        place  `query:"list_id" doc:"Only those in this list, or in none: the inbox"`
	Parent      place  `query:"parent_id" doc:"Only those that are a part of this task, or of none"`
	Labels      idList `query:"label_ids" doc:"Only those that have all of these labels, comma-separated"`
	TZ          zone   `query:"tz" doc:"The time zone in which bounds that are dates begin, such as Europe/Berlin; the caller's own if absent"`
	Q           string `query:"q" maxLength:"200" doc:"Words that must all be in the title or the description, whatever their case and accents"`
	Sort        string `query:"sort" doc:"Comma-separated: created_at, updated_at, due_date, start_date, priority, title, completed, position; - in front for descending, as in -priority,due_date"`
	Limit       number `query:"limit" minimum:"1" maximum:"1000" doc:"100 if absent"`
	Offset      number `query:"offset" minimum:"0" doc:"Pass over so many; a cursor is steadier"`
	Cursor      string `query:"cursor" doc:"Go on where the page ended whose Link had it; not with offset"`
	Count       flag   `query:"count" doc:"Also answer X-Total-Count"`
}

// filter returns what in asks for, or an Error of code Invalid.
func (in *listInput) filter() (todo.Filter, error) {
	f := todo.Filter{
		Completed: in.Completed.value, DueBefore: in.DueBefore.in(in.TZ), DueAfter: in.DueAfter.in(in.TZ),
		List: in.List.id, Parent: in.Parent.id, Labels: in.Labels.ids, StartBefore: in.StartBefore.in(in.TZ), StartAfter: in.StartAfter.in(in.TZ), Words: todo.Words(in.Q),
		Limit: in.Limit.or(todo.DefaultLimit), Offset: in.Offset.or(0), Cursor: in.Cursor,
		Count: in.Count.value != nil && *in.Count.value,
	}
	var faults []todo.FieldError
	if in.Priority != "" {
		p, ok := todo.ParsePriority(in.Priority)
		if !ok {
			faults = append(faults, todo.FieldError{Field: "priority", Message: "must be low, medium or high"})
		}
		f.Priority = &p
	}
	if in.Sort != "" {
		order, err := todo.ParseOrder(in.Sort)
		if err != nil {
			faults = append(faults, todo.FieldError{Field: "sort", Message: err.Error()})
		}
		f.Order = order
	}
	return f, todo.InvalidFields(faults...)
}

// settleZone has z be the caller's time zone, unless the request names one, if one of the bounds is a date, which begins where its
// day does there.
func (a *resources) settleZone(ctx context.Context, z *zone, bounds ...moment) error {
	if z.loc != nil || !slices.ContainsFunc(bounds, func(m moment) bool { return m.due != nil && m.due.AllDay }) {
		return nil
	}
	var err error
	z.loc, err = a.tasks.Location(ctx, caller(ctx))
	return err
}

// checkQuery returns an Error of code Invalid that names the parameters of u that op does not know or that come more than
// once. When lenient, it passes over those that op does not know. It writes the query anew, because huma reads "true"
// where a name stands without a value.
func checkQuery(op *huma.Operation, u *url.URL, lenient bool) error {
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	u.RawQuery = query.Encode()
	if err != nil {
		return todo.InvalidFields(todo.FieldError{Field: "query", Message: "must be well-formed"})
	}
	var faults []todo.FieldError
	for _, name := range slices.Sorted(maps.Keys(query)) {
		known := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name })
		switch {
		case !known && lenient:
		case !known:
			faults = append(faults, todo.FieldError{Field: clip(name), Message: "is not a known parameter"})
		case len(query[name]) > 1:
			faults = append(faults, todo.FieldError{Field: name, Message: "must not come twice"})
		}
		if len(faults) == maxFaults {
			break
		}
	}
	return todo.InvalidFields(faults...)
}
