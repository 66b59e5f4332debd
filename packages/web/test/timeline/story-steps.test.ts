import { describe, expect, it } from "vitest";
import { isOver, type StoryJson, standingOf, stepsOf } from "../../src/screens/timeline/story-steps.ts";

const event = (id: string, time: number, type: string) => ({
  ...{ id, time, type, position: time, severity: "high" as const, subject: "ldap1", source: "proxy", audit: false },
});
const delivery = (id: string, createdAt: number, state: "pending" | "delivered" = "delivered") => ({
  ...{ id, createdAt, state, channel: "mail", route: "grave", severity: "high" as const, dueAt: createdAt },
  ...{ attempts: 1, events: 1, tells: ["down"] },
});
const escalation = { route: "grave", channels: ["chief"], dueAt: 900 };
const incident: StoryJson["incidents"][number] = {
  ...{ id: "i", severity: "high", openedAt: 100 },
  escalations: [escalation],
};
const story: StoryJson = {
  hasNotifications: true,
  events: [event("down", 100, "backend.down"), event("taken", 300, "incident.acknowledged")],
  deliveries: [delivery("d1", 100)],
  incidents: [incident],
};

describe("the story of an event", () => {
  it("is in the order in which it happened, and goes on to who is told next", () => {
    const fired = { ...escalation, dueAt: 200, firedAt: 201 };
    const told = { ...story, incidents: [{ ...incident, escalations: [fired, escalation] }] };
    expect(stepsOf(told).map(({ kind, at }) => `${at} ${kind}`)).toEqual([
      ...["100 event", "100 delivery", "300 event", "900 escalation"],
    ]);
  });

  it("stands as its incident does, and of what is none nothing is said", () => {
    const standing = (change: Partial<typeof incident>) =>
      standingOf({ ...story, incidents: [{ ...incident, ...change }] });
    expect(standing({})).toEqual({ kind: "bad", text: "It is open, and nobody has taken it on" });
    expect(standing({ acknowledged: { at: 300, by: "ada" } })).toEqual({
      ...{ kind: "warning", text: "It is open, and was taken on by ada" },
    });
    expect(standing({ closedAt: 400 })).toEqual({ kind: "good", text: "It is over" });
    expect(standingOf({ ...story, incidents: [] })).toBeUndefined();
  });

  it("is looked at again until nothing more comes of it", () => {
    const closed = [{ ...incident, closedAt: 400 }];
    expect(isOver(story)).toBe(false);
    expect(isOver({ ...story, incidents: closed, deliveries: [delivery("d2", 100, "pending")] })).toBe(false);
    expect(isOver({ ...story, incidents: closed })).toBe(true);
  });
});
