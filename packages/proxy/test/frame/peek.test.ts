import { type LdapMessage, OpTag, type ProtocolOp } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  peekAbandonedId,
  peekBind,
  peekExtendedRequest,
  peekResult,
  peekResultCode,
  peekSearch,
  peekTarget,
} from "../../src/frame/peek.ts";
import { readFrame } from "../../src/frame/read-frame.ts";
import { anyMessageOf, anyPlacedFrame, frameOf, hex, operations } from "./arbitrary-frame.ts";

/** Runs `check` over the frames of any message of one kind. */
function forAny<Type extends ProtocolOp["type"]>(
  type: Type,
  check: (frame: ReturnType<typeof frameOf>, op: Extract<ProtocolOp, { type: Type }>) => void,
): void {
  const messages = anyMessageOf(operations[type] as fc.Arbitrary<ProtocolOp>) as fc.Arbitrary<LdapMessage>;
  fc.assert(
    fc.property(messages, (message) => {
      check(frameOf(message, 3, 2), message.protocolOp as Extract<ProtocolOp, { type: Type }>);
    }),
  );
}

describe("a peek reads what decoding the whole message gives", () => {
  it("of any bind", () => {
    forAny("bindRequest", (frame, { version, name, authentication }) => {
      const peeked = peekBind(frame);
      const isSimple = authentication.type === "simple";
      expect({ ...peeked, password: peeked.password && Uint8Array.from(peeked.password) }).toStrictEqual({
        version,
        name,
        method: authentication.type,
        mechanism: isSimple ? undefined : authentication.mechanism,
        password: isSimple ? authentication.password : undefined,
        isEmptyPassword: isSimple && authentication.password.length === 0,
      });
      expect(peekTarget(frame)).toBe(name);
    });
  });

  it("of any search", () => {
    forAny("searchRequest", (frame, { baseObject, scope, sizeLimit, timeLimit, typesOnly }) => {
      const { filterStart, ...peeked } = peekSearch(frame);
      expect(peeked).toStrictEqual({ baseObject, scope, sizeLimit, timeLimit, typesOnly });
      expect(filterStart).toBeGreaterThan(frame.opStart);
      expect(filterStart).toBeLessThan(frame.opEnd);
      expect(peekTarget(frame)).toBe(baseObject);
    });
  });

  it("of the target of any write or compare", () => {
    forAny("addRequest", (frame, { entry }) => expect(peekTarget(frame)).toBe(entry));
    forAny("modifyRequest", (frame, { object }) => expect(peekTarget(frame)).toBe(object));
    forAny("delRequest", (frame, { entry }) => expect(peekTarget(frame)).toBe(entry));
    forAny("modifyDnRequest", (frame, { entry }) => expect(peekTarget(frame)).toBe(entry));
    forAny("compareRequest", (frame, { entry }) => expect(peekTarget(frame)).toBe(entry));
  });

  it("of any extended request, which has no target", () => {
    forAny("extendedRequest", (frame, { requestName, requestValue }) => {
      const peeked = peekExtendedRequest(frame);
      expect(peeked.requestName).toBe(requestName);
      expect(peeked.requestValue && Uint8Array.from(peeked.requestValue)).toStrictEqual(requestValue);
      expect(peekTarget(frame)).toBeUndefined();
    });
  });

  it("of the id that any abandon names", () => {
    forAny("abandonRequest", (frame, { messageId }) => expect(peekAbandonedId(frame)).toBe(messageId));
  });

  it("of the result of any response that has one", () => {
    const withoutResult: readonly number[] = [
      OpTag.searchResultEntry,
      OpTag.searchResultReference,
      OpTag.intermediateResponse,
    ];
    fc.assert(
      fc.property(anyPlacedFrame, ({ message: { protocolOp }, frame }) => {
        fc.pre(!withoutResult.includes(frame.opTag) && "resultCode" in protocolOp);
        const { resultCode, matchedDn, diagnosticMessage } = protocolOp as Extract<ProtocolOp, { resultCode: number }>;
        expect(peekResult(frame)).toStrictEqual({ resultCode, matchedDn, diagnosticMessage });
        expect(peekResultCode(frame)).toBe(resultCode);
      }),
    );
  });
});

it.each([
  ["a bind with the Kerberos 4 choice that LDAPv3 dropped", "30 0c 020101 60 07 020103 0400 8100", peekBind],
  ["a search with scope 3", "30 16 020101 63 11 0400 0a0103 0a0100 020100 020100 010100", peekSearch],
  ["an extended request without a name", "30 05 020101 7700", peekExtendedRequest],
])("refuses %s", (_, text, peek) => {
  const bytes = hex(text);
  expect(() => peek(readFrame(bytes, 0, bytes.length))).toThrow(expect.objectContaining({ name: "ParseError" }));
});
