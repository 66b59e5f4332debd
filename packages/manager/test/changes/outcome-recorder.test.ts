/** What became of changes while the store is away. */
import { createLog, StoreError } from "@espalier/service";
import { until } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import type { Outcome } from "../../src/changes/change-store.ts";
import { OutcomeRecorder } from "../../src/changes/outcome-recorder.ts";

const outcome = (number: number): Outcome => ({
  ...{ setId: "s", number, status: "applied", node: "ldap1", version: undefined, undo: undefined },
  event: { type: "entry.modified", severity: "info", subject: `uid=${number}`, source: "manager", data: { ldif: "x" } },
});

/** A store that is away, or refuses what it is given. */
function recorderOver(failure: { error: StoreError | undefined }) {
  const settled: number[] = [];
  const waiting: number[] = [];
  const lines: string[] = [];
  const recorder = new OutcomeRecorder({
    changes: {
      settle: async ({ number }) => {
        if (failure.error !== undefined) throw failure.error;
        settled.push(number);
      },
    },
    logger: createLog({ destination: (line) => lines.push(line) }).logger("test"),
    onWaiting: (count) => waiting.push(count),
  });
  return { recorder, settled, waiting, lines };
}

const away = () => new StoreError("ERR_STORE_UNAVAILABLE", "The store is away.");

it("waits for the store and is noted in its order once that is back", async () => {
  const failure: { error: StoreError | undefined } = { error: away() };
  const { recorder, settled, waiting } = recorderOver(failure);
  expect(await Promise.all([recorder.record(outcome(1)), recorder.record(outcome(2))])).toEqual([false, false]);
  expect(waiting.at(-1)).toBe(2);
  failure.error = undefined;
  await until("both to be noted", () => settled.length === 2);
  expect([settled, waiting.at(-1)]).toEqual([[1, 2], 0]);
  await recorder.close();
});

it("is noted at the end of the service, if the store is back by then", async () => {
  const failure: { error: StoreError | undefined } = { error: away() };
  const { recorder, settled } = recorderOver(failure);
  await recorder.record(outcome(1));
  failure.error = undefined;
  await recorder.close();
  expect(settled).toEqual([1]);
});

it("is in the log with its event, where the store does not come back or does not take it", async () => {
  const { recorder, lines } = recorderOver({ error: away() });
  await recorder.record(outcome(1));
  await recorder.close();
  const refusing = recorderOver({ error: new StoreError("ERR_STORE_CONSTRAINT", "no") });
  await refusing.recorder.record(outcome(2));
  await refusing.recorder.close();
  for (const [log, dn] of [
    [lines, "uid=1"],
    [refusing.lines, "uid=2"],
  ] as const) {
    expect(JSON.parse(log.at(-1) ?? "")).toMatchObject({
      ...{ level: "ERROR", message: "what became of a change is noted nowhere but here" },
      ...{ change_set: "s", dn, status: "applied", event: { ldif: "x" } },
    });
  }
});
