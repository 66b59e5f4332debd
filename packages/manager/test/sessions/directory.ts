/** A directory for people who sign in: an OpenLDAP server with password policies, groups of all kinds and a service account. */
import { type Slapd, type SlapdOptions, startSlapd } from "@espalier/tests/lab";

export const baseDn = "dc=example,dc=com";
export const ann = `uid=ann,ou=people,${baseDn}`;
export const bob = `uid=bob,ou=people,${baseDn}`;
export const eve = `uid=eve,ou=people,${baseDn}`;
/** Has to change the password first. */
export const newcomer = `uid=newcomer,ou=people,${baseDn}`;
/** The password is too old, and signs in twice more. */
export const late = `uid=late,ou=people,${baseDn}`;
/** Too old, and never again. */
export const tooLate = `uid=toolate,ou=people,${baseDn}`;
/** Letters that markup, filters and DNs give a meaning to, spaces at the ends, and some that are not ASCII. */
export const annsPassword = " P<ss&w0rd*()\\,=ü€ ";

export const admins = `cn=admins,ou=groups,${baseDn}`;
export const helpdesk = `cn=helpdesk,ou=groups,${baseDn}`;
export const editors = `cn=editors,ou=groups,${baseDn}`;
export const auditors = `cn=auditors,ou=groups,${baseDn}`;

function entry(dn: string, attributes: Readonly<Record<string, string | readonly string[]>>): string {
  const lines = Object.entries(attributes).flatMap(([type, values]) =>
    [values].flat().map((value) => `${type}:: ${Buffer.from(value).toString("base64")}`),
  );
  return [`dn: ${dn}`, ...lines, ""].join("\n");
}

function person(
  uid: string,
  password: string,
  more: Readonly<Record<string, string | readonly string[]>> = {},
): string {
  return entry(`uid=${uid},ou=people,${baseDn}`, {
    objectClass: ["inetOrgPerson"],
    ...{ uid, cn: uid, sn: uid, userPassword: password, ...more },
  });
}

function policy(name: string, more: Readonly<Record<string, string>>): string {
  return entry(`cn=${name},ou=policies,${baseDn}`, {
    objectClass: ["device", "pwdPolicy"],
    ...{ cn: name, pwdAttribute: "userPassword", ...more },
  });
}

const longAgo = "20200101000000Z";
const dayAgo = () => `${new Date(Date.now() - 86_400_000).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;

function content(): string {
  const unit = (ou: string) => entry(`ou=${ou},${baseDn}`, { objectClass: "organizationalUnit", ou });
  const under = (name: string) => ({ pwdPolicySubentry: `cn=${name},ou=policies,${baseDn}` });
  return [
    entry(baseDn, { objectClass: ["dcObject", "organization"], dc: "example", o: "example" }),
    ...["people", "groups", "policies"].map(unit),
    policy("reset", { pwdMustChange: "TRUE" }),
    policy("grace", { pwdMaxAge: "3600", pwdGraceAuthNLimit: "2" }),
    policy("strict", { pwdMaxAge: "3600" }),
    policy("warning", { pwdMaxAge: "172800", pwdExpireWarning: "172700" }),
    person("ann", annsPassword, { mail: "ann@example.com" }),
    person("bob", "bob-password", { mail: ["bob@example.com", "team@example.com"] }),
    person("eve", "eve-password", { mail: "team@example.com", ...under("warning"), pwdChangedTime: dayAgo() }),
    person("newcomer", "first-password", { ...under("reset"), pwdReset: "TRUE", pwdChangedTime: dayAgo() }),
    person("late", "late-password", { ...under("grace"), pwdChangedTime: longAgo }),
    person("toolate", "toolate-password", { ...under("strict"), pwdChangedTime: longAgo }),
    entry(admins, { objectClass: "groupOfNames", cn: "admins", member: ann.toUpperCase().replace("UID", "uid") }),
    entry(helpdesk, { objectClass: "groupOfUniqueNames", cn: "helpdesk", uniqueMember: bob }),
    entry(editors, { objectClass: ["posixGroup", "groupOfNames"], cn: "editors", gidNumber: "500", memberUid: "bob" }),
    entry(auditors, { objectClass: "groupOfNames", cn: "auditors", member: eve }),
  ].join("\n");
}

export function startDirectory(options: Partial<SlapdOptions> = {}): Promise<Slapd> {
  return startSlapd({ ldif: content(), overlays: ["ppolicy"], serviceAccount: true, logsOperations: true, ...options });
}
