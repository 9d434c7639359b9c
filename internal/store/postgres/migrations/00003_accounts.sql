-- +goose Up

-- People who sign in with a password of todod's own, and everybody's sessions.
create table todod.accounts (
    user_id       text collate "C" primary key check (octet_length(user_id) between 1 and 255),
    email         text collate "C" not null check (octet_length(email) between 1 and 254),
    name          text not null check (char_length(name) between 1 and 200),
    password_hash text not null check (octet_length(password_hash) between 1 and 512),
    created_at    timestamptz not null
);

comment on table todod.accounts is 'One row per person with a password of todod''s own';
comment on column todod.accounts.email is 'In lower case; todod.emails makes it unique';
comment on column todod.accounts.password_hash is 'argon2id in PHC form; bcrypt or Better Auth''s scrypt until the next sign-in';

-- The one table that is keyed by something else than a person: it says who has an address.
create table todod.emails (
    email   text collate "C" primary key,
    user_id text collate "C" not null unique
);

comment on table todod.emails is 'The directory that makes addresses unique among people, wherever their rows are kept';

create table todod.sessions (
    user_id      text collate "C" not null check (octet_length(user_id) between 1 and 255),
    sid          text collate "C" not null check (octet_length(sid) between 1 and 64),
    refresh_hash bytea not null check (octet_length(refresh_hash) = 32),
    sealed       bytea,
    created_at   timestamptz not null,
    expires_at   timestamptz not null check (expires_at > created_at),
    primary key (user_id, sid)
);

comment on table todod.sessions is 'One row per signed-in client; a session that has ended has none';
comment on column todod.sessions.refresh_hash is 'SHA-256 of its refresh token';
comment on column todod.sessions.sealed is 'The session at Better Auth, encrypted';

alter table todod.users add column erased_at timestamptz;
comment on column todod.users.erased_at is 'When everything of this person was erased; tokens from before are refused';

alter table todod.accounts enable row level security, force row level security;
create policy own_rows on todod.accounts
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));

alter table todod.sessions enable row level security, force row level security;
create policy own_rows on todod.sessions
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));

-- Who signs in knows an address and not yet whose it is: the row of the address that todod names can be read, too.
alter table todod.emails enable row level security, force row level security;
create policy own_rows on todod.emails
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));
create policy named_address on todod.emails for select
    using (email = nullif(current_setting('todod.email', true), ''));

-- todod_maintenance is for what concerns many people: an operator's list, looking for what is due to be removed. It sees
-- other people's rows where a policy names it, and of them the columns that it was granted. The policies ask for
-- current_user besides: they shall not hold for members that merely inherit, such as the tables' owner. todod_app is no
-- member.

-- +goose StatementBegin
do $$
begin
    create role todod_maintenance nologin;
exception
    when duplicate_object or unique_violation then
        null; -- roles belong to the server: another database's migration made it
    when insufficient_privilege then
        raise notice 'todod: no right to create the role todod_maintenance; accounts can''t be listed';
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_app') then
        grant select, insert, update, delete on todod.accounts, todod.emails, todod.sessions to todod_app;
    end if;
    if not exists (select from pg_roles where rolname = 'todod_maintenance') then
        return;
    end if;
    grant usage on schema todod to todod_maintenance;
    grant select (user_id, email, name, created_at) on todod.accounts to todod_maintenance;
    grant select (user_id, email) on todod.emails to todod_maintenance;
    create policy maintenance on todod.accounts for select to todod_maintenance using (current_user = 'todod_maintenance');
    create policy maintenance on todod.emails for select to todod_maintenance using (current_user = 'todod_maintenance');
    begin
        execute format('grant todod_maintenance to %I', current_user);
    exception when insufficient_privilege then
        null; -- the role is somebody else's; who wants to list accounts is told
    end;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function todod.delete_user_data() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    before text := current_setting('todod.user_id', true);
begin
    perform set_config('todod.user_id', old.user_id, true);
    delete from todod.sessions where user_id = old.user_id;
    delete from todod.emails where user_id = old.user_id;
    delete from todod.accounts where user_id = old.user_id;
    delete from todod.tasks where user_id = old.user_id;
    perform set_config('todod.user_id', coalesce(before, ''), true);
    return null;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function todod.delete_user_data() returns trigger
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
alter table todod.users drop column erased_at;
drop table todod.sessions;
drop table todod.emails;
drop table todod.accounts;
