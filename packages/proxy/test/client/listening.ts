/** Listeners for one test, with scripted sessions behind them. */
import { connect, type Socket } from "node:net";
import {
  decodeMessage,
  encodeMessage,
  type LdapMessage,
  messageLength,
  type RequestOp,
  resultCodeName,
  type SearchRequest,
} from "@espalier/ldap";
import { until } from "@espalier/tests/lab";
import { onTestFinished } from "vitest";
import { ClientListeners, type ClientListenersOptions } from "../../src/client/client-listeners.ts";
import { ScriptedSession } from "./scripted-session.ts";

export interface Listening {
  readonly listeners: ClientListeners;
  readonly host: string;
  readonly port: number;
  /** `ldap://127.0.0.1:PORT`, or `ldaps://`. */
  readonly url: string;
  /** In the order in which their clients arrived. */
  readonly sessions: readonly ScriptedSession[];
  /** What the observer was told: `opened 127.0.0.1`, `closed unbind`, `refused proxyHeader`, … */
  readonly observed: readonly string[];
}

export interface ListeningOptions extends Omit<ClientListenersOptions, "session" | "observer"> {
  readonly scheme?: "ldap" | "ldaps";
  readonly host?: string;
}

export async function listening({
  scheme = "ldap",
  host = "127.0.0.1",
  ...options
}: ListeningOptions = {}): Promise<Listening> {
  const sessions: ScriptedSession[] = [];
  const observed: string[] = [];
  const listeners = new ClientListeners({
    ...options,
    session(transport) {
      const session = new ScriptedSession(transport);
      sessions.push(session);
      return session;
    },
    observer: {
      connectionOpened: ({ address }) => void observed.push(`opened ${address}`),
      connectionSecured: () => void observed.push("secured"),
      connectionClosed: (_transport, reason) => void observed.push(`closed ${reason}`),
      connectionRefused: ({ address, reason, error }) =>
        void observed.push(`refused ${reason} of ${address}${error === undefined ? "" : `: ${error.message}`}`),
      protocolError: (_transport, error) => void observed.push(`protocolError ${error.message}`),
      sessionError: (_transport, error) => void observed.push(`sessionError ${error}`),
      listenerError: (_listener, error) => void observed.push(`listenerError ${error.message}`),
    },
  });
  onTestFinished(() => listeners.cutOff());
  const { port } = await listeners.listen({ scheme, host, port: 0 });
  const url = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { listeners, host, port, url, sessions, observed };
}

/** Resolves when its last connection is gone. */
export async function empty({ listeners }: Pick<Listening, "listeners">): Promise<void> {
  await until("the last connection to be gone", () => listeners.size === 0);
}

/** Resolves when `count` is more than nothing and has stayed the same for some looks. */
export async function still(count: () => number): Promise<number> {
  let looks = 0;
  let last = 0;
  return until("something to come to a stop", () => {
    looks = count() === last ? looks + 1 : 0;
    last = count();
    return last > 0 && looks === 5 && last;
  });
}

interface Destination {
  readonly host: string;
  readonly port: number;
  /** Which of the loopback's addresses the client has. */
  readonly localAddress?: string;
}

/** A plain socket to it, gone when the test is. */
export async function connectTo({ host, port, localAddress }: Destination): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true, ...(localAddress !== undefined && { localAddress }) });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

/** Everything that comes until the server closes the connection, as `summary` writes it. */
export async function received(socket: Socket): Promise<string[]> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once("close", resolve));
  return messagesOf(Buffer.concat(chunks)).map(summary);
}

export function messagesOf(bytes: Uint8Array): LdapMessage[] {
  const messages: LdapMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = messageLength(bytes, at, bytes.length, Number.MAX_SAFE_INTEGER);
    if (length === undefined || at + length > bytes.length) break;
    messages.push(decodeMessage(bytes, at, at + length));
    at += length;
  }
  return messages;
}

/** `1 bindResponse success`; of a notice of disconnection the text too. */
export function summary({ messageId, protocolOp: op }: LdapMessage): string {
  const result = "resultCode" in op ? ` ${resultCodeName(op.resultCode)}` : "";
  const text = messageId === 0 && "diagnosticMessage" in op ? `: ${op.diagnosticMessage}` : "";
  return `${messageId} ${op.type}${result}${text}`;
}

export function request(messageId: number, protocolOp: RequestOp): Uint8Array {
  return encodeMessage({ messageId, protocolOp, controls: [] });
}

export function search(baseObject: string): SearchRequest {
  return {
    type: "searchRequest",
    baseObject,
    scope: "baseObject",
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter: { type: "present", attribute: "objectClass" },
    attributes: [],
  };
}

export function bind(name: string): RequestOp {
  return { type: "bindRequest", version: 3, name, authentication: { type: "simple", password: Buffer.from("secret") } };
}

export const unbind: RequestOp = { type: "unbindRequest" };
