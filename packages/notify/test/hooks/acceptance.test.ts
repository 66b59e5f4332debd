import { sql } from "@espalier/service";
import { forEachDatabase } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { Acceptance } from "../../src/hooks/acceptance.ts";
import { openHookStore } from "./hook-store.ts";

forEachDatabase((databases) => {
  it("what was in a digest is told apart from what is so no longer, also when they are stored together", async () => {
    const { store, log, now } = await openHookStore(databases);
    for (const [key, until] of [["kept", now + 60_000] as const, ["ended", now + 500] as const]) {
      await store.write((transaction) =>
        transaction.run(sql`INSERT INTO hook_gathered (key, digest_id, until) VALUES (${key}, 'a digest', ${until})`),
      );
    }
    const acceptance = new Acceptance(store, log);
    const event = { type: "hook.received", severity: "info", subject: "s", source: "hooks/generic" } as const;
    // The first asks for what holds at its time, for all of them: "ended" turns out to have ended by the time of its own.
    const outcomes = await Promise.all(
      ["new", "kept", "ended"].map((dedupeKey, index) =>
        acceptance.accept({ event: { ...event, dedupeKey }, dedupeWindowMs: 1_000, receivedMs: now + index * 1_000 }),
      ),
    );
    const { events } = await log.query({ order: "oldest first" });
    expect(events.map(({ dedupeKey }) => dedupeKey)).toEqual(["new", "ended"]);
    expect(outcomes).toEqual([
      { id: events[0]?.id, isDuplicate: false },
      { id: "a digest", isDuplicate: true },
      { id: events[1]?.id, isDuplicate: false },
    ]);
  });
});
