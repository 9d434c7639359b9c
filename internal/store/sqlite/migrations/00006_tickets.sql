-- +goose Up

-- What stands for a token, once and for a minute, where none can be sent.
create table tickets (
    user_id    text    not null check (length(cast(user_id as blob)) between 1 and 255),
    hash       blob    not null check (length(hash) = 32), -- SHA-256 of the ticket
    sid        text    not null, -- the session of the token that bought it, empty for none
    token_iat  integer, -- when that token was issued, null if it didn't say
    token_exp  integer not null,
    expires_at integer not null,
    primary key (user_id, hash)
) strict, without rowid;

-- +goose StatementBegin
create trigger delete_user_tickets after delete on users begin
    delete from tickets where user_id = old.user_id;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger delete_user_tickets;
drop table tickets;
