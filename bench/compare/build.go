package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
)

// tododName is the name in the report of todod as it is in the working tree, tododProgram the package it is built from.
const (
	tododName    = "todod"
	tododProgram = "./cmd/todod"
)

// A binary is a todod that was built, and what it is measured with.
type binary struct {
	name     string // in the report
	database string // the name of its database, as each has its own
	path     string
	revision string
	data     dataset // that it is filled with
}

// buildAll builds todod as it is in the working tree and, if o wants one, as it was.
func buildAll(ctx context.Context, o options, folder string) ([]binary, error) {
	revision, err := git(ctx, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
	if err != nil {
		return nil, err
	}
	tree := binary{
		name: tododName, database: "todod", path: filepath.Join(folder, "todod"), revision: revision, data: o.data,
	}
	all := []binary{tree}
	if err := build(ctx, ".", tododProgram, tree.path); err != nil {
		return nil, err
	}
	if o.kind == ofGrowth {
		all = append(all, tree.grown(o.grow))
	}
	if o.against != "" {
		before, err := buildRevision(ctx, o.against, folder)
		if err != nil {
			return nil, err
		}
		before.data = o.data
		all = append(all, before)
	}
	return all, nil
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
	return b, build(ctx, tree, tododProgram, b.path)
}

// build builds a program of the module in folder.
func build(ctx context.Context, folder, program, path string) error {
	//nolint:gosec // our own choice of path
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s", "-o", path, program)
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
