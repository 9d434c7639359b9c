package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
)

// A binary is a todod that was built.
type binary struct {
	name     string // in the report
	database string // the name of its database, as each has its own
	path     string
	revision string
}

// buildAll builds todod as it is in the working tree and, if o wants one, as it was.
func buildAll(ctx context.Context, o options, folder string) ([]binary, error) {
	revision, err := git(ctx, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
	if err != nil {
		return nil, err
	}
	tree := binary{name: "todod", database: "todod", path: filepath.Join(folder, "todod"), revision: revision}
	if err := build(ctx, ".", tree.path); err != nil || o.against == "" {
		return []binary{tree}, err
	}
	before, err := buildRevision(ctx, o.against, folder)
	return []binary{tree, before}, err
}

// buildRevision builds todod of another revision, in a worktree for that time.
func buildRevision(ctx context.Context, name, folder string) (b binary, err error) {
	revision, err := git(ctx, "rev-parse", "--short=12", "--verify", name+"^{commit}")
	if err != nil {
		return binary{}, err
	}
	b = binary{name: name, database: "todod_against", path: filepath.Join(folder, "todod-against"), revision: revision}
	tree := filepath.Join(folder, "against")
	if _, err := git(ctx, "worktree", "add", "--detach", tree, revision); err != nil {
		return binary{}, err
	}
	defer func() {
		// Not ctx: the worktree has to go even if the user is tired of waiting.
		_, removed := git(context.WithoutCancel(ctx), "worktree", "remove", "--force", tree)
		if err == nil {
			err = removed
		}
	}()
	return b, build(ctx, tree, b.path)
}

// build builds todod of the source in folder.
func build(ctx context.Context, folder, path string) error {
	//nolint:gosec // our own choice of path
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s", "-o", path, "./cmd/todod")
	cmd.Dir = folder
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	_, err := output(cmd)
	return err
}

// git returns what a Git command prints, without the newline.
func git(ctx context.Context, args ...string) (string, error) {
	out, err := output(exec.CommandContext(ctx, "git", args...)) //nolint:gosec // our own choice of arguments
	return strings.TrimSpace(out), err
}
