/** The demo directory: its database, made at the first start and kept, and the page of things to try. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { Gateway } from "@espalier/gateway";
import type { LdapProxy } from "@espalier/proxy";
import { demoGroups, demoPassword, demoPasswordHash, demoUsers } from "./people.ts";

/** The demo's configuration. */
export const demoConfigurationFile = fileURLToPath(new URL("espalier.yaml", import.meta.url));

/** Makes the database unless it is there. */
export function prepareDemo(file: string): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  // Made beside its place and moved there whole: a start that was interrupted leaves nothing half done.
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  const database = new DatabaseSync(draft);
  database.exec(`
    CREATE TABLE "Users" (
      "uid" TEXT PRIMARY KEY, "uidNumber" INTEGER NOT NULL UNIQUE, "gidNumber" INTEGER NOT NULL, "givenName" TEXT,
      "cn" TEXT, "sn" TEXT, "mail" TEXT, "homeDirectory" TEXT, "userPassword" TEXT, "status" TEXT NOT NULL
    );
    CREATE TABLE "Groups" ("cn" TEXT PRIMARY KEY, "gidNumber" INTEGER NOT NULL UNIQUE);
    CREATE TABLE "UserGroups" (
      "uidNumber" INTEGER NOT NULL REFERENCES "Users" ("uidNumber"),
      "gidNumber" INTEGER NOT NULL REFERENCES "Groups" ("gidNumber"),
      PRIMARY KEY ("uidNumber", "gidNumber")
    );
    BEGIN`);
  const addGroup = database.prepare(`INSERT INTO "Groups" VALUES (?, ?)`);
  for (const { cn, gidNumber } of demoGroups) addGroup.run(cn, gidNumber);
  const addUser = database.prepare(`INSERT INTO "Users" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const addMember = database.prepare(`INSERT INTO "UserGroups" VALUES (?, ?)`);
  for (const { uid, uidNumber, givenName, sn, status, groups } of demoUsers) {
    const home = `/home/${uid}`;
    const mail = `${uid}@example.com`;
    addUser.run(
      uid,
      uidNumber,
      groups[0]!,
      givenName,
      `${givenName} ${sn}`,
      sn,
      mail,
      home,
      demoPasswordHash(uid),
      status,
    );
    for (const gidNumber of groups) addMember.run(uidNumber, gidNumber);
  }
  database.exec("COMMIT");
  database.close();
  renameSync(draft, file);
}

/** What somebody who has just started it can try, with what it prints. */
export function demoGuide(gateway: Gateway, proxy: LdapProxy, data: string): string {
  const url = (wanted: string) => {
    const { scheme, host, port } = gateway.listening.find((listener) => listener.scheme === wanted)!;
    return `${scheme}://${host}:${port}`;
  };
  const [ldap, ldaps] = [url("ldap"), url("ldaps")];
  const ca = gateway.certificate?.selfSignedPath ?? "";
  const user = demoUsers[0]!.uid;
  return `
Espalier serves ${demoUsers.length} made-up users and ${demoGroups.length} groups under dc=example,dc=com:

  ${ldap}    plain, with StartTLS
  ${ldaps}   TLS, with a certificate of its own: ${ca}
  ${proxy.listening.join(" ")}    the proxy in front of it

Try, from another terminal (the OpenLDAP tools are Debian's package ldap-utils):

  a user         ldapsearch -x -LLL -H ${ldap} -b dc=example,dc=com '(uid=${user})'
  their groups   ldapsearch -x -LLL -H ${ldap} -b dc=example,dc=com '(uid=${user})' memberOf
  a group        ldapsearch -x -LLL -H ${ldap} -b dc=example,dc=com '(cn=admins)'
  a login        LDAPTLS_CACERT=${ca} ldapwhoami -x -H ${ldaps.replace("127.0.0.1", "localhost")} \\
                   -D uid=${user},dc=example,dc=com -w ${demoPassword}
  a change       sqlite3 ${join(data, "demo.sqlite")} "UPDATE Users SET mail='new@example.com' WHERE uid='${user}'"
                 (then search again: it is there within five seconds)
  the proxy      npx espalier proxy status --socket ${join(data, "proxy.sock")}   (also tap, hygiene, drain)
  the page       http://127.0.0.1:8000   as ${user}

Everybody's password is "${demoPassword}". State: curl http://127.0.0.1:9400/health (metrics: /metrics).
Database, certificate and log (${join(data, "espalier.log")}, one line an operation) stay in ${data}/.
A directory of your own: npx espalier init. Stop with Ctrl+C.
`;
}
