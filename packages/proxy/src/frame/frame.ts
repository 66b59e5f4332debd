/** One LDAPMessage in a buffer, of which only the header has been read. RFC 4511 §4.1.1. */

/**
 * `bytes[start, end)` is the whole LDAPMessage. The proxy passes messages on as they are: what is inside the protocolOp is
 * decoded only where a decision needs it.
 */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** As it stands in `bytes`: `overwriteMessageId` changes both, and nothing else does. */
  messageId: number;
  /** Where the contents of the message id begin, and how many octets they are. */
  readonly idStart: number;
  readonly idLength: number;
  /** The identifier octet of the protocolOp, at `opStart`: one of `OpTag`, or a tag that RFC 4511 does not have. */
  readonly opTag: number;
  readonly opStart: number;
  /** Where the protocolOp ends. The controls, if there are any, are `bytes[opEnd, end)`. */
  readonly opEnd: number;
}
