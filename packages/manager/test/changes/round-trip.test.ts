/** Any entry that a real OpenLDAP holds, opened, edited and saved: what is read back is what was wanted, byte for byte. */

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  createCertificateAuthority,
  requirePrograms,
  type Slapd,
  startSlapd,
  temporaryDirectory,
} from "@espalier/tests/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Attributes, attributesJson } from "../../src/api/value.ts";
import { changesLab, Directory, directoryLdif } from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

/** Text as people write it, with what forms and LDIF are bad at; equal ones under caseIgnoreMatch are one. */
const text = fc
  .oneof(
    fc.constantFrom(
      "Ann",
      " b  c ",
      "5 < 6 & 7",
      "Änn",
      "<b>",
      "a:b",
      "#x",
      "line\nline",
      "ﬁ",
      "\u{1F600}",
      "trailing ",
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
  )
  .filter(
    (each) =>
      each.trim() !== "" && !/[\0\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Cf}\p{M}\p{Zs}]/u.test(each.replaceAll(/[ \n]/g, "")),
  );
const texts = fc.uniqueArray(text, {
  selector: (each) => each.normalize("NFKC").toLowerCase().replaceAll(/[\s]+/g, " ").trim(),
  ...{ minLength: 1, maxLength: 3 },
});
/** Never text by accident, which the API shows as such. */
const base64 = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => ({ base64: Buffer.from([0xff, 0xd8, 0xff, ...bytes]).toString("base64") }));

const types = ["description", "description;lang-de", "description;lang-de;lang-fr", "title", "employeeType"];
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

describe("an entry with options, bytes and odd texts", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  let certificates: { base64: string }[];
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif }));
    directory = cleanup.use(await Directory.open(slapd));
    const files = cleanup.use(await temporaryDirectory("certificates"));
    const authority = await createCertificateAuthority(files.path);
    certificates = [];
    for (const name of ["one", "two", "three"]) {
      const { certificate } = await authority.issue(name, ["localhost"]);
      certificates.push({ base64: new X509Certificate(await readFile(certificate)).raw.toString("base64") });
    }
  });
  afterAll(() => cleanup.disposeAsync());

  const entries = () =>
    fc
      .record({
        ...Object.fromEntries(types.map((type) => [type, optional(texts)])),
        jpegPhoto: optional(fc.uniqueArray(base64, { minLength: 1, maxLength: 2, selector: (each) => each.base64 })),
        audio: optional(fc.uniqueArray(base64, { minLength: 1, maxLength: 2, selector: (each) => each.base64 })),
        "userCertificate;binary": optional(fc.subarray(certificates, { minLength: 1 })),
        facsimileTelephoneNumber: optional(fc.constantFrom(["+49 30 1"], ["+49 30 1", "+49 30 2"])),
        postalAddress: optional(fc.constantFrom(["A$B"], ["a$b", "C\\24D"])),
        // OpenLDAP itself writes `CN = A , dc=x` as `cn=A,dc=x`.
        seeAlso: optional(fc.constantFrom(["cn=a,dc=x"], ["cn=A,dc=x"], ["cn=b"])),
      })
      .map((each) => JSON.parse(JSON.stringify(each)) as Attributes);

  const shown = (attributes: Attributes) =>
    Object.fromEntries(
      Object.entries(attributes)
        .map(([type, values]): [string, string[]] => [type, values.map((each) => JSON.stringify(each)).sort()])
        .sort(([left], [right]) => (left < right ? -1 : 1)),
    );
  const read = async (dn: string): Promise<Attributes> =>
    attributesJson((await directory.entry(dn, "*"))?.attributes ?? []);

  it("is not touched by opening and saving it, and becomes exactly what is wanted (property)", async () => {
    const lab = await changesLab({ server: slapd });
    const run = async (first: Attributes, second: Attributes) => {
      const dn = await directory.person();
      const fixed = await read(dn);
      const save = async (wanted: Attributes) => {
        const answer = await lab.request("PATCH", "/clusters/main/entry", {
          ...{ dn, version: await directory.version(dn), read: await read(dn), wanted },
        });
        expect([answer.status, answer.body.title]).toEqual([200, undefined]);
        return answer.body.status;
      };
      for (const wanted of [first, second]) {
        await save({ ...fixed, ...wanted });
        expect(shown(await read(dn))).toEqual(shown({ ...fixed, ...wanted }));
        const version = await directory.version(dn);
        expect(await save(await read(dn))).toBe("unchanged");
        expect(await directory.version(dn)).toBe(version);
      }
    };
    await fc.assert(fc.asyncProperty(entries(), entries(), run), { numRuns: 60 });
  }, 120_000);
});
