import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listBackups, observeBackups, openSigningKey, proofOf } from "../../src/backup/index.ts";
import { type TestBackups, testBackups } from "./backups.ts";

async function backedUp(): Promise<TestBackups> {
  const backups = await testBackups();
  const file = join(backups.root, "espalier.yaml");
  writeFileSync(file, "gateway: {}\n");
  await backups.create({ kind: "files", name: "configuration", paths: [file] });
  return backups;
}

async function prove(backups: TestBackups, kind: "verify" | "drill", isPassed: boolean, now: number): Promise<string> {
  const { backup } = await backups.unlock(await backups.folder.find("latest"));
  const key = await openSigningKey(backups.folder.keyFiles);
  return backups.folder.writeReceipt(proofOf({ kind, backup, isPassed, parts: [], now, host: "box" }), key);
}

const created = Date.UTC(2026, 0, 15, 2);

describe("the list of backups", () => {
  it("tells of each what it holds and when it was proven, and what is none", async () => {
    const backups = await backedUp();
    await prove(backups, "drill", true, created + 1_000);
    await prove(backups, "drill", false, created + 3_000);
    await prove(backups, "verify", true, created + 2_000);
    mkdirSync(join(backups.config.directory, "2026-01-16T020000Z.partial"));
    expect(await listBackups(backups.config)).toEqual({
      backups: [
        {
          ...{
            name: "2026-01-15T020000Z",
            time: created,
            bytes: expect.any(Number),
            parts: ["configuration"],
            warnings: [],
          },
          verified: { time: created + 2_000, isPassed: true },
          drilled: { time: created + 3_000, isPassed: false },
        },
      ],
      leftovers: ["2026-01-16T020000Z.partial"],
      problems: [],
    });
  });

  it("counts no receipt that was changed, and names it", async () => {
    const backups = await backedUp();
    const path = await prove(backups, "drill", false, created + 1_000);
    writeFileSync(path, readFileSync(path, "utf8").replace('"isPassed": false', '"isPassed": true'));
    const {
      backups: [backup],
      problems,
    } = await listBackups(backups.config);
    expect(backup).not.toHaveProperty("drilled");
    expect(problems).toEqual([`${path}: its signature is wrong`]);
  });

  it("is empty where there is no folder", async () => {
    const { root } = await testBackups();
    expect(await listBackups({ directory: join(root, "nothing"), signingKeyFile: undefined })).toEqual({
      ...{ backups: [], leftovers: [], problems: [] },
    });
  });
});

describe("what rules are told of backups", () => {
  it("is every receipt that can be believed, how old they may be, and whether all is on one disk", async () => {
    const backups = await backedUp();
    await prove(backups, "drill", true, created + 1_000);
    const { directory } = backups.config;
    expect(await observeBackups(backups.config, [join(backups.root, "store.db")])).toEqual({
      documents: {
        target: directory,
        receipts: [
          { kind: "create", backup: "2026-01-15T020000Z", time: created, isPassed: true, parts: ["configuration"] },
          { kind: "drill", backup: "2026-01-15T020000Z", time: created + 1_000, isPassed: true, parts: [] },
        ],
        isOnSameDisk: true,
        maxAgeMs: 2 * 86_400_000,
        drillMaxAgeMs: 35 * 86_400_000,
      },
      unreadable: [],
    });
    const elsewhere = { ...backups.config, targets: [{ kind: "directory" as const, path: "/nas" }] };
    expect((await observeBackups(elsewhere, [backups.root])).documents.isOnSameDisk).toBe(false);
    expect((await observeBackups(backups.config, ["/proc"])).documents.isOnSameDisk).toBe(false);
  });

  it("says which receipts cannot be believed", async () => {
    const backups = await backedUp();
    const file = join(backups.folder.receipts, "2026-01-15T020000Z-drill-other.json");
    writeFileSync(file, "{}");
    const { documents, unreadable } = await observeBackups(backups.config);
    expect(documents.receipts).toHaveLength(1);
    expect(unreadable).toEqual([
      { subject: backups.config.directory, message: `${file}: it is not a signed document` },
    ]);
    expect(readdirSync(backups.folder.receipts).sort()).toEqual([
      "2026-01-15T020000Z-drill-other.json",
      "public-key.pem",
    ]);
  });
});
