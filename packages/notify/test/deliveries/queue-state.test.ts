/** What the checks of what runs are told of the queue. */
import { forEachDatabase } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { readQueueState } from "../../src/deliveries/queue-state.ts";
import { createNotifier, minuteMs } from "./notifier.ts";

const everything = [{ channels: ["mail"] }];

forEachDatabase((databases) => {
  it("nothing waits and nothing is dead where all was delivered", async () => {
    const notifier = await createNotifier(databases, { routes: everything });
    await notifier.happen({});
    expect(await readQueueState(notifier.store, notifier.now)).toEqual({ waiting: 0, oldestSeconds: 0, dead: 0 });
  });

  it("what waits for its next attempt is not late until nobody makes it", async () => {
    const notifier = await createNotifier(databases, { routes: everything, deliveries: { retries: ["0s", "10m"] } });
    notifier.channel("mail").answer = () => ({ status: "retry", reason: "503" });
    await notifier.happen({});
    const { store, now } = notifier;
    expect(await readQueueState(store, now)).toEqual({ waiting: 1, oldestSeconds: 0, dead: 0 });
    const { waiting, oldestSeconds } = await readQueueState(store, now + 40 * minuteMs);
    expect(waiting).toBe(1);
    // Attempts are spread by a part of their interval.
    expect(oldestSeconds).toBeGreaterThan(25 * 60);
    expect(oldestSeconds).toBeLessThanOrEqual(40 * 60);
  });

  it("what was refused for good is dead", async () => {
    const notifier = await createNotifier(databases, { routes: everything });
    notifier.channel("mail").answer = () => ({ status: "failed", reason: "550 No such user" });
    await notifier.happen({});
    expect((await readQueueState(notifier.store, notifier.now)).dead).toBe(1);
  });
});
