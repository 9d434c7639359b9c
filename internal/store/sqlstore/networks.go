package sqlstore

import (
	"context"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// seeNetwork notes where a session begins that the statement before it has started, if it has. forgetNetwork keeps the
// latest of somebody's networks: of two sign-ins at once, neither waits for what the other removes.
var (
	seeNetwork = both(`insert into todod.known_networks (user_id, network, seen_at)
		select $1, $2, $3 from todod.sessions where user_id = $1 and sid = $4
		on conflict (user_id, network) do update set seen_at = excluded.seen_at
			where known_networks.seen_at < excluded.seen_at`)
	forgetNetwork = both(`delete from todod.known_networks where user_id = $1 and network in (
		select network from todod.known_networks where user_id = $1 and (seen_at <= $2 or network not in (
			select network from todod.known_networks where user_id = $1
				order by seen_at desc, network limit $3)) for update skip locked)`)
)

// rememberNetwork returns the statements that note where somebody signed in from who began v; none if that isn't known.
func rememberNetwork(v *account.Session) []Statement {
	if v.Network == "" {
		return nil
	}
	return []Statement{
		run(seeNetwork, v.Owner, v.Network, v.CreatedAt, v.ID),
		run(forgetNetwork, v.Owner, v.CreatedAt.Add(-account.NetworkKnownFor), account.MostKnownNetworks),
	}
}

// nameNetworks lets PostgreSQL's policy of known networks show the rows of these. Whose they are doesn't matter: what is
// remembered of a network says of which e-mail address, too.
var (
	nameNetworks = both(`select set_config('todod.networks', $1::text[]::text, true)`)
	isKnown      = SQL{
		Postgres: `select exists (select 1 from todod.known_networks where network = any ($1::text[]) and seen_at > $2)`,
		SQLite: `select exists (select 1 from known_networks where network in (select value from json_each(?1))
			and seen_at > ?2)`,
	}
)

// NetworkKnown implements account.Store.
func (b *Base) NetworkKnown(ctx context.Context, networks []string, since time.Time) (bool, error) {
	var known *bool
	statements := []Statement{one(&known, func(r Row, v *bool) { *v = r.Bool() }, isKnown, networks, since)}
	if b.dialect.EmailsApart { // where there are policies
		statements = append([]Statement{run(nameNetworks, networks)}, statements...)
	}
	err := b.engine.Read(ctx, "", statements...)
	return found(known, err, noRow)
}

var listNetworks = both(`select network, seen_at from todod.known_networks where user_id = $1
	order by seen_at desc, network`)

// KnownNetworks implements account.Store.
func (b *Base) KnownNetworks(ctx context.Context, owner todo.UserID) (networks []account.KnownNetwork, err error) {
	err = b.engine.Read(ctx, owner, all(&networks, func(r Row, n *account.KnownNetwork) {
		n.Network, n.SeenAt = r.Text(), r.Time()
	}, listNetworks, owner))
	return networks, err
}
