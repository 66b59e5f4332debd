import { pagedResultsControl } from "@espalier/ldap";
import { createLog, createMetrics, type Metrics } from "@espalier/service";
import { describe, expect, it } from "vitest";
import { setBackendGauges } from "../../src/observe/backend-metrics.ts";
import { HygieneReport } from "../../src/observe/hygiene-report.ts";
import { proxyMetrics } from "../../src/observe/metrics.ts";
import { OperationObserver } from "../../src/observe/operation-observer.ts";
import { OperationTap } from "../../src/observe/operation-tap.ts";
import { Tap } from "../../src/observe/tap.ts";
import { frame, ipv4Client, ipv6Client, searchFor } from "./conversation.ts";
import { bindRecord, searchRecord } from "./records.ts";

const start = Date.parse("2026-03-01T12:00:00Z");

function observed({ accessLog = true }: { readonly accessLog?: boolean } = {}) {
  const lines: Record<string, unknown>[] = [];
  const clock = { now: start };
  const { logger } = createLog({
    destination: (line) => void lines.push(JSON.parse(line)),
    now: () => clock.now,
  });
  const metrics = createMetrics();
  const instruments = metrics.register(proxyMetrics);
  const tap = new Tap();
  const hygiene = new HygieneReport();
  const log = logger("proxy");
  const observer = new OperationObserver({ log, metrics: instruments, accessLog, tap, hygiene, now: () => clock.now });
  return { observer, lines, clock, metrics, instruments, tap, hygiene };
}

/** The series that are not 0, without buckets. */
async function counts(metrics: Metrics): Promise<string[]> {
  const text = await metrics.text();
  return text
    .split("\n")
    .filter((line) => line.startsWith("espalier_proxy_") && !line.includes("_bucket{") && !line.endsWith(" 0"));
}

describe("the access log", () => {
  it("says of an operation who asked what, which backend answered and why, and how it went", () => {
    const { observer, lines } = observed();
    observer.operationEnded(searchRecord({ queuedMs: 0.5, attempts: 2 }));
    expect(lines).toStrictEqual([
      {
        timestamp: "2026-03-01T12:00:00.000Z",
        level: "INFO",
        logger: "proxy",
        message: "search",
        connectionId: 7,
        remoteAddress: "10.0.5.7",
        remotePort: 40_000,
        listener: "ldap://0.0.0.0:389",
        secure: false,
        messageId: 2,
        boundAs: "uid=ann,ou=people,dc=example,dc=com",
        base: "dc=example,dc=com",
        scope: "wholeSubtree",
        filter: "(uid=ann)",
        backend: "ldap1",
        route: "round-robin",
        attempts: 2,
        entries: 1,
        bytes: 120,
        durationMs: 1.235,
        queuedMs: 0.5,
        result: "success",
      },
    ]);
  });

  it("says what refused an operation, and has no longer texts of strangers than it must", () => {
    const { observer, lines } = observed();
    observer.operationEnded({
      ...bindRecord(ipv6Client, `cn=${"x".repeat(5000)}`),
      resultCode: 53,
      diagnosticMessage: "A rule of this proxy forbids the operation; ask its administrator.",
      refusedBy: "firewall",
      rule: "office only",
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      message: "bind",
      secure: true,
      authentication: "simple",
      result: "unwillingToPerform",
      refusedBy: "firewall",
      rule: "office only",
      diagnosticMessage: "A rule of this proxy forbids the operation; ask its administrator.",
    });
    expect(lines[0]!.dn).toHaveLength(1025);
  });

  it("warns of a write in doubt, also where operations are not logged", () => {
    const { observer, lines } = observed({ accessLog: false });
    observer.operationEnded(searchRecord());
    observer.operationEnded(searchRecord({ operation: "modify", inDoubt: true, resultCode: 80 }));
    expect(lines.map(({ level, message, inDoubt }) => ({ level, message, inDoubt }))).toStrictEqual([
      { level: "WARN", message: "modify", inDoubt: true },
    ]);
  });

  it("lets strangers cause ten lines a second, and says how many there would have been", () => {
    const { observer, lines, clock } = observed();
    for (let i = 0; i < 15; i++) observer.protocolError(ipv4Client, new Error("not LDAP"));
    clock.now += 1000;
    observer.connectionRefused({ address: "10.0.5.7", listener: "ldap://0.0.0.0:389", reason: "tooManyConnections" });
    expect(lines).toHaveLength(11);
    expect(lines[9]).not.toHaveProperty("suppressedLines");
    expect(lines[10]).toMatchObject({
      message: "A connection was refused: tooManyConnections",
      suppressedLines: 5,
    });
  });
});

