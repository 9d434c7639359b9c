//go:build heavy

package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/logtest"
	"todod/internal/nodetest"
	"todod/internal/todo"
)

// streamClients are the clients of event streams that people use, each as docs/sync.md opens it: the function there, and
// the class that it calls EventSource if that isn't the one which is always called so where the client runs.
var streamClients = []struct {
	name, way string
	browser   bool
}{
	{"EventSource of Chromium by ticket", "byTicket", true},
	{"eventsource by ticket", "byTicket", false},
	{"eventsource by bearer", "byEventsource", false},
	{"event-source-polyfill by ticket", "byTicket EventSourcePolyfill", true},
	{"event-source-polyfill by bearer", "byPolyfill", true},
	{"fetch-event-source by bearer", "byFetch", true},
}

// moments are when streams are cut: each stream of a client as soon as its reply has shown the next of the texts, before
// its first byte for an empty one. A stream begins after revision 8; the first has 9 to 13 to tell; 14 to 16 are written
// while it is cut off, and 17 before the client is let in a second time. Each of them is the last change of its task, so
// that none makes up for another that was missed.
var moments = []struct {
	name   string
	cuts   []string
	forget bool // the log, before the client is let in again

	everywhere bool // and not only on SQLite: something depends on the store
}{
	{name: "before the headers", cuts: []string{""}},
	{name: "before the headers, twice", cuts: []string{"", ""}},
	{name: "in the headers", cuts: []string{"HTTP/1.1 200 OK\r\n"}},
	{name: "before hello", cuts: []string{"\r\n\r\n"}},
	{name: "in hello", cuts: []string{"event: hello\n"}},
	{name: "before the last byte of hello", cuts: []string{"\nid: 8\n"}},
	{name: "after hello", cuts: []string{"\nid: 8\n\n"}},
	{name: "in the name of an event", cuts: []string{"event: cre"}},
	{name: "in the data of an event", cuts: []string{`{"rev":9,"op"`}, everywhere: true},
	{name: "before the last byte of an event", cuts: []string{"\nid: 9\n"}},
	{name: "after an event", cuts: []string{"\nid: 9\n\n"}},
	{name: "after three events", cuts: []string{"\nid: 11\n\n"}},
	{name: "in an event, then before hello", cuts: []string{`{"rev":10,"op"`, "\r\n\r\n"}},
	{name: "after an event, and the log is forgotten", cuts: []string{"\nid: 9\n\n"}, forget: true, everywhere: true},
	{name: "after an event, then in the reset", cuts: []string{"\nid: 9\n\n", "event: reset\n"}, forget: true},
	{
		name: "after an event, then before the last byte of the reset", cuts: []string{"\nid: 9\n\n", "\nid: 16\n"},
		forget: true, everywhere: true,
	},
}

// mostCuts is how many of them a moment has.
const mostCuts = 2

// TestNoClientOfAStreamMissesAChange: whatever the client, and whenever its connection is cut, it ends with the tasks that
// the server has, and goes on to hear of more.
func TestNoClientOfAStreamMissesAChange(t *testing.T) {
	t.Parallel()
	all := follow(t)
	var cases []*streamCase
	for engine, open := range everyStore {
		s := newServer(t, open(t), nil)
		for _, client := range streamClients {
			for _, m := range moments {
				if engine != "sqlite" && !m.everywhere {
					continue
				}
				c := &streamCase{
					name: engine + "/" + client.name + "/" + m.name, server: s, user: fmt.Sprintf("user%d", len(cases)),
					cutter: newCutter(t, s.URL, m.cuts), forget: m.forget, cuts: m.cuts,
				}
				c.furnish(t)
				all.begin(t, c, client.way, client.browser)
				cases = append(cases, c)
			}
		}
	}
	// Step by step for all of them, as each waits for seconds before it comes back.
	soon := within()
	for _, c := range cases {
		c.listens(t, soon)
	}
	for i := range mostCuts {
		soon = within()
		for _, c := range cases {
			c.isCut(t, i, soon)
		}
	}
	soon = within()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.cutter.made() != len(c.cuts) {
				t.Fatalf("cut %d times, not %d", c.cutter.made(), len(c.cuts))
			}
			all.agree(t, c, soon)
			c.create(t, c.user, `{"title":"at last"}`)
			all.agree(t, c, soon)
		})
		all.stop(t, c)
	}
}

// A streamCase is somebody whose client follows their tasks.
type streamCase struct {
	*server
	name, user string
	cutter     *cutter
	cuts       []string
	forget     bool
	paths      []string // of the tasks that there are when the client begins
}

