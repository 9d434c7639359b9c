// Command ogen uses todod through the client that ogen made: it creates, lists, toggles, sends a batch and syncs.
// Usage: ogen URL EMAIL, where nobody has an account with that address.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ogen-go/ogen/ogenerrors"

	api "todod/tools/openapi/generated/ogen"
)

// token is the bearer token of somebody, "" for nobody's.
type token string

// Account implements api.SecuritySource: signing in by a form is another way to the same header.
func (t token) Account(context.Context, api.OperationName) (api.Account, error) {
	return api.Account{}, ogenerrors.ErrSkipClientSecurity
}

// Bearer implements api.SecuritySource.
func (t token) Bearer(context.Context, api.OperationName) (api.Bearer, error) {
	return api.Bearer{Token: string(t)}, nil
}

// Ticket implements api.SecuritySource: tickets are for event streams.
func (t token) Ticket(context.Context, api.OperationName) (api.Ticket, error) {
	return api.Ticket{}, ogenerrors.ErrSkipClientSecurity
}

// main does it all and says what went wrong.
func main() {
	if err := use(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "ogen:", err)
		os.Exit(1)
	}
}

// use does what clients do, as somebody new with this address, and returns an error for the first answer that isn't as the
// document says.
func use(ctx context.Context, url, email string) error {
	client, err := signedUp(ctx, url, email)
	if err != nil {
		return err
	}
	id, err := create(ctx, client)
	if err != nil {
		return err
	}
	if err := listAndToggle(ctx, client, id); err != nil {
		return err
	}
	if err := batch(ctx, client); err != nil {
		return err
	}
	return sync(ctx, client, id)
}

// answered returns an answer as the success that is wanted, or an error that says what it was instead.
func answered[T any](what string, answer any, err error) (T, error) {
	wanted, ok := answer.(T)
	switch {
	case err != nil:
		err = fmt.Errorf("%s: %w", what, err)
	case !ok:
		err = fmt.Errorf("%s: %+v", what, answer)
	}
	return wanted, err
}

// signedUp returns a client of somebody new.
func signedUp(ctx context.Context, url, email string) (*api.Client, error) {
	anybody, err := api.NewClient(url, token(""))
	if err != nil {
		return nil, err
	}
	res, err := anybody.Register(ctx, &api.Registration{Name: "Alice", Email: email, Password: "correct horse battery"})
	session, err := answered[*api.RegisterCreated]("register", res, err)
	if err != nil {
		return nil, err
	}
	return api.NewClient(url, token(session.Response.Token.Value))
}

// create makes a task and returns its id.
func create(ctx context.Context, client *api.Client) (int64, error) {
	res, err := client.CreateTask(ctx, &api.NewTask{
		Title: "Buy milk", DueDate: api.NewOptNilString("2026-12-25"), Priority: api.NewOptNewTaskPriority(api.NewTaskPriorityHigh),
	}, api.CreateTaskParams{IdempotencyKey: api.NewOptString("ogen")})
	created, err := answered[*api.TaskHeaders]("createTask", res, err)
	if err != nil {
		return 0, err
	}
	task := created.Response
	if task.Title != "Buy milk" || !task.DueAllDay || task.DueDate.Null || task.Priority != api.TaskPriorityHigh {
		return 0, fmt.Errorf("createTask: %+v", task)
	}
	if !created.ETag.Set || !created.Location.Set {
		return 0, fmt.Errorf("createTask: ETag %v, Location %v", created.ETag, created.Location)
	}
	return task.ID, nil
}

// listAndToggle finds the task in the list, completes it, and is told that there is no other.
func listAndToggle(ctx context.Context, client *api.Client, id int64) error {
	res, err := client.ListTasks(ctx, api.ListTasksParams{})
	listed, err := answered[*api.ListTasksOKHeaders]("listTasks", res, err)
	if err != nil {
		return err
	}
	if len(listed.Response) != 1 || listed.Response[0].ID != id {
		return fmt.Errorf("listTasks: %+v", listed.Response)
	}
	toggle, err := client.ToggleTask(ctx, api.ToggleTaskParams{ID: id})
	toggled, err := answered[*api.GetTaskOKHeaders]("toggleTask", toggle, err)
	if err != nil {
		return err
	}
	if !toggled.Response.Completed || toggled.Response.CompletedAt.Null {
		return fmt.Errorf("toggleTask: %+v", toggled.Response)
	}
	missing, err := client.ToggleTask(ctx, api.ToggleTaskParams{ID: id + 1_000_000})
	none, err := answered[*api.ToggleTaskApplicationJSONNotFound]("toggleTask of nobody", missing, err)
	if err != nil {
		return err
	}
	if none.Response.ErrorCode != api.ProblemErrorCodeRESOURCENOTFOUND {
		return fmt.Errorf("toggleTask of nobody: %+v", none.Response)
	}
	return nil
}

// batch creates a task and completes it in one request.
func batch(ctx context.Context, client *api.Client) error {
	ref := api.NewOptString("bread")
	res, err := client.RunBatch(ctx, &api.BatchRequest{
		Atomic: api.NewOptBool(true),
		Operations: []api.BatchOperation{
			api.NewBatchCreateBatchOperation(api.BatchCreate{
				Op: api.BatchCreateOpCreate, Ref: ref, Task: api.NewOptBatchNewTask(api.BatchNewTask{Title: "Buy bread"}),
			}),
			api.NewBatchCompleteBatchOperation(api.BatchComplete{Op: api.BatchCompleteOpComplete, Ref: ref}),
		},
	}, api.RunBatchParams{})
	done, err := answered[*api.BatchResultsHeaders]("runBatch", res, err)
	if err != nil {
		return err
	}
	if results := done.Response.Results; len(results) != 2 || !results[1].Task.Value.Completed {
		return fmt.Errorf("runBatch: %+v", done.Response)
	}
	return nil
}

// sync deletes the task and finds it among the changes, with what is left.
func sync(ctx context.Context, client *api.Client, id int64) error {
	res, err := client.Sync(ctx, api.SyncParams{})
	start, err := answered[*api.SyncPageHeaders]("sync", res, err)
	if err != nil {
		return err
	}
	if changes := start.Response.Changes; len(changes) != 2 || changes[0].TaskChange.Task.Value.ID != id {
		return fmt.Errorf("sync: %+v", start.Response)
	}
	gone, err := client.DeleteTask(ctx, api.DeleteTaskParams{ID: id})
	if _, err := answered[*api.DeleteTaskNoContent]("deleteTask", gone, err); err != nil {
		return err
	}
	res, err = client.Sync(ctx, api.SyncParams{Since: api.NewOptString(start.Response.Next)})
	next, err := answered[*api.SyncPageHeaders]("sync since", res, err)
	if err != nil {
		return err
	}
	if changes := next.Response.Changes; len(changes) != 1 || !changes[0].IsTaskRemoval() || changes[0].TaskRemoval.Task.Value.ID != id {
		return fmt.Errorf("sync since: %+v", next.Response)
	}
	return nil
}
