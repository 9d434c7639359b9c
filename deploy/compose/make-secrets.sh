#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, in deploy/compose/secrets, once: what is there stays as it is.
#
# The folder is its owner's alone. The files in it may be read by anybody who gets to them, because containers see them
# as they are and run as other users.
set -euo pipefail

cd "$(dirname "$0")"
umask 077
mkdir -p secrets
cd secrets

# random prints 32 random bytes as 64 hexadecimal digits, which need no quoting anywhere.
random() {
	od -An -tx1 -N32 /dev/urandom | tr -d ' \n'
}

# keep NAME writes standard input to the file of that name, unless it exists.
keep() {
	if [ -e "$1" ]; then
		cat >/dev/null
		return
	fi
	cat >"$1.new"
	chmod 444 "$1.new"
	mv "$1.new" "$1"
}

random | keep postgres_password
random | keep todod_owner_password
random | keep todod_password
random | keep redis_password
random | keep grafana_password
echo "1:$(random)" | keep better_auth_secrets # with Better Auth, put its secret here, behind 1:

echo "postgres://todod:$(cat todod_password)@postgres:5432/todod" | keep database_url
echo "postgres://todod_owner:$(cat todod_owner_password)@postgres:5432/todod" | keep database_direct_url
echo "redis://:$(cat redis_password)@redis:6379/0" | keep redis_url

# The one user of Valkey: everything but what would stop or reconfigure it. Only the hash of the password is stored.
digest=$(printf %s "$(cat redis_password)" | sha256sum | cut -d ' ' -f 1)
echo "user default on #$digest ~* &* +@all -@admin -@dangerous +info" | keep redis_users
