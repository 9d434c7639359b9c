package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The roles that logins switch to; neither can log in. appRole owns nothing and is subject to every policy.
// maintenanceRole sees some columns of other people's rows, too: see maintain.
const (
	appRole         = "todod_app"
	maintenanceRole = "todod_maintenance"
)

// isolation is how the database itself keeps users apart for a login, besides the predicate in every statement.
type isolation int

const (
	// unprotected: the login is a superuser or has BYPASSRLS, and can't switch to a role that is subject to the policies.
	unprotected isolation = iota
	// forced: the login owns the tables, and FORCE ROW LEVEL SECURITY makes the policies hold for it.
	forced
	// switched: each transaction switches to appRole.
	switched
	// restricted: the login itself owns nothing and is subject to the policies.
	restricted
)

// String says it to an operator.
func (i isolation) String() string {
	switch i {
	case forced:
		return "row-level security, forced upon the tables' owner"
	case switched:
		return "row-level security, in the role " + appRole
	case restricted:
		return "row-level security, for a login that owns nothing"
	default:
		return "NO row-level security: this login bypasses it and can't switch to " + appRole
	}
}

// policiesHold reports whether every table with users' data has row-level security, and the present role is subject to it.
const policiesHold = `select coalesce(bool_and(row_security_active(c.oid)), false)
	from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id'
	where c.relnamespace = 'todod'::regnamespace and c.relkind in ('r', 'p')`

// ownsTables reports whether the present role may do to the tables what only an owner may.
const ownsTables = `select bool_or(pg_has_role(relowner, 'usage')) from pg_catalog.pg_class
	where relnamespace = 'todod'::regnamespace and relkind in ('r', 'p')`

// mayUse reports whether the present role has the rights on the tables that todod needs. The right to use the schema is
// needed before any switch of roles, because statements are prepared as the login.
const mayUse = `select has_schema_privilege('todod', 'usage'), coalesce(bool_and(has_table_privilege(c.oid, 'insert')), false)
	from pg_catalog.pg_class c where c.relnamespace = 'todod'::regnamespace
		and c.relname in ('users', 'tasks', 'accounts', 'emails', 'sessions', 'imports', 'changes',
			'idempotency_keys', 'tickets', 'known_networks')`

// mayMaintain reports whether the present role can switch to maintenanceRole, or is it.
const mayMaintain = `select exists (select from pg_catalog.pg_roles r
	where r.rolname = '` + maintenanceRole + `' and pg_has_role(r.oid, 'member'))`

// unprepared keeps these queries from being prepared: it is not known yet whether that survives what stands in between.
const unprepared = pgx.QueryExecModeExec

// findIsolation finds out what holds for the login of conn.
func findIsolation(ctx context.Context, conn *pgx.Conn) (isolation, error) {
	var holds, owner bool
	if err := conn.QueryRow(ctx, policiesHold, unprepared).Scan(&holds); err != nil {
		return unprotected, fmt.Errorf("look for row-level security: %w", err)
	}
	if err := conn.QueryRow(ctx, ownsTables, unprepared).Scan(&owner); err != nil {
		return unprotected, fmt.Errorf("look for the tables' owner: %w", err)
	}
	var schema, tables bool
	if err := conn.QueryRow(ctx, mayUse, unprepared).Scan(&schema, &tables); err != nil {
		return unprotected, fmt.Errorf("look for rights: %w", err)
	}
	if !schema {
		return unprotected, errNoRights
	}
	var maintains bool
	if err := conn.QueryRow(ctx, mayMaintain, unprepared).Scan(&maintains); err != nil {
		return unprotected, fmt.Errorf("look for %s: %w", maintenanceRole, err)
	}
	if holds && !owner && tables && !maintains {
		return restricted, nil
	}
	switching, err := holdsAfterSwitch(ctx, conn)
	switch {
	case err != nil:
		return unprotected, err
	case switching:
		return switched, nil
	case !tables:
		return unprotected, errNoRights
	case holds:
		return forced, nil
	}
	return unprotected, nil
}

// errNoRights is what a login gets that nobody has let in.
var errNoRights = errors.New("this login may not use todod's tables: grant it " + appRole)

// holdsAfterSwitch reports whether the login can switch to appRole, and is subject to the policies then without a way
// around them.
func holdsAfterSwitch(ctx context.Context, conn *pgx.Conn) (holds bool, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, fmt.Errorf("try %s: %w", appRole, err)
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	if _, err := tx.Exec(ctx, "set local role "+appRole); err != nil {
		return false, nil // no such role, or no right to it: that is the answer
	}
	var maintains bool
	err = tx.QueryRow(ctx, policiesHold, unprepared).Scan(&holds)
	if err == nil {
		err = tx.QueryRow(ctx, mayMaintain, unprepared).Scan(&maintains)
	}
	if err != nil {
		return false, fmt.Errorf("look for row-level security as %s: %w", appRole, err)
	}
	return holds && !maintains, nil
}
