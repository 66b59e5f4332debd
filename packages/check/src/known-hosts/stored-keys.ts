/** The keys and pins that are stored for a host, in the two files that hold them, and the same files with others. */
import { randomBytes } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { hashedName, isNameOf, type KnownHost, parseKnownHosts } from "../inputs/known-hosts.ts";
import { formatPin, type KnownHostsPin, parseKnownHostsPins, pinsSuffix } from "../inputs/known-hosts-pins.ts";
import { SourceFile } from "../inputs/source-file.ts";
import type { SshPublicKey } from "../inputs/ssh-public-key.ts";
import { replaceFiles } from "../render/replace-files.ts";

export interface StoredKeys {
  /** Where known_hosts is: what a symbolic link leads to. */
  readonly path: string;
  readonly hosts: readonly KnownHost[];
  readonly pins: readonly KnownHostsPin[];
}

/** Both files; one that is not there is empty. @throws {InputError} for one that cannot be read as what it is. */
export async function readStoredKeys(knownHosts: string): Promise<StoredKeys> {
  const path = await realpath(knownHosts).catch(() => knownHosts);
  const [hosts, pins] = await Promise.all([sourceOf(path), sourceOf(path + pinsSuffix)]);
  return { path, hosts: parseKnownHosts(hosts), pins: parseKnownHostsPins(pins) };
}

/** What is stored for a host under its very name, plain or hashed; patterns are left alone. */
export function storedFor(hosts: readonly KnownHost[], name: string): readonly KnownHost[] {
  return hosts.filter(({ marker, names }) => marker === undefined && names.some((written) => isNameOf(written, name)));
}

/** Whether somebody has compared this very key of the host. */
export function pinOf(pins: readonly KnownHostsPin[], name: string, type: string): readonly KnownHostsPin[] {
  return pins.filter((pin) => pin.type === type && pin.names.some((written) => isNameOf(written, name)));
}

/**
 * Puts keys in the place of those of the same host and types, in both files, or in none when that fails; every other line
 * stays as it is. A new file has mode 0600; one that is there keeps its own.
 */
export async function storeKeys(
  { path }: StoredKeys,
  name: string,
  keys: readonly SshPublicKey[],
  isHashed: boolean,
): Promise<void> {
  // Read again: a person may have taken minutes to compare.
  const [hosts, pins] = await Promise.all([sourceOf(path), sourceOf(path + pinsSuffix)]);
  const written = isHashed ? hashedName(name, randomBytes(20)) : name;
  const types = new Set(keys.map(({ type }) => type));
  const keptHosts = kept(hosts, parseKnownHosts(hosts), (host, line) => {
    if (host.marker !== undefined || !types.has(host.key.type)) return line;
    const others = host.names.filter((other) => !isNameOf(other, name));
    if (others.length === host.names.length) return line;
    return others.length === 0 ? undefined : line.replace(host.names.join(","), () => others.join(","));
  });
  const keptPins = kept(pins, parseKnownHostsPins(pins), (pin, line) => {
    if (!types.has(pin.type)) return line;
    const others = pin.names.filter((other) => !isNameOf(other, name));
    if (others.length === pin.names.length) return line;
    return others.length === 0 ? undefined : formatPin({ ...pin, names: others });
  });
  const newHosts = keys.map(({ type, base64 }) => `${written} ${type} ${base64}`);
  const newPins = keys.map(({ type, fingerprint }) => formatPin({ names: [written], type, fingerprint }));
  await replaceFiles([
    { absolutePath: path + pinsSuffix, content: textOf([...keptPins, ...newPins]), mode: pins.mode ?? 0o600 },
    { absolutePath: path, content: textOf([...keptHosts, ...newHosts]), mode: hosts.mode ?? 0o600 },
  ]);
}

/** The lines of a file, those that are of an entry as `change` has them; it leaves one out by undefined. */
function kept<Entry extends { readonly location: { readonly line: number } }>(
  { text }: SourceFile,
  entries: readonly Entry[],
  change: (entry: Entry, line: string) => string | undefined,
): readonly string[] {
  const byLine = new Map(entries.map((entry) => [entry.location.line, entry]));
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.flatMap((line, index) => {
    const entry = byLine.get(index + 1);
    const changed = entry === undefined ? line : change(entry, line);
    return changed === undefined ? [] : [changed];
  });
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

async function sourceOf(path: string): Promise<SourceFile> {
  try {
    const [text, { mode }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return new SourceFile({ path: basename(path), absolutePath: path, text, mode: mode & 0o7777 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return new SourceFile({ path: basename(path), absolutePath: path, text: "" });
  }
}
