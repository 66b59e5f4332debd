#!/bin/bash
# Dumps the databases of compose.yaml each day, encrypts the dump, copies it to another machine, and removes old ones.
#
#   AGE_RECIPIENT=age1…                 whose key opens it: `age-keygen -o key.txt`; keep the key elsewhere
#   BACKUP_TARGET=backup@nas:/espalier  where rsync copies it to
#
# `espalier backup` does more (directories over LDAP, a drill that restores): docs/backup.md. This needs no Espalier to be restored:
#   age -d -i key.txt FILE | gunzip | docker compose -f deploy/compose.yaml exec -T postgres psql -U postgres
set -euo pipefail
umask 077
: "${AGE_RECIPIENT:?}" "${BACKUP_TARGET:?}"
folder=${BACKUP_DIR:-/var/backups/espalier}
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$folder"
made="$folder/postgres-$(date +%F).sql.gz.age"

docker compose -f "$here/compose.yaml" exec -T postgres pg_dumpall -U postgres | gzip | age -r "$AGE_RECIPIENT" > "$made.partial"
mv "$made.partial" "$made"
rsync --archive "$folder/" "$BACKUP_TARGET/"
find "$folder" -name 'postgres-*.sql.gz.age*' -mtime +35 -delete
