-- +goose Up

-- One row for each person who has written something. Its lock is taken before any change of that person's data.
-- fillfactor leaves room so that raising rev rewrites the row in its own page; there is no index to keep besides the key.
create table todod.users (
    user_id    text collate "C" primary key check (octet_length(user_id) between 1 and 255),
    epoch      bigint not null default (random() * 9007199254740991)::bigint,
    rev        bigint not null default 0 check (rev >= 0),
    task_count integer not null default 0 check (task_count >= 0),
    changed_at timestamptz not null,
    claims_at  timestamptz not null default 'epoch',
    email      text,
    name       text,
    created_at timestamptz not null
) with (fillfactor = 50);

comment on table todod.users is 'One row per person; its row lock orders all changes of that person''s data';
comment on column todod.users.epoch is 'Random for each life of the account: what was handed out in a former life never matches';
comment on column todod.users.rev is 'Rises by one with every change of this person''s data';
comment on column todod.users.task_count is 'Tasks that are not in the trash';
comment on column todod.users.claims_at is 'When the token was issued that email and name come from';

create sequence todod.task_ids as bigint;

create table todod.tasks (
    user_id      text collate "C" not null,
    id           bigint not null default nextval('todod.task_ids'),
    version      bigint not null check (version > 0),
    title        text collate "C" not null check (char_length(title) between 1 and 200),
    description  text collate "C" check (char_length(description) <= 1000),
    completed    boolean not null default false,
    priority     smallint not null default 2 check (priority between 1 and 3),
    due_date     timestamptz,
    due_all_day  boolean not null default false,
    completed_at timestamptz,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    deleted_at   timestamptz,
    primary key (user_id, id),
    check (completed = (completed_at is not null)),
    check (not due_all_day or (due_date is not null and due_date = date_trunc('day', due_date, 'UTC'))),
    check (updated_at >= created_at)
) with (fillfactor = 85);

alter sequence todod.task_ids owned by todod.tasks.id;

comment on column todod.tasks.version is 'The owner''s rev that last changed this task';
comment on column todod.tasks.priority is '1 low, 2 medium, 3 high';
comment on column todod.tasks.due_all_day is 'due_date is a day, kept as its midnight in UTC, not an instant';
comment on column todod.tasks.deleted_at is 'In the trash since then';

-- No index has a column that completing a task writes, so that those updates stay within their page (HOT).
create index tasks_newest on todod.tasks (user_id, created_at desc, id desc) where deleted_at is null;
create index tasks_due on todod.tasks (user_id, due_date, id) where deleted_at is null and due_date is not null;
create index tasks_trash on todod.tasks (user_id, deleted_at, id) where deleted_at is not null;

-- +goose Down
drop table todod.tasks;
drop table todod.users;
