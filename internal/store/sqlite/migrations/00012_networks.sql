-- +goose Up

-- Where people signed in from of late, so that nobody who tries their address elsewhere can lock them out at home.
create table known_networks (
    user_id text    not null check (length(cast(user_id as blob)) between 1 and 255),
    network text    not null check (length(network) = 43), -- HMAC of e-mail address and network, under a key that is not here
    seen_at integer not null, -- when somebody last signed in from there
    primary key (user_id, network)
) strict, without rowid;

create index known_networks_named on known_networks (network);
create index known_networks_old on known_networks (seen_at);

-- +goose StatementBegin
create trigger delete_user_networks after delete on users begin
    delete from known_networks where user_id = old.user_id;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger delete_user_networks;
drop table known_networks;
