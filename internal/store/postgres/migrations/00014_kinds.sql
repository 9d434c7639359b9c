-- +goose Up

-- Objects of other kinds than tasks: lists and labels. They have a table of their own and share everything else with tasks:
-- ids, revisions, the log, the trash. Columns are added without a default that would have to be written into rows, or with
-- one that PostgreSQL keeps beside the table: no row is rewritten, and what a program from before this writes is right.
create table todod.objects (
    user_id    text collate "C" not null check (octet_length(user_id) between 1 and 255),
    id         bigint not null,
    kind       smallint not null check (kind in (2, 3)),
    version    bigint not null check (version > 0),
    name       text collate "C" not null check (name <> ''),
    color      text collate "C",
    archived   boolean not null default false,
    position   text collate "C" check (octet_length(position) <= 128),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    primary key (user_id, id)
);

comment on table todod.objects is 'Lists and labels';
comment on column todod.objects.id is 'Given out by the sequence of tasks: unique among objects of all kinds';
comment on column todod.objects.kind is '2 list, 3 label';
comment on column todod.objects.position is 'Where a list stands among its owner''s, by bytes';

create index objects_trash on todod.objects (user_id, deleted_at) where deleted_at is not null;

alter table todod.tasks
    add column list_id bigint,
    add column parent_id bigint,
    add column position text collate "C",
    add column label_ids jsonb,
    add column has_children boolean not null default false;

comment on column todod.tasks.list_id is 'The list that it is in, null for the inbox';
comment on column todod.tasks.parent_id is 'The task that it is a part of';
comment on column todod.tasks.position is 'Where it stands, by bytes; null as long as that is its place by age';
comment on column todod.tasks.label_ids is 'Ascending, null for none; a label that is in the trash stays until it is gone for good';

comment on column todod.tasks.has_children is 'There are tasks that are a part of it, or were once';

create index tasks_list on todod.tasks (user_id, list_id, id) where list_id is not null;
create index tasks_parent on todod.tasks (user_id, parent_id, deleted_at, id) where parent_id is not null;
create index tasks_position on todod.tasks (user_id, position) where position is not null and deleted_at is null;

alter table todod.changes
    add column kind smallint not null default 1,
    add column image jsonb,
    add column actor text collate "C",
    add column list_id bigint,
    add column parent_id bigint,
    add column position text collate "C",
    add column label_ids jsonb;

comment on column todod.changes.task_id is 'The id of what was changed, of any kind';
comment on column todod.changes.kind is '1 task, 2 list, 3 label';
comment on column todod.changes.image is 'What isn''t a task, as it was afterwards; null once it is gone for good';
comment on column todod.changes.actor is 'Who made the change, null for the owner';

alter table todod.users
    add column kind smallint not null default 0,
    add column time_zone text collate "C";

comment on column todod.users.kind is '0 a person';
comment on column todod.users.time_zone is 'A name of the IANA''s; null is UTC';

alter table todod.objects enable row level security, force row level security;
create policy own_rows on todod.objects
    using (user_id = any (nullif(current_setting('todod.user_ids', true), '')::text[]))
    with check (user_id = any (nullif(current_setting('todod.user_ids', true), '')::text[]));

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_app') then
        grant select, insert, update, delete on todod.objects to todod_app;
    end if;
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        grant select (user_id, deleted_at) on todod.objects to todod_maintenance;
        create policy maintenance on todod.objects for select to todod_maintenance
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

-- +goose Down

-- What is told of lists and labels in the log would be of tasks to a program from before this.
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
alter table todod.users drop column time_zone, drop column kind;
alter table todod.changes drop column label_ids, drop column position, drop column parent_id, drop column list_id,
    drop column actor, drop column image, drop column kind;
drop index todod.tasks_position;
drop index todod.tasks_parent;
drop index todod.tasks_list;
alter table todod.tasks drop column has_children, drop column label_ids, drop column position, drop column parent_id, drop column list_id;
drop table todod.objects;
