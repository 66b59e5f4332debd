import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createLog, EventLog, eventMigrations, openStore } from "@espalier/service";
import { describe, expect, it, onTestFinished } from "vitest";
import { espalier } from "./command.ts";

const usable = `gateway:
  base: dc=example,dc=com
  sql:
    url: "postgres://ann:planted-in-url@db/people"
    queries: { allUsers: a, oneUser: "?", allGroups: b, groupsByMember: "?" }
clusters:
  - { name: people, host: ldap1.example.com, bind_dn: "cn=admin,dc=example,dc=com", bind_password: planted-in-cluster }
  - { name: other, host: ldap2.example.com, bind_dn: "cn=admin,dc=example,dc=com", bind_password: "\${OTHER_PASSWORD}" }
store: { url: "sqlite:store.db" }
metrics: { listen: "127.0.0.1:1" }
`;
const unusable = `${usable}notify: { apiKeys: [planted-in-notify], sources: { door: { secrets: [planted-in-source] } }, unknown: 1 }\n`;

const environment = {
  SQL_PASSWORD: "planted-in-variable",
  OTHER_PASSWORD_FILE: "other-password",
  OTHER_TOKEN: "planted-in-token",
};

function place(text = usable): string {
  const folder = mkdtempSync(join(tmpdir(), "espalier-support-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "espalier.yaml"), text);
  writeFileSync(join(folder, "other-password"), "planted-in-file\n");
  const log = ["planted-in-url", "planted-in-cluster", "planted-in-variable", "planted-in-token", "planted-in-file"];
  writeFileSync(
    join(folder, "log"),
    `${log.map((secret) => JSON.stringify({ msg: `it was ${secret}` })).join("\n")}\npassword=planted-in-log\n`,
  );
  return folder;
}

describe("espalier support-bundle", () => {
  it("counts the events of the store by their type", async () => {
    const folder = place();
    const logger = createLog({ destination: () => undefined }).logger("test");
    const store = await openStore({ url: `sqlite:${join(folder, "store.db")}`, migrations: [eventMigrations], logger });
    const log = new EventLog({ store, logger, dedupeWindowMs: 1_000 });
    for (const type of ["bind.refused", "backend.down", "bind.refused"]) {
      await log.append({ type, severity: "high", subject: "ldap1", source: "proxy", time: 0 });
    }
    await log.close();
    await store.close();
    espalier(["support-bundle", "--yes", "--output", "b.tar.gz"], environment, folder);
    const bundle = gunzipSync(readFileSync(join(folder, "b.tar.gz"))).toString("utf8");
    expect(bundle).toContain('{\n  "backend.down": 1,\n  "bind.refused": 2\n}\n');
  });

  it("says what it is to hold and writes nothing where nobody says yes", () => {
    const folder = place();
    const { exitCode, stdout, stderr } = espalier(["support-bundle", "--output", "b.tar.gz"], environment, folder);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(
      /b\.tar\.gz is to hold:\n {2}versions\.json \(\d+ B\): versions of Espalier and Node, the system\n/,
    );
    expect(stderr).toContain("Nothing was written. To write it without being asked, say --yes.\n");
    expect(existsSync(join(folder, "b.tar.gz"))).toBe(false);
  });

  it.each([
    ["can", usable],
    ["cannot", unusable],
  ])(
    "writes it for its owner alone, without any of the planted secrets, where the configuration %s be used",
    (can, text) => {
      const folder = place(text);
      const parameters = ["support-bundle", "--yes", "--log", "log", "--output", "b.tar.gz"];
      const written = espalier(parameters, environment, folder);
      expect(written).toMatchObject({ exitCode: 0, stdout: `${join(folder, "b.tar.gz")}\n` });
      const path = join(folder, "b.tar.gz");
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const bundle = gunzipSync(readFileSync(path)).toString("utf8");
      expect(bundle).toContain('"base": "dc=example,dc=com"');
      expect(bundle).toContain('"bind_password": "[secret]"');
      expect(bundle).toContain("OTHER_PASSWORD_FILE\nOTHER_TOKEN\nSQL_PASSWORD\n");
      expect(bundle.includes("is not a key that exists")).toBe(can === "cannot");
      expect(`${bundle}${written.stderr}`).not.toContain("planted-in");
      expect(espalier(parameters, environment, folder)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(`${path} was not written: it is there already.`),
      });
    },
  );
});
