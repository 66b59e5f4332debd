/**
 * The root DSE (RFC 4512 §5.1) that clients of the proxy see: what every backend offers, less what cannot work through a
 * proxy, and what the proxy offers itself.
 */
import { builtInSchema, normalizeDn, Oid, type PartialAttribute } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";

/** As a backend has sent it: every attribute. */
export type RootDse = readonly PartialAttribute[];

/** What depends on the proxy and not on the backends. */
export interface OwnRootDse {
  /** Whether this client may start TLS now. */
  readonly startTls: boolean;
  /** Whether SASL EXTERNAL works for this client: it has shown a certificate that the proxy takes. */
  readonly external: boolean;
  /** Controls that the proxy refuses from clients, be they offered by all backends. */
  readonly hiddenControls?: readonly string[];
  /** Extended operations that it refuses. */
  readonly hiddenExtensions?: readonly string[];
}

/** Attributes whose values are things offered: a client may count on what all backends have. */
const offers = new Set([
  "namingcontexts",
  "supportedcapabilities",
  "supportedcontrol",
  "supportedextension",
  "supportedfeatures",
  "supportedldappolicies",
  "supportedldapversion",
  "supportedsaslmechanisms",
]);

/** Other servers to go to (RFC 4512 §5.1.2): they would lead around the proxy. */
const hidden = new Set(["altserver"]);

/**
 * Mechanisms that bind to the TLS channel (RFC 5802 §6) or to the name of the server, or lay a security layer over the
 * connection (RFC 4422 §3.7): with a proxy between them neither side sees the other's.
 */
const endToEnd = /-PLUS$|^(?:GSSAPI|GSS-SPNEGO|GS2-.*|DIGEST-MD5|EXTERNAL)$/i;

/**
 * An attribute that is not a list of offers stays where all backends say the same: their names and clocks are not the
 * proxy's. With no root DSE known there is nothing but what the proxy offers.
 */
export function mergeRootDse(nodes: readonly RootDse[], own: OwnRootDse): PartialAttribute[] {
  const [first = bareRootDse, ...others] = nodes;
  const merged = new Map<string, PartialAttribute>();
  for (const each of first) {
    const type = each.type.toLowerCase();
    const common = hidden.has(type) ? undefined : inAll(each, others);
    if (common !== undefined) merged.set(type, common);
  }
  const { hiddenControls = [], hiddenExtensions = [] } = own;
  change(merged, "supportedControl", (oids) => without(oids, hiddenControls));
  change(merged, "supportedExtension", (oids) => [
    ...without(oids, [...hiddenExtensions, Oid.startTls, Oid.whoAmI]),
    // The proxy knows who its client is, whatever the backends offer.
    Oid.whoAmI,
    ...(own.startTls ? [Oid.startTls] : []),
  ]);
  change(merged, "supportedSASLMechanisms", (mechanisms) => [
    ...mechanisms.filter((mechanism) => !endToEnd.test(mechanism)),
    ...(own.external ? ["EXTERNAL"] : []),
  ]);
  return [...merged.values()];
}

const bareRootDse: RootDse = [attribute("objectClass", "top"), attribute("supportedLDAPVersion", "3")];

/** What of an attribute all have: the common values of an offer, all values of anything else, or nothing. */
function inAll({ type, values }: PartialAttribute, others: readonly RootDse[]): PartialAttribute | undefined {
  const key = type.toLowerCase();
  const sets = others.map((node) => {
    const other = node.find((each) => each.type.toLowerCase() === key);
    return new Set(other?.values.map((value) => comparable(key, value)));
  });
  const common = values.filter((value) => sets.every((set) => set.has(comparable(key, value))));
  if (offers.has(key)) return common.length === 0 ? undefined : { type, values: common };
  const isSame = common.length === values.length && sets.every(({ size }) => size === values.length);
  return isSame ? { type, values } : undefined;
}

function comparable(type: string, value: Uint8Array): string {
  const bytes = Buffer.from(value);
  if (type !== "namingcontexts") return bytes.toString("latin1");
  try {
    return normalizeDn(bytes.toString(), builtInSchema);
  } catch {
    return bytes.toString("latin1");
  }
}

/** With no value left the attribute goes. */
function change(
  attributes: Map<string, PartialAttribute>,
  type: string,
  values: (current: readonly string[]) => readonly string[],
): void {
  const key = type.toLowerCase();
  const current = attributes.get(key);
  const changed = values(current?.values.map((value) => Buffer.from(value).toString()) ?? []);
  if (changed.length === 0) attributes.delete(key);
  else attributes.set(key, attribute(current?.type ?? type, ...changed));
}

function without(values: readonly string[], unwanted: readonly string[]): string[] {
  return values.filter((value) => !unwanted.includes(value));
}
