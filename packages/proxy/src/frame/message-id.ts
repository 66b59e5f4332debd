/** Another message id for a message that is passed on as it is. RFC 4511 §4.1.1.1. */
import { allocateMessage, idWidth, putMessageId } from "./envelope.ts";
import type { Frame } from "./frame.ts";

export { idWidth };

/**
 * Writes `messageId` over the one in `frame.bytes`, and into `frame.messageId`. No length changes, nothing is copied, and
 * messages that were adjacent in the buffer stay one slice.
 *
 * @throws RangeError where `idWidth(messageId)` is not `frame.idLength`: that takes `withMessageId`.
 */
export function overwriteMessageId(frame: Frame, messageId: number): void {
  const width = frame.idLength;
  if (idWidth(messageId) !== width) {
    throw new RangeError(`The message id ${messageId} has another width than the ${width} octets there are`);
  }
  if (width === 1) frame.bytes[frame.idStart] = messageId;
  else putMessageId(frame.bytes, frame.idStart, messageId, width);
  frame.messageId = messageId;
}

/** A copy of the message under another id, of any width. */
export function withMessageId(frame: Frame, messageId: number): Uint8Array {
  const { bytes, opStart, end } = frame;
  const message = allocateMessage(messageId, end - opStart);
  message.set(bytes.subarray(opStart, end), message.length - (end - opStart));
  return message;
}
