// Package logtest holds logs against what must never be in one: at no level a token, a secret, a password or the full
// address of a client, and at INFO and above no e-mail address and no query of a URL. Only tests import this package.
package logtest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Folder is the environment variable that names a folder for the logs of all tests, for a person to look through.
const Folder = "TODOD_TEST_LOGS"

// Passwords are the ones that the tests of whole processes use.
var Passwords = []string{
	"analytical engine", "another password", "correct horse", "password 1", "password 2", "yet another", "hunter2",
}

// Known is what a test knows of its log. It is safe for concurrent use; the zero value knows nothing.
type Known struct {
	mu        sync.Mutex
	forbidden map[string]string         // as they stand in JSON
	peers     map[string]*regexp.Regexp // addresses that todod connects to, with what errors of the network say beside them
}

// Forbid says that none of these may be in the log. Those of fewer than five bytes are passed over: they occur by chance.
func (k *Known) Forbid(secrets ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range secrets {
		if _, known := k.forbidden[s]; len(s) < 5 || known {
			continue
		}
		if k.forbidden == nil {
			k.forbidden = map[string]string{}
		}
		quoted, _ := json.Marshal(s) // a string always marshals
		k.forbidden[s] = strings.Trim(string(quoted), `"`)
	}
}

// confidential finds the members of JSON that nobody but their reader may see; one of hinted is in each that it finds.
var (
	confidential = regexp.MustCompile(`(?i)"(?:\w*token|ticket|\w*password|cursor)"\s*:\s*"([^"\\]+)"`)
	hinted       = []string{"token", "ticket", "password", "cursor"}
)

// Overhear forbids what is confidential in a body that was sent or answered.
func (k *Known) Overhear(body string) {
	lower := strings.ToLower(body)
	if !slices.ContainsFunc(hinted, func(hint string) bool { return strings.Contains(lower, hint) }) {
		return
	}
	for _, found := range confidential.FindAllStringSubmatch(body, -1) {
		k.Forbid(found[1])
	}
}

// endpoint finds addresses with a port.
var endpoint = regexp.MustCompile(`(?:\d{1,3}\.){3}\d{1,3}:\d+|\[[0-9a-fA-F:]+\]:\d+`)

// Environment forbids the secrets in the environment of a process, and has the addresses in it be no client's.
func (k *Known) Environment(env ...string) {
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasSuffix(name, "_FILE") {
			text, _ := os.ReadFile(value) //nolint:gosec // the test's own file; without one there is nothing to forbid
			name, value = strings.TrimSuffix(name, "_FILE"), strings.TrimSpace(string(text))
		}
		if strings.Contains(name, "SECRET") {
			for part := range strings.SplitSeq(value, ",") {
				version, secret, numbered := strings.Cut(part, ":")
				if !numbered {
					secret = version
				}
				k.Forbid(secret)
			}
		}
		for _, peer := range endpoint.FindAllString(value, -1) {
			k.connects(peer)
		}
	}
}

// connects has an address be no client's: one that todod itself connects to, with its own end of such a connection in front,
// as errors of the network name both.
func (k *Known) connects(peer string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.peers == nil {
		k.peers = map[string]*regexp.Regexp{}
	}
	if k.peers[peer] == nil {
		k.peers[peer] = regexp.MustCompile(`(?:[0-9.]+:\d+->)?` + regexp.QuoteMeta(peer) + `(?: \([0-9a-f.:]+\))?`)
	}
}

// A pattern finds something by its form. Logs are long, and regular expressions slow where races are looked for: a line is
// searched only if one of the hints is in it, in whatever case, as one is in all that the form finds.
type pattern struct {
	what  string
	hints []string
	form  *regexp.Regexp
}

// What is found by its form.
var (
	atAnyLevel = []pattern{
		{"a JWT", []string{"eyj"}, regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}`)},
		{"a password's hash", []string{"$"}, regexp.MustCompile(`\$argon2|\$2[aby]\$\d\d\$`)},
		{"a URL with a password", []string{"://"}, regexp.MustCompile(`://[^/\s:@"\\]*:[^@\s"/\\]+@`)},
		{"an Authorization", []string{"bearer "}, regexp.MustCompile(`(?i)bearer [a-z0-9]`)},
	}
	fromInfoOn = []pattern{
		{"an e-mail address", []string{"@", "%40"}, regexp.MustCompile(`[\pL\pM\pN._%+-]+(?:@|%40)[\pL\pM\pN-]+(?:\.[\pL\pM\pN-]+)*\.[\pL\pM]{2,}`)},
		{"a query", []string{"?"}, regexp.MustCompile(`\?[A-Za-z_.-]+=`)},
	}
	// opaque finds the ends of tokens of todod's own: refresh tokens and tickets.
	opaque = regexp.MustCompile(`\.([A-Za-z0-9_-]{43})(?:[^A-Za-z0-9_-]|$)`)
)

