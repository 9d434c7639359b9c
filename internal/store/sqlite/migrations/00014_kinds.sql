-- +goose Up

-- Objects of other kinds than tasks: lists and labels. They have a table of their own and share everything else with tasks:
-- ids, revisions, the log, the trash.
create table objects (
    user_id    text    not null,
    id         integer not null primary key autoincrement, -- unique among objects of all kinds, and never given out again
    kind       integer not null check (kind in (2, 3)),    -- list, label
    version    integer not null check (version > 0),
    name       text    not null check (name <> ''),
    color      text,
    archived   integer not null default 0 check (archived in (0, 1)),
    position   text check (length(position) <= 128),       -- where a list stands among its owner's, by bytes
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    unique (user_id, id)
) strict;

create index objects_trash on objects (user_id, deleted_at) where deleted_at is not null;

alter table tasks add column list_id integer;   -- the list that it is in, null for the inbox
alter table tasks add column parent_id integer; -- the task that it is a part of
alter table tasks add column position text;     -- where it stands, by bytes; null as long as that is its place by age
alter table tasks add column label_ids text;    -- JSON, ascending, null for none
alter table tasks add column has_children integer not null default 0 check (has_children in (0, 1)); -- there are tasks that are a part of it, or were once

create index tasks_list on tasks (user_id, list_id, id) where list_id is not null;
create index tasks_parent on tasks (user_id, parent_id, deleted_at, id) where parent_id is not null;
create index tasks_position on tasks (user_id, position) where position is not null and deleted_at is null;
alter table changes add column kind integer not null default 1; -- task, list, label
alter table changes add column image text;    -- what isn't a task, as it was afterwards; null once it is gone for good
alter table changes add column actor text;    -- who made the change, null for the owner
alter table changes add column list_id integer;
alter table changes add column parent_id integer;
alter table changes add column position text;
alter table changes add column label_ids text;

alter table users add column kind integer not null default 0; -- a person
alter table users add column time_zone text;                  -- a name of the IANA's; null is UTC

-- +goose StatementBegin
create trigger delete_user_objects after delete on users begin
    delete from objects where user_id = old.user_id;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger delete_user_objects;
alter table users drop column time_zone;
alter table users drop column kind;
alter table changes drop column label_ids;
alter table changes drop column position;
alter table changes drop column parent_id;
alter table changes drop column list_id;
alter table changes drop column actor;
alter table changes drop column image;
alter table changes drop column kind;
drop index tasks_position;
drop index tasks_parent;
drop index tasks_list;
alter table tasks drop column has_children;
alter table tasks drop column label_ids;
alter table tasks drop column position;
alter table tasks drop column parent_id;
alter table tasks drop column list_id;
drop table objects;
