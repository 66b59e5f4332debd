/** What a part of a backup holds, counted: what a restore is compared with. */
import { z } from "zod";
import type { Tally } from "./set-digest.ts";

/** By table, base DN or file. Of a file, the count is its bytes. */
export type Contents = Readonly<Record<string, Tally>>;

const tally = z.strictObject({ count: z.number().int().min(0), digest: z.string().regex(/^[0-9a-f]{64}$/) });

/** The file `contents.json` of a backup, encrypted as its other files: a hash of a short secret would give it away. By part. */
export const contentsFile = z.record(
  z.string(),
  z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), contents: z.record(z.string(), tally) }),
);

export type ContentsFile = z.output<typeof contentsFile>;

/** What is different, as sentences without a full stop; none where both are the same. */
export function differences(expected: Contents, found: Contents): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    const wanted = Object.hasOwn(expected, name) ? expected[name] : undefined;
    const there = Object.hasOwn(found, name) ? found[name] : undefined;
    if (there === undefined) return [`${name} is missing`];
    if (wanted === undefined) return [`${name} was not there before`];
    if (wanted.count !== there.count) return [`${name} has ${there.count} in place of ${wanted.count}`];
    return wanted.digest === there.digest ? [] : [`${name} has the same count, but other values`];
  });
}
