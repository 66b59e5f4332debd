/** Jobs: their queue, what is kept of them, and what becomes of them when a process ends. */
import { sql } from "@espalier/service";
import { dumpTables, forEachDatabase, until } from "@espalier/tests/lab";
import { expect, it, onTestFinished } from "vitest";
import type { Job } from "../../src/transfer/job.ts";
import { type JobContext, Jobs, type JobsOptions, type NewJob } from "../../src/transfer/jobs.ts";
import { openTestStore, silent } from "./databases.ts";

const options = { format: "ldif", mode: "add", dryRun: false, continues: false } as const;
const tables = ["manager_job_errors", "manager_jobs"];

interface Held {
  readonly asked: NewJob;
  readonly begun: Promise<JobContext>;
  readonly released: () => number;
  end(outcome?: { state: "done" | "failed"; message?: string }): void;
  fail(error: Error): void;
}

/** Work that ends when the test says so. */
function work(person: string, cluster = "main"): Held {
  const begun = Promise.withResolvers<JobContext>();
  const end = Promise.withResolvers<{ state: "done" | "failed"; message?: string }>();
  let released = 0;
  return {
    asked: {
      ...{ person, cluster, title: "Import of people.ldif", options, totalBytes: 100 },
      async work(context) {
        begun.resolve(context);
        context.stop.addEventListener("abort", () => end.reject(context.stop.reason));
        return end.promise;
      },
      async release() {
        released += 1;
      },
    },
    begun: begun.promise,
    released: () => released,
    end: (outcome = { state: "done" }) => end.resolve(outcome),
    fail: (error) => end.reject(error),
  };
}

