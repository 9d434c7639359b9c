-- +goose Up

-- The database itself keeps people apart, besides the predicate in every statement. todod names the person it works for in
-- todod.user_id, for one transaction at a time, and switches to a role that owns nothing. Where this login may not make
-- roles, it works as the owner, for whom FORCE keeps the policies in force.

-- +goose StatementBegin
do $$
begin
    create role todod_app nologin;
exception
    when duplicate_object or unique_violation then
        null; -- roles belong to the server: another database's migration made it
    when insufficient_privilege then
        raise notice 'todod: no right to create the role todod_app; row-level security holds for the owner alone';
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_roles where rolname = 'todod_app') then
        return;
    end if;
    grant usage on schema todod to todod_app;
    grant select, insert, update, delete on todod.users, todod.tasks to todod_app;
    grant usage on sequence todod.task_ids to todod_app;
    begin
        execute format('grant todod_app to %I', current_user);
    exception when insufficient_privilege then
        null; -- the role is somebody else's; todod doctor says what holds then
    end;
end
$$;
-- +goose StatementEnd

-- A setting that was never set is null, and one that was set in an earlier transaction is '': neither matches anybody.
alter table todod.users enable row level security, force row level security;
create policy own_rows on todod.users
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));

alter table todod.tasks enable row level security, force row level security;
create policy own_rows on todod.tasks
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));

-- Whoever deletes a row of users deletes all that this person has: there are no foreign keys to do it.
-- +goose StatementBegin
create function todod.delete_user_data() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    before text := current_setting('todod.user_id', true);
begin
    perform set_config('todod.user_id', old.user_id, true);
    delete from todod.tasks where user_id = old.user_id;
    perform set_config('todod.user_id', coalesce(before, ''), true);
    return null;
end
$$;
-- +goose StatementEnd
create trigger delete_user_data after delete on todod.users
    for each row execute function todod.delete_user_data();

-- +goose Down
drop trigger delete_user_data on todod.users;
drop function todod.delete_user_data();
drop policy own_rows on todod.tasks;
alter table todod.tasks no force row level security, disable row level security;
drop policy own_rows on todod.users;
alter table todod.users no force row level security, disable row level security;
