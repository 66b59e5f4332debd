/** Any LDAPMessage, and any part of one. RFC 4511 §4. */
import fc from "fast-check";
import type { Filter } from "../../src/filter/filter.ts";
import type {
  Authentication,
  Change,
  Control,
  LdapMessage,
  LdapResult,
  PartialAttribute,
  ProtocolOp,
  ResponseOp,
} from "../../src/message/message.ts";

/** As `fc.record`, of plain objects: what the decoder makes. */
export function record<Model>(model: { [Key in keyof Model]: fc.Arbitrary<Model[Key]> }): fc.Arbitrary<Model> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<Model>;
}

/** Strings without unpaired surrogates: those that UTF-8 can hold. Some need a length of several octets. */
export const anyText = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 60, maxLength: 300 }) },
);
export const anyOctets = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 120, maxLength: 300 }) },
);
export const anyInteger = fc.oneof(fc.nat(300), fc.nat(0x7fffffff));

export function optional<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const nonEmptyOctets = fc.uint8Array({ minLength: 1, maxLength: 20 });

const anySubstrings: fc.Arbitrary<Filter> = record({
  attribute: anyText,
  initial: optional(nonEmptyOctets),
  any: fc.array(nonEmptyOctets, { maxLength: 3 }),
  final: optional(nonEmptyOctets),
})
  .filter(({ initial, any, final }) => initial !== undefined || any.length > 0 || final !== undefined)
  .map((parts) => ({ type: "substrings", ...parts }));

const anyExtensibleMatch: fc.Arbitrary<Filter> = record({
  matchingRule: optional(anyText),
  attribute: optional(anyText),
  value: anyOctets,
  dnAttributes: fc.boolean(),
})
  .filter(({ matchingRule, attribute }) => matchingRule !== undefined || attribute !== undefined)
  .map((parts) => ({ type: "extensibleMatch", ...parts }));

export const anyFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter; filters: Filter[] }>((tie) => ({
  filters: fc.array(tie("filter"), { maxLength: 4 }),
  filter: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    record({
      type: fc.constantFrom("equalityMatch", "greaterOrEqual", "lessOrEqual", "approxMatch"),
      attribute: anyText,
      value: anyOctets,
    }),
    record({ type: fc.constant("present"), attribute: anyText }),
    anySubstrings,
    anyExtensibleMatch,
    record({ type: fc.constantFrom("and", "or"), filters: tie("filters") }),
    record({ type: fc.constant("not"), filter: tie("filter") }),
  ),
})).filter;

export const anyControl: fc.Arbitrary<Control> = record({
  controlType: anyText,
  criticality: fc.boolean(),
  controlValue: optional(anyOctets),
});

const anyAttribute: fc.Arbitrary<PartialAttribute> = record({
  type: anyText,
  values: fc.array(anyOctets, { maxLength: 4 }),
});
const anyAttributes = fc.array(anyAttribute, { maxLength: 5 });

const result = {
  resultCode: anyInteger,
  matchedDn: anyText,
  diagnosticMessage: anyText,
  referral: fc.array(anyText, { maxLength: 3 }),
};

export const anyResult: fc.Arbitrary<LdapResult> = record(result);

const anyAuthentication: fc.Arbitrary<Authentication> = fc.oneof(
  record({ type: fc.constant("simple"), password: anyOctets }),
  record({ type: fc.constant("sasl"), mechanism: anyText, credentials: optional(anyOctets) }),
);

const anyChange: fc.Arbitrary<Change> = record({
  operation: fc.constantFrom("add", "delete", "replace", "increment"),
  modification: anyAttribute,
});

/** One arbitrary for each protocolOp: a new one that is missing here does not compile. */
export const operations: { readonly [Type in ProtocolOp["type"]]: fc.Arbitrary<Extract<ProtocolOp, { type: Type }>> } =
  {
    bindRequest: record({
      type: fc.constant("bindRequest"),
      version: anyInteger,
      name: anyText,
      authentication: anyAuthentication,
    }),
    bindResponse: record({ type: fc.constant("bindResponse"), ...result, serverSaslCreds: optional(anyOctets) }),
    unbindRequest: record({ type: fc.constant("unbindRequest") }),
    searchRequest: record({
      type: fc.constant("searchRequest"),
      baseObject: anyText,
      scope: fc.constantFrom("baseObject", "singleLevel", "wholeSubtree"),
      derefAliases: fc.constantFrom("neverDerefAliases", "derefInSearching", "derefFindingBaseObj", "derefAlways"),
      sizeLimit: anyInteger,
      timeLimit: anyInteger,
      typesOnly: fc.boolean(),
      filter: anyFilter,
      attributes: fc.array(anyText, { maxLength: 5 }),
    }),
    searchResultEntry: record({
      type: fc.constant("searchResultEntry"),
      objectName: anyText,
      attributes: anyAttributes,
    }),
    searchResultReference: record({
      type: fc.constant("searchResultReference"),
      uris: fc.array(anyText, { maxLength: 3 }),
    }),
    searchResultDone: plainResult("searchResultDone"),
    modifyRequest: record({
      type: fc.constant("modifyRequest"),
      object: anyText,
      changes: fc.array(anyChange, { maxLength: 4 }),
    }),
    modifyResponse: plainResult("modifyResponse"),
    addRequest: record({ type: fc.constant("addRequest"), entry: anyText, attributes: anyAttributes }),
    addResponse: plainResult("addResponse"),
    delRequest: record({ type: fc.constant("delRequest"), entry: anyText }),
    delResponse: plainResult("delResponse"),
    modifyDnRequest: record({
      type: fc.constant("modifyDnRequest"),
      entry: anyText,
      newRdn: anyText,
      deleteOldRdn: fc.boolean(),
      newSuperior: optional(anyText),
    }),
    modifyDnResponse: plainResult("modifyDnResponse"),
    compareRequest: record({
      type: fc.constant("compareRequest"),
      entry: anyText,
      attribute: anyText,
      value: anyOctets,
    }),
    compareResponse: plainResult("compareResponse"),
    abandonRequest: record({ type: fc.constant("abandonRequest"), messageId: anyInteger }),
    extendedRequest: record({
      type: fc.constant("extendedRequest"),
      requestName: anyText,
      requestValue: optional(anyOctets),
    }),
    extendedResponse: record({
      type: fc.constant("extendedResponse"),
      ...result,
      responseName: optional(anyText),
      responseValue: optional(anyOctets),
    }),
    intermediateResponse: record({
      type: fc.constant("intermediateResponse"),
      responseName: optional(anyText),
      responseValue: optional(anyOctets),
    }),
  };

function plainResult<Type extends ResponseOp["type"]>(type: Type) {
  return record({ type: fc.constant(type), ...result });
}

export function anyMessageOf<Op extends ProtocolOp>(operation: fc.Arbitrary<Op>): fc.Arbitrary<LdapMessage<Op>> {
  return record({
    messageId: anyInteger,
    protocolOp: operation,
    controls: fc.array(anyControl, { maxLength: 3 }),
  });
}

export const anyMessage: fc.Arbitrary<LdapMessage> = anyMessageOf(
  fc.oneof(...(Object.values(operations) as fc.Arbitrary<ProtocolOp>[])),
);
