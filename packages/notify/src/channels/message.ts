/** What a channel is given: text that is ready to read, and the facts for machines. */
import type { Severity, StoredEvent } from "@espalier/service";

export interface Message {
  /** The same in every attempt: Message-ID, webhook-id, idempotency key. */
  readonly deliveryId: string;
  /** 1, 2, … */
  readonly attempt: number;
  /** One, or those of a digest or a group: the oldest first, never none. */
  readonly events: readonly StoredEvent[];
  readonly status: MessageStatus;
  /** The gravest of the events. */
  readonly severity: Severity;
  /** One line, without control characters. */
  readonly title: string;
  /** Plain, several lines. */
  readonly text: string;
  /** Links: acknowledge, approve, reject. */
  readonly actions: readonly MessageAction[];
}

/** Whether something is the matter, is over, or just happened. */
export type MessageStatus = "problem" | "resolved" | "information";

export interface MessageAction {
  readonly label: string;
  readonly url: string;
}
