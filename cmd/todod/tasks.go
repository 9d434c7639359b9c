package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"todod/internal/client"
)

// tasksCommands are what a person can do with their tasks, at any server.
type tasksCommands struct {
	Ls tasksListFlags `cmd:"" help:"List tasks, the open ones unless something else is said."`

	Add tasksAddFlags `cmd:"" help:"Make a task."`

	Done struct {
		IDs []int64 `arg:"" name:"id" help:"The tasks."`
	} `cmd:"" help:"Complete tasks."`

	Edit tasksEditFlags `cmd:"" help:"Change a task."`

	Rm struct {
		IDs []int64 `arg:"" name:"id" help:"The tasks."`
	} `cmd:"" help:"Move tasks to the trash."`

	Watch struct{} `cmd:"" help:"Say what changes, as it happens, until it is stopped. A connection that is lost is made again, and nothing missed."`

	JSON bool `name:"json" help:"As JSON, as the server has it."`
}

// Help implements kong.HelpProvider.
func (tasksCommands) Help() string {
	return `The server is that of TODOD_URL, else ` + defaultServer + `; todod login signs in. Exit codes: 0 ok, 1 it failed,
2 bad arguments, 3 not signed in, 4 there is no such task.`
}

// tasksListFlags say which tasks to list.
type tasksListFlags struct {
	All       bool     `help:"Completed ones, too."`
	Completed bool     `help:"Completed ones only."`
	Priority  string   `enum:",low,medium,high" default:"" help:"Of this priority: low, medium or high."`
	DueBefore string   `placeholder:"DATE" help:"Due before this day or time."`
	Sort      string   `default:"due_date,-priority" help:"Fields to sort by, with - in front for descending."`
	Limit     int      `default:"1000" help:"How many at most."`
	Words     []string `arg:"" optional:"" help:"Words that must all be in title or description."`
}

// tasksAddFlags say what a new task is.
type tasksAddFlags struct {
	Title       []string `arg:"" help:"The title."`
	Description string   `help:"More about it."`
	Priority    string   `enum:",low,medium,high" default:"" help:"low, medium or high."`
	Due         string   `placeholder:"DATE" help:"A day such as 2026-12-25, or a time such as 2026-12-25T09:30:00+01:00."`
}

// tasksEditFlags say what to change of a task.
type tasksEditFlags struct {
	ID          int64   `arg:"" help:"The task."`
	Title       *string `help:"The title."`
	Description *string `help:"More about it; none takes it away."`
	Priority    *string `help:"low, medium or high."`
	Due         *string `placeholder:"DATE" help:"A day or a time; none takes it away."`
	Reopen      bool    `help:"It is not completed any more."`
}

// A taskView is what is shown of a task.
type taskView struct {
	ID        int64   `json:"id"`
	Title     string  `json:"title"`
	Completed bool    `json:"completed"`
	Priority  string  `json:"priority"`
	DueDate   *string `json:"due_date"`
	AllDay    bool    `json:"due_all_day"`
}

// A tasksClient carries out tasksCommands.
type tasksClient struct {
	*client.Client
	out    io.Writer
	asJSON bool
}

// manageTasks carries out one of tasksCommands.
func manageTasks(
	ctx context.Context, getenv func(string) string, command string, flags tasksCommands, stdout io.Writer,
) error {
	asked, err := newClient(getenv)
	if err != nil {
		return err
	}
	c := tasksClient{asked, stdout, flags.JSON}
	name, _, _ := strings.Cut(strings.TrimPrefix(command, "tasks "), " ")
	switch name {
	case "ls":
		err = c.list(ctx, flags.Ls, getenv("NO_COLOR") == "")
	case "add":
		err = c.write(ctx, http.MethodPost, "/api/v1/tasks", flags.Add.body(), "added")
	case "done":
		err = c.each(flags.Done.IDs, func(path string) error {
			return c.write(ctx, http.MethodPatch, path, map[string]any{"completed": true}, "done")
		})
	case "edit":
		err = c.edit(ctx, flags.Edit)
	case "rm":
		err = c.each(flags.Rm.IDs, func(path string) error { return c.remove(ctx, path) })
	case "watch":
		err = c.watch(ctx)
	}
	switch {
	case client.Invalid(err):
		return fmt.Errorf("tasks: %w: %w", errUsage, err)
	case err != nil:
		return fmt.Errorf("tasks: %w", err)
	}
	return nil
}

// each calls do with the path of each task, until one fails.
func (c tasksClient) each(ids []int64, do func(path string) error) error {
	for _, id := range ids {
		if err := do(taskPath(id)); err != nil {
			return fmt.Errorf("%d: %w", id, err)
		}
	}
	return nil
}

// taskPath returns the path of a task.
func taskPath(id int64) string { return "/api/v1/tasks/" + strconv.FormatInt(id, 10) }

