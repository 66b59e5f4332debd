#!/bin/bash
# Runs once, when the database is made: the store of the services, and the account that only reads the users' tables.
set -euo pipefail
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set store="$(< /run/secrets/store_password)" --set gateway="$(< /run/secrets/sql_password)" <<'SQL'
CREATE ROLE espalier LOGIN PASSWORD :'store';
CREATE DATABASE espalier OWNER espalier;
CREATE ROLE gateway LOGIN PASSWORD :'gateway';
GRANT pg_read_all_data TO gateway;
SQL
