/** What rules ask of one request, each read from the message at the first rule that wants it. */
import {
  decodeMessage,
  decodePasswordModifyRequest,
  type Filter,
  type ModifyDnRequest,
  normalizedParent,
  Oid,
  OpTag,
  type ProtocolOp,
  type SearchScope,
} from "@espalier/ldap";
import { readControls } from "../frame/controls.ts";
import type { Frame } from "../frame/frame.ts";
import { peekBind, peekExtendedRequest, peekSearch, peekTarget } from "../frame/peek.ts";
import type { OperationName } from "../observe/operation-name.ts";
import type { ClientFacts } from "../observe/operation-record.ts";
import { type NamedAttributes, namedAttributes, readOnlyExtensions } from "./named-attributes.ts";
import { normalizedName } from "./normalized-name.ts";
import type { FirewallRequest } from "./rule.ts";

/** Every getter throws ParseError for a request that cannot be read that far. */
export class RequestFacts {
  readonly client: ClientFacts;
  readonly boundAs: string;
  readonly operation: OperationName;
  readonly #frame: Frame;
  #op: ProtocolOp | undefined;
  #entries: readonly (string | undefined)[] | undefined;
  #oids: readonly string[] | undefined;
  #attributes: NamedAttributes | undefined;

  constructor({ client, frame, boundAs }: FirewallRequest, operation: OperationName) {
    this.client = client;
    this.boundAs = boundAs;
    this.operation = operation;
    this.#frame = frame;
  }

  get scope(): SearchScope | undefined {
    return this.operation === "search" ? peekSearch(this.#frame).scope : undefined;
  }

  get isRootDse(): boolean {
    if (this.operation !== "search") return false;
    const { baseObject, scope } = peekSearch(this.#frame);
    return baseObject === "" && scope === "baseObject";
  }

  get isStartTls(): boolean {
    return this.#extensionName === Oid.startTls;
  }

  /** Add, modify, delete, modifyDn, and what of the extended operations is not known to change nothing. */
  get isWrite(): boolean {
    switch (this.operation) {
      case "add":
      case "modify":
      case "delete":
      case "modifyDn":
        return true;
      case "extended":
        return !readOnlyExtensions.has(this.#extensionName!);
      default:
        return false;
    }
  }

  /** The entries that the request names, normalized; `undefined` for one whose DN is not known. */
  get entries(): readonly (string | undefined)[] {
    this.#entries ??= this.#readEntries();
    return this.#entries;
  }

  /** How far it reaches below the entries it names. */
  get reach(): "entry" | "children" | "subtree" {
    if (this.operation === "modifyDn" || this.operation === "delete") return "subtree";
    const { scope } = this;
    return scope === "wholeSubtree" ? "subtree" : scope === "singleLevel" ? "children" : "entry";
  }

  get filter(): Filter | undefined {
    if (this.operation !== "search") return undefined;
    const op = this.#decoded();
    return op.type === "searchRequest" ? op.filter : undefined;
  }

  get attributes(): NamedAttributes {
    this.#attributes ??= namedAttributes(this.#decoded());
    return this.#attributes;
  }

  /** Of an extended operation and of all controls. */
  get oids(): readonly string[] {
    const extension = this.#extensionName;
    this.#oids ??= [
      ...(extension === undefined ? [] : [extension]),
      ...readControls(this.#frame).map(({ controlType }) => controlType),
    ];
    return this.#oids;
  }

  get #extensionName(): string | undefined {
    return this.#frame.opTag === OpTag.extendedRequest ? peekExtendedRequest(this.#frame).requestName : undefined;
  }

  #decoded(): ProtocolOp {
    const { bytes, start, end } = this.#frame;
    this.#op ??= decodeMessage(bytes, start, end).protocolOp;
    return this.#op;
  }

  #readEntries(): readonly (string | undefined)[] {
    switch (this.operation) {
      case "extended":
        return this.#entriesOfExtension();
      case "modifyDn": {
        const op = this.#decoded() as ModifyDnRequest;
        return [normalizedName(op.entry), newName(op)];
      }
      case "bind":
        // Whom SASL credentials are for is the server's to find out.
        return peekBind(this.#frame).method === "sasl" ? [undefined] : [normalizedName(peekTarget(this.#frame)!)];
      default:
        return [normalizedName(peekTarget(this.#frame)!)];
    }
  }

  #entriesOfExtension(): readonly (string | undefined)[] {
    const { requestName, requestValue } = peekExtendedRequest(this.#frame);
    if (readOnlyExtensions.has(requestName)) return [];
    if (requestName !== Oid.passwordModify) return [undefined];
    const request = { type: "extendedRequest", requestName, requestValue } as const;
    const { userIdentity } = decodePasswordModifyRequest(request);
    return [normalizedName(userIdentity ?? this.boundAs)];
  }
}

/** Where a modifyDn puts the entry. RFC 4511 §4.9. */
function newName({ entry, newRdn, newSuperior }: ModifyDnRequest): string | undefined {
  const rdn = normalizedName(newRdn);
  const from = normalizedName(entry);
  const above = newSuperior === undefined ? from && normalizedParent(from) : normalizedName(newSuperior);
  // An RDN is one RDN: text that makes it several means another place to the server, or nothing.
  if (rdn === undefined || above === undefined || normalizedParent(rdn) !== "") return undefined;
  return above === "" ? rdn : `${rdn},${above}`;
}
