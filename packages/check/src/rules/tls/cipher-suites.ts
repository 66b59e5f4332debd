/**
 * Cipher suites of TLS 1.2 and before: their names, what is weak about them, and which of them OpenSSL's notation means
 * (ciphers(1)). Suites of TLS 1.3 are never weak. Those of pre-shared keys and SRP are left out: a server that has none of
 * these secrets never uses them.
 */

export type Weakness = "CBC" | "RC4" | "3DES" | "DES" | "NULL" | "EXPORT" | "no authentication" | "static RSA";

export interface CipherSuite {
  /** The name of IANA: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. */
  readonly name: string;
  /** OpenSSL's: `ECDHE-RSA-AES128-GCM-SHA256`. */
  readonly opensslName: string;
  readonly keyExchange: string;
  readonly encryption: string;
  /** OpenSSL of today does not have it; older ones do, where it is named. */
  readonly isLegacy: boolean;
}

const aes = ["AES_128_CBC_SHA", "AES_256_CBC_SHA"];
const aesSha256 = ["AES_128_CBC_SHA256", "AES_256_CBC_SHA256"];
const aesEcdhe = ["AES_128_CBC_SHA256", "AES_256_CBC_SHA384"];
const gcm = ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384"];
const ccm = ["AES_128_CCM", "AES_256_CCM", "AES_128_CCM_8", "AES_256_CCM_8"];
const aria = ["ARIA_128_GCM_SHA256", "ARIA_256_GCM_SHA384"];
const camellia = ["CAMELLIA_128_CBC_SHA", "CAMELLIA_256_CBC_SHA"];
const camelliaSha256 = ["CAMELLIA_128_CBC_SHA256", "CAMELLIA_256_CBC_SHA256"];
const camelliaEcdhe = ["CAMELLIA_128_CBC_SHA256", "CAMELLIA_256_CBC_SHA384"];
const chacha = "CHACHA20_POLY1305_SHA256";

const families: Readonly<Record<string, readonly string[]>> = {
  RSA: [
    ...aes,
    ...aesSha256,
    ...gcm,
    ...ccm,
    ...aria,
    ...camellia,
    ...camelliaSha256,
    "NULL_MD5",
    "NULL_SHA",
    "NULL_SHA256",
  ],
  DHE_RSA: [...aes, ...aesSha256, ...gcm, ...ccm, ...aria, ...camellia, ...camelliaSha256, chacha],
  DHE_DSS: [...aes, ...aesSha256, ...gcm, ...aria, ...camellia, ...camelliaSha256],
  ECDHE_RSA: [...aes, ...aesEcdhe, ...gcm, ...aria, ...camelliaEcdhe, chacha, "NULL_SHA"],
  ECDHE_ECDSA: [...aes, ...aesEcdhe, ...gcm, ...ccm, ...aria, ...camelliaEcdhe, chacha, "NULL_SHA"],
  DH_anon: [...aes, ...aesSha256, ...gcm, ...camellia, ...camelliaSha256],
  ECDH_anon: [...aes, "NULL_SHA"],
};

const legacyFamilies: Readonly<Record<string, readonly string[]>> = {
  RSA: ["3DES_EDE_CBC_SHA", "DES_CBC_SHA", "RC4_128_SHA", "RC4_128_MD5", "SEED_CBC_SHA", "IDEA_CBC_SHA"],
  DHE_RSA: ["3DES_EDE_CBC_SHA", "DES_CBC_SHA", "SEED_CBC_SHA"],
  ECDHE_RSA: ["3DES_EDE_CBC_SHA", "RC4_128_SHA"],
  ECDHE_ECDSA: ["3DES_EDE_CBC_SHA", "RC4_128_SHA"],
  DH_anon: ["3DES_EDE_CBC_SHA", "RC4_128_MD5"],
  RSA_EXPORT: ["RC4_40_MD5", "DES40_CBC_SHA", "RC2_CBC_40_MD5"],
};

const prefixes: Readonly<Record<string, string>> = {
  RSA: "",
  RSA_EXPORT: "EXP-",
  DH_anon: "ADH-",
  ECDH_anon: "AECDH-",
};

const encryptions: Readonly<Record<string, string>> = {
  "3DES_EDE_CBC_SHA": "DES-CBC3-SHA",
  DES_CBC_SHA: "DES-CBC-SHA",
  DES40_CBC_SHA: "DES-CBC-SHA",
  RC4_128_SHA: "RC4-SHA",
  RC4_128_MD5: "RC4-MD5",
  RC4_40_MD5: "RC4-MD5",
  RC2_CBC_40_MD5: "RC2-CBC-MD5",
  SEED_CBC_SHA: "SEED-SHA",
  IDEA_CBC_SHA: "IDEA-CBC-SHA",
  [chacha]: "CHACHA20-POLY1305",
};

