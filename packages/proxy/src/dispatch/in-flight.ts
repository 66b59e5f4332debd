/**
 * What becomes of an operation when the connection it was on is lost: the one table of what is sent again and what never is.
 *
 * | at the loss                                             | then                                  |
 * | ------------------------------------------------------- | ------------------------------------- |
 * | not one byte of it was sent                             | sent elsewhere, whatever it is        |
 * | it goes on with state that was on the lost connection   | `unavailable`: the client starts over |
 * | it may change an entry                                  | `other`: outcome unknown, in doubt    |
 * | something of its answer was passed on                   | `unavailable`: never restarted        |
 * | a read without any answer                               | sent elsewhere, once                  |
 */
import { type Refusal, Refusals } from "./refusal.ts";
import type { RequestClass } from "./request-class.ts";

interface LostOperation {
  readonly requestClass: RequestClass;
  /** Whether any byte of the request may have left this process. */
  readonly sent: boolean;
  /** Whether anything of the answer was passed on to the client. */
  readonly hasAnswered: boolean;
  /** How often it was sent, this time included. */
  readonly attempts: number;
}

/** How often a read is sent at most. */
export const maxAttempts = 2;

export function afterLoss({ requestClass, sent, hasAnswered, attempts }: LostOperation): "send-again" | Refusal {
  if (!sent) return requestClass.continues ? Refusals.stateLost : "send-again";
  if (requestClass.changes) return Refusals.inDoubt;
  if (requestClass.continues || requestClass.state === "persistent") return Refusals.stateLost;
  if (hasAnswered) return Refusals.cutShort;
  if (!requestClass.isRepeatable) return Refusals.stateLost;
  return attempts < maxAttempts ? "send-again" : Refusals.unavailable;
}
