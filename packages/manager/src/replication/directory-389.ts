/** Replication of 389 Directory Server: the replica update vector, and the agreements by which it sends changes. */
import { filter, parseRuv, parseRuvGeneration } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { textOf, textsOf } from "../reading/entry-json.ts";
import { sameDn } from "./dn.ts";
import type { Agreement, NodeState, OptionalReader } from "./node-state.ts";
import { parseServerTime } from "./server-time.ts";
import type { Link } from "./topology.ts";

/** By name, since the server gives computed ones for no wildcard. */
const agreementAttributes = [
  "cn",
  "nsDS5ReplicaHost",
  "nsDS5ReplicaPort",
  "nsDS5ReplicaTransportInfo",
  "nsDS5ReplicaRoot",
  "nsds5ReplicaEnabled",
  "nsds5replicaLastUpdateStatus",
  "nsds5replicaLastUpdateStatusJSON",
  "nsds5replicaLastUpdateStart",
  "nsds5replicaLastUpdateEnd",
  "nsds5replicaUpdateInProgress",
  "nsds5replicaChangesSentSinceStartup",
];

export async function directory389State(read: OptionalReader, baseDn: string): Promise<NodeState> {
  const [replica, tombstone, agreements] = await Promise.all([
    readReplica(read, baseDn),
    readTombstone(read, baseDn),
    readAgreements(read, baseDn),
  ]);
  const links = replica === undefined ? undefined : agreements?.map(linkOf);
  return {
    ...positionOf(replica ?? tombstone, baseDn),
    ...(agreements === undefined || replica === undefined ? {} : { agreements }),
    links,
    ...(links === undefined
      ? { linksProblem: "You may not read the agreements below cn=mapping tree,cn=config, or there is no replica." }
      : {}),
  };
}

async function readReplica(read: OptionalReader, baseDn: string): Promise<SearchEntry | undefined> {
  const entries = await read({
    baseObject: "cn=mapping tree,cn=config",
    filter: filter`(objectClass=nsds5Replica)`,
    attributes: ["nsDS5ReplicaRoot", "nsds50ruv"],
  });
  return entries?.find((entry) => isOf(entry, baseDn));
}

/** The vector is in the directory too, in an entry that is none. */
async function readTombstone(read: OptionalReader, baseObject: string): Promise<SearchEntry | undefined> {
  const entries = await read({
    baseObject,
    filter: filter`(&(nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff)(objectClass=nstombstone))`,
    attributes: ["nsds50ruv"],
  });
  return entries?.[0];
}

async function readAgreements(read: OptionalReader, baseDn: string): Promise<Agreement[] | undefined> {
  const entries = await read({
    baseObject: "cn=mapping tree,cn=config",
    filter: filter`(objectClass=nsds5ReplicationAgreement)`,
    attributes: agreementAttributes,
  });
  return entries?.filter((entry) => isOf(entry, baseDn)).map(agreementOf);
}

function isOf(entry: SearchEntry, baseDn: string): boolean {
  return sameDn(textOf(entry, "nsDS5ReplicaRoot") ?? "", baseDn);
}

function positionOf(
  entry: SearchEntry | undefined,
  baseDn: string,
): Pick<NodeState, "source" | "newest" | "generation" | "problem"> {
  const vector = entry === undefined ? [] : textsOf(entry, "nsds50ruv");
  const generation = parseRuvGeneration(vector);
  if (generation === undefined) {
    const problem = `There is no replica of ${baseDn} whose nsds50ruv you may read.`;
    return { source: undefined, newest: undefined, problem };
  }
  return { source: "nsds50ruv", newest: parseRuv(vector), generation };
}

const states: Readonly<Record<string, Agreement["state"]>> = { green: "ok", amber: "warning", red: "error" };

function agreementOf(entry: SearchEntry): Agreement {
  const scheme = /^(?:ssl|ldaps)$/i.test(textOf(entry, "nsDS5ReplicaTransportInfo") ?? "") ? "ldaps" : "ldap";
  const host = textOf(entry, "nsDS5ReplicaHost") ?? "";
  const { state, message } = statusOf(entry);
  // `1:3/0`: of the changes made on replica 1 three were sent and none was skipped.
  const sent = textOf(entry, "nsds5replicaChangesSentSinceStartup");
  const counts = [...(sent ?? "").matchAll(/\d+:(\d+)\/\d+/g)].map(([, count]) => Number(count));
  const isUpdating = textOf(entry, "nsds5replicaUpdateInProgress");
  return {
    name: textOf(entry, "cn") ?? entry.objectName,
    consumer: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${textOf(entry, "nsDS5ReplicaPort") ?? ""}`,
    isEnabled: (textOf(entry, "nsds5ReplicaEnabled") ?? "on").toLowerCase() !== "off",
    state,
    message,
    lastUpdateStartAt: parseServerTime(textOf(entry, "nsds5replicaLastUpdateStart")),
    lastUpdateEndAt: parseServerTime(textOf(entry, "nsds5replicaLastUpdateEnd")),
    isUpdating: isUpdating === undefined ? undefined : isUpdating.toUpperCase() === "TRUE",
    changesSent: sent === undefined ? undefined : counts.reduce((sum, count) => sum + count, 0),
  };
}

/** 1.4.2 and later say it in JSON; before that it was text alone, which begins with the error's number. */
function statusOf(entry: SearchEntry): Pick<Agreement, "state" | "message"> {
  const text = textOf(entry, "nsds5replicaLastUpdateStatus");
  const json = parseStatus(textOf(entry, "nsds5replicaLastUpdateStatusJSON"));
  const message = json?.message ?? text;
  const state = states[json?.state ?? ""];
  if (state !== undefined) return { state, message };
  const code = /^(?:Error \()?(-?\d+)\b/.exec(text ?? "")?.[1];
  return { state: code === undefined ? "unknown" : code === "0" ? "ok" : "error", message };
}

function parseStatus(text: string | undefined): { state?: string; message?: string } | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    if (typeof value !== "object" || value === null) return undefined;
    const { state, message } = value as { state?: unknown; message?: unknown };
    return {
      ...(typeof state === "string" ? { state: state.toLowerCase() } : {}),
      ...(typeof message === "string" ? { message } : {}),
    };
  } catch {
    return undefined;
  }
}

const linkStatus: Readonly<Record<Agreement["state"], Link["status"]>> = {
  ok: "ok",
  warning: "ok",
  error: "broken",
  unknown: "unknown",
};

function linkOf({ consumer, isEnabled, state, message }: Agreement): Link {
  return {
    ...{ url: consumer, kind: "agreement", status: isEnabled ? linkStatus[state] : "disabled" },
    ...(message === undefined ? {} : { detail: message }),
  };
}