const suites: readonly CipherSuite[] = [...suitesOf(families, false), ...suitesOf(legacyFamilies, true)];
const byName: ReadonlyMap<string, CipherSuite> = new Map(
  suites.flatMap((suite) => [[suite.name, suite] as const, [suite.opensslName, suite] as const]),
);

function suitesOf(families: Readonly<Record<string, readonly string[]>>, isLegacy: boolean): CipherSuite[] {
  return Object.entries(families).flatMap(([keyExchange, members]) =>
    members.map((encryption) => ({
      name: `TLS_${keyExchange}_WITH_${encryption}`,
      opensslName: opensslName(keyExchange, encryption),
      keyExchange,
      encryption,
      isLegacy,
    })),
  );
}

function opensslName(keyExchange: string, encryption: string): string {
  // OpenSSL leaves RSA out of the names of these two.
  if (keyExchange === "ECDHE_RSA" && encryption.startsWith("ARIA")) return `ECDHE-${opensslName("RSA", encryption)}`;
  const prefix = prefixes[keyExchange] ?? `${keyExchange.replace("_", "-")}-`;
  const rest = encryption
    .replace(/^(AES|CAMELLIA|ARIA)_(\d+)/, "$1$2")
    .replace("_CBC", "")
    .replace("CCM_8", "CCM8");
  return prefix + (encryptions[encryption] ?? rest.replaceAll("_", "-"));
}

/** What is weak about a suite, by the name that IANA gives it; nothing for those of TLS 1.3. */
export function weaknessesOf(name: string): readonly Weakness[] {
  const [, keyExchange = "", encryption = ""] = /^TLS_(.+)_WITH_(.+)$/.exec(name) ?? [];
  if (encryption === "") return [];
  const weaknesses: (Weakness | false)[] = [
    keyExchange.includes("EXPORT") && "EXPORT",
    keyExchange.includes("anon") && "no authentication",
    encryption.startsWith("NULL") && "NULL",
    encryption.startsWith("RC4") && "RC4",
    encryption.startsWith("3DES") && "3DES",
    /^DES(?:40)?_/.test(encryption) && "DES",
    encryption.includes("_CBC_") && !encryption.startsWith("3DES") && "CBC",
    /^RSA(?:_EXPORT)?$/.test(keyExchange) && "static RSA",
  ];
  return weaknesses.filter((weakness) => weakness !== false);
}

/** IANA's name of a suite that is given by either; undefined for one that is not known here. */
export function ianaName(name: string): string | undefined {
  return name.startsWith("TLS_") ? name : byName.get(name)?.name;
}

type Test = (suite: CipherSuite) => boolean;

const kx = (...names: readonly string[]): Test => {
  const wanted = new Set(names);
  return ({ keyExchange }) => wanted.has(keyExchange);
};
const enc =
  (pattern: RegExp): Test =>
  ({ encryption }) =>
    pattern.test(encryption);
const isAnonymous = kx("DH_anon", "ECDH_anon");
const isNull = enc(/^NULL/);
const isTls12 = enc(/GCM|CCM|CHACHA|SHA256$|SHA384$/);

