import {
  type Control,
  encodeMessage,
  pagedResultsControl,
  passwordModifyRequest,
  type RequestOp,
} from "@espalier/ldap";
import { describe, expect, test } from "vitest";
import { afterLoss } from "../../src/dispatch/in-flight.ts";
import { Refusals } from "../../src/dispatch/refusal.ts";
import { classify, type RequestClass } from "../../src/dispatch/request-class.ts";
import { readControls } from "../../src/frame/controls.ts";
import { peekExtendedRequest } from "../../src/frame/peek.ts";
import { readFrame } from "../../src/frame/read-frame.ts";

const search: RequestOp = {
  ...{
    type: "searchRequest",
    baseObject: "dc=example,dc=com",
    scope: "wholeSubtree",
    derefAliases: "neverDerefAliases",
  },
  ...{ sizeLimit: 0, timeLimit: 0, typesOnly: false, filter: { type: "present", attribute: "cn" }, attributes: [] },
};
const modify: RequestOp = { type: "modifyRequest", object: "dc=example,dc=com", changes: [] };
const extended = (requestName: string): RequestOp => ({
  type: "extendedRequest",
  requestName,
  requestValue: undefined,
});
const control = (controlType: string, criticality: boolean): Control => ({
  controlType,
  criticality,
  controlValue: undefined,
});
const page = (cookie: string) => pagedResultsControl({ size: 10, cookie: Buffer.from(cookie) });

const kinds = {
  search: classOf(search),
  compare: classOf({ type: "compareRequest", entry: "dc=example", attribute: "dc", value: Buffer.from("example") }),
  modify: classOf(modify),
  add: classOf({ type: "addRequest", entry: "dc=example", attributes: [] }),
  delete: classOf({ type: "delRequest", entry: "dc=example" }),
  "modify DN": classOf({
    ...{ type: "modifyDnRequest", entry: "dc=example", newRdn: "dc=other", deleteOldRdn: true, newSuperior: undefined },
  }),
  "Password Modify": classOf(
    passwordModifyRequest({ userIdentity: undefined, oldPasswd: undefined, newPasswd: undefined }),
  ),
  "unknown extended operation": classOf(extended("1.2.3.4")),
  "first page": classOf(search, page("")),
  "next page": classOf(search, page("cookie")),
  "persistent search": classOf(search, control("2.16.840.1.113730.3.4.3", true)),
  "search with an unknown critical control": classOf(search, control("1.2.3.4.5", true)),
  "search with an unknown control": classOf(search, control("1.2.3.4.5", false)),
  "sorted search": classOf(search, control("1.2.840.113556.1.4.473", true)),
  "view of a list": classOf(search, control("2.16.840.1.113730.3.4.9", true)),
  "start of a transaction": classOf(extended("1.3.6.1.1.21.1")),
  "modify in a transaction": classOf(modify, control("1.3.6.1.1.21.2", true)),
  "end of a transaction": classOf(extended("1.3.6.1.1.21.3")),
};

describe("a request's class", () => {
  test("says what leases a connection, and for how long", () => {
    const states = Object.fromEntries(Object.entries(kinds).map(([name, { state }]) => [name, state]));
    expect(states).toEqual({
      ...{ search: "none", compare: "none", modify: "none", add: "none", delete: "none", "modify DN": "none" },
      ...{ "Password Modify": "none", "unknown extended operation": "sticky" },
      ...{ "first page": "paged", "next page": "paged", "persistent search": "persistent" },
      ...{ "search with an unknown critical control": "sticky", "search with an unknown control": "none" },
      ...{ "sorted search": "operation", "view of a list": "sticky" },
      ...{ "start of a transaction": "transaction", "modify in a transaction": "transaction" },
      "end of a transaction": "transaction",
    });
  });

  test("takes the control that asks for most, in whatever order they come", () => {
    const both = [page(""), control("1.2.840.113556.1.4.473", true)];
    expect(classOf(search, ...both)).toBe(classOf(search, page("")));
    expect(classOf(search, ...both.reverse())).toBe(classOf(search, page("")));
  });
});

describe("an operation whose connection is lost", () => {
  const outcomeOf = (kind: keyof typeof kinds, loss: { sent: boolean; hasAnswered?: boolean; attempts?: number }) =>
    afterLoss({ requestClass: kinds[kind], hasAnswered: false, attempts: 1, ...loss });

  test.each(["search", "compare", "modify", "add", "delete", "modify DN", "Password Modify"] as const)(
    "is sent elsewhere when not one byte of it was sent: %s",
    (kind) => {
      expect(outcomeOf(kind, { sent: false })).toBe("send-again");
      expect(outcomeOf(kind, { sent: false, attempts: 5 })).toBe("send-again");
    },
  );

  test.each(["search", "compare", "first page", "sorted search"] as const)("is sent elsewhere once: %s", (kind) => {
    expect(outcomeOf(kind, { sent: true })).toBe("send-again");
    expect(outcomeOf(kind, { sent: true, attempts: 2 })).toBe(Refusals.unavailable);
  });

  test.each(["search", "first page", "sorted search"] as const)(
    "is never begun anew once an entry was passed on: %s",
    (kind) => expect(outcomeOf(kind, { sent: true, hasAnswered: true })).toBe(Refusals.cutShort),
  );

  test.each([
    ...(["modify", "add", "delete", "modify DN", "Password Modify"] as const),
    ...(["unknown extended operation", "end of a transaction"] as const),
  ])("is in doubt and never sent again when it may change something: %s", (kind) => {
    expect(outcomeOf(kind, { sent: true })).toBe(Refusals.inDoubt);
    expect(outcomeOf(kind, { sent: true, hasAnswered: true })).toBe(Refusals.inDoubt);
  });

  test.each([
    ...(["next page", "persistent search", "view of a list", "modify in a transaction"] as const),
    ...(["start of a transaction", "search with an unknown critical control"] as const),
  ])("fails when its state was on that connection: %s", (kind) =>
    expect(outcomeOf(kind, { sent: true })).toBe(Refusals.stateLost),
  );

  test("fails even unsent when it goes on with state that is lost", () => {
    expect(outcomeOf("next page", { sent: false })).toBe(Refusals.stateLost);
    expect(outcomeOf("end of a transaction", { sent: false })).toBe(Refusals.stateLost);
  });
});

function classOf(protocolOp: RequestOp, ...controls: Control[]): RequestClass {
  const bytes = encodeMessage({ messageId: 1, protocolOp, controls });
  const frame = readFrame(bytes, 0, bytes.length);
  const name = protocolOp.type === "extendedRequest" ? peekExtendedRequest(frame).requestName : undefined;
  return classify(frame, readControls(frame), name);
}
