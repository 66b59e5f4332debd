import { execFileSync } from "node:child_process";
import { requirePrograms } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { readProject } from "../../../src/inputs/read-project.ts";
import { sec003 } from "../../../src/rules/secrets/sec003-weak-secret.ts";
import { weaknessOf } from "../../../src/rules/secrets/weak-secret.ts";
import { findingsOf, folderOf, linesOf } from "../../project.ts";

it("finds well-known, short and repeated values, and values that are used twice, and shows none", () => {
  const findings = findingsOf(sec003, {
    ".env": `DB_PASSWORD=changeme
ADMIN_PASSWORD="Passw0rd"
API_TOKEN=x7Kp2
SESSION_SECRET=abababababab
GRAFANA_PASSWORD=kJ8sdf72hGsk2
MAIL_PASSWORD=kJ8sdf72hGsk2
LDAP_PASSWORD=\${GRAFANA_PASSWORD}
GOOD_SECRET=3f9c1e77a0b24d58
TZ=UTC
`,
  });
  expect(linesOf(findings)).toEqual([
    "critical .env:1:1 DB_PASSWORD: DB_PASSWORD has a value that is well known",
    "critical .env:2:1 ADMIN_PASSWORD: ADMIN_PASSWORD has a value that is well known",
    "high .env:3:1 API_TOKEN: API_TOKEN has a value that is short enough to be tried",
    "high .env:4:1 SESSION_SECRET: SESSION_SECRET has a value of a few characters again and again",
    "high .env:6:1 MAIL_PASSWORD: MAIL_PASSWORD has the value of GRAFANA_PASSWORD",
  ]);
  expect(findings.map(({ subject, edits }) => [subject, edits])).toEqual(findings.map(() => [".env", []]));
  expect(findings[0]?.fix).toBe(
    "Give DB_PASSWORD a value that was generated, here and where it is used:\n    openssl rand -hex 24",
  );
  expect(findings[4]?.fix).toContain(`MAIL_PASSWORD=\${GRAFANA_PASSWORD}`);
  expect(JSON.stringify(findings)).not.toMatch(/changeme|Passw0rd|x7Kp2|abab|kJ8sdf/);
});

it("finds them in services, in what a variable falls back to, and in files of secrets", () => {
  const findings = findingsOf(sec003, {
    "compose.yaml": `services:
  db:
    image: postgres:17
    environment:
      POSTGRES_PASSWORD: postgres
      REPLICATION_PASSWORD: \${REPLICATION_PASSWORD:-replicate}
      BACKUP_PASSWORD: \${BACKUP_PASSWORD:-admin}
      URL: redis://:redis@cache
      GOOD_PASSWORD: kJ8sdf72hGsk2
    secrets: [root]
secrets:
  root:
    file: ./secrets/root
`,
    "secrets/root": "toor\n",
  });
  expect(linesOf(findings)).toEqual([
    "critical compose.yaml:5:26 services.db.environment.POSTGRES_PASSWORD: POSTGRES_PASSWORD has a value that is well known",
    "critical compose.yaml:7:24 services.db.environment.BACKUP_PASSWORD: BACKUP_PASSWORD falls back to a value that is well known",
    "critical compose.yaml:8:12 services.db.environment.URL: URL has a value that is well known",
    "critical secrets/root:1:1 : root has a value that is well known",
  ]);
});

requirePrograms({ git: "git" })("a work tree", () => {
  it("finds what Git tracks, and says that the values have to be new ones", () => {
    const root = folderOf({
      "deploy/.env": "DB_PASSWORD=kJ8sdf72hGsk2\n",
      "deploy/.env.example": "DB_PASSWORD=changeme\n",
      "public.env": "TZ=UTC\n",
      "later/.env": "DB_PASSWORD=Zk2hGsk2kJ8sd\n",
      "tls/server.key": "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
    });
    const git = (...parameters: readonly string[]) => execFileSync("git", ["-C", root, ...parameters]);
    git("init", "-q");
    git("add", "deploy", "public.env");
    const project = readProject({ root, paths: ["deploy", "public.env", "later"], environment: {} });
    const findings = findingsOf(sec003, project);
    expect(findings).toMatchObject([
      {
        severity: "critical",
        subject: "deploy/.env",
        message: "deploy/.env is tracked by Git and holds secrets of an environment",
        location: { file: "deploy/.env", line: 1, column: 1 },
        path: "",
        fix: `git rm --cached -- 'deploy/.env'
echo '/deploy/.env' >> .gitignore
git commit -m 'Secrets are not kept here'
Then give every secret in it a new value: the old ones stay in the history and in every clone.`,
        edits: [],
      },
    ]);
  });
});

it("has nothing against generated values, examples, and the two ends of one connection", () => {
  const findings = findingsOf(
    sec003,
    {
      ".env.example": "DB_PASSWORD=changeme\n",
      "compose.yaml": `services:
  db:
    image: postgres:17
    environment: { POSTGRES_PASSWORD: kJ8sdf72hGsk2 }
  app:
    image: app:1
    environment: { DB_PASSWORD: kJ8sdf72hGsk2, OTHER_PASSWORD: "\${OTHER_PASSWORD:?set it}" }
`,
    },
    { environment: { OTHER_PASSWORD: "3f9c1e77a0b24d58" } },
  );
  expect(findings).toEqual([]);
});

it.each([
  ["change-me-please", "default"],
  ["<your password>", "default"],
  ["your_secret_here", "default"],
  ["xxxxxxxxxx", "default"],
  ["MySecretPassword", "default"],
  ["12345678901", "short"],
  ["87654321", "repetitive"],
  ["aaaabbbbccccdddd", "repetitive"],
  ["correct horse battery staple", undefined],
  ["Tr0ub4dor&3", undefined],
  ["9482710385629174", undefined],
  ["changelog-2024-key-91", undefined],
])("judges %s as %s", (value, weakness) => {
  expect(weaknessOf(value)).toBe(weakness);
});
