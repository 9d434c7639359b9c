package tododtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// An Event is one event of a stream as a browser would dispatch it, or a comment.
type Event struct {
	Name, ID, Data string
	Comment        string // of a block that is nothing but a comment
}

// A Listener is the client of an event stream, as EventSource is one.
type Listener struct {
	Answer *http.Response
	LastID string // of the last block that had one
	Retry  string

	in     *bufio.Reader
	cancel context.CancelFunc
}

// Listen opens the stream at url. An answer other than a stream is no error: it is in Answer, for the caller to read.
func Listen(ctx context.Context, client *http.Client, url string, header http.Header) (*Listener, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		cancel()
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := client.Do(req) //nolint:bodyclose // Close does
	if err != nil {
		cancel()
		return nil, err
	}
	return &Listener{Answer: resp, in: bufio.NewReader(resp.Body), cancel: cancel}, nil
}

// Close cuts the stream off.
func (l *Listener) Close() {
	l.cancel()
	_ = l.Answer.Body.Close()
}

// Next waits for the next event but hello, which each stream begins with, and returns it. The error is io.EOF when the server has ended the stream.
func (l *Listener) Next() (Event, error) {
	for {
		e, err := l.Block()
		if err != nil || e.Data != "" && e.Name != "hello" {
			return e, err
		}
	}
}

// Block waits for the next block of lines, whatever it is, and returns it.
func (l *Listener) Block() (e Event, err error) {
	for {
		line, err := l.in.ReadString('\n')
		switch {
		case err == io.EOF && line != "":
			return e, io.ErrUnexpectedEOF
		case err != nil:
			return e, err
		case line == "\n":
			return e, nil
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "":
			e.Comment += value
		case "event":
			e.Name = value
		case "id":
			e.ID, l.LastID = value, value
		case "data":
			e.Data += value
		case "retry":
			l.Retry = value
		default:
			return e, fmt.Errorf("a line that is none of the standard's: %q", line)
		}
	}
}
