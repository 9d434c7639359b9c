package pgtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"
)

// A Mortal is a PostgreSQL server of a test's own, to be killed and started again. Unlike the shared one it keeps what it
// has committed: its settings are PostgreSQL's own.
type Mortal struct {
	URL string // of its database; stays the same

	server *server
	bin    string
	port   int
}

// Start starts a server that ends with t. It is safe in parallel tests, and takes a second or two.
func Start(t testing.TB) *Mortal {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	m := &Mortal{}
	if err := m.create(ctx); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := m.server.stop(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return m
}

// create makes a cluster and starts its server. What it made is gone if it fails.
func (m *Mortal) create(ctx context.Context) (err error) {
	if m.bin, err = findBinaries(); err != nil {
		return err
	}
	if m.server, err = newServer("PostgreSQL", postgresQuit); err != nil {
		return err
	}
	if err = initdb(ctx, m.bin, m.server.folder); err == nil {
		err = m.server.start(ctx, func(port int) (*exec.Cmd, string, error) {
			m.port = port
			return m.command()
		})
	}
	if err != nil {
		return errors.Join(err, m.server.stop())
	}
	m.URL = m.server.url
	return nil
}

// command returns what starts the server on its port, and its URL.
func (m *Mortal) command() (cmd *exec.Cmd, url string, err error) {
	cmd, url = postgres(m.bin, m.server.folder, m.port)
	return cmd, url, nil
}

// Kill kills the postmaster, which can't tell anybody, and returns when it is gone. The other processes of the server end
// when they notice.
func (m *Mortal) Kill(t testing.TB) {
	t.Helper()
	if err := m.server.process.Kill(); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	<-m.server.ended
}

// Restart starts the server again, on the port it had, and returns when it has recovered and accepts connections. It does
// not start as long as a process of the one before is there.
func (m *Mortal) Restart(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		cmd, url, err := m.command()
		if err == nil {
			err = m.server.launchAs(ctx, cmd, url)
		}
		switch {
		case err == nil:
			return
		case ctx.Err() != nil:
			t.Fatalf("pgtest: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Folder returns a fresh folder of t's own, in memory where there is room, for a database that is kept in a file: disks of
// shared machines take their time. It is removed when t ends, or later if this process is killed.
func Folder(t testing.TB) string {
	t.Helper()
	folder, release, err := newFolder()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		defer release()
		if err := os.RemoveAll(folder); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return folder
}
