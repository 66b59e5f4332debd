/**
 * Which attribute a description means and when two of its values are one, by the schema of the server: RFC 4512 §2.5 and
 * RFC 4517 §4.2. Unlike a search, a change has to keep apart what is not recognized: every option makes an attribute of its own.
 */
import { type AttributeType, parseAttributeDescription, type Schema, SyntaxOid } from "@espalier/ldap";

/** What Active Directory takes from nobody who adds an account, beside what its schema says, in lower case: MS-SAMR §3.1.1.8. */
const keptByActiveDirectory: ReadonlySet<string> = new Set([
  ...["badpwdcount", "badpasswordtime", "lastlogon", "lastlogoff", "lastlogontimestamp", "logoncount", "lockouttime"],
  // Without a password an account is disabled; a group is its primary one only once it is a member.
  ...["pwdlastset", "useraccountcontrol", "primarygroupid", "samaccounttype", "objectsid", "memberof"],
  ...["admincount", "iscriticalsystemobject"],
]);

export class AttributeMatching {
  readonly schema: Schema;
  #publishesRules: boolean | undefined;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  /** Equal for all spellings of a description: names and OID of the type, letter case, order of options. */
  key(description: string): string {
    const parsed = parseAttributeDescription(description);
    if (parsed === undefined) return description.toLowerCase();
    return [this.schema.attribute(parsed.type)?.key ?? parsed.type.toLowerCase(), ...parsed.options].join(";");
  }

  attribute(description: string): AttributeType | undefined {
    const [type = ""] = description.split(";");
    return this.schema.attribute(type);
  }

  /** Equal for values that are one under the equality rule; where there is none, or it cannot read the value, for the same bytes. */
  valueKey(description: string, value: Uint8Array): string {
    const key = this.attribute(description)?.equality?.normalize(value);
    return key === undefined ? byteKey(value) : `=${key}`;
  }

  /**
   * Whether a modification can name single values. Without an equality rule servers answer inappropriateMatching
   * (RFC 4511 §4.6), and only all values together can be replaced. Active Directory publishes no rules and has them.
   */
  namesValues(description: string): boolean {
    let attribute = this.attribute(description);
    if (attribute === undefined) return true;
    for (; attribute !== undefined; attribute = attribute.superior) {
      if (attribute.definition.equality !== undefined) return true;
    }
    this.#publishesRules ??= this.schema.attributeTypes.some(({ definition }) => definition.equality !== undefined);
    return !this.#publishesRules;
  }

  /** Whether it is of a kind that has thousands of values: they are not read only to note what one of them was. */
  isMembership(description: string): boolean {
    const attribute = this.attribute(description);
    const { syntax, key } = attribute ?? {};
    return syntax === SyntaxOid.dn || syntax === SyntaxOid.nameAndOptionalUid || key === "memberuid";
  }

  /** Whether a person may give its values. */
  isUserAttribute(description: string): boolean {
    const attribute = this.attribute(description);
    return attribute === undefined || !(attribute.isOperational || attribute.definition.noUserModification);
  }

  /** Whether its values can be given with an entry that is added: what the server keeps itself cannot. */
  isGivenWithEntry(description: string): boolean {
    const key = this.key(description);
    // Active Directory's schema says that nobody changes it.
    if (key === "objectclass") return true;
    return this.isUserAttribute(description) && !(this.isActiveDirectory && keptByActiveDirectory.has(key));
  }

  get isActiveDirectory(): boolean {
    return this.schema.attribute("sAMAccountType") !== undefined && this.schema.attribute("uSNCreated") !== undefined;
  }
}

/** One character a byte. */
export function byteKey(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
}
