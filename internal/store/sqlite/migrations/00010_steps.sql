-- +goose Up

-- What is removed in steps: the data of somebody who was erased.
alter table users add column life_rev integer not null default 0;  -- what is at this revision or below is of a former life
alter table users add column untidy integer not null default 0 check (untidy in (0, 1)); -- there is something to remove

create index users_untidy on users (user_id) where untidy;

-- +goose Down
drop index users_untidy;
alter table users drop column untidy;
alter table users drop column life_rev;
