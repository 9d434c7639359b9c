-- +goose Up

-- What was imported from other systems, so that importing again doubles nothing. A row outlives its task: what a person
-- deleted here doesn't come back.
create table imports (
    user_id    text    not null,
    source     text    not null check (length(cast(source as blob)) between 1 and 255), -- names the other system
    old_id     text    not null check (length(cast(old_id as blob)) between 1 and 255),
    task_id    integer not null, -- the task it became here
    created_at integer not null, -- of the task: tells when another row has the same old_id
    primary key (user_id, source, old_id)
) strict, without rowid;

drop trigger delete_user_data;
-- +goose StatementBegin
create trigger delete_user_data after delete on users begin
    delete from sessions where user_id = old.user_id;
    delete from accounts where user_id = old.user_id;
    delete from tasks where user_id = old.user_id;
    delete from imports where user_id = old.user_id;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger delete_user_data;
-- +goose StatementBegin
create trigger delete_user_data after delete on users begin
    delete from sessions where user_id = old.user_id;
    delete from accounts where user_id = old.user_id;
    delete from tasks where user_id = old.user_id;
end;
-- +goose StatementEnd
drop table imports;