// furnish makes seven tasks, and puts the last of them into the trash.
func (c *streamCase) furnish(t *testing.T) {
	t.Helper()
	create := strings.Repeat(`{"op":"create","task":{"title":"x"}},`, 7)
	batch := `{"atomic":true,"operations":[` + strings.TrimSuffix(create, ",") + `]}`
	made := c.as(t, c.user, "POST", "/api/v1/tasks/batch", batch).want(t, http.StatusOK)
	for _, result := range decode[struct{ Results []struct{ Task object } }](t, made).Results {
		c.paths = append(c.paths, path(result.Task))
	}
	c.write(t, "DELETE", c.paths[6], "")
}

// write changes the tasks.
func (c *streamCase) write(t *testing.T, method, path, body string) {
	t.Helper()
	if a := c.as(t, c.user, method, path, body); a.status >= http.StatusBadRequest {
		t.Fatalf("%s: %s %s: %d %s", c.name, method, path, a.status, a.body)
	}
}

// listens waits until the client has asked for a stream, and gives it something to tell.
func (c *streamCase) listens(t *testing.T, soon time.Time) {
	t.Helper()
	if !eventually(soon, func() bool { return c.cutter.asked() > 0 }) {
		t.Errorf("%s: it asks for no stream", c.name)
		return
	}
	c.write(t, "POST", "/api/v1/tasks", `{"title":"made"}`)
	c.write(t, "PATCH", c.paths[0]+"/toggle", "")
	c.write(t, "PUT", c.paths[1], `{"title":"changed"}`)
	c.write(t, "DELETE", c.paths[2], "")
	c.write(t, "POST", strings.Replace(c.paths[6], "tasks", "trash", 1)+"/restore", "")
}

// isCut waits until the client has been cut off for the (i+1)th time, if it is to be, changes tasks, and lets it in again.
func (c *streamCase) isCut(t *testing.T, i int, soon time.Time) {
	t.Helper()
	if i >= len(c.cuts) {
		return
	}
	if !eventually(soon, func() bool { return c.cutter.made() > i }) {
		t.Errorf("%s: it was cut %d times only", c.name, c.cutter.made())
		return
	}
	if i == 0 {
		c.write(t, "PUT", c.paths[3], `{"title":"changed meanwhile"}`)
		c.write(t, "POST", "/api/v1/tasks", `{"title":"made meanwhile"}`)
		c.write(t, "DELETE", c.paths[4], "") // last: no task shows this revision
	} else {
		c.write(t, "PUT", c.paths[5], `{"title":"changed later"}`)
	}
	if c.forget && i == 0 {
		c.forgetLog(t)
	}
	c.cutter.letIn()
}

// forgetLog forgets all changes so far.
func (c *streamCase) forgetLog(t *testing.T) {
	t.Helper()
	before := todo.Cutoffs{Changes: time.Now().Add(time.Hour)}
	for {
		n, err := c.store.Forget(t.Context(), todo.UserID(c.user), before, 100)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// within returns until when something has to be so that takes clients a few seconds, or longer: each refusal doubles what
// event-source-polyfill waits.
func within() time.Time { return time.Now().Add(3 * patience) }

// eventually waits until something is so, for as long as soon, and tells whether it is.
func eventually(soon time.Time, so func() bool) bool {
	for ; !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(soon) {
			return false
		}
	}
	return true
}

// followers are the clients, all run by one process.
type followers struct {
	in io.Writer

	mu     sync.Mutex
	copies map[string][]object // what each has made of the tasks
	faults []string
}

// follow starts the process that runs clients.
func follow(t *testing.T) *followers {
	t.Helper()
	nodetest.Install(t, "testdata")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	cmd := exec.CommandContext(ctx, "node", "streams.mjs")
	cmd.Dir = "testdata"
	// The browser's profile is in a folder of the test's, so that nothing of it stays.
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "CHROMIUM=" + nodetest.Chromium(t),
	}
	said := &logtest.Output{}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &followers{in: in, copies: map[string][]object{}}
	ready, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		f.read(out, ready)
	}()
	t.Cleanup(func() {
		defer cancel()
		_ = in.Close()
		<-done
		if err := cmd.Wait(); err != nil || len(f.faults) > 0 {
			t.Errorf("streams.mjs: %v %s\n%s", err, strings.Join(f.faults, "\n"), said)
		}
	})
	select {
	case <-ready:
	case <-done:
		t.Fatal("streams.mjs doesn't start")
	}
	return f
}

// read reads what the clients tell, and closes ready when they can be told what to do.
func (f *followers) read(out io.Reader, ready chan<- struct{}) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		if len(line) == 1 {
			close(ready)
			continue
		}
		var told struct {
			Name, Fault string
			Tasks       []object
		}
		if err := json.Unmarshal(line, &told); err != nil || told.Fault != "" {
			told.Fault += fmt.Sprintf("%v in %s", err, line)
		}
		f.mu.Lock()
		if told.Fault != "" {
			f.faults = append(f.faults, told.Fault)
		} else {
			f.copies[told.Name] = told.Tasks
		}
		f.mu.Unlock()
	}
}

