-- +goose Up

-- What happened, one row for each revision: what sync, events, history and undo read. The task as it was afterwards has
-- columns of its own because writing those costs half of what jsonb costs. There is no index on task_id: a task's
-- changes are found from its version backwards, by prev_rev.
create table todod.changes (
    user_id      text collate "C" not null,
    rev          bigint not null check (rev > 0),
    prev_rev     bigint not null check (prev_rev < rev),
    set_rev      bigint not null check (set_rev <= rev),
    op           smallint not null check (op between 1 and 7),
    task_id      bigint not null,
    before       jsonb,
    title        text collate "C",
    description  text collate "C",
    completed    boolean not null,
    priority     smallint not null,
    due_date     timestamptz,
    due_all_day  boolean not null,
    completed_at timestamptz,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    deleted_at   timestamptz,
    request_id   text,
    at           timestamptz not null,
    primary key (user_id, rev)
);

comment on table todod.changes is 'The log of every person''s changes';
comment on column todod.changes.prev_rev is 'The revision of the same task''s change before this one, 0 for none';
comment on column todod.changes.set_rev is 'The first revision of the changes that were made together';
comment on column todod.changes.op is '1 created, 2 updated, 3 completed, 4 reopened, 5 deleted, 6 restored, 7 purged';
comment on column todod.changes.before is 'The fields that were touched, as they were; times in microseconds';
comment on column todod.changes.title is 'Null once the task is gone for good: then only the fact of the change is left';

create index changes_at on todod.changes using brin (at);

-- What was asked for with an Idempotency-Key, and the revisions that tell what came of it: one, or up to rev_to. result
-- is what they don't tell: the task where nothing had to be changed, or what became of each part of a batch.
create table todod.idempotency_keys (
    user_id     text collate "C" not null,
    key         text collate "C" not null check (octet_length(key) between 1 and 255),
    fingerprint bytea not null,
    status      smallint not null,
    rev         bigint,
    rev_to      bigint check (rev_to >= rev),
    result      jsonb,
    created_at  timestamptz not null,
    primary key (user_id, key)
);

create index idempotency_keys_created on todod.idempotency_keys using brin (created_at);

-- What cursors and sync tokens are signed with. It belongs to nobody.
create table todod.signing_key (
    only_one boolean primary key default true check (only_one),
    key      bytea not null check (octet_length(key) = 32)
);
insert into todod.signing_key (key) values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

alter table todod.changes enable row level security, force row level security;
create policy own_rows on todod.changes
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));

alter table todod.idempotency_keys enable row level security, force row level security;
create policy own_rows on todod.idempotency_keys
    using (user_id = nullif(current_setting('todod.user_id', true), ''))
    with check (user_id = nullif(current_setting('todod.user_id', true), ''));

alter table todod.signing_key enable row level security, force row level security;
create policy everybody_reads on todod.signing_key for select using (true);

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_app') then
        grant select, insert, update, delete on todod.changes, todod.idempotency_keys to todod_app;
        grant select on todod.signing_key to todod_app;
    end if;
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        grant select (user_id, deleted_at) on todod.tasks to todod_maintenance;
        grant select (user_id, at) on todod.changes to todod_maintenance;
        grant select (user_id, created_at) on todod.idempotency_keys to todod_maintenance;
        create policy maintenance on todod.tasks for select to todod_maintenance
            using (current_user = 'todod_maintenance');
        create policy maintenance on todod.changes for select to todod_maintenance
            using (current_user = 'todod_maintenance');
        create policy maintenance on todod.idempotency_keys for select to todod_maintenance
            using (current_user = 'todod_maintenance');
    end if;
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

-- +goose Down
drop policy if exists maintenance on todod.tasks;
drop trigger delete_user_log on todod.users;
drop function todod.delete_user_log();
drop table todod.signing_key;
drop table todod.idempotency_keys;
drop table todod.changes;
