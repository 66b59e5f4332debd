/**
 * The gateway and a slapd that holds the same entries are asked the same random searches, and must give the same answers:
 * result code, matched DN, entries, attributes, values.
 */
import {
  type Filter,
  formatDn,
  formatFilter,
  parseDn,
  type SearchRequest,
  type SearchResultEntry,
} from "@espalier/ldap";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  fillSqlite,
  formatEntries,
  type Gateway,
  type LdifAttribute,
  ldapsearch,
  populationEntries,
  randomPopulation,
  requirePrograms,
  type SearchAnswer,
  type Slapd,
  searchRequests,
  startGateway,
  startSlapd,
  temporaryDirectory,
  Wire,
} from "./lab/index.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const baseDn = "dc=example,dc=com";
const searches = 10_000;

/** Attributes whose values a gateway and a slapd make up themselves; slapd is given the gateway's. */
const ownValues = ["entryUUID", "createTimestamp", "modifyTimestamp"];

/** Attributes whose values are DNs: the same one may be escaped in several ways (RFC 4514 §2.4). */
const dnAttributes = new Set(["member", "memberOf", "entryDN"]);

describe("searches of the gateway and of slapd", () => {
  const population = randomPopulation({ seed: 7, users: 300, groups: 40 });
  const entries = populationEntries(population, { baseDn });
  const cleanup = new AsyncDisposableStack();
  let gateway: Gateway;
  let slapd: Slapd;

  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("differential"));
    const environment = { ...fillSqlite(directory.file("directory.sqlite"), population), LDAP_BASE_DN: baseDn };
    gateway = cleanup.use(await startGateway({ environment, discardsLog: true }));
    const made = await madeValues(gateway);
    const ldif = formatEntries(entries, (dn) => made.get(canonicalDn(dn)) ?? []);
    slapd = cleanup.use(await startSlapd({ baseDn, ldif, maintainsOperationalAttributes: false }));
  });
  afterAll(() => cleanup.disposeAsync());

  it("end alike, with the same entries and values", { timeout: 300_000 }, async () => {
    using ours = await Wire.connect(gateway.url);
    using theirs = await Wire.connect(slapd.url);
    await fc.assert(
      fc.asyncProperty(searchRequests(entries), async (request) => {
        const [mine, expected] = await Promise.all([
          ours.search(request),
          theirs.search({ ...request, filter: withoutApproximation(request.filter) }),
        ]);
        ours.forget();
        theirs.forget();
        expect(comparable(mine, request), reproducer(request, gateway, slapd)).toEqual(comparable(expected, request));
      }),
      { seed: 2, numRuns: searches },
    );
  });
});

/** What the gateway says of {@link ownValues}, by DN. */
async function madeValues(gateway: Gateway): Promise<Map<string, LdifAttribute[]>> {
  const { entries } = await ldapsearch(gateway.url, { base: baseDn, attributes: ownValues });
  return new Map(
    entries.map(({ dn, attributes }) => [
      canonicalDn(dn),
      Object.entries(attributes).map(([type, values]): LdifAttribute => [type, values]),
    ]),
  );
}

/** An approximate match may be an equality match (RFC 4511 §4.5.1.7.6), and here it is; slapd's compares sounds. */
function withoutApproximation(filter: Filter): Filter {
  switch (filter.type) {
    case "and":
    case "or":
      return { ...filter, filters: filter.filters.map(withoutApproximation) };
    case "not":
      return { ...filter, filter: withoutApproximation(filter.filter) };
    case "approxMatch":
      return { ...filter, type: "equalityMatch" };
    default:
      return filter;
  }
}

/** An answer without what servers are free in: the order of entries and of values, how DNs are escaped, and diagnostics. */
function comparable({ entries, done }: SearchAnswer, request: SearchRequest) {
  const { resultCode, matchedDn } = done;
  const end = { resultCode, matchedDn: matchedDn === "" ? "" : canonicalDn(matchedDn) };
  // Which entries come before a size limit is up to the server.
  if (request.sizeLimit > 0 && resultCode === 4) return { ...end, count: entries.length };
  return { ...end, entries: Object.fromEntries(entries.map(comparableEntry).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function comparableEntry({ objectName, attributes }: SearchResultEntry): [dn: string, attributes: object] {
  return [
    canonicalDn(objectName),
    Object.fromEntries(
      attributes.map(({ type, values }) => {
        const texts = values.map((value) => Buffer.from(value).toString());
        return [type, (dnAttributes.has(type) ? texts.map(canonicalDn) : texts).sort()];
      }),
    ),
  ];
}

function canonicalDn(dn: string): string {
  return formatDn(parseDn(dn));
}

/** The search as a command line that gives both answers. */
function reproducer(request: SearchRequest, gateway: Gateway, slapd: Slapd): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const scope = { baseObject: "base", singleLevel: "one", wholeSubtree: "sub" }[request.scope];
  const search = [
    ...["-b", quote(request.baseObject), "-s", scope, ...(request.sizeLimit > 0 ? ["-z", request.sizeLimit] : [])],
    ...[request.typesOnly ? "-A" : "", quote(formatFilter(request.filter)), ...request.attributes.map(quote)],
  ];
  return `for url in ${gateway.url} ${slapd.url}; do ldapsearch -x -H $url ${search.filter(Boolean).join(" ")}; done`;
}
