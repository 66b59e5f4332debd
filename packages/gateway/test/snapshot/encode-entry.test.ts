/** What is encoded once is what decodes again, whatever it says and however long it is. RFC 4511 §4.5.2, X.690. */
import { decodeMessage, rfc2307bisSchema, type SearchResultEntry } from "@espalier/ldap";
import type { SearchOperation } from "@espalier/ldap/server";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SelectionCache } from "../../src/search/selection.ts";
import { encodeEntry } from "../../src/snapshot/encode-entry.ts";
import type { Entry } from "../../src/snapshot/entry.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import type { ContentAttribute, EntryContent } from "../../src/tree/entry-content.ts";

const schema = rfc2307bisSchema;
/** Every length form: below 128, one octet, two and three octets. */
const lengths = [0, 1, 127, 128, 129, 255, 256, 257, 65_535, 65_536, 70_000];
const text = fc
  .oneof(
    { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...lengths), fc.constantFrom("a", "é", "李", "🌳"))
        .map(([n, unit]) => unit.repeat(n).slice(0, n)),
    },
  )
  .filter((value) => value.isWellFormed());
const userTypes = ["cn", "sn", "givenName", "description", "mail", "uid", "memberUid", "o", "title", "displayName"];
const operationalTypes = ["entryUUID", "memberOf", "createTimestamp", "hasSubordinates"];
const attributesOf = (types: readonly string[]) =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...types), fc.array(text, { minLength: 1, maxLength: 4 })), {
      selector: ([type]) => type,
    })
    .map((attributes): readonly ContentAttribute[] => attributes);
const contents: fc.Arbitrary<EntryContent> = fc.record({
  dn: fc.constantFrom("dc=example,dc=com", "uid=李,dc=example,dc=com", `cn=${"x".repeat(300)},dc=example,dc=com`),
  attributes: attributesOf(userTypes),
  operational: attributesOf(operationalTypes),
});

/** The SearchResultEntry TLV as a message of its own, decoded by the library. */
function decoded(tlv: Uint8Array): { objectName: string; attributes: [string, ...string[]][] } {
  const contents = Buffer.concat([Buffer.from("020101", "hex"), tlv]);
  const header = Buffer.from([0x30, 0x84, 0, 0, 0, 0]);
  header.writeUInt32BE(contents.length, 2);
  const { objectName, attributes } = decodeMessage(Buffer.concat([header, contents])).protocolOp as SearchResultEntry;
  return {
    objectName,
    attributes: attributes.map(({ type, values }) => [type, ...values.map((value) => Buffer.from(value).toString())]),
  };
}

function sent(entry: Entry, attributes: readonly string[], typesOnly: boolean, cache: SelectionCache) {
  const tlvs: Uint8Array[] = [];
  const operation = {
    encodedEntry: (bytes: Uint8Array, start = 0, end = bytes.length) => void tlvs.push(bytes.slice(start, end)),
  } as Pick<SearchOperation, "encodedEntry"> as SearchOperation;
  cache.get(attributes, typesOnly).send(entry, operation);
  expect(tlvs).toHaveLength(1);
  return decoded(tlvs[0]!);
}

describe("an encoded entry", () => {
  it("decodes to what it was made of", () => {
    fc.assert(
      fc.property(contents, (content) => {
        const { bytes, userEnd } = encodeEntry(content);
        const attributes = content.attributes.map(([type, values]) => [type, ...values]);
        expect(decoded(bytes.subarray(0, userEnd))).toEqual({ objectName: content.dn, attributes });
      }),
    );
  });

  it("gives its values back from the snapshot, after any number of other entries and changes", () => {
    fc.assert(
      fc.property(fc.array(contents, { minLength: 1, maxLength: 12 }), (all) => {
        const snapshot = new Snapshot(schema);
        const last = new Map<string, EntryContent>();
        for (const content of all) {
          snapshot.put(content, undefined);
          last.set(content.dn, content);
        }
        expect(snapshot.size).toBe(last.size);
        for (const entry of snapshot.entries()) {
          const { attributes, operational } = last.get(entry.dn)!;
          const listed = entry.shape.types.map((type, i) => [type, entry.textsAt(i)]);
          expect(listed).toEqual([...attributes, ...operational].map(([type, values]) => [type, [...values]]));
        }
      }),
    );
  });
});

describe("a selection", () => {
  const names = fc.constantFrom(
    ...[
      "*",
      "+",
      "1.1",
      "",
      "cn",
      "CN",
      "commonName",
      "2.5.4.3",
      "name",
      "mail",
      "uid",
      "memberof",
      "entryuuid",
      "distinguishedName",
    ],
    ...["cn;lang-de", "cn sn", "cn\nsn", "\n", "frobnicate", "userPassword", "description"],
  );
  const lists = fc.array(names, { maxLength: 5 });

  it("sends exactly what was asked for, types alone or with values, whatever was asked for before", () => {
    const cache = new SelectionCache(schema);
    fc.assert(
      fc.property(contents, lists, fc.boolean(), (content, attributes, typesOnly) => {
        const entry = new Snapshot(schema).put(content, undefined);
        const isAsked = (type: string) =>
          attributes.some((name) => schema.subtypes(name).includes(schema.attribute(type)!));
        const user = content.attributes.filter(
          ([type]) => attributes.length === 0 || attributes.includes("*") || isAsked(type),
        );
        const operational = content.operational.filter(([type]) => attributes.includes("+") || isAsked(type));
        expect(sent(entry, attributes, typesOnly, cache)).toEqual({
          objectName: content.dn,
          attributes: [...user, ...operational].map(([type, values]) => (typesOnly ? [type] : [type, ...values])),
        });
      }),
      { numRuns: 500 },
    );
  });
});
