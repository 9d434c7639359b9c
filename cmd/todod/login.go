package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"todod/internal/client"
)

// defaultServer is where commands ask that talk to a server, unless TODOD_URL says something else.
const defaultServer = "http://localhost:8000"

// loginFlags say who signs in.
type loginFlags struct {
	Email string `arg:"" help:"The e-mail address of the account."`
}

// Help implements kong.HelpProvider.
func (loginFlags) Help() string {
	return `The server is that of TODOD_URL, else ` + defaultServer + `. The password is asked for, or is the first line of
standard input. The session is kept in a file that only you can read, in the folder todod of your configuration, until
todod logout.`
}

// newClient returns a client of the server that TODOD_URL names.
func newClient(getenv func(string) string) (*client.Client, error) {
	folder := getenv("XDG_CONFIG_HOME")
	if folder == "" {
		var err error
		if folder, err = os.UserConfigDir(); err != nil {
			return nil, fmt.Errorf("where sessions are kept: %w", err)
		}
	}
	c, err := client.New(cmp.Or(getenv("TODOD_URL"), defaultServer), client.NewSessions(filepath.Join(folder, "todod")))
	if err != nil {
		return nil, fmt.Errorf("todod: %w: TODOD_URL %w", errUsage, err)
	}
	return c, nil
}

// logIn signs somebody in at the server and says so.
func logIn(ctx context.Context, getenv func(string) string, flags loginFlags, in console, stdout io.Writer) error {
	c, err := newClient(getenv)
	if err != nil {
		return err
	}
	if u, err := url.Parse(c.Server()); err == nil && u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
		_, _ = fmt.Fprintf(in.prompts, "%s is not https: the password can be read on the way\n", c.Server()) // a warning, no more
	}
	password, err := in.password(ctx)
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	if err := c.Login(ctx, flags.Email, password); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "signed in at %s as %s\n", c.Server(), visible(flags.Email))
	return err
}

// logOut ends the session at the server and says so.
func logOut(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	c, err := newClient(getenv)
	if err != nil {
		return err
	}
	switch err := c.Logout(ctx); {
	case errors.Is(err, client.ErrNotSignedIn):
		_, err = fmt.Fprintf(stdout, "nobody was signed in at %s\n", c.Server())
		return err
	case err != nil:
		return fmt.Errorf("logout: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "signed out at %s\n", c.Server())
	return err
}
