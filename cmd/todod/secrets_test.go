package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todod/internal/logtest"
)

// tokenUnder returns a token of ada's that is signed with this secret.
func tokenUnder(secret string) string {
	return sign(secret, fmt.Sprintf(`{"sub":"ada","exp":%d}`, time.Now().Add(10*time.Minute).Unix()))
}

// replace gives the file at path another text at once.
func replace(t *testing.T, path, text string) {
	t.Helper()
	put(t, path+".new", text)
	must(t, os.Rename(path+".new", path))
}

// told returns the lines of a log with this message.
func told(l *logtest.Output, message string) []map[string]any {
	var lines []map[string]any
	for line := range strings.Lines(l.String()) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil && strings.HasPrefix(fmt.Sprint(record["message"]), message) {
			lines = append(lines, record)
		}
	}
	return lines
}

// TestASecretIsReplacedWhileServing: everybody who works with secrets uses the new ones, and the log says how many there
// are.
func TestASecretIsReplacedWhileServing(t *testing.T) {
	t.Parallel()
	older, newer := strings.Repeat("o", 32), strings.Repeat("n", 32)
	path := filepath.Join(t.TempDir(), "secrets")
	put(t, path, "1:"+older)
	p := start(t, isolated(t, environment{"BETTER_AUTH_SECRET": "", "BETTER_AUTH_SECRETS_FILE": path}))
	tasks := p.url + "/api/v1/tasks"
	accepts := func(secret string) bool {
		code, _ := call(t, "GET", tasks, tokenUnder(secret), "")
		return code == http.StatusOK
	}
	old := tokenUnder(older)
	if code, _ := call(t, "GET", tasks, old, ""); code != http.StatusOK || accepts(newer) {
		t.Fatalf("status %d before anything changed", code)
	}
	_, ada := call(t, "POST", p.url+"/api/auth/register", "", `{"name":"Ada","email":"ada@example.com","password":"analytical engine"}`)
	var signedIn struct{ Token, RefreshToken string }
	must(t, json.Unmarshal([]byte(ada), &signedIn))

	replace(t, path, "1:"+older+",2:"+newer)
	waitFor(t, "the new secret", func() bool { return accepts(newer) })
	if code, _ := call(t, "GET", tasks, old, ""); code != http.StatusOK {
		t.Errorf("status %d for the old one", code)
	}

	put(t, path, "2:"+newer+",1:"+older)
	waitFor(t, "the change", func() bool { return len(told(p.out, "secrets.changed")) == 2 })
	put(t, path, "2:"+newer)
	waitFor(t, "the end of the old secret", func() bool { return !accepts(older) })
	if code, _ := call(t, "GET", tasks, old, ""); code != http.StatusUnauthorized {
		t.Errorf("status %d for a token that was remembered", code)
	}
	if code, _ := call(t, "GET", tasks, signedIn.Token, ""); code != http.StatusUnauthorized {
		t.Errorf("status %d for the access token from before", code)
	}
	code, body := call(t, "POST", p.url+"/api/auth/refresh", "", fmt.Sprintf(`{"refreshToken":%q}`, signedIn.RefreshToken))
	if code != http.StatusOK {
		t.Fatalf("refresh: status %d, %s", code, body)
	}
	must(t, json.Unmarshal([]byte(body), &signedIn))
	if code, _ := call(t, "GET", tasks, signedIn.Token, ""); code != http.StatusOK {
		t.Errorf("status %d for the refreshed token", code)
	}

	for i, want := range []string{"2 1 0", "2 0 0", "1 0 1"} {
		line := told(p.out, "secrets.changed")[i]
		if got := fmt.Sprint(line["in_use"], line["added"], line["removed"]); got != want || line["level"] != "INFO" {
			t.Errorf("line %d: %s, want %s", i, got, want)
		}
	}
}

// TestSecretsThatCannotBeUsedAreToldOf, each time, and those before stay in use.
func TestSecretsThatCannotBeUsedAreToldOf(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("g", 32)
	folder := t.TempDir()
	path := filepath.Join(folder, "secret")
	put(t, path, good)
	p := start(t, isolated(t, environment{
		"APP_ENV": "production", "AUTH_PROVIDER": "local", "ALLOWED_ORIGINS": "https://app.example.com",
		"BETTER_AUTH_SECRET": "", "BETTER_AUTH_SECRET_FILE": path,
	}))
	for i, text := range []string{"hunter2hunter2", "", "hunter3", "2:" + strings.Repeat("hunter", 6) + ",1:" + good, "better-auth-secret-12345678901234567890"} {
		put(t, path, text)
		waitFor(t, "a word about it", func() bool { return len(told(p.out, "secrets.refused")) == i+1 })
		if code, body := call(t, "GET", p.url+"/api/v1/tasks", tokenUnder(good), ""); code != http.StatusOK {
			t.Errorf("status %d: %s", code, body)
		}
	}
	must(t, os.Remove(path))
	waitFor(t, "a word about the end of the file", func() bool { return len(told(p.out, "secrets.refused")) == 6 })
	for _, line := range told(p.out, "secrets.refused") {
		if said := fmt.Sprint(line["error"]); line["level"] != "ERROR" || !strings.Contains(said, "BETTER_AUTH_SECRET") {
			t.Errorf("%v: %s", line["level"], said)
		}
	}
	if log := p.out.String(); strings.Contains(log, "hunter") || strings.Contains(log, good) {
		t.Error("the log has a secret in it")
	}
	put(t, path, good) // as it was
	time.Sleep(5 * watchEvery)
	if n := len(told(p.out, "secrets.")); n != 6 {
		t.Errorf("%d lines about secrets", n)
	}
}
