/** Users and groups: the filters that find them, and the columns they are shown in. */
import { type Filter, filter, formatFilter } from "@espalier/ldap";
import type { EntryJson } from "@espalier/manager/api";
import { valuesOf, valueText } from "../../api/values.ts";
import type { TableColumn } from "../../parts/virtual-table.tsx";

export type PeopleKind = "users" | "groups";

const classes: Readonly<Record<PeopleKind, Filter>> = {
  // Machines are users, too, of Active Directory.
  users: filter`(|(objectClass=inetOrgPerson)(objectClass=posixAccount)(objectClass=account)(&(objectClass=user)(!(objectClass=computer))))`,
  groups: filter`(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfMembers)(objectClass=posixGroup)(objectClass=group))`,
};

export const usualColumns: Readonly<Record<PeopleKind, readonly { readonly name: string; readonly label: string }[]>> =
  {
    users: [
      { name: "uid", label: "Login name" },
      { name: "cn", label: "Name" },
      { name: "mail", label: "Mail" },
      { name: "uidNumber", label: "Number" },
    ],
    groups: [
      { name: "cn", label: "Name" },
      { name: "description", label: "Description" },
      { name: "gidNumber", label: "Number" },
    ],
  };

/** Who has no `uid` has the other in Active Directory. */
const loginNames = ["uid", "sAMAccountName"];

/** What is to be asked for so that the columns can be shown. */
export function attributesFor(columns: readonly { readonly name: string }[]): string[] {
  return columns.flatMap(({ name }) => (name === "uid" ? loginNames : [name]));
}

/** Those whose name, login name or mail address has the text. */
export function filterFor(kind: PeopleKind, text: string): string {
  if (text === "") return formatFilter(classes[kind]);
  const any = filter`(|(uid=*${text}*)(sAMAccountName=*${text}*)(cn=*${text}*)(mail=*${text}*)(sn=*${text}*))`;
  return formatFilter({ type: "and", filters: [classes[kind], any] });
}

export function columnsFor(
  columns: readonly { readonly name: string; readonly label: string }[],
): TableColumn<EntryJson>[] {
  return columns.map(({ name, label }) => {
    const text = (entry: EntryJson) =>
      attributesFor([{ name }])
        .map((each) => valuesOf(entry.attributes, each).map(valueText).join(", "))
        .find((values) => values !== "") ?? "";
    const isNumber = /number$/i.test(name);
    return {
      id: name,
      header: label,
      value: (entry) => (isNumber && text(entry) !== "" ? Number(text(entry)) : text(entry)),
      cell: (entry) => text(entry) || (name === columns[0]?.name ? entry.dn : ""),
    };
  });
}
