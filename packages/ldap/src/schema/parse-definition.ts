/**
 * Reads schema definitions, RFC 4512 §4.1, as servers publish them: also with quoted OIDs, missing spaces, fields in any
 * order, names without quotes, `$` left out between OIDs, apostrophes inside a description.
 */
import { ParseError } from "../error.ts";
import type {
  AttributeTypeDefinition,
  AttributeUsage,
  DefinitionExtension,
  DitContentRuleDefinition,
  DitStructureRuleDefinition,
  LdapSyntaxDefinition,
  MatchingRuleDefinition,
  MatchingRuleUseDefinition,
  NameFormDefinition,
  ObjectClassDefinition,
  ObjectClassKind,
} from "./definition.ts";
import { type DefinitionToken, tokenizeDefinition } from "./definition-tokens.ts";

/** @throws {ParseError} `ERR_SCHEMA`, as every function of this module. */
export function parseAttributeType(text: string): AttributeTypeDefinition {
  const fields = parseFields(text);
  const syntax = splitLengthBound(fields.word("SYNTAX"));
  return {
    ...named(fields),
    superior: fields.word("SUP"),
    equality: fields.word("EQUALITY"),
    ordering: fields.word("ORDERING"),
    substrings: fields.word("SUBSTR"),
    syntax: syntax.oid,
    minimumUpperBound: syntax.bound,
    singleValue: fields.flag("SINGLE-VALUE"),
    collective: fields.flag("COLLECTIVE"),
    noUserModification: fields.flag("NO-USER-MODIFICATION"),
    usage: parseUsage(fields.word("USAGE")),
    extensions: fields.extensions(),
  };
}

export function parseObjectClass(text: string): ObjectClassDefinition {
  const fields = parseFields(text);
  return {
    ...named(fields),
    superiors: fields.words("SUP"),
    kind: parseKind(fields),
    must: fields.words("MUST"),
    may: fields.words("MAY"),
    extensions: fields.extensions(),
  };
}

export function parseMatchingRule(text: string): MatchingRuleDefinition {
  const fields = parseFields(text);
  return { ...named(fields), syntax: splitLengthBound(fields.word("SYNTAX")).oid, extensions: fields.extensions() };
}

export function parseMatchingRuleUse(text: string): MatchingRuleUseDefinition {
  const fields = parseFields(text);
  return { ...named(fields), applies: fields.words("APPLIES"), extensions: fields.extensions() };
}

export function parseLdapSyntax(text: string): LdapSyntaxDefinition {
  const fields = parseFields(text);
  return { oid: fields.identifier, description: fields.text("DESC"), extensions: fields.extensions() };
}

export function parseDitContentRule(text: string): DitContentRuleDefinition {
  const fields = parseFields(text);
  return {
    ...named(fields),
    auxiliary: fields.words("AUX"),
    must: fields.words("MUST"),
    may: fields.words("MAY"),
    not: fields.words("NOT"),
    extensions: fields.extensions(),
  };
}

export function parseDitStructureRule(text: string): DitStructureRuleDefinition {
  const fields = parseFields(text);
  return {
    ruleId: parseRuleId(fields.identifier),
    names: fields.words("NAME"),
    description: fields.text("DESC"),
    obsolete: fields.flag("OBSOLETE"),
    form: fields.required("FORM"),
    superiorRules: fields.words("SUP").map(parseRuleId),
    extensions: fields.extensions(),
  };
}

export function parseNameForm(text: string): NameFormDefinition {
  const fields = parseFields(text);
  return {
    ...named(fields),
    objectClass: fields.required("OC"),
    must: fields.words("MUST"),
    may: fields.words("MAY"),
    extensions: fields.extensions(),
  };
}

function named(fields: Fields) {
  return {
    oid: fields.identifier,
    names: fields.words("NAME"),
    description: fields.text("DESC"),
    obsolete: fields.flag("OBSOLETE"),
  };
}

/** Keywords that are followed by nothing, by one item, or by one item or a parenthesized list. */
const keywordForms = new Map<string, "flag" | "one" | "list">([
  ["OBSOLETE", "flag"],
  ["SINGLE-VALUE", "flag"],
  ["COLLECTIVE", "flag"],
  ["NO-USER-MODIFICATION", "flag"],
  ["ABSTRACT", "flag"],
  ["STRUCTURAL", "flag"],
  ["AUXILIARY", "flag"],
  ["DESC", "one"],
  ["EQUALITY", "one"],
  ["ORDERING", "one"],
  ["SUBSTR", "one"],
  ["SYNTAX", "one"],
  ["USAGE", "one"],
  ["FORM", "one"],
  ["OC", "one"],
  ["NAME", "list"],
  ["SUP", "list"],
  ["MUST", "list"],
  ["MAY", "list"],
  ["AUX", "list"],
  ["NOT", "list"],
  ["APPLIES", "list"],
]);

