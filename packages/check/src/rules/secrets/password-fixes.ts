/** How each program is given a password where nobody else sees it. */

const ldap = `Put the password alone into a file with mode 0600, without a newline at its end, and write -y FILE in place of -w.
On the server's own machine no password is needed: -Q -Y EXTERNAL -H ldapi:///`;
const mysql = `Put the password into a file with mode 0600 and name it as the first option, --defaults-extra-file=FILE:
[client]
password=…`;
const postgres = `Put the password into a file with mode 0600, as HOST:PORT:DATABASE:USER:PASSWORD, and set PGPASSFILE to its path.`;
const redis = "Let the program read it from its environment, filled from a file: REDISCLI_AUTH=$(cat FILE) redis-cli …";
const server = "Write requirepass into a configuration file with mode 0600 and start the server with that file.";
const login = "Give it on standard input: PROGRAM login --username USER --password-stdin < FILE";

const fixes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["add", "compare", "delete", "exop", "modify", "modrdn", "search", "whoami", "passwd"].map((name) => [
      `ldap${name}`,
      ldap,
    ]),
  ),
  slappasswd: "Write -T FILE in place of -s, with the password alone in a file with mode 0600.",
  ...Object.fromEntries(["mysql", "mysqladmin", "mysqldump", "mysqlcheck", "mysqlshow"].map((name) => [name, mysql])),
  ...Object.fromEntries(
    ["mariadb", "mariadb-admin", "mariadb-dump", "mariadb-check", "mariadb-backup"].map((name) => [name, mysql]),
  ),
  ...Object.fromEntries(["psql", "pg_isready", "pg_dump", "pg_restore"].map((name) => [name, postgres])),
  "redis-cli": redis,
  "valkey-cli": redis,
  "redis-server": server,
  "valkey-server": server,
  mongodump: "Put `password: …` into a YAML file with mode 0600 and write --config=FILE in place of the password.",
  mongorestore: "Put `password: …` into a YAML file with mode 0600 and write --config=FILE in place of the password.",
  curl: `Put it into a file with mode 0600 and write --config FILE in place of it:
user = "NAME:PASSWORD"
A token goes there as: header = "Authorization: Bearer …"`,
  wget: "Put `password = …` into a file with mode 0600 and write --config=FILE in place of the password.",
  sshpass: "Log in with a key (ssh-keygen -t ed25519); where that cannot be, write -f FILE in place of -p.",
  docker: login.replace("PROGRAM", "docker"),
  podman: login.replace("PROGRAM", "podman"),
  helm: login.replace("PROGRAM", "helm registry"),
  smbclient: "Write -A FILE in place of -U, with lines `username = …` and `password = …` in a file with mode 0600.",
  openssl: "Write file:FILE in place of pass:…, with the passphrase in the first line of a file with mode 0600.",
  gpg: "Write --pinentry-mode loopback --passphrase-file FILE in place of --passphrase.",
  zip: "zip takes a password nowhere else, and its encryption is weak: use gpg --symmetric with --passphrase-file FILE.",
};

/** In scripts and commands of services. */
export function passwordFix(program: string): string {
  return Object.hasOwn(fixes, program)
    ? fixes[program]!
    : `Give ${program} the password in a file that only its user can read, or on its standard input, as its manual says.`;
}

const ldapProbe = `healthcheck:
  test: ["CMD", "ldapsearch", "-x", "-H", "ldap://127.0.0.1:389", "-b", "", "-s", "base", "namingContexts"]
which reads the root DSE, for which nobody has to bind. A check that must bind does so without a password on the socket,
  test: ["CMD", "ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///"]
or takes it from a file, which has no newline at its end: -y /run/secrets/ldap_password in place of -w`;
const mysqlProbe = `healthcheck:
  test: ["CMD", "mysqladmin", "ping", "-h", "127.0.0.1"]
which succeeds as soon as the server answers, even to a client without a password.`;
const mariadbProbe = `healthcheck:
  test: ["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"]
which MariaDB's image brings and which needs no password; mariadb-admin ping needs none either.`;
const postgresProbe = `healthcheck:
  test: ["CMD", "pg_isready", "-q", "-h", "127.0.0.1"]
which asks whether the server takes connections, and needs no password.`;
const redisProbe = `healthcheck:
  test: ["CMD-SHELL", "REDISCLI_AUTH=$$(cat /run/secrets/redis_password) redis-cli ping | grep -q PONG"]`;
const mongoProbe = `healthcheck:
  test: ["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand({ ping: 1 })"]
which needs no password.`;
const curlProbe = `healthcheck:
  test: ["CMD", "curl", "-fsS", "http://127.0.0.1:PORT/HEALTH"]
with a path that needs no login; where there is none: --config /run/secrets/curl, a file with user = "NAME:PASSWORD"`;

const probes: readonly (readonly [RegExp, string])[] = [
  [/^ldap/, ldapProbe],
  [/^mysql/, mysqlProbe],
  [/^mariadb/, mariadbProbe],
  [/^(?:psql|pg_)/, postgresProbe],
  [/^(?:redis|valkey)-cli$/, redisProbe],
  [/^mongo/, mongoProbe],
  [/^(?:curl|wget)$/, curlProbe],
];

/** In a healthcheck, which seldom needs one at all. */
export function healthcheckFix(program: string): string {
  return probes.find(([name]) => name.test(program))?.[1] ?? passwordFix(program);
}
