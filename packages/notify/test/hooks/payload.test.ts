import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPayload } from "../../src/hooks/payload.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("the payload of a request", () => {
  it("is JSON, with and without its content type, and under other JSON types", () => {
    for (const type of [
      "application/json",
      "application/json; charset=utf-8",
      "application/cloudevents+json",
      undefined,
    ]) {
      expect(readPayload(type, bytes('{"a":[1,null]}'))).toEqual({ status: "read", payload: { a: [1, null] } });
    }
  });

  it("is any JSON that is written", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(readPayload("application/json", bytes(text))).toEqual({ status: "read", payload: JSON.parse(text) });
      }),
    );
  });

  it("is the fields of a form, the first of those of the same name", () => {
    const form = bytes("event=breach&data=%7B%22a%22%3A1%7D&event=other&empty=");
    expect(readPayload("application/x-www-form-urlencoded", form)).toEqual({
      status: "read",
      payload: { event: "breach", data: '{"a":1}', empty: "" },
    });
  });

  it("is text", () => {
    expect(readPayload("text/plain", bytes("on fire"))).toEqual({ status: "read", payload: { text: "on fire" } });
  });

  it("of another type is not read", () => {
    for (const type of ["application/xml", "multipart/form-data; boundary=x", "", "text/html"]) {
      expect(readPayload(type, bytes("{}")).status).toBe("unsupported");
    }
  });

  it("that is not what its type says is unreadable", () => {
    expect(readPayload("application/json", bytes("{"))).toEqual({
      status: "unreadable",
      message: "the body is no JSON",
    });
    expect(readPayload("application/json", new Uint8Array([0x22, 0xff, 0x22])).status).toBe("unreadable");
    expect(readPayload("application/x-www-form-urlencoded", bytes("a&".repeat(501) + "b=1&".repeat(600))).status).toBe(
      "unreadable",
    );
  });

  it("that is nested deeper than anybody nests is unreadable, however deep", () => {
    for (const depth of [70, 100_000]) {
      const text = "[".repeat(depth) + "]".repeat(depth);
      expect(readPayload("application/json", bytes(text)).status).toBe("unreadable");
    }
    const text = "[".repeat(60) + "]".repeat(60);
    expect(readPayload("application/json", bytes(text)).status).toBe("read");
  });
});
