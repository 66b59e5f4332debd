import { sql } from "@espalier/service";
import { forEachDatabase, until } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import type { SendOutcome } from "../../src/channels/channel.ts";
import { enableChannel } from "../../src/deliveries/channel-state.ts";
import { removeOldDeliveries } from "../../src/deliveries/retention.ts";
import { createNotifier, dayMs, delivered, hourMs, minuteMs, secondMs, TestChannel } from "./notifier.ts";

const routes = [{ match: { type: ["entry.*", "backend.*"] }, channels: ["mail"] }];
const busy: SendOutcome = { status: "retry", reason: "503 Service Unavailable" };
const tooMany: SendOutcome = { status: "retry", reason: "429 Too Many Requests", slowDown: true };
const later: SendOutcome = { ...tooMany, retryAfterMs: 10 * minuteMs };

forEachDatabase((databases) => {
  const states = (notifier: Awaited<ReturnType<typeof createNotifier>>) =>
    notifier.store.all(sql`SELECT channel, state, attempt FROM deliveries ORDER BY id`);

  describe("a delivery", () => {
    it("is tried again as the schedule says, under the same id, and then is a dead letter", async () => {
      const notifier = await createNotifier(databases, { routes });
      const mail = notifier.channel("mail");
      mail.answer = () => busy;
      await notifier.happen({});
      for (const wait of [
        5 * secondMs,
        5 * minuteMs,
        30 * minuteMs,
        2 * hourMs,
        5 * hourMs,
        10 * hourMs,
        10 * hourMs,
      ]) {
        const before = mail.messages.length;
        await notifier.pass(wait - 1);
        expect(mail.messages.length).toBe(before);
        await notifier.pass(1);
        expect(mail.messages.length).toBe(before + 1);
      }
      expect(mail.messages.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(new Set(mail.messages.map(({ deliveryId }) => deliveryId)).size).toBe(1);
      const { deliveries } = await notifier.deadLetters.list();
      expect(deliveries).toMatchObject([{ state: "dead", attempts: 8, reason: "503 Service Unavailable" }]);
      expect((await notifier.deadLetters.show(deliveries[0]!.id)).failures).toHaveLength(8);
      await notifier.pass(dayMs);
      expect(mail.messages).toHaveLength(8);
    });

    it("that the peer refuses for good is a dead letter at once", async () => {
      const notifier = await createNotifier(databases, { routes });
      notifier.channel("mail").answer = () => ({ status: "failed", reason: "550 no such user" });
      await notifier.happen({});
      expect(await states(notifier)).toEqual([{ channel: "mail", state: "dead", attempt: 1 }]);
    });

    it("survives a channel that throws, and one whose links cannot be made", async () => {
      const notifier = await createNotifier(databases, {
        routes,
        actionsFor: ({ subject }) => {
          if (subject === "broken") throw new Error("no key");
          return [];
        },
      });
      const mail = notifier.channel("mail");
      mail.answer = () => {
        throw new TypeError("a bug");
      };
      await notifier.happen({});
      await notifier.happen({ subject: "broken" });
      mail.answer = () => delivered;
      await notifier.pass(5 * secondMs);
      expect(await states(notifier)).toEqual([
        { channel: "mail", state: "delivered", attempt: 2 },
        { channel: "mail", state: "pending", attempt: 2 },
      ]);
    });

    it("of a grave event goes before those of others that wait", async () => {
      const notifier = await createNotifier(databases, { routes, channels: [new TestChannel("mail", 1)] });
      const event = { type: "entry.modified", source: "test" } as const;
      await Promise.all([
        ...[1, 2, 3].map((n) => notifier.log.append({ ...event, subject: `uid=${n}`, severity: "info" })),
        notifier.log.append({ ...event, subject: "grave", severity: "critical" }),
      ]);
      await notifier.pass(0);
      expect(notifier.channel("mail").titles[0]).toBe("[critical] entry.modified: grave");
      expect(notifier.channel("mail").titles).toHaveLength(4);
    });

    it("whose events the log has removed is a dead letter that says so", async () => {
      const notifier = await createNotifier(databases, { routes: [{ channels: ["mail"], digest: "1h" }] });
      await notifier.happen({});
      await notifier.store.write((transaction) => transaction.run(sql`DELETE FROM events`));
      await notifier.pass(hourMs);
      const { deliveries } = await notifier.deadLetters.list();
      expect(deliveries).toMatchObject([{ reason: "the log has removed its events" }]);
    });
  });

  describe("a channel", () => {
    it("has as many messages under way as it allows, and the others after them", async () => {
      const mail = new TestChannel("mail", 3);
      const notifier = await createNotifier(databases, { routes, channels: [mail] });
      let [underWay, most] = [0, 0];
      mail.answer = async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return delivered;
      };
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          notifier.log.append({ type: "entry.modified", source: "test", severity: "info", subject: `uid=${n}` }),
        ),
      );
      await notifier.pass(0);
      expect([mail.messages.length, most]).toEqual([20, 3]);
    });

    it("is left alone for as long as its peer asks, all its deliveries, and then tried one by one", async () => {
      const notifier = await createNotifier(databases, { routes });
      const mail = notifier.channel("mail");
      mail.answer = () => later;
      await notifier.happen({ subject: "first" });
      mail.answer = () => delivered;
      await notifier.happen({ subject: "second" });
      await notifier.pass(10 * minuteMs - 1);
      expect(mail.titles).toHaveLength(1);
      await notifier.pass(1);
      expect(mail.titles.slice(1)).toEqual(["[info] entry.modified: second"]);
      // A twentieth later, so that not all come at once.
      await notifier.pass(30 * secondMs);
      expect(mail.titles.slice(2)).toEqual(["[info] entry.modified: first"]);
    });

    it("that asks for less without saying for how long is left alone for 1 s, 2 s, 4 s", async () => {
      const notifier = await createNotifier(databases, { routes, deliveries: { retries: Array(9).fill("0s") } });
      const mail = notifier.channel("mail");
      mail.answer = () => tooMany;
      await notifier.happen({});
      const waits: number[] = [];
      for (let waited = 0, seen = 1; waits.length < 4; ) {
        await notifier.pass(250);
        waited += 250;
        if (mail.messages.length === seen) continue;
        seen = mail.messages.length;
        waits.push(waited);
        waited = 0;
      }
      expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
    });

    it("that fails for five days is used no more, which another channel is told", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ match: { type: "entry.*" }, channels: ["mail"] }],
        channels: [new TestChannel("mail"), new TestChannel("phone")],
      });
      const mail = notifier.channel("mail");
      mail.answer = () => ({ status: "failed", reason: "535 authentication failed" });
      for (let day = 0; day < 5; day += 1) {
        await notifier.happen({ subject: `day ${day}` });
        await notifier.pass(dayMs);
      }
      expect(notifier.channel("phone").messages).toEqual([]);
      await notifier.happen({ subject: "day 5" });
      await notifier.pass(0);
      expect(notifier.channel("phone").take()).toMatchObject([
        {
          title: "[high] channel.disabled: mail",
          events: [{ data: { kind: "webhook", reason: "535 authentication failed", failingFor: "5d" } }],
        },
      ]);
      mail.take();
      await notifier.happen({ subject: "after" });
      expect(mail.messages).toEqual([]);
      expect((await notifier.deadLetters.list()).deliveries).toHaveLength(7);
      expect(await enableChannel(notifier.store, notifier.log, "mail", "ada")).toBe(true);
      expect(await enableChannel(notifier.store, notifier.log, "mail", "ada")).toBe(false);
      mail.answer = () => delivered;
      expect(await notifier.deadLetters.replayAll({ channel: "mail" }, "ada")).toEqual({ replayed: 7, skipped: 0 });
      await notifier.pass(0);
      expect(mail.messages).toHaveLength(7);
    });

    it("is not disabled by failures between which something arrived", async () => {
      const notifier = await createNotifier(databases, { routes });
      const mail = notifier.channel("mail");
      for (let day = 0; day < 12; day += 1) {
        mail.answer = () => (day % 4 === 3 ? delivered : { status: "failed", reason: "550 no" });
        await notifier.happen({ subject: `day ${day}` });
        await notifier.pass(dayMs);
      }
      expect(mail.messages).toHaveLength(12);
      expect((await notifier.log.query({ types: ["channel.disabled"] })).events).toEqual([]);
    });

    it("whose peer says never again is used no more at once; the announcement takes no part in that", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ channels: ["mail", "phone"] }],
        channels: ["mail", "phone", "chat"].map((name) => new TestChannel(name)),
      });
      const gone = { status: "disabled", reason: "410 Gone" } as const;
      notifier.channel("mail").answer = () => gone;
      notifier.channel("phone").answer = () => gone;
      await notifier.happen({});
      await notifier.pass(0);
      await notifier.pass(0);
      const chat = notifier.channel("chat").messages.map(({ events }) => events[0]!.subject);
      expect(new Set(chat)).toEqual(new Set(["mail", "phone"]));
      expect(notifier.channel("mail").messages).toHaveLength(1);
    });
  });

  describe("dead letters", () => {
    const withDead = async (count: number) => {
      const notifier = await createNotifier(databases, { routes });
      notifier.channel("mail").answer = () => ({ status: "failed", reason: "550 no" });
      for (let index = 0; index < count; index += 1) {
        await notifier.happen({ type: index % 2 === 0 ? "entry.modified" : "backend.slow", subject: `s${index}` });
        await notifier.pass(minuteMs);
      }
      notifier.channel("mail").take();
      return notifier;
    };

    it("are listed page by page, those that died last first, and shown with what failed", async () => {
      const notifier = await withDead(5);
      const first = await notifier.deadLetters.list({}, { limit: 3 });
      const second = await notifier.deadLetters.list({}, { limit: 3, cursor: first.cursor! });
      const ids = [...first.deliveries, ...second.deliveries].map(({ id }) => id);
      expect([first.deliveries.length, second.deliveries.length, second.cursor]).toEqual([3, 2, undefined]);
      const shown = await Promise.all(ids.map((id) => notifier.deadLetters.show(id)));
      expect(shown.map(({ told, failures }) => [told[0]?.subject, failures[0]?.reason])).toEqual(
        ["s4", "s3", "s2", "s1", "s0"].map((subject) => [subject, "550 no"]),
      );
      expect(JSON.stringify(shown)).not.toMatch(/token|https?:/);
      await expect(notifier.deadLetters.list({}, { cursor: "1.2" })).rejects.toMatchObject({
        code: "ERR_DELIVERY_CURSOR",
      });
    });

    it("are sent again one by one or by filter: the same delivery and events, from the beginning of the schedule", async () => {
      const notifier = await withDead(4);
      const mail = notifier.channel("mail");
      mail.answer = () => busy;
      const [last] = (await notifier.deadLetters.list()).deliveries;
      await notifier.deadLetters.replay(last!.id, "ada");
      await notifier.pass(0);
      await notifier.pass(5 * secondMs);
      expect(mail.take()).toMatchObject([
        { deliveryId: last!.id, attempt: 2 },
        { deliveryId: last!.id, attempt: 3 },
      ]);
      await expect(notifier.deadLetters.replay(last!.id, "ada")).rejects.toThrow(
        `the delivery ${last!.id} is pending, not dead`,
      );
      mail.answer = () => delivered;
      expect(await notifier.deadLetters.replayAll({ type: "entry.*" }, "ada")).toEqual({ replayed: 2, skipped: 0 });
      await notifier.pass(0);
      expect(
        mail
          .take()
          .map(({ events }) => events[0]!.subject)
          .sort(),
      ).toEqual(["s0", "s2"]);
      expect(await notifier.deadLetters.purge({ until: notifier.now }, "ada")).toBe(1);
      expect((await notifier.deadLetters.list()).deliveries).toEqual([]);
    });

    it("of a channel that is disabled stay dead", async () => {
      const notifier = await createNotifier(databases, { routes });
      notifier.channel("mail").answer = () => ({ status: "disabled", reason: "410 Gone" });
      await notifier.happen({});
      const [dead] = (await notifier.deadLetters.list()).deliveries;
      await expect(notifier.deadLetters.replay(dead!.id, "ada")).rejects.toThrow("espalier notify enable mail");
      expect(await notifier.deadLetters.replayAll({}, "ada")).toEqual({ replayed: 0, skipped: 1 });
    });

    it("and what arrived are removed when they are old, and what no node has a channel for is dead after a day", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ channels: ["mail"] }, { match: { subject: "s0" }, channels: ["gone"] }],
      });
      const mail = notifier.channel("mail");
      await notifier.happen({ subject: "s0" });
      mail.answer = () => ({ status: "failed", reason: "550 no" });
      await notifier.happen({ subject: "s1" });
      const remove = () =>
        removeOldDeliveries({
          ...{ store: notifier.store, channels: new Set(["mail", "phone"]), now: notifier.now },
          config: { keep: 30 * dayMs, keepDead: 90 * dayMs },
        });
      const remaining = () =>
        notifier.store.all(sql`SELECT channel, state FROM deliveries ORDER BY channel, state DESC`);
      await remove();
      expect(await remaining()).toEqual([
        { channel: "gone", state: "pending" },
        { channel: "mail", state: "delivered" },
        { channel: "mail", state: "dead" },
      ]);
      await notifier.pass(31 * dayMs);
      await remove();
      expect(await remaining()).toEqual([
        { channel: "gone", state: "dead" },
        { channel: "mail", state: "dead" },
      ]);
      await notifier.pass(91 * dayMs);
      await remove();
      expect(await remaining()).toEqual([]);
      expect(await notifier.store.all(sql`SELECT * FROM delivery_events`)).toEqual([]);
    });
  });

  describe("a lease", () => {
    it("that is over lets another node have the delivery, and what the first then says does not count", async () => {
      const notifier = await createNotifier(databases, { routes });
      const mail = notifier.channel("mail");
      const frozen = Promise.withResolvers<SendOutcome>();
      mail.answer = () => frozen.promise;
      await notifier.log.append({ type: "entry.modified", severity: "info", subject: "a", source: "test" });
      await notifier.router.route();
      const first = notifier.workers.deliver();
      await until("the first attempt", () => mail.messages.length === 1);
      // Another node looks after the lease's end.
      await notifier.store.write((transaction) => transaction.run(sql`UPDATE deliveries SET due_at = ${notifier.now}`));
      mail.answer = () => ({ status: "failed", reason: "550 no" });
      const second = notifier.workers.deliver();
      await until("the second attempt", () => mail.messages.length === 2);
      frozen.resolve(delivered);
      await Promise.all([first, second]);
      expect(await states(notifier)).toEqual([{ channel: "mail", state: "dead", attempt: 2 }]);
      const metrics = await notifier.metrics.text();
      expect(metrics).toContain('notification_delivery_total{delivery_method="webhook",status="lost"} 1');
    });

    it("breaks off an attempt that takes too long, also one that does not heed it", async () => {
      const notifier = await createNotifier(databases, { routes, deliveries: { lease: "1s" } });
      const mail = notifier.channel("mail");
      let heeded = 0;
      mail.answer = (message, signal) =>
        new Promise((resolve) => {
          if (message.events[0]!.subject === "deaf") return;
          signal.addEventListener("abort", () => {
            heeded += 1;
            resolve({ status: "retry", reason: "aborted" });
          });
        });
      await Promise.all([notifier.happen({ subject: "deaf" }), notifier.happen({ subject: "heeds" })]);
      const reasons = await notifier.store.all(sql`SELECT reason FROM delivery_failures ORDER BY reason`);
      expect([heeded, reasons]).toEqual([1, [{ reason: "aborted" }, { reason: "no answer in time" }]]);
    });
  });

  describe("a node that stops", () => {
    const underWay = async (answer: (signal: AbortSignal) => Promise<SendOutcome>) => {
      const notifier = await createNotifier(databases, { routes });
      const mail = notifier.channel("mail");
      mail.answer = (_, signal) => answer(signal);
      await notifier.log.append({ type: "entry.modified", severity: "info", subject: "a", source: "test" });
      await notifier.router.route();
      notifier.workers.start();
      await until("the attempt", () => mail.messages.length === 1);
      return notifier;
    };

    it("waits for what is being sent, and begins nothing more", async () => {
      const answer = Promise.withResolvers<SendOutcome>();
      const notifier = await underWay(() => answer.promise);
      await notifier.log.append({ type: "entry.modified", severity: "info", subject: "b", source: "test" });
      const stopped = notifier.workers.stop();
      await notifier.router.route();
      answer.resolve(delivered);
      await stopped;
      expect(notifier.channel("mail").messages).toHaveLength(1);
      expect((await states(notifier)).map(({ state }) => state).sort()).toEqual(["delivered", "pending"]);
    });

    it("breaks it off when its time is up, to be tried again", async () => {
      const notifier = await underWay(
        (signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve({ status: "retry", reason: "the service stops" }));
          }),
      );
      await notifier.workers.stop(AbortSignal.abort());
      expect(await states(notifier)).toEqual([{ channel: "mail", state: "pending", attempt: 1 }]);
    });
  });

  it("metrics say what happened and what waits", async () => {
    const notifier = await createNotifier(databases, { routes });
    const mail = notifier.channel("mail");
    const answers: SendOutcome[] = [delivered, { status: "failed", reason: "550 no" }, busy];
    for (const [index, answer] of answers.entries()) {
      mail.answer = () => answer;
      await notifier.happen({ subject: `s${index}` });
    }
    await notifier.log.append({ type: "entry.modified", severity: "info", subject: "unrouted", source: "test" });
    const text = await notifier.metrics.text();
    const lines = text.split("\n").filter((line) => /^notification_(?!.*_(bucket|sum)\b)/.test(line));
    expect(lines.sort()).toEqual([
      'notification_channel_disabled{channel="mail"} 0',
      'notification_channel_disabled{channel="phone"} 0',
      "notification_dead_letters 1",
      'notification_delivery_duration_seconds_count{delivery_method="webhook"} 3',
      'notification_delivery_total{delivery_method="webhook",status="failure"} 1',
      'notification_delivery_total{delivery_method="webhook",status="retry"} 1',
      'notification_delivery_total{delivery_method="webhook",status="success"} 1',
      "notification_end_to_end_seconds_count 1",
      "notification_escalations_total 0",
      'notification_events_routed_total{result="told"} 3',
      "notification_oldest_pending_seconds 0",
      'notification_queue_depth{delivery_method="webhook"} 1',
      "notification_unrouted_events 1",
    ]);
  });
});
