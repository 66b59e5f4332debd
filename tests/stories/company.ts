/** A company's directory in OpenLDAP, with the people who look after it, groups that hosts go by, and a password policy that locks. */
import {
  formatEntries,
  type LdifEntry,
  type ServerCertificate,
  type Slapd,
  ssha,
  startSlapd,
} from "@espalier/tests/lab";

const baseDn = "dc=example,dc=com";
const below = (name: string) => `${name},${baseDn}`;

/** Names in the directory. */
export const company = {
  baseDn,
  people: below("ou=people"),
  groups: below("ou=groups"),
  /** May do everything. */
  administrator: { uid: "ada", dn: below("uid=ada,ou=people"), password: "ada's own password" },
  /** Of the help desk, who sets passwords and disables accounts. */
  helper: { uid: "hugo", dn: below("uid=hugo,ou=people"), password: "hugo's own password" },
} as const;

const policy = below("cn=default,ou=policies");

/** The POSIX groups, whose members hosts know by name. */
const groupNumbers = { staff: 3000, engineers: 3001, ssh: 3002 } as const;
export type GroupName = keyof typeof groupNumbers;

/** Starts it, with TLS. */
export function startCompany(certificate: ServerCertificate): Promise<Slapd> {
  return startSlapd({
    baseDn,
    certificate,
    ldif: formatEntries(entries()),
    overlays: ["memberof", "ppolicy"],
    passwordPolicy: policy,
    writers: [company.administrator.dn, company.helper.dn],
  });
}

function entries(): LdifEntry[] {
  const [{ uid: administrator }, { uid: helper }] = [company.administrator, company.helper];
  return [
    entry(baseDn, { objectClass: ["dcObject", "organization"], dc: "example", o: "Example Ltd" }),
    ...["people", "groups", "policies"].map((ou) =>
      entry(below(`ou=${ou}`), { objectClass: "organizationalUnit", ou }),
    ),
    entry(policy, {
      ...{ objectClass: ["organizationalRole", "pwdPolicy"], cn: "default" },
      ...{ pwdAttribute: "userPassword", pwdLockout: "TRUE" },
    }),
    colleague(administrator, "Ada Lovelace", company.administrator.password),
    colleague(helper, "Hugo Helper", company.helper.password),
    ...Object.entries(groupNumbers).map(([cn, gidNumber]) =>
      entry(`cn=${cn},${company.groups}`, {
        ...{ objectClass: ["groupOfNames", "posixGroup"], cn, gidNumber: String(gidNumber) },
      }),
    ),
  ];
}

function colleague(uid: string, cn: string, password: string): LdifEntry {
  const sn = cn.split(" ").at(-1) ?? cn;
  const userPassword = ssha(password, uid);
  return entry(`uid=${uid},${company.people}`, { objectClass: "inetOrgPerson", uid, cn, sn, userPassword });
}

function entry(dn: string, values: Readonly<Record<string, string | readonly string[]>>): LdifEntry {
  return {
    dn,
    attributes: Object.entries(values).map(([type, value]) => [type, typeof value === "string" ? [value] : value]),
  };
}

/** Of the section `clusters`: the roles of its people, and the form that a new colleague is added by. */
export function companyCluster({ ldapsPort }: Slapd, { authority }: ServerCertificate) {
  return {
    name: "company",
    base_dn: baseDn,
    nodes: [{ host: "localhost", port: ldapsPort, name: "ldap1" }],
    tls: { mode: "ldaps", ca_file: authority },
    roles: [
      { role: "admin", users: [company.administrator.dn] },
      { role: "helpdesk", users: [company.helper.dn] },
      { role: "viewer", users: ["*"] },
    ],
    first_number: 4000,
    user_creation_form: {
      base_ou: company.people,
      object_classes: ["inetOrgPerson", "posixAccount", "ldapPublicKey"],
      fields: [
        { name: "uid", label: "Login name", required: true },
        { name: "cn", label: "Full name", required: true },
        { name: "sn", label: "Surname", required: true },
        { name: "userPassword", label: "Password", type: "password", required: true },
        { name: "sshPublicKey", label: "SSH key" },
        { name: "uidNumber", label: "Number", type: "number", auto_generate: "next_uid", readonly: true },
        {
          ...{ name: "gidNumber", label: "Primary group", type: "select", default: String(groupNumbers.staff) },
          options: [{ value: String(groupNumbers.staff), label: "staff" }],
        },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the file has it
        { name: "homeDirectory", label: "Home", auto_generate: "/home/${uid}" },
        { name: "loginShell", label: "Shell", default: "/bin/sh" },
      ],
    },
  };
}
