/**
 * When a budget is spent too fast: two windows for each alert, so that it comes soon and goes soon. The method and its numbers
 * are those of the Site Reliability Workbook, chapter 5, "multiwindow, multi-burn-rate alerts".
 */

export interface BurnRateAlert {
  readonly severity: "page" | "ticket";
  /** Share of the period's budget that is spent when the long window alone has it. */
  readonly budget: number;
  readonly longWindow: string;
  readonly longHours: number;
  readonly shortWindow: string;
}

export const burnRateAlerts: readonly BurnRateAlert[] = [
  { severity: "page", budget: 0.02, longWindow: "1h", longHours: 1, shortWindow: "5m" },
  { severity: "page", budget: 0.05, longWindow: "6h", longHours: 6, shortWindow: "30m" },
  { severity: "ticket", budget: 0.1, longWindow: "1d", longHours: 24, shortWindow: "2h" },
  { severity: "ticket", budget: 0.1, longWindow: "3d", longHours: 72, shortWindow: "6h" },
];

/** How many times faster than the period allows: 14.4, 6, 3 and 1 for a period of 30 days. */
export function burnRate({ budget, longHours }: BurnRateAlert, periodDays: number): number {
  return Number(((budget * periodDays * 24) / longHours).toPrecision(6));
}

/** The windows that error ratios are recorded over, the period itself apart. */
export const recordedWindows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] as const;
