package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// binaryPatterns are the folders where packages put PostgreSQL's server binaries, which often are not on the PATH.
// scripts/ensure-postgres.sh looks in the same ones.
var binaryPatterns = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
}

// folderPrefix begins the name of every server's folder.
const folderPrefix = "todod-pgtest-"

// errNoPostgres is what a machine without PostgreSQL answers.
var errNoPostgres = errors.New("no PostgreSQL on this machine: `make test` brings one on Debian and Ubuntu; " +
	"elsewhere install the PostgreSQL server (14 or newer), or set " + urlVariable + " to the URL of a server")

// A server is a PostgreSQL or a PgBouncer of our own, in a temporary folder, on a port of 127.0.0.1.
type server struct {
	name    string         // for messages
	quit    syscall.Signal // ends it at once
	url     string
	folder  string
	release func() // says that folder is no longer in use
	process *os.Process
	ended   chan struct{} // closed when the process is gone
}

// startPostgres creates a cluster, starts its server and returns when it accepts connections. The server keeps nothing
// safe: no fsync, no passwords.
func startPostgres(ctx context.Context) (*server, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	s, err := newServer("PostgreSQL", postgresQuit)
	if err != nil {
		return nil, err
	}
	if err = initdb(ctx, bin, s.folder); err == nil {
		err = s.start(ctx, func(port int) (*exec.Cmd, string, error) {
			cmd, url := postgres(bin, s.folder, port, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
			return cmd, url, nil
		})
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// postgresQuit ends a PostgreSQL at once.
const postgresQuit = syscall.SIGQUIT

// postgres returns what starts the server of the cluster in folder on a port of 127.0.0.1, with these settings besides
// those that all have in common, and its URL.
func postgres(bin, folder string, port int, settings ...string) (cmd *exec.Cmd, url string) {
	args := []string{"-D", dataFolder(folder), "-p", strconv.Itoa(port)}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=", // a temporary folder's name may be too long for a socket
		"max_connections=200",
		"dynamic_shared_memory_type=mmap", // in the folder, which is removed with it
	}, settings...) {
		args = append(args, "-c", setting)
	}
	// Not CommandContext: the server outlives whoever starts it.
	cmd = exec.Command(filepath.Join(bin, "postgres"), args...) //nolint:gosec,noctx // our own choice of binary; see above
	return cmd, fmt.Sprintf("postgres://todod@127.0.0.1:%d/postgres?sslmode=disable", port)
}

// newServer makes a server that has a folder but does not run yet.
func newServer(name string, quit syscall.Signal) (*server, error) {
	folder, release, err := newFolder()
	if err != nil {
		return nil, fmt.Errorf("folder for %s: %w", name, err)
	}
	return &server{name: name, quit: quit, folder: folder, release: release}, nil
}

// start launches the server. A free port may be taken by somebody else before the server has it, hence the attempts.
func (s *server) start(ctx context.Context, command func(port int) (cmd *exec.Cmd, url string, err error)) error {
	var err error
	for range 3 {
		if err = s.launch(ctx, command); err == nil {
			return nil
		}
		if ctx.Err() != nil || !strings.Contains(err.Error(), "in use") {
			break
		}
	}
	return err
}

// launch runs the server on a free port and waits until it accepts connections. Its command comes with the URL to
// connect to.
func (s *server) launch(ctx context.Context, command func(port int) (cmd *exec.Cmd, url string, err error)) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	cmd, url, err := command(port)
	if err != nil {
		return err
	}
	return s.launchAs(ctx, cmd, url)
}

// launchAs runs the server by cmd and waits until it accepts connections at url.
func (s *server) launchAs(ctx context.Context, cmd *exec.Cmd, url string) error {
	log, err := os.Create(s.logFile())
	if err != nil {
		return fmt.Errorf("log of %s: %w", s.name, err)
	}
	defer func() { _ = log.Close() }() // the server has its own descriptor

	cmd.Stdout, cmd.Stderr = log, log
	if err := prepare(cmd, s.folder, s.quit); err != nil {
		return err
	}
	if err := s.run(cmd); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	s.url = url
	return s.wait(ctx)
}

