-- +goose Up

-- Before which nobody means to begin a task: a day or an instant, like the due date.
alter table tasks add column start_date integer;
alter table tasks add column start_all_day integer not null default 0
    check (start_all_day in (0, 1) and (not start_all_day or (start_date is not null and start_date % 86400000000 = 0)));
alter table changes add column start_date integer;
alter table changes add column start_all_day integer not null default 0;

create index tasks_start on tasks (user_id, start_date, id) where deleted_at is null and start_date is not null;

-- +goose Down
drop index tasks_start;
alter table changes drop column start_all_day;
alter table changes drop column start_date;
alter table tasks drop column start_all_day;
alter table tasks drop column start_date;
