import { createLog } from "@espalier/service";
import Fastify from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { serveApi } from "../../src/api/serve.ts";
import { findingPart } from "../../src/findings/part.ts";
import type { FindingSource, FindingsNow, ShownFinding } from "../../src/findings/source.ts";
import type { Session } from "../../src/sessions/session.ts";

const logger = createLog({ destination: () => undefined }).logger("test");

const expiring: ShownFinding = {
  ...{ id: "f1", rule: "TLS003", title: "certificate expires soon", severity: "high" },
  ...{ subject: "ldaps://ldap1.example.com:636", path: "certificates[0]", message: "it expires in 6 days" },
  ...{ fix: "Renew it.", explanation: "Clients refuse it.", references: ["RFC 5280"] },
  ...{ firstSeen: 1_000, isStale: false },
};

/** Checks that are made when somebody asks for one. */
class Checks implements FindingSource {
  found: FindingsNow = { lastRunAt: undefined, isRunning: false, intervalMs: 300_000, findings: [], unreadable: [] };
  now(): FindingsNow {
    return this.found;
  }
  async checkNow(): Promise<void> {
    this.found = { ...this.found, lastRunAt: 2_000, findings: [expiring] };
  }
}

function sessionOf(...actions: readonly string[]): Session {
  const may = (action: string, cluster: string) => cluster === "west" && actions.includes(action);
  return { id: "s", name: "uid=ann", clusters: ["east", "west"], may } as unknown as Session;
}

function serve(session: Session, source: FindingSource | undefined) {
  const app = Fastify();
  const closing = new AbortController().signal;
  serveApi(app, { parts: [findingPart({ source })], prefix: "", authenticate: async () => session, closing, logger });
  onTestFinished(() => app.close());
  return async (method: "GET" | "POST", url: string) => {
    const { statusCode, body } = await app.inject({ method, url });
    return { statusCode, body: JSON.parse(body) };
  };
}

it("before the first look nothing is known, and after it what was found, with why and what to do", async () => {
  const ask = serve(sessionOf("audit", "admin"), new Checks());
  const empty = { isRunning: false, intervalMs: 300_000, findings: [], unreadable: [] };
  expect(await ask("GET", "/findings")).toEqual({ statusCode: 200, body: { state: "waiting", ...empty } });
  const known = { state: "known", ...empty, lastRunAt: 2_000, findings: [expiring] };
  expect(await ask("POST", "/findings/check-now")).toEqual({ statusCode: 200, body: known });
  expect(await ask("GET", "/findings")).toEqual({ statusCode: 200, body: known });
});

it("what nobody could look at is told, and what somebody has taken on", async () => {
  const checks = new Checks();
  const suppressed = { reason: "It is switched off on Friday.", until: "2026-02-01" };
  const unreadable = [{ subject: "https://ldap.example.com", message: "nothing listens there" }];
  checks.found = { ...checks.found, lastRunAt: 2_000, unreadable, findings: [{ ...expiring, suppressed }] };
  const { body } = await serve(sessionOf("audit"), checks)("GET", "/findings");
  expect(body).toMatchObject({ unreadable, findings: [{ id: "f1", suppressed }] });
});

it("is for those who may see the timeline, and to look now is for administrators", async () => {
  const viewer = serve(sessionOf("read"), new Checks());
  expect(await viewer("GET", "/findings")).toMatchObject({ statusCode: 403, body: { code: "not_allowed" } });
  const auditor = serve(sessionOf("audit"), new Checks());
  expect((await auditor("GET", "/findings")).statusCode).toBe(200);
  expect(await auditor("POST", "/findings/check-now")).toMatchObject({ statusCode: 403 });
});

it("a process that makes no checks says so", async () => {
  const ask = serve(sessionOf("audit", "admin"), undefined);
  expect((await ask("GET", "/findings")).body).toEqual({
    state: "off",
    isRunning: false,
    findings: [],
    unreadable: [],
  });
  expect(await ask("POST", "/findings/check-now")).toMatchObject({ statusCode: 503, body: { code: "unavailable" } });
});
