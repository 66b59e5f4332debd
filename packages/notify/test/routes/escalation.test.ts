import { forEachDatabase } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { createNotifier, dayMs, hourMs, minuteMs, secondMs, TestChannel } from "../deliveries/notifier.ts";

const down = { type: "backend.down", severity: "high", subject: "ldap1" } as const;
const up = { type: "backend.up", severity: "info", subject: "ldap1" } as const;
const breach = { type: "device.breach", severity: "critical", subject: "boron-1" } as const;

const escalate = [
  { after: "15m", channels: ["phone"] },
  { after: "30m", channels: ["phone", "chief"] },
];
const channels = () => ["mail", "phone", "chief"].map((name) => new TestChannel(name));

forEachDatabase((databases) => {
  describe("an escalation", () => {
    it("tells one after the other, as long as nobody acknowledges", async () => {
      const notifier = await createNotifier(databases, {
        channels: channels(),
        routes: [{ channels: ["mail"], escalate }],
      });
      const [phone, chief] = [notifier.channel("phone"), notifier.channel("chief")];
      await notifier.happen(down);
      await notifier.pass(15 * minuteMs - 1);
      expect(phone.messages).toEqual([]);
      await notifier.pass(1);
      expect(phone.take()).toMatchObject([
        {
          title: "[high] backend.down: ldap1",
          text: expect.stringMatching(/^Nobody has acknowledged this within 15m\.\n\n/),
        },
      ]);
      expect(chief.messages).toEqual([]);
      await notifier.pass(15 * minuteMs);
      expect([phone.take().length, chief.take().length]).toEqual([1, 1]);
      await notifier.pass(dayMs);
      expect([phone.take().length, chief.take().length]).toEqual([0, 0]);
      expect(notifier.channel("mail").messages).toHaveLength(1);
    });

    it("ends with the acknowledgement, which is in the log with who did it", async () => {
      const notifier = await createNotifier(databases, {
        channels: channels(),
        routes: [{ match: { severity: "high+" }, channels: ["mail"], escalate }],
        publicUrl: "https://notify.example.com/",
      });
      const event = await notifier.happen(down);
      const [action] = notifier.channel("mail").take()[0]?.actions ?? [];
      expect(action?.label).toBe("Acknowledge");
      const url = new URL(action?.url ?? "");
      const id = url.pathname.split("/")[2] ?? "";
      expect(url.href).toMatch(
        /^https:\/\/notify\.example\.com\/incidents\/[0-9a-f-]{36}\/acknowledge\?token=[\w-]{24}$/,
      );
      const incident = {
        id,
        subject: "ldap1",
        severity: "high",
        firstEvent: event.id,
        lastEvent: event.id,
        openedAt: notifier.now,
      };
      expect(await notifier.incidents.ofLink(id, url.searchParams.get("token") ?? "")).toEqual(incident);
      expect(await notifier.incidents.ofLink(id, "guessed")).toBeUndefined();
      const acknowledged = { ...incident, acknowledged: { at: notifier.now, by: "ada" } };
      expect(await notifier.incidents.acknowledge(id, "ada")).toEqual({
        outcome: "acknowledged",
        incident: acknowledged,
      });
      expect(await notifier.incidents.acknowledge(id, "bob")).toEqual({
        outcome: "already acknowledged",
        incident: acknowledged,
      });
      await notifier.pass(hourMs);
      expect([notifier.channel("phone").messages, notifier.channel("chief").messages]).toEqual([[], []]);
      const { events } = await notifier.log.query({ types: ["incident.acknowledged"] });
      expect(events).toMatchObject([{ subject: "ldap1", actor: "ada", audit: true, data: { incident: id } }]);
    });

    it("ends with the problem, and begins anew with the next one", async () => {
      const notifier = await createNotifier(databases, {
        channels: channels(),
        routes: [{ match: { severity: "high+" }, channels: ["mail"], escalate }],
      });
      const phone = notifier.channel("phone");
      await notifier.happen(down);
      await notifier.pass(10 * minuteMs);
      await notifier.happen(up);
      await notifier.pass(10 * minuteMs);
      expect(phone.messages).toEqual([]);
      await notifier.happen(down);
      await notifier.pass(14 * minuteMs);
      expect(phone.messages).toEqual([]);
      await notifier.pass(minuteMs);
      expect(phone.take()).toHaveLength(1);
      await notifier.happen(up);
      expect(phone.take().map(({ title }) => title)).toEqual(["[resolved] backend.up: ldap1"]);
    });

    it("runs from the first of the events, and shows how it began and what was heard last", async () => {
      const notifier = await createNotifier(databases, {
        channels: channels(),
        routes: [{ channels: ["mail"], escalate }],
      });
      await notifier.happen({ ...down, type: "backend.degraded", severity: "medium" });
      await notifier.pass(10 * minuteMs);
      await notifier.happen(down);
      await notifier.pass(5 * minuteMs);
      const [message] = notifier.channel("phone").messages;
      expect(message?.events.map(({ type }) => type)).toEqual(["backend.degraded", "backend.down"]);
      expect(message?.severity).toBe("high");
    });

    it("of what no event ends is over with its last step or its acknowledgement: the next alarm is a new one", async () => {
      const notifier = await createNotifier(databases, {
        channels: channels(),
        routes: [{ match: { type: "device.*" }, channels: ["mail"], escalate }],
      });
      const phone = notifier.channel("phone");
      await notifier.happen(breach);
      const [incident] = await notifier.incidents.open();
      await notifier.incidents.acknowledge(incident!.id, "ada");
      await notifier.pass(hourMs);
      expect(phone.take()).toEqual([]);
      await notifier.happen(breach);
      await notifier.pass(hourMs);
      expect(phone.take()).toHaveLength(2);
      expect(await notifier.incidents.open()).toEqual([]);
      await notifier.happen(breach);
      await notifier.pass(15 * minuteMs);
      expect(phone.take()).toHaveLength(1);
    });

    it("comes back when a problem that was acknowledged goes on a day later", async () => {
      const notifier = await createNotifier(databases, {
        channels: channels(),
        routes: [{ match: { type: "backup.*" }, channels: ["mail"], escalate }],
      });
      const failed = { type: "backup.failed", severity: "high", subject: "ldap1" } as const;
      await notifier.happen(failed);
      const [incident] = await notifier.incidents.open();
      await notifier.incidents.acknowledge(incident!.id, "ada");
      await notifier.pass(hourMs);
      await notifier.happen(failed);
      await notifier.pass(hourMs);
      expect(notifier.channel("phone").messages).toEqual([]);
      await notifier.pass(23 * hourMs);
      await notifier.happen(failed);
      await notifier.pass(15 * minuteMs);
      expect(notifier.channel("phone").messages).toHaveLength(1);
    });

    it("waits for the end of quiet hours, like its first message", async () => {
      const quietHours = { from: "22:00", to: "07:00", timeZone: "UTC" };
      const notifier = await createNotifier(databases, {
        start: "2026-01-10T21:50:00Z",
        channels: channels(),
        routes: [{ channels: ["mail"], escalate, quietHours }],
      });
      await notifier.happen(down);
      expect(notifier.channel("mail").messages).toHaveLength(1);
      await notifier.pass(hourMs);
      expect(notifier.channel("phone").messages).toEqual([]);
      await notifier.happen({ ...down, subject: "ldap2" });
      await notifier.pass(8 * hourMs + 10 * minuteMs);
      expect(notifier.channel("phone").take()).toHaveLength(2);
      expect(notifier.channel("mail").messages).toHaveLength(2);
      await notifier.pass(15 * minuteMs - secondMs);
      expect(notifier.channel("phone").take()).toEqual([]);
      await notifier.pass(secondMs);
      expect(
        notifier
          .channel("phone")
          .take()
          .map(({ title }) => title),
      ).toEqual(["[high] backend.down: ldap2"]);
    });
  });
});
