-- +goose Up

-- What many people change at the same time travels in one transaction. So todod now names all people that a transaction
-- is about, in todod.user_ids: the text of an array. A read still names one. Whoever is not named can neither be seen nor
-- written; which row is whose among those who are is what every statement says itself.

-- +goose StatementBegin
do $$
declare
    t text;
begin
    foreach t in array array['users', 'tasks', 'changes', 'idempotency_keys', 'imports', 'accounts', 'emails', 'sessions',
            'tickets'] loop
        execute format('drop policy own_rows on todod.%I', t);
        execute format($p$create policy own_rows on todod.%I
            using (user_id = any (nullif(current_setting('todod.user_ids', true), '')::text[]))
            with check (user_id = any (nullif(current_setting('todod.user_ids', true), '')::text[]))$p$, t);
    end loop;
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
drop trigger delete_user_tickets on todod.users;
drop function todod.delete_user_tickets();
drop trigger delete_user_log on todod.users;
drop function todod.delete_user_log();

-- +goose Down

-- +goose StatementBegin
do $$
declare
    t text;
begin
    foreach t in array array['users', 'tasks', 'changes', 'idempotency_keys', 'imports', 'accounts', 'emails', 'sessions',
            'tickets'] loop
        execute format('drop policy own_rows on todod.%I', t);
        execute format($p$create policy own_rows on todod.%I
            using (user_id = nullif(current_setting('todod.user_id', true), ''))
            with check (user_id = nullif(current_setting('todod.user_id', true), ''))$p$, t);
    end loop;
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
    delete from todod.imports where user_id = old.user_id;
    perform set_config('todod.user_id', coalesce(before, ''), true);
    return null;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function todod.delete_user_log() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    before text := current_setting('todod.user_id', true);
begin
    perform set_config('todod.user_id', old.user_id, true);
    delete from todod.changes where user_id = old.user_id;
    delete from todod.idempotency_keys where user_id = old.user_id;
    perform set_config('todod.user_id', coalesce(before, ''), true);
    return null;
end
$$;
-- +goose StatementEnd
create trigger delete_user_log after delete on todod.users
    for each row execute function todod.delete_user_log();

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
