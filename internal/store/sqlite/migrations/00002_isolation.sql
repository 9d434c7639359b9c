-- +goose Up

-- SQLite has no row-level security: the predicate in every statement is what keeps people apart. What is the same as in
-- PostgreSQL: whoever deletes a row of users deletes all that this person has.
-- +goose StatementBegin
create trigger delete_user_data after delete on users begin
    delete from tasks where user_id = old.user_id;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger delete_user_data;
