/**
 * Pins host keys: one scan, of which those keys are stored whose fingerprints somebody has from elsewhere. No key is trusted
 * because it is the first, and none of another scan than the one that was compared.
 */
import type { SshPublicKey } from "../inputs/ssh-public-key.ts";
import type { Scan } from "./scan.ts";
import { readStoredKeys, storedFor, storeKeys } from "./stored-keys.ts";
import type { ScanTarget } from "./target.ts";

export interface PinOptions {
  /** The known_hosts file; its pins are beside it. */
  readonly file: string;
  /** Store the host's name as a hash. */
  readonly isHashed: boolean;
  /** `SHA256:…`, from the hosts' own consoles. Set: nobody is asked. */
  readonly fingerprints: readonly string[];
  readonly scan: Scan;
  /** Shows a key to a person and returns what they typed; undefined where nobody types any more. */
  ask(question: PinQuestion): Promise<string | undefined>;
}

export interface PinQuestion {
  readonly target: ScanTarget;
  readonly key: SshPublicKey;
  /** Of the key that is stored now, where that is another one. */
  readonly replaces: string | undefined;
}

export interface PinnedHost {
  readonly target: ScanTarget;
  /** Every key of the scan, with what became of it. */
  readonly keys: readonly { readonly key: SshPublicKey; readonly isPinned: boolean }[];
}

/** Nothing is stored: what was given or typed is no proof. The message says what to do. */
export class PinRefusal extends Error {
  override readonly name = "PinRefusal";
}

/**
 * @throws {ScanError} a host could not be scanned; then nothing of any is stored.
 * @throws {PinRefusal} a given fingerprint that no host presents; then nothing of any is stored.
 */
export async function pinHosts(targets: readonly ScanTarget[], options: PinOptions): Promise<readonly PinnedHost[]> {
  const scanned: { readonly target: ScanTarget; readonly keys: readonly SshPublicKey[] }[] = [];
  for (const target of targets) scanned.push({ target, keys: await options.scan(target) });
  const presented = new Set(scanned.flatMap(({ keys }) => keys.map(({ fingerprint }) => fingerprint)));
  for (const fingerprint of options.fingerprints) {
    if (presented.has(fingerprint)) continue;
    const names = targets.map(({ name }) => name).join(", ");
    throw new PinRefusal(
      `${fingerprint} is presented by none of ${names}: either it is the wrong fingerprint, or somebody else answers there. Nothing is stored`,
    );
  }
  const pinned: PinnedHost[] = [];
  for (const { target, keys } of scanned) {
    const stored = await readStoredKeys(options.file);
    const before = storedFor(stored.hosts, target.name);
    const judged: PinnedHost["keys"][number][] = [];
    for (const key of keys) {
      const old = before.find((host) => host.key.type === key.type)?.key.fingerprint;
      const replaces = old === key.fingerprint ? undefined : old;
      judged.push({ key, isPinned: await isProven({ target, key, replaces }, options) });
    }
    const proven = judged.filter(({ isPinned }) => isPinned).map(({ key }) => key);
    if (proven.length > 0) await storeKeys(stored, target.name, proven, options.isHashed);
    pinned.push({ target, keys: judged });
  }
  return pinned;
}

async function isProven(question: PinQuestion, { fingerprints, ask }: PinOptions): Promise<boolean> {
  const { fingerprint } = question.key;
  if (fingerprints.length > 0) return fingerprints.includes(fingerprint);
  return isTyped(await ask(question), fingerprint);
}

/** The whole fingerprint, or at least eight characters of its beginning, with or without `SHA256:`. */
function isTyped(typed: string | undefined, fingerprint: string): boolean {
  const text = typed?.trim().replace(/^SHA256:/, "") ?? "";
  return text.length >= 8 && fingerprint.slice("SHA256:".length).startsWith(text);
}
