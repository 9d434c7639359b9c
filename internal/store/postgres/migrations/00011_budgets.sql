-- +goose Up

-- What is counted so that it stays within what one person may take.
alter table todod.users
    add column trash_count integer not null default 0,
    add column key_count integer not null default 0;

comment on column todod.users.trash_count is 'Tasks in the trash';
comment on column todod.users.key_count is 'Idempotency keys, also those that are still to be forgotten';

update todod.users u set trash_count = t.n
    from (select user_id, count(*) as n from todod.tasks where deleted_at is not null group by user_id) t
    where t.user_id = u.user_id;
update todod.users u set key_count = k.n
    from (select user_id, count(*) as n from todod.idempotency_keys group by user_id) k
    where k.user_id = u.user_id;

-- +goose Down
alter table todod.users drop column key_count, drop column trash_count;
