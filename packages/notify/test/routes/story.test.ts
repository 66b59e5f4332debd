import type { NewEvent } from "@espalier/service";
import { forEachDatabase } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { readStory } from "../../src/routes/story.ts";
import { createNotifier, minuteMs, type Notifier, TestChannel } from "../deliveries/notifier.ts";

const down = { type: "backend.down", severity: "high", subject: "ldap1" } as const;
const degraded = { ...down, type: "backend.degraded", severity: "medium" } as const;
const up = { type: "backend.up", severity: "info", subject: "ldap1" } as const;
const escalate = [{ after: "15m", channels: ["chief"] }];

forEachDatabase((databases) => {
  const create = () =>
    createNotifier(databases, {
      channels: ["mail", "chief"].map((name) => new TestChannel(name)),
      routes: [{ name: "grave", match: { severity: "high+" }, channels: ["mail"], escalate }],
    });
  /** Types, in their order; and what was told to whom. */
  const storyOf = async ({ store, log }: Notifier, id: string) => {
    const { events, deliveries, incidents } = await readStory(store, log, (await log.get(id))!);
    const numberOf = (event: string) => events.findIndex((each) => each.id === event);
    return {
      events: events.map(({ type }) => type),
      told: deliveries.map(({ channel, state, tells }) => `${channel} ${state} ${tells.map(numberOf).join()}`),
      incidents,
    };
  };
  /** A minute apart. */
  const happen = async (notifier: Notifier, ...events: Partial<NewEvent>[]) => {
    const ids: string[] = [];
    for (const event of events) {
      ids.push((await notifier.happen(event)).id);
      await notifier.pass(minuteMs);
    }
    return ids;
  };

  describe("the story of an event", () => {
    it("of a problem: what was told of it, to whom, who took it on, and its end; the same from wherever it is opened", async () => {
      const notifier = await create();
      const [first, second] = await happen(notifier, down, degraded);
      const [incident] = (await storyOf(notifier, first!)).incidents;
      expect(incident).toMatchObject({
        ...{ subject: "ldap1", firstEvent: first, lastEvent: first },
        escalations: [{ route: "grave", step: 0, dueAt: incident!.openedAt + 15 * minuteMs }],
      });
      await notifier.incidents.acknowledge(incident!.id, "ada");
      await notifier.pass(minuteMs);
      const [end] = await happen(notifier, up);
      const { events } = await notifier.log.query({ types: ["incident.acknowledged"] });
      for (const id of [first!, second!, end!, events[0]!.id]) {
        const story = await storyOf(notifier, id);
        expect(story).toMatchObject({
          events: ["backend.down", "backend.degraded", "incident.acknowledged", "backend.up"],
          told: ["mail delivered 0", "mail delivered 3"],
          incidents: [{ id: incident!.id, acknowledged: { by: "ada" }, closedAt: expect.any(Number), escalations: [] }],
        });
      }
    });

    it("has what belongs to it alone: not the time before, not what is of another, not what came after", async () => {
      const notifier = await create();
      const [, , second] = await happen(
        ...([notifier, down, up, down] as const),
        { ...down, subject: "ldap2" },
        { ...down, type: "node.down" },
        ...[up, down],
      );
      const story = await storyOf(notifier, second!);
      expect(story.events).toEqual(["backend.down", "backend.up"]);
      expect(story.told).toEqual(["mail delivered 0", "mail delivered 1"]);
      expect(story.incidents).toHaveLength(1);
    });

    it("of what just happened is that, with whom it was told to and who is told next", async () => {
      const notifier = await create();
      const [changed] = await happen(
        notifier,
        { type: "write-node.changed", severity: "high", subject: "ldap2" },
        { type: "write-node.changed", severity: "low", subject: "ldap3" },
      );
      await notifier.pass(20 * minuteMs);
      const story = await storyOf(notifier, changed!);
      expect(story).toMatchObject({
        events: ["write-node.changed"],
        told: ["mail delivered 0", "chief delivered 0"],
        incidents: [{ closedAt: expect.any(Number), escalations: [{ firedAt: expect.any(Number) }] }],
      });
    });

    it("of what no event ends has all that its incident has, and the acknowledgement", async () => {
      const notifier = await create();
      const breach = { type: "device.breach", severity: "critical", subject: "boron-1" } as const;
      const [, again] = await happen(notifier, breach, breach);
      const [incident] = (await storyOf(notifier, again!)).incidents;
      await notifier.incidents.acknowledge(incident!.id, "link");
      expect(await storyOf(notifier, again!)).toMatchObject({
        events: ["device.breach", "device.breach", "incident.acknowledged"],
        told: ["mail delivered 0", "mail delivered 1"],
      });
    });

    it("of an approval is its request and its decision", async () => {
      const notifier = await create();
      const approval = (type: string, id: string) => ({
        type: `approval.${type}`,
        subject: "ann",
        data: { approval: id },
      });
      const [first, second] = await happen(
        ...([notifier, approval("requested", "a1"), approval("requested", "a2")] as const),
        ...[approval("approved", "a1"), approval("rejected", "a2")],
      );
      expect((await storyOf(notifier, first!)).events).toEqual(["approval.requested", "approval.approved"]);
      expect((await storyOf(notifier, second!)).events).toEqual(["approval.requested", "approval.rejected"]);
    });

    it("of what nobody was told of is the event alone", async () => {
      const notifier = await create();
      const [id] = await happen(notifier, { type: "entry.modified" }, { type: "entry.modified" });
      expect(await storyOf(notifier, id!)).toEqual({ events: ["entry.modified"], told: [], incidents: [] });
    });
  });
});
