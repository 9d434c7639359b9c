-- +goose Up

-- What finds sessions that nobody can refresh any more, and tombstones: rows of users that are left of an erasure. The
-- index on users has no column that a write changes, so that those updates stay within their page (HOT).
create index sessions_expire on todod.sessions using brin (expires_at);
create index users_erased on todod.users (erased_at) where erased_at is not null;

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        grant select (user_id, expires_at) on todod.sessions to todod_maintenance;
        grant select (user_id, rev, erased_at) on todod.users to todod_maintenance;
        create policy maintenance on todod.sessions for select to todod_maintenance
            using (current_user = 'todod_maintenance');
        create policy maintenance on todod.users for select to todod_maintenance
            using (current_user = 'todod_maintenance' and erased_at is not null);
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop policy if exists maintenance on todod.users;
drop policy if exists maintenance on todod.sessions;
-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        revoke select (user_id, expires_at) on todod.sessions from todod_maintenance;
        revoke select (user_id, rev, erased_at) on todod.users from todod_maintenance;
    end if;
end
$$;
-- +goose StatementEnd
drop index todod.users_erased;
drop index todod.sessions_expire;
