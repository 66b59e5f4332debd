/** One log line for every operation: who, from where, what, by which backend and why, how many, how long, and with what result. */
import { resultCodeName } from "@espalier/ldap";
import type { LogFields, Logger } from "@espalier/service";
import type { ClientFacts, OperationRecord } from "./operation-record.ts";

/** Names and texts come from peers; a longer one is not worth its line. */
const maxTextLength = 1024;

export class AccessLog {
  readonly #log: Logger;
  readonly #isEnabled: boolean;

  /** Where it is not enabled, only writes in doubt are written: somebody has to look after those. */
  constructor(log: Logger, isEnabled: boolean) {
    this.#log = log;
    this.#isEnabled = isEnabled;
  }

  /** Whether operations that are not in doubt are written. */
  get isWritten(): boolean {
    return this.#isEnabled && this.#log.isEnabled("info");
  }

  operationEnded(record: OperationRecord): void {
    if (!this.#isEnabled && record.inDoubt !== true) return;
    const level = record.inDoubt === true ? "warn" : "info";
    if (this.#log.isEnabled(level)) this.#log.line(level, record.operation, fieldsOf(record));
  }
}

/** What every line about a connection says of it. */
export function clientFields({ id, address, port, listener, tls }: ClientFacts): LogFields {
  return { connectionId: id, remoteAddress: address, remotePort: port, listener, secure: tls !== undefined };
}

function fieldsOf(record: OperationRecord): LogFields {
  const { operation, target, boundAs, filter, diagnosticMessage, resultCode } = record;
  return {
    ...clientFields(record.client),
    messageId: record.messageId,
    boundAs: clip(boundAs),
    ...(target === undefined ? {} : { [operation === "search" ? "base" : "dn"]: clip(target) }),
    scope: record.scope,
    filter: filter === undefined ? undefined : clip(filter),
    authentication: record.authentication,
    oid: record.oid,
    backend: record.backend,
    route: record.reason,
    attempts: record.attempts,
    ...(operation === "search" ? { entries: record.entries } : {}),
    bytes: record.bytes,
    durationMs: rounded(record.durationMs),
    queuedMs: record.queuedMs > 0 ? rounded(record.queuedMs) : undefined,
    result: resultName(resultCode),
    refusedBy: record.refusedBy,
    rule: record.rule,
    inDoubt: record.inDoubt,
    ...(diagnosticMessage === "" ? {} : { diagnosticMessage: clip(diagnosticMessage) }),
  };
}

/** The RFC's name; `unanswered` where the client got no answer. */
export function resultName(resultCode: number | undefined): string {
  return resultCode === undefined ? "unanswered" : resultCodeName(resultCode);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

function clip(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}
