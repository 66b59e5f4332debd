/** What is wrong with an event, or with a question for events. */

export type EventErrorCode =
  /** The event is not one: a type that is no dotted name, data that is no JSON, or too much of it. */
  | "ERR_EVENT"
  /** A cursor that the log did not give. */
  | "ERR_EVENT_CURSOR"
  /** A filter or a limit that cannot be used. */
  | "ERR_EVENT_QUERY";

export class EventError extends Error {
  override readonly name = "EventError";
  readonly code: EventErrorCode;

  constructor(code: EventErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