/** The words of ciphers(1) that are not the name of a suite. */
const words: Readonly<Record<string, Test>> = {
  ALL: (suite) => !isNull(suite),
  COMPLEMENTOFALL: isNull,
  DEFAULT: isDefault,
  COMPLEMENTOFDEFAULT: (suite) => !isDefault(suite) && !isNull(suite),
  HIGH: (suite) => !isNull(suite) && !suite.isLegacy,
  MEDIUM: enc(/^(?:RC4_128|3DES|SEED|IDEA)/),
  LOW: enc(/^DES_/),
  ...alias(["EXP", "EXPORT", "EXPORT40"], kx("RSA_EXPORT")),
  ...alias(["eNULL", "NULL"], isNull),
  aNULL: isAnonymous,
  ...alias(["kRSA", "RSA"], kx("RSA", "RSA_EXPORT")),
  ...alias(["kDHE", "kEDH", "DH"], kx("DHE_RSA", "DHE_DSS", "DH_anon")),
  ...alias(["DHE", "EDH"], kx("DHE_RSA", "DHE_DSS")),
  ADH: kx("DH_anon"),
  ...alias(["kEECDH", "kECDHE", "ECDH"], kx("ECDHE_RSA", "ECDHE_ECDSA", "ECDH_anon")),
  ...alias(["ECDHE", "EECDH"], kx("ECDHE_RSA", "ECDHE_ECDSA")),
  AECDH: kx("ECDH_anon"),
  aRSA: kx("RSA", "DHE_RSA", "ECDHE_RSA", "RSA_EXPORT"),
  ...alias(["aDSS", "DSS"], kx("DHE_DSS")),
  ...alias(["aECDSA", "ECDSA"], kx("ECDHE_ECDSA")),
  "TLSv1.2": isTls12,
  ...alias(["TLSv1", "TLSv1.0"], (suite) => !isTls12(suite) && suite.keyExchange.startsWith("ECDH")),
  SSLv3: (suite) => !isTls12(suite) && !suite.keyExchange.startsWith("ECDH"),
  AES: enc(/^AES/),
  AES128: enc(/^AES_128/),
  AES256: enc(/^AES_256/),
  AESGCM: enc(/^AES.*GCM/),
  AESCCM: enc(/^AES.*CCM/),
  AESCCM8: enc(/^AES.*CCM_8/),
  ARIA: enc(/^ARIA/),
  ARIA128: enc(/^ARIA_128/),
  ARIA256: enc(/^ARIA_256/),
  ARIAGCM: enc(/^ARIA/),
  CAMELLIA: enc(/^CAMELLIA/),
  CAMELLIA128: enc(/^CAMELLIA_128/),
  CAMELLIA256: enc(/^CAMELLIA_256/),
  CHACHA20: enc(/^CHACHA20/),
  "3DES": enc(/^3DES/),
  DES: enc(/^DES/),
  RC4: enc(/^RC4/),
  RC2: enc(/^RC2/),
  IDEA: enc(/^IDEA/),
  SEED: enc(/^SEED/),
  CBC: enc(/_CBC_/),
  MD5: enc(/_MD5$/),
  ...alias(["SHA1", "SHA"], enc(/_SHA$/)),
  SHA256: enc(/(?:CBC|NULL)_SHA256$/),
  SHA384: enc(/CBC_SHA384$/),
};

/** OpenSSL 3 has many suites that it does not use unless they are named. */
function isDefault(suite: CipherSuite): boolean {
  return (
    kx("RSA", "DHE_RSA", "ECDHE_RSA", "ECDHE_ECDSA")(suite) &&
    /^(?:AES_\d+_(?:CBC|GCM)|CHACHA20)/.test(suite.encryption)
  );
}

/** What only OpenSSL of the past has is meant by these alone, so that `HIGH` or `RSA` are judged by what they give today. */
const legacyWords: ReadonlySet<string> = new Set([
  ...["MEDIUM", "LOW", "EXP", "EXPORT", "EXPORT40", "3DES", "DES", "RC4", "RC2", "IDEA", "SEED"],
]);

function alias(names: readonly string[], test: Test): Readonly<Record<string, Test>> {
  return Object.fromEntries(names.map((name) => [name, test]));
}

/** The suites of TLS 1.2 and before that a list in OpenSSL's notation lets a server use. What it does not know it passes over, as OpenSSL does. */
export function suitesOfOpensslList(list: string): readonly CipherSuite[] {
  const enabled = new Set<CipherSuite>();
  const killed = new Set<CipherSuite>();
  for (const item of list.split(/[:, ;]+/)) {
    const [, operator = "", name = ""] = /^([!+-]?)(.*)$/s.exec(item) ?? [];
    // `+` only moves what is there to the end; `@STRENGTH` sorts.
    if (name === "" || operator === "+" || name.startsWith("@")) continue;
    for (const suite of matching(name)) {
      if (operator === "") {
        if (suite.isLegacy && !isLegacyMeant(name, suite)) continue;
        if (!killed.has(suite)) enabled.add(suite);
      } else {
        enabled.delete(suite);
        if (operator === "!") killed.add(suite);
      }
    }
  }
  return suites.filter((suite) => enabled.has(suite));
}

function isLegacyMeant(expression: string, { name, opensslName }: CipherSuite): boolean {
  return expression.split("+").some((part) => legacyWords.has(part) || part === name || part === opensslName);
}

/** `ECDHE+AESGCM` is what both mean. */
function matching(expression: string): readonly CipherSuite[] {
  const parts = expression.split("+");
  const tests = parts.map((part): Test => {
    const word = Object.hasOwn(words, part) ? words[part] : undefined;
    if (word !== undefined) return word;
    const suite = byName.get(part);
    return (candidate) => candidate === suite;
  });
  return suites.filter((suite) => tests.every((test) => test(suite)));
}

/** Those of the suites, by the names of IANA, that have each weakness. */
export function suitesByWeakness(names: readonly string[]): ReadonlyMap<Weakness, readonly string[]> {
  const weak = new Map<Weakness, string[]>();
  for (const name of names) {
    for (const weakness of weaknessesOf(name)) weak.set(weakness, [...(weak.get(weakness) ?? []), name]);
  }
  return weak;
}
