/** Records of operations, as the dispatcher makes them. */
import type { ClientFacts, OperationRecord } from "../../src/observe/operation-record.ts";
import { ipv4Client } from "./conversation.ts";

/** A search that one backend answered. */
export function searchRecord(change: Partial<OperationRecord> = {}): OperationRecord {
  return {
    client: ipv4Client,
    messageId: 2,
    operation: "search",
    target: "dc=example,dc=com",
    scope: "wholeSubtree",
    filter: "(uid=ann)",
    boundAs: "uid=ann,ou=people,dc=example,dc=com",
    backend: "ldap1",
    reason: "round-robin",
    attempts: 1,
    resultCode: 0,
    diagnosticMessage: "",
    entries: 1,
    bytes: 120,
    durationMs: 1.2345,
    queuedMs: 0,
    ...change,
  };
}

export function bindRecord(client: ClientFacts, target: string, authentication = "simple"): OperationRecord {
  return {
    client,
    messageId: 1,
    operation: "bind",
    target,
    authentication,
    boundAs: "",
    backend: "ldap1",
    reason: "bind-hash",
    attempts: 1,
    resultCode: 0,
    diagnosticMessage: "",
    entries: 0,
    bytes: 14,
    durationMs: 3,
    queuedMs: 0,
  };
}
