package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"

	"todod/internal/account"
	"todod/internal/audit"
	"todod/internal/observe"
	"todod/internal/todo"
)

// exportDocument is everything there is of somebody. It is never in memory as a whole: sendExport writes its members one
// after the other, in this order.
type exportDocument struct {
	Format      string           `json:"format" enum:"todod export 1"`
	ExportedAt  timestamp        `json:"exported_at"`
	FromRev     int64            `json:"from_rev" doc:"The owner's revision when the export began"`
	Profile     me               `json:"profile"`
	Trash       []task           `json:"trash" doc:"The tasks in the trash"`
	Tasks       []task           `json:"tasks" doc:"All others, and those that went to the trash while this was read. Of a task that is here twice, the higher version is what became of it"`
	Objects     []trashed        `json:"lists_and_labels" doc:"All lists and labels; those in the trash have a deleted_at"`
	History     []loggedChange   `json:"history" doc:"What is remembered of all changes up to to_rev, the oldest first"`
	Completions []pastCompletion `json:"completions" doc:"What was completed or skipped, the latest first"`
	Sessions    []exportSession  `json:"sessions" doc:"Where somebody signed in here"`
	Networks    []exportNetwork  `json:"known_networks" doc:"When somebody last signed in from each of the networks that they are known by"`
	Imports     []exportImport   `json:"imports" doc:"Tasks that came from other systems"`
	ToRev       int64            `json:"to_rev" doc:"Up to where changes were read. If it is from_rev, all of this is of one moment"`
	Complete    bool             `json:"complete" enum:"true" doc:"The last member: a document without it was cut off"`
}

// exportFormat names the form of an exportDocument, and its version.
const exportFormat = "todod export 1"

// loggedChange is a change of any object.
type loggedChange struct {
	Rev     int64             `json:"rev" doc:"The owner's revision that it made"`
	TaskID  int64             `json:"task_id" doc:"The id of what was changed"`
	Kind    string            `json:"kind,omitempty" doc:"What was changed; a task if absent"`
	Op      string            `json:"op" enum:"created,updated,completed,reopened,deleted,restored,purged"`
	At      timestamp         `json:"at"`
	Changes map[string][2]any `json:"changes" doc:"What the fields that were touched were before, and became; empty once the task is gone for good"`

	Occurrence *occurrence `json:"occurrence,omitempty" doc:"Of a recurring task: the time of it that has passed by the change; else absent"`
}

// wireLogged returns c as it goes out.
func wireLogged(c todo.Change) any {
	out := loggedChange{
		Rev: int64(c.Rev), TaskID: c.Task.ID, Op: c.Op.String(), At: timestamp(c.At), Changes: map[string][2]any{},
		Occurrence: occurrenceOf(&c),
	}
	if c.Object != nil {
		out.Kind = c.Object.Kind.String()
	}
	if !c.Blank() {
		out.Changes = differences(c)
	}
	return out
}

// exportSession is a session of somebody who signed in here.
type exportSession struct {
	CreatedAt timestamp `json:"created_at"`
	ExpiresAt timestamp `json:"expires_at"`
}

// exportNetwork is a network that somebody signed in from: when they last did. Which one it is isn't known here, either.
type exportNetwork struct {
	SeenAt timestamp `json:"seen_at"`
}

// exportImport notes that a task came from another system.
type exportImport struct {
	Source    string    `json:"source"`
	OldID     string    `json:"old_id" doc:"The task's id there"`
	TaskID    int64     `json:"task_id"`
	CreatedAt timestamp `json:"created_at" doc:"Of the task"`
}

// exportMe answers with everything there is of the caller, as fast as they read it.
func (a *resources) exportMe(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	e, err := a.personalData.Export(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer e.Close()
		a.sendExport(ctx, e)
	}}, nil
}

// How an export is sent.
const (
	exportChunk = 32 << 10         // bytes that are written at once
	exportWrite = 30 * time.Second // how long a reader may take for them
)

