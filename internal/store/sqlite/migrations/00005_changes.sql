-- +goose Up

-- What happened, one row for each revision.
create table changes (
    user_id      text    not null,
    rev          integer not null check (rev > 0),
    prev_rev     integer not null check (prev_rev < rev), -- of the same task's change before this one, 0 for none
    set_rev      integer not null check (set_rev <= rev), -- the first of the changes that were made together
    op           integer not null check (op between 1 and 7), -- created, updated, completed, reopened, deleted, restored, purged
    task_id      integer not null,
    before       text,    -- the fields that were touched, as they were, in JSON
    title        text,    -- null once the task is gone for good
    description  text,
    completed    integer not null,
    priority     integer not null,
    due_date     integer,
    due_all_day  integer not null,
    completed_at integer,
    created_at   integer not null,
    updated_at   integer not null,
    deleted_at   integer,
    request_id   text,
    at           integer not null,
    primary key (user_id, rev)
) strict, without rowid;

create index changes_at on changes (at);

-- What was asked for with an Idempotency-Key, and the revisions that tell what came of it.
create table idempotency_keys (
    user_id     text    not null,
    key         text    not null check (length(key) between 1 and 255),
    fingerprint blob    not null,
    status      integer not null,
    rev         integer,
    rev_to      integer, -- the last one of several
    result      text, -- in JSON: the task where nothing had to be changed, or what became of each part of a batch
    created_at  integer not null,
    primary key (user_id, key)
) strict, without rowid;

create index idempotency_keys_created on idempotency_keys (created_at);

-- What cursors and sync tokens are signed with.
create table signing_key (
    only_one integer primary key check (only_one = 1),
    key      blob not null check (length(key) = 32)
) strict;
insert into signing_key (only_one, key) values (1, randomblob(32));

-- +goose StatementBegin
create trigger delete_user_log after delete on users begin
    delete from changes where user_id = old.user_id;
    delete from idempotency_keys where user_id = old.user_id;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger delete_user_log;
drop table signing_key;
drop table idempotency_keys;
drop table changes;
