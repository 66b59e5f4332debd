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
import { decodeManageDsaIT, manageDsaITControl } from "../../src/controls/manage-dsa-it.ts";
import { decodePagedResults, pagedResultsControl } from "../../src/controls/paged-results.ts";
import {
  decodePasswordPolicy,
  decodePasswordPolicyResponse,
  passwordPolicyControl,
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
  virtualListViewControl,
  virtualListViewResponseControl,
} from "../../src/controls/virtual-list-view.ts";
import type { Control } from "../../src/message/message.ts";
import { hex, utf8, wire } from "../ber/wire.ts";

/** Most were recorded from OpenLDAP's tools and slapd 2.5.13; `bytes` is the value, `undefined` for a control without one. */
interface Vector<Value> {
  readonly title: string;
  readonly controlType: string;
  readonly criticality: boolean;
  readonly bytes: string | undefined;
  readonly value: Value;
  readonly encode: (value: Value) => Control;
  readonly decode: (control: Control) => Value;
}

function control(vector: Vector<never>): Control {
  const { controlType, criticality, bytes } = vector;
  return { controlType, criticality, controlValue: bytes === undefined ? undefined : wire(bytes) };
}

const vectors: Vector<never>[] = [];
function vector<Value>(
  title: string,
  [controlType, criticality, bytes]: readonly [string, boolean, string | undefined],
  value: Value,
  encode: (value: Value) => Control,
  decode: (control: Control) => Value,
): void {
  vectors.push({ title, controlType, criticality, bytes, value, encode, decode } as unknown as Vector<never>);
}