// tell has the process do something.
func (f *followers) tell(t *testing.T, command object) {
	t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// begin has a client follow somebody's tasks.
func (f *followers) begin(t *testing.T, c *streamCase, way string, browser bool) {
	t.Helper()
	f.tell(t, object{"name": c.name, "client": way, "browser": browser, "url": c.cutter.URL, "token": mint(t, c.user)})
}

// stop ends what begin began.
func (f *followers) stop(t *testing.T, c *streamCase) {
	t.Helper()
	f.tell(t, object{"stop": c.name})
}

// agree fails the test unless the client comes to have what the server has.
func (f *followers) agree(t *testing.T, c *streamCase, soon time.Time) {
	t.Helper()
	byID := func(tasks []object) map[string]object {
		m := map[string]object{}
		for _, task := range tasks {
			m[fmt.Sprint(task["id"])] = task
		}
		return m
	}
	var listed []object
	if err := json.Unmarshal([]byte(c.as(t, c.user, "GET", "/api/v1/tasks", "").want(t, 200).body), &listed); err != nil {
		t.Fatal(err)
	}
	want := byID(listed)
	if least := time.Now().Add(3 * time.Second); soon.Before(least) { // another one took all the time
		soon = least
	}
	var got map[string]object
	if eventually(soon, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		got = byID(f.copies[c.name])
		return reflect.DeepEqual(got, want)
	}) {
		return
	}
	t.Errorf("it has\n%v\nand the server\n%v", got, want)
}

// A cutter is a TCP proxy in front of a server that cuts event streams and lets everything else through. Whoever was cut
// off gets no stream until they are let in again.
type cutter struct {
	URL string

	target string

	cuts []string // that are to be made, one after the other

	mu      sync.Mutex
	streams int // that were asked for
	done    int // cuts that were made
	in      chan struct{}
}

// newCutter returns one in front of the server at url until t ends.
func newCutter(t *testing.T, url string, cuts []string) *cutter {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{
		URL: "http://" + l.Addr().String(), target: strings.TrimPrefix(url, "http://"), cuts: cuts, in: make(chan struct{}),
	}
	close(c.in)
	ctx, cancel := context.WithCancel(context.Background())
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			connections.Go(func() { c.serve(ctx, conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		cancel()
		connections.Wait()
	})
	return c
}

// made returns how many cuts were made.
func (c *cutter) made() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// asked returns how many streams were asked for.
func (c *cutter) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams
}

// letIn lets the client open streams again.
func (c *cutter) letIn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.in)
}

// nextStream waits until a stream may be opened, and returns which cut it is to have, or none: if there is no more to be made, or
// if the client has given up waiting and asked for another since.
func (c *cutter) nextStream(ctx context.Context) int {
	c.mu.Lock()
	c.streams++
	in, mine := c.in, c.streams
	c.mu.Unlock()
	select {
	case <-in:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == len(c.cuts) || mine != c.streams || ctx.Err() != nil {
		return none
	}
	return c.done
}

// none is the cut of a stream that isn't to have one.
const none = -1

// cut takes down that a cut was made, and lets in no more; false if another stream had it: one that the server refuses, its
// ticket being too old, shows nothing to be cut at.
func (c *cutter) cut(i int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done != i {
		return false
	}
	c.done++
	c.in = make(chan struct{})
	return true
}

// lull is how long a client has to read what comes through before a cut: one that finds the connection lost at the same
// moment may drop it unread.
const lull = 50 * time.Millisecond

// serve lets one connection through. The server hears of it with its first request: it waits for none as long as a client may
// have to wait to be let in.
func (c *cutter) serve(ctx context.Context, client net.Conn) {
	ctx, gone := context.WithCancel(ctx)
	defer gone()
	defer client.Close()
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	asked := make(chan int, 1) // the cut of a stream that was asked for
	var request bytes.Buffer   // as it came
	in := bufio.NewReader(io.TeeReader(client, &request))
	next := func() bool {
		r, err := http.ReadRequest(in)
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet && r.URL.Path == "/api/v1/events" {
			asked <- c.nextStream(ctx)
		}
		return true
	}
	if !next() {
		return
	}
	server, err := new(net.Dialer).DialContext(ctx, "tcp", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	go func() {
		defer server.Close()
		for {
			if _, err := request.WriteTo(server); err != nil || !next() {
				return
			}
		}
	}()
	due := none
	var seen []byte // of the reply with the stream
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		select {
		case due = <-asked:
		default:
		}
		pass, found := buf[:n], false
		if due != none && n > 0 {
			before, marker := len(seen), c.cuts[due]
			seen = append(seen, pass...)
			if at := bytes.Index(seen, []byte(marker)); at >= 0 {
				pass, found = seen[before:max(before, at+len(marker))], true
			}
		}
		if _, failed := client.Write(pass); failed != nil || err != nil {
			return
		}
		if found {
			time.Sleep(lull)
			if c.cut(due) {
				return
			}
			due = none
		}
	}
}
