/** The figures of 389 Directory Server: its cn=monitor, and by kind of operation cn=snmp,cn=monitor. */
import type { SearchEntry } from "@espalier/ldap/client";
import { textOf } from "../reading/entry-json.ts";
import {
  type Figure,
  type Figures,
  figureOf,
  type OperationKind,
  operationsByKind,
  startedAtOf,
  sumOf,
  timeOf,
} from "./figures.ts";

/** What makes each up; kinds that are not here are not counted apart. Anonymous binds are among the simple ones. */
const counters: Partial<Readonly<Record<OperationKind, readonly string[]>>> = {
  bind: ["simpleauthbinds", "strongauthbinds"],
  search: ["searchops"],
  compare: ["compareops"],
  modify: ["modifyentryops"],
  modifyDn: ["modifyrdnops"],
  add: ["addentryops"],
  delete: ["removeentryops"],
};

export function directory389Figures(monitor: SearchEntry, snmp: SearchEntry | undefined): Figures {
  const figure = (attribute: string) => figureOf(monitor, attribute);
  const startedAt = timeOf(textOf(monitor, "starttime"));
  const now = timeOf(textOf(monitor, "currenttime"));
  const uptimeSeconds = startedAt === undefined || now === undefined ? "unknown" : (now - startedAt) / 1_000;
  const initiated = (kind: OperationKind): Figure => {
    const parts = counters[kind];
    return parts === undefined ? "unknown" : sumOf(...parts.map((attribute) => figureOf(snmp, attribute)));
  };
  return {
    startedAt: startedAtOf(startedAt),
    uptimeSeconds,
    connections: {
      current: figure("currentconnections"),
      total: figure("totalconnections"),
      most: figure("dtablesize"),
    },
    operations: {
      all: { initiated: figure("opsinitiated"), completed: figure("opscompleted") },
      byKind: operationsByKind((kind) => ({ initiated: initiated(kind), completed: "unknown" })),
    },
    threads: { active: "unknown", most: figure("threads"), pending: "unknown" },
    waiters: { read: figure("readwaiters"), write: "unknown" },
    sent: {
      messages: "unknown",
      entries: figure("entriessent"),
      references: figureOf(snmp, "referralsreturned"),
      bytes: figure("bytessent"),
    },
  };
}
