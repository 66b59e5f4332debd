/** Answers about one entry: all of it, one value as it is, one value as a certificate. */
import { formatDn, LdapError, parentDn, parseAttributeDescription, ResultCode } from "@espalier/ldap";
import { PartialSearchError, type SearchEntry } from "@espalier/ldap/client";
import type { EventLog } from "@espalier/service";
import type { EntryJson } from "../api/entry.ts";
import { ApiError } from "../api/problem.ts";
import { ldapProblem } from "../api/problem-of-error.ts";
import { type ApiRequest, type Handlers, StreamAnswer } from "../api/route.ts";
import type { Answered, Clusters } from "../clusters/cluster.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { actions } from "../sessions/session.ts";
import { certificateJson } from "./certificate.ts";
import { baseName, entryJson, secretName, secretsOf } from "./entry-json.ts";
import type { entryRoutes } from "./entry-routes.ts";
import { attributeListOf, attributesOf, dnOf, parsedDn } from "./request-text.ts";
import { completeness } from "./shortfall.ts";
import { targetOf } from "./target.ts";

export interface EntryNeeds {
  readonly clusters: Clusters;
  /** Of the audit trail. */
  readonly log: Pick<EventLog, "append">;
  readonly now: () => number;
}

type ValueRequest = Pick<
  ApiRequest<(typeof entryRoutes)["GET /clusters/{cluster}/value"]>,
  "params" | "query" | "session" | "signal"
>;

export function entryHandlers({ clusters, log, now }: EntryNeeds): Handlers<typeof entryRoutes> {
  return {
    "GET /clusters/{cluster}/entry": async (request) => {
      const { query, session, signal } = request;
      const { cluster, identity } = targetOf(clusters, request);
      const dn = dnOf(query.dn, "dn");
      session.require("read", cluster.name, dn);
      const revealsSecrets = query.reveal === "true";
      if (revealsSecrets) session.require("admin", cluster.name, dn);
      const asked = attributeListOf(query.attributes);
      const [schema, facts] = await Promise.all([cluster.schema(identity), cluster.facts(identity)]);
      const { versionAttribute } = facts;
      const { value: found, node } = await cluster.read(
        identity,
        (connection) => readEntry(connection, dn, [...asked, versionAttribute], signal),
        { node: query.node, signal },
      );
      if (revealsSecrets) await noteReveal(found, node);
      const entry = entryJson(found, { schema, facts, revealsSecrets });
      const isVersionAsked = asked.some(
        (name) => name === "+" || name.toLowerCase() === versionAttribute.toLowerCase(),
      );
      return {
        ...cutEntry(isVersionAsked ? entry : withoutOperational(entry, versionAttribute), query.maxValues),
        may: actions.filter((action) => session.may(action, cluster.name, dn)),
        node,
        ...completeness(ranged(found)),
      };

      /** Stored before anything is shown: where it cannot be noted it is not shown. */
      async function noteReveal(entry: SearchEntry, node: string): Promise<void> {
        const attributes = secretsOf(entry, schema);
        if (attributes.length === 0) return;
        request.setHeader("cache-control", "no-store");
        await log.append({
          type: "secret.revealed",
          severity: "medium",
          subject: entry.objectName,
          source: "manager",
          actor: session.name,
          data: { cluster: cluster.name, node, attributes, address: request.address, request_id: request.requestId },
          audit: true,
        });
      }
    },

    "GET /clusters/{cluster}/value": async (request) => {
      const { value } = await oneValue(clusters, request);
      request.setHeader("x-content-type-options", "nosniff");
      request.setHeader("content-length", String(value.length));
      return new StreamAnswer("application/octet-stream", once(value), request.query.attribute);
    },

    "GET /clusters/{cluster}/certificate": async (request) => {
      const { value, node } = await oneValue(clusters, request);
      return { certificate: certificateJson(value, now()), node, complete: true };
    },
  };
}

/** @throws ApiError `no_such_entry` with the nearest entry above, as far as the server lets one see it */
export async function readEntry(
  connection: NodeConnection,
  dn: string,
  attributes: readonly string[],
  signal: AbortSignal,
): Promise<SearchEntry> {
  let error: LdapError | undefined;
  try {
    const { entries } = await connection.searchAll({ baseObject: dn, scope: "baseObject", attributes }, { signal });
    if (entries[0] !== undefined) return entries[0];
  } catch (thrown) {
    if (!(thrown instanceof LdapError) || thrown.resultCode !== ResultCode.noSuchObject) throw thrown;
    error = thrown;
  }
  const said = error ?? new LdapError(ResultCode.noSuchObject);
  const matchedDn = said.matchedDn !== "" ? said.matchedDn : await nearestAbove(connection, dn, signal);
  const ldap = { ...ldapProblem(said, connection.node), ...(matchedDn === undefined ? {} : { matchedDn }) };
  throw new ApiError("no_such_entry", "There is no such entry, or you may not see it.", { ldap, cause: error });
}

