/** The passwords of a plan, from where it says that they are. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { BootstrapError } from "./bootstrap-error.ts";
import type { PasswordSource } from "./plan.ts";

/** Servers and this product's gateway take no longer ones. */
const maxPasswordBytes = 1024;

/**
 * A file's text without its last line end.
 *
 * @param owner whose it is, for the message.
 * @throws {BootstrapError} for one that is not there, is empty, or is a hash already.
 */
export function readPassword(
  source: PasswordSource,
  owner: string,
  {
    planFile,
    environment,
  }: { readonly planFile: string; readonly environment: Readonly<Record<string, string | undefined>> },
): Buffer {
  const place = "file" in source ? `the file ${source.file}` : `the variable ${source.env}`;
  const password =
    "file" in source ? readFile(resolve(dirname(planFile), source.file), place, owner) : environment[source.env];
  if (password === undefined) throw new BootstrapError(`${place}, which has the password of ${owner}, is not set`);
  if (password.length === 0) throw new BootstrapError(`${place}, which has the password of ${owner}, is empty`);
  const bytes = Buffer.from(password);
  if (bytes.length > maxPasswordBytes)
    throw new BootstrapError(`${place}: the password of ${owner} is longer than ${maxPasswordBytes} bytes`);
  if (bytes.includes(0)) throw new BootstrapError(`${place}: the password of ${owner} has a NUL byte`);
  if (/^\{[A-Za-z0-9_-]{2,32}\}./.test(bytes.toString("latin1"))) {
    throw new BootstrapError(`${place} has a hash in place of the password of ${owner}: hashes are made here`);
  }
  return bytes;
}

function readFile(path: string, place: string, owner: string): Buffer {
  try {
    const bytes = readFileSync(path);
    const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0;
    return bytes.subarray(0, bytes.length - end);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new BootstrapError(
      `${place}, which has the password of ${owner}, ${code === "ENOENT" ? "is not there" : `cannot be read (${code})`}`,
    );
  }
}
