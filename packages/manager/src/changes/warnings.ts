/** What a person should know before a change is applied: what the schema shows to go wrong, and what cannot be taken back. */
import type { PartialAttribute, Schema } from "@espalier/ldap";
import { isSecretAttribute } from "../api/value.ts";
import type { Vendor } from "../clusters/cluster.ts";
import type { AttributeMatching } from "./attribute-matching.ts";
import type { EntryChange, ModifyEntry } from "./change-set.ts";
import { EntryImage } from "./entry-image.ts";
import { hasClearPassword, hashSchemeOf } from "./password-hash.ts";

const memberAttributes = ["member", "uniqueMember", "memberUid"];

/** @param current the user attributes of the entry that is modified or deleted; `undefined` where there is none to be seen */
export function changeWarnings(
  change: EntryChange,
  current: readonly PartialAttribute[] | undefined,
  vendor: Vendor,
  matching: AttributeMatching,
): string[] {
  const { dn } = change;
  switch (change.type) {
    case "add":
      return [
        ...schemaWarnings(dn, EntryImage.of(change.attributes, matching), matching),
        ...hashWarnings(dn, change.attributes, vendor),
      ];
    case "modify":
      return modifyWarnings(change, current, vendor, matching);
    case "modifyDn":
      return [];
    case "delete":
      return [
        ...(current === undefined ? [`${dn} is not there, or you may not see it.`] : []),
        `Undoing the deletion of ${dn} adds a new entry: with another entryUUID, and without what you cannot read of it.`,
      ];
    case "password":
      return [`The password of ${dn} cannot be undone: the one before it is not known.`];
  }
}

function modifyWarnings(
  { dn, changes }: ModifyEntry,
  current: readonly PartialAttribute[] | undefined,
  vendor: Vendor,
  matching: AttributeMatching,
): string[] {
  const added = changes.filter(({ operation }) => operation !== "delete").map(({ modification }) => modification);
  const secrets = new Set(changes.map(({ modification: { type } }) => type).filter(isSecretAttribute));
  const warnings = [
    ...hashWarnings(dn, added, vendor),
    ...[...secrets].map(
      (type) => `${type} of ${dn} is a secret: it can be undone only if you may read what it is now.`,
    ),
  ];
  if (current === undefined) return [`${dn} is not there, or you may not see it.`, ...warnings];
  const before = EntryImage.of(current, matching);
  const after = before.after(changes);
  const emptied = memberAttributes.filter((type) => before.values(type).length > 0 && after.values(type).length === 0);
  return [
    ...emptied.map((type) => `${dn} is left without any ${type}.`),
    ...schemaWarnings(dn, after, matching),
    ...warnings,
  ];
}

function hashWarnings(dn: string, attributes: readonly PartialAttribute[], vendor: Vendor): string[] {
  if (hashSchemeOf(vendor) === undefined || !attributes.some(hasClearPassword)) return [];
  return [
    `The password of ${dn} is hashed before it is sent, so that the server cannot check it: set it by itself to have it checked.`,
  ];
}

/** RFC 4512 §2.4: what the object classes of the entry demand and do not allow, as far as the schema is known. */
function schemaWarnings(dn: string, entry: EntryImage, matching: AttributeMatching): string[] {
  const { schema } = matching;
  const names = entry.values("objectClass").map((value) => Buffer.from(value).toString());
  if (names.length === 0) return [`${dn} is left without an object class.`];
  const unknown = names.filter((name) => schema.objectClass(name) === undefined);
  const classes = [...new Set(names.flatMap((name) => schema.superclasses(name)))];
  const contentRules = classes.flatMap(({ oid }) => schema.contentRule(oid) ?? []);
  const must = [...classes, ...contentRules].flatMap((each) => each.must);
  const missing = [...new Set(must.filter((type) => !hasAttribute(entry, type, schema)))];
  const warnings = [
    ...unknown.map((name) => `The directory does not know the object class ${name}.`),
    ...missing.map((type) => `${dn} is left without ${type}, which its object classes demand.`),
  ];
  const isOpen =
    unknown.length > 0 || classes.some(({ names: all }) => all.some((name) => /^extensibleObject$/i.test(name)));
  if (isOpen) return warnings;
  const allowed = new Set(
    [...must, ...[...classes, ...contentRules].flatMap(({ may }) => may), "objectClass"].map((type) =>
      schema.attribute(type),
    ),
  );
  const foreign = entry.attributes.filter(({ type }) => {
    const attribute = matching.attribute(type);
    return attribute !== undefined && matching.isUserAttribute(type) && !allowed.has(attribute);
  });
  return [...warnings, ...foreign.map(({ type }) => `None of the object classes of ${dn} allows ${type}.`)];
}

/** Under any option: `cn;lang-de` is a cn. */
function hasAttribute(entry: EntryImage, type: string, schema: Schema): boolean {
  const wanted = schema.attribute(type);
  return entry.attributes.some(({ type: description }) => {
    const [own = ""] = description.split(";");
    return wanted === undefined ? own.toLowerCase() === type.toLowerCase() : schema.attribute(own) === wanted;
  });
}
