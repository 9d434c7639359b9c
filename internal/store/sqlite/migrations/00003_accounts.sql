-- +goose Up
alter table users add column erased_at integer;
-- +goose Down
alter table users drop column erased_at;
