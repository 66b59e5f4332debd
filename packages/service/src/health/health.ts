/** What a service knows of its own state: whether it is ready, and the checks that make up `/health`. */

export type CheckStatus = "ok" | "degraded" | "error";

/** What a check found. Further members are details for the reader: plain JSON, no secret. */
export interface CheckResult {
  readonly status: CheckStatus;
  /** ISO 8601; kept by {@link Health} for any status but ok where the check does not say it. */
  readonly since?: string;
  readonly [detail: string]: unknown;
}

export interface HealthReport {
  readonly status: "healthy" | "degraded" | "unhealthy";
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly version: string;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

export interface Health {
  /**
   * Adds a check. It should answer from memory; one that throws, or takes longer than 2 s, counts as an error.
   *
   * @throws {TypeError} when the name is taken.
   */
  register(name: string, check: () => CheckResult | Promise<CheckResult>): void;
  /** A service begins not ready, because `starting`. */
  readonly readiness: Readiness;
  setReady(): void;
  setNotReady(reason: string): void;
  /** Runs the checks. Any error is unhealthy, any degraded is degraded. Calls at the same time share one run. */
  report(): Promise<HealthReport>;
}

const checkTimeoutMs = 2_000;

export function createHealth(options: { readonly version: string; readonly now?: () => Date }): Health {
  const { version, now = () => new Date() } = options;
  const checks = new Map<string, () => CheckResult | Promise<CheckResult>>();
  /** When a check was first seen in the state it is in, of those that are not ok. */
  const failingSince = new Map<string, { readonly status: CheckStatus; readonly since: string }>();
  let readiness: Readiness = { ready: false, reason: "starting" };
  let running: Promise<HealthReport> | undefined;

  const withSince = (name: string, result: CheckResult): CheckResult => {
    if (result.status === "ok") {
      failingSince.delete(name);
      return result;
    }
    const before = failingSince.get(name);
    const since = result.since ?? (before?.status === result.status ? before.since : now().toISOString());
    failingSince.set(name, { status: result.status, since });
    return { ...result, since };
  };

  const run = async (): Promise<HealthReport> => {
    const results = await Promise.all(
      [...checks].map(async ([name, check]) => [name, withSince(name, await runCheck(check))] as const),
    );
    const statuses = results.map(([, { status }]) => status);
    return {
      status: statuses.includes("error") ? "unhealthy" : statuses.includes("degraded") ? "degraded" : "healthy",
      timestamp: now().toISOString(),
      version,
      checks: Object.fromEntries(results),
    };
  };

  return {
    register(name, check) {
      if (checks.has(name)) throw new TypeError(`the check ${name} is registered already`);
      checks.set(name, check);
    },
    get readiness() {
      return readiness;
    },
    setReady() {
      readiness = { ready: true };
    },
    setNotReady(reason) {
      readiness = { ready: false, reason };
    },
    report() {
      running ??= run().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

/** The text of an error stays out: it may hold what the reader of `/health` must not know. */
async function runCheck(check: () => CheckResult | Promise<CheckResult>): Promise<CheckResult> {
  const timeout = Promise.withResolvers<CheckResult>();
  const timer = setTimeout(
    () => timeout.resolve({ status: "error", message: `the check did not answer within ${checkTimeoutMs} ms` }),
    checkTimeoutMs,
  );
  try {
    return await Promise.race([check(), timeout.promise]);
  } catch (error) {
    return { status: "error", message: `the check itself failed (${(error as Error).name})` };
  } finally {
    clearTimeout(timer);
  }
}
