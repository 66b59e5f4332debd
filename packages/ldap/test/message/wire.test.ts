import { describe, expect, it } from "vitest";
import { decodeMessage } from "../../src/message/decode.ts";
import { encodeMessage } from "../../src/message/encode.ts";
import { OpTag } from "../../src/message/op-tag.ts";
import { hex, utf8, wire } from "../ber/wire.ts";
import { vectors } from "./vectors.ts";

describe("messages on the wire (RFC 4511)", () => {
  it.each(vectors)("$title", ({ bytes, message }) => {
    expect(decodeMessage(wire(bytes))).toStrictEqual(message);
    expect(hex(encodeMessage(message))).toBe(hex(wire(bytes)));
  });

  it("have a vector for every protocolOp", () => {
    const types = new Set<string>(vectors.map(({ message }) => message.protocolOp.type));
    expect(Object.keys(OpTag).filter((type) => !types.has(type))).toEqual([]);
  });
});

describe("bytes that others send and we do not (RFC 4511 §4, §5.1)", () => {
  it("reads lengths of four octets throughout, as Active Directory writes them", () => {
    expect(decodeMessage(wire(`30 84 00 00 00 10  02 01 02  65 84 00 00 00 07  0a 01 00  04 00  04 00`))).toStrictEqual(
      {
        messageId: 2,
        protocolOp: { type: "searchResultDone", resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] },
        controls: [],
      },
    );
  });

  it("reads a criticality FALSE that is written out", () => {
    expect(
      decodeMessage(wire("30 13  02 01 02  42 00  a0 0c  30 0a 04 03 '1.2' 01 01 00 04 00")).controls,
    ).toStrictEqual([{ controlType: "1.2", criticality: false, controlValue: utf8("") }]);
  });

  it("reads an empty list of controls", () => {
    expect(decodeMessage(wire("30 07  02 01 02  42 00  a0 00")).controls).toStrictEqual([]);
  });

  it("ignores components that later versions may add at the end of any SEQUENCE", () => {
    expect(
      decodeMessage(
        wire(
          `30 29  02 01 02
          61 13  0a 01 00  04 00  04 00  87 01 'c'  88 01 ff  a9 04 30 02 05 00
          a0 0a  30 08 04 03 '1.2' 85 01 00
          a1 03  01 01 ff`,
        ),
      ),
    ).toStrictEqual({
      messageId: 2,
      protocolOp: {
        type: "bindResponse",
        resultCode: 0,
        matchedDn: "",
        diagnosticMessage: "",
        referral: [],
        serverSaslCreds: utf8("c"),
      },
      controls: [{ controlType: "1.2", criticality: false, controlValue: undefined }],
    });
  });

  it("keeps a result code that no RFC names", () => {
    expect(decodeMessage(wire("30 0d  02 01 02  67 08  0a 02 10 00  04 00  04 00")).protocolOp).toEqual(
      expect.objectContaining({ type: "modifyResponse", resultCode: 4096 }),
    );
  });
});
