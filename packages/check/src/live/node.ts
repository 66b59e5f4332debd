/** A directory server as its clients meet it: whether it answers, takes their password, and shows its entries to strangers. */
import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import {
  builtInSchema,
  dnKey,
  LdapError,
  Oid,
  parseContextCsn,
  parseRuv,
  type ReplicaVector,
  ResultCode,
  resultCodeName,
} from "@espalier/ldap";
import {
  type ConnectOptions,
  LdapClient,
  OperationError,
  PartialSearchError,
  type SearchEntry,
} from "@espalier/ldap/client";
import type { ObservedNode } from "../observed/node.ts";
import type { ObservedClock } from "../observed/system.ts";
import type { Authorities } from "./authorities.ts";
import { askDirectoryTime } from "./clock.ts";
import { deadline, reasonOf } from "./probe.ts";
import type { RefusedBinds } from "./refused-binds.ts";
import { type NodeTarget, nodeUrl } from "./targets.ts";

export interface NodeLooking {
  readonly authorities: Authorities;
  readonly refused: RefusedBinds;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

export interface NodeLook {
  readonly node: ObservedNode;
  readonly clock?: ObservedClock | undefined;
  /** Which changes it has, where it says so; asked again on the connection, which whoever looks ends. */
  readonly replica?: Replica | undefined;
}

/** A server that is compared with others, on a connection that is open. */
export interface Replica {
  readonly client: LdapClient;
  readonly base: string;
  readonly vector: ReplicaVector;
}

const connectTimeoutMs = 3_000;
const timeoutMs = 6_000;
const ruvFilter = "(&(nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff)(objectClass=nstombstone))";

/** Resolves whatever the server does. The connections are `stack`'s. */
export async function observeNode(
  target: NodeTarget,
  looking: NodeLooking,
  stack: AsyncDisposableStack,
): Promise<NodeLook> {
  const { authorities, refused, now } = looking;
  const { group, name, host, security, verification } = target;
  const url = nodeUrl(target);
  const signal = deadline(timeoutMs, looking.signal);
  const seen = {
    // A listener of our own has the address of the others on this machine.
    ...{ group, name, url, addresses: verification === "unknown" ? [] : await addressesOf(host, signal) },
    isEncrypted: security === "ldaps" || security === "starttls",
    isVerified: verification !== "off",
  };
  let client: LdapClient;
  let options: ConnectOptions;
  try {
    options = await connectOptions(target, authorities);
    client = stack.use(await connectNode(target, options, signal));
  } catch (error) {
    return { node: { ...seen, failure: reasonOf(error) } };
  }
  const node: ObservedNode = { ...seen, isEncrypted: client.secure };
  try {
    const base = target.base ?? (await firstNamingContext(client, signal));
    const isAnonymousReadable = base === undefined ? undefined : await showsEntries(client, base, signal);
    const bind = await bindAs(client, target, refused, { signal, now });
    const clock = await askDirectoryTime(client, name, { signal, now });
    const vector = target.isReplica && base !== undefined ? await readVector(client, base, signal) : undefined;
    return {
      node: {
        ...node,
        ...(bind === undefined ? {} : { bind }),
        ...(isAnonymousReadable === undefined ? {} : { isAnonymousReadable }),
      },
      clock,
      replica: vector === undefined ? undefined : { client, base: base!, vector },
    };
  } catch (error) {
    return { node: { ...node, failure: reasonOf(error) } };
  }
}

/** Of a name, as the system resolves it; none where it does not. */
async function addressesOf(host: string, signal: AbortSignal): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const gone = new Promise<readonly string[]>((resolve) => {
    signal.addEventListener("abort", () => resolve([]), { once: true });
  });
  const found = lookup(host, { all: true }).then(
    (addresses) => addresses.map(({ address }) => address).sort(),
    () => [],
  );
  return Promise.race([found, gone]);
}

