/** The services that run with this configuration, as they tell of themselves on the listener for health and metrics. */
import type { HealthRow } from "@espalier/check/live";
import { type CheckResult, formatHostPort, type HealthReport } from "@espalier/service";
import { z } from "zod";
import { visible } from "../commands/visible.ts";
import type { CommonConfiguration } from "../configuration.ts";

const timeoutMs = 5_000;
const loopback: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

const report = z.object({
  status: z.enum(["healthy", "degraded", "unhealthy"]),
  version: z.string(),
  checks: z.record(z.string(), z.looseObject({ status: z.enum(["ok", "degraded", "error"]) })),
});

/** A row for the process, and one for each of its checks. */
export async function serviceRows({ metrics: { listen } }: Pick<CommonConfiguration, "metrics">): Promise<HealthRow[]> {
  const part = "service";
  if (listen === "off") {
    const detail = "metrics.listen is off, so it cannot be asked";
    return [{ part, name: "espalier", status: "unknown", detail }];
  }
  const address = formatHostPort({ host: loopback[listen.host] ?? listen.host, port: listen.port });
  const name = `espalier ${address}`;
  let told: Pick<HealthReport, "status" | "version" | "checks">;
  try {
    const answer = await fetch(`http://${address}/health`, { signal: AbortSignal.timeout(timeoutMs) });
    told = report.parse(await answer.json());
  } catch (error) {
    return [{ part, name, status: "failing", detail: reasonOf(error) }];
  }
  const { status, version, checks } = told;
  return [
    { part, name, status: status === "healthy" ? "ok" : "failing", detail: `${status}, version ${visible(version)}` },
    ...Object.entries(checks).map(([check, result]): HealthRow => {
      return {
        part,
        name: visible(check),
        status: result.status === "ok" ? "ok" : "failing",
        detail: detailOf(result),
      };
    }),
  ];
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: string } };
  if (name === "TimeoutError") return "it does not answer";
  if (cause?.code === "ECONNREFUSED") return "it does not run: nothing listens there";
  return cause?.code === undefined ? "something else answers there" : `it cannot be asked (${cause.code})`;
}

/** Its details that are one word or number each; what is more is for who looks at /health. */
function detailOf({ status, ...details }: CheckResult): string {
  const told = Object.entries(details).flatMap(([key, value]) => {
    if (key === "findings" && Array.isArray(value)) return [`${value.length} findings`];
    if (Array.isArray(value)) return value.length === 0 ? [] : [`${key} ${value.map(textOf).join(", ")}`];
    return typeof value === "object" ? [] : [`${key} ${String(value)}`];
  });
  return visible([status, ...told].join(", "));
}

function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
