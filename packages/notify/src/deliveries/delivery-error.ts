/** What cannot be done with a delivery; the message says what to do instead. */

export type DeliveryErrorCode =
  /** There is none with that id, or it is no dead letter. */
  | "ERR_DELIVERY_UNKNOWN"
  /** Its channel is disabled, or no node has it. */
  | "ERR_DELIVERY_CHANNEL"
  /** A cursor that was not given by the list. */
  | "ERR_DELIVERY_CURSOR";

export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  readonly code: DeliveryErrorCode;

  constructor(code: DeliveryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