/** The fields of one definition by keyword. */
class Fields {
  readonly identifier: string;
  readonly #values = new Map<string, readonly string[]>();
  readonly #extensions: DefinitionExtension[] = [];

  constructor(identifier: string) {
    this.identifier = identifier;
  }

  add(keyword: string, values: readonly string[], offset: number): void {
    const known = keyword.toUpperCase();
    if (!keywordForms.has(known)) {
      this.#extensions.push({ name: keyword, values });
      return;
    }
    if (this.#values.has(known)) throw schemaError(`${known} is there twice: leave one`, offset);
    this.#values.set(known, values);
  }

  flag(keyword: string): boolean {
    return this.#values.has(keyword);
  }
  words(keyword: string): readonly string[] {
    return this.#values.get(keyword) ?? [];
  }
  word(keyword: string): string | undefined {
    const word = this.text(keyword);
    return word === "" ? undefined : word;
  }
  text(keyword: string): string | undefined {
    return this.#values.get(keyword)?.[0];
  }
  required(keyword: string): string {
    const word = this.word(keyword);
    if (word === undefined) throw schemaError(`the definition of ${this.identifier} needs ${keyword}`, 0);
    return word;
  }
  extensions(): readonly DefinitionExtension[] {
    return this.#extensions;
  }
}

function parseFields(text: string): Fields {
  const tokens = tokenizeDefinition(text);
  let at = 0;
  const next = (): DefinitionToken => {
    const token = tokens[at];
    if (token === undefined)
      throw schemaError("the definition ends too early: it needs a closing parenthesis", text.length);
    at++;
    return token;
  };

  const open = next();
  if (open.type !== "open") throw schemaError("a definition starts with (", open.offset);
  const identifier = next();
  if (identifier.type !== "word" && identifier.type !== "quoted")
    throw schemaError("a definition starts with ( and an OID", identifier.offset);
  const fields = new Fields(identifier.text);
  for (let token = next(); token.type !== "close"; token = next()) {
    if (token.type !== "word") throw schemaError(`expected a keyword, not ${describe(token)}`, token.offset);
    fields.add(token.text, readValues(token.text), token.offset);
  }
  const rest = tokens[at];
  if (rest !== undefined) throw schemaError("the definition goes on behind its closing parenthesis", rest.offset);
  return fields;

  function readValues(keyword: string): readonly string[] {
    const form = keywordForms.get(keyword.toUpperCase());
    if (form === "flag") return [];
    const following = tokens[at];
    // An extension may stand alone; a known keyword needs its value.
    if (form === undefined && (following === undefined || (following.type !== "quoted" && following.type !== "open")))
      return [];
    const token = next();
    if (token.type === "quoted" || token.type === "word") return [token.text];
    if (token.type !== "open" || form === "one")
      throw schemaError(`expected a value behind ${keyword}, not ${describe(token)}`, token.offset);
    const values: string[] = [];
    for (let item = next(); item.type !== "close"; item = next()) {
      if (item.type === "open") throw schemaError("a list cannot hold another list", item.offset);
      if (item.type === "word" || item.type === "quoted") values.push(item.text);
    }
    return values;
  }
}

function describe(token: DefinitionToken): string {
  switch (token.type) {
    case "open":
      return "(";
    case "close":
      return ")";
    case "dollar":
      return "$";
    case "quoted":
      return `'${token.text}'`;
    case "word":
      return token.text;
  }
}

function splitLengthBound(text: string | undefined): { oid: string | undefined; bound: number | undefined } {
  const found = text === undefined ? undefined : /^(.*)\{([0-9]{1,15})\}$/.exec(text);
  return found ? { oid: found[1], bound: Number(found[2]) } : { oid: text, bound: undefined };
}

const usages: readonly AttributeUsage[] = [
  "userApplications",
  "directoryOperation",
  "distributedOperation",
  "dSAOperation",
];

/** A usage that no RFC names counts as `userApplications`, the default. */
function parseUsage(text: string | undefined): AttributeUsage {
  return usages.find((usage) => usage.toLowerCase() === text?.toLowerCase()) ?? "userApplications";
}

function parseKind(fields: Fields): ObjectClassKind {
  if (fields.flag("ABSTRACT")) return "ABSTRACT";
  return fields.flag("AUXILIARY") ? "AUXILIARY" : "STRUCTURAL";
}

function parseRuleId(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw schemaError(`expected a rule number, not ${text}`, 0);
  return Number(text);
}

function schemaError(message: string, offset: number): ParseError {
  return new ParseError("ERR_SCHEMA", message, { offset });
}
