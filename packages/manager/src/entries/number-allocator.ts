/**
 * The numbers of new users and groups (`uidNumber`, `gidNumber`), each given once and never again: a freed number would give
 * away its last owner's files. What was given is kept in the store, which all managers share.
 */
import { type MigrationSet, type Statement, type Store, sql } from "@espalier/service";
import { ApiError } from "../api/problem.ts";

export const numberMigrations: MigrationSet = {
  name: "manager-numbers",
  folder: new URL("../../migrations/numbers/", import.meta.url),
};

/** Where numbers are in use: the whole of a directory. */
export interface UsedNumbers {
  /** The names of the cluster and of the attribute: each pair has its own row of numbers. */
  readonly cluster: string;
  readonly attribute: string;
  /** The least that is given. */
  readonly first: number;
  /** The highest of an entry, of those that `counts` is true for. @throws ApiError where not all could be seen */
  highest(counts: (value: number) => boolean): Promise<number | undefined>;
  isUsed(value: number): Promise<boolean>;
}

interface NumberRow {
  readonly next: number;
  readonly is_complete: number;
}

/** Beyond it programs with signed 32-bit numbers fail. */
const last = 2 ** 31 - 1;
/** `nobody`, and -1 in 16 bits: they are neither given, nor do they say how far the others have come. */
const reserved: ReadonlySet<number> = new Set([65_534, 65_535]);
/** Numbers that somebody else took since: after so many in a row something other than a race is the matter. */
const maxAttempts = 20;

export class NumberAllocator {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A number that nobody has, had, or will get from another manager. @throws ApiError */
  async take(used: UsedNumbers): Promise<number> {
    let floor = await this.#floor(used);
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const { next } = (await this.#store.write((transaction) =>
        transaction.first<{ readonly next: number }>(advance(used, floor)),
      )) as { readonly next: number };
      const value = next - 1;
      if (value > last) throw exhausted(used);
      if (reserved.has(value)) continue;
      if (!(await used.isUsed(value))) return value;
      // Somebody gave it without us, and perhaps more above it.
      floor = await lowest(used);
    }
    throw new ApiError(
      "unavailable",
      `No free ${used.attribute} was found: the last ${maxAttempts} were taken in the meantime. Try again.`,
    );
  }

  /** What {@link take} would give, were it called so many times now. @throws ApiError */
  async peek(used: UsedNumbers, count = 1): Promise<number[]> {
    const row = await this.#row(used);
    const floor = await this.#floor(used, row);
    const values: number[] = [];
    for (let value = Math.max(floor, row?.next ?? 0); values.length < count; value += 1) {
      if (value > last) throw exhausted(used);
      if (!reserved.has(value) && !(await used.isUsed(value))) values.push(value);
    }
    return values;
  }

  /** Notes a number that somebody chose, or that goes with its entry: none up to it is given after this. */
  async note({ cluster, attribute, first }: Omit<UsedNumbers, "highest" | "isUsed">, value: number): Promise<void> {
    if (!isCounted(value, first)) return;
    await this.#store.write((transaction) =>
      transaction.run(sql`
        INSERT INTO manager_numbers (cluster, attribute, next, is_complete)
        VALUES (${cluster}, ${attribute.toLowerCase()}, ${value + 1}, 0)
        ON CONFLICT (cluster, attribute) DO UPDATE SET next = excluded.next
        WHERE manager_numbers.next < excluded.next`),
    );
  }

  /** The directory is searched when nothing is known of it yet; after that the row is above all that it had. */
  async #floor(used: UsedNumbers, row?: NumberRow): Promise<number> {
    const { is_complete: isComplete = 0 } = row ?? (await this.#row(used)) ?? {};
    return isComplete === 1 ? used.first : lowest(used);
  }

  #row({ cluster, attribute }: UsedNumbers): Promise<NumberRow | undefined> {
    return this.#store.first<NumberRow>(
      sql`SELECT next, is_complete FROM manager_numbers
          WHERE cluster = ${cluster} AND attribute = ${attribute.toLowerCase()}`,
    );
  }
}

/** One statement: two managers that run it at the same time get two numbers. */
function advance({ cluster, attribute }: UsedNumbers, floor: number): Statement {
  return sql`
    INSERT INTO manager_numbers (cluster, attribute, next, is_complete)
    VALUES (${cluster}, ${attribute.toLowerCase()}, ${floor + 1}, 1)
    ON CONFLICT (cluster, attribute) DO UPDATE SET is_complete = 1, next =
      CASE WHEN manager_numbers.next < ${floor} THEN ${floor + 1} ELSE manager_numbers.next + 1 END
    RETURNING next`;
}

async function lowest(used: UsedNumbers): Promise<number> {
  const highest = await used.highest((value) => isCounted(value, used.first));
  return highest === undefined ? used.first : Math.max(used.first, highest + 1);
}

function isCounted(value: number, first: number): boolean {
  return value >= first && value < last && !reserved.has(value);
}

function exhausted({ attribute }: UsedNumbers): ApiError {
  return new ApiError("refused_by_directory", `There is no ${attribute} left below ${last + 1}.`);
}
