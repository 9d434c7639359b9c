package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// fastAPISource is the folder of the application, from the root of the repository.
const fastAPISource = "bench/peers/fastapi"

// fastAPIRoutes are how the application is asked: it has todod's paths and bodies, but for the prefix.
var fastAPIRoutes = map[string]route{
	"get":    {method: http.MethodGet, path: "/tasks/$id", status: http.StatusOK},
	"list50": {method: http.MethodGet, path: "/tasks?limit=50", status: http.StatusOK},
	"create": {method: http.MethodPost, path: "/tasks", body: newTask, status: http.StatusCreated},
	"toggle": {method: http.MethodPatch, path: "/tasks/$id/toggle", status: http.StatusOK},
	"update": {method: http.MethodPatch, path: "/tasks/$id", body: newTitle, status: http.StatusOK},
}

// fastAPIModules are what the application needs; scripts/ensure-fastapi.sh asks for the same ones.
const fastAPIModules = "import asyncpg, fastapi, httptools, jwt, sqlmodel, uvicorn, uvloop"

// openFastAPI starts the application on a filled database of its own, with a worker for each core.
func (b *bench) openFastAPI(ctx context.Context, e *engine) error {
	folder, err := b.subfolder("fastapi")
	if err != nil {
		return err
	}
	python, err := findPython(ctx)
	if err != nil {
		return err
	}
	source, err := filepath.Abs(fastAPISource)
	if err != nil {
		return err
	}
	environment := b.fastAPIEnvironment()
	progress("filling PostgreSQL for %s", peerFastAPI)
	if err := b.fillFastAPI(ctx, python, source, environment); err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	//nolint:gosec,noctx // our own choice of binary; it is stopped, not killed
	cmd := exec.Command(python, "-m", "uvicorn", "tasks:app", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"--workers", strconv.Itoa(runtime.NumCPU()), "--loop", "uvloop", "--http", "httptools", "--no-access-log")
	cmd.Dir, cmd.Env = source, environment
	s := &server{
		name: peerFastAPI, url: localURL(port), routes: fastAPIRoutes, database: []*process{b.cluster.process}, data: b.data,
		tokens: b.tokens, folder: folder,
	}
	if err := s.start(ctx, cmd, "/health"); err != nil {
		return err
	}
	return e.enter(ctx, s)
}

// fastAPIEnvironment returns the application's variables. All workers together have as many connections as a todod.
func (b *bench) fastAPIEnvironment() []string {
	return []string{
		"DATABASE_URL=" + fmt.Sprintf("postgresql+asyncpg://fastapi@127.0.0.1:%d/fastapi", b.cluster.port),
		"TOKEN_SECRET=" + tokenSecret,
		"POOL_SIZE=" + strconv.Itoa(max(1, 20/runtime.NumCPU())),
		"PYTHONDONTWRITEBYTECODE=1",
	}
}

// fillFastAPI makes a database with the application's tables and the rows that todod's have.
func (b *bench) fillFastAPI(ctx context.Context, python, source string, environment []string) (err error) {
	err = b.cluster.execute(ctx, "postgres", "create role fastapi login", "create database fastapi owner fastapi")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, python, "tasks.py")
	cmd.Dir, cmd.Env = source, environment
	if _, err := output(cmd); err != nil {
		return err
	}
	if err := b.cluster.fillTables(ctx, "fastapi", fastAPITables(b.data)); err != nil {
		return err
	}
	return errors.Join(
		b.cluster.execute(ctx, "fastapi", "select setval('task_id_seq', max(id)) from task"),
		b.cluster.settle(ctx, "fastapi"),
	)
}

// fastAPITables returns what the application's schema is filled with: the tasks as todod has them.
func fastAPITables(d dataset) []table {
	for _, t := range postgresTables(d) {
		if t.name == "todod.tasks" {
			t.name, t.values["priority"] = "task", "(array['low', 'medium', 'high'])[1 + j % 3]"
			return []table{t}
		}
	}
	return nil
}

// findPython returns a Python that has what the application needs. Debian's packages are not for every Python that may
// come first on the PATH.
func findPython(ctx context.Context) (string, error) {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		//nolint:gosec // one of the names above
		if exec.CommandContext(ctx, name, "-c", fastAPIModules).Run() == nil {
			return name, nil
		}
	}
	return "", errors.New("no Python with FastAPI, SQLModel, asyncpg, uvicorn: scripts/ensure-fastapi.sh brings them on Debian")
}
