import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import { type Gateway, type GatewaySetting, gatewaysOf } from "./gateways.ts";
import { reachOf } from "./reach.ts";
import { hasPlaceholder, selectedColumns } from "./sql-query.ts";
import { parseSqlServer } from "./sql-url.ts";

export const ldp010 = defineRule({
  id: "LDP010",
  title: "the gateway's way to its database is not safe",
  severity: "high",
  profile: "production",
  reads: ["espalier", "compose", "dotenv"],
  fix: "none",
  explanation: `The name that somebody types is a parameter of the two queries that look one user up: it stands where the \`?\` is, outside of quotes, and never becomes a part of the statement. A query that has no \`?\` asks for everybody, and one that is put together by a template can be taken over by a name.

Columns become attributes by their names: the hash belongs under \`password\`, which is used to check a bind and never served. Under any other name that the gateway serves, everybody can read it.

The database sends those hashes: over a network that needs TLS with a checked certificate.`,
  references: ["OWASP SQL Injection Prevention Cheat Sheet", "PostgreSQL documentation, 34.19", "docs/gateway.md"],
  *find(project) {
    for (const gateway of gatewaysOf(project)) {
      yield* withoutPlaceholder(gateway);
      yield* exposedPassword(gateway);
      yield* withoutTls(gateway, project);
    }
  },
});

function* withoutPlaceholder(gateway: Gateway): Generator<Found> {
  for (const setting of ["oneUser", "groupsByMember"] as const) {
    const query = gateway.get(setting);
    if (query === undefined || hasPlaceholder(query.value)) continue;
    yield {
      subject: gateway.subject,
      message: `${query.name} of ${gateway.subject} has no placeholder for the user's name`,
      ...query.place,
      value: ["placeholder", query.value],
      fix: `Write ? in the place of the name, without quotes:\nWHERE "uid" = ?`,
    };
  }
}

const queries = [
  "oneUser",
  "allUsers",
  "allGroups",
  "groupsByMember",
  "memberships",
] as const satisfies readonly GatewaySetting[];
/** What of a row is served, in lower case and without `_`. */
const servedColumns: ReadonlySet<string> = new Set([
  "username",
  "firstname",
  "lastname",
  "fullname",
  "mail",
  "homedirectory",
  "loginshell",
  "sshpublickey",
  "sshpublickeys",
  "name",
  "memberuids",
  "members",
  "membergroups",
]);
const secretNames = /passw(?:or)?d|passphrase|(?:^|_)pwd?(?:_|$)|hash$/i;

function* exposedPassword(gateway: Gateway): Generator<Found> {
  for (const setting of queries) {
    const query = gateway.get(setting);
    for (const { name, identifiers } of selectedColumns(query?.value ?? "")) {
      const secret = identifiers.find((identifier) => secretNames.test(identifier));
      if (query === undefined || secret === undefined || !servedColumns.has(name.toLowerCase().replaceAll("_", "")))
        continue;
      yield {
        subject: gateway.subject,
        message: `${query.name} of ${gateway.subject} serves ${secret} to whoever searches, as ${name}`,
        ...query.place,
        value: ["exposed", secret, name],
        fix: `"${secret}" AS password`,
      };
    }
  }
}

function* withoutTls(gateway: Gateway, project: Project): Generator<Found> {
  const url = gateway.get("sqlUrl");
  const server = url === undefined ? undefined : parseSqlServer(url.value, gateway.get("sqlSsl")?.value);
  if (url === undefined || server === undefined || server.tls === "on") return;
  const reach = reachOf(server.host, gateway.isContainer, project);
  if (reach === "machine" || reach === "internal") return;
  const isMysql = /^(?:mysql|mariadb):/i.test(url.value);
  yield {
    subject: gateway.subject,
    message:
      server.tls === "off"
        ? `${gateway.subject} reads password hashes from ${server.host} without TLS`
        : `${gateway.subject} does not check the certificate of its database ${server.host}`,
    ...url.place,
    ...(reach === "containers" ? { severity: "medium" as const } : {}),
    fix: `Add to ${url.name}: ${isMysql ? "?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/ssl/certs/db-ca.pem" : "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/db-ca.pem"}`,
  };
}
