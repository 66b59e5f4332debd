/** The library's two errors: bytes or text that cannot be read, and a result that an operation ended with. */
import { resultCodeName } from "./result-code.ts";

/** Stable codes of `SyntaxError`-like failures; match these, not the message. */
export type ParseErrorCode =
  | "ERR_BER_TRUNCATED"
  | "ERR_BER_LENGTH"
  | "ERR_BER_TAG"
  | "ERR_BER_VALUE"
  | "ERR_MESSAGE"
  | "ERR_MESSAGE_TOO_LARGE"
  | "ERR_FILTER"
  | "ERR_FILTER_LIMIT"
  | "ERR_DN"
  | "ERR_LDIF"
  | "ERR_URL"
  | "ERR_SCHEMA"
  | "ERR_CONTROL";

/** Bytes or text that are not what the RFC allows. `offset` counts bytes or UTF-16 units from the start, where known. */
export class ParseError extends Error {
  override readonly name = "ParseError";
  readonly code: ParseErrorCode;
  readonly offset: number | undefined;
  constructor(code: ParseErrorCode, message: string, options: { offset?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.offset = options.offset;
  }
}

/** An operation that ended, or must end, with a result other than success. RFC 4511 §4.1.9. */
export class LdapError extends Error {
  override readonly name = "LdapError";
  readonly resultCode: number;
  readonly matchedDn: string;
  /** What the peer may read; never a secret and never more than the RFC lets it know. */
  readonly diagnosticMessage: string;
  readonly referral: readonly string[];
  constructor(
    resultCode: number,
    diagnosticMessage = "",
    options: { matchedDn?: string; referral?: readonly string[]; cause?: unknown } = {},
  ) {
    super(
      diagnosticMessage === "" ? resultCodeName(resultCode) : `${resultCodeName(resultCode)}: ${diagnosticMessage}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.resultCode = resultCode;
    this.matchedDn = options.matchedDn ?? "";
    this.diagnosticMessage = diagnosticMessage;
    this.referral = options.referral ?? [];
  }
}
