import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatEndpoint, parseEndpoint } from "../../src/client/endpoint.ts";
import { MessageBuffer } from "../../src/client/message-buffer.ts";
import { MessageIds } from "../../src/client/message-ids.ts";
import { encodeMessage } from "../../src/message/encode.ts";

describe("message ids (RFC 4511 §4.1.1.1)", () => {
  it("begin at 1, and again behind the largest, and pass over what is outstanding", () => {
    const ids = new MessageIds(4);
    const outstanding = new Set([1, 3]);
    const next = () => ids.next((id) => outstanding.has(id));
    expect([next(), next(), next(), next()]).toEqual([2, 4, 2, 4]);
    outstanding.clear();
    expect([next(), next(), next(), next(), next()]).toEqual([1, 2, 3, 4, 1]);
  });
});

describe("messages out of a stream", () => {
  const message = fc
    .record({ messageId: fc.integer({ min: 1, max: 2 ** 31 - 1 }), entry: fc.string({ maxLength: 300 }) })
    .map(({ messageId, entry }) =>
      encodeMessage({ messageId, protocolOp: { type: "delRequest", entry }, controls: [] }),
    );

  it("are the same wherever the stream is cut, and bytes of their own", () => {
    const cuts = fc.array(fc.nat(), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), cuts, (messages, cuts) => {
        const stream = Buffer.concat(messages);
        const positions = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
        const buffer = new MessageBuffer(1000);
        const received: Uint8Array[] = [];
        for (const [index, end] of positions.slice(1).entries()) {
          const chunk = Buffer.from(stream.subarray(positions[index], end));
          buffer.push(chunk);
          for (let bytes = buffer.next(); bytes !== undefined; bytes = buffer.next()) received.push(bytes);
          if (buffer.byteLength === 0) chunk.fill(0);
        }
        expect(received).toEqual(messages);
        expect(buffer.byteLength).toBe(0);
      }),
    );
  });
});

describe("the URL of a server", () => {
  it.each([
    ["ldap://ldap.example.com", { scheme: "ldap", host: "ldap.example.com", port: 389 }],
    ["ldaps://ldap.example.com/", { scheme: "ldaps", host: "ldap.example.com", port: 636 }],
    ["LDAP://[::1]:3890", { scheme: "ldap", host: "::1", port: 3890 }],
    ["ldap://", { scheme: "ldap", host: "localhost", port: 389 }],
    ["ldapi://%2Frun%2Fslapd%2Fldapi", { scheme: "ldapi", path: "/run/slapd/ldapi" }],
  ])("%s", (url, endpoint) => {
    expect(parseEndpoint(url)).toEqual(endpoint);
    expect(parseEndpoint(formatEndpoint(parseEndpoint(url)))).toEqual(endpoint);
  });

  it.each([
    ["ldap.example.com", /is not a URL; write ldaps:\/\/host or ldap:\/\/host:389\.$/],
    ["https://ldap.example.com", /^https: is not a scheme of LDAP; write ldaps:, ldap: or ldapi:\.$/],
    ["ldap://user:secret@ldap.example.com", /has no user or password; give them to bind\(\)\.$/],
    ["ldap://ldap.example.com/dc=example", /ends with its port; give the base DN to search\(\)\.$/],
    ["ldap://ldap.example.com/??sub", /ends with its port/],
    ["ldapi:///", /An ldapi URL names the socket/],
  ])("%s is refused, with what to write instead", (url, message) => {
    expect(() => parseEndpoint(url)).toThrow(
      expect.objectContaining({ code: "ERR_URL", message: expect.stringMatching(message) }),
    );
  });
});