describe("the metrics", () => {
  it("count operations by kind, result, backend and reason", async () => {
    const { observer, metrics } = observed();
    observer.operationEnded(searchRecord({ durationMs: 2, queuedMs: 1, attempts: 2, entries: 3 }));
    observer.operationEnded(searchRecord({ durationMs: 2, resultCode: undefined }));
    observer.operationEnded({
      ...bindRecord(ipv4Client, "cn=a"),
      resultCode: 53,
      refusedBy: "firewall",
      rule: "rule 1",
    });
    observer.operationEnded(searchRecord({ operation: "modify", inDoubt: true, resultCode: 80, entries: 0 }));
    expect(await counts(metrics)).toStrictEqual([
      'espalier_proxy_operations_total{operation="search",result="success"} 1',
      'espalier_proxy_operations_total{operation="search",result="unanswered"} 1',
      'espalier_proxy_operations_total{operation="bind",result="unwillingToPerform"} 1',
      'espalier_proxy_operations_total{operation="modify",result="other"} 1',
      'espalier_proxy_operation_duration_seconds_sum{operation="search"} 0.004',
      'espalier_proxy_operation_duration_seconds_count{operation="search"} 2',
      'espalier_proxy_operation_duration_seconds_sum{operation="bind"} 0.003',
      'espalier_proxy_operation_duration_seconds_count{operation="bind"} 1',
      'espalier_proxy_operation_duration_seconds_sum{operation="modify"} 0.0012345',
      'espalier_proxy_operation_duration_seconds_count{operation="modify"} 1',
      "espalier_proxy_queue_duration_seconds_sum 0.001",
      "espalier_proxy_queue_duration_seconds_count 1",
      'espalier_proxy_routed_operations_total{backend="ldap1",reason="round-robin"} 3',
      'espalier_proxy_routed_operations_total{backend="ldap1",reason="bind-hash"} 1',
      'espalier_proxy_backend_duration_seconds_sum{backend="ldap1"} 0.0072345',
      'espalier_proxy_backend_duration_seconds_count{backend="ldap1"} 4',
      "espalier_proxy_moved_operations_total 1",
      "espalier_proxy_writes_in_doubt_total 1",
      'espalier_proxy_refused_operations_total{by="firewall"} 1',
      'espalier_proxy_firewall_refusals_total{rule="rule 1"} 1',
      "espalier_proxy_entries_sent_total 4",
      "espalier_proxy_answer_bytes_total 374",
    ]);
  });

  it("count connections that are open, and why others ended", async () => {
    const { observer, metrics } = observed();
    observer.connectionOpened(ipv4Client);
    observer.connectionOpened(ipv6Client);
    observer.connectionClosed(ipv4Client, "unbind");
    observer.connectionRefused({ address: "10.0.5.7", listener: "ldap://0.0.0.0:389", reason: "tlsError" });
    expect(await counts(metrics)).toStrictEqual([
      "espalier_proxy_connections 1",
      'espalier_proxy_connections_opened_total{listener="ldap://0.0.0.0:389"} 1',
      'espalier_proxy_connections_opened_total{listener="ldaps://[::]:636"} 1',
      'espalier_proxy_connections_refused_total{reason="tlsError"} 1',
      'espalier_proxy_connections_closed_total{reason="unbind"} 1',
    ]);
  });

  it("show the backends that there are when they are read", async () => {
    const { instruments, metrics } = observed();
    const backend = (name: string, health: "up" | "degraded" | "down", acceptsNew: boolean) => ({
      name,
      state: { health, acceptsNew },
      connections: { open: 4, pending: 2 },
    });
    setBackendGauges(instruments, [backend("gone", "up", true)], "gone");
    setBackendGauges(instruments, [backend("a", "degraded", true), backend("b", "down", false)], "a");
    expect((await metrics.text()).split("\n").filter((line) => line.includes("backend="))).toStrictEqual([
      'espalier_proxy_backend_up{backend="a"} 1',
      'espalier_proxy_backend_up{backend="b"} 0',
      'espalier_proxy_backend_accepts_new{backend="a"} 1',
      'espalier_proxy_backend_accepts_new{backend="b"} 0',
      'espalier_proxy_backend_connections{backend="a"} 4',
      'espalier_proxy_backend_connections{backend="b"} 4',
      'espalier_proxy_backend_pending_operations{backend="a"} 2',
      'espalier_proxy_backend_pending_operations{backend="b"} 2',
      'espalier_proxy_write_node{backend="a"} 1',
    ]);
  });
});

it("what an operation was goes to the hygiene report, and its frames to the tap while somebody watches", () => {
  const { observer, hygiene, tap } = observed();
  observer.operationEnded(bindRecord(ipv4Client, "cn=a"));
  expect(hygiene.rows().map(({ address, clearTextBinds }) => ({ address, clearTextBinds }))).toStrictEqual([
    { address: "10.0.5.7", clearTextBinds: 1 },
  ]);
  const seen: string[] = [];
  expect(observer.isTapped).toBe(false);
  tap.subscribe(new OperationTap(({ direction, operation }) => seen.push(`${direction} ${operation}`)));
  expect(observer.isTapped).toBe(true);
  const unbind = frame(2, { type: "unbindRequest" });
  observer.request(ipv4Client, unbind);
  observer.response(ipv4Client, unbind);
  expect(seen).toStrictEqual(["request unbindRequest", "response unbindRequest"]);
});

it("a search is described when the access log has it, or when the hygiene report could count it for what it asks", () => {
  const bound = "cn=a";
  const plain = frame(2, searchFor("(uid=ann)"));
  const substring = frame(2, searchFor("(&(objectClass=person)(!(cn=*ann*)))"));
  const paged = frame(2, searchFor("(uid=ann)"), [pagedResultsControl({ size: 100, cookie: new Uint8Array(0) })]);
  const unbind = frame(3, { type: "unbindRequest" });
  const described = (accessLog: boolean) => {
    const { observer } = observed({ accessLog });
    return [plain, substring, paged, unbind].map((request) => observer.describes(request, bound));
  };
  expect(described(true)).toStrictEqual([true, true, true, true]);
  expect(described(false)).toStrictEqual([false, true, true, true]);
  expect(observed({ accessLog: false }).observer.describes(plain, "")).toBe(true);
});
