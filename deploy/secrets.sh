#!/bin/sh
# Makes what compose.yaml reads from deploy/secrets/, once: what is there already is kept, so that it can be run again, and so
# that certificates of your own authority can be put there before. Run it as root: each file then belongs to the user of the
# container that reads it. Needs openssl, and `espalier` or the image that was built.
#
#   LDAP_NAME="ldap.example.com ldap"   the names by which clients reach the proxy (ldap.example.com)
#   ESPALIER_IMAGE=…                    the image, where `espalier` is not installed (espalier:0.1.0)
set -eu
umask 077
if [ "$(id -u)" != 0 ]; then
  echo "Run this as root: each secret is for the user of the container that reads it, and for nobody else." >&2
  exit 2
fi
cd "$(dirname "$0")"
mkdir -p secrets
cd secrets
rm -rf new
mkdir new

# secret FILE OWNER COMMAND…: what the command prints becomes the file. Without a newline at its end.
secret() {
  file=$1
  owner=$2
  shift 2
  if [ ! -s "$file" ]; then
    text=$("$@")
    printf '%s' "$text" > "new/$file"
    mv "new/$file" "$file"
  fi
  chown "$owner" "$file"
  chmod 0600 "$file"
}
password() {
  openssl rand -hex 24
}
database() {
  password=$(cat "$2")
  # espalier-ignore SEC005: secret() takes what this prints, and writes it to a file that only its owner reads
  echo "postgres://$1:$password@postgres/$3"
}

# The users that containers run as.
espalier=1000:1000
postgres=999:999
grafana=472:0
secret postgres_password "$postgres" password
secret store_password "$postgres" password
secret sql_password "$postgres" password
secret store_url "$espalier" database espalier store_password espalier
secret sql_uri "$espalier" database gateway sql_password users
secret grafana_password "$grafana" password
# Alertmanager sends it, and notifications compare it: each has a file of its own.
secret alertmanager_token "$espalier" password
secret alertmanager_own_token 65534:65534 cat alertmanager_token

authority() {
  if command -v espalier > /dev/null; then
    espalier cert ca "$@"
  else
    docker run --rm --network none --user 0:0 --volume "$PWD:/data" "${ESPALIER_IMAGE:-espalier:0.1.0}" cert ca "$@"
  fi
}
if [ ! -s ca.crt ]; then
  [ -s ca/authority.key ] || authority create --directory ca --name Espalier > new/said
  cp ca/authority.crt ca.crt
fi
# certificate FILE NAME…
certificate() {
  file=$1
  shift
  if [ ! -s "$file.key" ]; then
    authority issue --directory ca --out new "$@" > new/said
    # Called by the first of the names, as it is written in a certificate.
    mv new/*.crt "$file.crt"
    mv new/*.key "$file.key"
  fi
  chown "$espalier" "$file.key"
  chmod 0600 "$file.key"
}
certificate ldap1 ldap1
certificate ldap2 ldap2
# One word for each name, and * is part of a name.
set -f
# shellcheck disable=SC2086
set -- ${LDAP_NAME:-ldap.example.com}
set +f
certificate ldap "$@"
# Anybody may see them, and containers read them as their own users.
chmod 0444 ./*.crt
rm -r new
echo "$PWD has everything that compose.yaml reads. With ca/authority.key anybody can make more certificates: keep it elsewhere."
