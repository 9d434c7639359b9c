package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// String describes the database to a person, without passwords.
func (d Database) String() string {
	if d.Engine == SQLite {
		return "SQLite " + d.Path
	}
	return describePostgres(d.URL)
}

// describePostgres says who connects to what with a PostgreSQL URL. It is put together from what the URL means, so that
// no corner of it can hide a password.
func describePostgres(url string) string {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return "PostgreSQL"
	}
	c := config.ConnConfig
	return fmt.Sprintf("PostgreSQL %s@%s:%d/%s", c.User, c.Host, c.Port, c.Database)
}

// ParseDatabase reads a database URL in the forms that DATABASE_URL takes. Its error doesn't repeat the URL, which may have
// a password in it.
func ParseDatabase(raw string) (Database, error) {
	engine, target := parseDatabase(raw)
	switch engine {
	case SQLite:
		return Database{Engine: SQLite, Path: target}, nil
	case Postgres:
		return Database{Engine: Postgres, URL: target}, nil
	}
	return Database{}, errors.New("must be sqlite:path or postgres://user:password@host:5432/name, as DATABASE_URL is")
}

// maxPool is the largest pool: more connections than any server takes.
const maxPool = 10_000

// resolveDatabase turns DATABASE_URL and DATABASE_DIRECT_URL from what was written into what it means.
func (l *loader) resolveDatabase() {
	db := &l.config.Database
	engine, target := parseDatabase(db.URL)
	db.Engine, db.URL = engine, ""
	switch engine {
	case SQLite:
		db.Path = target
	case Postgres:
		db.URL = target
	default:
		l.reject("DATABASE_URL")
	}

	if db.DirectURL == "" {
		db.DirectURL = l.directURL(db.URL)
	} else if directEngine, direct := parseDatabase(db.DirectURL); directEngine == Postgres && engine != SQLite {
		db.DirectURL = direct
	} else {
		db.DirectURL = ""
		l.reject("DATABASE_DIRECT_URL")
	}

	if db.PoolSize > maxPool {
		l.reject("DB_POOL_SIZE")
	}
	if db.PoolTimeout == 0 {
		l.reject("DB_POOL_TIMEOUT")
	}
}

// neonPooler is the host of Neon's pooled endpoint: the direct one is called the same, without -pooler.
var neonPooler = regexp.MustCompile(`^([^.]+)-pooler(\..+\.neon\.tech)$`)

// directURL returns the URL that leads past the pooler which url leads through, as far as the host's name tells, else url.
func (l *loader) directURL(url string) string {
	config, err := pgxpool.ParseConfig(url)
	if err != nil || !neonPooler.MatchString(config.ConnConfig.Host) {
		return url
	}
	pooled := config.ConnConfig.Host
	direct := neonPooler.ReplaceAllString(pooled, "$1$2")
	unpooled := strings.Replace(url, "@"+pooled, "@"+direct, 1) // an @ before the host's is escaped
	if unpooled == url {
		return url
	}
	l.config.Notes = append(l.config.Notes, fmt.Sprintf(
		"%s is Neon's pooler: migrations go to %s (set DATABASE_DIRECT_URL for another)", pooled, direct))
	return unpooled
}

// driverSSL is how Python's drivers spell sslmode in a query.
var driverSSL = regexp.MustCompile(`([?&])ssl=(disable|allow|prefer|require|verify-ca|verify-full)(&|$)`)

// parseDatabase returns the engine that raw names, "" if none, and the file or URL that it leads to. The part of the
// scheme that names a Python driver is dropped.
func parseDatabase(raw string) (engine, target string) {
	scheme, rest, _ := strings.Cut(raw, ":")
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+")
	switch scheme {
	case "sqlite":
		if path := sqlitePath(rest); path != "" {
			return SQLite, path
		}
	case "postgres", "postgresql":
		url := "postgres:" + driverSSL.ReplaceAllString(rest, "${1}sslmode=${2}${3}")
		if _, err := pgxpool.ParseConfig(url); err == nil && strings.HasPrefix(url, "postgres://") {
			return Postgres, url
		}
	}
	return "", ""
}

// sqlitePath returns the file that what follows "sqlite:" names, "" if none. In the URL form a path begins after the
// third slash, so that an absolute one has four. Databases in memory and parameters are refused.
func sqlitePath(rest string) string {
	path := rest
	if afterHost, isURL := strings.CutPrefix(rest, "//"); isURL {
		var noHost bool
		if path, noHost = strings.CutPrefix(afterHost, "/"); !noHost {
			return ""
		}
	}
	if strings.Contains(path, "?") || strings.HasPrefix(path, ":memory:") || strings.HasPrefix(path, "file:") {
		return ""
	}
	return path
}

// plaintextHost returns a host on another machine that the PostgreSQL URL allows to reach without TLS, "" if none.
func plaintextHost(url string) string {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return ""
	}
	c := config.ConnConfig
	ways := append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	for _, way := range ways {
		if way.TLSConfig == nil && !isLocal(way.Host, way.Port) {
			return way.Host
		}
	}
	return ""
}

// isLocal reports whether what is sent to that host and port stays on this machine.
func isLocal(host string, port uint16) bool {
	if network, _ := pgconn.NetworkAddress(host, port); network == "unix" || host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
