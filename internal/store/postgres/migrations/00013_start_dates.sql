-- +goose Up

-- Before which nobody means to begin a task: a day or an instant, like the due date. No row is rewritten, and what a program
-- from before this writes is right.
alter table todod.tasks
    add column start_date timestamptz,
    add column start_all_day boolean not null default false;
alter table todod.tasks add constraint tasks_start_all_day_check check (not start_all_day
    or (start_date is not null and start_date = date_trunc('day', start_date, 'UTC'))) not valid; -- true of all there are
alter table todod.changes
    add column start_date timestamptz,
    add column start_all_day boolean not null default false;

comment on column todod.tasks.start_date is 'Before which nobody means to begin it';
comment on column todod.tasks.start_all_day is 'start_date is a day''s midnight in UTC';

create index tasks_start on todod.tasks (user_id, start_date, id) where deleted_at is null and start_date is not null;

-- +goose Down
drop index todod.tasks_start;
alter table todod.changes drop column start_date, drop column start_all_day;
alter table todod.tasks drop column start_date, drop column start_all_day;
