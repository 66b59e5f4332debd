/** Values of attributes in JSON: text where the bytes are UTF-8 that a person can read, base64 otherwise, and secrets not at all. */
import type { PartialAttribute } from "@espalier/ldap";
import { z } from "zod";
import { ApiError } from "./problem.ts";

export const valueSchema = z
  .union([
    z.string(),
    z.strictObject({ base64: z.base64() }).describe("Bytes that are not text."),
    z
      .strictObject({ hidden: z.literal(true), scheme: z.string().optional() })
      .describe(
        "A secret that is there and is not shown; `scheme` is how a password is hashed. It cannot be sent back.",
      ),
  ])
  .describe("One value of an attribute.");

export type Value = z.output<typeof valueSchema>;

export const attributesSchema = z
  .record(z.string(), z.array(valueSchema))
  .describe("Values by attribute description, options included, as the server spells them.");

export type Attributes = z.output<typeof attributesSchema>;

/** Attributes whose values are secrets, in lower case and without options. */
const secretAttributes = new Set([
  ...["userpassword", "userpkcs12", "unicodepwd", "authpassword", "olcrootpw", "olcdbbindpw", "nsslapd-rootpw"],
  ...["sambantpassword", "sambalmpassword", "sambapasswordhistory", "pwdhistory", "passwordhistory"],
  ...[
    "krbprincipalkey",
    "krbextradata",
    "krbpwdhistory",
    "ipanthash",
    "supplementalcredentials",
    "dbcspwd",
    "ntpwdhistory",
  ],
  ...["lmpwdhistory", "nsds5replicacredentials", "nsds5replicabootstrapcredentials", "nsmultiplexorcredentials"],
  ...["oathsecret", "ipatokenotpkey", "totpsecret"],
]);

export function isSecretAttribute(description: string): boolean {
  return secretAttributes.has((description.split(";")[0] ?? "").toLowerCase());
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** Control characters, but for those of text in lines; and characters that are not characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const unreadable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/;

/** Attribute options, RFC 4522: the bytes are DER whatever they look like. */
function isBinaryOption(description: string): boolean {
  return /;binary(?:;|$)/i.test(description);
}

export interface ValueOptions {
  /** Shows secrets: only for who may, and only where that is noted in the audit trail. */
  readonly revealsSecrets?: boolean;
}

/** Bytes that are text come back from {@link valueBytes} as they were: no value changes by being read and sent back. */
export function valueJson(
  description: string,
  bytes: Uint8Array,
  { revealsSecrets = false }: ValueOptions = {},
): Value {
  if (!revealsSecrets && isSecretAttribute(description)) {
    const scheme = /^\{([A-Za-z0-9._/-]{1,40})\}/.exec(Buffer.from(bytes.subarray(0, 42)).toString("latin1"))?.[1];
    return scheme === undefined ? { hidden: true } : { hidden: true, scheme };
  }
  if (!isBinaryOption(description)) {
    try {
      const text = decoder.decode(bytes);
      if (!unreadable.test(text)) return text;
    } catch {
      // Not UTF-8.
    }
  }
  return { base64: Buffer.from(bytes).toString("base64") };
}

/** @throws ApiError for a hidden value, whose bytes whoever sends it does not know */
export function valueBytes(description: string, value: Value): Uint8Array {
  if (typeof value === "string") return encoder.encode(value);
  if ("base64" in value) return new Uint8Array(Buffer.from(value.base64, "base64"));
  throw new ApiError("invalid_request", `A value of ${description} is hidden, and cannot be sent back as it is.`);
}

export function attributesJson(attributes: readonly PartialAttribute[], options: ValueOptions = {}): Attributes {
  return Object.fromEntries(
    attributes.map(({ type, values }) => [type, values.map((value) => valueJson(type, value, options))]),
  );
}

/** @throws ApiError */
export function partialAttributes(attributes: Attributes): PartialAttribute[] {
  return Object.entries(attributes).map(([type, values]) => ({
    type,
    values: values.map((value) => valueBytes(type, value)),
  }));
}
