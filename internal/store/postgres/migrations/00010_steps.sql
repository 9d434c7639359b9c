-- +goose Up

-- What is removed in steps: the data of somebody who was erased, and what goes beyond a budget. The index has no column
-- that a write changes but the one that says so, so that those updates stay within their page (HOT).
alter table todod.users
    add column life_rev bigint not null default 0,
    add column log_count bigint not null default 0,
    add column key_count bigint not null default 0,
    add column untidy boolean not null default false;

comment on column todod.users.life_rev is 'What is at this revision or below belongs to a former life, and is being removed';
comment on column todod.users.log_count is 'Entries of the log, none of a former life';
comment on column todod.users.key_count is 'Idempotency keys that are remembered, none of a former life';
comment on column todod.users.untidy is 'There is something to remove: of a former life, or beyond a budget';

-- The policies hold for the owner of the tables, too, who has to see everybody here.
alter table todod.users no force row level security;
alter table todod.changes no force row level security;
alter table todod.idempotency_keys no force row level security;
update todod.users u set log_count = n.logged, key_count = n.keys
    from (select user_id, sum(logged) as logged, sum(keys) as keys from (
            select user_id, count(*) as logged, 0 as keys from todod.changes group by user_id
            union all
            select user_id, 0, count(*) from todod.idempotency_keys group by user_id) c
        group by user_id) n
    where n.user_id = u.user_id;
alter table todod.users force row level security;
alter table todod.changes force row level security;
alter table todod.idempotency_keys force row level security;

create index users_untidy on todod.users (user_id) where untidy;

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        grant select (untidy) on todod.users to todod_maintenance;
        drop policy if exists maintenance on todod.users;
        create policy maintenance on todod.users for select to todod_maintenance
            using (current_user = 'todod_maintenance' and (erased_at is not null or untidy));
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'todod_maintenance') then
        drop policy if exists maintenance on todod.users;
        create policy maintenance on todod.users for select to todod_maintenance
            using (current_user = 'todod_maintenance' and erased_at is not null);
    end if;
end
$$;
-- +goose StatementEnd
drop index todod.users_untidy;
alter table todod.users drop column untidy, drop column key_count, drop column log_count, drop column life_rev;
