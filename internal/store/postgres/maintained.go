package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// maintained is what the migrations let maintenanceRole read. A role that was made after them has none of it.
var maintained = []struct {
	table, columns string
	also           string // a condition on the rows besides
}{
	{"accounts", "user_id, email, name, created_at", ""},
	{"emails", "user_id, email", ""},
	{"tasks", "user_id, id, due_zone, completed, deleted_at", ""},
	{"objects", "user_id, deleted_at", ""},
	{"changes", "user_id, at", ""},
	{"idempotency_keys", "user_id, created_at", ""},
	{"sessions", "user_id, expires_at", ""},
	{"known_networks", "user_id, seen_at", ""},
	{"users", "user_id, rev, erased_at, unfolded, untidy", " and (erased_at is not null or unfolded or untidy)"},
}

// roleExists, mayEnter, mayRead and hasPolicy ask what maintenanceRole has.
const (
	roleExists = `select exists (select from pg_catalog.pg_roles where rolname = '` + maintenanceRole + `')`
	mayEnter   = `select has_schema_privilege('` + maintenanceRole + `', 'todod', 'usage')`
	mayRead    = `select bool_and(has_column_privilege('` + maintenanceRole + `', 'todod.' || $1, c, 'select'))
		from unnest($2::text[]) c`
	hasPolicy = `select exists (select from pg_catalog.pg_policies
		where schemaname = 'todod' and tablename = $1 and '` + maintenanceRole + `' = any (roles))`
)

// MaintenanceLacks returns the SQL that has to be executed, by the owner of the tables unless it says otherwise, before
// the login of url can look at everybody's rows as far as lists of accounts and sweeps need it. None is what it should
// be. The migrations must have run.
func MaintenanceLacks(ctx context.Context, url string) (remedy []string, err error) {
	conn, err := connectOnce(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	ask := func(what string, args ...any) (yes bool) {
		if err == nil {
			err = conn.QueryRow(ctx, what, args...).Scan(&yes)
		}
		return yes
	}
	exists := ask(roleExists)
	if !exists {
		remedy = append(remedy, "create role "+maintenanceRole+" nologin; -- by a login that may make roles")
	}
	if !exists || !canSwitch(ctx, conn) {
		login := pgx.Identifier{conn.Config().User}.Sanitize()
		remedy = append(remedy, fmt.Sprintf("grant %s to %s; -- by who made the role, or a superuser", maintenanceRole, login))
	}
	if !exists || !ask(mayEnter) {
		remedy = append(remedy, "grant usage on schema todod to "+maintenanceRole+";")
	}
	for _, m := range maintained {
		if !exists || !ask(mayRead, m.table, strings.Split(m.columns, ", ")) {
			remedy = append(remedy, fmt.Sprintf("grant select (%s) on todod.%s to %s;", m.columns, m.table, maintenanceRole))
		}
		if !exists || !ask(hasPolicy, m.table) {
			remedy = append(remedy, fmt.Sprintf("create policy maintenance on todod.%s for select to %[2]s using (current_user = '%[2]s'%s);",
				m.table, maintenanceRole, m.also))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", maintenanceRole, err)
	}
	return remedy, nil
}

// canSwitch reports whether the login of conn can switch to maintenanceRole.
func canSwitch(ctx context.Context, conn *pgx.Conn) bool {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = tx.Rollback(ctx) }()
	_, err = tx.Exec(ctx, "set local role "+maintenanceRole)
	return err == nil
}

// UnexpectedMaintenanceMembers returns the SQL that takes maintenanceRole from who must not be in it: appRole, and the
// login of url, which works for people, unless that of direct is the same. None is what it should be.
func UnexpectedMaintenanceMembers(ctx context.Context, url, direct string) (remedy []string, err error) {
	maintaining, err := connectOnce(ctx, direct)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, maintaining.Close(ctx)) }()
	remedy, err = unexpectedMembers(ctx, maintaining, appRole)
	if err != nil || len(remedy) > 0 { // whoever is in appRole is in both: that is not their mistake
		return remedy, err
	}
	working, err := connectOnce(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, working.Close(ctx)) }()
	worker, err := loginOf(ctx, working)
	if err != nil {
		return nil, err
	}
	if maintainer, err := loginOf(ctx, maintaining); err != nil || maintainer == worker {
		return nil, err
	}
	return unexpectedMembers(ctx, working, worker)
}

// loginOf returns the login of conn as the server knows it: poolers may know it by another name.
func loginOf(ctx context.Context, conn *pgx.Conn) (name string, err error) {
	if err := conn.QueryRow(ctx, "select session_user").Scan(&name); err != nil {
		return "", fmt.Errorf("ask for the login: %w", err)
	}
	return name, nil
}

// leadToMaintenance asks for the roles that $1 was granted and that are maintenanceRole or in it. A superuser is left
// alone, who may do everything anyway.
const leadToMaintenance = `select distinct format('revoke %I from %I;', g.rolname, m.rolname)
	from pg_catalog.pg_auth_members a join pg_catalog.pg_roles g on g.oid = a.roleid join pg_catalog.pg_roles m on m.oid = a.member,
		pg_catalog.pg_roles r
	where r.rolname = '` + maintenanceRole + `' and m.rolname = $1 and not m.rolsuper and pg_has_role(g.oid, r.oid, 'member')
	order by 1`

// unexpectedMembers returns the SQL that takes a role or login out of maintenanceRole.
func unexpectedMembers(ctx context.Context, conn *pgx.Conn, name string) ([]string, error) {
	rows, err := conn.Query(ctx, leadToMaintenance, unprepared, name)
	if err != nil {
		return nil, fmt.Errorf("look for who is in %s: %w", maintenanceRole, err)
	}
	remedy, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for who is in %s: %w", maintenanceRole, err)
	}
	return remedy, nil
}
