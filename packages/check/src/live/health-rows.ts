/** A table of how everything is that was looked at: what was observed, together with what the rules find in it. */
import { formatDuration } from "@espalier/service";
import type { Finding } from "../engine/finding.ts";
import { daysLeft, formatDay } from "../inputs/certificate.ts";
import type { BackupReceipt } from "../observed/backup-receipts.ts";
import type { ObservedEndpoint } from "../observed/endpoint.ts";
import type { ObservedNode } from "../observed/node.ts";
import type { Observation } from "./observation.ts";

/** `warning`: somebody should look, and it works. `unknown`: nobody can tell. */
export type HealthStatus = "ok" | "warning" | "failing" | "unknown";

export interface HealthRow {
  /** `node`, `certificate`, `service` …: what it is. */
  readonly part: string;
  readonly name: string;
  readonly status: HealthStatus;
  /** A clause without a full stop. */
  readonly detail: string;
}

export interface RowOptions {
  /** Those that nobody has taken on. */
  readonly findings: readonly Finding[];
  readonly now: number;
  /** How old the newest backup may be, in milliseconds; undefined where none are made. */
  readonly maxBackupAgeMs?: number | undefined;
}

export function rowsOf({ documents, unreadable }: Observation, options: RowOptions): readonly HealthRow[] {
  const left = new Set(options.findings);
  /** The gravest of what is found about it, or how it is. */
  const judged = (part: string, name: string, subject: string, ids: RegExp, detail: string): HealthRow => {
    const own = [...left].filter((finding) => finding.subject === subject && ids.test(finding.rule));
    for (const finding of own) left.delete(finding);
    const [worst] = own;
    if (worst === undefined) return { part, name, status: "ok", detail };
    const more = own.length > 1 ? ` (and ${own.length - 1} more)` : "";
    return { part, name, status: statusOf(worst), detail: `${worst.rule} ${worst.message}${more}` };
  };
  const lags = new Map(documents.replication.map(({ node, lagSeconds }) => [node, lagSeconds]));
  const rows = [
    ...documents.node.map((node) =>
      judged("node", `${node.group}/${node.name}`, node.name, /^LDP/, nodeText(node, lags.get(node.name))),
    ),
    ...documents.endpoint.flatMap((endpoint) =>
      endpoint.failure === undefined
        ? [judged("certificate", endpoint.url, endpoint.url, /^TLS/, certificateText(endpoint, options.now))]
        : [],
    ),
    ...documents.queue.map(({ waiting, dead }) =>
      judged("queue", "notifications", "notifications", /^HST/, `${waiting} waiting, ${dead} given up`),
    ),
    ...documents.storage.map(({ name, path, freeBytes, sizeBytes }) => {
      const share = sizeBytes === 0 ? "" : `, ${Math.floor((100 * freeBytes) / sizeBytes)} % free`;
      return judged("disk", name, name, /^HST/, `${path}${share}`);
    }),
    ...documents.clock.map(({ source, offsetSeconds }) =>
      judged("clock", source, source, /^HST/, `${Math.abs(offsetSeconds).toFixed(1)} s apart from this machine`),
    ),
    ...documents.backupReceipts.map(({ target, receipts }) => backupRow(target, receipts, options)),
    ...unreadable.map(({ subject, message }): HealthRow => {
      return { part: "unknown", name: subject, status: "unknown", detail: message };
    }),
  ];
  const others = [...left].map((finding): HealthRow => {
    const { rule, subject, message } = finding;
    return { part: "finding", name: subject, status: statusOf(finding), detail: `${rule} ${message}` };
  });
  return [...rows, ...others];
}

function statusOf({ severity }: Finding): HealthStatus {
  if (severity === "critical" || severity === "high") return "failing";
  return severity === "medium" ? "warning" : "ok";
}

function nodeText({ url, bind, isEncrypted }: ObservedNode, lagSeconds: number | undefined): string {
  const parts = [`answers at ${url}`, ...(isEncrypted ? [] : ["in clear text"]), ...(bind === "ok" ? ["binds"] : [])];
  return [...parts, ...(lagSeconds === undefined ? [] : [`${lagSeconds} s behind`])].join(", ");
}

function certificateText({ chain, tlsVersion }: ObservedEndpoint, now: number): string {
  const [own] = chain;
  if (own === undefined) return `${tlsVersion}, without a certificate`;
  return `${tlsVersion}, valid until ${formatDay(own.validToDate)} (${daysLeft(own, now)} days)`;
}

function backupRow(target: string, receipts: readonly BackupReceipt[], { now, maxBackupAgeMs }: RowOptions): HealthRow {
  const common = { part: "backup", name: target };
  const last = (kind: BackupReceipt["kind"]) =>
    receipts
      .filter((receipt) => receipt.kind === kind && receipt.isPassed)
      .reduce<number | undefined>((newest, { time }) => Math.max(newest ?? time, time), undefined);
  const created = last("create");
  if (created === undefined) return { ...common, status: "failing", detail: "there is no backup" };
  const drilled = last("drill");
  const ago = (time: number) => `${formatDuration(Math.max(0, Math.floor((now - time) / 60_000)) * 60_000)} ago`;
  const tried = drilled === undefined ? "a restore was never tried" : `a restore was last tried ${ago(drilled)}`;
  const isOld = maxBackupAgeMs !== undefined && now - created > maxBackupAgeMs;
  return { ...common, status: isOld ? "failing" : "ok", detail: `the newest is from ${ago(created)}; ${tried}` };
}
