import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertionControl, decodeAssertion } from "../../src/controls/assertion.ts";
import {
  decodeSyncDone,
  decodeSyncRequest,
  decodeSyncState,
  syncDoneControl,
  syncRequestControl,
  syncStateControl,
} from "../../src/controls/content-sync.ts";
import { findControl } from "../../src/controls/control-value.ts";
import { decodePagedResults, pagedResultsControl } from "../../src/controls/paged-results.ts";
import {
  decodePasswordPolicyResponse,
  type PasswordPolicyResponse,
  type PasswordPolicyWarning,
  passwordPolicyResponseControl,
} from "../../src/controls/password-policy.ts";
import { decodeProxiedAuthorization, proxiedAuthorizationControl } from "../../src/controls/proxied-authorization.ts";
import {
  decodePostRead,
  decodePostReadResponse,
  decodePreRead,
  decodePreReadResponse,
  postReadControl,
  postReadResponseControl,
  preReadControl,
  preReadResponseControl,
} from "../../src/controls/read-entry.ts";
import {
  decodeServerSideSort,
  decodeSortResult,
  serverSideSortControl,
  sortResultControl,
} from "../../src/controls/server-side-sort.ts";
import { decodeSubentries, subentriesControl } from "../../src/controls/subentries.ts";
import {
  decodeVirtualListView,
  decodeVirtualListViewResponse,
  type VirtualListViewTarget,
  virtualListViewControl,
  virtualListViewResponseControl,
} from "../../src/controls/virtual-list-view.ts";
import { ParseError } from "../../src/error.ts";
import type { Control } from "../../src/message/message.ts";
import { anyFilter, anyInteger, anyOctets, anyText, operations, optional, record } from "../message/arbitrary.ts";

const anyEntryUuid = fc.uint8Array({ minLength: 16, maxLength: 16 });
const anyTarget: fc.Arbitrary<VirtualListViewTarget> = fc.oneof(
  record({ type: fc.constant("byOffset" as const), offset: anyInteger, contentCount: anyInteger }),
  record({ type: fc.constant("greaterThanOrEqual" as const), value: anyOctets }),
);
const anyWarning: fc.Arbitrary<PasswordPolicyWarning> = fc.oneof(
  record({ type: fc.constant("timeBeforeExpiration" as const), seconds: anyInteger }),
  record({ type: fc.constant("graceAuthNsRemaining" as const), count: anyInteger }),
);
const anyPasswordPolicyResponse: fc.Arbitrary<PasswordPolicyResponse> = record({
  warning: optional(anyWarning),
  error: optional(fc.constantFrom("passwordExpired", "insufficientPasswordQuality", "passwordTooLong")),
});

interface Case {
  readonly value: fc.Arbitrary<unknown>;
  readonly encode: (value: never) => Control;
  readonly decode: (control: Control) => unknown;
}

function codec<Value>(
  value: fc.Arbitrary<Value>,
  encode: (value: Value) => Control,
  decode: (control: Control) => Value,
): Case {
  return { value, encode, decode };
}

const cases: Readonly<Record<string, Case>> = {
  "paged results": codec(record({ size: anyInteger, cookie: anyOctets }), pagedResultsControl, decodePagedResults),
  "server-side sort": codec(
    fc.array(record({ attribute: anyText, orderingRule: optional(anyText), reverseOrder: fc.boolean() })),
    (keys) => serverSideSortControl(keys),
    (control) => [...decodeServerSideSort(control)],
  ),
  "sort result": codec(
    record({ resultCode: anyInteger, attribute: optional(anyText) }),
    sortResultControl,
    decodeSortResult,
  ),
  "virtual list view": codec(
    record({ beforeCount: anyInteger, afterCount: anyInteger, target: anyTarget, contextId: optional(anyOctets) }),
    virtualListViewControl,
    decodeVirtualListView,
  ),
  "virtual list view response": codec(
    record({
      targetPosition: anyInteger,
      contentCount: anyInteger,
      resultCode: anyInteger,
      contextId: optional(anyOctets),
    }),
    virtualListViewResponseControl,
    decodeVirtualListViewResponse,
  ),
  "proxied authorization": codec(anyText, proxiedAuthorizationControl, decodeProxiedAuthorization),
  assertion: codec(anyFilter, assertionControl, decodeAssertion),
  "pre-read": codec(fc.array(anyText), preReadControl, (control) => [...decodePreRead(control)]),
  "post-read": codec(fc.array(anyText), postReadControl, (control) => [...decodePostRead(control)]),
  "pre-read response": codec(operations.searchResultEntry, preReadResponseControl, decodePreReadResponse),
  "post-read response": codec(operations.searchResultEntry, postReadResponseControl, decodePostReadResponse),
  "password policy response": codec(
    anyPasswordPolicyResponse,
    passwordPolicyResponseControl,
    decodePasswordPolicyResponse,
  ),
  subentries: codec(fc.boolean(), subentriesControl, decodeSubentries),
  "sync request": codec(
    record({
      mode: fc.constantFrom("refreshOnly" as const, "refreshAndPersist" as const),
      cookie: optional(anyOctets),
      reloadHint: fc.boolean(),
    }),
    syncRequestControl,
    decodeSyncRequest,
  ),
  "sync state": codec(
    record({
      state: fc.constantFrom("present" as const, "add" as const, "modify" as const, "delete" as const),
      entryUuid: anyEntryUuid,
      cookie: optional(anyOctets),
    }),
    syncStateControl,
    decodeSyncState,
  ),
  "sync done": codec(
    record({ cookie: optional(anyOctets), refreshDeletes: fc.boolean() }),
    syncDoneControl,
    decodeSyncDone,
  ),
};

describe("a control's value is decoded as it was encoded", () => {
  for (const [name, { value, encode, decode }] of Object.entries(cases)) {
    it(name, () => {
      fc.assert(
        fc.property(value, (any) => {
          expect(decode(encode(any as never))).toStrictEqual(any);
        }),
      );
    });
  }
});

describe("hostile control values end in a ParseError or a value", () => {
  for (const [name, { value, encode, decode }] of Object.entries(cases)) {
    it(name, () => {
      fc.assert(
        fc.property(value, fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 30 }), (any, at, byte, random) => {
          const control = encode(any as never);
          const mutated = Uint8Array.from(control.controlValue!);
          if (mutated.length > 0) mutated[at % mutated.length] = byte;
          for (const controlValue of [mutated, random]) {
            try {
              decode({ ...control, controlValue });
            } catch (error) {
              expect(error).toBeInstanceOf(ParseError);
            }
          }
        }),
      );
    });
  }
});

describe("findControl", () => {
  it("finds the first of an OID", () => {
    const controls = [
      { controlType: "1.2", criticality: false, controlValue: undefined },
      { controlType: "1.3", criticality: true, controlValue: undefined },
      { controlType: "1.3", criticality: false, controlValue: undefined },
    ];
    expect([findControl(controls, "1.3"), findControl(controls, "1.4")]).toEqual([controls[1], undefined]);
  });
});
