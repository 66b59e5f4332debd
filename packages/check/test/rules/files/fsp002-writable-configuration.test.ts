import { expect, it } from "vitest";
import { fsp002 } from "../../../src/rules/files/fsp002-writable-configuration.ts";
import { findingsOf, linesOf } from "../../project.ts";

const env = { text: "DB_PASSWORD=kJ8sdf72hGsk2\n", mode: 0o600 };

it("finds what everybody can change, and takes that from them", () => {
  const findings = findingsOf(fsp002, {
    "app.conf": { text: "a = b\n", mode: 0o666 },
    "run.sh": { text: "true\n", mode: 0o777 },
  });
  expect(linesOf(findings)).toEqual([
    "medium app.conf:1:1 : app.conf can be changed by everybody on the machine",
    "medium run.sh:1:1 : run.sh can be changed by everybody on the machine",
  ]);
  expect(findings.map(({ fix, fixability, edits }) => [fix, fixability, edits])).toEqual([
    ["chmod 0664 'app.conf'", "safe", [{ kind: "chmod", file: "app.conf", mode: 0o664 }]],
    ["chmod 0775 'run.sh'", "safe", [{ kind: "chmod", file: "run.sh", mode: 0o775 }]],
  ]);
});

it("finds secrets that are sent to the builder of an image, and leaves them out", () => {
  const findings = findingsOf(fsp002, {
    "compose.yaml": "services:\n  app:\n    build: ./app\n",
    "app/Dockerfile": "FROM scratch\nCOPY . .\n",
    "app/.dockerignore": "node_modules",
    "app/.env": env,
    "app/secrets/token": { text: "abc", mode: 0o600 },
  });
  expect(linesOf(findings)).toEqual([
    "medium compose.yaml:3:12 services.app.build: the build context of app holds secrets: .env, secrets/token",
  ]);
  expect(findings[0]).toMatchObject({
    subject: "app",
    fix: "Add to app/.dockerignore:\n.env\nsecrets/token",
    fixability: "safe",
    edits: [
      { kind: "replace", at: { file: "app/.dockerignore", start: 12, end: 12 }, text: "\n.env\nsecrets/token\n" },
    ],
  });
});

it("leaves it to a person where the Dockerfile copies the file, or there is no .dockerignore", () => {
  const copied = findingsOf(fsp002, {
    "compose.yaml": "services:\n  app:\n    build: { context: . }\n",
    Dockerfile: "FROM scratch\nCOPY .env /app/\n",
    ".dockerignore": "node_modules\n",
    ".env": env,
  });
  expect(copied.map(({ fix, edits }) => [fix, edits])).toEqual([
    [
      "Do not copy .env: mount it while building (RUN --mount=type=secret) or while running (secrets: of compose).\nAdd to .dockerignore:\n.env",
      [],
    ],
  ]);
  const without = findingsOf(fsp002, { "compose.yaml": "services:\n  app:\n    build: .\n", ".env": env });
  expect(without.map(({ fix, edits }) => [fix, edits])).toEqual([["Add to .dockerignore:\n.env", []]]);
});

it("has nothing against what is left out, by the file of the Dockerfile too, or is outside of the context", () => {
  const findings = findingsOf(fsp002, {
    "compose.yaml":
      "services:\n  a:\n    build: ./a\n  b:\n    build: { context: ./b, dockerfile: prod.Dockerfile }\n  c:\n    build: https://example.com/c.git\n",
    "a/.dockerignore": "*\n!src\n",
    "a/.env": env,
    "b/prod.Dockerfile": "FROM scratch\n",
    "b/prod.Dockerfile.dockerignore": "**/.env\n",
    "b/deep/.env": env,
    ".env": env,
  });
  expect(findings).toEqual([]);
});
