import { expect, it } from "vitest";
import { cursorAt, KeptLists } from "../../src/reading/kept-lists.ts";

const owner = { sessionId: "one", cluster: "main", subject: "group" };

function lists(bounds: { maxPerSession?: number; maxCharacters?: number } = {}) {
  const clock = { now: 0 };
  const options = { now: () => clock.now, maxPerSession: 4, maxCharacters: 100, idleMs: 1_000, ...bounds };
  return { clock, kept: new KeptLists<string>(options) };
}

it("lets the lists go that were used longest ago, when all together are too large", () => {
  const { kept } = lists();
  const first = kept.keep(owner, "first", 40);
  const second = kept.keep({ ...owner, sessionId: "two" }, "second", 40);
  expect(kept.at(cursorAt(first, 7), owner)).toMatchObject({ offset: 7, list: { content: "first" } });
  kept.keep({ ...owner, sessionId: "three" }, "third", 40);
  expect(kept.at(cursorAt(first, 0), owner).list.content).toBe("first");
  expect(() => kept.at(cursorAt(second, 0), second.owner)).toThrow("The list is no longer kept: open it anew.");
});

it("keeps the newest, however large it is", () => {
  const { kept } = lists();
  kept.keep(owner, "small", 1);
  const large = kept.keep(owner, "large", 1_000);
  expect(kept.find(owner)).toBe(large);
});

it("gives a list only to its owner, for its subject", () => {
  const { kept } = lists();
  const cursor = cursorAt(kept.keep(owner, "list", 1), 0);
  for (const other of [{ sessionId: "two" }, { cluster: "other" }, { subject: "another group" }]) {
    expect(() => kept.at(cursor, { ...owner, ...other })).toThrow(/no longer kept/);
  }
  expect(() => kept.at("no cursor", owner)).toThrow(/no longer kept/);
  expect(() => kept.at(`${cursor}x`, owner)).toThrow(/no longer kept/);
});

it("forgets a list that nobody has used for a while, and those of a session that has ended", () => {
  const { kept, clock } = lists();
  const list = kept.keep(owner, "list", 1);
  clock.now = 999;
  expect(kept.find(owner)).toBe(list);
  clock.now = 1_998;
  expect(kept.find(owner)).toBe(list);
  clock.now = 2_998;
  expect(kept.find(owner)).toBeUndefined();
  kept.keep(owner, "list", 1);
  kept.endSession("one");
  expect(kept.find(owner)).toBeUndefined();
});