const PAGED_RESULTS = "1.2.840.113556.1.4.319";
vector(
  "RFC 2696 §2 paged results, first page (OpenLDAP)",
  [PAGED_RESULTS, false, "30 05 02 01 02 04 00"],
  { size: 2, cookie: utf8("") },
  pagedResultsControl,
  decodePagedResults,
);
vector(
  "RFC 2696 §2 paged results, a cookie (slapd)",
  [PAGED_RESULTS, false, "30 0d 02 01 00 04 08 03 00 00 00 00 00 00 00"],
  { size: 0, cookie: wire("03 00 00 00 00 00 00 00") },
  pagedResultsControl,
  decodePagedResults,
);
vector(
  "RFC 2891 §1.1 sort by two keys (OpenLDAP)",
  ["1.2.840.113556.1.4.473", true, "30 19  30 11 04 02 'sn' 80 08 '2.5.13.3' 81 01 ff  30 04 04 02 'cn'"],
  [
    { attribute: "sn", orderingRule: "2.5.13.3", reverseOrder: true },
    { attribute: "cn", orderingRule: undefined, reverseOrder: false },
  ],
  (keys) => serverSideSortControl(keys, true),
  decodeServerSideSort,
);
vector(
  "RFC 2891 §1.2 sorted (slapd)",
  ["1.2.840.113556.1.4.474", false, "30 03 0a 01 00"],
  { resultCode: 0, attribute: undefined },
  sortResultControl,
  decodeSortResult,
);
vector(
  "RFC 2891 §1.2 not sorted, for want of an attribute",
  ["1.2.840.113556.1.4.474", false, "30 0b 0a 01 10 80 06 'nosuch'"],
  { resultCode: 16, attribute: "nosuch" },
  sortResultControl,
  decodeSortResult,
);
vector(
  "VLV draft §6.1 by offset (OpenLDAP)",
  ["2.16.840.1.113730.3.4.9", false, "30 0e 02 01 01 02 01 02 a0 06 02 01 03 02 01 00"],
  {
    beforeCount: 1,
    afterCount: 2,
    target: { type: "byOffset" as const, offset: 3, contentCount: 0 },
    contextId: undefined,
  },
  virtualListViewControl,
  decodeVirtualListView,
);
vector(
  "VLV draft §6.1 by value, in a list that goes on",
  ["2.16.840.1.113730.3.4.9", false, "30 11 02 01 00 02 01 09 81 05 'smith' 04 02 fe ff"],
  {
    beforeCount: 0,
    afterCount: 9,
    target: { type: "greaterThanOrEqual" as const, value: utf8("smith") },
    contextId: wire("fe ff"),
  },
  virtualListViewControl,
  decodeVirtualListView,
);
vector(
  "VLV draft §6.2 the answer (slapd)",
  ["2.16.840.1.113730.3.4.10", false, "30 13 02 01 01 02 01 02 0a 01 00 04 08 70 16 00 28 ec 7f 00 00"],
  { targetPosition: 1, contentCount: 2, resultCode: 0, contextId: wire("70 16 00 28 ec 7f 00 00") },
  virtualListViewResponseControl,
  decodeVirtualListViewResponse,
);
vector(
  "RFC 4370 §3 proxied authorization (OpenLDAP)",
  ["2.16.840.1.113730.3.4.18", true, "'dn:uid=bob,dc=x'"],
  "dn:uid=bob,dc=x",
  proxiedAuthorizationControl,
  decodeProxiedAuthorization,
);
vector(
  "RFC 4370 §3 proxied authorization as anonymous",
  ["2.16.840.1.113730.3.4.18", true, ""],
  "",
  proxiedAuthorizationControl,
  decodeProxiedAuthorization,
);
vector(
  "RFC 4528 §3 assertion (OpenLDAP)",
  ["1.3.6.1.1.12", true, "a3 0a 04 03 'uid' 04 03 'bob'"],
  { type: "equalityMatch" as const, attribute: "uid", value: utf8("bob") },
  assertionControl,
  (received) => decodeAssertion(received) as never,
);
vector(
  "RFC 4527 §3.1 pre-read of two attributes (OpenLDAP)",
  ["1.3.6.1.1.13.1", false, "30 08 04 02 'cn' 04 02 'sn'"],
  ["cn", "sn"] as readonly string[],
  preReadControl,
  decodePreRead,
);
vector(
  "RFC 4527 §3.2 post-read, critical (OpenLDAP)",
  ["1.3.6.1.1.13.2", true, "30 03 04 01 '*'"],
  ["*"] as readonly string[],
  (attributes) => postReadControl(attributes, true),
  decodePostRead,
);
vector(
  "RFC 4527 §3.1 the entry as it was (slapd)",
  [
    "1.3.6.1.1.13.1",
    false,
    "64 2b 04 0c 'uid=ann,dc=x' 30 1b 30 0c 04 03 'uid' 31 05 04 03 'ann' 30 0b 04 02 'cn' 31 05 04 03 'Ann'",
  ],
  {
    type: "searchResultEntry" as const,
    objectName: "uid=ann,dc=x",
    attributes: [
      { type: "uid", values: [utf8("ann")] },
      { type: "cn", values: [utf8("Ann")] },
    ],
  },
  preReadResponseControl,
  (received) => decodePreReadResponse(received) as never,
);
vector(
  "RFC 4527 §3.2 the entry as it is (slapd)",
  ["1.3.6.1.1.13.2", false, "64 1e 04 0c 'uid=ann,dc=x' 30 0e 30 0c 04 02 'cn' 31 06 04 04 'Anna'"],
  {
    type: "searchResultEntry" as const,
    objectName: "uid=ann,dc=x",
    attributes: [{ type: "cn", values: [utf8("Anna")] }],
  },
  postReadResponseControl,
  (received) => decodePostReadResponse(received) as never,
);
vector(
  "RFC 3296 §3 ManageDsaIT (OpenLDAP)",
  ["2.16.840.1.113730.3.4.2", true, undefined],
  undefined,
  () => manageDsaITControl(),
  decodeManageDsaIT as () => undefined,
);
const PASSWORD_POLICY = "1.3.6.1.4.1.42.2.27.8.5.1";
vector(
  "password policy draft §6.1 request, which has no value (SSSD, OpenLDAP)",
  [PASSWORD_POLICY, false, undefined],
  undefined,
  () => passwordPolicyControl(),
  decodePasswordPolicy as () => undefined,
);
vector(
  "password policy draft §6.2 nothing to say (slapd)",
  [PASSWORD_POLICY, false, "30 00"],
  { warning: undefined, error: undefined },
  passwordPolicyResponseControl,
  decodePasswordPolicyResponse,
);
vector(
  "password policy draft §6.2 the password expires in 99,973 seconds (slapd)",
  [PASSWORD_POLICY, false, "30 07 a0 05 80 03 01 86 85"],
  { warning: { type: "timeBeforeExpiration" as const, seconds: 99_973 }, error: undefined },
  passwordPolicyResponseControl,
  (received) => decodePasswordPolicyResponse(received) as never,
);
vector(
  "password policy draft §6.2 the account is locked (slapd)",
  [PASSWORD_POLICY, false, "30 03 81 01 01"],
  { warning: undefined, error: "accountLocked" as const },
  passwordPolicyResponseControl,
  (received) => decodePasswordPolicyResponse(received) as never,
);
vector(
  "password policy draft §6.2 two grace logins after expiry",
  [PASSWORD_POLICY, false, "30 08 a0 03 81 01 02 81 01 00"],
  { warning: { type: "graceAuthNsRemaining" as const, count: 2 }, error: "passwordExpired" as const },
  passwordPolicyResponseControl,
  (received) => decodePasswordPolicyResponse(received) as never,
);
vector(
  "RFC 3672 §3 subentries (OpenLDAP)",
  ["1.3.6.1.4.1.4203.1.10.1", true, "01 01 ff"],
  true,
  subentriesControl as (visible: boolean) => Control,
  decodeSubentries,
);
vector(
  "RFC 4533 §2.2 sync request, a copy that starts empty (OpenLDAP)",
  ["1.3.6.1.4.1.4203.1.9.1.1", true, "30 03 0a 01 01"],
  { mode: "refreshOnly" as const, cookie: undefined, reloadHint: false },
  syncRequestControl,
  (received) => decodeSyncRequest(received) as never,
);
vector(
  "RFC 4533 §2.2 sync request with a cookie (OpenLDAP)",
  ["1.3.6.1.4.1.4203.1.9.1.1", true, "30 0c 0a 01 03 04 07 'rid=000'"],
  { mode: "refreshAndPersist" as const, cookie: utf8("rid=000"), reloadHint: false },
  syncRequestControl,
  (received) => decodeSyncRequest(received) as never,
);
vector(
  "RFC 4533 §2.2 sync request with a reload hint",
  ["1.3.6.1.4.1.4203.1.9.1.1", true, "30 06 0a 01 03 01 01 ff"],
  { mode: "refreshAndPersist" as const, cookie: undefined, reloadHint: true },
  syncRequestControl,
  (received) => decodeSyncRequest(received) as never,
);
vector(
  "RFC 4533 §2.3 sync state (slapd)",
  ["1.3.6.1.4.1.4203.1.9.1.2", false, "30 15 0a 01 01 04 10 2a c8 95 ea 7a 49 10 41 8f 4e d5 5b 2b e9 1d d3"],
  { state: "add" as const, entryUuid: wire("2a c8 95 ea 7a 49 10 41 8f 4e d5 5b 2b e9 1d d3"), cookie: undefined },
  syncStateControl,
  (received) => decodeSyncState(received) as never,
);
vector(
  "RFC 4533 §2.4 sync done (slapd)",
  ["1.3.6.1.4.1.4203.1.9.1.3", false, "30 0c 04 07 'rid=000' 01 01 ff"],
  { cookie: utf8("rid=000"), refreshDeletes: true },
  syncDoneControl,
  decodeSyncDone,
);

