-- Turns the tables into ones that are hash-partitioned by user_id, as an operator with very many users may: the same columns,
-- keys, indexes, policies and grants. The tables must be empty. todod.emails and
-- todod.known_networks stay whole: they are looked up before it is known whose rows they are.
alter sequence todod.task_ids owned by none;
do $$
declare name text; part text;
begin
    foreach name in array array['users', 'tasks', 'objects', 'occurrences', 'changes', 'idempotency_keys', 'accounts', 'sessions', 'imports', 'tickets'] loop
        execute format('alter table todod.%1$I rename to %1$s_whole', name);
        execute format('create table todod.%1$I (like todod.%1$s_whole including all) partition by hash (user_id)', name);
        for n in 0..3 loop
            execute format('create table todod.%1$s_p%2$s partition of todod.%1$I for values with (modulus 4, remainder %2$s)',
                name, n);
        end loop;
        execute format('drop table todod.%s_whole', name);
        foreach part in array array[name, name || '_p0', name || '_p1', name || '_p2', name || '_p3'] loop
            execute format('alter table todod.%I enable row level security, force row level security', part);
            execute format('create policy own_rows on todod.%I using (user_id = any (nullif(current_setting(''todod.user_ids'', true), '''')::text[]))', part);
        end loop;
        execute format('grant select, insert, update, delete on todod.%I to todod_app', name);
    end loop;
end $$;
create policy maintenance on todod.tasks for select to todod_maintenance using (current_user = 'todod_maintenance');
create policy maintenance on todod.changes for select to todod_maintenance using (current_user = 'todod_maintenance');
create policy maintenance on todod.idempotency_keys for select to todod_maintenance using (current_user = 'todod_maintenance');
grant select (user_id, id, due_zone, completed, deleted_at) on todod.tasks to todod_maintenance;
create policy maintenance on todod.objects for select to todod_maintenance using (current_user = 'todod_maintenance');
grant select (user_id, deleted_at) on todod.objects to todod_maintenance;
grant select (user_id, at) on todod.changes to todod_maintenance;
grant select (user_id, created_at) on todod.idempotency_keys to todod_maintenance;
create policy maintenance on todod.accounts for select to todod_maintenance using (current_user = 'todod_maintenance');
grant select (user_id, email, name, created_at) on todod.accounts to todod_maintenance;
create policy maintenance on todod.sessions for select to todod_maintenance using (current_user = 'todod_maintenance');
grant select (user_id, expires_at) on todod.sessions to todod_maintenance;
create policy maintenance on todod.users for select to todod_maintenance
    using (current_user = 'todod_maintenance' and (erased_at is not null or unfolded or untidy));
grant select (user_id, rev, erased_at, unfolded, untidy) on todod.users to todod_maintenance;
create trigger delete_user_data after delete on todod.users for each row execute function todod.delete_user_data();
