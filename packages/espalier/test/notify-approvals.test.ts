/** `espalier notify approvals unlock` over a store that the service has written. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { notifyStoreMigrations } from "@espalier/notify";
import { createLog, eventMigrations, openStore, sql } from "@espalier/service";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Ended, espalier } from "./command.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-approvals-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("unlocks a user who was locked, once, whatever the letters, and notes who did", async () => {
  const url = `sqlite:${join(folder, "espalier.db")}`;
  const logger = createLog({ destination: () => undefined }).logger("test");
  const store = await openStore({ url, migrations: [eventMigrations, ...notifyStoreMigrations], logger });
  try {
    await store.write((transaction) =>
      transaction.run(
        sql`INSERT INTO approval_users (user_key, realm, locked_until, lock_reason)
          VALUES ('alice', 'dc=example,dc=com', ${Date.now() + 60_000}, 'not me')`,
      ),
    );
    const unlock = (): Ended => espalier(["notify", "approvals", "unlock", "Alice"], { STORE_URL: url }, folder);
    expect(unlock()).toEqual({
      exitCode: 0,
      stdout: "Alice is asked again. Make sure that nobody else has the password any more.\n",
      stderr: "",
    });
    expect(unlock()).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: "Alice is not locked: logins of theirs are asked about, if not too often.\n",
    });
    const events = await store.all(sql`SELECT type, subject, source FROM events`);
    expect(events).toEqual([{ type: "approval.unlocked", subject: "Alice", source: "notify" }]);
  } finally {
    await store.close();
  }
});
