import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lockFolder } from "../../src/backup/index.ts";
import { databaseSource, type TestBackups, testBackups } from "./backups.ts";

/** A store of some rows, and a file. */
function sourcesIn({ root }: TestBackups) {
  const path = join(root, "store.db");
  const database = new DatabaseSync(path);
  database.exec(
    `
    PRAGMA journal_mode = WAL;
    CREATE TABLE events (id INTEGER PRIMARY KEY, data BLOB, time REAL);
    INSERT INTO events VALUES (1, x'00ff', 1.5), (2, 'text', NULL), (9007199254740993, NULL, 0);
    CREATE TABLE "odd ""name" (a, b) STRICT;
  `.replace(" STRICT", ""),
  );
  database.close();
  const file = join(root, "espalier.yaml");
  writeFileSync(file, "gateway: {}\n", { mode: 0o640 });
  return [
    { kind: "files", name: "configuration", paths: [file] } as const,
    databaseSource("store", `sqlite:${path}`),
  ] as const;
}

describe("a backup", () => {
  it("has a manifest of what it holds and where that came from", async () => {
    const backups = await testBackups();
    const { name, path, manifest } = await backups.create(...sourcesIn(backups));
    expect({ name, manifest }).toEqual({
      name: "2026-01-15T020000Z",
      manifest: {
        format: "espalier-backup-1",
        backup: "2026-01-15T020000Z",
        time: "2026-01-15T02:00:00.000Z",
        version: "1.2.3",
        host: "box",
        parts: [
          {
            ...{
              name: "configuration",
              kind: "files",
              file: "configuration.tar.gz.age",
              plainBytes: 2_048,
              warnings: [],
            },
            source: join(backups.root, "espalier.yaml"),
          },
          {
            ...{
              name: "store",
              kind: "sqlite",
              file: "store.sqlite.gz.age",
              plainBytes: expect.any(Number),
              warnings: [],
            },
            source: join(backups.root, "store.db"),
          },
        ],
        files: ["key.age", "configuration.tar.gz.age", "store.sqlite.gz.age", "contents.json.gz.age"].map((file) => ({
          name: file,
          bytes: statSync(join(path, file)).size,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        })),
      },
    });
    expect(readdirSync(path).sort()).toEqual(
      [
        "configuration.tar.gz.age",
        "contents.json.gz.age",
        "key.age",
        "manifest.json",
        "receipt.json",
        "store.sqlite.gz.age",
      ].sort(),
    );
    expect(readdirSync(path).map((file) => statSync(join(path, file)).mode & 0o777)).toEqual(Array(6).fill(0o600));
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it("passes its verification, which counts what is in it", async () => {
    const backups = await testBackups();
    const { path } = await backups.create(...sourcesIn(backups));
    const { isPassed, damages, parts } = await backups.verify(path);
    expect({ isPassed, damages, parts }).toEqual({
      isPassed: true,
      damages: [],
      parts: [
        { name: "configuration", problems: [], count: 1 },
        { name: "store", problems: [], count: 3 },
      ],
    });
  });

  it("fails its verification when a bit is another, in any file, at any place, and the file is named", async () => {
    const backups = await testBackups();
    const { path } = await backups.create(...sourcesIn(backups));
    const files = readdirSync(path);
    const place = fc.tuple(
      fc.constantFrom(...files),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat(7),
    );
    await fc.assert(
      fc.asyncProperty(place, async ([file, share, bit]) => {
        const bytes = readFileSync(join(path, file));
        const changed = Buffer.from(bytes);
        changed[Math.floor(share * changed.length)]! ^= 1 << bit;
        writeFileSync(join(path, file), changed);
        const { isPassed, damages } = await backups.verify(path);
        writeFileSync(join(path, file), bytes);
        expect({ isPassed, files: damages.map((each) => each.file) }).toEqual({ isPassed: false, files: [file] });
      }),
      { numRuns: 150 },
    );
    expect((await backups.verify(path)).isPassed).toBe(true);
  });

  it.each(["store.sqlite.gz.age", "key.age", "manifest.json", "receipt.json", "contents.json.gz.age"])(
    "fails its verification without %s, and says so",
    async (file) => {
      const backups = await testBackups();
      const { path } = await backups.create(...sourcesIn(backups));
      rmSync(join(path, file));
      const { isPassed, damages } = await backups.verify(path);
      expect({ isPassed, said: damages.map(({ message }) => message) }).toEqual({
        isPassed: false,
        said: [`${file} is missing.`],
      });
    },
  );

  it("fails its verification with a file that is cut off, or one too many", async () => {
    const backups = await testBackups();
    const { path } = await backups.create(...sourcesIn(backups));
    const file = join(path, "store.sqlite.gz.age");
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, 100));
    writeFileSync(join(path, "more"), "");
    expect((await backups.verify(path)).damages.map(({ message }) => message)).toEqual([
      "more does not belong to the backup.",
      `store.sqlite.gz.age is damaged: it has 100 bytes in place of ${bytes.length}.`,
    ]);
  });

  it("of another folder is not believed, although it is whole", async () => {
    const [one, other] = [await testBackups(), await testBackups()];
    const { path, name } = await one.create(...sourcesIn(one));
    await other.create(...sourcesIn(other));
    rmSync(join(other.config.directory, name), { recursive: true });
    renameSync(path, join(other.config.directory, name));
    const { isPassed, damages } = await other.verify(join(other.config.directory, name));
    expect({ isPassed, said: damages.map(({ message }) => message) }).toEqual({
      isPassed: false,
      said: ["receipt.json is damaged: another key signed it than the one that is known here."],
    });
  });
});

