/** The entries of a plan in the order in which a server takes them. Schema of RFC 4519, 2798 and 2307. */
import { attribute, type Dn, formatDn, type PartialAttribute, parseDn } from "@espalier/ldap";
import type { BootstrapPlan, PasswordSource } from "./plan.ts";

export interface PlannedEntry {
  readonly dn: string;
  /** Without a password. */
  readonly attributes: readonly PartialAttribute[];
  readonly password: PasswordSource | undefined;
  /** Of the directory: servers may know it without an entry. */
  readonly isAdministrator: boolean;
}

export function plannedEntries(plan: BootstrapPlan): readonly PlannedEntry[] {
  const base = parseDn(plan.base);
  const below = (type: string, value: string, parent: Dn = base): Dn => [[{ type, value }], ...parent];
  const unit = (name: string) => below("ou", name);
  const entry = (
    dn: Dn,
    attributes: readonly (PartialAttribute | undefined)[],
    password?: PasswordSource,
  ): PlannedEntry => ({
    dn: formatDn(dn),
    attributes: attributes.filter((each) => each !== undefined),
    password,
    isAdministrator: false,
  });
  const account = (
    dn: Dn,
    { name, description, password }: { name: string; description?: string | undefined; password: PasswordSource },
  ) =>
    entry(
      dn,
      [
        attribute("objectClass", "organizationalRole", "simpleSecurityObject"),
        attribute("cn", name),
        optional("description", description),
      ],
      password,
    );
  const { administrator } = plan;
  const units = unitNames(plan);
  return [
    entry(base, baseAttributes(plan, base)),
    ...(administrator === undefined
      ? []
      : [{ ...account(below("cn", administrator.name), administrator), isAdministrator: true }]),
    ...units.map((name) => entry(unit(name), [attribute("objectClass", "organizationalUnit"), attribute("ou", name)])),
    ...plan.services.map((service) => account(below("cn", service.name, unit(plan.serviceUnit)), service)),
    ...plan.users.map((user) =>
      entry(below("uid", user.uid, unit(plan.userUnit)), userAttributes(user), user.password),
    ),
    ...plan.groups.map((group) => {
      const dnOf = (uid: string) => formatDn(below("uid", uid, unit(plan.userUnit)));
      return entry(below("cn", group.name, unit(plan.groupUnit)), groupAttributes(group, plan.schema, dnOf));
    }),
  ];
}

/** Each once, letter case aside; those of services and groups only where there are some. */
function unitNames(plan: BootstrapPlan): readonly string[] {
  const names = [
    plan.userUnit,
    ...(plan.groups.length > 0 ? [plan.groupUnit] : []),
    ...(plan.services.length > 0 ? [plan.serviceUnit] : []),
    ...plan.units,
  ];
  return names.filter(
    (name, index) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) === index,
  );
}

function baseAttributes({ organization }: BootstrapPlan, base: Dn): readonly PartialAttribute[] {
  const { type, value } = base[0]![0]!;
  const name = String(value);
  switch (type.toLowerCase()) {
    case "dc":
      return [
        attribute("objectClass", "organization", "dcObject"),
        attribute("dc", name),
        attribute("o", organization ?? name),
      ];
    case "o":
      return [attribute("objectClass", "organization"), attribute("o", ...new Set([name, organization ?? name]))];
    default:
      return [attribute("objectClass", "organizationalUnit"), attribute("ou", name)];
  }
}

type PlannedUser = BootstrapPlan["users"][number];
type PlannedGroup = BootstrapPlan["groups"][number];

function userAttributes(user: PlannedUser): readonly (PartialAttribute | undefined)[] {
  const { uid, givenName, surname, mail, uidNumber, gidNumber, description } = user;
  const isPosix = uidNumber !== undefined;
  return [
    attribute("objectClass", "inetOrgPerson", ...(isPosix ? ["posixAccount"] : [])),
    attribute("uid", uid),
    attribute("cn", user.name ?? [givenName, surname].filter((each) => each !== undefined).join(" ")),
    optional("givenName", givenName),
    attribute("sn", surname),
    mail === undefined ? undefined : attribute("mail", ...mail),
    ...(isPosix
      ? [
          attribute("uidNumber", String(uidNumber)),
          attribute("gidNumber", String(gidNumber)),
          attribute("homeDirectory", user.homeDirectory ?? `/home/${uid}`),
          optional("loginShell", user.loginShell),
        ]
      : []),
    optional("description", description),
  ];
}

function groupAttributes(
  { name, description, gidNumber, members }: PlannedGroup,
  schema: BootstrapPlan["schema"],
  dnOf: (uid: string) => string,
): readonly (PartialAttribute | undefined)[] {
  const common = [attribute("cn", name), optional("description", description)];
  if (gidNumber !== undefined && schema === "rfc2307") {
    return [
      attribute("objectClass", "posixGroup"),
      ...common,
      attribute("gidNumber", String(gidNumber)),
      members.length === 0 ? undefined : attribute("memberUid", ...members),
    ];
  }
  return [
    attribute("objectClass", "groupOfNames", ...(gidNumber === undefined ? [] : ["posixGroup"])),
    ...common,
    ...(gidNumber === undefined ? [] : [attribute("gidNumber", String(gidNumber))]),
    attribute("member", ...members.map(dnOf)),
  ];
}

function optional(type: string, value: string | undefined): PartialAttribute | undefined {
  return value === undefined ? undefined : attribute(type, value);
}
