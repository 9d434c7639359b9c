-- +goose Up

-- What was imported from other systems, so that importing again doubles nothing. A row outlives its task: what a person
-- deleted here doesn't come back.
create table todod.imports (
    user_id    text collate "C" not null,
    source     text collate "C" not null check (octet_length(source) between 1 and 255),
    old_id     text collate "C" not null check (octet_length(old_id) between 1 and 255),
    task_id    bigint not null,
    created_at timestamptz not null,
    primary key (user_id, source, old_id)
);

comment on column todod.imports.source is 'Names the system that the task came from';
comment on column todod.imports.task_id is 'The task it became here';
comment on column todod.imports.created_at is 'Of the task: tells when another row of the source has the same old_id';

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_app') then
        grant select, insert, update, delete on todod.imports to todod_app;
    end if;
end
$$;
-- +goose StatementEnd

alter table todod.imports enable row level security, force row level security;
create policy own_rows on todod.imports
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));

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

-- +goose Down
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
drop table todod.imports;
