-- +goose Up

-- What is counted so that it stays within what one person may take.
alter table users add column trash_count integer not null default 0;  -- tasks in the trash
alter table users add column key_count integer not null default 0;    -- idempotency keys
update users set
    trash_count = (select count(*) from tasks t where t.user_id = users.user_id and t.deleted_at is not null),
    key_count = (select count(*) from idempotency_keys k where k.user_id = users.user_id);

-- +goose Down
alter table users drop column key_count;
alter table users drop column trash_count;
