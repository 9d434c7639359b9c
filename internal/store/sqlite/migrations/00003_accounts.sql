-- +goose Up

-- People who sign in with a password of todod's own.
create table accounts (
    user_id       text    not null primary key check (length(cast(user_id as blob)) between 1 and 255),
    email         text    not null unique check (length(cast(email as blob)) between 1 and 254), -- in lower case
    name          text    not null check (length(name) between 1 and 200),
    password_hash text    not null check (length(password_hash) between 1 and 512), -- argon2id in PHC form, or what an import brought
    created_at    integer not null
) strict, without rowid;

-- One row for each signed-in client; a session that has ended has none.
create table sessions (
    user_id      text    not null check (length(cast(user_id as blob)) between 1 and 255),
    sid          text    not null check (length(cast(sid as blob)) between 1 and 64),
    refresh_hash blob    not null check (length(refresh_hash) = 32), -- SHA-256 of its refresh token
    sealed       blob,                                               -- the session at Better Auth, encrypted
    created_at   integer not null,
    expires_at   integer not null check (expires_at > created_at),
    primary key (user_id, sid)
) strict, without rowid;

alter table users add column erased_at integer; -- tokens from before are refused

drop trigger delete_user_data;
-- +goose StatementBegin
create trigger delete_user_data after delete on users begin
    delete from sessions where user_id = old.user_id;
    delete from accounts where user_id = old.user_id;
    delete from tasks where user_id = old.user_id;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger delete_user_data;
-- +goose StatementBegin
create trigger delete_user_data after delete on users begin
    delete from tasks where user_id = old.user_id;
end;
-- +goose StatementEnd
alter table users drop column erased_at;
drop table sessions;
drop table accounts;
