import fc from "fast-check";
import { expect, it } from "vitest";
import { parseRuv } from "../../src/replication/ruv.ts";

it("reads the generation, and of each replica the newest change", () => {
  const ruv = parseRuv([
    "{replicageneration} 6B027efe000000010000",
    "{replica 1 ldap://ldap1.example.com:389} 6b027f01000200010000 6b027f05000200010000",
    "{replica 2 ldap://[2001:db8::2]:389} 6b027f03000100020000 6b027f04000000020000 6b027f04",
    "{replica 65535} 6b027f03000100020000 6b027f04ffffffff0000",
    "{replica 3 ldap://ldap3.example.com:389}",
  ]);
  expect(ruv).toEqual({
    generation: "6b027efe000000010000",
    replicas: [
      {
        replicaId: "1",
        url: "ldap://ldap1.example.com:389",
        newest: { text: "6b027f05000200010000", serverId: "1", timeMs: 0x6b027f05 * 1_000 },
      },
      {
        replicaId: "2",
        url: "ldap://[2001:db8::2]:389",
        newest: { text: "6b027f04000000020000", serverId: "2", timeMs: 0x6b027f04 * 1_000 },
      },
      {
        replicaId: "65535",
        url: undefined,
        newest: { text: "6b027f04ffffffff0000", serverId: "65535", timeMs: 0x6b027f04 * 1_000 },
      },
      { replicaId: "3", url: "ldap://ldap3.example.com:389", newest: undefined },
    ],
  });
});

it("leaves out what is none, whatever it is", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (values) => {
      expect(parseRuv(values)).toEqual({ generation: undefined, replicas: [] });
    }),
  );
});
