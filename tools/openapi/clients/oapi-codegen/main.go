// Command oapi-codegen uses todod through the client that oapi-codegen made: it creates, lists, toggles, sends a batch and
// syncs. Usage: oapi-codegen URL EMAIL, where nobody has an account with that address.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/oapi-codegen/runtime/types"

	"todod/tools/openapi/generated/oapi"
)

// main does it all and says what went wrong.
func main() {
	if err := use(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "oapi-codegen:", err)
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
	task, err := create(ctx, client)
	if err != nil {
		return err
	}
	if err := listAndToggle(ctx, client, task.Id); err != nil {
		return err
	}
	if err := batch(ctx, client); err != nil {
		return err
	}
	return sync(ctx, client, task.Id)
}

// signedUp returns a client of somebody new.
func signedUp(ctx context.Context, url, email string) (*oapi.ClientWithResponses, error) {
	anybody, err := oapi.NewClientWithResponses(url)
	if err != nil {
		return nil, err
	}
	session, err := anybody.RegisterWithResponse(ctx, oapi.Registration{
		Name: "Alice", Email: types.Email(email), Password: "correct horse battery",
	})
	if err != nil {
		return nil, err
	}
	if session.JSON201 == nil || session.JSON201.Token == nil {
		return nil, fmt.Errorf("register: %s %s", session.Status(), session.Body)
	}
	return oapi.NewClientWithResponses(url, oapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+*session.JSON201.Token)
		return nil
	}))
}

// create makes a task.
func create(ctx context.Context, client *oapi.ClientWithResponses) (oapi.Task, error) {
	key, due, high := "oapi-codegen", "2026-12-25", oapi.NewTaskPriorityHigh
	created, err := client.CreateTaskWithResponse(ctx, &oapi.CreateTaskParams{IdempotencyKey: &key},
		oapi.NewTask{Title: "Buy milk", DueDate: &due, Priority: &high})
	if err != nil {
		return oapi.Task{}, err
	}
	task := created.JSON201
	if task == nil || task.Title != "Buy milk" || !task.DueAllDay || task.DueDate == nil || task.Priority != oapi.TaskPriorityHigh {
		return oapi.Task{}, fmt.Errorf("createTask: %s %s", created.Status(), created.Body)
	}
	return *task, nil
}

// listAndToggle finds the task in the list, completes it, and is told that there is no other.
func listAndToggle(ctx context.Context, client *oapi.ClientWithResponses, id int64) error {
	listed, err := client.ListTasksWithResponse(ctx, &oapi.ListTasksParams{})
	if err != nil {
		return err
	}
	if listed.JSON200 == nil || len(*listed.JSON200) != 1 || (*listed.JSON200)[0].Id != id {
		return fmt.Errorf("listTasks: %s %s", listed.Status(), listed.Body)
	}
	toggled, err := client.ToggleTaskWithResponse(ctx, id, nil)
	if err != nil {
		return err
	}
	if toggled.JSON200 == nil || !toggled.JSON200.Completed || toggled.JSON200.CompletedAt == nil {
		return fmt.Errorf("toggleTask: %s %s", toggled.Status(), toggled.Body)
	}
	missing, err := client.ToggleTaskWithResponse(ctx, id+1_000_000, nil)
	if err != nil {
		return err
	}
	if missing.JSON404 == nil || missing.JSON404.ErrorCode != oapi.ProblemErrorCodeRESOURCENOTFOUND {
		return fmt.Errorf("toggleTask of nobody: %s %s", missing.Status(), missing.Body)
	}
	return nil
}

// batch creates a task and completes it in one request.
func batch(ctx context.Context, client *oapi.ClientWithResponses) error {
	atomic, ref := true, "bread"
	var create, complete oapi.BatchOperation
	if err := create.FromBatchCreate(oapi.BatchCreate{
		Op: oapi.BatchCreateOpCreate, Ref: &ref, Task: &oapi.BatchNewTask{Title: "Buy bread"},
	}); err != nil {
		return err
	}
	if err := complete.FromBatchComplete(oapi.BatchComplete{Op: oapi.BatchCompleteOpComplete, Ref: &ref}); err != nil {
		return err
	}
	done, err := client.RunBatchWithResponse(ctx, nil,
		oapi.BatchRequest{Atomic: &atomic, Operations: []oapi.BatchOperation{create, complete}})
	if err != nil {
		return err
	}
	if done.JSON200 == nil || len(done.JSON200.Results) != 2 || !done.JSON200.Results[1].Task.Completed {
		return fmt.Errorf("runBatch: %s %s", done.Status(), done.Body)
	}
	return nil
}

// sync deletes the task and finds it among the changes, with what is left.
func sync(ctx context.Context, client *oapi.ClientWithResponses, id int64) error {
	start, err := client.SyncWithResponse(ctx, nil)
	if err != nil {
		return err
	}
	if start.JSON200 == nil || len(start.JSON200.Changes) != 2 {
		return fmt.Errorf("sync: %s %s", start.Status(), start.Body)
	}
	first, err := start.JSON200.Changes[0].ValueByDiscriminator()
	if err != nil {
		return err
	}
	if change, ok := first.(oapi.TaskChange); !ok || change.Task.Id != id {
		return fmt.Errorf("sync: the first change is %#v", first)
	}
	if gone, err := client.DeleteTaskWithResponse(ctx, id, nil); err != nil || gone.StatusCode() != http.StatusNoContent {
		return fmt.Errorf("deleteTask: %v, %v", gone, err)
	}
	next, err := client.SyncWithResponse(ctx, &oapi.SyncParams{Since: &start.JSON200.Next})
	if err != nil {
		return err
	}
	if next.JSON200 == nil || len(next.JSON200.Changes) != 1 {
		return fmt.Errorf("sync since: %s %s", next.Status(), next.Body)
	}
	last, err := next.JSON200.Changes[0].ValueByDiscriminator()
	if err != nil {
		return err
	}
	if removal, ok := last.(oapi.TaskRemoval); !ok || removal.Task.Id != id {
		return fmt.Errorf("sync since: the change is %#v", last)
	}
	return nil
}
