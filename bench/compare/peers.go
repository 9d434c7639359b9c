package main

import (
	"context"
	"fmt"
	"net/http"
)

// The peers: what else somebody could have taken.
const (
	peerFastAPI    = "FastAPI + SQLModel"
	peerPocketBase = "PocketBase"
)

// keepsApart makes sure that a server doesn't show one user's task to another: one that did would have less to do.
func (s *server) keepsApart(ctx context.Context) error {
	if s.data.users < 2 {
		return nil
	}
	mine := s.routes["get"].in(s.data, turn{user: 1})
	if _, err := ask(ctx, mine.method, s.url+mine.path, http.StatusOK, s.bearer(1)); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if _, err := ask(ctx, mine.method, s.url+mine.path, http.StatusNotFound, s.bearer(2)); err != nil {
		return fmt.Errorf("%s shows tasks to others: %w", s.name, err)
	}
	return nil
}

// enter adds a peer that has been started to the contestants.
func (e *engine) enter(ctx context.Context, s *server) error {
	e.closers = append(e.closers, s.process.stop)
	e.contestants = append(e.contestants, s)
	return s.keepsApart(ctx)
}

// peerVersions returns the versions of the peers.
func peerVersions(ctx context.Context) []fact {
	const script = "import fastapi, sqlmodel, sqlalchemy, asyncpg, uvicorn, sys; print('FastAPI', fastapi.__version__, " +
		"'SQLModel', sqlmodel.__version__, 'SQLAlchemy', sqlalchemy.__version__, 'asyncpg', asyncpg.__version__, " +
		"'uvicorn', uvicorn.__version__, 'Python', sys.version.split()[0])"
	var facts []fact
	if python, err := findPython(ctx); err == nil {
		facts = append(facts, fact{peerFastAPI, firstLine(ctx, python, "-c", script)})
	}
	return append(facts, fact{peerPocketBase, firstLine(ctx, "go", "list", "-C", pocketBaseSource, "-m", "github.com/pocketbase/pocketbase")})
}
