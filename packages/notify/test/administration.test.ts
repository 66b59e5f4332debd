import { forEachDatabase } from "@espalier/tests/lab";
import { describe, expect, test } from "vitest";
import { NotifyAdministration } from "../src/administration.ts";
import { notifySection } from "../src/config.ts";
import { silent } from "./deliveries/databases.ts";
import { createNotifier, delivered, minuteMs } from "./deliveries/notifier.ts";

const routes = [{ name: "grave", match: { severity: "high+" as const }, channels: ["mail", "phone"] }];
const config = notifySection.schema.parse({
  sources: { generic: { secrets: ["a secret that is long enough"] } },
  channels: {
    mail: { kind: "mail", host: "mail.example.com", from: "a@example.com", to: ["b@example.com"] },
    phone: { kind: "ntfy", url: "https://ntfy.example.com", topic: "alerts" },
  },
  routes: [...routes, { channels: ["mail"], digest: "1h", escalate: undefined }],
});

forEachDatabase((databases) => {
  async function create() {
    const notifier = await createNotifier(databases, { routes, deliveries: { retries: ["0s", "1m"] } });
    const { store, log } = notifier;
    const now = () => notifier.now;
    return {
      notifier,
      administration: new NotifyAdministration({ config: () => config, store, log, logger: silent, now }),
    };
  }

  describe("the overview of notifications", () => {
    test("says what is configured, and that nothing is known of channels that nothing was sent to", async () => {
      const { administration } = await create();
      expect(await administration.overview()).toEqual({
        sources: [{ name: "generic", verifier: "hub" }],
        channels: [
          { name: "mail", kind: "mail", state: "unknown", pending: 0, dead: 0 },
          { name: "phone", kind: "ntfy", state: "unknown", pending: 0, dead: 0 },
        ],
        routes: [
          {
            name: "grave",
            types: [],
            severities: ["critical", "high"],
            subjects: [],
            channels: ["mail", "phone"],
            escalates: [],
            isDigest: false,
          },
          {
            name: "route 2",
            types: [],
            severities: ["critical", "high", "medium", "low", "info"],
            subjects: [],
            channels: ["mail"],
            escalates: [],
            isDigest: true,
          },
        ],
        hasApprovals: false,
      });
    });

    test("tells a channel that works from one that fails, with what it gave up", async () => {
      const { notifier, administration } = await create();
      notifier.channel("phone").answer = () => ({ status: "retry", reason: "no route to the server" });
      await notifier.happen({ type: "node.down", severity: "high" });
      const failingSince = notifier.now;
      await notifier.pass(2 * minuteMs);
      const { channels } = await administration.overview();
      expect(channels).toEqual([
        { name: "mail", kind: "mail", state: "works", pending: 0, dead: 0, lastDeliveredAt: failingSince },
        { name: "phone", kind: "ntfy", state: "fails", at: failingSince, pending: 0, dead: 1 },
      ]);
    });
  });

  describe("deliveries", () => {
    test("are listed newest first, page after page, by state and by channel", async () => {
      const { notifier, administration } = await create();
      for (const subject of ["ldap1", "ldap2", "ldap3"]) {
        await notifier.happen({ type: "node.down", severity: "high", subject });
      }
      const first = await administration.deliveries({}, { limit: 4 });
      const second = await administration.deliveries({}, { limit: 4, before: first.cursor });
      const all = [...first.deliveries, ...second.deliveries];
      expect(all.map(({ id }) => id)).toEqual(
        all
          .map(({ id }) => id)
          .toSorted()
          .reverse(),
      );
      expect([all.length, second.cursor, new Set(all.map(({ state }) => state))]).toEqual([
        6,
        undefined,
        new Set(["delivered"]),
      ]);
      const ofPhone = await administration.deliveries({ channel: "phone", states: ["delivered"] }, { limit: 10 });
      expect(ofPhone.deliveries.map(({ channel }) => channel)).toEqual(["phone", "phone", "phone"]);
      expect(await administration.deliveries({ states: ["dead"] }, { limit: 10 })).toEqual({ deliveries: [] });
    });

    test("to a channel that is not configured are none of theirs", async () => {
      const { administration } = await create();
      expect(await administration.deliveries({ channel: "canary" }, { limit: 10 })).toEqual({ deliveries: [] });
    });

    test("that were given up say why, and are sent again", async () => {
      const { notifier, administration } = await create();
      notifier.channel("phone").answer = () => ({ status: "failed", reason: "the topic is gone" });
      const event = await notifier.happen({ type: "node.down", severity: "high" });
      const [dead] = (await administration.deliveries({ states: ["dead"] }, { limit: 10 })).deliveries;
      const story = await administration.delivery(dead?.id ?? "");
      expect([story.reason, story.told.map(({ id }) => id), story.failures.map(({ reason }) => reason)]).toEqual([
        "the topic is gone",
        [event.id],
        ["the topic is gone"],
      ]);
      notifier.channel("phone").answer = () => delivered;
      expect(await administration.replayAll("phone", "ann")).toEqual({ replayed: 1, skipped: 0 });
      await notifier.pass(0);
      expect(notifier.channel("phone").messages).toHaveLength(2);
    });
  });
});
