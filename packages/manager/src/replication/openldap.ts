/**
 * Replication of OpenLDAP: contextCSN at the base (slapo-syncprov(5)), cn=Consumer entries below cn=Monitor, which 2.5 and later have,
 * and olcSyncrepl of cn=config. The last two are for those who may read them.
 */
import { filter, parseContextCsn } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { textOf, textsOf } from "../reading/entry-json.ts";
import { sameDn } from "./dn.ts";
import type { Consumer, NodeState, OptionalReader } from "./node-state.ts";
import { parseServerTime } from "./server-time.ts";
import { parseSyncrepl } from "./syncrepl.ts";
import { addressOf, type Link } from "./topology.ts";

export async function openLdapState(read: OptionalReader, baseDn: string): Promise<NodeState> {
  const [position, consumers, providers] = await Promise.all([
    readPosition(read, baseDn),
    readConsumers(read, baseDn),
    readProviders(read, baseDn),
  ]);
  const links = linksOf(consumers, providers);
  return {
    ...position,
    ...(consumers === undefined ? {} : { consumers }),
    links,
    ...(links === undefined
      ? { linksProblem: "Neither cn=config nor the consumers below cn=Monitor are there for you to read." }
      : {}),
  };
}

async function readPosition(
  read: OptionalReader,
  baseObject: string,
): Promise<Pick<NodeState, "source" | "newest" | "problem">> {
  const entries = await read({ baseObject, scope: "baseObject", attributes: ["contextCSN"] });
  const [base] = entries ?? [];
  const unknown = (problem: string) => ({ source: undefined, newest: undefined, problem });
  if (base === undefined) return unknown(`It does not have ${baseObject}, or you may not read it.`);
  const newest = parseContextCsn(textsOf(base, "contextCSN"));
  if (newest.size === 0) {
    return unknown(
      `${baseObject} has no contextCSN that you may read: the server does not replicate it, or does not provide it.`,
    );
  }
  return { source: "contextCSN", newest };
}

async function readConsumers(read: OptionalReader, baseDn: string): Promise<Consumer[] | undefined> {
  const entries = await read({
    baseObject: "cn=Databases,cn=Monitor",
    filter: filter`(|(objectClass=olmSyncReplInstance)(namingContexts=*))`,
    attributes: ["*", "+"],
  });
  if (entries === undefined) return undefined;
  const databases = entries.filter((entry) =>
    textsOf(entry, "namingContexts").some((context) => sameDn(context, baseDn)),
  );
  if (databases.length === 0) return undefined;
  const suffixes = databases.map(({ objectName }) => `,${objectName.toLowerCase()}`);
  const own = entries.filter(
    (entry) =>
      entry.values("olmSRProviderURIList").length > 0 &&
      suffixes.some((suffix) => entry.objectName.toLowerCase().endsWith(suffix)),
  );
  return own.flatMap(consumerOf);
}

function consumerOf(entry: SearchEntry): Consumer[] {
  const [provider] = (textOf(entry, "olmSRProviderURIList") ?? "").split(/\s+/);
  if (provider === undefined || provider === "") return [];
  const time = (attribute: string) => parseServerTime(textOf(entry, attribute));
  return [
    {
      provider,
      isConnected: (textOf(entry, "olmSRConnection") ?? "") !== "",
      phase: textOf(entry, "olmSRSyncPhase"),
      lastConnectAt: time("olmSRLastConnect"),
      lastContactAt: time("olmSRLastContact"),
      nextConnectAt: time("olmSRNextConnect"),
      lastCookieReceived: textOf(entry, "olmSRLastCookieRcvd"),
    },
  ];
}

async function readProviders(read: OptionalReader, baseDn: string): Promise<string[] | undefined> {
  const entries = await read({
    baseObject: "cn=config",
    filter: filter`(olcSuffix=*)`,
    attributes: ["olcSuffix", "olcSyncrepl"],
  });
  const databases = (entries ?? []).filter((entry) =>
    textsOf(entry, "olcSuffix").some((suffix) => sameDn(suffix, baseDn)),
  );
  if (databases.length === 0) return undefined;
  return databases
    .flatMap((entry) => textsOf(entry, "olcSyncrepl"))
    .flatMap((value) => parseSyncrepl(value) ?? [])
    .map(({ provider }) => provider);
}

/** Consumers tell how it goes; of a provider that only the configuration names nothing more is known. */
function linksOf(
  consumers: readonly Consumer[] | undefined,
  providers: readonly string[] | undefined,
): Link[] | undefined {
  if (consumers === undefined && providers === undefined) return undefined;
  const watched = (consumers ?? []).map(
    (consumer): Link => ({ url: consumer.provider, kind: "syncrepl", ...statusOf(consumer) }),
  );
  const known = new Set(watched.map(({ url }) => addressOf(url)));
  const configured = (providers ?? [])
    .filter((provider) => !known.has(addressOf(provider)))
    .map(
      (url): Link => ({
        url,
        kind: "syncrepl",
        status: "unknown",
        detail: "It is configured; cn=Monitor does not say how it goes.",
      }),
    );
  return [...watched, ...configured];
}

/** A consumer of type refreshOnly is not connected between two refreshes; but it has heard something since it last connected. */
function statusOf({
  isConnected,
  phase,
  lastConnectAt,
  lastContactAt,
  nextConnectAt,
}: Consumer): Pick<Link, "status" | "detail"> {
  if (isConnected) return { status: "ok", ...(phase === undefined ? {} : { detail: phase }) };
  if (
    lastConnectAt !== undefined &&
    lastContactAt !== undefined &&
    lastContactAt >= lastConnectAt &&
    nextConnectAt !== undefined
  ) {
    return { status: "ok", detail: "It waits for its next refresh." };
  }
  const next = nextConnectAt === undefined ? "" : `; it tries again at ${new Date(nextConnectAt).toISOString()}`;
  return { status: "broken", detail: `Not connected${next}.` };
}
