-- +goose Up

-- What words are searched for in: title and description, folded by the program as it writes them. Null in tasks from
-- before this migration, until the program has come by; until it has looked at all tasks of somebody, they are unfolded.
alter table tasks add column search text;
alter table users add column unfolded integer check (unfolded = 1);
update users set unfolded = 1;
create index users_unfolded on users (user_id) where unfolded;

-- +goose Down
drop index users_unfolded;
alter table users drop column unfolded;
alter table tasks drop column search;
