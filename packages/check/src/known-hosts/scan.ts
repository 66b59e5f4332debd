/** One run of ssh-keyscan: the keys that a host presents now, of every type that is stored. ssh-keyscan(1). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseSshPublicKey, type SshPublicKey } from "../inputs/ssh-public-key.ts";
import type { ScanTarget } from "./target.ts";

/** It could not be scanned: nothing is known of its keys. The message says why, and what to do. */
export class ScanError extends Error {
  override readonly name = "ScanError";
}

const program = "ssh-keyscan";

/** DSA is not among them: current versions of ssh-keyscan refuse to ask for it, and nobody is to trust it. */
const types = ["rsa", "ecdsa", "ed25519", "ecdsa-sk", "ed25519-sk"];

/** Whether a key of this type would have been asked for. */
export function isScanned(type: string): boolean {
  return type !== "ssh-dss";
}

/** Of a host's five keys, with room: what is beyond it is not read. */
const maxOutputBytes = 65_536;

export type Scan = (target: ScanTarget) => Promise<readonly SshPublicKey[]>;

export interface ScanOptions {
  /** For each connection; the whole run is ended after three times as long. */
  readonly timeoutSeconds?: number;
}

/** @returns the keys by their types' names. @throws {ScanError} */
export async function scanHost(
  { host, port, name }: ScanTarget,
  { timeoutSeconds = 5 }: ScanOptions = {},
): Promise<readonly SshPublicKey[]> {
  const parameters = ["-T", String(timeoutSeconds), "-p", String(port), "-t", types.join(","), host];
  const child = spawn(program, parameters, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutSeconds * 3_000,
    killSignal: "SIGKILL",
  });
  const output = limited(child.stdout, () => child.kill("SIGKILL"));
  const messages = limited(child.stderr, () => child.kill("SIGKILL"));
  try {
    await once(child, "close");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new ScanError("ssh-keyscan is not installed (on Debian: openssh-client)");
  }
  const keys = output().split("\n").flatMap(keyOf);
  if (keys.length === 0) throw new ScanError(`${name} presents no key: it cannot be reached, or is no SSH server`);
  // A connection that was refused for too many others would look like a key that is gone.
  const answered = messages()
    .split("\n")
    .filter((line) => /^# \S+ SSH-/.test(line)).length;
  if (answered > 0 && answered < types.length) {
    throw new ScanError(`${name} answered ${answered} of ${types.length} connections: try again`);
  }
  // They come as the connections end, which is another order every time.
  return keys.sort((left, right) => (left.type < right.type ? -1 : 1));
}

function limited(stream: NodeJS.ReadableStream, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxOutputBytes) onTooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("latin1");
}

/** `HOST TYPE BASE64`; one host was asked, so it is that one's. */
function keyOf(line: string): readonly SshPublicKey[] {
  const [host = "#", type = "", base64 = ""] = line.trim().split(" ");
  if (host.startsWith("#")) return [];
  const key = parseSshPublicKey(type, base64);
  return key === undefined ? [] : [key];
}