// Faults returns what is wrong with a log, a sentence each that repeats the line but not the secret.
func (k *Known) Faults(log string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var secrets []string // that are in it somewhere
	for secret, quoted := range k.forbidden {
		if strings.Contains(log, secret) || strings.Contains(log, quoted) {
			secrets = append(secrets, secret)
		}
	}
	var faults []string
	for line := range strings.Lines(log) {
		for _, what := range k.faultsOf(strings.TrimSpace(line), secrets) {
			faults = append(faults, fmt.Sprintf("%s in: %s", what, line))
		}
	}
	return faults
}

// faultsOf returns what is in a line that must not be, of secrets these alone. A line that is none of the log's counts as
// one of any level.
func (k *Known) faultsOf(line string, secrets []string) (found []string) {
	for _, secret := range secrets {
		if strings.Contains(line, secret) || strings.Contains(line, k.forbidden[secret]) {
			found = append(found, fmt.Sprintf("a secret of %d bytes", len(secret)))
		}
	}
	lower := strings.ToLower(line)
	found = append(found, match(atAnyLevel, line, lower)...)
	for _, token := range opaque.FindAllStringSubmatch(line, -1) {
		if strings.ContainsAny(token[1], "0123456789") && strings.ToLower(token[1]) != token[1] {
			found = append(found, "a token of todod's own")
		}
	}
	if some := match(fromInfoOn, line, lower); len(some) > 0 && parse(line).Level != "DEBUG" {
		found = append(found, some...)
	}
	if k.hasClient(line) && !ofItself.MatchString(parse(line).Message) {
		found = append(found, "a full address")
	}
	return found
}

// record is what is read of a line.
type record struct{ Level, Message string }

// parse reads a line, of which nothing is known if it is none of the log's.
func parse(line string) (r record) {
	_ = json.Unmarshal([]byte(line), &r)
	return r
}

// ofItself finds the messages in which a start says where todod itself listens, and how it is configured.
var ofItself = regexp.MustCompile(`^configuration$|^todod \S+ listens on |^metrics at `)

// match returns what those patterns find in line, of which lower is the text in lower case.
func match(patterns []pattern, line, lower string) (found []string) {
	for _, p := range patterns {
		hinted := slices.ContainsFunc(p.hints, func(hint string) bool { return strings.Contains(lower, hint) })
		if hinted && p.form.MatchString(line) {
			found = append(found, p.what)
		}
	}
	return found
}

// address finds what may be an address, among the characters of one.
var address = regexp.MustCompile(`[0-9A-Fa-f]*:[0-9A-Fa-f:.]+|\d+\.\d+\.\d+\.\d+`)

// hasClient reports whether line has an address that is neither a whole network's nor one that todod itself connects to.
func (k *Known) hasClient(line string) bool {
	for peer, mentioned := range k.peers {
		if strings.Contains(line, peer) {
			line = mentioned.ReplaceAllString(line, "")
		}
	}
	for part := range strings.FieldsFuncSeq(line, func(c rune) bool { return !strings.ContainsRune("0123456789ABCDEFabcdef:.", c) }) {
		if (strings.Contains(part, ":") || strings.Count(part, ".") >= 3) && slices.ContainsFunc(address.FindAllString(part, -1), isClient) {
			return true
		}
	}
	return false
}

// isClient reports whether what may be an address is one, and not a whole network's.
func isClient(found string) bool {
	a, err := netip.ParseAddr(strings.TrimRight(found, ":."))
	if err != nil || a.IsUnspecified() {
		return false
	}
	bits := 48
	if a.Unmap().Is4() {
		a, bits = a.Unmap(), 24
	}
	return netip.PrefixFrom(a, bits).Masked().Addr() != a
}

// written numbers the files in Folder.
var written atomic.Int64

// Watch holds the log that out returns against k at the end of the test, when what began after this call has ended.
func (k *Known) Watch(t testing.TB, out fmt.Stringer) {
	t.Helper()
	k.Forbid(Passwords...)
	t.Cleanup(func() {
		log := out.String()
		for i, fault := range k.Faults(log) {
			if i == 10 {
				t.Error("and more")
				break
			}
			t.Errorf("the log has %s", fault)
		}
		if folder := os.Getenv(Folder); folder != "" && log != "" {
			keep(t, folder, log)
		}
	})
}

// keep writes a log into a folder.
func keep(t testing.TB, folder, log string) {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '-'
		}
		return r
	}, t.Name())
	path := filepath.Join(folder, fmt.Sprintf("%s-%d-%d.log", name, os.Getpid(), written.Add(1)))
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil { //nolint:gosec // where whoever runs the tests wants it
		t.Error(err)
	}
}
