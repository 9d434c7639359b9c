package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// pocketBaseSource is the folder of its module, from the root of the repository.
const pocketBaseSource = "bench/peers/pocketbase"

// pocketBaseTasks is the path of the collection.
const pocketBaseTasks = "/api/collections/tasks/records"

// pocketBaseRoutes are how PocketBase is asked. It has no toggle: its clients write what they want completed to be.
// Lists would be counted by default, which todod's aren't.
var pocketBaseRoutes = map[string]route{
	"get": {method: http.MethodGet, path: pocketBaseTasks + "/$record", status: http.StatusOK},
	"list50": {
		method: http.MethodGet, path: pocketBaseTasks + "?perPage=50&sort=-created,-id&skipTotal=1", status: http.StatusOK,
	},
	"create": {
		method: http.MethodPost, path: pocketBaseTasks, status: http.StatusOK,
		body: `{"owner":"$owner",` + strings.TrimPrefix(newTask, "{"),
	},
	"toggle": {method: http.MethodPatch, path: pocketBaseTasks + "/$record", body: `{"completed":$flag}`, status: http.StatusOK},
	"update": {method: http.MethodPatch, path: pocketBaseTasks + "/$record", body: newTitle, status: http.StatusOK},
}

// record returns a number as an id of PocketBase, which has 15 characters.
func record(number int) string { return fmt.Sprintf("%015d", number) }

// openPocketBase builds PocketBase and starts it on a filled database of its own.
func (b *bench) openPocketBase(ctx context.Context, e *engine) error {
	folder, err := b.subfolder("pocketbase")
	if err != nil {
		return err
	}
	progress("building %s", peerPocketBase)
	program, data := filepath.Join(folder, "pocketbase"), filepath.Join(folder, "data")
	if err := build(ctx, pocketBaseSource, ".", program); err != nil {
		return err
	}
	progress("filling %s", peerPocketBase)
	tokens, err := fillPocketBase(ctx, program, data, b.data)
	if err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	//nolint:gosec,noctx // our own build; it is stopped, not killed
	cmd := exec.Command(program, "serve", "--dir", data, "--http", "127.0.0.1:"+strconv.Itoa(port))
	s := &server{
		name: peerPocketBase, url: localURL(port), routes: pocketBaseRoutes, data: b.data, tokens: tokens, folder: folder,
	}
	if err := s.start(ctx, cmd, "/api/health"); err != nil {
		return err
	}
	return e.enter(ctx, s)
}

// fillPocketBase makes users and tasks and returns a token of each user, by their number.
func fillPocketBase(ctx context.Context, program, data string, d dataset) ([]string, error) {
	//nolint:gosec // our own build
	out, err := exec.CommandContext(ctx, program, "fill", "--dir", data,
		"--users", strconv.Itoa(d.users), "--tasks", strconv.Itoa(d.tasks)).Output()
	if err != nil {
		return nil, fmt.Errorf("fill %s: %w\n%s", peerPocketBase, err, out)
	}
	tokens := append([]string{""}, strings.Fields(string(out))...)
	if len(tokens) != d.users+1 {
		return nil, fmt.Errorf("%s has %d tokens for %d users", peerPocketBase, len(tokens)-1, d.users)
	}
	return tokens, nil
}
