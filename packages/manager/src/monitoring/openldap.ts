/** The figures of OpenLDAP's monitor backend, slapd-monitor(5). */
import type { SearchScope } from "@espalier/ldap";
import { OperationError, type SearchEntry } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { textOf } from "../reading/entry-json.ts";
import { isLoss } from "../reading/pinned.ts";
import { type Figures, figureOf, type OperationKind, operationsByKind, startedAtOf, timeOf } from "./figures.ts";

/** Below cn=Monitor. Not all of cn=Connections: it has an entry for each connection. */
const places: readonly (readonly [base: string, scope: SearchScope])[] = [
  ["cn=Current,cn=Connections", "baseObject"],
  ["cn=Total,cn=Connections", "baseObject"],
  ["cn=Max File Descriptors,cn=Connections", "baseObject"],
  ["cn=Operations", "wholeSubtree"],
  ["cn=Statistics", "singleLevel"],
  ["cn=Threads", "singleLevel"],
  ["cn=Time", "singleLevel"],
  ["cn=Waiters", "singleLevel"],
];

const attributes = ["monitorCounter", "monitoredInfo", "monitorOpInitiated", "monitorOpCompleted", "monitorTimestamp"];

const names: Readonly<Record<OperationKind, string>> = {
  bind: "Bind",
  unbind: "Unbind",
  search: "Search",
  compare: "Compare",
  modify: "Modify",
  modifyDn: "Modrdn",
  add: "Add",
  delete: "Delete",
  abandon: "Abandon",
  extended: "Extended",
};

/** What may not be read is unknown, by itself. @throws what a search throws where the node is lost */
export async function openLdapFigures(connection: NodeConnection, signal: AbortSignal): Promise<Figures> {
  const found = await Promise.all(places.map(([base, scope]) => read(connection, `${base},cn=Monitor`, scope, signal)));
  const entries = new Map(found.flat().map((entry) => [entry.objectName.toLowerCase(), entry]));
  const at = (place: string) => entries.get(`${place},cn=monitor`.toLowerCase());
  const counter = (place: string) => figureOf(at(place), "monitorCounter");
  const info = (place: string) => figureOf(at(place), "monitoredInfo");
  const operation = (place: string) => ({
    initiated: figureOf(at(place), "monitorOpInitiated"),
    completed: figureOf(at(place), "monitorOpCompleted"),
  });
  const start = at("cn=Start,cn=Time");
  return {
    startedAt: startedAtOf(start === undefined ? undefined : timeOf(textOf(start, "monitorTimestamp"))),
    uptimeSeconds: info("cn=Uptime,cn=Time"),
    connections: {
      current: counter("cn=Current,cn=Connections"),
      total: counter("cn=Total,cn=Connections"),
      most: counter("cn=Max File Descriptors,cn=Connections"),
    },
    operations: {
      all: operation("cn=Operations"),
      byKind: operationsByKind((kind) => operation(`cn=${names[kind]},cn=Operations`)),
    },
    threads: {
      active: info("cn=Active,cn=Threads"),
      most: info("cn=Max,cn=Threads"),
      pending: info("cn=Pending,cn=Threads"),
    },
    waiters: { read: counter("cn=Read,cn=Waiters"), write: counter("cn=Write,cn=Waiters") },
    sent: {
      messages: counter("cn=PDU,cn=Statistics"),
      entries: counter("cn=Entries,cn=Statistics"),
      references: counter("cn=Referrals,cn=Statistics"),
      bytes: counter("cn=Bytes,cn=Statistics"),
    },
  };
}

async function read(
  connection: NodeConnection,
  baseObject: string,
  scope: SearchScope,
  signal: AbortSignal,
): Promise<readonly SearchEntry[]> {
  try {
    return (await connection.searchAll({ baseObject, scope, attributes }, { signal })).entries;
  } catch (error) {
    if (error instanceof OperationError && !isLoss(error)) return [];
    throw error;
  }
}