describe("controls on the wire", () => {
  it.each(vectors)("$title", (each) => {
    expect(each.decode(control(each))).toStrictEqual(each.value);
    const encoded = each.encode(each.value);
    expect({ ...encoded, controlValue: encoded.controlValue && hex(encoded.controlValue) }).toEqual({
      controlType: each.controlType,
      criticality: each.criticality,
      controlValue: each.bytes === undefined ? undefined : hex(wire(each.bytes)),
    });
  });
});

describe("every decoder refuses with ERR_CONTROL", () => {
  const badControl = expect.objectContaining({ name: "ParseError", code: "ERR_CONTROL" });

  it.each(vectors)("another control than $controlType", (each) => {
    expect(() => each.decode({ ...control(each), controlType: "1.2.3" })).toThrow(badControl);
  });

  it.each(vectors.filter(({ bytes }) => bytes !== undefined))("no value: $title", (each) => {
    expect(() => each.decode({ ...control(each), controlValue: undefined })).toThrow(badControl);
  });

  it.each(vectors.filter(({ bytes }) => bytes === undefined))("a value where there is none: $title", (each) => {
    expect(() => each.decode({ ...control(each), controlValue: utf8("") })).toThrow(badControl);
  });

  const structured = vectors.filter(({ bytes }) => bytes !== undefined && /^[0-9a-f]/.test(bytes));
  it.each(structured)("a value cut off and a value that goes on: $title", (each) => {
    const value = wire(each.bytes!);
    for (let end = 0; end < value.length; end++) {
      expect(() => each.decode({ ...control(each), controlValue: value.subarray(0, end) })).toThrow(badControl);
    }
    expect(() => each.decode({ ...control(each), controlValue: Uint8Array.of(...value, 5, 0) })).toThrow(badControl);
  });

  it.each([
    [
      "a proxied authorization that is not critical (RFC 4370 §3)",
      () => decodeProxiedAuthorization({ ...proxiedAuthorizationControl("u:bob"), criticality: false }),
    ],
    [
      "an authzId that is not UTF-8",
      () => decodeProxiedAuthorization({ ...proxiedAuthorizationControl(""), controlValue: wire("c3 28") }),
    ],
    ["a sync mode of 2", () => decodeSyncRequest(value("1.3.6.1.4.1.4203.1.9.1.1", "30 03 0a 01 02"))],
    ["a sync state of 4", () => decodeSyncState(value("1.3.6.1.4.1.4203.1.9.1.2", "30 05 0a 01 04 04 00"))],
    [
      "an entryUUID of 15 octets",
      () => decodeSyncState(value("1.3.6.1.4.1.4203.1.9.1.2", "30 14 0a 01 00 04 0f '123456789012345'")),
    ],
    [
      "a VLV target of neither kind",
      () => decodeVirtualListView(value("2.16.840.1.113730.3.4.9", "30 08 02 01 00 02 01 00 82 00")),
    ],
    [
      "a password policy error that is not known",
      () => decodePasswordPolicyResponse(value(PASSWORD_POLICY, "30 03 81 01 0a")),
    ],
    [
      "a password policy warning of neither kind",
      () => decodePasswordPolicyResponse(value(PASSWORD_POLICY, "30 05 a0 03 82 01 01")),
    ],
    ["a negative page size", () => decodePagedResults(value(PAGED_RESULTS, "30 05 02 01 ff 04 00"))],
  ])("%s", (_, decode) => {
    expect(decode).toThrow(badControl);
  });

  function value(controlType: string, bytes: string): Control {
    return { controlType, criticality: false, controlValue: wire(bytes) };
  }

  it("and the filter of an assertion is limited as a search's, which the cause says", () => {
    const deep = value("1.3.6.1.1.12", "a2 05 a2 03 87 01 'a'");
    expect(() => decodeAssertion(deep, { maxFilterDepth: 2, maxFilterItems: 10 })).toThrow(
      expect.objectContaining({ code: "ERR_CONTROL", cause: expect.objectContaining({ code: "ERR_FILTER_LIMIT" }) }),
    );
  });
});
