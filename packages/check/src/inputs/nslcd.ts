/** nslcd.conf(5) of nss-pam-ldapd. */
import { posix } from "node:path";
import { defineFormat } from "./format.ts";
import { parseKeywords } from "./ldap-conf.ts";

export const nslcdFormat = defineFormat({
  kind: "nslcd",
  recognizes: ({ path }) => posix.basename(path) === "nslcd.conf",
  parse: (file) => [{ file, root: parseKeywords(file) }],
});
