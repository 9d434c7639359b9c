package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

// A Session is somebody's sign-in at a server.
type Session struct {
	Email        string `json:"email"`
	Token        string `json:"token"`         // good for minutes
	RefreshToken string `json:"refresh_token"` // gets the next one
}

// Sessions are kept in a file that only its owner can read, one for each server.
type Sessions struct{ path string }

// NewSessions returns the sessions that are kept in a folder, which need not be there.
func NewSessions(folder string) *Sessions {
	return &Sessions{filepath.Join(folder, "sessions.json")}
}

// all returns the sessions by the URLs of their servers.
func (s *Sessions) all() (map[string]Session, error) {
	sessions := map[string]Session{}
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return sessions, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &sessions); err != nil {
		return nil, fmt.Errorf("%s can't be read: delete it and sign in again", s.path) // an error would quote it
	}
	return sessions, nil
}

// of returns the session at a server, ErrNotSignedIn if there is none.
func (s *Sessions) of(server string) (Session, error) {
	sessions, err := s.all()
	if err != nil {
		return Session{}, err
	}
	session, ok := sessions[server]
	if !ok {
		return Session{}, ErrNotSignedIn
	}
	return session, nil
}

// change writes the file anew with what change makes of the sessions. It is never seen half written.
func (s *Sessions) change(change func(map[string]Session)) error {
	sessions, err := s.all()
	if err != nil {
		return err
	}
	change(sessions)
	data, err := json.MarshalIndent(sessions, "", "  ") //nolint:gosec // a file of its owner's alone is what they are for
	if err != nil {
		return err
	}
	folder := filepath.Dir(s.path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".sessions-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(append(data, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), s.path)
}

// keep keeps the session at a server in the place of the one before.
func (s *Sessions) keep(server string, session Session) error {
	return s.change(func(all map[string]Session) { all[server] = session })
}

// forget removes the session at a server.
func (s *Sessions) forget(server string) error {
	return s.change(func(all map[string]Session) { delete(all, server) })
}

// Login signs in and keeps the session. Credentials that are not good are an *Error.
func (c *Client) Login(ctx context.Context, email, password string) error {
	var answer struct {
		User         struct{ Email string }
		Token        string
		RefreshToken string
		Message      string
	}
	if err := c.post(ctx, "/api/auth/login", map[string]string{"email": email, "password": password}, &answer); err != nil {
		return err
	}
	if answer.Token == "" {
		return errors.New(answer.Message)
	}
	return c.sessions.keep(c.base, Session{Email: answer.User.Email, Token: answer.Token, RefreshToken: answer.RefreshToken})
}

// Logout ends the session and forgets it; ErrNotSignedIn if there is none. It is forgotten even where the server can't be
// told.
func (c *Client) Logout(ctx context.Context) error {
	s, err := c.sessions.of(c.base)
	if err != nil {
		return err
	}
	err = c.post(ctx, "/api/auth/logout", map[string]string{"refresh_token": s.RefreshToken}, nil)
	if err != nil {
		err = fmt.Errorf("signed out here, but the server could not be told: %w", err)
	}
	return errors.Join(err, c.sessions.forget(c.base))
}

// refresh gets the next token of a session and keeps it. One that another process has refreshed meanwhile is taken over.
func (c *Client) refresh(ctx context.Context, old Session) (Session, error) {
	if now, err := c.sessions.of(c.base); err != nil || now != old {
		return now, err
	}
	var answer struct{ Token, RefreshToken string }
	err := c.post(ctx, "/api/auth/refresh", map[string]string{"refresh_token": old.RefreshToken}, &answer)
	if hasStatus(err, http.StatusUnauthorized) {
		return old, ErrNotSignedIn
	}
	if err != nil {
		return old, fmt.Errorf("refresh the token: %w", err)
	}
	s := Session{Email: old.Email, Token: answer.Token, RefreshToken: answer.RefreshToken}
	return s, c.sessions.keep(c.base, s)
}

// post sends a request that needs no token, once, and reads the answer into out.
func (c *Client) post(ctx context.Context, path string, body, out any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := newRequest(http.MethodPost, path, body)
	if err != nil {
		return err
	}
	r.header.Del("Idempotency-Key")
	resp, err := c.send(ctx, r) //nolint:bodyclose // read does
	if err != nil {
		return err
	}
	return read(resp, out)
}
