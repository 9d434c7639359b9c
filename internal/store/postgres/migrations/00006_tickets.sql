-- +goose Up

-- What stands for a token, once and for a minute, where none can be sent. Not worth logging: a crash forgets them.
create unlogged table todod.tickets (
    user_id    text collate "C" not null check (octet_length(user_id) between 1 and 255),
    hash       bytea not null check (octet_length(hash) = 32),
    sid        text not null,
    token_iat  timestamptz,
    token_exp  timestamptz not null,
    expires_at timestamptz not null,
    primary key (user_id, hash)
);

comment on table todod.tickets is 'One row per ticket that nobody has used yet';
comment on column todod.tickets.hash is 'SHA-256 of the ticket';
comment on column todod.tickets.sid is 'The session of the token that bought it, empty for none';
comment on column todod.tickets.token_iat is 'When that token was issued, null if it didn''t say';

alter table todod.tickets enable row level security, force row level security;
create policy own_rows on todod.tickets
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_app') then
        grant select, insert, update, delete on todod.tickets to todod_app;
    end if;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function todod.delete_user_tickets() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    before text := current_setting('todod.user_id', true);
begin
    perform set_config('todod.user_id', old.user_id, true);
    delete from todod.tickets where user_id = old.user_id;
    perform set_config('todod.user_id', coalesce(before, ''), true);
    return null;
end
$$;
-- +goose StatementEnd
create trigger delete_user_tickets after delete on todod.users
    for each row execute function todod.delete_user_tickets();

-- +goose Down
drop trigger delete_user_tickets on todod.users;
drop function todod.delete_user_tickets();
drop table todod.tickets;