/** Deeper than directories are; more names would be a way to keep a server busy. */
const maxDepth = 20;

/** For servers that do not say it themselves (RFC 4511 §4.1.9 lets them). */
async function nearestAbove(connection: NodeConnection, dn: string, signal: AbortSignal): Promise<string | undefined> {
  let above = parentDn(parsedDn(dn, "dn"));
  for (let depth = 0; above !== undefined && above.length > 0 && depth < maxDepth; depth += 1) {
    const baseObject = formatDn(above);
    try {
      const search = { baseObject, scope: "baseObject", attributes: ["1.1"] } as const;
      if ((await connection.searchAll(search, { signal })).entries.length > 0) return baseObject;
    } catch (error) {
      if (!(error instanceof PartialSearchError)) throw error;
      if (error.matchedDn !== "") return error.matchedDn;
    }
    above = parentDn(above);
  }
  return undefined;
}

/** @throws ApiError `not_found` where there is no such value, `not_allowed` for secrets */
async function oneValue(clusters: Clusters, request: ValueRequest): Promise<Answered<Uint8Array>> {
  const { query, session, signal } = request;
  const { cluster, identity } = targetOf(clusters, request);
  const dn = dnOf(query.dn, "dn");
  const [attribute = ""] = attributesOf([query.attribute], "attribute");
  session.require("read", cluster.name, dn);
  const schema = await cluster.schema(identity);
  if (secretName(attribute, schema) !== undefined) {
    throw new ApiError(
      "not_allowed",
      `${attribute} is a secret: it is shown only by reading the entry with reveal=true.`,
    );
  }
  const read = (connection: NodeConnection) => readEntry(connection, dn, [attribute], signal);
  const { value: entry, node } = await cluster.read(identity, read, { node: query.node, signal });
  const values = valuesUnder(entry, attribute);
  const value = values[query.index];
  if (value === undefined) {
    throw new ApiError("not_found", `The entry has ${values.length} values of ${attribute} that you may see.`);
  }
  // Asked for by `@class`, perhaps: whatever came, a secret is none of this route's.
  if (secretsOf(entry, schema).length > 0) throw new ApiError("not_allowed", "This value is a secret.");
  return { value, node };
}

/** Of the description itself; else, where a server adds an option of its own (`userCertificate;binary`), of that one. */
function valuesUnder(entry: SearchEntry, description: string): readonly Uint8Array[] {
  const exact = entry.values(description);
  if (exact.length > 0) return exact;
  const wanted = parseAttributeDescription(description);
  const other = entry.attributes.filter(({ values }) => values.length > 0);
  return wanted !== undefined && other.length === 1 ? (other[0]?.values ?? []) : [];
}

function withoutOperational({ operational = {}, ...entry }: EntryJson, description: string): EntryJson {
  const others = Object.entries(operational).filter(([name]) => name.toLowerCase() !== description.toLowerCase());
  return others.length === 0 ? entry : { ...entry, operational: Object.fromEntries(others) };
}

function cutEntry(entry: EntryJson, maxValues: number | undefined): { entry: EntryJson; cut?: Record<string, number> } {
  if (maxValues === undefined) return { entry };
  const cut: Record<string, number> = {};
  const shorten = (attributes: EntryJson["attributes"]) =>
    Object.fromEntries(
      Object.entries(attributes).map(([name, values]) => {
        if (values.length > maxValues) cut[name] = values.length;
        return [name, values.slice(0, maxValues)];
      }),
    );
  const { operational } = entry;
  const shown = { ...entry, attributes: shorten(entry.attributes) };
  if (operational !== undefined) shown.operational = shorten(operational);
  return Object.keys(cut).length === 0 ? { entry } : { entry: shown, cut };
}

/** Active Directory gives the first values of a long attribute, under `member;range=0-1499`. */
function ranged(entry: SearchEntry) {
  const cut = entry.attributes.filter(({ type }) => /;range=\d+-\d+/i.test(type)).map(({ type }) => baseName(type));
  if (cut.length === 0) return undefined;
  const problem = `The server gave only the first values of ${cut.join(", ")}; the members of a group are listed by \`members\`.`;
  return { problem, isLimit: true };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
