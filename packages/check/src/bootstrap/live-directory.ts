/** Looks accounts up in the directory that runs: by the hash where it may be read, else by a bind. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { ParseError, ResultCode, resultCodeName } from "@espalier/ldap";
import { LdapClient, LdapClientError, OperationError, parseEndpoint } from "@espalier/ldap/client";
import { BootstrapError } from "./bootstrap-error.ts";
import type { LiveAccount, LiveDirectory } from "./deployed.ts";

export interface LiveOptions {
  readonly url: string;
  /** Who looks; nobody unless set. */
  readonly bindDn?: string | undefined;
  readonly bindPassword?: Uint8Array | undefined;
  readonly startTls?: boolean | undefined;
  /** Certificates (PEM) that are trusted in place of the system's. */
  readonly caFile?: string | undefined;
}

const timeouts = { connectTimeoutMs: 10_000, operationTimeoutMs: 15_000 };

/** @throws {BootstrapError} where it cannot be reached, or passwords would go over the network in clear text. */
export async function openLiveDirectory(options: LiveOptions): Promise<LiveDirectory & AsyncDisposable> {
  refuseClearText(options);
  const connect = () => connectTo(options);
  const reader = await connect();
  try {
    if (options.bindDn !== undefined) await reader.bind(options.bindDn, options.bindPassword ?? "");
  } catch (error) {
    await reader.unbind();
    throw new BootstrapError(`${options.url} does not let ${options.bindDn} in: ${reasonOf(error)}`, { cause: error });
  }
  return {
    look: (dn, password, isAdministrator) => look({ dn, password, isAdministrator, reader, connect }),
    [Symbol.asyncDispose]: () => reader.unbind(),
  };
}

function refuseClearText({ url, startTls = false }: LiveOptions): void {
  try {
    const endpoint = parseEndpoint(url);
    if (endpoint.scheme !== "ldap" || startTls) return;
    const isLocal =
      endpoint.host === "localhost" ||
      endpoint.host === "::1" ||
      (isIP(endpoint.host) === 4 && endpoint.host.startsWith("127."));
    if (!isLocal)
      throw new BootstrapError(`${url} would be sent passwords in clear text: write ldaps://, or add --start-tls`);
  } catch (error) {
    if (error instanceof ParseError) throw new BootstrapError(error.message);
    throw error;
  }
}

async function connectTo({ url, startTls = false, caFile }: LiveOptions): Promise<LdapClient> {
  try {
    const tls = caFile === undefined ? {} : { ca: readFileSync(caFile, "utf8") };
    return await LdapClient.connect({ url, startTls, tls, ...timeouts });
  } catch (error) {
    throw new BootstrapError(`${url} cannot be asked: ${reasonOf(error)}`, { cause: error });
  }
}

interface Look {
  readonly dn: string;
  readonly password: Uint8Array;
  readonly isAdministrator: boolean;
  readonly reader: LdapClient;
  connect(): Promise<LdapClient>;
}

async function look({ dn, password, isAdministrator, reader, connect }: Look): Promise<LiveAccount> {
  const found = await read(dn, reader);
  if (found.kind === "hash" || (found.kind === "absent" && !isAdministrator)) return found;
  const bound = await bind(dn, password, connect);
  // A configured administrator needs no entry: what it has for a password is not known when ours is wrong.
  return found.kind === "absent" && bound.kind === "refused" ? found : bound;
}

/** `unknown`: it is there, or may be, and its password cannot be read. */
async function read(dn: string, reader: LdapClient): Promise<LiveAccount> {
  try {
    const { entries } = await reader.searchAll({ baseObject: dn, scope: "baseObject", attributes: ["userPassword"] });
    const values = entries[0]?.texts("userPassword") ?? [];
    if (values.length > 0) return { kind: "hash", values };
    return { kind: "unknown", reason: "its password cannot be read" };
  } catch (error) {
    const code = error instanceof OperationError ? error.resultCode : undefined;
    if (code === ResultCode.noSuchObject) return { kind: "absent" };
    if (code !== undefined || error instanceof TypeError) return { kind: "unknown", reason: reasonOf(error) };
    throw new BootstrapError(`${reader.url} cannot be asked: ${reasonOf(error)}`, { cause: error });
  }
}

async function bind(dn: string, password: Uint8Array, connect: () => Promise<LdapClient>): Promise<LiveAccount> {
  await using client = await connect();
  try {
    await client.bind(dn, password);
    return { kind: "bound" };
  } catch (error) {
    if (error instanceof OperationError && error.resultCode === ResultCode.invalidCredentials)
      return { kind: "refused" };
    return { kind: "unknown", reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof LdapClientError) return error.message.replace(/\.$/, "");
  if (error instanceof OperationError) return `it answers ${resultCodeName(error.resultCode)}`;
  return (error as NodeJS.ErrnoException).code ?? "an unexpected answer";
}
