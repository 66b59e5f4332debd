/**
 * Compares what nodes hold, entry by entry, each with the first of them. In full: a pass over the first keeps a fingerprint of every
 * entry, passes over the others look for names and fingerprints that do not match. Sampled: names chosen on every node by chance.
 * Either way what does not match is read again on both nodes, and what a change on its way may explain once more after a while.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Schema } from "@espalier/ldap";
import type { SearchParameters } from "@espalier/ldap/client";
import { asApiError } from "../api/problem-of-error.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { completeness, type Shortfall } from "../reading/shortfall.ts";
import { allEntries } from "./entry-stream.ts";
import { FingerprintTable, fingerprint, nameKey } from "./fingerprint.ts";
import { type EntryFinding, type Examined, NodePair } from "./pair.ts";

export interface DiffOptions {
  /** At least two; the first is what the others are compared with. */
  readonly connections: readonly NodeConnection[];
  readonly baseDn: string;
  readonly scope: NonNullable<SearchParameters["scope"]>;
  /** How many entries are chosen by chance, on all nodes together; all are compared unless given. */
  readonly sample?: number | undefined;
  readonly maxFindings: number;
  /** A change that is younger may not have been replicated yet. */
  readonly delayMs: number;
  /** Whether the servers have paged results, RFC 2696. */
  readonly pages: boolean;
  readonly schema: Schema;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** At least 0 and below 1; `Math.random` unless told. */
  readonly random?: () => number;
}

interface DiffProgress {
  readonly phase: "reading" | "comparing";
  readonly node: string;
  /** In this phase, of this node. */
  readonly entries: number;
}

interface DiffEnd {
  /** Looked at on each node. */
  readonly entries: Readonly<Record<string, number>>;
  /** Between the first node and each of the others. */
  readonly compared: number;
  readonly onlyOn: number;
  readonly differing: number;
  /** False where something was not compared, or not reported; `problem` says what. */
  readonly complete: boolean;
  readonly problem?: string;
}

export type DiffLine =
  | { readonly progress: DiffProgress }
  | { readonly finding: EntryFinding }
  | { readonly end: DiffEnd };

const progressEvery = 1_000;
/** Names that did not match, kept until they are read again. */
const maxSuspects = 20_000;

/** Always ends with `end`; what ends it early is told there. */
export async function* diffNodes(options: DiffOptions): AsyncGenerator<DiffLine, void, undefined> {
  const run = new DiffRun(options);
  try {
    yield* options.sample === undefined ? run.full() : run.sampled(options.sample);
  } catch (error) {
    // Its connections are taken away at the same moment, and the search says that.
    if (options.signal.aborted) throw options.signal.reason;
    run.problems.push({ problem: `It broke off: ${asApiError(error).message}`, isLimit: false });
  }
  yield { end: run.end() };
}

class DiffRun {
  readonly problems: Shortfall[] = [];
  readonly #options: DiffOptions;
  readonly #first: NodeConnection;
  readonly #others: readonly NodeConnection[];
  readonly #entries = new Map<string, number>();
  readonly #counts = { compared: 0, only_on: 0, differs: 0 };
  /** Nodes that did not give all that they have. */
  readonly #short = new Set<string>();

  constructor(options: DiffOptions) {
    const [first, ...others] = options.connections;
    if (first === undefined || others.length === 0) throw new TypeError("two nodes at least are compared");
    this.#options = options;
    this.#first = first;
    this.#others = others;
  }

