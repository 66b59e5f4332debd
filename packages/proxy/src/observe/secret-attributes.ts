/** Which attributes hold secrets: their values are shown nowhere. */
import { attributeKey } from "../frame/attribute-key.ts";

/** `[secret]`, as the log writes it. */
export const secretText = "[secret]";

/** Those whose names do not end in a word for it. In lower case; OIDs where a client may use one in place of the name. */
const secretKeys: ReadonlySet<string> = new Set([
  "userpassword",
  "2.5.4.35",
  // Active Directory
  "unicodepwd",
  "1.2.840.113556.1.4.90",
  "dbcspwd",
  "1.2.840.113556.1.4.55",
  "ntpwdhistory",
  "lmpwdhistory",
  "supplementalcredentials",
  "trustauthincoming",
  "trustauthoutgoing",
  "msds-managedpassword",
  "msds-managedpasswordid",
  "ms-mcs-admpwd",
  "mslaps-password",
  "mslaps-encryptedpasswordhistory",
  "mslaps-encrypteddsrmpasswordhistory",
  // password policies, Kerberos, Samba
  "pwdhistory",
  "1.3.6.1.4.1.42.2.27.8.1.20",
  "passwordhistory",
  "krbprincipalkey",
  "krbextradata",
  "krbmkey",
  "krbpwdhistory",
  "sambapasswordhistory",
  "ipanthash",
  "oathsecret",
  "ipatokenotpkey",
  // configuration of OpenLDAP and 389-DS
  "olcrootpw",
  "olcdbidassertbind",
  "olcsyncrepl",
  "nsslapd-rootpw",
  "nsds5replicacredentials",
  // whole changes, passwords included: the logs of OpenLDAP's accesslog and of 389-DS' retro changelog
  "reqmod",
  "reqold",
  "changes",
]);

const secretEnding = /(?:password|passwd|passphrase|pwd|secret|secretkey|privatekey|nthash|credentials)$/;

/** `userPassword;lang-de`, `2.5.4.35` and `sambaNTPassword` do; so may attributes with such names that no list has. */
export function isSecretAttribute(description: string): boolean {
  const key = attributeKey(description);
  return secretKeys.has(key) || secretEnding.test(key);
}
