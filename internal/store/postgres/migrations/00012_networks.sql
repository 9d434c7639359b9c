-- +goose Up

-- Where people signed in from of late, so that nobody who tries their address elsewhere can lock them out at home. Like
-- emails it is looked up before it is known whose rows they are: by what it says of address and network together.
create table todod.known_networks (
    user_id text collate "C" not null check (octet_length(user_id) between 1 and 255),
    network text collate "C" not null check (octet_length(network) = 43),
    seen_at timestamptz not null,
    primary key (user_id, network)
);

comment on table todod.known_networks is 'The last few networks that each person signed in from';
comment on column todod.known_networks.network is 'HMAC of e-mail address and network, under a key that is not in the database';
comment on column todod.known_networks.seen_at is 'When somebody last signed in from there';

create index known_networks_named on todod.known_networks (network);
create index known_networks_old on todod.known_networks (seen_at);

alter table todod.known_networks enable row level security, force row level security;
create policy own_rows on todod.known_networks
    using (user_id = any (nullif(current_setting('todod.user_ids', true), '')::text[]))
    with check (user_id = any (nullif(current_setting('todod.user_ids', true), '')::text[]));
create policy named_network on todod.known_networks for select
    using (network = any (nullif(current_setting('todod.networks', true), '')::text[]));

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_app') then
        grant select, insert, update, delete on todod.known_networks to todod_app;
    end if;
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        grant select (user_id, seen_at) on todod.known_networks to todod_maintenance;
        create policy maintenance on todod.known_networks for select to todod_maintenance
            using (current_user = 'todod_maintenance');
    end if;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function todod.delete_user_data() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    before text := current_setting('todod.user_ids', true);
begin
    perform set_config('todod.user_ids', array[old.user_id]::text, true);
    delete from todod.sessions where user_id = old.user_id;
    delete from todod.known_networks where user_id = old.user_id;
    delete from todod.emails where user_id = old.user_id;
    delete from todod.accounts where user_id = old.user_id;
    delete from todod.tasks where user_id = old.user_id;
    delete from todod.imports where user_id = old.user_id;
    delete from todod.changes where user_id = old.user_id;
    delete from todod.idempotency_keys where user_id = old.user_id;
    delete from todod.tickets where user_id = old.user_id;
    perform set_config('todod.user_ids', coalesce(before, ''), true);
    return null;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function todod.delete_user_data() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    before text := current_setting('todod.user_ids', true);
begin
    perform set_config('todod.user_ids', array[old.user_id]::text, true);
    delete from todod.sessions where user_id = old.user_id;
    delete from todod.emails where user_id = old.user_id;
    delete from todod.accounts where user_id = old.user_id;
    delete from todod.tasks where user_id = old.user_id;
    delete from todod.imports where user_id = old.user_id;
    delete from todod.changes where user_id = old.user_id;
    delete from todod.idempotency_keys where user_id = old.user_id;
    delete from todod.tickets where user_id = old.user_id;
    perform set_config('todod.user_ids', coalesce(before, ''), true);
    return null;
end
$$;
-- +goose StatementEnd
drop table todod.known_networks;
