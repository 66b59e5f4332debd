import { describe, expect, it } from "vitest";
import { until } from "../../../../tests/lab/until.ts";
import { SourceError } from "../../src/source/error.ts";
import { FreshReads, type UserReader } from "../../src/source/fresh-reads.ts";
import type { Row } from "../../src/source/source.ts";

/** A database whose answers the test gives, and which remembers what it was asked. */
class HeldReader implements UserReader {
  readonly asked: (readonly string[])[] = [];
  readonly #pending: PromiseWithResolvers<readonly (readonly Row[])[] | undefined>[] = [];

  async one(username: string): Promise<readonly Row[]> {
    const [rows] = (await this.#ask([username])) ?? [];
    return rows ?? [];
  }

  many(usernames: readonly string[]): Promise<readonly (readonly Row[])[] | undefined> {
    return this.#ask(usernames);
  }

  /** Answers the oldest question with a row for every name, or as told. */
  async answer(how: (names: readonly string[]) => readonly (readonly Row[])[] | undefined = echo): Promise<void> {
    const names = this.asked[this.asked.length - this.#pending.length] ?? [];
    const question = this.#pending.shift();
    try {
      question?.resolve(how(names));
    } catch (error) {
      question?.reject(error);
    }
    await sent();
  }

  #ask(usernames: readonly string[]): Promise<readonly (readonly Row[])[] | undefined> {
    this.asked.push(usernames);
    const question = Promise.withResolvers<readonly (readonly Row[])[] | undefined>();
    this.#pending.push(question);
    return question.promise;
  }
}

const echo = (names: readonly string[]) => names.map((username) => [{ username }]);
const fail = (code: "ERR_SOURCE_UNAVAILABLE" | "ERR_SOURCE_QUERY") => () => {
  throw new SourceError(code, "no");
};

/** The end of this turn of the event loop. */
const turn = () => new Promise(setImmediate);
/** When what has been asked for is sent: two turns after it, or after the answer that it had to wait for. */
const sent = async () => {
  for (let turns = 0; turns < 3; turns += 1) await turn();
};

describe("fresh reads", () => {
  it("made in one turn and the next are sent together, and so are those that come while they are under way", async () => {
    const reader = new HeldReader();
    const reads = new FreshReads(reader);
    const inOne = ["a", "b"].map((name) => reads.read(name));
    await turn();
    const first = Promise.all([...inOne, reads.read("a")]);
    await sent();
    const later = Promise.all(["c", "a", "d", "c"].map((name) => reads.read(name)));
    await sent();
    expect(reader.asked).toEqual([["a", "b"]]);
    await reader.answer();
    expect(reader.asked).toEqual([
      ["a", "b"],
      ["c", "a", "d"],
    ]);
    await reader.answer();
    expect((await first).map((row) => row?.username)).toEqual(["a", "b", "a"]);
    expect((await later).map((row) => row?.username)).toEqual(["c", "a", "d", "c"]);
  });

  it("do not wait for a round trip that is slow", async () => {
    const reader = new HeldReader();
    const reads = new FreshReads(reader);
    const slow = reads.read("a");
    await sent();
    const quick = reads.read("b");
    await until("the second question", () => reader.asked.length === 2);
    expect(reader.asked).toEqual([["a"], ["b"]]);
    await reader.answer();
    await reader.answer();
    expect([await slow, await quick]).toEqual([{ username: "a" }, { username: "b" }]);
  });

  it("never get an answer to a question that was asked before them", async () => {
    const reader = new HeldReader();
    const reads = new FreshReads(reader);
    const earlier = reads.read("ann");
    await sent();
    const later = reads.read("ann");
    await reader.answer(() => [[{ username: "ann", password: "old" }]]);
    await reader.answer(() => [[{ username: "ann", password: "new" }]]);
    expect(reader.asked).toEqual([["ann"], ["ann"]]);
    expect(await Promise.all([earlier, later])).toEqual([
      { username: "ann", password: "old" },
      { username: "ann", password: "new" },
    ]);
  });

  it("send at most 64 names at a time, the oldest first", async () => {
    const reader = new HeldReader();
    const reads = new FreshReads(reader);
    const names = Array.from({ length: 200 }, (_, index) => `user${index}`);
    const rows = Promise.all(names.map((name) => reads.read(name)));
    await sent();
    for (let question = 0; question < 4; question += 1) await reader.answer();
    expect((await rows).map((row) => row?.username)).toEqual(names);
    expect(reader.asked.flat()).toEqual(names);
    expect(reader.asked.map(({ length }) => length)).toEqual([64, 64, 64, 8]);
  });

  it("fail together when the database is away: nobody is told that they do not exist", async () => {
    const reader = new HeldReader();
    const reads = new FreshReads(reader);
    const answers = Promise.allSettled(["a", "b", "c", "d", "c"].map((name) => reads.read(name)));
    await sent();
    await reader.answer(fail("ERR_SOURCE_UNAVAILABLE"));
    const failure = { status: "rejected", reason: expect.objectContaining({ code: "ERR_SOURCE_UNAVAILABLE" }) };
    expect(await answers).toEqual(Array.from({ length: 5 }, () => failure));
  });

  it("are asked one by one when the database refuses them together", async () => {
    const reader = new HeldReader();
    const reads = new FreshReads(reader);
    const answers = Promise.allSettled(["c", "d"].map((name) => reads.read(name)));
    await sent();
    await reader.answer(fail("ERR_SOURCE_QUERY"));
    await reader.answer(fail("ERR_SOURCE_QUERY"));
    await reader.answer();
    expect(reader.asked).toEqual([["c", "d"], ["c"], ["d"]]);
    expect((await answers).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });

  it("are not tried together again where there is no statement for several", async () => {
    const reader = new HeldReader();
    const reads = new FreshReads(reader);
    const rows = Promise.all(["a", "b", "c", "d", "e"].map((name) => reads.read(name)));
    await sent();
    await reader.answer(() => undefined);
    for (let question = 0; question < 5; question += 1) await reader.answer();
    expect(reader.asked.filter(({ length }) => length > 1)).toHaveLength(1);
    expect((await rows).map((row) => row?.username)).toEqual(["a", "b", "c", "d", "e"]);
  });
});