// sendExport sends e. What fails before anything was sent is answered as any error is; after that the connection is cut,
// so that nobody takes a part for the whole.
func (a *resources) sendExport(hctx huma.Context, e *account.Export) {
	r, w := humago.Unwrap(hctx)
	ctx := r.Context()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="todod-export-%s.json"`, e.At.Format("20060102T150405Z")))
	if r.Method == http.MethodHead {
		return
	}
	out := newPatientWriter(w, exportWrite)
	buffer := bufio.NewWriterSize(out, exportChunk)
	err := writeExport(ctx, buffer, e)
	if err == nil {
		err = buffer.Flush()
	}
	switch {
	case err == nil:
		a.audit(ctx, audit.Exported, slog.Int64("from_rev", int64(e.Since)), slog.Int64("to_rev", int64(e.Until)))
	case !out.wrote:
		w.Header().Del("Content-Disposition")
		writeProblem(w, r, err)
	default:
		recordOf(ctx).cutOff(err)
		a.audit(ctx, audit.ExportCut, slog.String("reason", observe.Anonymise(err.Error())))
		panic(http.ErrAbortHandler)
	}
}

// writeExport writes e to w as an exportDocument.
func writeExport(ctx context.Context, w *bufio.Writer, e *account.Export) error {
	d := &jsonWriter{w: w, before: "{"}
	d.member("format", exportFormat)
	d.member("exported_at", timestamp(e.At))
	d.member("from_rev", e.Since)
	d.member("profile", wireMe(e.Overview))
	wireTask := func(t todo.Task) any { return wire(t) }
	writeList(d, "trash", e.Trash(ctx), wireTask)
	writeList(d, "tasks", e.Tasks(ctx), wireTask)
	writeList(d, "lists_and_labels", e.Objects(ctx), func(o todo.Object) any { return trashed{object: &o} })
	writeList(d, "history", e.Log(ctx), wireLogged)
	writeList(d, "completions", e.Completions(ctx), func(c todo.Completion) any { return wireCompletion(c) })
	writeList(d, "sessions", e.Sessions(ctx), func(s account.Session) any {
		return exportSession{CreatedAt: timestamp(s.CreatedAt), ExpiresAt: timestamp(s.ExpiresAt)}
	})
	writeList(d, "known_networks", e.Networks(ctx), func(n account.KnownNetwork) any {
		return exportNetwork{SeenAt: timestamp(n.SeenAt)}
	})
	writeList(d, "imports", e.Imports(ctx), func(i todo.Import) any {
		return exportImport{Source: i.Source, OldID: i.OldID, TaskID: i.TaskID, CreatedAt: timestamp(i.CreatedAt)}
	})
	if d.err == nil {
		d.err = e.End(ctx)
	}
	d.member("to_rev", e.Until)
	d.member("complete", true)
	d.text("}\n")
	return d.err
}

// A jsonWriter writes a JSON object member by member. After the first error it does nothing.
type jsonWriter struct {
	w      *bufio.Writer
	before string // the next member
	err    error
}

// text writes s as it is.
func (d *jsonWriter) text(s string) {
	if d.err == nil {
		_, d.err = d.w.WriteString(s)
	}
}

// value writes v.
func (d *jsonWriter) value(v any) {
	if d.err != nil {
		return
	}
	data, err := json.Marshal(v, json.Deterministic(true))
	if err == nil {
		_, err = d.w.Write(data)
	}
	d.err = err
}

// member writes a member whose value is v. Its name is one of ours and needs no escapes.
func (d *jsonWriter) member(name string, v any) {
	d.text(d.before + `"` + name + `":`)
	d.value(v)
	d.before = ","
}

// writeList writes a member that is an array of what wire makes of all.
func writeList[T any](d *jsonWriter, name string, all iter.Seq2[T, error], wire func(T) any) {
	d.text(d.before + `"` + name + `":`)
	before := "["
	for one, err := range all {
		if d.err == nil {
			d.err = err
		}
		if d.err != nil {
			return
		}
		d.text(before)
		d.value(wire(one))
		before = ","
	}
	if before == "[" {
		d.text("[")
	}
	d.text("]")
}

// A patientWriter gives each write a time of its own, so that an answer may take long while no write does.
type patientWriter struct {
	http.ResponseWriter
	controller *http.ResponseController
	each       time.Duration
	wrote      bool
}

// newPatientWriter returns a patientWriter to w, where each write may take so long. The deadline that the server has set for
// the whole answer no longer holds after the first one.
func newPatientWriter(w http.ResponseWriter, each time.Duration) *patientWriter {
	return &patientWriter{ResponseWriter: w, controller: http.NewResponseController(w), each: each}
}

// Write implements io.Writer.
func (p *patientWriter) Write(data []byte) (int, error) {
	err := p.controller.SetWriteDeadline(time.Now().Add(p.each))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	p.wrote = true
	return p.ResponseWriter.Write(data)
}

// streams documents the answer of a route that writes it by itself as a T.
func streams[T any](a *API) func(*huma.Operation) {
	return func(op *huma.Operation) {
		mark(op, lastingTag, true)
		op.Responses = map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemaOf[T](a.huma.OpenAPI().Components.Schemas)},
			},
			Headers: map[string]*huma.Param{"Content-Disposition": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}
	}
}
