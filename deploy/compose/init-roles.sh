#!/bin/sh
# Makes todod's roles and database when the volume is new: one login that owns the tables and migrates, one that works
# and owns nothing (docs/deploy.md says why). PostgreSQL's image runs it. Passwords come from files, by psql itself, so
# that no list of processes shows them.
set -eu

psql --username "$POSTGRES_USER" --dbname postgres --no-psqlrc --quiet --set ON_ERROR_STOP=1 <<'SQL'
\set owner_password `cat /run/secrets/todod_owner_password`
\set app_password `cat /run/secrets/todod_password`

create role todod_app nologin;
create role todod_maintenance nologin;
create role todod_owner login password :'owner_password' in role todod_maintenance;
create role todod login password :'app_password' in role todod_app;

create database todod owner todod_owner;
revoke all on database todod from public;
grant connect on database todod to todod;
SQL
