/** What processes say to each other, turn by turn. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { Outbox } from "../../src/processes/outbox.ts";

it("messages of one turn of the event loop are sent together, in their order, and those of the next after them", async () => {
  const sent: (readonly number[])[] = [];
  const outbox = new Outbox<number>((messages) => sent.push(messages));
  for (const message of [1, 2, 3]) outbox.add(message);
  expect(sent).toEqual([]);
  await turn();
  expect(sent).toEqual([[1, 2, 3]]);
  outbox.add(4);
  await turn();
  await turn();
  expect(sent).toEqual([[1, 2, 3], [4]]);
});

it("what is said while messages are sent is sent in the turn after", async () => {
  const sent: (readonly number[])[] = [];
  const outbox: Outbox<number> = new Outbox((messages) => {
    sent.push(messages);
    if (messages.includes(1)) outbox.add(2);
  });
  outbox.add(1);
  await turn();
  await turn();
  expect(sent).toEqual([[1], [2]]);
});
