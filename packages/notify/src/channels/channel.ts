/** Where messages go: one way of sending, and what came of an attempt. */
import type { Message } from "./message.ts";

export type ChannelKind =
  | "mail"
  | "webhook"
  | "ntfy"
  | "slack"
  | "mattermost"
  | "teams"
  | "discord"
  | "web-push"
  | "http"
  | "syslog"
  /** The service's own, where its test events end: no configuration makes one. */
  | "canary";

export type SendOutcome =
  | { readonly status: "delivered"; readonly detail?: string }
  | {
      readonly status: "retry";
      readonly reason: string;
      /** The peer's Retry-After. */
      readonly retryAfterMs?: number;
      /** The peer wants less of everything, not only of this message. */
      readonly slowDown?: boolean;
    }
  /** For good: the delivery becomes a dead letter. */
  | { readonly status: "failed"; readonly reason: string }
  /** The endpoint says never again. */
  | { readonly status: "disabled"; readonly reason: string };

export interface Channel {
  readonly name: string;
  readonly kind: ChannelKind;
  /** Messages that one node sends at the same time. */
  readonly concurrency: number;
  /** Never throws for what the peer does; a reason contains no secret. */
  send(message: Message, signal: AbortSignal): Promise<SendOutcome>;
  close(): Promise<void>;
}
