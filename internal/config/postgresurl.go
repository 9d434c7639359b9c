package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A pgURL is a PostgreSQL URL that was read. One that can't be right has a cause, and nothing else of it may be shown.
type pgURL struct {
	url     string   // as pgx reads it
	dropped []string // parameters that are other programs', by their names
	cause   string   // why it can't be right, in words that don't repeat it; "": it can
}

// The causes that a URL can't be right, as far as they can be told from its form.
const (
	causeAt       = "there is more than one @ in it; if the password has one, write it %40"
	causeSlash    = "there is an @ behind a / or a ?; if the password has one of these, write it %2F or %3F"
	causePercent  = "there is a % that begins no code such as %40; if the password has a %, write it %25"
	causeName     = "the host, user or database's name has characters that no name has; if they are the password's, write @ / ? # : % there as %40 %2F %3F %23 %3A %25"
	causeNoScheme = "it doesn't begin with sqlite: or postgres://"
	causeScheme   = "something stands before the URL; paste it alone, without psql, quotes or the variable's name"
)

// readPostgresURL reads what follows the scheme of a PostgreSQL URL. Parameters that other programs put there are dropped,
// those that todod doesn't know are refused.
func readPostgresURL(rest string) (u pgURL) {
	address, query, _ := cutQuery(rest)
	if u.cause = misplaced(rest); u.cause != "" {
		return u
	}
	kept := u.readParameters(query)
	if u.cause != "" {
		return u
	}
	u.url = "postgres:" + address
	if len(kept) > 0 {
		u.url += "?" + strings.Join(kept, "&")
	}
	config, err := pgxpool.ParseConfig(u.url)
	if err == nil && (!strings.HasPrefix(address, "//") || !plausible(config.ConnConfig.Config)) {
		u.cause = causeName
	} else if err != nil {
		u.cause = "it can't be taken apart; a password has its @ / ? # : % as %40 %2F %3F %23 %3A %25"
	}
	return u
}

// misplaced returns why what follows a URL's scheme can't be right where an @ or a % is where none belongs, else "".
func misplaced(rest string) string {
	behind := rest[len(userinfo(rest)):]
	switch {
	case strings.Contains(behind, "@") && userinfo(rest) != "":
		return causeAt
	case strings.Contains(behind, "@"):
		return causeSlash
	case !escaped(rest):
		return causePercent
	}
	return ""
}

// userinfo returns what of a URL behind its scheme tells who connects, with the slashes before it and the @ behind it, as
// libpq finds it; "" if nothing does.
func userinfo(rest string) string {
	address, ok := strings.CutPrefix(rest, "//")
	if end := strings.IndexAny(address, "@/"); ok && end >= 0 && address[end] == '@' {
		return rest[:len("//")+end+1]
	}
	return ""
}

// cutQuery cuts a URL behind its scheme at the question mark of its query. One in a password is none.
func cutQuery(rest string) (address, query string, found bool) {
	who := userinfo(rest)
	address, query, found = strings.Cut(rest[len(who):], "?")
	return who + address, query, found
}

// badEscape matches a % and what follows, if that is no code.
var badEscape = regexp.MustCompile(`%($|.$|[^0-9A-Fa-f]|.[^0-9A-Fa-f])`)

// escaped reports whether each % of s begins a code.
func escaped(s string) bool { return !badEscape.MatchString(s) }

// hostName matches the name of a machine. Containers have underscores in theirs.
var hostName = regexp.MustCompile(`^[\pL\pM\pN_]([\pL\pM\pN_.-]*[\pL\pM\pN_.])?$`)

// plausible reports whether all that is told to people of a PostgreSQL URL is what it should be: hosts, or folders of
// sockets, and names. A piece of a password that came to be there mostly shows by a character that separates.
func plausible(c pgconn.Config) bool {
	hosts := []string{c.Host}
	for _, other := range c.Fallbacks {
		hosts = append(hosts, other.Host)
	}
	isHost := func(host string) bool {
		if network, _ := pgconn.NetworkAddress(host, c.Port); network == "unix" {
			return !strings.ContainsAny(host, "@?#:")
		}
		_, err := netip.ParseAddr(host)
		return err == nil || hostName.MatchString(host)
	}
	isName := func(name string) bool {
		return !strings.ContainsAny(name, "@/:?#%&\"'`<>\\") && !strings.ContainsFunc(name, unicode.IsSpace) &&
			!strings.ContainsFunc(name, unicode.IsControl)
	}
	return !slices.ContainsFunc(hosts, func(host string) bool { return !isHost(host) }) && isName(c.User) && isName(c.Database)
}

