import { createMetrics, sql } from "@espalier/service";
import { forEachDatabase } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { routesConfig } from "../../src/routes/config.ts";
import { Router } from "../../src/routes/router.ts";
import { createEventLog, openTestStore, silent } from "../deliveries/databases.ts";
import { createNotifier, hourMs, minuteMs, secondMs, TestChannel } from "../deliveries/notifier.ts";

const down = { type: "backend.down", severity: "high", subject: "ldap1" } as const;
const up = { type: "backend.up", severity: "info", subject: "ldap1" } as const;

forEachDatabase((databases) => {
  describe("a route", () => {
    it("sends an event to each of its channels, as text that can be read", async () => {
      const notifier = await createNotifier(databases, { routes: [{ channels: ["mail", "phone"] }] });
      const event = await notifier.happen({ ...down, data: { reason: "connection refused", accepting: 1 } });
      const message = {
        deliveryId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        attempt: 1,
        events: [event],
        status: "problem",
        severity: "high",
        title: "[high] backend.down: ldap1",
        text: [
          "2026-01-10T12:00:00.000Z  high  backend.down",
          "  subject: ldap1",
          "  source: test",
          "  reason: connection refused",
          "  accepting: 1",
        ].join("\n"),
        actions: [],
      };
      expect(notifier.channel("mail").messages).toEqual([message]);
      expect(notifier.channel("phone").messages).toEqual([message]);
    });

    it("tells only what it matches: type, everything below a name, severity and subject", async () => {
      const channels = ["type", "below", "severity", "subject", "all"].map((name) => new TestChannel(name));
      const notifier = await createNotifier(databases, {
        channels,
        routes: [
          { match: { type: "backend.down" }, channels: ["type"] },
          { match: { type: ["backend.*"] }, channels: ["below"] },
          { match: { severity: "medium+" }, channels: ["severity"] },
          { match: { subject: "ldap*.example.com" }, channels: ["subject"] },
          { channels: ["all"] },
        ],
      });
      await notifier.happen({ type: "backend.down", severity: "high", subject: "ldap1.example.com" });
      await notifier.happen({ type: "backend.slow", severity: "low", subject: "ldap2.example.org" });
      await notifier.happen({ type: "backends.counted", severity: "medium", subject: "dc=example" });
      expect(
        Object.fromEntries(channels.map(({ name, messages }) => [name, messages.map(({ events }) => events[0]!.type)])),
      ).toEqual({
        type: ["backend.down"],
        below: ["backend.down", "backend.slow"],
        severity: ["backend.down", "backends.counted"],
        subject: ["backend.down"],
        all: ["backend.down", "backend.slow", "backends.counted"],
      });
    });

    it("tells a channel once of an event that several routes send there", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ channels: ["mail"] }, { match: { severity: "high+" }, channels: ["mail", "phone"] }],
      });
      await notifier.happen(down);
      expect([notifier.channel("mail"), notifier.channel("phone")].map(({ messages }) => messages.length)).toEqual([
        1, 1,
      ]);
    });

    it("tells of what comes from now on, not of what was in the log before", async () => {
      const url = await databases.create();
      const { eventMigrations, openStore } = await import("@espalier/service");
      const before = await openStore({ url, migrations: [eventMigrations], logger: silent });
      await createEventLog(before).append({ ...down, source: "proxy" });
      await before.close();
      const store = await openTestStore(url);
      const log = createEventLog(store);
      const router = new Router({
        ...{ store, log, logger: silent, metrics: createMetrics(), firstWaitMs: 0, channels: ["mail"] },
        routes: routesConfig.parse([{ channels: ["mail"] }]),
      });
      expect(await router.route()).toBe(0);
      await log.append({ ...down, source: "proxy" });
      expect(await router.route()).toBe(1);
      expect(await router.route()).toBe(0);
    });
  });

  describe("the end of a problem", () => {
    it("is told to whoever was told of the problem, though it is of no matter by itself", async () => {
      const notifier = await createNotifier(databases, {
        routes: [
          { match: { severity: "high+" }, channels: ["mail"] },
          { match: { type: "x.*" }, channels: ["phone"] },
        ],
      });
      await notifier.happen(down);
      await notifier.pass(minuteMs);
      await notifier.happen(up);
      expect(notifier.channel("mail").titles).toEqual(["[high] backend.down: ldap1", "[resolved] backend.up: ldap1"]);
      expect(notifier.channel("mail").messages[1]?.status).toBe("resolved");
      expect(notifier.channel("phone").messages).toEqual([]);
    });

    it("is told once, and not to anybody when nobody knew", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ match: { severity: "high+" }, channels: ["mail"] }],
      });
      await notifier.happen(up);
      await notifier.happen(down);
      await notifier.happen({ ...up, subject: "ldap2" });
      await notifier.happen(up);
      await notifier.happen(up);
      expect(notifier.channel("mail").titles).toEqual(["[high] backend.down: ldap1", "[resolved] backend.up: ldap1"]);
    });

    it("is told of each of several problems of one subject that producers tell apart", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ match: { severity: "high+" }, channels: ["mail"] }],
      });
      const alert = (type: string, incident: string) =>
        notifier.happen({
          type,
          severity: type === "alert.firing" ? "high" : "info",
          subject: "db1",
          data: { incident },
        });
      await alert("alert.firing", "disk");
      await alert("alert.firing", "load");
      await alert("alert.resolved", "load");
      expect(
        notifier.channel("mail").messages.map(({ events }) => [events[0]?.type, events[0]?.data?.incident]),
      ).toEqual([
        ["alert.firing", "disk"],
        ["alert.firing", "load"],
        ["alert.resolved", "load"],
      ]);
      expect(await notifier.incidents.open()).toHaveLength(1);
    });

    it("is not told on a route that does not want it", async () => {
      const notifier = await createNotifier(databases, { routes: [{ channels: ["mail"], resolve: false }] });
      await notifier.happen(down);
      await notifier.happen(up);
      expect(notifier.channel("mail").titles).toEqual(["[high] backend.down: ldap1"]);
    });

    it("goes into the message of the problem when that has not been sent yet", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ match: { severity: "high+" }, channels: ["mail"], group: { by: ["type"], wait: "30s" } }],
      });
      await notifier.happen(down);
      await notifier.pass(10 * secondMs);
      await notifier.happen(up);
      expect(notifier.channel("mail").messages).toEqual([]);
      await notifier.pass(20 * secondMs);
      expect(
        notifier.channel("mail").messages.map(({ status, events }) => [status, events.map(({ type }) => type)]),
      ).toEqual([["resolved", ["backend.down", "backend.up"]]]);
    });

    it("is told beside a problem that may have arrived already, whose next attempt says that it is over", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ match: { severity: "high+" }, channels: ["mail"] }],
      });
      const mail = notifier.channel("mail");
      mail.answer = () => ({ status: "retry", reason: "no answer" });
      await notifier.happen(down);
      mail.answer = () => ({ status: "delivered" });
      await notifier.happen(up);
      await notifier.pass(5 * secondMs);
      expect(
        mail.messages.map(({ title, text, attempt }) => [title, attempt, text.includes("By now it is over.")]),
      ).toEqual([
        ["[high] backend.down: ldap1", 1, false],
        ["[resolved] backend.up: ldap1", 1, false],
        ["[high] backend.down: ldap1", 2, true],
      ]);
    });
  });

  describe("a group", () => {
    it("waits for others that agree with the first, and is told as one", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ channels: ["mail"], group: { by: ["type"], wait: "30s" } }],
      });
      const mail = notifier.channel("mail");
      for (const subject of ["ldap1", "ldap2", "ldap3"]) {
        await notifier.happen({ type: "bind.refused", severity: "low", subject });
        await notifier.pass(9 * secondMs);
      }
      await notifier.happen({ type: "entry.modified", subject: "uid=a" });
      expect(mail.messages).toEqual([]);
      await notifier.pass(3 * secondMs);
      expect(mail.take().map(({ title, severity }) => [title, severity])).toEqual([
        ["[low] 3 events: bind.refused ×3", "low"],
      ]);
      await notifier.happen({ type: "bind.refused", severity: "low", subject: "ldap4" });
      await notifier.pass(30 * secondMs);
      expect(mail.take().map(({ title }) => title)).toEqual([
        "[low] bind.refused: ldap4",
        "[info] entry.modified: uid=a",
      ]);
    });

    it("that has become too large is sent as several, and each event in one of them", async () => {
      const notifier = await createNotifier(databases, { routes: [{ channels: ["mail"], group: { wait: "30s" } }] });
      await Promise.all(
        Array.from({ length: 450 }, (_, index) =>
          notifier.log.append({ type: "bind.refused", severity: "low", subject: `uid=${index}`, source: "gateway" }),
        ),
      );
      await notifier.pass(0);
      await notifier.pass(30 * secondMs);
      const { messages } = notifier.channel("mail");
      // They are due at one moment, in no order.
      const sizes = messages.map(({ events }) => events.length).sort((one, other) => other - one);
      expect(sizes).toEqual([200, 200, 50]);
      const subjects = messages.flatMap(({ events }) => events.map(({ subject }) => subject));
      expect(new Set(subjects).size).toBe(450);
    });
  });

  it("what was told is not told again within the window, unless it is graver or was over meanwhile", async () => {
    const notifier = await createNotifier(databases, {
      routes: [{ match: { severity: "low+" }, channels: ["mail"], dedupe: "1h" }],
    });
    const degraded = { ...down, type: "backend.degraded", severity: "medium" } as const;
    for (const event of [degraded, degraded, down, down, { ...down, subject: "ldap2" }, up, down]) {
      await notifier.happen(event);
      await notifier.pass(minuteMs);
    }
    expect(notifier.channel("mail").titles).toEqual([
      "[medium] backend.degraded: ldap1",
      "[high] backend.down: ldap1",
      "[high] backend.down: ldap2",
      "[resolved] backend.up: ldap1",
      "[high] backend.down: ldap1",
    ]);
    await notifier.pass(hourMs);
    await notifier.happen(down);
    expect(notifier.channel("mail").titles).toHaveLength(6);
  });

  describe("quiet hours", () => {
    const quietHours = { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" };

    it("keep back what is not urgent, and tell it at their end as one", async () => {
      const notifier = await createNotifier(databases, {
        start: "2026-03-28T22:00:00Z",
        routes: [{ channels: ["mail"], quietHours }],
      });
      await notifier.happen({ type: "bind.refused", severity: "low", subject: "uid=a" });
      await notifier.happen({ ...down, severity: "critical" });
      await notifier.pass(hourMs);
      await notifier.happen({ type: "entry.modified", subject: "uid=b" });
      const mail = notifier.channel("mail");
      expect(mail.take().map(({ title }) => title)).toEqual(["[critical] backend.down: ldap1"]);
      // The clocks are put forward in that night: seven o'clock is at 05:00 UTC.
      await notifier.pass(6 * hourMs - 1);
      expect(mail.take()).toEqual([]);
      await notifier.pass(1);
      expect(mail.take().map(({ title }) => title)).toEqual(["[low] 2 events: bind.refused, entry.modified"]);
      await notifier.happen({ type: "entry.modified", subject: "uid=c" });
      expect(mail.titles).toEqual(["[info] entry.modified: uid=c"]);
    });

    it("do not keep back who asks for an answer by a certain time, and nobody is told after that", async () => {
      const notifier = await createNotifier(databases, {
        start: "2026-03-28T22:00:00Z",
        routes: [{ channels: ["mail"], quietHours: { ...quietHours, except: false }, digest: "1h" }],
        actionsFor: ({ id }) => [{ label: "Approve", url: `https://notify.example.com/approvals/${id}` }],
      });
      const mail = notifier.channel("mail");
      mail.answer = () => ({ status: "retry", reason: "busy" });
      const request = { type: "approval.requested", severity: "medium", subject: "uid=a" } as const;
      const event = await notifier.happen({ ...request, data: { expiresAt: notifier.now + minuteMs } });
      expect(mail.take().map(({ actions }) => actions)).toEqual([
        [{ label: "Approve", url: `https://notify.example.com/approvals/${event.id}` }],
      ]);
      await notifier.pass(5 * secondMs);
      expect(mail.take()).toHaveLength(1);
      await notifier.pass(5 * minuteMs);
      expect(mail.take()).toEqual([]);
      expect(await notifier.store.all(sql`SELECT state, attempt FROM deliveries`)).toEqual([
        { state: "expired", attempt: 3 },
      ]);
    });
  });

  describe("a digest", () => {
    it("has all events of its time", async () => {
      const notifier = await createNotifier(databases, { routes: [{ channels: ["mail"], digest: "1h" }] });
      for (const subject of ["uid=a", "uid=b"]) {
        await notifier.happen({ subject });
        await notifier.pass(29 * minuteMs);
      }
      expect(notifier.channel("mail").messages).toEqual([]);
      await notifier.pass(2 * minuteMs);
      expect(notifier.channel("mail").titles).toEqual(["[info] 2 events: entry.modified ×2"]);
    });

    it("comes at its time of the day", async () => {
      const notifier = await createNotifier(databases, {
        routes: [{ channels: ["mail"], digest: { at: ["08:00", "18:00"], timeZone: "Europe/Berlin" } }],
      });
      await notifier.happen({ subject: "uid=a" });
      await notifier.pass(5 * hourMs - 1);
      expect(notifier.channel("mail").messages).toEqual([]);
      await notifier.pass(1);
      expect(notifier.channel("mail").titles).toEqual(["[info] entry.modified: uid=a"]);
    });
  });

  it("a stranger's text is neither a line of the message nor a header", async () => {
    const notifier = await createNotifier(databases, { routes: [{ channels: ["mail"] }] });
    await notifier.happen({ subject: "uid=a\r\nBcc: x@example.com\u202e", data: { note: "one\n  subject: forged" } });
    const [message] = notifier.channel("mail").messages;
    expect(message?.title).toBe("[info] entry.modified: uid=a Bcc: x@example.com");
    expect(message?.text).toContain("\n  note: one\n        subject: forged");
    expect(message?.text).toContain("\n  subject: uid=a\n      Bcc: x@example.com");
  });
});
