//go:build heavy

package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"todod/internal/nodetest"
)

// output runs a client and returns what it prints.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var faults strings.Builder
	cmd.Stderr = &faults
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, faults.String())
	}
	return string(out)
}

// TestClientsThatPeopleUse make a todo and complete it without a body, each in the ways it has: those of Node, which must be
// there, and those of Python and curl if they are.
func TestClientsThatPeopleUse(t *testing.T) {
	t.Parallel()
	nodetest.Install(t, "testdata")
	f := newFramed(t, openSQLite(t))
	token := mint(t, "ada")
	host, port, _ := strings.Cut(f.Listener.Addr().String(), ":")
	clients := map[string][]string{"node": {"testdata/clients.mjs", f.URL, f.h2.URL, token}}
	if _, err := exec.LookPath("python3"); err == nil {
		clients["python3"] = []string{"testdata/clients.py", host, port, token}
	}
	for client, args := range clients {
		var answers map[string][]any
		if err := json.Unmarshal([]byte(output(t, client, args...)), &answers); err != nil || len(answers) < 3 {
			t.Fatalf("%s: %v, %v", client, answers, err)
		}
		for way, got := range answers {
			if fmt.Sprint(got) != "[201 200 true]" {
				t.Errorf("%s, %s: %v", client, way, got)
			}
		}
	}
	if _, err := exec.LookPath("curl"); err == nil {
		f.useCurl(t, token)
	}
}

// useCurl has curl do it, by HTTP/1.0, 1.1 and 2, and with a body from a file and from a pipe.
func (f *framed) useCurl(t *testing.T, token string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "todo.json")
	if err := os.WriteFile(file, []byte("\uFEFF"+`{"title":"Buy milk"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, way := range [][]string{
		{f.URL, "--http1.1"}, {f.URL, "--http1.0"}, {f.h2.URL, "--http2"}, {f.URL, "--header", "Transfer-Encoding: chunked"},
		{f.URL, "--header", "Expect: 100-continue"},
	} {
		curl := func(path string, args ...string) (status int, todo object) {
			t.Helper()
			args = append(args, "--silent", "--insecure", "--write-out", " %{http_code}", "--header", "Authorization: Bearer "+token)
			out := output(t, "curl", append(append(args, way[1:]...), way[0]+path)...)
			i := strings.LastIndexByte(out, ' ')
			if _, err := fmt.Sscan(out[i:], &status); err != nil {
				t.Fatal(out, err)
			}
			return status, decode[object](t, answer{body: out[:i]})
		}
		made, todo := curl("/api/todos", "--header", "Content-Type: application/json; charset=utf8", "--data-binary", "@"+file)
		changed, done := curl(fmt.Sprintf("/api/todos/%v/complete", todo["id"]), "--request", "PATCH", "--data", "") // as a form, if it weren't nothing
		if made != http.StatusCreated || changed != http.StatusOK || done["completed"] != true {
			t.Errorf("curl %v: %d %v, then %d %v", way[1:], made, todo, changed, done)
		}
	}
}