// write sends what makes or changes a task, and prints what has become of it, with a word for what happened.
func (c tasksClient) write(ctx context.Context, method, path string, body map[string]any, happened string) error {
	var raw json.RawMessage
	if _, err := c.Do(ctx, method, path, body, &raw); err != nil {
		return err
	}
	if c.asJSON {
		_, err := fmt.Fprintf(c.out, "%s\n", raw)
		return err
	}
	var t taskView
	if err := json.Unmarshal(raw, &t); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "%s %d  %s\n", happened, t.ID, visible(t.Title))
	return err
}

// remove moves a task to the trash.
func (c tasksClient) remove(ctx context.Context, path string) error {
	if _, err := c.Do(ctx, http.MethodDelete, path, nil, nil); err != nil {
		return err
	}
	if c.asJSON {
		return nil
	}
	_, err := fmt.Fprintf(c.out, "removed %s\n", path[strings.LastIndex(path, "/")+1:])
	return err
}

// body returns the body that makes the task.
func (f tasksAddFlags) body() map[string]any {
	body := map[string]any{"title": strings.Join(f.Title, " ")}
	for name, value := range map[string]string{"description": f.Description, "priority": f.Priority, "due_date": f.Due} {
		if value != "" {
			body[name] = value
		}
	}
	return body
}

// edit changes what the flags name.
func (c tasksClient) edit(ctx context.Context, f tasksEditFlags) error {
	body := map[string]any{}
	for name, value := range map[string]*string{"title": f.Title, "description": f.Description, "priority": f.Priority, "due_date": f.Due} {
		switch {
		case value == nil:
		case *value == "none" && (name == "description" || name == "due_date"):
			body[name] = nil
		default:
			body[name] = *value
		}
	}
	if f.Reopen {
		body["completed"] = false
	}
	if len(body) == 0 {
		return fmt.Errorf("%w: edit needs something to change, such as --title", errUsage)
	}
	return c.write(ctx, http.MethodPatch, taskPath(f.ID), body, "changed")
}

// query returns the query of the first page.
func (f tasksListFlags) query() string {
	q := url.Values{"limit": {strconv.Itoa(min(f.Limit, maxPage))}, "sort": {f.Sort}}
	for name, value := range map[string]string{"priority": f.Priority, "due_before": f.DueBefore, "q": strings.Join(f.Words, " ")} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if !f.All {
		q.Set("completed", strconv.FormatBool(f.Completed))
	}
	return "/api/v1/tasks?" + q.Encode()
}

// maxPage is how many tasks the server returns at once.
const maxPage = 1000

// list prints the tasks that the flags name, page by page.
func (c tasksClient) list(ctx context.Context, f tasksListFlags, colours bool) error {
	if f.Limit < 1 {
		return fmt.Errorf("%w: --limit must be at least 1", errUsage)
	}
	var all []json.RawMessage
	for path := f.query(); path != "" && len(all) < f.Limit; {
		var page []json.RawMessage
		header, err := c.Do(ctx, http.MethodGet, path, nil, &page)
		if err != nil {
			return err
		}
		all = append(all, page...)
		path = nextPage(header)
	}
	all = all[:min(len(all), f.Limit)]
	if c.asJSON {
		return printJSON(c.out, all)
	}
	var tasks []taskView
	for _, raw := range all {
		var t taskView
		if err := json.Unmarshal(raw, &t); err != nil {
			return err
		}
		tasks = append(tasks, t)
	}
	return printTasks(c.out, tasks, time.Now(), colours)
}

// nextPage returns the path of the page that follows, "" if there is none.
func nextPage(h http.Header) string {
	path, ok := strings.CutSuffix(h.Get("Link"), `>; rel="next"`)
	if !ok {
		return ""
	}
	return strings.TrimPrefix(path, "<")
}

// printJSON prints an array, one item a line.
func printJSON(w io.Writer, items []json.RawMessage) error {
	var b strings.Builder
	for i, item := range items {
		b.WriteString(map[bool]string{true: "[\n  ", false: ",\n  "}[i == 0])
		b.Write(item)
	}
	if len(items) == 0 {
		b.WriteString("[")
	} else {
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String()+"]\n")
	return err
}

// watch prints each change as it happens, until ctx ends, which is no error.
func (c tasksClient) watch(ctx context.Context) error {
	err := c.Watch(ctx, func(e client.Event) error {
		if c.asJSON {
			_, err := fmt.Fprintf(c.out, "%s\n", e.Data)
			return err
		}
		_, err := fmt.Fprintln(c.out, time.Now().Format(time.TimeOnly), eventText(e))
		return err
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// eventText says to a person what has happened.
func eventText(e client.Event) string {
	var change struct {
		Op   string
		Task taskView
	}
	if e.Name == "reset" || json.Unmarshal(e.Data, &change) != nil {
		return "more has happened than is remembered: todod tasks ls shows how it is now"
	}
	return strings.TrimRight(fmt.Sprintf("%s %d  %s", visible(change.Op), change.Task.ID, visible(change.Task.Title)), " ")
}