// readParameters returns the parameters of a query that are PostgreSQL's and known, and notes the others.
func (u *pgURL) readParameters(query string) (kept []string) {
	var unknown []string
	for i, parameter := range strings.FieldsFunc(query, func(c rune) bool { return c == '&' }) {
		written, value, _ := strings.Cut(parameter, "=")
		name, _ := url.PathUnescape(written) // misplaced has looked at the codes
		switch {
		case name == "ssl" || name == "sslmode":
			mode, ok := sslModes[strings.ToLower(value)]
			if !ok {
				u.cause = "ssl or sslmode is none of disable, allow, prefer, require, verify-ca and verify-full"
			}
			kept = append(kept, "sslmode="+mode)
		case slices.Contains(connectionParameters, name), slices.Contains(serverParameters, strings.ToLower(name)):
			kept = append(kept, parameter)
		case slices.Contains(othersParameters, name):
			u.dropped = append(u.dropped, name)
		default:
			unknown = append(unknown, ordinal(i+1))
		}
	}
	if u.cause == "" && len(unknown) > 0 { // whose names may be a part of the password
		u.cause = "todod doesn't know the " + strings.Join(unknown, " and ") + " of the parameters behind its ?; correct or remove it, or write a ? of the password %3F"
	}
	return kept
}

// ordinal returns 1st, 2nd and so on.
func ordinal(n int) string {
	suffix, special := map[int]string{1: "st", 2: "nd", 3: "rd"}[n%10]
	if !special || n%100 > 10 && n%100 < 14 {
		suffix = "th"
	}
	return strconv.Itoa(n) + suffix
}

// sslModes are libpq's values of sslmode, and what others write instead: Python's and Node's drivers, and JDBC. Node's
// no-verify encrypts without looking at the certificate, as libpq's require does.
var sslModes = map[string]string{
	"disable": "disable", "allow": "allow", "prefer": "prefer", "require": "require", "verify-ca": "verify-ca", "verify-full": "verify-full",
	"true": "require", "1": "require", "no-verify": "require", "false": "disable", "0": "disable",
}

// connectionParameters are those that pgx itself knows.
var connectionParameters = []string{
	"host", "port", "database", "dbname", "user", "password", "passfile", "service", "servicefile", "connect_timeout",
	"sslkey", "sslcert", "sslcertmode", "sslrootcert", "sslnegotiation", "sslpassword", "sslsni", "krbspn", "krbsrvname",
	"target_session_attrs", "min_protocol_version", "max_protocol_version", "channel_binding", "require_auth", "default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity",
}

// serverParameters are settings of the server that a session may begin with, in lower case.
var serverParameters = []string{
	"application_name", "options", "search_path", "timezone", "datestyle", "intervalstyle", "statement_timeout", "lock_timeout",
	"idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout", "client_min_messages", "work_mem",
	"extra_float_digits", "jit", "role", "default_transaction_isolation", "default_transaction_read_only", "synchronous_commit",
	"standard_conforming_strings", "bytea_output", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count",
}

// othersParameters are those that other programs put into their URLs and that mean nothing to todod.
var othersParameters = []string{
	// Prisma
	"schema", "connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "sslidentity", "sslaccept", "single_use_connections",
	"max_connection_lifetime", "max_idle_connection_lifetime",
	// asyncpg and SQLAlchemy
	"prepared_statement_cache_size", "prepared_statement_name_func", "statement_cache_size", "max_cached_statement_lifetime",
	"max_cacheable_statement_size", "command_timeout", "timeout", "async_fallback", "direct_tls", "server_settings", "pool_size",
	"max_overflow", "pool_recycle", "pool_pre_ping", "pool_use_lifo", "echo", "echo_pool", "min_size", "max_size",
	"executemany_mode", "use_native_uuid", "use_native_hstore", "raise_on_unknown_driver",
	// psycopg and libpq
	"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "gssencmode", "gsslib",
	"gssdelegation", "sslcompression", "sslcrl", "sslcrldir", "sslkeylogfile", "ssl_min_protocol_version", "ssl_max_protocol_version", "requirepeer", "client_encoding", "fallback_application_name",
	"load_balance_hosts", "prepare_threshold", "autocommit", "async_",
	// Supabase, Neon and Vercel
	"supa", "workaround", "pool_mode", "reference", "pooler_mode", "endpoint",
	// node-postgres, postgres.js and TypeORM
	"uselibpqcompat", "max", "min", "idleTimeoutMillis", "connectionTimeoutMillis", "idle_timeout", "max_lifetime", "prepare",
	"fetch_types", "query_timeout", "keepAlive",
	// JDBC, Rails, Django and Ecto
	"currentSchema", "sslfactory", "prepareThreshold", "reWriteBatchedInserts", "ApplicationName", "socketTimeout", "loginTimeout",
	"tcpKeepAlive", "targetServerType", "pool", "encoding", "checkout_timeout", "reaping_frequency", "prepared_statements",
	"advisory_locks", "conn_max_age", "conn_health_checks",
	// pgxpool, whose pool DB_POOL_SIZE and todod itself set up
	"pool_max_conns", "pool_min_conns", "pool_min_idle_conns", "pool_max_conn_lifetime", "pool_max_conn_idle_time",
	"pool_health_check_period", "pool_max_conn_lifetime_jitter", "pool_ping_timeout",
}
