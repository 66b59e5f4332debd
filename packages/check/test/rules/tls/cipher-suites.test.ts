import { requirePrograms, succeed } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it, test } from "vitest";
import { ianaName, suitesOfOpensslList, weaknessesOf } from "../../../src/rules/tls/cipher-suites.ts";

const describe = requirePrograms({ openssl: "openssl" });

/** What OpenSSL makes of a list; undefined where nothing is left, which it refuses. */
async function opensslSuites(list: string): Promise<readonly string[]> {
  const text = await succeed("openssl", [
    "ciphers",
    "-s",
    "-tls1_2",
    "-stdname",
    list.startsWith("-") ? `@SECLEVEL=0:${list}` : `${list}:@SECLEVEL=0`,
  ]).catch(() => "");
  return text
    .split("\n")
    .flatMap((line) => /^(TLS_\S+)/.exec(line)?.slice(1) ?? [])
    .filter((name) => !/PSK|SRP/.test(name))
    .sort();
}

const words = [
  ...["ALL", "HIGH", "DEFAULT", "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT", "eNULL", "NULL", "aNULL", "ADH", "AECDH"],
  ...["kRSA", "RSA", "kDHE", "DHE", "EDH", "DH", "kECDHE", "ECDHE", "EECDH", "ECDH", "aRSA", "aDSS", "DSS", "aECDSA"],
  ...[
    "TLSv1.2",
    "TLSv1",
    "TLSv1.0",
    "SSLv3",
    "AES",
    "AES128",
    "AES256",
    "AESGCM",
    "AESCCM",
    "AESCCM8",
    "ARIA",
    "ARIA128",
  ],
  ...["CAMELLIA", "CAMELLIA256", "CHACHA20", "MD5", "SHA1", "SHA", "SHA256", "SHA384", "ECDHE+AESGCM", "kRSA+AES128"],
  ...[
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-SHA",
    "ECDHE-ARIA128-GCM-SHA256",
    "DHE-RSA-CHACHA20-POLY1305",
    "NONE-SUCH",
  ],
];

describe("a cipher list in OpenSSL's notation", () => {
  it.each(words)("means by %s what OpenSSL means", async (word) => {
    expect(
      suitesOfOpensslList(word)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(await opensslSuites(word));
  });

  it("means what OpenSSL means, whatever its words and operators", async () => {
    const item = fc.tuple(fc.constantFrom("", "", "", "!", "-", "+"), fc.constantFrom(...words.slice(0, -1)));
    // DEFAULT counts as a word at the beginning only.
    const lists = fc
      .array(item, { minLength: 1, maxLength: 6 })
      .map((items) =>
        items
          .map(([operator, word]) => operator + word)
          .filter((text) => !/DEFAULT$/.test(text) || text === "COMPLEMENTOFDEFAULT"),
      );
    await fc.assert(
      fc.asyncProperty(lists, async (items) => {
        fc.pre(items.length > 0);
        const list = items.join(":");
        expect(
          suitesOfOpensslList(list)
            .map(({ name }) => name)
            .sort(),
        ).toEqual(await opensslSuites(list));
      }),
      { numRuns: 60 },
    );
  });

  it("is taken apart whatever it holds", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (list) => Array.isArray(suitesOfOpensslList(list))));
  });
});

test("the suites that older servers have are known by both names, and what is weak about them", () => {
  const names = ["DES-CBC3-SHA", "RC4-MD5", "EXP-DES-CBC-SHA", "ECDHE-RSA-RC4-SHA", "ADH-AES128-SHA", "NULL-SHA256"];
  expect(names.map((name) => [ianaName(name), weaknessesOf(ianaName(name) ?? "")])).toEqual([
    ["TLS_RSA_WITH_3DES_EDE_CBC_SHA", ["3DES", "static RSA"]],
    ["TLS_RSA_WITH_RC4_128_MD5", ["RC4", "static RSA"]],
    ["TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", ["EXPORT", "DES", "CBC", "static RSA"]],
    ["TLS_ECDHE_RSA_WITH_RC4_128_SHA", ["RC4"]],
    ["TLS_DH_anon_WITH_AES_128_CBC_SHA", ["no authentication", "CBC"]],
    ["TLS_RSA_WITH_NULL_SHA256", ["NULL", "static RSA"]],
  ]);
});

test("suites of TLS 1.3 and those of ECDHE with AEAD are not weak", () => {
  const good = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
  ];
  expect(good.flatMap(weaknessesOf)).toEqual([]);
});
