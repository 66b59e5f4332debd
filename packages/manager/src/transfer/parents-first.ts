/** Entries of a subtree in an order in which they can be added again: each after the one above it. */
import {
  formatLdifRecord,
  isWithin,
  normalizeDn,
  normalizedParent,
  ParseError,
  type PartialAttribute,
  readLdif,
  type Schema,
} from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import { Spool } from "./spool.ts";

export interface ExportedEntry {
  readonly dn: string;
  readonly attributes: readonly PartialAttribute[];
  /** Whether nothing is below it; `undefined` where the server does not say. */
  readonly isLeaf: boolean | undefined;
}

export interface ParentsFirstOptions {
  /** What the search began at. */
  readonly base: string;
  readonly schema: Schema;
  /** Whether the search gives the entry above `dn`, now or later. */
  readonly givesParentOf: (dn: string) => Promise<boolean>;
  /** For entries that came before the one above them. */
  readonly spoolDirectory: string;
  readonly maxHeldBytes: number;
}

/**
 * Servers give entries in the order of their making, mostly, and an entry may have been moved below one that is younger. Such
 * entries wait in files, one for each depth. What stays in memory is the names of entries that have others below them, and
 * of those of which the server does not say so.
 */
export async function* parentsFirst(
  entries: AsyncIterable<ExportedEntry>,
  { base, schema, givesParentOf, spoolDirectory, maxHeldBytes }: ParentsFirstOptions,
): AsyncGenerator<ExportedEntry, void, undefined> {
  const top = nameKey(base, schema);
  const given = new Set<string>();
  /** Names above entries that were not given yet: whether they are to come. */
  const isToCome = new Map<string, boolean>();
  await using held = new HeldEntries(spoolDirectory, maxHeldBytes);

  for await (const entry of entries) {
    const name = nameKey(entry.dn, schema);
    const parent = normalizedParent(name);
    if (
      name === top ||
      parent === undefined ||
      !isWithin(parent, top) ||
      given.has(parent) ||
      !(await waitsFor(parent))
    ) {
      if (entry.isLeaf !== true) given.add(name);
      yield entry;
    } else {
      await held.add(depthOf(name), entry);
    }

    async function waitsFor(above: string): Promise<boolean> {
      const known = isToCome.get(above);
      if (known !== undefined) return known;
      const found = await givesParentOf(entry.dn);
      isToCome.set(above, found);
      return found;
    }
  }
  yield* held.all();
}

/** A name that is none to this library is still one to the server: it is compared as it is spelt. */
function nameKey(dn: string, schema: Schema): string {
  try {
    return normalizeDn(dn, schema);
  } catch (error) {
    if (error instanceof ParseError) return dn.toLowerCase();
    throw error;
  }
}

function depthOf(name: string): number {
  let depth = 0;
  for (let at: string | undefined = name; at !== undefined && at !== ""; at = normalizedParent(at)) depth += 1;
  return depth;
}

class HeldEntries implements AsyncDisposable {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #byDepth = new Map<number, Spool>();
  #bytes = 0;

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  async add(depth: number, { dn, attributes }: ExportedEntry): Promise<void> {
    let spool = this.#byDepth.get(depth);
    if (spool === undefined) {
      spool = await Spool.create(this.#directory);
      this.#byDepth.set(depth, spool);
    }
    const text = `${formatLdifRecord({ type: "content", dn, attributes }, { wrapColumns: Number.POSITIVE_INFINITY })}\n`;
    this.#bytes += text.length;
    if (this.#bytes > this.#maxBytes) {
      const size = `${Math.round(this.#maxBytes / 1024 / 1024)} MiB`;
      throw new ApiError(
        "too_large",
        `More than ${size} of entries came before those above them: export parts of the subtree.`,
      );
    }
    await spool.append(text);
  }

  /** Those nearest to the root first. */
  async *all(): AsyncGenerator<ExportedEntry, void, undefined> {
    for (const [, spool] of [...this.#byDepth].sort(([one], [other]) => one - other)) {
      for await (const { record } of readLdif(spool.read())) {
        if (record.type === "content") yield { dn: record.dn, attributes: record.attributes, isLeaf: undefined };
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const spool of this.#byDepth.values()) await spool[Symbol.asyncDispose]();
  }
}
