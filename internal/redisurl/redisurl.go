// Package redisurl reads the URL of a Redis.
package redisurl

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Server says where a Redis is, and as whom to sign in there.
type Server struct {
	Network  string // tcp or unix
	Address  string // host and port, or the path of a socket
	TLS      bool
	Insecure bool // with TLS: take any certificate
	Username string
	Password string // "" for none: then nobody signs in
	Database int
	PoolSize int // connections at most, 0 if the URL doesn't say
}

// tuning are parameters of other clients' URLs, most of them go-redis's. They are taken, and do nothing.
var tuning = map[string]bool{
	"protocol": true, "client_name": true, "max_retries": true, "min_retry_backoff": true, "max_retry_backoff": true,
	"dial_timeout": true, "read_timeout": true, "write_timeout": true, "pool_fifo": true, "pool_timeout": true, "min_idle_conns": true,
	"max_idle_conns": true, "max_active_conns": true, "conn_max_idle_time": true, "idle_timeout": true, "conn_max_lifetime": true,
	"max_conn_age": true, "idle_check_frequency": true,
}

// Parse reads redis://user:password@host:port/database, rediss:// for TLS, or unix://user:password@/path?db=database, and
// reports whether raw is one of them. Host and port are localhost and 6379 where they are missing.
func Parse(raw string) (Server, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return Server{}, false
	}
	s := Server{Username: u.User.Username(), TLS: u.Scheme == "rediss"}
	s.Password, _ = u.User.Password()
	var ok bool
	switch u.Scheme {
	case "redis", "rediss":
		ok = s.atHost(u)
	case "unix":
		s.Network, s.Address = "unix", strings.TrimSpace(u.Path)
		ok = s.Address != ""
	}
	return s, ok && s.tuned(u.RawQuery)
}

// atHost takes host, port and database of u and reports whether they can be right.
func (s *Server) atHost(u *url.URL) bool {
	host, port := u.Hostname(), u.Port()
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = "6379"
	}
	s.Network, s.Address = "tcp", net.JoinHostPort(host, port)
	path := strings.Trim(u.Path, "/")
	return path == "" || setNumber(&s.Database, path)
}

// tuned takes the parameters of a URL and reports whether all of them are known and can be right.
func (s *Server) tuned(query string) bool {
	values, err := url.ParseQuery(query)
	ok := err == nil
	for name := range values {
		value := values.Get(name)
		switch {
		case name == "db":
			ok = ok && setNumber(&s.Database, value)
		case name == "pool_size":
			ok = ok && setNumber(&s.PoolSize, value)
		case name == "skip_verify" && s.TLS:
			s.Insecure, err = strconv.ParseBool(value)
			ok = ok && err == nil
		default:
			ok = ok && tuning[name]
		}
	}
	return ok
}

// setNumber sets n to the whole number that text is, which is not negative, and reports whether it is one.
func setNumber(n *int, text string) bool {
	v, err := strconv.ParseUint(text, 10, 31)
	*n = int(v) // of 31 bits
	return err == nil
}