// run starts cmd and watches over it until it ends. It does so in a goroutine that keeps its thread: on Linux the server
// is told to end with its parent, and the parent is the thread that forked it.
func (s *server) run(cmd *exec.Cmd) error {
	started := make(chan error)
	ended := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the log says why it ended
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.ended = cmd.Process, ended
	return nil
}

// wait returns when the server accepts connections, or with its log's last lines when it ended or ctx did.
func (s *server) wait(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("%s ended at once; its log:\n%s", s.name, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("%s does not accept connections: %w; its log:\n%s", s.name, err, s.logTail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server at once, as nothing in it is worth keeping, and removes its folder.
func (s *server) stop() error {
	if s.process != nil {
		if err := s.process.Signal(s.quit); err != nil {
			_ = s.process.Kill() // it has ended, or this system does not have the signal
		}
		select {
		case <-s.ended:
		case <-time.After(10 * time.Second):
			_ = s.process.Kill()
			<-s.ended
		}
	}
	defer s.release()
	return os.RemoveAll(s.folder)
}

// logFile returns where the server's output goes.
func (s *server) logFile() string {
	return filepath.Join(s.folder, "log")
}

// logTail returns the last lines of the server's output.
func (s *server) logTail() string {
	log, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// initdb creates a cluster in folder whose only user is todod, without a password.
func initdb(ctx context.Context, bin, folder string) error {
	var output []byte
	// Not every system has C.UTF-8; C knows the letters of ASCII only, but is always there.
	for _, locale := range []string{"C.UTF-8", "C"} {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), //nolint:gosec // our own choice of binary
			"-D", dataFolder(folder), "-U", "todod", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale="+locale)
		err := prepare(cmd, folder, syscall.SIGQUIT)
		if err != nil {
			return err
		}
		if output, err = cmd.CombinedOutput(); err == nil {
			return nil
		}
		if !bytes.Contains(output, []byte("locale")) {
			break
		}
	}
	return fmt.Errorf("initdb failed:\n%s", bytes.TrimSpace(output))
}

// prepare sets what all our commands have in common: who runs them (not root, which they refuse), where, what ends them
// when we are killed, and an environment whose locale exists everywhere.
func prepare(cmd *exec.Cmd, folder string, quit syscall.Signal) error {
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return restrain(cmd, folder, quit)
}

// dataFolder returns where in folder the cluster lies.
func dataFolder(folder string) string {
	return filepath.Join(folder, "data")
}

// freePort returns a port of 127.0.0.1 that nobody listened on a moment ago.
func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// findBinaries returns the folder with initdb and postgres: the one on the PATH, or else the newest where packages put
// them. The error is errNoPostgres.
func findBinaries() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if folder := filepath.Dir(initdb); hasServer(folder) {
			return folder, nil
		}
	}
	var folders []string
	for _, pattern := range binaryPatterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		folders = append(folders, matches...)
	}
	for _, folder := range newestFirst(folders) {
		if hasServer(folder) {
			return folder, nil
		}
	}
	return "", errNoPostgres
}

// newestFirst sorts folders by the version in their names.
func newestFirst(folders []string) []string {
	slices.SortStableFunc(folders, func(a, b string) int { return version(b) - version(a) })
	return folders
}

// hasServer tells whether folder holds both initdb and postgres.
func hasServer(folder string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
			return false
		}
	}
	return true
}

// number matches the version in the name of a folder.
var number = regexp.MustCompile(`[0-9]+`)

// version returns the major version that a folder's name speaks of, or 0.
func version(folder string) int {
	n, _ := strconv.Atoi(number.FindString(folder)) // no number: 0
	return n
}
