/** Search filters as data. RFC 4511 §4.5.1.7. Assertion values are the bytes on the wire (UTF-8 for strings). */
export type Filter =
  | { readonly type: "and"; readonly filters: readonly Filter[] }
  | { readonly type: "or"; readonly filters: readonly Filter[] }
  | { readonly type: "not"; readonly filter: Filter }
  | AttributeValueAssertionFilter
  | SubstringsFilter
  | { readonly type: "present"; readonly attribute: string }
  | ExtensibleMatchFilter;

/** `attribute` is an attribute description: a type and options, as the client spelt it. */
export interface AttributeValueAssertionFilter {
  readonly type: "equalityMatch" | "greaterOrEqual" | "lessOrEqual" | "approxMatch";
  readonly attribute: string;
  readonly value: Uint8Array;
}

/** At least one of the three parts is there, none is empty. */
export interface SubstringsFilter {
  readonly type: "substrings";
  readonly attribute: string;
  readonly initial: Uint8Array | undefined;
  readonly any: readonly Uint8Array[];
  readonly final: Uint8Array | undefined;
}

/** At least one of `matchingRule` and `attribute` is there. */
export interface ExtensibleMatchFilter {
  readonly type: "extensibleMatch";
  readonly matchingRule: string | undefined;
  readonly attribute: string | undefined;
  readonly value: Uint8Array;
  readonly dnAttributes: boolean;
}
