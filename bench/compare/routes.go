package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// A route is how a server is asked for an operation. Path, header and body name what differs between requests: $id is
// the id of a task of the user's, $next that of another, which recurs, $record and $owner are the first and the user's number
// as PocketBase has them, $text is a text that no request before had, $flag true or false, another one each time a task has its turn, and $learned what
// learn has returned for the user.
type route struct {
	method, path string
	header       string // a line of it, "" for none
	body         string
	status       int // of a good answer
	learn        func(s *server, ctx context.Context, user int) (string, error)
}

// A turn says what differs in one request of a route.
type turn struct {
	user    int    // the number of the user
	number  int    // how often all users have had their turn before
	learned string // for the user
	sample  string // makes its text differ from those of other samples
}

// aboutTask tells whether r is about one task.
func (r route) aboutTask() bool {
	return strings.Contains(r.path, "$id") || strings.Contains(r.path, "$next") || strings.Contains(r.path, "$record")
}

// alternates tells whether a task must get another request when it has its next turn, as one that changes nothing is
// cheaper.
func (r route) alternates() bool {
	return strings.Contains(r.body, "$text") || strings.Contains(r.body, "$flag")
}

// turns returns how often the requests of r go through all users before they repeat.
func (r route) turns(d dataset) int {
	switch {
	case r.alternates():
		return 2 * d.busy()
	case r.aboutTask():
		return d.busy()
	}
	return 1
}

// in returns r with what differs in that turn put in.
func (r route) in(d dataset, t turn) route {
	id := d.busyTask(t.user, t.number%d.busy())
	put := strings.NewReplacer(
		"$id", strconv.Itoa(id), "$next", strconv.Itoa(id+d.users), "$record", record(id), "$owner", record(t.user),
		"$text", fmt.Sprintf("%s-%d", t.sample, t.number), "$flag", strconv.FormatBool(t.number/d.busy()%2 == 0),
		"$learned", t.learned,
	)
	r.path, r.header, r.body = put.Replace(r.path), put.Replace(r.header), put.Replace(r.body)
	return r
}

// request returns the request of a turn as it goes over the wire to host.
func (r route) request(d dataset, host, token string, t turn) string {
	r = r.in(d, t)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n", r.method, r.path, host, token)
	if r.header != "" {
		fmt.Fprintf(&b, "%s\r\n", r.header)
	}
	if r.body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n")
	b.WriteString(r.body)
	return b.String()
}
