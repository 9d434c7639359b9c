-- +goose Up

-- What words are searched for in: title and description, folded by the program as it writes them. Null in tasks from
-- before this migration, until the program has come by; until it has looked at all tasks of somebody, they are unfolded.
-- Neither column is rewritten here: the default is that of the rows there are, and new ones have none.
alter table todod.tasks add column search text collate "C";
alter table todod.users add column unfolded boolean default true;
alter table todod.users alter column unfolded drop default;

comment on column todod.tasks.search is 'Title and description as words are searched for in them; null in old rows, for a while';
comment on column todod.users.unfolded is 'Some of this person''s tasks may have no search yet';

-- Empty once all is looked at. No write changes its column but once, so updates of users stay within their page (HOT).
create index users_unfolded on todod.users (user_id) where unfolded;

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        grant select (user_id, unfolded) on todod.users to todod_maintenance;
        drop policy if exists maintenance on todod.users;
        create policy maintenance on todod.users for select to todod_maintenance
            using (current_user = 'todod_maintenance' and (erased_at is not null or unfolded));
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        revoke select (unfolded) on todod.users from todod_maintenance;
        drop policy if exists maintenance on todod.users;
        create policy maintenance on todod.users for select to todod_maintenance
            using (current_user = 'todod_maintenance' and erased_at is not null);
    end if;
end
$$;
-- +goose StatementEnd
drop index todod.users_unfolded;
alter table todod.users drop column unfolded;
alter table todod.tasks drop column search;
