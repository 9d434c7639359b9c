package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client asks for single answers. Its connections don't outlive them, so that todod has none but wrk's during a sample.
var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// An answer is what came back.
type answer struct {
	header http.Header
	body   []byte
}

// ask sends a request with header and wants an answer of that status.
func ask(ctx context.Context, method, url string, status int, header http.Header, body ...string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(strings.Join(body, "")))
	if err != nil {
		return answer{}, err
	}
	if header != nil {
		req.Header = header
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return answer{}, err
	}
	if resp.StatusCode != status {
		return answer{}, fmt.Errorf("%s %s: %s, want %d: %s", method, url, resp.Status, status, a.body)
	}
	return a, nil
}
