import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Secret } from "@espalier/service";
import { expect, it, onTestFinished } from "vitest";
import { type BundleSources, gatherBundle, writeBundle } from "../../src/support-bundle/index.ts";

const planted = ["s3cret-of-sql", "s3cret-of-bind", "s3cret/of:file", "s3cret-of-variable"] as const;
const [ofSql, ofBind, ofFile, ofVariable] = planted;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "espalier-bundle-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A process whose answers have every secret in them, as a bug could make them. */
async function leakingReports(): Promise<string> {
  const server = createServer((request, response) =>
    response.end(`${request.url} ${planted.join(" ")} ${encodeURIComponent(ofFile)}`),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function sources(more: Partial<BundleSources> = {}): Promise<BundleSources> {
  const logFile = join(folder(), "log");
  const lines = [
    ...planted.map((secret) =>
      JSON.stringify({
        level: 50,
        msg: `it was ${secret}`,
        nested: { base64: Buffer.from(secret).toString("base64") },
      }),
    ),
    "plain password=s3cret-unknown postgres://ann:s3cret-unknown@db/x",
  ];
  writeFileSync(logFile, lines.join("\n"));
  return {
    configuration: {
      values: {
        gateway: { base: "dc=example,dc=com", sql: { url: new Secret(`postgres://ann:${ofSql}@db/people`) } },
        clusters: [{ name: "people", bind_password: new Secret(ofBind) }],
        proxy: { identity: { password: "s3cret-raw" } },
      },
    },
    variables: { SQL_PASSWORD: ofVariable, LDAP_BASE_DN: "dc=example,dc=com", EMPTY_TOKEN: "" },
    secrets: [ofFile],
    version: "1.2.3",
    reports: await leakingReports(),
    logFile,
    countEvents: async () => ({ "bind.refused": 3, [ofSql]: 1 }),
    check: async () => ({ findings: [{ rule: "SEC003", message: `weak: ${ofBind}` }] }),
    now: Date.UTC(2026, 0, 15),
    ...more,
  };
}

it("holds what helps, and none of the secrets that were planted everywhere", async () => {
  const files = await gatherBundle(await sources());
  expect(files.map(({ name }) => name)).toEqual([
    ...["versions.json", "system.json", "configuration.json", "variables.txt", "health.json", "metrics.txt"],
    ...["events.json", "check.json", "log.txt"],
  ]);
  const all = files.map(({ text }) => text).join("\n");
  for (const secret of planted) {
    for (const spelling of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
      expect(all).not.toContain(spelling);
    }
  }
  expect(all).not.toContain("s3cret-");
  const configuration = files.find(({ name }) => name === "configuration.json")!;
  expect(JSON.parse(configuration.text)).toEqual({
    gateway: { base: "dc=example,dc=com", sql: { url: "[secret]" } },
    clusters: [{ name: "people", bind_password: "[secret]" }],
    proxy: { identity: { password: "[secret]" } },
  });
  expect(files.find(({ name }) => name === "variables.txt")!.text).toBe("LDAP_BASE_DN\nSQL_PASSWORD\n");
  expect(files.find(({ name }) => name === "versions.json")!.text).toContain('"espalier": "1.2.3"');
});

it("says what could not be had in the place of it", async () => {
  const nothing = () => Promise.reject(new Error("the configuration has no store"));
  const files = await gatherBundle(
    await sources({
      ...{ reports: "http://127.0.0.1:1", logFile: "/nothing", countEvents: nothing },
      configuration: {
        problems: ["gateway.bse is not a key that exists"],
        text: "gateway: {bse: x, sql: {url: 'postgres://ann:s3cret-2@db/x'}}\napiKeys: [s3cret-3]\n",
      },
    }),
  );
  const texts = Object.fromEntries(files.map(({ name, text }) => [name, text]));
  expect(texts["health.json"]).toMatch(/^This could not be had: fetch failed/);
  expect(texts["events.json"]).toBe("This could not be had: the configuration has no store.\n");
  expect(texts["log.txt"]).toMatch(/^This could not be had: ENOENT/);
  expect(JSON.parse(texts["configuration.json"]!)).toEqual({
    problems: ["gateway.bse is not a key that exists"],
    file: { gateway: { bse: "x", sql: { url: "[secret]" } }, apiKeys: "[secret]" },
  });
});

it("knows the secrets of a configuration that cannot be used, and takes them out of the log", async () => {
  const text =
    "gateway: {}\nclusters:\n  - { bind_password: s3cret-of-cluster }\nnotify: { sources: { door: { secrets: [{ value: s3cret-of-door }] } } }\n";
  const logFile = join(folder(), "log");
  writeFileSync(logFile, "bound with s3cret-of-cluster, called with s3cret-of-door\n");
  const files = await gatherBundle(await sources({ logFile, configuration: { problems: [], text } }));
  expect(files.at(-1)!.text).toBe("bound with [secret], called with [secret]\n");
  const broken = await gatherBundle(await sources({ configuration: { problems: ["not YAML"], text: "a: [s3cret-x" } }));
  expect(JSON.parse(broken.find(({ name }) => name === "configuration.json")!.text)).toEqual({
    problems: ["not YAML"],
  });
});

it("is written for its owner alone, over nothing that is there", async () => {
  const path = join(folder(), "bundle.tar.gz");
  const files = [{ name: "a.txt", description: "", text: "what helps" }];
  await writeBundle(path, files, Date.UTC(2026, 0, 15));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const archive = gunzipSync(readFileSync(path)).toString("latin1");
  expect(archive).toContain("espalier-support/a.txt");
  expect(archive).toContain("what helps");
  await expect(writeBundle(path, files, 0)).rejects.toThrow("EEXIST");
});

it("takes of a long log its last lines, whole ones", async () => {
  const logFile = join(folder(), "log");
  const line = `${"x".repeat(99)}\n`;
  writeFileSync(logFile, `first\n${line.repeat(10_000)}last\n`);
  const files = await gatherBundle(await sources({ logFile }));
  const { text } = files.at(-1)!;
  expect(text.length).toBeLessThanOrEqual(512 * 1024);
  expect(text.startsWith(line)).toBe(true);
  expect(text.endsWith("last\n")).toBe(true);
});
