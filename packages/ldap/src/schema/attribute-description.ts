/** Attribute descriptions, RFC 4512 §2.5: an attribute type and options, `cn;lang-de`. */
import { SyntaxOid } from "./syntax-oid.ts";

export interface AttributeDescription {
  /** Short name or numericoid, as spelt. */
  readonly type: string;
  /** Lower case, sorted, each once; order and case of options carry no meaning (§2.5). */
  readonly options: readonly string[];
}

const noOptions: readonly string[] = [];

/** `undefined` when `text` is not of the form of §2.5; underscores in names, which some servers publish, are let through. */
export function parseAttributeDescription(text: string): AttributeDescription | undefined {
  const semicolon = text.indexOf(";");
  const type = semicolon === -1 ? text : text.slice(0, semicolon);
  if (!isAttributeType(type)) return undefined;
  if (semicolon === -1) return { type, options: noOptions };
  const options = text
    .slice(semicolon + 1)
    .toLowerCase()
    .split(";");
  if (!options.every(isOption)) return undefined;
  return { type, options: [...new Set(options)].sort() };
}

/** Short name (RFC 4512 §1.4 `descr`) or numericoid. */
export function isAttributeType(text: string): boolean {
  return isNumericOid(text) || isDescr(text);
}

export function isDescr(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(text);
}

/** RFC 4512 §1.4: at least two numbers, none with leading zeros. */
export function isNumericOid(text: string): boolean {
  return /^(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+$/.test(text);
}

function isOption(text: string): boolean {
  return /^[a-z0-9_-]+$/.test(text);
}

/**
 * Whether each option is one that RFC 4512 §2.5.2 or an extension of it defines: language tags and ranges (RFC 3866), and
 * `binary` (RFC 4522) for the syntaxes that need it.
 */
export function hasRecognizedOptions(options: readonly string[], syntax: string | undefined): boolean {
  return options.every(
    (option) =>
      option.startsWith("lang-") || (option === "binary" && syntax !== undefined && binarySyntaxes.has(syntax)),
  );
}

/** Syntaxes whose values are BER or DER and travel under `;binary`: RFC 4523 §2, and the Binary syntax of RFC 2252. */
const binarySyntaxes: ReadonlySet<string> = new Set([
  SyntaxOid.binary,
  SyntaxOid.certificate,
  SyntaxOid.certificateList,
  SyntaxOid.certificatePair,
  SyntaxOid.supportedAlgorithm,
]);

/**
 * Whether a description with `options` is a subtype, in options, of one with `required`: it has all of them and perhaps
 * more (RFC 4512 §2.5.2). A required option that ends in `-` is a language range (RFC 3866 §3) and covers its tags.
 */
export function hasOptions(options: readonly string[], required: readonly string[]): boolean {
  return required.every((wanted) =>
    wanted.endsWith("-")
      ? options.some((option) => option.startsWith(wanted) || option === wanted.slice(0, -1))
      : options.includes(wanted),
  );
}
