import { cpSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { forEachDatabase } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { eventMigrations, type MigrationSet, openStore, StoreError, sql } from "../../src/index.ts";
import { startChild } from "../child.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { createEventLog, openTestStore, silent } from "./databases.ts";

/** A package's migrations, the same text for both databases. */
function migrationSet(name: string, files: Readonly<Record<string, string>>): MigrationSet {
  const directory = temporaryDirectory();
  for (const database of ["sqlite", "postgres"]) {
    mkdirSync(join(directory, database));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, database, file), text);
  }
  return { name, folder: new URL(`${pathToFileURL(directory)}/`) };
}

/** The tables of events as the first version made them. */
function firstEventMigrations(): MigrationSet {
  const directory = temporaryDirectory();
  for (const database of ["sqlite", "postgres"]) {
    const file = `${database}/0001-events.sql`;
    cpSync(new URL(file, eventMigrations.folder), join(directory, file));
  }
  return { name: eventMigrations.name, folder: new URL(`${pathToFileURL(directory)}/`) };
}

const letters = { "0001-letters.sql": "CREATE TABLE letters (letter text); INSERT INTO letters VALUES ('a');" };
const secondLetter = { ...letters, "0002-more-letters.sql": "INSERT INTO letters VALUES ('b');" };

async function failureOf(opening: Promise<unknown>): Promise<StoreError> {
  const failure = await opening.catch((error: unknown) => error);
  if (failure instanceof StoreError) return failure;
  throw new Error("it did not fail", { cause: failure });
}

