-- +goose Up

-- Due dates in time zones, and tasks that come back. Columns are added without a default: no row is rewritten, and what a
-- program from before this writes is right.
alter table todod.tasks
    add column due_zone text collate "C",
    add column due_local timestamp,
    add column recurrence jsonb;

comment on column todod.tasks.due_zone is 'The IANA name of the time zone that due_date is meant in';
comment on column todod.tasks.due_local is 'What a clock there shows then: kept when the rules of the zone change';
comment on column todod.tasks.recurrence is 'How it comes back once it is done, and where that series stands';

create index tasks_due_zone on todod.tasks (due_zone, user_id, id) where due_zone is not null;

alter table todod.changes
    add column due_zone text collate "C",
    add column due_local timestamp,
    add column recurrence jsonb,
    add column occurrence jsonb;

comment on column todod.changes.occurrence is 'The time of a recurring task that has passed by it';

alter table todod.users add column listed bigint not null default 0;

comment on column todod.users.listed is 'Up to which revision the log was looked through for what is in occurrences';

create table todod.occurrences (
    user_id     text collate "C" not null check (octet_length(user_id) between 1 and 255),
    rev         bigint not null check (rev > 0),
    task_id     bigint not null,
    slot        timestamptz not null,
    due_date    timestamptz not null,
    due_all_day boolean not null,
    skipped     boolean not null,
    at          timestamptz not null,
    primary key (user_id, rev)
);

comment on table todod.occurrences is 'The times of recurring tasks that have passed';
comment on column todod.occurrences.rev is 'That of the change by which it passed';
comment on column todod.occurrences.slot is 'Its date in the series; due_date may be another, as it can be postponed';

create index occurrences_task on todod.occurrences (user_id, task_id);
create index occurrences_at on todod.occurrences (user_id, at, rev);

-- By which rules the due dates in a time zone were found. It says nothing of anybody.
create table todod.zone_rules (
    zone  text collate "C" not null primary key,
    rules text collate "C" not null
);

comment on table todod.zone_rules is 'By which rules of each time zone due dates were found last';

alter table todod.occurrences enable row level security, force row level security;
create policy own_rows on todod.occurrences
    using (user_id = any (nullif(current_setting('todod.user_ids', true), '')::text[]))
    with check (user_id = any (nullif(current_setting('todod.user_ids', true), '')::text[]));
alter table todod.zone_rules enable row level security, force row level security;
create policy everybody on todod.zone_rules using (true) with check (true);

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_app') then
        grant select, insert, update, delete on todod.occurrences to todod_app;
        grant select, insert, update on todod.zone_rules to todod_app;
    end if;
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        grant select (id, due_zone, completed) on todod.tasks to todod_maintenance;
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
    delete from todod.objects where user_id = old.user_id;
    delete from todod.occurrences where user_id = old.user_id;
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
    delete from todod.known_networks where user_id = old.user_id;
    delete from todod.emails where user_id = old.user_id;
    delete from todod.accounts where user_id = old.user_id;
    delete from todod.tasks where user_id = old.user_id;
    delete from todod.objects where user_id = old.user_id;
    delete from todod.imports where user_id = old.user_id;
    delete from todod.changes where user_id = old.user_id;
    delete from todod.idempotency_keys where user_id = old.user_id;
    delete from todod.tickets where user_id = old.user_id;
    perform set_config('todod.user_ids', coalesce(before, ''), true);
    return null;
end
$$;
-- +goose StatementEnd
drop table todod.zone_rules;
drop table todod.occurrences;
alter table todod.users drop column listed;
alter table todod.changes drop column occurrence, drop column recurrence, drop column due_local, drop column due_zone;
drop index todod.tasks_due_zone;
alter table todod.tasks drop column recurrence, drop column due_local, drop column due_zone;
