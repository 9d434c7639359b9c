-- +goose Up

-- What is counted so that it stays within what one person may take.
alter table todod.users
    add column trash_count integer not null default 0,
    add column key_count integer not null default 0;

comment on column todod.users.trash_count is 'Tasks in the trash';
comment on column todod.users.key_count is 'Idempotency keys, also those that are still to be forgotten';

-- The owner of the tables sees all rows while this lasts, which nobody else can use meanwhile.
alter table todod.users no force row level security;
alter table todod.tasks no force row level security;
alter table todod.idempotency_keys no force row level security;

update todod.users u set trash_count = t.n
    from (select user_id, count(*) as n from todod.tasks where deleted_at is not null group by user_id) t
    where t.user_id = u.user_id;
update todod.users u set key_count = k.n
    from (select user_id, count(*) as n from todod.idempotency_keys group by user_id) k
    where k.user_id = u.user_id;

-- What is remembered of a change with a key: which tasks it told of, no longer their texts. Once a task stood there alone.
update todod.idempotency_keys set result = case when jsonb_typeof(result -> 'results') = 'array' then
    jsonb_build_object('results', (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'ref', r -> 'ref', 'op', r -> 'op',
            'id', coalesce(r -> 'task' -> 'id', r -> 'task' -> 'ID', r -> 'error' -> 'Current' -> 'ID'),
            'version', coalesce(r -> 'task' -> 'version', r -> 'task' -> 'Version', r -> 'error' -> 'Current' -> 'Version'),
            'error', case when jsonb_typeof(r -> 'error') = 'object' then (r -> 'error') - 'Current' end)) order by n), '[]')
        from jsonb_array_elements(result -> 'results') with ordinality as e (r, n)))
    else jsonb_build_object('results', jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('op', 2,
        'id', coalesce(result -> 'id', result -> 'ID'), 'version', coalesce(result -> 'version', result -> 'Version'))))) end
    where result is not null;

alter table todod.users force row level security;
alter table todod.tasks force row level security;
alter table todod.idempotency_keys force row level security;

-- +goose Down
alter table todod.users drop column key_count, drop column trash_count;
