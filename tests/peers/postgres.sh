#!/usr/bin/env bash
# A Postgres server on loopback for tests, in the foreground: postgres.sh FOLDER PORT. Its data are made anew in the folder.
# Like the master user of RDS, `master` (password `master-of-tests`) makes roles and databases and is no superuser.
set -euo pipefail
folder=$1 port=$2
PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
rm -rf "$folder" && mkdir -p "$folder"
# The server does not run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  user=$(id -u postgres >/dev/null 2>&1 && echo postgres || echo nobody)
  chown "$user" "$folder" && chmod 755 "$folder"
  as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups)
fi
LC_ALL=C.UTF-8 "${as[@]}" initdb --pgdata "$folder/data" --username postgres --auth-host scram-sha-256 --auth-local trust \
  --encoding UTF8 --no-sync >/dev/null
set -- -F -D "$folder/data" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$folder"
"${as[@]}" postgres --single -F -D "$folder/data" postgres >/dev/null <<'SQL'
CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'master-of-tests'
GRANT pg_signal_backend TO master
CREATE ROLE rds_iam
GRANT rds_iam TO master WITH ADMIN OPTION
SQL
exec "${as[@]}" postgres "$@" -p "$port"
