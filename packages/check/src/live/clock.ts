/** What time it is at a server: HTTP's `Date` (RFC 9110 §6.6.1), and what directory servers say of theirs. */
import type { TLSSocket } from "node:tls";
import type { LdapClient } from "@espalier/ldap/client";
import type { ObservedClock } from "../observed/system.ts";

interface Asking {
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const maxHeaderBytes = 16 * 1024;

/** On a connection on which nothing has been asked yet. Undefined where no date is given. */
export async function askHttpTime(
  socket: TLSSocket,
  { url, host, signal, now }: Asking & { readonly url: string; readonly host: string },
): Promise<ObservedClock | undefined> {
  const askedAt = now();
  try {
    socket.write(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: espalier\r\nConnection: close\r\n\r\n`);
    let text = "";
    for await (const chunk of abortable(socket, signal)) {
      text += chunk.toString("latin1");
      if (text.includes("\r\n\r\n") || text.length > maxHeaderBytes) break;
    }
    const [, date] = /^date:\s*(.+?)\s*$/im.exec(text) ?? [];
    return date === undefined ? undefined : clockOf(url, Date.parse(date), askedAt, now());
  } catch {
    return undefined;
  }
}

async function* abortable(socket: TLSSocket, signal: AbortSignal): AsyncGenerator<Buffer> {
  const end = () => void socket.destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    if (signal.aborted) return;
    for await (const chunk of socket) yield chunk as Buffer;
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** Of Active Directory's root DSE, 389 Directory Server's cn=monitor, OpenLDAP's cn=Monitor: as far as they show it. */
const sources = [
  { baseObject: "", attribute: "currentTime" },
  { baseObject: "cn=monitor", attribute: "currenttime" },
  { baseObject: "cn=Current,cn=Time,cn=Monitor", attribute: "monitorTimestamp" },
];

export async function askDirectoryTime(
  client: LdapClient,
  source: string,
  { signal, now }: Asking,
): Promise<ObservedClock | undefined> {
  for (const { baseObject, attribute } of sources) {
    const askedAt = now();
    const search = { baseObject, scope: "baseObject", attributes: [attribute], timeLimit: 2 } as const;
    const found = await client.searchAll(search, { signal }).catch(() => undefined);
    if (client.closeReason !== undefined) return undefined;
    const time = parseGeneralizedTime(found?.entries[0]?.text(attribute) ?? "");
    if (time !== undefined) return clockOf(source, time, askedAt, now());
  }
  return undefined;
}

/** Servers say whole seconds, so theirs is half of one later on average; and it was said halfway between question and answer. */
function clockOf(source: string, serverTime: number, askedAt: number, answeredAt: number): ObservedClock | undefined {
  if (Number.isNaN(serverTime)) return undefined;
  const offsetMs = (askedAt + answeredAt) / 2 - (serverTime + 500);
  return { source, offsetSeconds: Math.round(offsetMs / 100) / 10 };
}

/** In UTC, as servers write it: `20260131120000Z`, with or without a fraction (RFC 4517 §3.3.13). Milliseconds since 1970. */
export function parseGeneralizedTime(text: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/.exec(text) ?? [];
  if (parts.length === 0) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
