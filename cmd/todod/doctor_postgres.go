package main

import (
	"context"
	"time"

	"todod/internal/config"
	"todod/internal/event"
	"todod/internal/store/postgres"
)

// besides is how many connections a server has besides its pool: two for event streams, one for maintenance, one for
// readiness.
const besides = 4

// newestPostgres is the newest version of PostgreSQL that todod was tested with.
const newestPostgres = 18

// farAhead is how far clocks of machines that ask the network for the time are never apart.
const farAhead = 5 * time.Second

// examinePostgres reports on a PostgreSQL database and the way to it.
func (r *report) examinePostgres(ctx context.Context, cfg config.Config) {
	r.check = "database"
	d, err := postgres.Diagnose(ctx, postgresConfig(cfg, discard))
	if err != nil {
		r.say("fail", "%s: %v", cfg.Database, err)
		if advice := postgres.Advice(err); advice != "" {
			r.add(advice)
		}
		return
	}
	if len(d.Lacks) > 0 {
		for _, lack := range d.Lacks {
			r.say("fail", "%s: %s", cfg.Database, lack)
		}
		return
	}
	r.server(cfg, d)
	r.migrations(d.Pending, d.Unknown)
	if d.Pending > 0 {
		r.check = "isolation"
		r.say("warn", "how the database keeps users apart is known once the migrations have run")
	} else {
		r.isolation(cfg, d)
		r.maintenance(ctx, cfg)
		r.unexpectedMembers(ctx, cfg)
	}
	r.way(ctx, cfg)
}

// server reports on the server and the connection to it.
func (r *report) server(cfg config.Config, d postgres.Diagnosis) {
	switch {
	case d.Major > newestPostgres:
		r.say("warn", "%s answers, version %s: todod was tested with PostgreSQL up to %d", cfg.Database, d.Version, newestPostgres)
	default:
		r.say("ok", "%s answers, version %s", cfg.Database, d.Version)
	}
	if d.TLS {
		r.say("ok", "the connection is encrypted")
	} else {
		r.advise("warn", "fine on this machine or in a private network, else use sslmode=require", "the connection is not encrypted")
	}
	if d.Ahead.Abs() > farAhead {
		r.advise("warn", "have both machines ask the network for the time", "its clock is %s", apart(d.Ahead))
	} else {
		r.say("ok", "its clock agrees with this machine's")
	}
	if needed := cfg.Database.PoolSize + besides; d.Connections < needed {
		r.advise("warn", "lower it or raise the limits of the server, database and login",
			"DB_POOL_SIZE=%d makes up to %d connections of each server, but this login may have %d at most", cfg.Database.PoolSize, needed, d.Connections)
	} else {
		r.say("ok", "each server makes up to %d connections of the %d that this login may have", needed, d.Connections)
	}
}

// apart says by how much another clock is ahead of this machine's.
func apart(ahead time.Duration) string {
	if ahead < 0 {
		return (-ahead).Round(100*time.Millisecond).String() + " behind this machine's"
	}
	return ahead.Round(100*time.Millisecond).String() + " ahead of this machine's"
}

// isolation reports how the database keeps users apart.
func (r *report) isolation(cfg config.Config, d postgres.Diagnosis) {
	r.check = "isolation"
	switch {
	case d.Protected:
		r.say("ok", "users are kept apart by %s", d.Isolation)
	case cfg.Env.Strict():
		r.advise("fail", "connect as a login without these rights, or grant it todod_app", "%s", d.Isolation)
	default:
		r.say("warn", "%s: %s and %s refuse this", d.Isolation, config.Production, config.Staging)
	}
}

// maintenance reports whether what concerns everybody can be done.
func (r *report) maintenance(ctx context.Context, cfg config.Config) {
	r.check = "maintenance"
	remedy, err := postgres.MaintenanceLacks(ctx, cfg.Database.DirectURL)
	switch {
	case err != nil:
		r.say("fail", "whether todod can clean up can't be said: %v", err)
	case len(remedy) > 0:
		r.say("warn", "todod can't remove what is no longer kept, nor list accounts; execute this, as the owner of the tables where nothing else is said:")
		r.add(remedy...)
	default:
		r.say("ok", "todod can remove what is no longer kept, and list accounts")
	}
}

// unexpectedMembers reports who can look at everybody and must not. That alone shows nobody anything: it takes a switch
// of roles.
func (r *report) unexpectedMembers(ctx context.Context, cfg config.Config) {
	r.check = "maintenance"
	switch remedy, err := postgres.UnexpectedMaintenanceMembers(ctx, cfg.Database.URL, cfg.Database.DirectURL); {
	case err != nil:
		r.say("fail", "whether who works for people can see everybody can't be said: %v", err)
	case len(remedy) > 0:
		r.say("warn", "who works for people can see whose rows there are, which is for the login of DATABASE_DIRECT_URL alone; "+
			"execute this, as who granted it or a superuser:")
		r.add(remedy...)
	}
}

// way reports on what stands between todod and the server.
func (r *report) way(ctx context.Context, cfg config.Config) {
	r.check = "connection"
	switch arrive, err := event.Arrive(ctx, cfg.Database.DirectURL); {
	case err != nil:
		r.say("fail", "whether notifications arrive can't be said: %v", err)
	case !arrive:
		r.say("warn", "notifications don't arrive, as behind a pooler that pools transactions: what one server changes, streams of another "+
			"tell seconds later. DATABASE_DIRECT_URL should lead past the pooler")
	default:
		r.say("ok", "notifications arrive")
	}
	switch survive, err := postgres.PreparedSurvive(ctx, cfg.Database.URL); {
	case err != nil:
		r.say("warn", "whether prepared statements survive can't be said: %v", err)
	case !survive:
		r.say("warn", "the pooler in front of the database doesn't carry prepared statements: todod goes on without them, more slowly; "+
			"PgBouncer does from 1.21 on, with max_prepared_statements")
	default:
		r.say("ok", "prepared statements survive")
	}
}

// migrations reports how many migrations have not run, and how many have that are unknown.
func (r *report) migrations(pending, unknown int) {
	r.check = "migrations"
	switch {
	case pending > 0:
		r.advise("warn", "todod migrate runs them, and so does the next start", "%d migrations have not run", pending)
	case unknown > 0:
		r.say("warn", "a newer todod was here: this one doesn't know %d of the migrations", unknown)
	default:
		r.say("ok", "all migrations have run")
	}
}
