/** Which attributes a request names, by type. RFC 4511 §4.5.1.7, §4.5.1.8, §4.6 to §4.10. */
import { type Filter, isAttributeType, Oid, type ProtocolOp, parseDn } from "@espalier/ldap";
import { attributeKey } from "../frame/attribute-key.ts";

export interface NamedAttributes {
  /** As `attributeKey` has them. */
  readonly keys: ReadonlySet<string>;
  /** All user attributes, and all operational ones, may be meant besides. */
  readonly allUser: boolean;
  readonly allOperational: boolean;
}

export function namedAttributes(op: ProtocolOp): NamedAttributes {
  const named = new Collector();
  switch (op.type) {
    case "searchRequest":
      named.addSelection(op.attributes);
      named.addFilter(op.filter);
      break;
    case "compareRequest":
      named.add(op.attribute);
      break;
    case "addRequest":
      named.addRdn(op.entry);
      for (const { type } of op.attributes) named.add(type);
      break;
    case "modifyRequest":
      for (const { modification } of op.changes) named.add(modification.type);
      break;
    case "modifyDnRequest":
      named.addRdn(op.newRdn);
      if (op.deleteOldRdn) named.addRdn(op.entry);
      break;
    case "extendedRequest":
      if (op.requestName === Oid.passwordModify) for (const type of passwords) named.add(type);
      else if (!readOnlyExtensions.has(op.requestName)) named.addAll();
      break;
  }
  return named;
}

/** What a server may keep the password in that Password Modify changes. */
const passwords = ["userPassword", "unicodePwd"];

/** Extended operations that read and write no entry. RFC 4511 §4.14, RFC 4532, RFC 3909. */
export const readOnlyExtensions: ReadonlySet<string> = new Set([Oid.startTls, Oid.whoAmI, Oid.cancel]);

class Collector implements NamedAttributes {
  readonly keys = new Set<string>();
  allUser = false;
  allOperational = false;

  /** A description that is none may be anything to the server. */
  add(description: string): void {
    if (isAttributeType(description.split(";", 1)[0]!)) this.keys.add(attributeKey(description));
    else this.addAll();
  }

  addAll(): void {
    this.allUser = true;
    this.allOperational = true;
  }

  /** RFC 4511 §4.5.1.8; `+`, RFC 3673; `@class`, RFC 4529. */
  addSelection(attributes: readonly string[]): void {
    if (attributes.length === 0) this.allUser = true;
    for (const selector of attributes) {
      if (selector === "1.1") continue;
      if (selector === "*") this.allUser = true;
      else if (selector === "+") this.allOperational = true;
      else this.add(selector);
    }
  }

  addFilter(filter: Filter): void {
    switch (filter.type) {
      case "and":
      case "or":
        for (const part of filter.filters) this.addFilter(part);
        break;
      case "not":
        this.addFilter(filter.filter);
        break;
      case "extensibleMatch":
        if (filter.attribute === undefined) this.addAll();
        else this.add(filter.attribute);
        break;
      default:
        this.add(filter.attribute);
    }
  }

  /** The types of the first RDN of a name. */
  addRdn(name: string): void {
    try {
      for (const { type } of parseDn(name)[0] ?? []) this.add(type);
    } catch {
      this.addAll();
    }
  }
}
