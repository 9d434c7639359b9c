//go:build heavy

package test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/test/tododtest"
)

// What slow clients do: nothing, or a request that doesn't come to its end, or a byte of one now and then.
var slowness = []struct{ beginning, dribble string }{
	{"", ""},
	{"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", ""}, // and then nothing more
	{"GET /api/v1/tasks HTTP/1.1\r\nHost: x\r\nX-Slow: ", "x"},
	{"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{", " "},
	{"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{", " "},
	{"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
}

// beSlow keeps one slow connection open until ctx ends: whenever it is closed, it comes again.
func beSlow(ctx context.Context, n int, address string, opened *atomic.Int64) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+n%10))} // ten addresses
	how := slowness[n%len(slowness)]
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{LocalAddr: from}).DialContext(ctx, "tcp", address)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		opened.Add(1)
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, how.beginning)
		go func() {
			for err := error(nil); err == nil; _, err = io.WriteString(conn, how.dribble) {
				time.Sleep(time.Second)
			}
		}()
		_, _ = io.Copy(io.Discard, conn)
		stop()
		_ = conn.Close()
		time.Sleep(time.Second)
	}
}

// TestAThousandSlowConnections do not stop a normal client, neither where there is room for them nor where there isn't. There
// a client that takes long to send its request is slow, too: no other test of the package runs beside it.
func TestAThousandSlowConnections(t *testing.T) {
	for name, limit := range map[string]string{"with room": "10000", "without": "400"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			p := tododtest.Start(t, folder, "MAX_CONNECTIONS="+limit)
			ada := token(t, folder, nil, "ada")
			http.DefaultClient.CloseIdleConnections()
			ctx, stop := context.WithCancel(t.Context())
			var opened atomic.Int64
			var slow sync.WaitGroup
			for n := range 1000 {
				slow.Go(func() { beSlow(ctx, n, strings.TrimPrefix(p.URL, "http://"), &opened) })
			}
			time.Sleep(2 * time.Second)

			took := make([]time.Duration, 0, 1000)
			for begun := time.Now(); time.Since(begun) < slowFor; time.Sleep(20 * time.Millisecond) {
				client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}} // on new connections
				for _, r := range []struct {
					method, body string
					want         int
				}{{"POST", `{"title":"x"}`, http.StatusCreated}, {"GET", "", http.StatusOK}} {
					started := time.Now()
					resp, err := send(client, r.method, p.URL+"/api/v1/tasks", ada, r.body)
					if err != nil || resp.StatusCode != r.want {
						t.Fatalf("after %d requests: %v, %v", len(took), resp, err)
					}
					took = append(took, time.Since(started))
				}
				client.CloseIdleConnections()
			}
			stop()
			slow.Wait()
			slices.Sort(took)
			t.Logf("%d slow connections, opened %d times; %d requests answered, half within %s, 99 %% within %s, all within %s",
				1000, opened.Load(), len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
		})
	}
}

// bytesRead finds how much a process has read, from files and connections.
var bytesRead = regexp.MustCompile(`rchar: (\d+)`)

// hasRead returns how many bytes p has read.
func hasRead(t *testing.T, p *tododtest.Process) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(string(bytesRead.FindSubmatch(text)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// pour sends a request with a body of 10 GB, or as much of it as is taken, and returns its answer and how many bytes of the
// body were taken.
func pour(t *testing.T, p *tododtest.Process, head string, chunked bool) (*http.Response, int64) {
	t.Helper()
	const size = 10 << 30
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	length := fmt.Sprintf("Content-Length: %d\r\n\r\n", int64(size))
	if chunked {
		length = fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", int64(size))
	}
	var taken int64
	poured := make(chan struct{})
	go func() {
		defer close(poured)
		_, err := io.WriteString(conn, head+length)
		block := []byte(strings.Repeat(" ", 64<<10))
		for err == nil && taken < size {
			var n int
			n, err = conn.Write(block)
			taken += int64(n)
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Errorf("%q: no answer: %v", head, err)
		resp = &http.Response{Body: http.NoBody}
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q: %v", head, err)
	}
	<-poured // the server has closed the connection
	return resp, taken
}

// TestTenGigabytesAreCutAtTheLimit: whoever sends them, and wherever.
func TestTenGigabytesAreCutAtTheLimit(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := tododtest.Start(t, folder)
	ada := "Authorization: Bearer " + token(t, folder, nil, "ada") + "\r\n"
	const little = 512<<10 + 64<<10 // what net/http reads of a body that nobody wants
	const json = "Content-Type: application/json\r\n"
	for _, c := range []struct {
		line, header string
		want         int
		most         int // bytes that the server reads
	}{
		{"POST /api/v1/tasks", ada + json, http.StatusRequestEntityTooLarge, 64<<10 + little},
		{"POST /api/v1/tasks", ada + json + "Idempotency-Key: k\r\n", http.StatusRequestEntityTooLarge, 64<<10 + little},
		{"POST /api/v1/tasks/batch", ada + json, http.StatusRequestEntityTooLarge, 1<<20 + little},
		{"POST /api/auth/login", json, http.StatusRequestEntityTooLarge, 64<<10 + little},
		{"POST /api/todos", json, http.StatusUnauthorized, 64<<10 + little},
		{"POST /api/v1/tasks", ada, http.StatusUnsupportedMediaType, 64<<10 + little},
		{"POST /nothing", "", http.StatusNotFound, 64<<10 + little},
		{"POST /health", "", http.StatusMethodNotAllowed, 64<<10 + little},
		{"GET /health", "", http.StatusOK, 64<<10 + little},
		{"GET /api/v1/tasks", ada, http.StatusOK, 64<<10 + little},
		{"GET /openapi.json", "", http.StatusOK, 64<<10 + little},
	} {
		for _, chunked := range []bool{false, true} {
			before := hasRead(t, p)
			resp, taken := pour(t, p, c.line+" HTTP/1.1\r\nHost: x\r\n"+c.header, chunked)
			read := hasRead(t, p) - before
			t.Logf("%s, chunked: %v: %d; the server read %d KiB, %d KiB were on their way", c.line, chunked, resp.StatusCode, read>>10, taken>>10)
			if resp.StatusCode != c.want || read > c.most || taken > 64<<20 {
				t.Errorf("%s, chunked: %v: status %d, %d bytes read, %d taken", c.line, chunked, resp.StatusCode, read, taken)
			}
		}
	}
}