async function connectOptions(target: NodeTarget, authorities: Authorities): Promise<ConnectOptions> {
  const { host, port, security, verification, serverName, caFiles, certFile, keyFile } = target;
  const isOwn = certFile !== undefined && keyFile !== undefined;
  const shown = isOwn ? { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") } : {};
  return {
    ...{ host, port, secure: security === "ldaps", connectTimeoutMs, operationTimeoutMs: timeoutMs },
    tls: {
      ...{ ca: await authorities.of(caFiles), ...shown },
      rejectUnauthorized: verification === "on",
      ...(serverName === undefined ? {} : { servername: serverName }),
    },
  };
}

/** Nothing is asked before TLS is on, where it must be. */
async function connectNode(
  { security }: NodeTarget,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<LdapClient> {
  if (security !== "starttls-if-offered") {
    return LdapClient.connect({ ...options, startTls: security === "starttls", signal });
  }
  const client = await LdapClient.connect({ ...options, signal });
  const [rootDse] = await read(client, "", ["supportedExtension"], signal);
  if (rootDse?.texts("supportedExtension").includes(Oid.startTls) === true)
    await client.startTls(undefined, { signal });
  return client;
}

async function firstNamingContext(client: LdapClient, signal: AbortSignal): Promise<string | undefined> {
  const [rootDse] = await read(client, "", ["defaultNamingContext", "namingContexts"], signal);
  return rootDse?.text("defaultNamingContext") ?? rootDse?.texts("namingContexts").find((context) => context !== "");
}

/** Below the base: that the base itself is shown gives nobody away. */
async function showsEntries(client: LdapClient, base: string, signal: AbortSignal): Promise<boolean | undefined> {
  const search = { baseObject: base, attributes: ["1.1"], sizeLimit: 2, timeLimit: 2 };
  const isBelow = ({ objectName }: SearchEntry) => !sameDn(objectName, base);
  try {
    return (await client.searchAll(search, { signal })).entries.some(isBelow);
  } catch (error) {
    if (error instanceof PartialSearchError && error.entries.some(isBelow)) return true;
    if (!(error instanceof OperationError)) throw error;
    return error.resultCode === ResultCode.busy || error.resultCode === ResultCode.unavailable ? undefined : false;
  }
}

async function bindAs(
  client: LdapClient,
  target: NodeTarget,
  refused: RefusedBinds,
  { signal, now }: { readonly signal: AbortSignal; readonly now: () => number },
): Promise<ObservedNode["bind"]> {
  if (target.bind === undefined) return undefined;
  const held = refused.codeOf(target, now());
  if (held !== undefined) return { code: held };
  try {
    await client.bind(target.bind.dn, target.bind.password.reveal(), { signal });
    return "ok";
  } catch (error) {
    if (!(error instanceof LdapError)) throw error;
    const code = resultCodeName(error.resultCode);
    if (error.resultCode === ResultCode.invalidCredentials) refused.note(target, code, now());
    return { code };
  }
}

/** OpenLDAP's contextCSN; where it has none, 389 Directory Server's vector. Undefined where it shows neither. */
export async function readVector(
  client: LdapClient,
  base: string,
  signal: AbortSignal,
): Promise<ReplicaVector | undefined> {
  const [entry] = await read(client, base, ["contextCSN"], signal);
  const contextCsn = parseContextCsn(entry?.texts("contextCSN") ?? []);
  if (contextCsn.size > 0) return contextCsn;
  const search = { baseObject: base, filter: ruvFilter, attributes: ["nsds50ruv"], timeLimit: 2 };
  const found = await client.searchAll(search, { signal }).catch(notLost);
  const ruv = parseRuv(found?.entries[0]?.texts("nsds50ruv") ?? []);
  return ruv.size > 0 ? ruv : undefined;
}

/** The entry, or none where it is not there or not shown. */
async function read(
  client: LdapClient,
  baseObject: string,
  attributes: readonly string[],
  signal: AbortSignal,
): Promise<readonly SearchEntry[]> {
  const found = await client.searchAll({ baseObject, scope: "baseObject", attributes }, { signal }).catch(notLost);
  return found?.entries ?? [];
}

function notLost(error: unknown): undefined {
  if (error instanceof OperationError) return undefined;
  throw error;
}

function sameDn(left: string, right: string): boolean {
  return dnKey(left, builtInSchema) === dnKey(right, builtInSchema);
}