describe("making a backup", () => {
  it("removes what an interrupted one left, and what newer ones make superfluous", async () => {
    const backups = await testBackups({ keep: { daily: 2, weekly: 0, monthly: 0 } } as never);
    const sources = sourcesIn(backups);
    const names: string[] = [];
    for (const day of [13, 14]) {
      backups.now = Date.UTC(2026, 0, day, 2);
      names.push((await backups.create(...sources)).name);
    }
    mkdirSync(join(backups.config.directory, "2026-01-14T030000Z.partial"));
    mkdirSync(join(backups.config.directory, "2025-12-14T030000Z.removed"));
    backups.now = Date.UTC(2026, 0, 15, 2);
    const { leftovers, expired, name } = await backups.create(...sources);
    expect({ leftovers, expired }).toEqual({
      leftovers: ["2025-12-14T030000Z.removed", "2026-01-14T030000Z.partial"],
      expired: [names[0]],
    });
    expect(readdirSync(backups.config.directory).filter((each) => each.startsWith("20"))).toEqual([names[1], name]);
  });

  it("gives two of one second two names", async () => {
    const backups = await testBackups();
    const sources = sourcesIn(backups);
    const names = [await backups.create(...sources), await backups.create(...sources)].map(({ name }) => name);
    expect(names).toEqual(["2026-01-15T020000Z", "2026-01-15T020000Z-2"]);
    expect(await backups.folder.backups()).toEqual(names);
  });

  it("leaves nothing when a database is not there, and says which", async () => {
    const backups = await testBackups();
    const path = join(backups.root, "nothing.db");
    await expect(backups.create(databaseSource("store", `sqlite:${path}`))).rejects.toThrow(
      `The database ${path} cannot be read (ENOENT).`,
    );
    expect(readdirSync(backups.config.directory).filter((each) => each.startsWith("20"))).toEqual([]);
  });

  it("is refused while another run is at work, and when there is nothing to back up", async () => {
    const backups = await testBackups();
    const sources = sourcesIn(backups);
    await backups.create(...sources);
    {
      using _ = lockFolder(backups.config.directory);
      await expect(backups.create(...sources)).rejects.toThrow(
        `Another run is at work in ${backups.config.directory}: wait until it has ended.`,
      );
    }
    await backups.create(...sources);
    await expect(backups.create()).rejects.toThrow(
      "There is nothing to back up: the configuration names no database, directory or file.",
    );
  });

  it("is refused when the key that signs is gone, exchanged, or readable by others", async () => {
    const backups = await testBackups();
    const sources = sourcesIn(backups);
    await backups.create(...sources);
    const { privateKey, publicKey } = backups.folder.keyFiles;
    expect(statSync(privateKey).mode & 0o777).toBe(0o600);
    const pem = readFileSync(privateKey, "utf8");
    writeFileSync(privateKey, pem, { mode: 0o600 });
    rmSync(privateKey);
    await expect(backups.create(...sources)).rejects.toThrow(`The signing key ${privateKey} is gone: put it back`);
    const other = await testBackups();
    await other.create(...sourcesIn(other));
    writeFileSync(privateKey, readFileSync(other.folder.keyFiles.privateKey), { mode: 0o600 });
    await expect(backups.create(...sources)).rejects.toThrow(
      `${privateKey} and ${publicKey} are not the two halves of one key`,
    );
    rmSync(privateKey);
    writeFileSync(privateKey, pem, { mode: 0o644 });
    await expect(backups.create(...sources)).rejects.toThrow(`${privateKey} can be read by others`);
  });

  it("copies a store of one moment while others write to it", async () => {
    const backups = await testBackups();
    const path = join(backups.root, "busy.db");
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE pairs (number INTEGER, same INTEGER)");
    const filler = database.prepare("INSERT INTO pairs VALUES (?, ?)");
    database.exec("BEGIN");
    for (let number = 0; number < 50_000; number += 1) filler.run(number, number);
    database.exec("COMMIT");
    database.close();
    // Every transaction keeps the two columns the same in all rows.
    const writer = new Worker(
      `const { DatabaseSync } = require("node:sqlite"); const { workerData, parentPort } = require("node:worker_threads");
       const database = new DatabaseSync(workerData, { timeout: 5000 });
       let isEnded = false; let writes = 0;
       parentPort.once("message", () => { isEnded = true; });
       const step = () => { database.exec("UPDATE pairs SET number = number + 1, same = same + 1 WHERE rowid % 50 = " + writes % 50);
         writes += 1; if (writes === 1) parentPort.postMessage("writing"); if (isEnded) { database.close(); parentPort.postMessage(writes); } else setImmediate(step); };
       step();`,
      { eval: true, workerData: path },
    );
    await new Promise((resolve) => writer.once("message", resolve));
    const { path: backup, manifest } = await backups.create(databaseSource("store", `sqlite:${path}`));
    const writes = new Promise<number>((resolve) => writer.once("message", resolve));
    writer.postMessage("end");
    expect(await writes).toBeGreaterThan(1);
    await writer.terminate();
    const unlocked = await backups.unlock(backup);
    const copy = join(backups.root, "copy.db");
    const chunks: Uint8Array[] = [];
    for await (const chunk of unlocked.content(manifest.parts[0]!)) chunks.push(chunk);
    writeFileSync(copy, Buffer.concat(chunks));
    const copied = new DatabaseSync(copy);
    expect(copied.prepare("SELECT count(*) AS rows, sum(number <> same) AS torn FROM pairs").get()).toEqual({
      rows: 50_000,
      torn: 0,
    });
    copied.close();
    expect(existsSync(`${copy}-wal`)).toBe(false);
  });
});
