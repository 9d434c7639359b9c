-- +goose Up

-- What finds sessions that nobody can refresh any more, and tombstones: rows of users that are left of an erasure.
create index sessions_expire on sessions (expires_at);
create index users_erased on users (erased_at) where erased_at is not null;

-- +goose Down
drop index users_erased;
drop index sessions_expire;
