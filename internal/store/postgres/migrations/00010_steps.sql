-- +goose Up

-- What is removed in steps: the data of somebody who was erased. The index has no column that a write changes, so that
-- updates of users stay within their page (HOT).
alter table todod.users
    add column life_rev bigint not null default 0,
    add column untidy boolean not null default false;

comment on column todod.users.life_rev is 'What is at this revision or below belongs to a former life, and is being removed';
comment on column todod.users.untidy is 'There is something of a former life to remove';

create index users_untidy on todod.users (user_id) where untidy;

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        grant select (untidy) on todod.users to todod_maintenance;
        drop policy if exists maintenance on todod.users;
        create policy maintenance on todod.users for select to todod_maintenance
            using (current_user = 'todod_maintenance' and (erased_at is not null or unfolded or untidy));
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        revoke select (untidy) on todod.users from todod_maintenance;
        drop policy if exists maintenance on todod.users;
        create policy maintenance on todod.users for select to todod_maintenance
            using (current_user = 'todod_maintenance' and (erased_at is not null or unfolded));
    end if;
end
$$;
-- +goose StatementEnd
drop index todod.users_untidy;
alter table todod.users drop column untidy, drop column life_rev;
