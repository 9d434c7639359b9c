-- +goose Up

-- Due dates in time zones, and tasks that come back.
alter table tasks add column due_zone text;     -- the IANA name of the time zone that due_date is meant in
alter table tasks add column due_local integer; -- what a clock there shows then: kept when the rules of the zone change
alter table tasks add column recurrence text;   -- JSON: how it comes back once it is done, and where that series stands

create index tasks_due_zone on tasks (due_zone, user_id, id) where due_zone is not null;

alter table changes add column due_zone text;
alter table changes add column due_local integer;
alter table changes add column recurrence text;
alter table changes add column occurrence text; -- JSON: the time of a recurring task that has passed by it

alter table users add column listed integer not null default 0; -- up to which the log was looked through for what is in occurrences

-- The times of recurring tasks that have passed.
create table occurrences (
    user_id     text    not null,
    rev         integer not null check (rev > 0), -- that of the change by which it passed
    task_id     integer not null,
    slot        integer not null, -- its date in the series; due_date may be another, as it can be postponed
    due_date    integer not null,
    due_all_day integer not null check (due_all_day in (0, 1)),
    skipped     integer not null check (skipped in (0, 1)),
    at          integer not null,
    primary key (user_id, rev)
) strict, without rowid;

create index occurrences_task on occurrences (user_id, task_id);
create index occurrences_at on occurrences (user_id, at, rev);

-- By which rules the due dates in a time zone were found. It says nothing of anybody.
create table zone_rules (
    zone  text not null primary key,
    rules text not null
) strict, without rowid;

-- +goose StatementBegin
create trigger delete_user_occurrences after delete on users begin
    delete from occurrences where user_id = old.user_id;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger delete_user_occurrences;
drop table zone_rules;
drop table occurrences;
alter table users drop column listed;
alter table changes drop column occurrence;
alter table changes drop column recurrence;
alter table changes drop column due_local;
alter table changes drop column due_zone;
drop index tasks_due_zone;
alter table tasks drop column recurrence;
alter table tasks drop column due_local;
alter table tasks drop column due_zone;
