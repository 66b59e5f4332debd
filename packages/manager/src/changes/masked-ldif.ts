/** Changes as LDIF (RFC 2849) for people to read, in which a comment stands where a secret would be. */
import { formatLdifRecord, type PartialAttribute } from "@espalier/ldap";
import { isSecretAttribute } from "../api/value.ts";
import type { EntryChange } from "./change-set.ts";

/** All of them, with an empty line between them. @throws ParseError `ERR_LDIF` for an attribute description that is none */
export function maskedLdif(changes: readonly EntryChange[]): string {
  return changes.map(maskedRecord).join("\n");
}

/** One record that ends with a newline. LDIF has no form for setting a password: that is comments alone. */
export function maskedRecord(change: EntryChange): string {
  const { dn } = change;
  switch (change.type) {
    case "add": {
      const head = formatLdifRecord({ type: "delete", dn, controls: [] }).replace(/delete\n$/, "add\n");
      return head + change.attributes.map(maskedValues).join("");
    }
    case "modify": {
      const head = formatLdifRecord({ type: "modify", dn, controls: [], changes: [] });
      const parts = change.changes.map(({ operation, modification }) => {
        const [, , ...named] = formatLdifRecord({
          ...{ type: "modify", dn: "", controls: [] },
          changes: [{ operation, modification: { type: modification.type, values: [] } }],
        }).split("\n");
        return `${named[0]}\n${maskedValues(modification)}-\n`;
      });
      return head + parts.join("");
    }
    case "modifyDn": {
      const { newRdn, deleteOldRdn, newSuperior } = change;
      return formatLdifRecord({ type: "modifyDn", dn, controls: [], newRdn, deleteOldRdn, newSuperior });
    }
    case "delete":
      return formatLdifRecord({ type: "delete", dn, controls: [] });
    case "password": {
      const [name = ""] = formatLdifRecord({ type: "content", dn, attributes: [] }, { wrapColumns: Infinity }).split(
        "\n",
      );
      const made = change.newPassword === undefined ? "The server makes up a password" : "A password is set";
      return `# ${name}\n# ${made}, which is not shown.\n`;
    }
  }
}

function maskedValues(attribute: PartialAttribute): string {
  if (attribute.values.length === 0) return "";
  if (isSecretAttribute(attribute.type)) {
    return attribute.values.map(() => `# ${attribute.type}: a secret, which is not shown\n`).join("");
  }
  const [, ...lines] = formatLdifRecord({ type: "content", dn: "", attributes: [attribute] }).split("\n");
  return lines.join("\n");
}