forEachDatabase((databases) => {
  describe("migrations", () => {
    it("are applied once by twenty processes that start at the same time", async () => {
      const url = await databases.create();
      const children = Array.from({ length: 20 }, () => startChild(new URL("./opener.ts", import.meta.url), [url]));
      expect(await Promise.all(children.map(({ ended }) => ended))).toEqual(Array(20).fill(0));
      const applied = children.flatMap(({ lines }) => JSON.parse(lines[0] ?? "null") as string[]);
      expect(applied).toEqual([
        "applied migration service/0001-events",
        "applied migration service/0002-dedupe-without-reference",
      ]);
    }, 120_000);

    it("keep what a store of the first version knows, and a node of it that runs goes on", async () => {
      const url = await databases.create();
      const event = { type: "a.b", severity: "info", subject: "s", source: "test" } as const;
      const older = createEventLog(await openTestStore(url, { migrations: [firstEventMigrations()] }));
      const first = await older.append({ ...event, dedupeKey: "first" });
      const log = createEventLog(await openTestStore(url));
      expect((await log.append({ ...event, dedupeKey: "first" })).id).toBe(first.id);
      const second = await older.append({ ...event, dedupeKey: "second" });
      expect((await log.append({ ...event, dedupeKey: "second" })).id).toBe(second.id);
    });

    it("of another package are applied beside them, the missing ones at the next start", async () => {
      const url = await databases.create();
      await (await openStore({ url, migrations: [eventMigrations], logger: silent })).close();
      await openTestStore(url, { migrations: [eventMigrations, migrationSet("letters", letters)] });
      const store = await openTestStore(url, { migrations: [migrationSet("letters", secondLetter)] });
      expect(await store.all(sql`SELECT letter FROM letters ORDER BY letter`)).toEqual([
        { letter: "a" },
        { letter: "b" },
      ]);
    });

    it("refuse a store that a newer version has written", async () => {
      const url = await databases.create();
      await openTestStore(url, { migrations: [migrationSet("letters", secondLetter)] });
      const older = openStore({ url, migrations: [migrationSet("letters", letters)], logger: silent });
      expect((await failureOf(older)).code).toBe("ERR_STORE_SCHEMA");
      expect((await failureOf(older)).message).toMatch(
        /was written by a newer version of Espalier: its tables of letters are at number 2 \(more-letters\), this version knows 1\. Run the newer version, or restore/,
      );
    });

    it("refuse a store whose migrations are others of the same number", async () => {
      const url = await databases.create();
      await openTestStore(url, { migrations: [migrationSet("letters", letters)] });
      const other = migrationSet("letters", { "0001-digits.sql": "CREATE TABLE digits (digit text);" });
      const failure = await failureOf(openStore({ url, migrations: [other], logger: silent }));
      expect(failure.message).toContain("has had letters/1 (letters) applied, which this version does not have");
    });

    it("leave everything as it was when one of them fails", async () => {
      const url = await databases.create();
      const broken = migrationSet("letters", {
        ...letters,
        "0002-wrong.sql": "CREATE TABLE more (x text); SELECT nothing FROM nowhere;",
      });
      const failure = await failureOf(openStore({ url, migrations: [broken], logger: silent }));
      expect(failure).toMatchObject({
        code: "ERR_STORE_SCHEMA",
        message: expect.stringMatching(
          /^migration letters\/0002-wrong could not be applied, nothing was: The store refused/,
        ),
      });
      const store = await openTestStore(url, { migrations: [migrationSet("letters", secondLetter)] });
      expect(await store.all(sql`SELECT letter FROM letters ORDER BY letter`)).toEqual([
        { letter: "a" },
        { letter: "b" },
      ]);
    });

    it("must be numbered from 1 on, without a gap", async () => {
      const url = await databases.create();
      const gap = migrationSet("letters", { ...letters, "0003-late.sql": "" });
      await expect(openStore({ url, migrations: [gap], logger: silent })).rejects.toThrow(
        `letters/${databases.kind}/0003-late.sql should be number 2, as in 0001-name.sql`,
      );
    });

    it("are not applied by a command that only looks, which says what to do", async () => {
      const url = await databases.create();
      if (databases.kind === "sqlite") {
        const nothing = await failureOf(
          openStore({ url, migrations: [eventMigrations], logger: silent, asItIs: true }),
        );
        expect(nothing.message).toBe(`There is no store at ${url.slice("sqlite:".length)}.`);
        writeFileSync(url.slice("sqlite:".length), "");
      }
      const empty = await failureOf(openStore({ url, migrations: [eventMigrations], logger: silent, asItIs: true }));
      expect(empty.message).toMatch(/holds no tables yet, so start the services once/);
      await openTestStore(url);
      const files = { "0001-events.sql": "", "0002-dedupe-without-reference.sql": "", "0003-more.sql": "" };
      const more = migrationSet("service", files);
      const older = await failureOf(openStore({ url, migrations: [more], logger: silent, asItIs: true }));
      expect(older.message).toMatch(/lacks migration service\/0003-more: start the services once with this version\.$/);
      await openTestStore(url, { asItIs: true });
    });
  });
});

describe("the SQLite file", () => {
  it("and those beside it can be read by their owner alone", async () => {
    const path = join(temporaryDirectory(), "new", "espalier.db");
    const store = await openTestStore(`sqlite:${path}`);
    await store.write((transaction) => transaction.run(sql`DELETE FROM events`));
    const modes = [path, `${path}-wal`, `${path}-shm`].map((file) => (statSync(file).mode & 0o777).toString(8));
    expect(modes).toEqual(["600", "600", "600"]);
  });

  it("is closed to others when it was open to them", async () => {
    const path = join(temporaryDirectory(), "espalier.db");
    writeFileSync(path, "", { mode: 0o644 });
    await openTestStore(`sqlite:${path}`);
    expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
  });

  it("that is none is refused with a sentence", async () => {
    const path = join(temporaryDirectory(), "espalier.db");
    writeFileSync(path, "This is a letter to my grandmother. ".repeat(100));
    const failure = await failureOf(
      openStore({ url: `sqlite:${path}`, migrations: [eventMigrations], logger: silent }),
    );
    expect(failure.code).toBe("ERR_STORE_UNAVAILABLE");
    expect(failure.message).toContain(`The store ${path} is not an SQLite database`);
  });
});
