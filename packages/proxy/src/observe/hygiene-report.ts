/**
 * Which clients should be set up otherwise: who binds in clear text, searches anonymously, asks for thousands of entries in one
 * piece, or with filters that few servers have an index for.
 */
import { type Filter, parseFilter } from "@espalier/ldap";
import { formatTable } from "../control/table.ts";
import { isItem, itemShape } from "../frame/filter-shape.ts";
import type { Frame } from "../frame/frame.ts";
import { mayHaveSubstrings } from "../frame/peek.ts";
import type { OperationRecord } from "./operation-record.ts";
import { printable } from "./printable.ts";

/** One client address, as JSON. */
export interface HygieneRow {
  readonly address: string;
  /** ISO 8601. */
  readonly lastSeen: string;
  /** Binds with a password that crossed a network in clear text, and as whom: at most five names. */
  readonly clearTextBinds: number;
  readonly clearTextNames: readonly string[];
  /** Without those for the root DSE, which every client may read. */
  readonly anonymousSearches: number;
  /** Searches with a thousand entries or more, and without paging. */
  readonly unpagedSearches: number;
  readonly largestSearch: number;
  /** Searches for a value without its beginning, and the shapes of such filters: at most five. */
  readonly unindexedSearches: number;
  readonly unindexedShapes: readonly string[];
}

export interface HygieneOptions {
  /** What is known of more addresses is forgotten, of those first that were seen longest ago. */
  readonly maxAddresses?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** So many entries in one piece are many. */
const manyEntries = 1_000;
/** Of names and shapes, for an address; and the longest of them. */
const maxExamples = 5;
const maxExampleLength = 200;

export class HygieneReport {
  readonly #maxAddresses: number;
  readonly #now: () => number;
  /** In the order in which they were seen last. */
  readonly #addresses = new Map<string, Findings>();

  constructor({ maxAddresses = 1_000, now = Date.now }: HygieneOptions = {}) {
    this.#maxAddresses = maxAddresses;
    this.#now = now;
  }

  /** Whether a search could be one of those that are counted for what they ask: most can be seen not to be, undecoded. */
  looksInto(search: Frame, boundAs: string): boolean {
    return boundAs === "" || search.opEnd !== search.end || mayHaveSubstrings(search);
  }

  operationEnded(record: OperationRecord): void {
    switch (record.operation) {
      case "bind":
        if (isClearTextBind(record)) this.#of(record).addBind(record.target ?? "");
        break;
      case "search":
        this.#search(record);
        break;
    }
  }

  /** Those with the most findings first. */
  rows(): readonly HygieneRow[] {
    const rows = [...this.#addresses].map(([address, findings]) => findings.row(address));
    return rows.sort((a, b) => total(b) - total(a));
  }

  #search(record: OperationRecord): void {
    const { boundAs, target, scope, entries, filter, isPaged = false } = record;
    if (boundAs === "" && !(target === "" && scope === "baseObject")) this.#of(record).anonymousSearches++;
    if (entries >= manyEntries && !isPaged) this.#of(record).addUnpaged(entries);
    // A substring without a beginning; nearly every filter ends here.
    if (filter === undefined || !/=\*[^)]/.test(filter)) return;
    const shapes = unindexedShapes(filter);
    if (shapes.length > 0) this.#of(record).addUnindexed(shapes);
  }

  #of({ client: { address } }: OperationRecord): Findings {
    const findings = this.#addresses.get(address) ?? new Findings();
    findings.lastSeenMs = this.#now();
    this.#addresses.delete(address);
    this.#addresses.set(address, findings);
    if (this.#addresses.size > this.#maxAddresses) {
      const [oldest] = this.#addresses.keys();
      this.#addresses.delete(oldest!);
    }
    return findings;
  }
}

class Findings {
  lastSeenMs = 0;
  anonymousSearches = 0;
  #clearTextBinds = 0;
  #unpagedSearches = 0;
  #largestSearch = 0;
  #unindexedSearches = 0;
  readonly #names = new Set<string>();
  readonly #shapes = new Set<string>();

  addBind(name: string): void {
    this.#clearTextBinds++;
    addExample(this.#names, name);
  }

  addUnpaged(entries: number): void {
    this.#unpagedSearches++;
    this.#largestSearch = Math.max(this.#largestSearch, entries);
  }

  addUnindexed(shapes: readonly string[]): void {
    this.#unindexedSearches++;
    for (const shape of shapes) addExample(this.#shapes, shape);
  }

  row(address: string): HygieneRow {
    return {
      address,
      lastSeen: new Date(this.lastSeenMs).toISOString(),
      clearTextBinds: this.#clearTextBinds,
      clearTextNames: [...this.#names],
      anonymousSearches: this.anonymousSearches,
      unpagedSearches: this.#unpagedSearches,
      largestSearch: this.#largestSearch,
      unindexedSearches: this.#unindexedSearches,
      unindexedShapes: [...this.#shapes],
    };
  }
}

function addExample(examples: Set<string>, text: string): void {
  if (examples.size < maxExamples) examples.add(text.slice(0, maxExampleLength));
}

/** A password, or what stands for one, that others on the network could read; the host itself is no network. */
function isClearTextBind({ client, target = "", authentication = "simple" }: OperationRecord): boolean {
  if (client.tls !== undefined || isLoopback(client.address)) return false;
  return authentication === "simple" ? target !== "" : cleartextMechanisms.has(authentication.toUpperCase());
}

/** RFC 4616, and the one before it that some servers still have. */
const cleartextMechanisms: ReadonlySet<string> = new Set(["PLAIN", "LOGIN"]);

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

/** Of the items of a filter that look for a value without its beginning. */
function unindexedShapes(text: string): readonly string[] {
  const shapes = new Set<string>();
  const visit = (filter: Filter): void => {
    if (!isItem(filter)) for (const part of filter.type === "not" ? [filter.filter] : filter.filters) visit(part);
    else if (filter.type === "substrings" && filter.initial === undefined) shapes.add(itemShape(filter));
  };
  try {
    visit(parseFilter(text));
  } catch {
    // Not a filter: one that was too long to be written out.
  }
  return [...shapes];
}

function total({ clearTextBinds, anonymousSearches, unpagedSearches, unindexedSearches }: HygieneRow): number {
  return clearTextBinds + anonymousSearches + unpagedSearches + unindexedSearches;
}

/** A table for a person. */
export function formatHygiene(rows: readonly HygieneRow[]): string {
  if (rows.length === 0) return "No client binds in clear text or searches anonymously, unpaged or unindexed.\n";
  const heads = ["client", "binds in clear", "anonymous", "unpaged", "unindexed", "last seen", "as", "filters"];
  const lines = rows.map((row) => [
    row.address,
    count(row.clearTextBinds),
    count(row.anonymousSearches),
    row.unpagedSearches === 0 ? "" : `${row.unpagedSearches} (up to ${row.largestSearch} entries)`,
    count(row.unindexedSearches),
    row.lastSeen.slice(0, 16).replace("T", " "),
    row.clearTextNames.map(printable).join(" | "),
    row.unindexedShapes.map(printable).join(" "),
  ]);
  return formatTable(heads, lines);
}

function count(number: number): string {
  return number === 0 ? "" : String(number);
}
