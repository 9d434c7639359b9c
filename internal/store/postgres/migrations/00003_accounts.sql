-- +goose Up
alter table todod.users add column erased_at timestamptz;
-- +goose Down
alter table todod.users drop column erased_at;
