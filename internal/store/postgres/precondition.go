package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Oldest is the oldest version of PostgreSQL that todod works with.
const Oldest = 14

// farAhead is how far clocks of machines that ask the network for the time are never apart.
const farAhead = 5 * time.Second

// A PreconditionError is why todod can't work with a database as it is: a sentence for each thing, with what to do.
type PreconditionError []string

// Error returns the sentences.
func (e PreconditionError) Error() string { return strings.Join(e, "; ") }

// getState asks for what has to be right before anything is done. Every version of PostgreSQL understands it.
const getState = `select current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),
	current_setting('client_encoding'), current_setting('standard_conforming_strings'), current_setting('default_transaction_read_only'),
	pg_is_in_recovery(), current_database(), session_user, clock_timestamp()`

// serverState is what getState finds.
type serverState struct {
	major                                        int
	encoding, clientEncoding, conforming, onlyIn string
	standby                                      bool
	database, login                              string
	ahead                                        time.Duration // of this machine's clock
}

// readState asks over conn for the state of its server.
func readState(ctx context.Context, conn *pgx.Conn) (s serverState, err error) {
	var clock time.Time
	asked := time.Now()
	err = conn.QueryRow(ctx, getState, unprepared).Scan(&s.major, &s.encoding, &s.clientEncoding, &s.conforming, &s.onlyIn, &s.standby,
		&s.database, &s.login, &clock)
	if err != nil {
		return s, fmt.Errorf("ask the server: %w", err)
	}
	s.ahead = clock.Sub(asked.Add(time.Since(asked) / 2))
	return s, nil
}

// lacks returns what has to change before todod can work there.
func (s serverState) lacks() (lacks PreconditionError) {
	say := func(format string, args ...any) { lacks = append(lacks, fmt.Sprintf(format, args...)) }
	alter := func(setting, value string) string {
		return fmt.Sprintf("alter role %s in database %s set %s = %s;", quoted(s.login), quoted(s.database), setting, value)
	}
	if s.major < Oldest {
		say("the server is PostgreSQL %d, and todod needs PostgreSQL %d or newer: upgrade it", s.major, Oldest)
	}
	switch {
	case s.encoding != "UTF8":
		say("the database's encoding is %s, and todod needs UTF8, which is chosen when a database is made: "+
			"create database todod encoding 'UTF8' template template0; then name that one in DATABASE_URL", s.encoding)
	case s.clientEncoding != "UTF8":
		say("connections are told to use the encoding %s: %s", s.clientEncoding, alter("client_encoding", "'UTF8'"))
	}
	switch {
	case s.standby:
		say("the server is a standby, which can only be read: DATABASE_URL and DATABASE_DIRECT_URL must lead to the primary " +
			"(with several hosts in them, target_session_attrs=read-write finds it)")
	case s.onlyIn == "on":
		say("transactions are told to write nothing: %s", alter("default_transaction_read_only", "off"))
	}
	if s.conforming != "on" {
		say("standard_conforming_strings is off, which gives backslashes in texts a meaning: %s", alter("standard_conforming_strings", "on"))
	}
	return lacks
}

// quoted returns a name as SQL has it.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// mustFit returns a PreconditionError unless todod can work with the database at url.
func mustFit(ctx context.Context, url string) (err error) {
	conn, err := connectOnce(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	s, err := readState(ctx, conn)
	return s.unfit(err)
}

// unfit returns err, which is that of reading s, or a PreconditionError, or nil.
func (s serverState) unfit(err error) error {
	if lacks := s.lacks(); err == nil && lacks != nil {
		return lacks
	}
	return err
}
