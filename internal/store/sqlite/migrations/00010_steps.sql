-- +goose Up

-- What is removed in steps: the data of somebody who was erased, and what goes beyond a budget.
alter table users add column life_rev integer not null default 0;  -- what is at this revision or below is of a former life
alter table users add column log_count integer not null default 0; -- entries of the log, none of a former life
alter table users add column key_count integer not null default 0; -- keys that are remembered, none of a former life
alter table users add column untidy integer not null default 0 check (untidy in (0, 1)); -- there is something to remove

update users set log_count = (select count(*) from changes c where c.user_id = users.user_id),
    key_count = (select count(*) from idempotency_keys k where k.user_id = users.user_id);

create index users_untidy on users (user_id) where untidy;

-- +goose Down
drop index users_untidy;
alter table users drop column untidy;
alter table users drop column key_count;
alter table users drop column log_count;
alter table users drop column life_rev;
