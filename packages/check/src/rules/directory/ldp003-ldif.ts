import type { Schema } from "@espalier/ldap";
import { normalizedParent } from "@espalier/ldap/dn";
import { defineRule, type Found } from "../../engine/rule.ts";
import { missingAttributes, schemaOf } from "./ldif-schema-check.ts";
import { type LdifEntry, LdifTree } from "./ldif-tree.ts";

export const ldp003 = defineRule({
  id: "LDP003",
  title: "LDIF cannot be loaded as it is",
  severity: "high",
  profile: "lab",
  reads: ["ldif"],
  fix: "none",
  explanation: `A server takes an LDIF file entry by entry and stops, or leaves out, what it cannot take: a line that is not LDIF, an entry that is there twice, one whose superior is not there yet, one without an attribute that its object class must have. A directory is then half there, often without anybody noticing before the first login fails.

A member that does not exist is no error to most servers, and gives nobody the rights that it was to give. Each finding names the line. Attributes that must be there are known from the standard schema, and from \`.schema\` files and schema LDIF among the files that are checked; object classes that are not known are not judged.`,
  references: [
    "RFC 2849 (LDIF)",
    "RFC 4512, section 2.4 (object classes) and 2.3 (entries and names)",
    "RFC 4514 (string form of DNs)",
    "slapadd(8)",
  ],
  *find(project) {
    const schema = schemaOf(project);
    const trees = project.of("ldif").map((file) => new LdifTree(file, schema));
    const everywhere = new Set(trees.flatMap((tree) => [...tree.keys]));
    for (const tree of trees) {
      const subject = tree.file.file.path;
      for (const { message, location } of tree.file.errors) {
        yield {
          subject,
          message: `${subject} is not LDIF on line ${location.line}: ${message}`,
          at: location,
          path: "",
          fix: message,
        };
      }
      for (const { dn, location, reason } of tree.malformed) {
        yield {
          subject: dn,
          message: `${dn} is not a DN: ${reason}`,
          at: location,
          path: dn,
          fix: 'Write it as in RFC 4514, with a backslash before , + " \\ < > ; inside of a value:\n    dn: cn=Smith\\, Ann,ou=people,dc=example,dc=com',
        };
      }
      for (const entry of tree.entries) {
        yield* doubles(entry);
        if (!tree.hasPlaceholders) yield* withoutParent(entry, tree, everywhere);
        if (!tree.hasPlaceholders) yield* dangling(entry, tree, everywhere, schema);
        yield* withoutMust(entry, schema);
      }
    }
  },
});

function* doubles({ dn, location, firstLine }: LdifEntry): Generator<Found> {
  if (firstLine === undefined) return;
  yield {
    subject: dn,
    message: `${dn} is there already, from line ${firstLine} on`,
    at: location,
    path: dn,
    fix: "Put its attributes into one entry, or give one of the two another name.",
  };
}

/** Only where the file itself begins the tree above it: else the directory may have it. */
function* withoutParent(entry: LdifEntry, tree: LdifTree, everywhere: ReadonlySet<string>): Generator<Found> {
  const parent = normalizedParent(entry.key);
  if (parent === undefined || parent === "" || tree.wasThereBefore(parent, entry)) return;
  if (tree.has(parent)) {
    yield {
      subject: entry.dn,
      message: `${entry.dn} comes before its superior entry, which is added on line ${tree.lineOf(parent)}`,
      at: entry.location,
      path: entry.dn,
      fix: "Move it behind the entry that it is below: servers add entries in the order of the file.",
    };
  } else if (!everywhere.has(parent) && tree.hasAncestorOf(parent)) {
    yield {
      subject: entry.dn,
      message: `${entry.dn} has no superior entry: ${parent} is not in the file`,
      at: entry.location,
      path: entry.dn,
      fix: `Add the superior entry before it:\n    dn: ${parent}\n    objectClass: organizationalUnit`,
    };
  }
}

const membership = ["member", "uniqueMember"];
/** Administrators that a server's configuration makes, without an entry. */
const configured = /^cn=(?:admin|manager|root|directory manager),/;

function* dangling(
  entry: LdifEntry,
  tree: LdifTree,
  everywhere: ReadonlySet<string>,
  schema: Schema,
): Generator<Found> {
  for (const type of membership) {
    for (const { text, key, location } of entry.namesIn(type, schema)) {
      if (key === undefined) {
        yield {
          subject: entry.dn,
          message: `${entry.dn} has a ${type} that is not a DN`,
          at: location,
          path: `${entry.dn}/${type}`,
          value: text,
          fix: `Write the whole name of the entry, such as\n    ${type}: uid=ann,ou=people,dc=example,dc=com`,
        };
        continue;
      }
      if (everywhere.has(key) || !tree.hasAncestorOf(key) || configured.test(key)) continue;
      yield {
        subject: entry.dn,
        message: `${entry.dn} has the ${type} ${text}, which is no entry of these files`,
        at: location,
        path: `${entry.dn}/${type}`,
        value: text,
        fix: `Add the entry ${text}, or take the line out.`,
      };
    }
  }
}

function* withoutMust(entry: LdifEntry, schema: Schema): Generator<Found> {
  for (const { attribute, objectClass } of missingAttributes(entry, schema)) {
    yield {
      subject: entry.dn,
      message: `${entry.dn} has no ${attribute}, which its object class ${objectClass} must have`,
      at: entry.location,
      path: `${entry.dn}/${attribute}`,
      fix: `Add the attribute to the entry:\n    ${attribute}: VALUE`,
    };
  }
}
