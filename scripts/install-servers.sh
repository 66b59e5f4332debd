#!/bin/sh
# Installs, from Debian's packages, the servers and clients that the tests and the bench use. Starts no service.
# Run it as root. It does nothing, at once, when everything is there.
set -eu

# servers
packages="slapd slapd-contrib postgresql-15 mariadb-server"
# the other directory that the manager is tested against; dsconf, and what puts certificates into its database
packages="$packages 389-ds-base python3-lib389 libnss3-tools"
# and the Active Directory; its modules are what a domain is made of
packages="$packages samba samba-ad-provision samba-dsdb-modules samba-vfs-modules"
# the proxies that ours is measured beside
packages="$packages haproxy stunnel4"
# the webhook receiver that ours is measured beside
packages="$packages webhook"
# what watches it
packages="$packages prometheus prometheus-alertmanager"
# clients: OpenLDAP's tools, SSSD with its PAM and NSS modules, Proxmox's LDAP library, python-ldap
packages="$packages ldap-utils sssd-ldap sssd-tools libnss-sss libpam-sss pamtester"
packages="$packages perl libnet-ldap-perl libio-socket-ssl-perl python3 python3-ldap"
# programs that log people in from the gateway; PostgreSQL is one as well
packages="$packages nslcd libnss-ldapd libpam-ldapd apache2-bin dovecot-imapd dovecot-ldap postfix postfix-ldap"
# whose host keys are pinned
packages="$packages openssh-server openssh-client"
# what backups are written for, or read by
packages="$packages age restic borgbackup"
# what applies the changes that checks propose
packages="$packages patch"
# whose work trees are looked at for secrets
packages="$packages git"
# the browser of who approves a login
packages="$packages chromium"
# what reads the proxy's captures
packages="$packages tshark"
# the Debian in which the steps of the image are carried out
packages="$packages debootstrap"
# what runs the units
packages="$packages systemd"
# the network of its own in which the installed package serves the demo
packages="$packages iproute2"
# what a newcomer types
packages="$packages sqlite3"
# certificates, HTTP, and the compiler of the load generator
packages="$packages openssl curl gcc libc6-dev libssl-dev"

missing=
for package in $packages; do
  case $(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null) in
    "install ok installed") ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
  echo "Run this as root: it installs$missing" >&2
  exit 2
fi

# Debian starts a service when its package is installed, unless this file says no. One that is there already is kept.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

export DEBIAN_FRONTEND=noninteractive
# Postfix otherwise makes a configuration out of the machine's name, which a container's may not fit.
case " $missing " in
  *" postfix "*) echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections ;;
esac
apt-get update -qq
# pam_ldap's profile would put it into the logins of the machine; tests have PAM services of their own.
# Nothing is removed: another mail server stays, and this says that it is in the way.
# shellcheck disable=SC2086
apt-get install -qq -y --no-install-recommends --no-remove \
  -o Dpkg::Options::=--path-exclude=/usr/share/pam-configs/ldap $missing
