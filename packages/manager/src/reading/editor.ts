/** How values of an attribute are edited: by its name where that says more, else by its syntax (RFC 4517 §3.3). */
import { type AttributeType, SyntaxOid } from "@espalier/ldap";
import { isSecretAttribute } from "../api/value.ts";
import type { editors } from "./schema-routes.ts";

export type Editor = (typeof editors)[number];

/** Octet strings and the like that are something better known. In lower case. */
const byName: Readonly<Record<string, Editor>> = {
  objectclass: "objectClass",
  jpegphoto: "photo",
  thumbnailphoto: "photo",
  usercertificate: "certificate",
  cacertificate: "certificate",
  usersmimecertificate: "binary",
  sshpublickey: "lines",
  userpkcs12: "binary",
};

const bySyntax: Readonly<Record<string, Editor>> = {
  [SyntaxOid.audio]: "binary",
  [SyntaxOid.binary]: "binary",
  [SyntaxOid.boolean]: "boolean",
  [SyntaxOid.certificate]: "certificate",
  [SyntaxOid.certificateList]: "binary",
  [SyntaxOid.certificatePair]: "binary",
  [SyntaxOid.dn]: "dn",
  [SyntaxOid.fax]: "binary",
  [SyntaxOid.generalizedTime]: "time",
  [SyntaxOid.integer]: "integer",
  [SyntaxOid.jpeg]: "photo",
  [SyntaxOid.nameAndOptionalUid]: "dn",
  [SyntaxOid.octetString]: "binary",
  [SyntaxOid.postalAddress]: "lines",
  [SyntaxOid.supportedAlgorithm]: "binary",
  [SyntaxOid.utcTime]: "time",
};

export function editorOf({ definition, syntax }: AttributeType): Editor {
  const names = [...definition.names].map((name) => name.toLowerCase());
  const known = names.map((name) => byName[name]).find((editor) => editor !== undefined);
  if (known !== undefined) return known;
  if (names.some(isSecretAttribute)) return "password";
  return bySyntax[syntax ?? ""] ?? "text";
}
