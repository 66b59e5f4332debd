/** The messages that pass, as records that can be sent as JSON, and as lines for a person. */
import { decodeMessage, opTypeOf, ParseError } from "@espalier/ldap";
import type { Frame } from "../frame/frame.ts";
import { type Described, describeMessage } from "./describe-message.ts";
import type { ClientFacts } from "./operation-record.ts";
import { printable } from "./printable.ts";
import { redactFrame } from "./redact-frame.ts";
import type { TapSink } from "./tap.ts";

/** One message. */
export interface TapRecord {
  /** ISO 8601. */
  readonly time: string;
  readonly connectionId: number;
  /** Of the client. */
  readonly address: string;
  readonly port: number;
  readonly isEncrypted: boolean;
  /** `request` is from the client, `response` to it. */
  readonly direction: "request" | "response";
  /** The client's. */
  readonly messageId: number;
  /** `searchRequest`, `searchResultEntry`, … */
  readonly operation: string;
  /** What is in it: see `describeMessage`. */
  readonly content: Described;
}

export class OperationTap implements TapSink {
  readonly #send: (record: TapRecord) => void;
  readonly #now: () => number;

  /** `now` is in milliseconds since 1970. */
  constructor(send: (record: TapRecord) => void, now: () => number = Date.now) {
    this.#send = send;
    this.#now = now;
  }

  request(client: ClientFacts, frame: Frame): void {
    this.#show(client, frame, "request");
  }

  response(client: ClientFacts, frame: Frame): void {
    this.#show(client, frame, "response");
  }

  connectionClosed(): void {}

  #show(client: ClientFacts, frame: Frame, direction: TapRecord["direction"]): void {
    this.#send({
      time: new Date(this.#now()).toISOString(),
      connectionId: client.id,
      address: client.address,
      port: client.port,
      isEncrypted: client.tls !== undefined,
      direction,
      messageId: frame.messageId,
      operation: opTypeOf(frame.opTag) ?? `tag 0x${frame.opTag.toString(16)}`,
      content: contentOf(frame),
    });
  }
}

/** Described from the redacted copy, so that what describing overlooks is not there either. */
function contentOf(frame: Frame): Described {
  try {
    return describeMessage(decodeMessage(redactFrame(frame)));
  } catch (error) {
    if (error instanceof ParseError) return { unreadable: error.message };
    throw error;
  }
}

/**
 * `12:00:00.123 #7 10.0.5.7:40000 → 2 searchRequest base="dc=example,dc=com" scope=wholeSubtree …`: the time of day, the
 * connection and where it comes from, the direction, the message id, and the message.
 */
export function formatTapRecord(record: TapRecord): string {
  const { time, connectionId, address, port, isEncrypted, direction, messageId, operation, content } = record;
  const from = `${address.includes(":") ? `[${address}]` : address}:${port}${isEncrypted ? "" : " clear"}`;
  const fields = Object.entries(content).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  const arrow = direction === "request" ? "→" : "←";
  return `${time.slice(11, 23)} #${connectionId} ${from} ${arrow} ${messageId} ${operation}${fields.join("")}`;
}

function formatValue(value: unknown): string {
  if (typeof value === "string" && /^[A-Za-z0-9_.-]+$/.test(value)) return value;
  return printable(JSON.stringify(value));
}
