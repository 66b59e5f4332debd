import { expect, it } from "vitest";
import { sec002 } from "../../../src/rules/secrets/sec002-environment-secret.ts";
import { findingsOf, linesOf } from "../../project.ts";

it("finds secrets that are written out, and those that are filled in, and says what to paste", () => {
  const findings = findingsOf(sec002, {
    "compose.yaml": `services:
  db:
    image: postgres:17
    environment:
      POSTGRES_PASSWORD: kJ8sdf72hGsk2
      POSTGRES_USER: app
  app:
    image: app:1
    environment:
      - API_TOKEN=\${API_TOKEN}
      - SECRET_KEY_BASE
      - DATABASE_URL=postgres://app:kJ8sdf72hGsk2@db/app
`,
    ".env": "API_TOKEN=abcdef\n",
  });
  expect(linesOf(findings)).toEqual([
    "high compose.yaml:5:26 services.db.environment.POSTGRES_PASSWORD: db has the secret POSTGRES_PASSWORD written into its file",
    "high compose.yaml:12:9 services.app.environment.DATABASE_URL: app has the secret DATABASE_URL written into its file",
    "medium compose.yaml:10:9 services.app.environment.API_TOKEN: app gets the secret API_TOKEN by its environment",
    "medium compose.yaml:11:9 services.app.environment.SECRET_KEY_BASE: app gets the secret SECRET_KEY_BASE by its environment",
  ]);
  expect(findings[0]).toMatchObject({
    subject: "db",
    edits: [],
    fix: `services:
  db:
    environment:
      POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password
    secrets:
      - postgres_password
secrets:
  postgres_password:
    file: ./secrets/postgres_password
Remove POSTGRES_PASSWORD, put its value into that file (mode 0600, not in Git), and give it a new one if this was ever shared. Where the image does not read POSTGRES_PASSWORD_FILE, its documentation says how it reads a file.`,
  });
  expect(JSON.stringify(findings)).not.toMatch(/kJ8sdf|abcdef/);
});

it("tells a line that several services take over once", () => {
  const findings = findingsOf(sec002, {
    "compose.yaml": `x-env: &env
  DB_PASSWORD: kJ8sdf72hGsk2
services:
  web:
    image: app:1
    environment: *env
  worker:
    image: app:1
    environment:
      <<: *env
      TZ: UTC
  cron:
    image: app:1
    environment: *env
`,
  });
  expect(findings.map(({ subject, message }) => [subject, message])).toEqual([
    ["web", "web has the secret DB_PASSWORD written into its file, as 2 others do"],
  ]);
});

it("names the variable that Grafana reads a file from", () => {
  const [finding] = findingsOf(sec002, {
    "compose.yaml": `services:
  grafana:
    image: grafana/grafana:11.1.0
    environment:
      GF_SECURITY_ADMIN_PASSWORD: \${GRAFANA_PASSWORD}
`,
    ".env": "GRAFANA_PASSWORD=kJ8sdf72hGsk2\n",
  });
  expect(finding?.fix).toContain("GF_SECURITY_ADMIN_PASSWORD__FILE: /run/secrets/gf_security_admin_password");
});

it("has nothing against files, switches, and names that only sound like it", () => {
  const findings = findingsOf(sec002, {
    "compose.yaml": `services:
  db:
    image: mariadb:11
    environment:
      MARIADB_ROOT_PASSWORD_FILE: /run/secrets/root
      MARIADB_RANDOM_ROOT_PASSWORD: "yes"
      MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "no"
      PASSWORD: /run/secrets/password
      MAX_TOKENS: 4096
      COMPASS: north
      EMPTY_PASSWORD: ""
      URL: http://db:8080/path@x
`,
  });
  expect(findings).toEqual([]);
});
