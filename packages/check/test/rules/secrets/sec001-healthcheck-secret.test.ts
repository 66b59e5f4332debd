import { expect, it } from "vitest";
import { sec001 } from "../../../src/rules/secrets/sec001-healthcheck-secret.ts";
import { findingsOf, linesOf } from "../../project.ts";

it("finds the password of a list, filled in by compose, and names what needs none", () => {
  const findings = findingsOf(sec001, {
    "compose.yaml": `services:
  ldap:
    image: osixia/openldap:1.5.0
    healthcheck:
      test: ["CMD", "ldapsearch", "-x", "-H", "ldap://localhost:389", "-D", "cn=admin,dc=stack,dc=local", "-w", "\${STACK_ADMIN_PASSWORD}"]
`,
    ".env": "STACK_ADMIN_PASSWORD=kJ8sdf72hGsk2\n",
  });
  expect(findings).toEqual([
    {
      rule: "SEC001",
      title: "healthcheck carries a secret",
      severity: "high",
      subject: "ldap",
      message: "ldap's healthcheck gives ldapsearch a secret (-w), which docker inspect and the process list show",
      location: expect.objectContaining({ file: "compose.yaml", line: 5, column: 113 }),
      path: "services.ldap.healthcheck.test[8]",
      fix: `healthcheck:
  test: ["CMD", "ldapsearch", "-x", "-H", "ldap://127.0.0.1:389", "-b", "", "-s", "base", "namingContexts"]
which reads the root DSE, for which nobody has to bind. A check that must bind does so without a password on the socket,
  test: ["CMD", "ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///"]
or takes it from a file, which has no newline at its end: -y /run/secrets/ldap_password in place of -w`,
      fixability: "none",
      edits: [],
      fingerprint: expect.any(String),
    },
  ]);
});

it.each([
  ["mysqladmin ping -h localhost -u root -p$$MYSQL_ROOT_PASSWORD", "mysqladmin a secret (-p)", '"mysqladmin", "ping"'],
  ["mariadb-admin ping --password=hunter22", "mariadb-admin a secret (--password)", "healthcheck.sh"],
  ["PGPASSWORD=$$POSTGRES_PASSWORD psql -U app -c 'select 1'", "psql a secret (PGPASSWORD)", "pg_isready"],
  [`redis-cli -a \${REDIS_PASSWORD} ping | grep PONG`, "redis-cli a secret (-a)", "REDISCLI_AUTH=$$(cat /run/secrets/"],
  [`curl -sfu admin:\${ADMIN_PASSWORD} http://localhost/health || exit 1`, "curl a secret (-u)", "--config"],
  ["curl -f -H 'Authorization: Bearer abcdef0123' http://localhost/", "curl a secret (a header)", "needs no login"],
  ["curl -f http://admin:hunter22@localhost/", "curl a secret (a URL)", "needs no login"],
  [`wget -q --header="X-Key: \${API_TOKEN}" http://localhost/`, "wget a secret (API_TOKEN)", "needs no login"],
  [`mongosh --quiet -u root -p \${MONGO_PASSWORD} --eval 1`, "mongosh a secret (-p)", "ping: 1"],
  ["sh -c 'mysqladmin ping -proot123'", "mysqladmin a secret (-p)", "without a password"],
  ["my-check --token=abcdef", "my-check a secret (--token)", "in a file that only its user can read"],
])("finds the secret in %s", (test, what, fix) => {
  const findings = findingsOf(sec001, {
    "compose.yaml": `services:\n  a:\n    image: x\n    healthcheck:\n      test: ${JSON.stringify(test)}\n`,
    ".env": "REDIS_PASSWORD=x\nADMIN_PASSWORD=x\nAPI_TOKEN=x\nMONGO_PASSWORD=x\n",
  });
  expect(linesOf(findings)).toEqual([
    `high compose.yaml:5:13 services.a.healthcheck.test: a's healthcheck gives ${what}, which docker inspect and the process list show`,
  ]);
  expect(findings[0]?.fix).toContain(fix);
});

it.each([
  '["CMD", "ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///"]',
  '["CMD", "ldapsearch", "-x", "-H", "ldap://127.0.0.1:389", "-b", "", "-s", "base", "namingContexts"]',
  '["CMD", "ldapsearch", "-x", "-D", "cn=admin", "-y", "/run/secrets/ldap_password"]',
  '["CMD", "mysqladmin", "ping", "-h", "127.0.0.1", "-p"]',
  `["CMD-SHELL", "pg_isready -U $\${POSTGRES_USER} -d \${DB:-app} -p 5433"]`,
  '["CMD-SHELL", "REDISCLI_AUTH=$$(cat /run/secrets/redis_password) redis-cli ping | grep -q PONG"]',
  '["CMD", "psql", "-w", "-U", "app", "-c", "select 1"]',
  '["CMD-SHELL", "[ -n \\"$$PASSWORD\\" ] && curl -fsS -u probe http://127.0.0.1:8080/health"]',
  '["NONE"]',
  "curl -fsS http://localhost:8080/@user/health",
])("has nothing against %s", (test) => {
  const files = { "compose.yaml": `services:\n  a:\n    image: x\n    healthcheck:\n      test: ${test}\n` };
  expect(findingsOf(sec001, files)).toEqual([]);
});
