import { describe, expect, it } from "vitest";
import type { ObservedQueue } from "../../../src/observed/system.ts";
import { hst004 } from "../../../src/rules/host/hst004-queue.ts";
import { findingsOf, observed } from "../../project.ts";

function found(queue: ObservedQueue) {
  return findingsOf(hst004, observed({ queue: [queue] })).map(({ severity, path, message }) => [
    severity,
    path,
    message,
  ]);
}

describe("HST004", () => {
  it("finds a queue whose deliveries have been due for more than ten minutes", () => {
    expect(found({ waiting: 3, oldestSeconds: 1_500, dead: 0 })).toEqual([
      ["high", "queue", "3 notifications wait, one of them for 25 minutes beyond its time"],
    ]);
  });

  it("finds dead letters", () => {
    expect(found({ waiting: 0, oldestSeconds: 0, dead: 1 })).toEqual([
      ["medium", "dead letters", "1 notification was given up and not sent again"],
    ]);
    expect(found({ waiting: 0, oldestSeconds: 0, dead: 12 })).toEqual([
      ["medium", "dead letters", "12 notifications were given up and not sent again"],
    ]);
  });

  it("finds nothing where deliveries wait for their time", () => {
    expect(found({ waiting: 40, oldestSeconds: 600, dead: 0 })).toEqual([]);
  });
});
