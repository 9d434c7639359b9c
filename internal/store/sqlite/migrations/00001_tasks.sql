-- +goose Up

-- Times are microseconds since 1970 in UTC.

-- One row for each person who has written something.
create table users (
    user_id    text not null primary key check (length(cast(user_id as blob)) between 1 and 255),
    epoch      integer not null default (random() & 9007199254740991), -- random for each life of the account
    rev        integer not null default 0 check (rev >= 0),            -- rises by one with every change
    task_count integer not null default 0 check (task_count >= 0),     -- tasks that are not in the trash
    changed_at integer not null,
    claims_at  integer not null default 0, -- when the token was issued that email and name come from
    email      text,
    name       text,
    created_at integer not null
) strict, without rowid;

create table tasks (
    user_id      text    not null,
    id           integer not null primary key autoincrement, -- never given out again
    version      integer not null check (version > 0),       -- the owner's rev that last changed this task
    title        text    not null check (length(title) between 1 and 200),
    description  text             check (length(description) <= 1000),
    completed    integer not null default 0 check (completed in (0, 1)),
    priority     integer not null default 2 check (priority between 1 and 3), -- low, medium, high
    due_date     integer,
    due_all_day  integer not null default 0 check (due_all_day in (0, 1)),    -- due_date is a day's midnight
    completed_at integer,
    created_at   integer not null,
    updated_at   integer not null,
    deleted_at   integer, -- in the trash since then
    unique (user_id, id),
    check (completed = (completed_at is not null)),
    check (not due_all_day or (due_date is not null and due_date % 86400000000 = 0)),
    check (updated_at >= created_at)
) strict;

create index tasks_newest on tasks (user_id, created_at desc, id desc) where deleted_at is null;
create index tasks_due on tasks (user_id, due_date, id) where deleted_at is null and due_date is not null;
create index tasks_trash on tasks (user_id, deleted_at, id) where deleted_at is not null;

-- +goose Down
drop table tasks;
drop table users;
