/** A message as data that can be shown: names in place of codes, no octets, no secrets. */
import {
  type Control,
  decodePasswordModifyRequest,
  type ExtendedRequest,
  formatFilter,
  type LdapMessage,
  type LdapResult,
  Oid,
  ParseError,
  type PartialAttribute,
  type ProtocolOp,
  resultCodeName,
} from "@espalier/ldap";
import { withoutSecrets } from "./describe-filter.ts";
import { isSecretAttribute, secretText } from "./secret-attributes.ts";

/** JSON. `undefined` is what the message does not have. */
export type Described = { readonly [key: string]: unknown };

/** The longest text of one value. */
const maxValueLength = 1024;

export function describeMessage({ protocolOp, controls }: LdapMessage): Described {
  return {
    ...describeOp(protocolOp),
    ...(controls.length === 0 ? {} : { controls: controls.map(describeControl) }),
  };
}

function describeOp(op: ProtocolOp): Described {
  switch (op.type) {
    case "bindRequest": {
      const { version, name, authentication } = op;
      if (authentication.type === "sasl") return { version, name, authentication: authentication.mechanism };
      return {
        version,
        name,
        authentication: "simple",
        password: authentication.password.length > 0 ? secretText : "",
      };
    }
    case "searchRequest": {
      const { baseObject, scope, derefAliases, sizeLimit, timeLimit, typesOnly, attributes } = op;
      return {
        base: baseObject,
        scope,
        filter: clip(formatFilter(withoutSecrets(op.filter))),
        attributes,
        ...(derefAliases === "neverDerefAliases" ? {} : { derefAliases }),
        ...(sizeLimit === 0 ? {} : { sizeLimit }),
        ...(timeLimit === 0 ? {} : { timeLimit }),
        ...(typesOnly ? { typesOnly } : {}),
      };
    }
    case "searchResultEntry":
      return { dn: op.objectName, attributes: describeAttributes(op.attributes) };
    case "searchResultReference":
      return { uris: op.uris };
    case "addRequest":
      return { dn: op.entry, attributes: describeAttributes(op.attributes) };
    case "modifyRequest":
      return {
        dn: op.object,
        changes: op.changes.map(({ operation, modification: { type, values } }) => ({
          [operation]: type,
          values: describeValues(type, values),
        })),
      };
    case "delRequest":
      return { dn: op.entry };
    case "modifyDnRequest": {
      const { entry, newRdn, deleteOldRdn, newSuperior } = op;
      return { dn: entry, newRdn, deleteOldRdn, ...(newSuperior === undefined ? {} : { newSuperior }) };
    }
    case "compareRequest":
      return { dn: op.entry, attribute: op.attribute, value: describeValues(op.attribute, [op.value])[0] };
    case "abandonRequest":
      return { abandonedId: op.messageId };
    case "extendedRequest":
      return describeExtendedRequest(op);
    case "extendedResponse":
      return { ...describeResult(op), ...(op.responseName === undefined ? {} : { oid: op.responseName }) };
    case "intermediateResponse":
      return op.responseName === undefined ? {} : { oid: op.responseName };
    case "unbindRequest":
      return {};
    default:
      return describeResult(op);
  }
}

function describeExtendedRequest(op: ExtendedRequest): Described {
  if (op.requestName !== Oid.passwordModify) return { oid: op.requestName };
  try {
    const { userIdentity } = decodePasswordModifyRequest(op);
    return { oid: op.requestName, ...(userIdentity === undefined ? {} : { userIdentity }) };
  } catch (error) {
    if (error instanceof ParseError) return { oid: op.requestName };
    throw error;
  }
}

function describeResult({ resultCode, matchedDn, diagnosticMessage, referral }: LdapResult): Described {
  return {
    result: resultCodeName(resultCode),
    ...(matchedDn === "" ? {} : { matchedDn }),
    ...(diagnosticMessage === "" ? {} : { diagnosticMessage }),
    ...(referral.length === 0 ? {} : { referral }),
  };
}

function describeControl({ controlType, criticality }: Control): Described {
  return { oid: controlType, ...(criticality ? { criticality } : {}) };
}

/** Pairs, and no object: a peer decides what attributes are called. */
function describeAttributes(attributes: readonly PartialAttribute[]): readonly Described[] {
  return attributes.map(({ type, values }) => ({ type, values: describeValues(type, values) }));
}

function describeValues(type: string, values: readonly Uint8Array[]): readonly string[] {
  if (isSecretAttribute(type)) return values.map(() => secretText);
  return values.map(describeValue);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text as it is; octets in base64 behind `:: `, as LDIF marks them. */
function describeValue(value: Uint8Array): string {
  try {
    return clip(utf8.decode(value));
  } catch {
    return `:: ${clip(Buffer.from(value).toString("base64"))}`;
  }
}

function clip(text: string): string {
  return text.length <= maxValueLength ? text : `${text.slice(0, maxValueLength)}… (${text.length} characters)`;
}