/** Run with `-u` to write the schema files anew. */
forEachDatabase((databases) => {
  async function opened(url: string, more: Partial<JobsOptions> = {}): Promise<Jobs> {
    const jobs = new Jobs({ store: await openTestStore(url), logger: silent, saveEveryMs: 20, ...more });
    onTestFinished(() => jobs.close());
    return jobs;
  }
  const ended = (jobs: Jobs, { id }: Job, state: Job["state"]) =>
    until(`the job to be ${state}`, async () => {
      const job = await jobs.get(id);
      return job?.state === state && job;
    });

  it("a job is queued, run, and kept with its counts and errors when it has ended", async () => {
    const url = await databases.create();
    const jobs = await opened(url, { now: () => 1_000_000 });
    const held = work("ann");
    const job = await jobs.add(held.asked);
    const { progress, onError, onChangeSet } = await held.begun;
    Object.assign(progress, { read: 3, applied: 2, failed: 1, bytes: 100 });
    onError({ line: 7, dn: "uid=ann", code: "already_exists", message: "There is an entry with this name already." });
    onError({ line: 9, dn: undefined, code: "invalid_request", message: "no \0 colon" });
    onChangeSet("0190");
    held.end();
    await ended(jobs, job, "done");
    expect(held.released()).toBe(1);
    await jobs.close();
    const later = await opened(url);
    expect(await later.get(job.id)).toEqual({
      ...{ id: job.id, cluster: "main", person: "ann", title: "Import of people.ldif", options, state: "done" },
      progress: { read: 3, applied: 2, unchanged: 0, failed: 1, inDoubt: 0, bytes: 100, totalBytes: 100 },
      ...{ changeSet: "0190", message: undefined, errorCount: 2 },
      ...{ createdAt: 1_000_000, startedAt: 1_000_000, finishedAt: 1_000_000 },
    });
    expect(await later.errors(job.id)).toEqual([
      { line: 7, dn: "uid=ann", code: "already_exists", message: "There is an entry with this name already." },
      { line: 9, dn: undefined, code: "invalid_request", message: "no \ufffd colon" },
    ]);
  });

  it("the first thousand errors are kept, and all are counted", async () => {
    const jobs = await opened(await databases.create());
    const held = work("ann");
    const job = await jobs.add(held.asked);
    const { onError } = await held.begun;
    for (let line = 1; line <= 1_500; line += 1)
      onError({ line, dn: undefined, code: "invalid_request", message: "wrong" });
    held.end();
    expect(await ended(jobs, job, "done")).toMatchObject({ errorCount: 1_500 });
    const kept = await until("them to be stored", async () => {
      const errors = await jobs.errors(job.id);
      return errors.length === 1_000 && errors;
    });
    expect(kept.at(-1)?.line).toBe(1_000);
  });

  it("what fails without a word from the work is a failed job with a sentence", async () => {
    const jobs = await opened(await databases.create());
    const held = work("ann");
    const job = await jobs.add(held.asked);
    held.fail(new Error("boom with a secret"));
    expect(await ended(jobs, job, "failed")).toMatchObject({ message: "Internal error; the log says more." });
    expect(held.released()).toBe(1);
  });

  it("a person has one job at a time on a cluster, on all nodes together", async () => {
    const url = await databases.create();
    const [one, other] = [await opened(url), await opened(url)];
    const first = work("ann");
    const job = await one.add(first.asked);
    for (const jobs of [one, other]) {
      const second = work("ann");
      await expect(jobs.add(second.asked)).rejects.toMatchObject({ code: "too_many_requests" });
      expect(second.released()).toBe(1);
    }
    const [elsewhere, somebodyElse] = [work("ann", "second"), work("bob")];
    await other.add(elsewhere.asked);
    await other.add(somebodyElse.asked);
    first.end();
    await ended(one, job, "done");
    await until("the end to be stored", async () => (await other.get(job.id))?.state === "done");
    const next = work("ann");
    await other.add(next.asked);
    for (const held of [elsewhere, somebodyElse, next]) held.end();
  });

  it("two run at a time, the others wait in their order, and too many are refused", async () => {
    const jobs = await opened(await databases.create(), { maxWaiting: 2 });
    const held = ["ann", "bob", "eve", "tom"].map((person) => work(person));
    const added: Job[] = [];
    for (const { asked } of held) added.push(await jobs.add(asked));
    expect(added.map(({ state }) => state)).toEqual(["running", "running", "queued", "queued"]);
    await expect(jobs.add(work("max").asked)).rejects.toMatchObject({ code: "too_many_requests" });
    held[1]?.end();
    await held[2]?.begun;
    expect(added.map(({ state }) => state)).toEqual(["running", "done", "running", "queued"]);
    for (const { end } of held) end();
    await ended(jobs, added[3] as Job, "done");
  });

  it("one that waits is cancelled at once, one that runs when its work lets go", async () => {
    const jobs = await opened(await databases.create(), { maxRunning: 1 });
    const [running, waiting] = [work("ann"), work("bob")];
    const first = await jobs.add(running.asked);
    const second = await jobs.add(waiting.asked);
    await jobs.cancel(second, "admin");
    expect(await ended(jobs, second, "cancelled")).toMatchObject({
      message: "It was cancelled by admin.",
      startedAt: undefined,
    });
    await jobs.cancel(first, "ann");
    await ended(jobs, first, "cancelled");
    expect([running.released(), waiting.released()]).toEqual([1, 1]);
  });

  it("one of another node is cancelled through the store", async () => {
    const url = await databases.create();
    const [one, other] = [await opened(url), await opened(url)];
    const held = work("ann");
    const job = await one.add(held.asked);
    const seen = await other.get(job.id);
    expect(seen).toMatchObject({ state: expect.stringMatching(/^(queued|running)$/) });
    await other.cancel(seen as Job, "bob");
    expect(await ended(one, job, "cancelled")).toMatchObject({ message: "It was cancelled by bob." });
  });

  it("jobs of a process that ended without a word are interrupted, with how far they were", async () => {
    const url = await databases.create();
    const store = await openTestStore(url);
    const first = new Jobs({ store, logger: silent, now: () => 1_000_000, saveEveryMs: 20 });
    const held = work("ann");
    const job = await first.add(held.asked);
    Object.assign((await held.begun).progress, { read: 40, applied: 40 });
    const watching = await opened(url, { now: () => 1_000_000 });
    await until("how far it is to be stored", async () => (await watching.get(job.id))?.progress.applied === 40);
    // Nothing that it does reaches the store from here on.
    await store.close();
    expect(await watching.get(job.id)).toMatchObject({ state: "running" });
    const later = await opened(url, { now: () => 1_016_000 });
    expect(await later.get(job.id)).toMatchObject({
      ...{ state: "interrupted", finishedAt: 1_000_000, progress: { read: 40, applied: 40 } },
      message: "The service ended while this was under way. What had been applied by then is in the change set.",
    });
    held.end();
    await first.close();
  });

  it("a service that ends lets jobs end between two entries, and they are interrupted", async () => {
    const url = await databases.create();
    const jobs = await opened(url, { maxRunning: 1 });
    const [running, waiting] = [work("ann"), work("bob")];
    const added = [await jobs.add(running.asked), await jobs.add(waiting.asked)];
    await running.begun;
    await jobs.close();
    expect([running.released(), waiting.released()]).toEqual([1, 1]);
    const later = await opened(url);
    for (const { id } of added) expect(await later.get(id)).toMatchObject({ state: "interrupted" });
    await expect(jobs.add(work("eve").asked)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("what takes too long to let go is given up", async () => {
    const jobs = await opened(await databases.create());
    const gaveUp = Promise.withResolvers<"done">();
    const held = work("ann");
    await jobs.add({
      ...held.asked,
      async work({ abort, stop }) {
        abort.addEventListener("abort", () => gaveUp.resolve("done"));
        const state = await gaveUp.promise;
        stop.throwIfAborted();
        return { state };
      },
    });
    await jobs.close(AbortSignal.timeout(50));
    expect(await gaveUp.promise).toBe("done");
  });

  it("jobs of long ago are forgotten with their errors", async () => {
    const url = await databases.create();
    let now = 1_000_000;
    const jobs = await opened(url, { now: () => now });
    const old = work("ann");
    const job = await jobs.add(old.asked);
    (await old.begun).onError({ line: 1, dn: undefined, code: "invalid_request", message: "wrong" });
    old.end();
    await ended(jobs, job, "done");
    const store = await openTestStore(url);
    await until("it to be stored", async () => (await store.all(sql`SELECT 1 FROM manager_job_errors`)).length === 1);
    now += 31 * 86_400_000;
    const fresh = work("ann");
    await jobs.add(fresh.asked);
    expect(await jobs.get(job.id)).toBeUndefined();
    expect(await store.all(sql`SELECT * FROM manager_job_errors`)).toEqual([]);
    fresh.end();
  });

  it(`the tables are those of schema/jobs.${databases.kind}.sql`, async () => {
    const url = await databases.create();
    await openTestStore(url);
    await expect(await dumpTables(url, tables)).toMatchFileSnapshot(`../../schema/jobs.${databases.kind}.sql`);
  });
});
