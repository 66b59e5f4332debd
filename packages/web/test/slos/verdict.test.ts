/** What is not known is never shown as kept. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  budgetText,
  inDanger,
  inOrder,
  percent,
  type Slo,
  summaryOf,
  verdictOf,
} from "../../src/screens/slos/verdict.ts";

const kept: Slo = {
  ...{ name: "kept", target: 0.999, attained: 1, budgetLeft: 0.8, alerts: [] },
  windows: [{ window: "1h", burnRate: 0.2, events: 60 }],
};
const alert = (severity: string, state: "firing" | "pending" = "firing") => ({
  ...{ name: "BudgetBurn", severity, state, since: 1_000, summary: "too fast" },
});
const { budgetLeft: _, attained: __, ...uncounted } = kept;

describe("a promise", () => {
  it.each<[string, Slo, string, string]>([
    ["is kept where some of its budget is left and the last hour is known", kept, "good", "Kept"],
    ["fails fast where somebody is paged", { ...kept, alerts: [alert("page")] }, "bad", "Failing fast"],
    ["is in danger where there is a ticket", { ...kept, alerts: [alert("ticket")] }, "warning", "In danger"],
    ["is broken where nothing is left", { ...kept, budgetLeft: 0 }, "bad", "Broken"],
    ["is not known where nothing was counted", { ...uncounted, windows: [] }, "unknown", "Nothing was counted"],
    [
      "is not known where nothing was counted lately",
      { ...kept, windows: [{ window: "1h", events: 0 }] },
      "unknown",
      "Nothing was counted lately",
    ],
    ["is not known where its rules fail", { ...kept, problem: "x" }, "unknown", "Cannot be reckoned"],
    ["is kept where an alert may come", { ...kept, alerts: [alert("page", "pending")] }, "good", "Kept"],
  ])("%s", (_name, slo, kind, text) => {
    expect(verdictOf(slo)).toEqual({ kind, text });
  });

  it("is never called kept without figures", () => {
    const figure = fc.option(fc.double({ min: -2, max: 1, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(figure, figure, (budgetLeft, burnRate) => {
        const slo = {
          ...uncounted,
          ...(budgetLeft === undefined ? {} : { budgetLeft }),
          windows: [burnRate === undefined ? { window: "1h" } : { window: "1h", burnRate }],
        };
        const isKnown = budgetLeft !== undefined && burnRate !== undefined;
        expect(verdictOf(slo).kind === "good").toBe(isKnown && budgetLeft > 0);
      }),
    );
  });
});

describe("promises", () => {
  const silent: Slo = { ...uncounted, name: "silent", windows: [] };
  const broken: Slo = { ...kept, name: "broken", budgetLeft: -0.6 };
  const endangered: Slo = { ...kept, name: "endangered", alerts: [alert("ticket")] };

  it("those that want attention come first", () => {
    const all = [silent, kept, endangered, broken];
    expect(inOrder(all).map(({ name }) => name)).toEqual(["broken", "endangered", "kept", "silent"]);
    expect(inDanger(all)).toEqual([broken, endangered]);
  });

  it.each<[readonly Slo[], string, string]>([
    [[kept, kept], "good", "Every promise is kept"],
    [[kept, silent], "unknown", "1 promise is kept. Of another one nothing is known"],
    [[silent, silent], "unknown", "Nothing is known of any promise"],
    [[broken, kept], "bad", "1 promise is not safe"],
    [[broken, endangered, silent, silent], "bad", "2 promises are not safe. Of 2 others nothing is known"],
    [[endangered], "warning", "1 promise is not safe"],
    [[], "unknown", "Prometheus has no promises"],
  ])("%#: come to a sentence", (objectives, kind, text) => {
    expect(summaryOf({ state: "known", objectives: [...objectives] })).toEqual({ kind, text });
  });

  it("are not known where nobody can be asked", () => {
    expect(summaryOf({ state: "off", objectives: [] }).kind).toBe("unknown");
    expect(summaryOf({ state: "away", objectives: [] }).kind).toBe("unknown");
  });
});

it("shares are told in per cent, and a budget that is overdrawn by how much", () => {
  expect(percent(0.999537)).toBe("99.954 %");
  expect(budgetText(0.274)).toBe("27 % left");
  expect(budgetText(-0.6)).toBe("overspent by 60 %");
});
