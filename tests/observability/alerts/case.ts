/** What an alert's case is made of: the series that Prometheus has, and what becomes of them. */

/** Series with their samples, one a minute, in promtool's notation. */
export type Samples = Readonly<Record<string, string>>;

export interface Firing {
  readonly at: string;
  readonly series: Samples;
  /** Beside those of the rule. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Where it is a template. */
  readonly description?: string;
}

interface Silent {
  readonly because: string;
  readonly at: string;
  readonly series: Samples;
}

export interface AlertCase {
  readonly firing: Firing;
  readonly silent: readonly Silent[];
}

export const node = { job: "espalier", instance: "n1" };

export const up = (service: string, samples: string, instance = "n1"): Samples => ({
  [`up{job="espalier",service="${service}",instance="${instance}"}`]: samples,
});

export const ofNode = (metric: string, samples: string): Samples => ({
  [`${metric}{job="espalier",instance="n1"}`]: samples,
});

/** A service that cannot be scraped. */
export const down = (service: string, summary: string): AlertCase => ({
  firing: {
    at: "5m",
    series: up(service, "1 1 0x10"),
    labels: { ...node, service },
    summary,
  },
  silent: [
    { because: "it was away for one scrape only", at: "5m", series: up(service, "1 1 0 1x10") },
    { because: "another service is down", at: "5m", series: { ...up("other", "0x10"), ...up(service, "1x10", "n2") } },
  ],
});
