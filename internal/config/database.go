package config

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
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

// ParseDatabase reads a database URL in the forms that DATABASE_URL takes, and returns what is to be said about it besides.
// Its error doesn't repeat the URL, which may have a password in it.
func ParseDatabase(raw string) (db Database, warnings []string, err error) {
	found := parseDatabase(raw)
	if found.cause != "" {
		return Database{}, nil, errors.New("must be sqlite:path or postgres://user:password@host:5432/name, as DATABASE_URL is: " + found.cause)
	}
	if len(found.dropped) > 0 {
		warnings = []string{"it " + found.ignored()}
	}
	return Database{Engine: found.engine, Path: found.path, URL: found.url}, warnings, nil
}

// maxPool is the largest pool: more connections than any server takes.
const maxPool = 10_000

// resolveDatabase turns DATABASE_URL and DATABASE_DIRECT_URL from what was written into what it means.
func (l *loader) resolveDatabase() {
	db := &l.config.Database
	found := l.readDatabase("DATABASE_URL", db.URL)
	db.Engine, db.Path, db.URL = found.engine, found.path, found.url
	if db.DirectURL == "" {
		db.DirectURL = l.directURL(db.URL)
	} else {
		direct := l.readDatabase("DATABASE_DIRECT_URL", db.DirectURL)
		if db.DirectURL = direct.url; direct.engine == SQLite || found.engine == SQLite {
			db.DirectURL = ""
			l.reject("DATABASE_DIRECT_URL")
		}
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

// readDatabase reads the URL of a database in the variable of that name, and notes what is wrong with it or ignored of it.
func (l *loader) readDatabase(name, raw string) databaseURL {
	found := parseDatabase(raw)
	if found.cause != "" {
		l.rejectFor(name, found.cause)
	} else if len(found.dropped) > 0 {
		l.warn("%s %s", name, found.ignored())
	}
	return found
}

// A databaseURL is the URL of a database that was read: of an engine, or with a cause.
type databaseURL struct {
	engine, path string
	pgURL
}

// ignored goes on after the name of a URL some of whose parameters were dropped.
func (u pgURL) ignored() string {
	return "has parameters that are other programs' and mean nothing to todod, which goes on without: " + strings.Join(u.dropped, ", ")
}

// parseDatabase reads the URL of a database. The part of the scheme that names a Python driver is dropped.
func parseDatabase(raw string) (u databaseURL) {
	defer func() {
		if u.cause != "" {
			u = databaseURL{pgURL: pgURL{cause: u.cause}}
		}
	}()
	raw = strings.TrimSpace(raw)
	scheme, rest, _ := strings.Cut(raw, ":")
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+")
	switch scheme {
	case "sqlite":
		u.engine, u.path = SQLite, sqlitePath(rest)
		if u.path == "" {
			u.cause = "that is no path of a file"
		}
	case "postgres", "postgresql":
		u.engine, u.pgURL = Postgres, readPostgresURL(rest)
	default:
		u.cause = causeNoScheme
		if strings.Contains(raw, "://") {
			u.cause = causeScheme
		}
	}
	return u
}

// sqlitePath returns the file that what follows "sqlite:" names, "" if none. In the URL form a path begins after the
// third slash, so that an absolute one has four. Databases in memory and parameters are refused, and so is what looks like
// the rest of another URL: paths are shown.
func sqlitePath(rest string) string {
	path := rest
	if afterHost, isURL := strings.CutPrefix(rest, "//"); isURL {
		var noHost bool
		if path, noHost = strings.CutPrefix(afterHost, "/"); !noHost {
			return ""
		}
	}
	if who, _, hasAt := strings.Cut(path, "@"); hasAt && strings.Contains(strings.TrimPrefix(who, filepath.VolumeName(who)), ":") {
		return ""
	}
	if strings.Contains(path, "?") || strings.Contains(path, "://") || strings.HasPrefix(path, ":memory:") || strings.HasPrefix(path, "file:") {
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