  end(): DiffEnd {
    const { compared, only_on: onlyOn, differs: differing } = this.#counts;
    const unique = new Map(this.problems.map((shortfall) => [shortfall.problem, shortfall]));
    return {
      entries: Object.fromEntries(this.#entries),
      compared,
      onlyOn,
      differing,
      ...completeness(...unique.values()),
    };
  }

  async *full(): AsyncGenerator<DiffLine, void, undefined> {
    const table = new FingerprintTable();
    for await (const entry of this.#read(this.#first, ["*", "+"])) {
      table.set(nameKey(entry.objectName), fingerprint(entry));
      if (table.count % progressEvery === 0) yield this.#progress("reading", this.#first, table.count);
    }
    yield this.#progress("reading", this.#first, table.count);
    for (const other of this.#others) {
      const suspects = new Set<string>();
      let count = 0;
      for await (const entry of this.#read(other, ["*", "+"])) {
        count += 1;
        const seen = table.see(nameKey(entry.objectName), fingerprint(entry));
        // What the first did not give is not missing there.
        if (seen === "different" || (seen === "missing" && !this.#short.has(this.#first.node))) {
          this.#suspect(suspects, entry.objectName);
        }
        if (count % progressEvery === 0) yield this.#progress("comparing", other, count);
      }
      this.#counts.compared += count;
      yield this.#progress("comparing", other, count);
      if (table.unseenCount > 0 && !this.#short.has(other.node)) {
        for await (const { objectName } of this.#read(this.#first, ["1.1"])) {
          if (table.isUnseen(nameKey(objectName))) this.#suspect(suspects, objectName);
        }
      }
      yield* this.#examine(other, suspects);
      table.unmark();
    }
  }

  async *sampled(size: number): AsyncGenerator<DiffLine, void, undefined> {
    const { connections, random = Math.random } = this.#options;
    const names = new Map<string, string>();
    for (const connection of connections) {
      const chosen: string[] = [];
      let count = 0;
      for await (const { objectName } of this.#read(connection, ["1.1"])) {
        count += 1;
        // Every entry so far is among the chosen with the same chance (Vitter's algorithm R).
        const place = count <= chosenOf(size, connections) ? chosen.length : Math.floor(random() * count);
        if (place < chosenOf(size, connections)) chosen[place] = objectName;
        if (count % progressEvery === 0) yield this.#progress("reading", connection, count);
      }
      yield this.#progress("reading", connection, count);
      for (const name of chosen) names.set(name.toLowerCase(), name);
    }
    for (const other of this.#others) {
      this.#counts.compared += names.size;
      yield* this.#examine(other, new Set(names.values()));
    }
  }

  /** Counts, and notes what is missing. */
  async *#read(connection: NodeConnection, attributes: readonly string[]) {
    const { baseDn: baseObject, scope, pages, signal } = this.#options;
    const { node } = connection;
    const onShortfall = ({ problem, isLimit }: Shortfall) => {
      this.#short.add(node);
      this.problems.push({ problem: `${node}: ${problem}`, isLimit });
    };
    let count = 0;
    const parameters = { baseObject, scope, attributes };
    for await (const entry of allEntries(connection, parameters, { pages, signal, onShortfall })) {
      count += 1;
      yield entry;
    }
    this.#entries.set(node, count);
  }

  #progress(phase: DiffProgress["phase"], { node }: NodeConnection, entries: number): DiffLine {
    return { progress: { phase, node, entries } };
  }

  #suspect(suspects: Set<string>, name: string): void {
    if (suspects.size < maxSuspects) suspects.add(name);
    else this.#tooMany(`More than ${maxSuspects} entries do not match: not all of them were looked at.`);
  }

  #tooMany(problem: string): void {
    if (!this.problems.some((one) => one.problem === problem)) this.problems.push({ problem, isLimit: true });
  }

  async *#examine(other: NodeConnection, suspects: ReadonlySet<string>): AsyncGenerator<DiffLine, void, undefined> {
    const { baseDn: baseObject, scope, schema, delayMs, now, signal } = this.#options;
    const area = { baseObject, scope };
    const pair = new NodePair({ first: this.#first, second: other, area, schema, delayMs, now, signal });
    const done = new Set<string>();
    const fresh: string[] = [];
    for (const name of suspects) {
      if (done.has(name.toLowerCase())) continue;
      const examined = await pair.examine(name);
      for (const each of examined?.names ?? []) done.add(each);
      if (examined?.isFresh === true) fresh.push(name);
      else yield* this.#report(examined);
      if (this.#isFull) return;
    }
    if (fresh.length === 0) return;
    await delay(delayMs, undefined, { signal });
    for (const name of fresh) {
      yield* this.#report(await pair.examine(name));
      if (this.#isFull) return;
    }
  }

  *#report(examined: Examined | undefined): Generator<DiffLine, void, undefined> {
    if (examined === undefined) return;
    this.#counts[examined.finding.type] += 1;
    yield { finding: examined.finding };
  }

  get #isFull(): boolean {
    const { maxFindings } = this.#options;
    if (this.#counts.only_on + this.#counts.differs < maxFindings) return false;
    this.#tooMany(`It ended at ${maxFindings} findings: there may be more.`);
    return true;
  }
}

/** Of each node as many. */
function chosenOf(size: number, { length }: readonly NodeConnection[]): number {
  return Math.ceil(size / length);
}
