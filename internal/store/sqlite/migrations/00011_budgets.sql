-- +goose Up

-- What is counted so that it stays within what one person may take.
alter table users add column trash_count integer not null default 0;  -- tasks in the trash
alter table users add column key_count integer not null default 0;    -- idempotency keys
update users set
    trash_count = (select count(*) from tasks t where t.user_id = users.user_id and t.deleted_at is not null),
    key_count = (select count(*) from idempotency_keys k where k.user_id = users.user_id);

-- What is remembered of a change with a key: which tasks it told of, no longer their texts. Once a task stood there alone.
update idempotency_keys set result = case when json_type(result, '$.results') = 'array' then
    json_object('results', json((select json_group_array(json_object(
            'ref', r.value ->> 'ref', 'op', r.value ->> 'op',
            'id', coalesce(r.value -> 'task' ->> 'id', r.value -> 'task' ->> 'ID', r.value -> 'error' -> 'Current' ->> 'ID'),
            'version', coalesce(r.value -> 'task' ->> 'version', r.value -> 'task' ->> 'Version',
                r.value -> 'error' -> 'Current' ->> 'Version'),
            'error', json_remove(r.value -> 'error', '$.Current')) order by r.key)
        from json_each(result, '$.results') r)))
    else json_object('results', json_array(json_object('op', 2, 'id', coalesce(result ->> 'id', result ->> 'ID'),
        'version', coalesce(result ->> 'version', result ->> 'Version')))) end
    where result is not null;

-- +goose Down
alter table users drop column key_count;
alter table users drop column trash_count;
