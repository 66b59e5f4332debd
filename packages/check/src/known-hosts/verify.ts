/** Compares the keys that hosts present with the stored ones and their pins, type by type. */

import { isScanned, type Scan, ScanError } from "./scan.ts";
import { pinOf, readStoredKeys, type StoredKeys, storedFor } from "./stored-keys.ts";
import { parseScanTarget, type ScanTarget } from "./target.ts";

export interface VerifiedHost {
  readonly target: ScanTarget;
  /** Set: it could not be scanned, for this reason. */
  readonly failure: string | undefined;
  /** Sentences; none where the host presents exactly what is stored and pinned. */
  readonly differences: readonly string[];
  /** The types that are the same. */
  readonly verified: readonly string[];
}

/**
 * @param targets all hosts of the file where none is named; hashed names cannot be read back, and have to be named.
 * @throws {InputError} for a file that cannot be read.
 */
export async function verifyHosts(
  file: string,
  targets: readonly ScanTarget[],
  scan: Scan,
): Promise<readonly VerifiedHost[]> {
  const stored = await readStoredKeys(file);
  const verified: VerifiedHost[] = [];
  for (const target of targets.length > 0 ? targets : targetsOf(stored)) {
    verified.push(await verifyHost(stored, target, scan));
  }
  return verified;
}

/** The plain names in the file, each once. */
function targetsOf({ hosts }: StoredKeys): readonly ScanTarget[] {
  const names = new Set(hosts.filter(({ marker }) => marker === undefined).flatMap((host) => host.names));
  return [...names].flatMap((name) => {
    const target = /[*?!|]/.test(name) ? undefined : parseScanTarget(name);
    return target === undefined ? [] : [target];
  });
}

async function verifyHost({ hosts, pins }: StoredKeys, target: ScanTarget, scan: Scan): Promise<VerifiedHost> {
  const { name } = target;
  const stored = storedFor(hosts, name);
  const differences: string[] = [];
  const verified: string[] = [];
  if (stored.length === 0) {
    return { target, failure: undefined, differences: [`nothing is stored for ${name}`], verified };
  }
  try {
    const presented = new Map((await scan(target)).map((key) => [key.type, key.fingerprint]));
    for (const { key } of stored) {
      const { type, fingerprint } = key;
      const now = presented.get(type);
      const pin = pinOf(pins, name, type);
      if (!isScanned(type)) differences.push(`a ${type} key is stored, which is not to be trusted any more: remove it`);
      else if (now === undefined) differences.push(`${type} ${fingerprint} is stored, but not presented any more`);
      else if (now !== fingerprint) differences.push(`${type} is ${now}, but ${fingerprint} is stored`);
      else if (pin.length === 0) differences.push(`${type} ${fingerprint} is stored, but has no pin`);
      else if (!pin.some((one) => one.fingerprint === fingerprint)) {
        differences.push(`${type} ${fingerprint} is stored, but ${pin[0]?.fingerprint} is pinned`);
      } else verified.push(type);
    }
    for (const [type, fingerprint] of presented) {
      if (!stored.some(({ key }) => key.type === type)) {
        differences.push(`${type} ${fingerprint} is presented, but not stored`);
      }
    }
    return { target, failure: undefined, differences, verified };
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    return { target, failure: error.message, differences, verified };
  }
}
